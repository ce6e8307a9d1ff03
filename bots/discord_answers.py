"""HTTP answers as discord.py reads them, where another server words them otherwise.

It wants a content type to the letter, a callback and an edit to be answered with what they made, and rate limits whole
or not at all. aiohttp gives its answers to a trace before anybody reads them; they are put right there.
"""

import json
import re
from typing import Any

import aiohttp
from multidict import CIMultiDict, CIMultiDictProxy

CALLBACK = re.compile(r"/interactions/(?P<id>\d+)/[^/]+/callback$")
EDITED = re.compile(r"/messages/(?P<id>\d+|@original)$")
SENT = re.compile(r"/channels/\d+/messages$|/webhooks/\d+/[^/]+$")
JSON = "application/json"
REMAINING, RESETS = "X-RateLimit-Remaining", ("X-RateLimit-Reset-After", "X-RateLimit-Reset")
TOO_MANY = 429


async def put_right(told: aiohttp.TraceRequestEndParams) -> None:
    """Mends the headers of an answer, and its body where it lacks what was made."""
    response, headers = told.response, CIMultiDict(told.response.headers)
    if headers.get("Content-Type", "").partition(";")[0].strip() == JSON:
        headers["Content-Type"] = JSON
    if not any(name in headers for name in RESETS):
        headers.pop(REMAINING, None)  # how many are left says nothing without when there will be more
    if response.status == TOO_MANY and "Retry-After" not in headers:
        headers["Retry-After"] = str(as_object(await response.read()).get("retry_after", ""))
    if response.ok and (made := await stand_in(told)) is not None:
        response._body = json.dumps(made).encode()
        headers["Content-Type"] = JSON
    response._headers = CIMultiDictProxy(headers)
    response._cache.pop("headers", None)


async def stand_in(told: aiohttp.TraceRequestEndParams) -> dict[str, Any] | None:
    """What should have been answered, where it was not; nothing where it can't be known or need not."""
    if told.method == "POST" and (found := CALLBACK.search(told.url.path)):
        whole = "interaction" in as_object(await told.response.read())
        return None if whole else {"interaction": {"id": found["id"], "type": 2}}
    if told.method == "POST" and SENT.search(told.url.path):
        return None if "id" in as_object(await told.response.read()) else {"id": "0", "content": ""}
    if told.method == "PATCH" and (found := EDITED.search(told.url.path)):
        whole = "id" in as_object(await told.response.read())
        return None if whole else {"id": found["id"].replace("@original", "0"), "content": ""}
    return None


async def is_untold(told: aiohttp.TraceRequestEndParams) -> bool:
    """Whether a message was made, and the answer does not say which."""
    sent = told.method == "POST" and told.response.ok and SENT.search(told.url.path)
    return bool(sent) and "id" not in as_object(await told.response.read())


def as_object(body: bytes) -> dict[str, Any]:
    """The JSON object in a body; an empty one if there is none."""
    try:
        told = json.loads(body)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}
