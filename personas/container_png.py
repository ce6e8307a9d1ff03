"""Cards in PNG and APNG files: a text chunk with the keyword `chara` or `ccv3` holds the base64 of UTF-8 JSON.

Every chunk's length and checksum is checked before anything is believed (PNG 1.2, section 3). tEXt is what the card
specifications ask for; zTXt and iTXt are read, and written back as tEXt when the card changed. Where both keywords
stand, `ccv3` comes first in the result. Of two chunks with one keyword the last counts, as in other programs.
"""

import base64
import binascii
import re
import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from personas.card_errors import CardMissing, CardTooBig, CardUnreadable

SIGNATURE = b"\x89PNG\r\n\x1a\n"
KEYWORDS = ("ccv3", "chara")
MOST_CHUNKS = 200_000
LARGEST_OLD = 64 * 1024 * 1024  # of a card that is changed; whether it is too big was asked when it was opened
TEXTS = {b"tEXt", b"zTXt", b"iTXt"}


@dataclass(frozen=True, slots=True)
class Chunk:
    """One chunk; `start` and `end` are its place in the file, length and checksum included."""

    type: bytes
    start: int
    end: int
    body: memoryview

    @property
    def keyword(self) -> str:
        """The lower-case keyword of a text chunk, or nothing."""
        if self.type not in TEXTS:
            return ""
        return bytes(self.body[:80]).split(b"\0", 1)[0].decode("latin-1").lower()


def chunks(data: bytes) -> Iterator[Chunk]:
    """The chunks up to IEND. Raises `CardUnreadable` where a length or a checksum lies."""
    view, at = memoryview(data), len(SIGNATURE)
    for _ in range(MOST_CHUNKS):
        if at + 12 > len(data):
            raise CardUnreadable("The PNG ends in the middle of a chunk.", "Download or export it again.")
        length, kind = struct.unpack_from(">I4s", data, at)
        end = at + 12 + length
        if end > len(data):
            raise CardUnreadable(
                f"The PNG's chunk {kind.decode('latin-1')!r} claims {length} bytes and the file ends before that."
            )
        if zlib.crc32(view[at + 4 : end - 4]) != int.from_bytes(data[end - 4 : end]):
            raise CardUnreadable(
                f"The PNG's chunk {kind.decode('latin-1')!r} has a wrong checksum (CRC).",
                "Download or export it again.",
            )
        yield Chunk(kind, at, end, view[at + 8 : end - 4])
        if kind == b"IEND":
            return
        at = end
    raise CardTooBig(f"The PNG has over {MOST_CHUNKS} chunks.")


def png_cards(data: bytes, limit: int) -> dict[str, bytes]:
    """The JSON texts by keyword, `ccv3` first; `limit` in bytes of JSON."""
    found = {chunk.keyword: chunk for chunk in chunks(data) if chunk.keyword in KEYWORDS}
    if not found:
        raise CardMissing("The PNG is sound, and no card is in it.", "Cards are lost when a picture is saved anew.")
    return {keyword: card_text(found[keyword], limit) for keyword in KEYWORDS if keyword in found}


def card_text(chunk: Chunk, limit: int) -> bytes:
    """The JSON a text chunk holds, out of its base64."""
    packed = text_of(chunk, limit * 4 // 3 + limit // 16)
    if packed.lstrip()[:5] == b"rcc||":
        return packed
    try:
        text = base64.b64decode(re.sub(rb"\s+", b"", packed), validate=True)
    except binascii.Error as exc:
        raise CardUnreadable(f"The card in the PNG's '{chunk.keyword}' chunk is not base64: {exc}.") from exc
    if len(text) > limit:
        raise CardTooBig(f"The card in the PNG is larger than {limit >> 20} MiB.")
    return text


def text_of(chunk: Chunk, limit: int) -> bytes:
    """The text after the keyword, inflated where it was deflated, at most `limit` bytes."""
    _, _, rest = bytes(chunk.body).partition(b"\0")
    if chunk.type == b"tEXt":
        return rest
    if chunk.type == b"zTXt":
        return inflated(rest[1:], limit)
    deflated, rest = rest[:1] == b"\1", rest[2:].partition(b"\0")[2].partition(b"\0")[2]
    return inflated(rest, limit) if deflated else rest


def inflated(packed: bytes, limit: int) -> bytes:
    """Deflated bytes made whole; stops at the limit instead of filling the memory."""
    inflater = zlib.decompressobj()
    try:
        text = inflater.decompress(packed, limit + 1)
    except zlib.error as exc:
        raise CardUnreadable(f"A compressed text in the PNG is damaged: {exc}.") from exc
    if len(text) > limit:
        raise CardTooBig(f"A compressed text in the PNG is larger than {limit >> 20} MiB when unpacked.")
    if not inflater.eof:
        raise CardUnreadable("A compressed text in the PNG is cut off.")
    return text


def png_with(data: bytes, texts: Mapping[str, bytes]) -> bytes:
    """The PNG with these card texts in place of those it has; new keywords go before IEND, all else stays."""
    old = {chunk.keyword: chunk for chunk in chunks(data) if chunk.keyword in KEYWORDS}
    out, at, end = [], 0, next(chunk for chunk in chunks(data) if chunk.type == b"IEND")
    new = [
        text_chunk(keyword, texts[keyword]) for keyword in reversed(KEYWORDS) if keyword in texts.keys() - old.keys()
    ]
    for chunk in sorted([*old.values(), end], key=lambda chunk: chunk.start):
        out.append(data[at : chunk.start])
        if chunk is end:
            out += new
            at = chunk.start
            continue
        same = chunk.keyword in texts and card_text(chunk, LARGEST_OLD) == texts[chunk.keyword]
        out.append(data[chunk.start : chunk.end] if same else rewritten(chunk, texts))
        at = chunk.end
    return b"".join([*out, data[at:]])


def rewritten(chunk: Chunk, texts: Mapping[str, bytes]) -> bytes:
    """The chunk with its new text, its keyword spelled as it was; nothing if the text is gone."""
    if chunk.keyword not in texts:
        return b""
    spelled = bytes(chunk.body[:80]).split(b"\0", 1)[0].decode("latin-1")
    return text_chunk(spelled, texts[chunk.keyword])


def text_chunk(keyword: str, text: bytes) -> bytes:
    """A tEXt chunk with the base64 of a text."""
    return chunk_of(b"tEXt", keyword.encode("latin-1") + b"\0" + base64.b64encode(text))


def chunk_of(kind: bytes, body: bytes) -> bytes:
    """A chunk of PNG: length, type, body, checksum."""
    return struct.pack(">I4s", len(body), kind) + body + struct.pack(">I", zlib.crc32(kind + body))


def plain_png(colours: tuple[str, str], *, width: int = 256, height: int = 384) -> bytes:
    """A picture for a card that has none: one colour turning into another (`#rrggbb`), 8 bits, no alpha."""
    top, bottom = (tuple(int(colour[n : n + 2], 16) for n in (1, 3, 5)) for colour in colours)
    rows = (
        b"\0" + bytes(a + (b - a) * y // (height - 1) for a, b in zip(top, bottom, strict=True)) * width
        for y in range(height)
    )
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"".join(rows), 9)
    return SIGNATURE + chunk_of(b"IHDR", head) + chunk_of(b"IDAT", pixels) + chunk_of(b"IEND", b"")
