"""Cards in CharX files: a ZIP with `card.json` at its root, bare or appended to a JPEG.

Only `card.json` and the pictures that are asked for are ever unpacked. A changed card is spliced in place: the local
record is replaced, the offsets behind it are moved, and every other entry keeps its compressed bytes. Where that can't
be done (ZIP64, a rare packing) the archive is made anew, with the same entries and the same picture before it.
"""

import io
import re
import struct
import zipfile
import zlib

from personas.card_errors import CardMissing, CardTooBig, CardUnreadable

CARD = "card.json"
MOST_ENTRIES = 4096
LARGEST_SUM = 512 * 1024 * 1024
BOMB_SIZE, BOMB_RATIO = 8 * 1024 * 1024, 100
SEE_ZIP64 = 0xFFFF
CLIMBS = re.compile(r"(^|[/\\])\.\.([/\\]|$)|^[/\\]|^[A-Za-z]:|\0")


def zip_card(data: bytes, limit: int) -> bytes:
    """The text of `card.json`; `limit` in bytes."""
    with opened(data) as archive:
        return entry(archive, CARD, limit)


def opened(data: bytes) -> zipfile.ZipFile:
    """The archive in some bytes, once its directory is found harmless."""
    if b"PK\5\6" not in data[-(22 + 65535) :]:
        if data.startswith(b"\xff\xd8\xff"):
            raise CardMissing("The JPEG is a plain picture: no CharX is appended to it.")
        raise CardUnreadable("The CharX is cut off: its directory is missing.", "Download or export it again.")
    refuse_crowds(data)
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, ValueError, NotImplementedError, struct.error, OverflowError) as exc:
        raise CardUnreadable(f"The CharX is no sound ZIP: {exc}.", "Download or export it again.") from exc
    refuse_harm(archive.infolist())
    return archive


def refuse_crowds(data: bytes) -> None:
    """Stops before a directory of a million entries is read."""
    at = data.rfind(b"PK\5\6")
    if at + 12 <= len(data) and MOST_ENTRIES < struct.unpack_from("<H", data, at + 10)[0] < SEE_ZIP64:
        raise CardTooBig(f"The CharX has over {MOST_ENTRIES} entries.")
    if data.count(b"PK\1\2") > 4 * MOST_ENTRIES:
        raise CardTooBig(f"The CharX has over {MOST_ENTRIES} entries.")


def refuse_harm(entries: list[zipfile.ZipInfo]) -> None:
    """Stops at bombs, at names that climb out of a folder, and at encrypted entries."""
    if len(entries) > MOST_ENTRIES:
        raise CardTooBig(f"The CharX has over {MOST_ENTRIES} entries.")
    if sum(info.file_size for info in entries) > LARGEST_SUM:
        raise CardTooBig(f"The CharX would unpack to more than {LARGEST_SUM >> 20} MiB.")
    for info in entries:
        if CLIMBS.search(info.orig_filename):
            raise CardUnreadable(f"The CharX has an entry that climbs out of its folder: {info.orig_filename[:80]!r}.")
        if info.flag_bits & 1:
            raise CardUnreadable(f"The CharX's entry {info.filename[:80]!r} is encrypted.", "Export it without one.")
        if info.file_size > BOMB_SIZE and info.file_size > BOMB_RATIO * max(info.compress_size, 1):
            raise CardTooBig(f"The CharX's entry {info.filename[:80]!r} unpacks to {info.file_size >> 20} MiB: a bomb.")


def entry(archive: zipfile.ZipFile, name: str, limit: int) -> bytes:
    """One entry's bytes, at most `limit`."""
    try:
        with archive.open(name) as stream:
            text = stream.read(limit + 1)
    except KeyError as exc:
        raise CardMissing(f"The ZIP is sound, and there is no {name} in it.") from exc
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError, ValueError) as exc:
        raise CardUnreadable(f"{name} in the CharX is damaged: {exc}.") from exc
    if len(text) > limit:
        raise CardTooBig(f"{name} in the CharX is larger than {limit >> 20} MiB.")
    return text


