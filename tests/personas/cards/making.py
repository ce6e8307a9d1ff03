"""Makes card files of every kind for the tests, with the specification's own means and not with the code under test."""

import base64
import io
import json
import struct
import zipfile
import zlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

NOTHING: Mapping[str, bytes] = MappingProxyType({})
SIGNATURE = b"\x89PNG\r\n\x1a\n"


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def text(keyword: str, value: Any) -> bytes:
    """A tEXt chunk with a card."""
    return chunk(b"tEXt", keyword.encode() + b"\0" + base64.b64encode(json.dumps(value).encode()))


def png(*chunks: bytes, after: bytes = b"") -> bytes:
    """A picture of one grey dot with chunks before its IEND."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    return SIGNATURE + head + chunk(b"IDAT", zlib.compress(b"\0\x80")) + b"".join(chunks) + chunk(b"IEND", b"") + after


def charx(
    card: Any, *, before: bytes = b"", packing: int = zipfile.ZIP_DEFLATED, others: Mapping[str, bytes] = NOTHING
) -> bytes:
    """A CharX, after a JPEG's bytes if there are any."""
    out = io.BytesIO()
    out.write(before)
    with zipfile.ZipFile(out, "a", packing) as archive:
        archive.writestr("assets/icon/images/main.png", png())
        archive.writestr("card.json", json.dumps(card, indent=2))
        for name, content in others.items():
            archive.writestr(name, content)
    return out.getvalue()


def webp(comment: bytes) -> bytes:
    """A WEBP with a UserComment in its EXIF."""
    value = b"ASCII\0\0\0" + comment
    ifd = struct.pack("<H", 1) + struct.pack("<HHII", 0x8769, 4, 1, 26) + struct.pack("<I", 0)
    exif = struct.pack("<H", 1) + struct.pack("<HHII", 0x9286, 7, len(value), 44) + struct.pack("<I", 0)
    block = b"II*\0" + struct.pack("<I", 8) + ifd + exif + value
    body = b"VP8L" + struct.pack("<I", 4) + b"\x2f\0\0\0" + b"EXIF" + struct.pack("<I", len(block)) + block
    body += b"\0" * (len(block) % 2)
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def v1(**changes: Any) -> dict[str, Any]:
    return {
        "name": "Aqua",
        "description": "{{char}} is a water spirit.",
        "personality": "calm",
        "scenario": "A lake at dawn.",
        "first_mes": "Hello, {{user}}.",
        "mes_example": "<START>\n{{user}}: Hi.\n{{char}}: The water says hi, too.",
        **changes,
    }


def v2(**changes: Any) -> dict[str, Any]:
    data = {
        **v1(),
        "creator_notes": "Be kind to her.",
        "system_prompt": "",
        "post_history_instructions": "",
        "alternate_greetings": ["Who is there?"],
        "tags": ["Water"],
        "creator": "someone",
        "character_version": "1.1",
        "extensions": {"risuai": {"x": [1, None, 2.5]}},
    }
    return {"spec": "chara_card_v2", "spec_version": "2.0", "data": {**data, **changes}}


def v3(**changes: Any) -> dict[str, Any]:
    modern = {"group_only_greetings": [], "nickname": "Aq", "creation_date": 5, "modification_date": 6}
    return {"spec": "chara_card_v3", "spec_version": "3.0", "data": {**v2()["data"], **modern, **changes}}


def entry(**changes: Any) -> dict[str, Any]:
    return {
        "keys": ["lake"],
        "content": "The lake is deep.",
        "extensions": {},
        "enabled": True,
        "insertion_order": 10,
        "use_regex": False,
        "id": 1,
        **changes,
    }


def book(*entries: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {"name": "Lake lore", "extensions": {}, "entries": list(entries), **changes}
