"""Finds the picture of a card that is not a picture itself: its `main` icon, in the CharX or in a `data:` address."""

import base64
import binascii
import re

from personas.card import Card
from personas.container import Container
from personas.container_zip import asset

LARGEST_ICON = 16 * 1024 * 1024
KINDS = {b"\x89PNG\r\n\x1a\n": ".png", b"\xff\xd8\xff": ".jpg", b"RIFF": ".webp", b"GIF8": ".gif"}
DATA = re.compile(r"data:[^,]{0,100};base64,", re.IGNORECASE)


def icon_of(card: Card, container: Container) -> tuple[str, bytes] | None:
    """The main icon's suffix and bytes, or None where there is no picture one can show."""
    written = card.fields.get("assets")
    assets = written if isinstance(written, list) else []
    icons = [item for item in assets if isinstance(item, dict) and item.get("type") == "icon"]
    main = next((item for item in icons if item.get("name") == "main"), icons[0] if icons else None)
    data = None if main is None else fetched(str(main.get("uri") or ""), container)
    suffix = next((suffix for start, suffix in KINDS.items() if data and data.startswith(start)), "")
    return (suffix, data) if data and suffix else None


def fetched(uri: str, container: Container) -> bytes | None:
    """What an address inside the file stands for; nothing is ever fetched from the network."""
    if container.kind in {"charx", "jpeg+charx"} and uri.startswith(("embeded://", "embedded://")):
        return asset(container.data, uri.partition("://")[2], LARGEST_ICON)
    mark = DATA.match(uri)
    if mark is None or len(uri) > LARGEST_ICON * 4 // 3:
        return None
    try:
        return base64.b64decode(uri[mark.end() :], validate=True)
    except (binascii.Error, ValueError):
        return None
