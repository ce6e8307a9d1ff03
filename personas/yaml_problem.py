"""Says what ruamel.yaml found wrong in words for somebody who does not know YAML's own."""

PLAIN_WORDS = {
    "mapping values are not allowed": ("A colon here makes a key inside a value.", "Put the whole text in quotes."),
    "unexpected end of stream": ("A quotation mark is opened here and never closed.", "Close it."),
    "expected a single document": ("A second document begins here (---).", "One file holds one persona."),
    "another document": ("A second document begins here (---).", "One file holds one persona."),
    "undefined alias": ("This alias (*) names an anchor that isn't there.", "Text that begins with * needs quotes."),
    "could not find expected ':'": ("A colon is missing after this key.", "Write `key: value`."),
    "expected <block end>": ("The indentation does not fit the lines above.", "Line it up with its neighbours."),
    "while parsing a flow": ("A bracket is opened and never closed.", "Close it."),
    "expected ',' or": ("A comma or a closing bracket is missing.", "Close the list."),
    "cannot start any token": ("A value can't begin with this sign.", "Put the text in quotes."),
}


def plain_words(problem: str) -> tuple[str, str]:
    """What is wrong, and what to do."""
    unknown = f"This is not YAML: {problem}.", "If it is meant as text, put it in quotes."
    return next((said for sign, said in PLAIN_WORDS.items() if sign in problem), unknown)
