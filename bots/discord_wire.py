"""Watches every HTTP answer of Discord: counts it, and keeps discord.py from sending a webhook's message twice.

discord.py sends a webhook's message again by itself when the server answers 5xx. Webhooks have no nonce, so a message
that was made all the same would stand there twice. Such an answer is turned into a lost one: whoever sent the message
then looks into the channel before trying again (`bots/discord_voice.py`).
"""

import re
from types import SimpleNamespace

import aiohttp

from bots.discord_answers import is_untold, put_right
from bots.discord_meters import DiscordMeters, outcome_of

HOOK = re.compile(r"/webhooks/(?P<hook>\d+)/[^/]+$")


class AnswerInDoubt(aiohttp.ClientError):
    """The server may have made a message, and did not say which; `status` is what it said."""

    def __init__(self, status: int) -> None:
        super().__init__(f"Discord answered {status}, and no message.")
        self.status = status


class Wire:
    """Follows the requests of one client. Interactions' follow-ups, under `application`, are left to discord.py."""

    def __init__(self, meters: DiscordMeters) -> None:
        self.application: int | None = None
        self._meters = meters

    def trace(self) -> aiohttp.TraceConfig:
        """What a client takes as `http_trace`."""
        config = aiohttp.TraceConfig()
        config.on_request_end.append(self._answered)
        config.on_request_exception.append(self._lost)
        return config

    async def _answered(
        self, _: aiohttp.ClientSession, __: SimpleNamespace, told: aiohttp.TraceRequestEndParams
    ) -> None:
        status, sent = told.response.status, HOOK.search(told.url.path)
        self._meters.request(outcome_of(status))
        ours = sent is None or int(sent["hook"]) != self.application
        if told.method == "POST" and status >= 500 and sent and ours:
            raise AnswerInDoubt(status)
        if ours and await is_untold(told):
            raise AnswerInDoubt(status)
        await put_right(told)

    async def _lost(
        self, _: aiohttp.ClientSession, __: SimpleNamespace, told: aiohttp.TraceRequestExceptionParams
    ) -> None:
        if not isinstance(told.exception, AnswerInDoubt):
            self._meters.request("lost")
