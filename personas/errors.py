"""What can be wrong with a persona as written, and where; the author of the file can mend all of it.

PersonaError              carries `findings`, one for each thing that is wrong, all of a file at once
├── PersonaUnreadable     no such file, not UTF-8, too big, or not YAML: nothing inside could be checked
├── PersonaWrong          readable, but keys or values are not what a persona is made of
├── PersonaTwice          two files claim the same id
└── PersonaUnknown        nobody in the cast has this id
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

WIDEST_EXCERPT = 100


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong. `line` and `column` count from 1; 0 means the file as a whole.

    `key` is the dotted path of the value (`voice.tone`), `source` the line of the file as it stands there, `cure`
    what to write instead, as a sentence, or nothing.
    """

    file: Path
    line: int
    column: int
    key: str
    sentence: str
    cure: str = ""
    source: str = ""

    @property
    def where(self) -> str:
        """`mika.yaml:3:5`, as editors and terminals link it."""
        return f"{self.file}:{self.line}:{self.column}" if self.line else str(self.file)

    @property
    def excerpt(self) -> str:
        """The line of the file with a caret under the place, or nothing."""
        if not self.source.strip():
            return ""
        at = max(self.column - 1, 0)
        start = max(0, at - WIDEST_EXCERPT // 2) if len(self.source) > WIDEST_EXCERPT else 0
        shown = seen(self.source[start : start + WIDEST_EXCERPT])
        gutter = f"{self.line:>5} | "
        return f"{gutter}{shown}\n{'| ':>{len(gutter)}}{' ' * width(shown[: at - start])}^"

    def __str__(self) -> str:
        said = f"{self.where}: {self.sentence}" + (f" {self.cure}" if self.cure else "")
        return f"{said}\n{self.excerpt}" if self.excerpt else said


class PersonaError(Exception):
    """A persona can't be played as it is written."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        super().__init__("\n".join(str(finding) for finding in findings))
        self.findings = tuple(findings)


class PersonaUnreadable(PersonaError):
    """The file could not be read as a YAML document."""


class PersonaWrong(PersonaError):
    """The file was read, and does not describe a persona."""


class PersonaTwice(PersonaError):
    """Two files claim the same id; `files` names both."""

    def __init__(self, persona_id: str, first: Path, second: Path) -> None:
        sentence = f"The id '{persona_id}' is taken by {first}."
        super().__init__([Finding(second, 0, 0, "id", sentence, "Give one of the two another id.")])
        self.persona_id = persona_id
        self.files = (first, second)


class PersonaUnknown(PersonaError, KeyError):
    """Nobody in the cast has this id; `known` are the ids there are."""

    def __init__(self, persona_id: str, known: Sequence[str], cure: str = "") -> None:
        super().__init__(())
        self.persona_id = persona_id
        self.known = tuple(known)
        self.sentence = f"There is no persona '{persona_id}' in the cast." + (f" {cure}" if cure else "")

    def __str__(self) -> str:
        return self.sentence


def in_order(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """The findings as one meets them when reading file by file from the top."""
    return tuple(sorted(findings, key=lambda finding: (str(finding.file), finding.line, finding.column)))


def seen(text: str) -> str:
    """The text with every control character shown as one blank, so that it can't move a terminal's cursor."""
    return "".join(" " if unicodedata.category(letter) in {"Cc", "Cf", "Cs"} else letter for letter in text)


def width(text: str) -> int:
    """How many columns of a terminal the text takes: a Chinese sign takes two."""
    return sum(
        2 if unicodedata.east_asian_width(letter) in "WF" else int(not unicodedata.combining(letter)) for letter in text
    )
