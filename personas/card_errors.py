"""What can be wrong with a file that should hold a character card; whoever made the file can mend it.

CardError                 says what happened and what to try
├── CardUnreadable        not a container one knows, or a damaged one: lying lengths, bad checksums, wrong base64
├── CardTooBig            a bomb, or larger than any card has a reason to be
├── CardMissing           a sound file in which no card, lorebook or persona is
└── CardLocked            encrypted by the program that wrote it
"""

from pathlib import Path
from typing import ClassVar, Self


class CardError(Exception):
    """A file can't be imported, or a persona can't be exported."""

    remedy: ClassVar[str] = ""

    def __init__(self, what: str, cure: str = "") -> None:
        super().__init__(f"{what} {cure}".rstrip())
        self.what = what
        self.cure = cure

    def of(self, file: Path) -> Self:
        """The same error with the file's name, and with something to try."""
        what = self.what if str(file) in self.what else f"{file}: {self.what}"
        return type(self)(what, self.cure or self.remedy)


class CardUnreadable(CardError):
    """The file is damaged, or of no kind one knows."""

    remedy = "Download it, or export it, again."


class CardTooBig(CardError):
    """The file says, or turns out, to hold more than a card may."""

    remedy = "Take what is no part of the card out of it."


class CardMissing(CardError):
    """The file is sound, and no card is in it."""

    remedy = "Name a character card, a lorebook, or another program's persona."


class CardLocked(CardError):
    """The card in the file is encrypted."""
