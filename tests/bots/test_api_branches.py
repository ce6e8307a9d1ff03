"""A client of the API goes on from the reply that it shows, whatever was said in the same place since."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import openai
import pytest

from bots.keys import Keys
from bots.testing import house_in_ram
from serving.testing import ScriptedEngine
from tests.bots.visit import served


class Front:
    """A front end that keeps its conversations itself, and an engine that answers each request."""

    def __init__(self, engine: ScriptedEngine, client: openai.AsyncOpenAI) -> None:
        self.engine = engine
        self.client = client

    async def ask(self, *lines: str) -> str:
        """The reply to the last of these lines, which user and assistant said by turns."""
        messages: list[Any] = [
            {"role": "assistant" if n % 2 else "user", "content": line} for n, line in enumerate(lines)
        ]
        completion = await self.client.chat.completions.create(model="mika", messages=messages)
        return completion.choices[0].message.content or ""

    def shown(self) -> list[str]:
        """What the engine was shown last of what was said before."""
        return [message.content for message in self.engine.prompts[-1][1:-1]]


@pytest.fixture
async def front(tmp_path: Path) -> AsyncIterator[Front]:
    engine = ScriptedEngine([f"Reply {number}." for number in range(1, 20)])
    keys = Keys(tmp_path)
    _, words = keys.add("test")
    async with (
        house_in_ram(engine) as house,
        served(house, keys=keys) as address,
        openai.AsyncOpenAI(base_url=f"{address}/v1", api_key=words, max_retries=0) as client,
    ):
        yield Front(engine, client)


async def test_two_conversations_that_begin_alike_never_hear_of_each_other(front: Front) -> None:
    one = await front.ask("Hi")
    more = await front.ask("Hi", one, "I am pregnant.")
    other = await front.ask("Hi")
    await front.ask("Hi", other, "How is the weather?")

    await front.ask("Hi", one, "I am pregnant.", more, "What now?")

    assert front.shown() == ["Hi", one, "I am pregnant.", more]


async def test_a_reply_that_was_made_again_can_be_gone_back_to(front: Front) -> None:
    first = await front.ask("Hey")
    await front.ask("Hey")

    await front.ask("Hey", first, "Go on.")

    assert front.shown() == ["Hey", first]


async def test_of_two_replies_in_the_same_words_the_one_in_this_conversation_is_gone_on_from(front: Front) -> None:
    replies = {"Hi": "Hello.", "I am pregnant.": "Oh!", "How is the weather?": "Oh!"}
    front.engine._replies = lambda prompt: replies.get(prompt[-1].content.splitlines()[-1], "Well.")
    await front.ask("Hi")
    await front.ask("Hi", "Hello.", "I am pregnant.")
    await front.ask("Hi", "Hello.", "How is the weather?")

    await front.ask("Hi", "Hello.", "I am pregnant.", "Oh!", "What now?")

    assert front.shown() == ["Hi", "Hello.", "I am pregnant.", "Oh!"]


async def test_the_first_reply_is_not_taken_for_a_later_one_in_the_same_words(front: Front) -> None:
    front.engine._replies = lambda _: "Hello."
    await front.ask("Hi")
    await front.ask("Hi", "Hello.", "Hi")

    await front.ask("Hi", "Hello.", "What now?")

    assert front.shown() == ["Hi", "Hello."]


async def test_a_reply_that_the_client_changed_leads_to_what_was_said_last(front: Front) -> None:
    await front.ask("Hi")
    last = await front.ask("Hi")

    await front.ask("Hi", "Something she never said.", "Go on.")

    assert front.shown() == ["Hi", last]
