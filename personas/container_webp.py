"""Cards in WEBP files: JSON in the EXIF field UserComment, outside every specification but found in the wild.

The text may be JSON, base64 of it, or a comma-separated list of its bytes. A changed card is put at the end of the
EXIF chunk and the field made to point at it; the picture's chunks keep their bytes.
"""

import base64
import binascii
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from personas.card_errors import CardMissing, CardTooBig, CardUnreadable

USER_COMMENT, EXIF_IFD = 0x9286, 0x8769
CODES = (b"ASCII\0\0\0", b"UNICODE\0", b"JIS\0\0\0\0\0", b"\0" * 8)


@dataclass(frozen=True, slots=True)
class Comment:
    """Where UserComment's entry stands in a TIFF block, and its bytes."""

    order: str
    entry: int
    value: bytes


def webp_card(data: bytes, limit: int) -> bytes:
    """The JSON text in a WEBP; `limit` in bytes."""
    start, end = exif_span(data)
    if end - start > 8 * limit:
        raise CardTooBig(f"The WEBP's EXIF is larger than {8 * limit >> 20} MiB.")
    text = plain(comment_in(tiff(data[start:end])).value)
    if len(text) > limit:
        raise CardTooBig(f"The card in the WEBP is larger than {limit >> 20} MiB.")
    return text


def webp_with(data: bytes, text: bytes) -> bytes:
    """The WEBP with another card text."""
    start, end = exif_span(data)
    block = data[start:end]
    prefix = block[:6] if block.startswith(b"Exif\0\0") else b""
    body = tiff(block)
    comment = comment_in(body)
    value = CODES[0] + text
    patched = bytearray(body)
    struct.pack_into(comment.order + "II", patched, comment.entry + 4, len(value), len(body))
    chunk = prefix + bytes(patched) + value
    padded = chunk + b"\0" * (len(chunk) % 2)
    new = data[: start - 4] + struct.pack("<I", len(chunk)) + padded + data[end + (end - start) % 2 :]
    return new[:4] + struct.pack("<I", len(new) - 8) + new[8:]


def exif_span(data: bytes) -> tuple[int, int]:
    """Where the EXIF chunk's body lies."""
    for name, start, end in riff_chunks(data):
        if name == b"EXIF":
            return start, end
    raise CardMissing("The WEBP has no EXIF data, so no card is in it.")


def riff_chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Name and place of every chunk's body."""
    at = 12
    while at + 8 <= len(data):
        name, length = struct.unpack_from("<4sI", data, at)
        if at + 8 + length > len(data):
            raise CardUnreadable(f"The WEBP's chunk {name.decode('latin-1')!r} is longer than the file.")
        yield name, at + 8, at + 8 + length
        at += 8 + length + length % 2


def tiff(block: bytes) -> bytes:
    """The TIFF block without EXIF's own mark."""
    return block.removeprefix(b"Exif\0\0")


def comment_in(block: bytes) -> Comment:
    """The UserComment of a TIFF block."""
    try:
        order = {b"II": "<", b"MM": ">"}[block[:2]]
        (first,) = struct.unpack_from(order + "I", block, 4)
        found = entries(block, order, first)
        if EXIF_IFD in found:
            found |= entries(block, order, struct.unpack_from(order + "I", block, found[EXIF_IFD] + 8)[0])
        entry = found[USER_COMMENT]
        count, offset = struct.unpack_from(order + "II", block, entry + 4)
    except KeyError as exc:
        raise CardMissing("The WEBP's EXIF data has no UserComment, so no card is in it.") from exc
    except struct.error as exc:
        raise CardUnreadable("The WEBP's EXIF data is damaged.") from exc
    start = entry + 8 if count <= 4 else offset
    if start + count > len(block):
        raise CardUnreadable("The WEBP's UserComment is longer than its EXIF data.")
    return Comment(order, entry, block[start : start + count])


def entries(block: bytes, order: str, at: int) -> dict[int, int]:
    """The place of every field of a directory by its tag."""
    (count,) = struct.unpack_from(order + "H", block, at)
    places = (at + 2 + 12 * number for number in range(count))
    return {struct.unpack_from(order + "H", block, place)[0]: place for place in places}


def plain(value: bytes) -> bytes:
    """The JSON in a UserComment, whichever of the three ways it is written."""
    code = next((code for code in CODES if value.startswith(code)), b"")
    text = value[len(code) :].strip(b"\0 \r\n")
    if text[:1] in b"{[" or text.startswith(b"rcc||"):
        return text
    try:
        if b"," in text:
            return bytes(int(number) for number in text.split(b","))
        return base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error) as exc:
        raise CardMissing("The WEBP's UserComment holds no card.") from exc
