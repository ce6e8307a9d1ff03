"""Reads plays and screenplays: labelled text as in Gutenberg's plays, names on lines of their own, and Fountain.

Where most speeches begin `name: words`, as in a chat, every line that begins so is somebody's own, in any script and
case: a sentence with an early colon is lost that way, but nobody's words become another's. In a play of `NAME. words`
or of names alone such a line is prose. What is not covered: a line without a label of somebody else's.
"""

import re
from collections.abc import Iterator, Sequence

from finetune.line import Line

LABELLED = re.compile(
    r"^(?P<name>[A-Z][A-Z .'’-]{1,39}|[A-Z][\w .'’-]{1,39})(?:\s*[\[(][^\])]*[\])])?\s*(?P<mark>[.:])\s+(?P<text>\S.*)$"
)
MESSAGE = re.compile(r"^(?P<name>(?:[^:：]|:(?=\S)){1,40}?)\s*(?::(?:\s+|$)|：\s*)(?P<text>.*)$")
NAME_ALONE = re.compile(r"^(?P<name>[A-Z][\w .'’-]{1,39}):?$")
ACT = re.compile(r"^(?:(?:FIRST|SECOND|THIRD|FOURTH|FIFTH)\s+ACT|ACT\b|SCENE\b)[^a-z]*$", re.IGNORECASE)
DIRECTION = re.compile(r"\[[^\]]*\]|\((?:[^()]{0,200})\)|_[^_]{1,200}_")
SLUG = re.compile(r"^(?:INT|EXT|EST|INT\./EXT|I/E)[. ]", re.IGNORECASE)
CUE = re.compile(r"^(?P<forced>@)?(?P<name>[^\W_][\w .'’-]*?)(?:\s*\([^)]*\))?\s*\^?$")
TRANSITION = re.compile(r"^(?:>.*|[A-Z ]+TO:)$")
ASIDE = re.compile(r"/\*.*?\*/|\[\[.*?\]\]", re.DOTALL)  # Fountain's boneyard and notes
GUTENBERG = re.compile(r"^\*\*\* ?(?P<edge>START|END) OF TH(?:E|IS) PROJECT GUTENBERG.*$", re.MULTILINE)
PER_BLOCK = 12  # lines of one block: long enough for a conversation, short enough to split fairly


def read_play(text: str) -> Iterator[Line]:
    """`NAME. words` or `name: words`, or a name on a line of its own; a speech ends at a blank or a label."""
    scene, speaker, words, number = "", "", list[str](), 0
    rows = [line.strip() for line in without_licence(text).splitlines()]
    messages = of_messages(rows)
    for bare in [*rows, ""]:
        begins = LABELLED.match(bare) or (MESSAGE.match(bare) if messages else None)
        alone = NAME_ALONE.match(bare) if not begins and not words and not messages else None
        if speaker and words and (not bare or begins):
            yield spoken(speaker, words, scene, number)
            number, speaker, words = number + 1, "", []
        if ACT.match(bare):
            scene, number = bare, 0
        elif begins:
            speaker, words = begins["name"].strip(" ."), [begins["text"]] if begins["text"] else []
        elif alone:
            speaker = alone["name"].strip(" .:")
        elif bare and speaker:
            words.append(bare)


def of_messages(rows: Sequence[str]) -> bool:
    """Whether speakers are marked by a colon before their words, more often than in a play's ways."""
    marks = [mark for before, row in zip(["", *rows], rows, strict=False) if (mark := marked(row, after=before))]
    return marks.count(":") > max(marks.count("."), marks.count("alone"))


def marked(row: str, *, after: str) -> str:
    """How a row seems to name its speaker: `.`, `:`, `alone` (only below a blank row), or not at all."""
    if (begins := LABELLED.match(row)) and begins["mark"] == ".":
        return "."
    if not after and NAME_ALONE.match(row):
        return "alone"
    return ":" if MESSAGE.match(row) else ""


def read_fountain(text: str) -> Iterator[Line]:
    """Fountain (fountain.io/syntax): a name in capitals after a blank line, then what it says until the next blank."""
    scene, speaker, words, number, after_blank = "", "", list[str](), 0, True
    for line in [*ASIDE.sub("", text).splitlines(), ""]:
        bare = line.strip()
        cue = cue_in(bare) if after_blank and not SLUG.match(bare) and not TRANSITION.match(bare) else None
        if speaker and not bare:
            if words:
                yield spoken(speaker, words, scene, number)
                number += 1
            speaker, words = "", []
        elif SLUG.match(bare) or bare.startswith("."):
            scene, number = bare.lstrip("."), 0
        elif cue and bare:
            speaker = cue["name"].strip()
        elif speaker and not bare.startswith("("):
            words.append(bare)
        after_blank = not bare


def without_licence(text: str) -> str:
    """A Gutenberg book without the licence around it; any other text as it is."""
    edges = {found["edge"]: found for found in GUTENBERG.finditer(text)}
    begin = edges["START"].end() if "START" in edges else 0
    return text[begin : edges["END"].start() if "END" in edges else len(text)]


def cue_in(bare: str) -> re.Match[str] | None:
    """A character's name as Fountain marks it: in capitals, or behind an @."""
    cue = CUE.match(bare)
    return cue if cue and (cue["forced"] or cue["name"].isupper()) else None


def spoken(speaker: str, words: list[str], scene: str, number: int) -> Line:
    """A speech as one line, stage directions taken out."""
    text = " ".join(DIRECTION.sub(" ", " ".join(words)).split())
    return Line(speaker, text, scene, number // PER_BLOCK, number)
