"""Finds the card in a file of any kind it travels in, and puts a changed card back without touching anything else.

A `Container` is the file's own bytes, the kind of file, and the texts in it that hold the card. `replaced` splices new
texts in place of the old ones: image data, foreign chunks and assets keep their bytes. A PNG may hold two texts, of
which `ccv3` wins; the other one is the downgrade for readers of V2.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from personas.card_errors import CardLocked, CardMissing, CardTooBig, CardUnreadable
from personas.container_png import SIGNATURE, png_cards, png_with
from personas.container_webp import webp_card, webp_with
from personas.container_zip import zip_card, zip_with

Kind = Literal["png", "json", "charx", "jpeg+charx", "webp", "text"]
LARGEST_FILE = 64 * 1024 * 1024
LARGEST_CARD = 16 * 1024 * 1024
LOCKED = "rcc||"


@dataclass(frozen=True, slots=True)
class Container:
    """A file's bytes and the card texts in it by their keyword (`ccv3`, `chara`, `card.json`, …), the winner first."""

    kind: Kind
    data: bytes
    texts: Mapping[str, bytes]

    @property
    def winner(self) -> str:
        """The keyword of the text that counts."""
        return next(iter(self.texts))

    def replaced(self, texts: Mapping[str, bytes]) -> bytes:
        """The file with other texts under the same keywords, and every other byte as it was."""
        if dict(texts) == dict(self.texts):
            return self.data
        if self.kind == "png":
            return png_with(self.data, texts)
        if self.kind in {"charx", "jpeg+charx"}:
            return zip_with(self.data, texts["card.json"])
        if self.kind == "webp":
            return webp_with(self.data, texts["UserComment"])
        return texts[self.winner]


def open_container(file: Path) -> Container:
    """The container in a file; a `CardError` says why there is none."""
    try:
        with file.open("rb") as stream:
            data = stream.read(LARGEST_FILE + 1)
    except (OSError, ValueError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) and exc.strerror else "its name is no file's name"
        raise CardUnreadable(f"{file} can't be opened: {reason}.") from exc
    if len(data) > LARGEST_FILE:
        raise CardTooBig(f"{file} is larger than {LARGEST_FILE >> 20} MiB.", "Take large assets out of it.")
    return container_of(data)


def container_of(data: bytes) -> Container:
    """The container in some bytes, known by their beginning and not by a file's name."""
    kind, texts = texts_of(data)
    if any(text.lstrip()[: len(LOCKED)] == LOCKED.encode() for text in texts.values()):
        raise CardLocked("The card is encrypted by RisuAI (rcc||).", "Export it from there without a password.")
    return Container(kind, data, texts)


def texts_of(data: bytes) -> tuple[Kind, dict[str, bytes]]:
    """The kind of file, and the card texts in it."""
    if data.startswith(SIGNATURE):
        return "png", png_cards(data, LARGEST_CARD)
    if data.startswith(b"\xff\xd8\xff"):
        return "jpeg+charx", {"card.json": zip_card(data, LARGEST_CARD)}
    if data.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return "charx", {"card.json": zip_card(data, LARGEST_CARD)}
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "webp", {"UserComment": webp_card(data, LARGEST_CARD)}
    if not data.strip():
        raise CardMissing("The file is empty.")
    if b"\0" in data[:4096].rstrip(b"\0") and not data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise CardUnreadable(
            "This is no kind of file that holds a card.", "Cards are PNG, JSON, CharX, JPEG with a CharX, or WEBP."
        )
    if len(data) > LARGEST_CARD:
        raise CardTooBig(f"The text is larger than {LARGEST_CARD >> 20} MiB.")
    start = re.sub(rb"^(\xef\xbb\xbf|\xff\xfe|\xfe\xff)", b"", data[:4096]).lstrip(b"\0 \t\r\n")[:1]
    return ("json" if start in {b"{", b"["} else "text"), {"file": data}
