"""Rate limits: a bucket for each route and its major parameter, announced in headers and enforced with 429."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import web

from bots.fake_discord.wire import answer

# (method and path, requests, seconds): Discord's own figures where it names them, else what is seen in the field
LIMITS: tuple[tuple[re.Pattern[str], int, float], ...] = (
    (re.compile(r"POST /channels/(\d+)/messages$"), 5, 5.0),
    (re.compile(r"PATCH /channels/(\d+)/messages/\d+$"), 5, 5.0),
    (re.compile(r"DELETE /channels/(\d+)/messages/\d+$"), 5, 5.0),
    (re.compile(r"POST /webhooks/(\d+/[^/]+)$"), 5, 2.0),
    (re.compile(r"PATCH /webhooks/(\d+/[^/]+)/messages/\d+$"), 5, 5.0),
    (re.compile(r"PUT /channels/(\d+)/messages/\d+/reactions/"), 1, 0.25),
)


@dataclass(slots=True)
class Bucket:
    limit: int
    per: float
    left: int
    resets_at: float


class Buckets:
    """Counts requests; says how long one that comes too early has to wait."""

    def __init__(self, now: Callable[[], float]) -> None:
        self.on = True
        self.refused = 0
        self._now = now
        self._buckets: dict[str, Bucket] = {}

    def take(self, method: str, path: str) -> tuple[dict[str, str], float | None]:
        """The headers for a request, and the seconds to wait when its bucket is empty."""
        if not self.on:
            return {}, None
        for pattern, limit, per in LIMITS:
            if found := pattern.match(f"{method} {path}"):
                return self._spend(f"{pattern.pattern}:{found.group(1)}", limit, per)
        return {}, None

    def _spend(self, key: str, limit: int, per: float) -> tuple[dict[str, str], float | None]:
        now = self._now()
        bucket = self._buckets.get(key)
        if bucket is None or now >= bucket.resets_at:
            bucket = self._buckets[key] = Bucket(limit, per, limit, now + per)
        wait = max(0.0, bucket.resets_at - now)
        if bucket.left == 0:
            self.refused += 1
            return headers_for(bucket, key, wait), wait
        bucket.left -= 1
        return headers_for(bucket, key, wait), None


def headers_for(bucket: Bucket, key: str, wait: float) -> dict[str, str]:
    """All of them together: discord.py fails when only some are there."""
    return {
        "X-RateLimit-Limit": str(bucket.limit),
        "X-RateLimit-Remaining": str(bucket.left),
        "X-RateLimit-Reset-After": f"{wait:.3f}",
        "X-RateLimit-Bucket": f"{hash(key) & 0xFFFFFFFF:08x}",
    }


def too_many(wait: float, headers: dict[str, str], *, everywhere: bool = False) -> web.Response:
    """429; without `Via` discord.py takes it for a ban by Cloudflare."""
    body = {"message": "You are being rate limited.", "retry_after": round(wait, 3), "global": everywhere}
    return answer(body, status=429, headers={**headers, "Via": "1.1 fake", "Retry-After": f"{wait:.3f}"})
