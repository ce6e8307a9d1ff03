"""The three grammatical persons, so that one hand-written sentence serves the fan, the persona and the card.

`{I} <live> with {my} cat` becomes "I live with my cat", "You live with your cat" or "She lives with her cat".
"""

import re
from dataclasses import dataclass

VERB = re.compile(r"<(\w+)>")
CHOICE = re.compile(r"\{([^{}]*\|[^{}]*)\}")
LOWERS = re.compile(r"(?!I\b)[A-Z][a-z']*\b(?= )")
ENDS_IN_ES = re.compile(r"(s|sh|ch|x|z|o)$")
CONSONANT_Y = re.compile(r"[^aeiou]y$")


@dataclass(frozen=True, slots=True)
class Grammar:
    """The words that change with the person; `third` says whether verbs take an s."""

    words: dict[str, str]
    third: bool = False


def grammar(i: str, my: str, me: str, am: str, was: str, have: str, do: str, *, third: bool = False) -> Grammar:
    return Grammar({"I": i, "my": my, "me": me, "am": am, "was": was, "have": have, "do": do}, third)


I = grammar("I", "my", "me", "am", "was", "have", "do")  # noqa: E741
YOU = grammar("you", "your", "you", "are", "were", "have", "do")
SHE = grammar("she", "her", "her", "is", "was", "has", "does", third=True)
HE = grammar("he", "his", "him", "is", "was", "has", "does", third=True)
THEY = grammar("they", "their", "them", "are", "were", "have", "do")


def named(name: str) -> Grammar:
    """The third person by name: "Kim lives", "Kim's cat"."""
    return grammar(name, f"{name}'s", name, "is", "was", "has", "does", third=True)


def conjugated(verb: str) -> str:
    """The verb with its third-person s."""
    if CONSONANT_Y.search(verb):
        return f"{verb[:-1]}ies"
    return f"{verb}es" if ENDS_IN_ES.search(verb) else f"{verb}s"


def speak(template: str, who: Grammar, **slots: str) -> str:
    """The template in that person, its slots filled. A slot that is missing is a KeyError."""
    text = VERB.sub(lambda m: conjugated(m[1]) if who.third else m[1], template)
    return text.format(**who.words, **slots).replace("I am ", "I'm ").replace("you are ", "you're ")


def sentence(text: str, end: str = ".") -> str:
    """With a capital and a full stop, as a sentence begins and ends."""
    text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "!", "?", "…")) else text + end


def lowered(text: str) -> str:
    """As it goes on after a comma: the first letter small, but not the word I and not a name."""
    return text[:1].lower() + text[1:] if LOWERS.match(text) else text
