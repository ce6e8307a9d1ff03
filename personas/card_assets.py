"""What a card's `assets` name inside the file it came in, brought along when the card moves to another kind of file.

Small ones are written into the card as `data:` addresses, which V3 allows. What is not covered: the assets that old
PNG cards keep in chunks of their own (`__asset:`), and more than `LARGEST_SUM`; those stay behind, and that is said.
"""

from base64 import b64encode
from collections.abc import Iterator, Mapping

from personas.card_errors import CardError
from personas.card_json import Json
from personas.container import Container
from personas.container_zip import asset

EMBEDDED = ("embeded://", "embedded://")
INSIDE = (*EMBEDDED, "__asset:")
LARGEST_SUM = 8 * 1024 * 1024  # together they must fit into a card that can be imported again
KINDS = {"png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg", "webp": "image/webp", "gif": "image/gif"}


def brought_along(fields: Mapping[str, Json], container: Container | None) -> dict[str, Json]:
    """The card's fields, with what its archive holds written into its assets."""
    assets = fields.get("assets")
    if container is None or container.kind not in {"charx", "jpeg+charx"} or not isinstance(assets, list):
        return dict(fields)
    return {**fields, "assets": list(unpacked(assets, container.data))}


def unpacked(assets: list[Json], archive: bytes) -> Iterator[Json]:
    """Each asset, with its bytes in its address while they are few."""
    room = LARGEST_SUM
    for item in assets:
        uri = uri_of(item)
        data = bytes_of(archive, uri) if uri.startswith(EMBEDDED) else None
        if data is None or len(data) > room or not isinstance(item, dict):
            yield item
            continue
        room -= len(data)
        kind = KINDS.get(str(item.get("ext")).lower(), "application/octet-stream")
        yield {**item, "uri": f"data:{kind};base64,{b64encode(data).decode()}"}


def bytes_of(archive: bytes, uri: str) -> bytes | None:
    """An asset's bytes; None where there is none, or one too large or too damaged to bring."""
    try:
        return asset(archive, uri.partition("://")[2], LARGEST_SUM)
    except CardError:
        return None


def left_behind(fields: Mapping[str, Json]) -> int:
    """How many assets name something that only the file the card came in holds."""
    assets = fields.get("assets")
    return sum(uri_of(item).startswith(INSIDE) for item in assets) if isinstance(assets, list) else 0


def uri_of(item: Json) -> str:
    """An asset's address, or nothing."""
    return str(item.get("uri") or "") if isinstance(item, dict) else ""