def asset(data: bytes, path: str, limit: int) -> bytes | None:
    """An asset's bytes, or None where there is none of that name."""
    with opened(data) as archive:
        return entry(archive, path, limit) if path in archive.namelist() else None


def zip_with(data: bytes, text: bytes) -> bytes:
    """The archive with another `card.json`, all other entries byte for byte as they were."""
    with opened(data) as archive:
        infos = archive.infolist()
        start, card = archive.start_dir, archive.getinfo(CARD)
    if is_zip64(data) or card.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        return rebuilt(data, text, before=data[: min(info.header_offset for info in infos)])
    end = min([info.header_offset for info in infos if info.header_offset > card.header_offset] + [start])
    record, crc, packed = local_record(data, card, text)
    delta = len(record) - (end - card.header_offset)
    directory = bytearray(data[start:])
    shift = data_shift(data, start)
    at = 0
    while directory[at : at + 4] == b"PK\1\2":
        name, extra, comment = struct.unpack_from("<3H", directory, at + 28)
        (offset,) = struct.unpack_from("<I", directory, at + 42)
        if offset + shift == card.header_offset:
            (flags,) = struct.unpack_from("<H", directory, at + 8)
            struct.pack_into("<H", directory, at + 8, flags & ~8)
            struct.pack_into("<3I", directory, at + 16, crc, packed, len(text))
        elif offset + shift > card.header_offset:
            struct.pack_into("<I", directory, at + 42, offset + delta)
        at += 46 + name + extra + comment
    tail = directory.rfind(b"PK\5\6")
    (offset,) = struct.unpack_from("<I", directory, tail + 16)
    struct.pack_into("<I", directory, tail + 16, offset + delta)
    return data[: card.header_offset] + record + data[end:start] + bytes(directory)


def data_shift(data: bytes, start: int) -> int:
    """How far the offsets are off because something (a JPEG) stands before the archive."""
    return start - int(struct.unpack_from("<I", data, data.rfind(b"PK\5\6") + 16)[0])


def is_zip64(data: bytes) -> bool:
    """Whether the archive's directory has the numbers of more than 32 bits."""
    at = data.rfind(b"PK\5\6")
    return data[max(at - 20, 0) : max(at - 16, 0)] == b"PK\6\7"


def local_record(data: bytes, card: zipfile.ZipInfo, text: bytes) -> tuple[bytes, int, int]:
    """The new local record of `card.json` with its checksum and packed size; names and extra fields stay."""
    head = bytearray(data[card.header_offset : card.header_offset + 30])
    name, extra = struct.unpack_from("<2H", head, 26)
    names = data[card.header_offset + 30 : card.header_offset + 30 + name + extra]
    body = text
    if card.compress_type == zipfile.ZIP_DEFLATED:
        deflater = zlib.compressobj(9, zlib.DEFLATED, -15)
        body = deflater.compress(text) + deflater.flush()
    crc = zlib.crc32(text)
    (flags,) = struct.unpack_from("<H", head, 6)
    struct.pack_into("<H", head, 6, flags & ~8)
    struct.pack_into("<3I", head, 14, crc, len(body), len(text))
    return bytes(head) + names + body, crc, len(body)


def rebuilt(data: bytes, text: bytes, *, before: bytes = b"") -> bytes:
    """An archive made anew with another `card.json`, behind some bytes; entries keep their names and contents."""
    with opened(data) as archive:
        names = [name for name in archive.namelist() if name != CARD]
        assets = {name: entry(archive, name, LARGEST_SUM) for name in names}
        return new_charx(text, assets, before=before, comment=archive.comment)


def new_charx(card: bytes, assets: dict[str, bytes], *, before: bytes = b"", comment: bytes = b"") -> bytes:
    """A CharX with this card and these assets, with the same bytes every time."""
    out = io.BytesIO(before)
    out.seek(len(before))
    with zipfile.ZipFile(out, "a") as archive:
        archive.comment = comment
        for name, content in {CARD: card, **assets}.items():
            packing = zipfile.ZIP_DEFLATED if name.endswith(".json") else zipfile.ZIP_STORED
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), content, packing)
    return out.getvalue()
