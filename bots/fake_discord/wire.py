"""JSON as Discord sends it: the content type is exact, or discord.py takes the body for text."""

import json
from collections.abc import Mapping
from typing import Any

from aiohttp import web

Json = dict[str, Any]  # a payload as it stands on the wire; its shape is Discord's, not ours


def answer(body: object, *, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """A response whose `Content-Type` is `application/json` and nothing more."""
    wanted = {"Content-Type": "application/json", **(headers or {})}
    return web.Response(body=json.dumps(body).encode(), status=status, headers=wanted)


def nothing() -> web.Response:
    return web.Response(status=204)


async def body_of(request: web.Request) -> Json:
    """The JSON of a request; of an upload, its `payload_json` with each file's name and size under `_files`."""
    if request.content_type.startswith("multipart/"):
        form = await request.post()
        body: Json = json.loads(str(form.get("payload_json", "{}")))
        files = [part for part in form.values() if isinstance(part, web.FileField)]
        body["_files"] = [{"filename": file.filename, "content": file.file.read()} for file in files]
        return body
    if not request.can_read_body:
        return {}
    found: Json = await request.json()
    return found
