"""A client of the API goes on from the reply that it shows, whatever was said in the same place since."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import openai
import pytest

from bots.keys import Keys
from bots.testing import house_in_ram
from serving import ChatMessage
from serving.testing import ScriptedEngine
from tests.bots.visit import served


class Front:
    """A front end that keeps its conversations itself, and an engine that answers each request."""

    def __init__(self, engine: ScriptedEngine, client: openai.AsyncOpenAI) -> None:
        self.engine = engine
        self.client = client

    async def ask(self, *lines: str, **more: Any) -> str:
        """The reply to the last of these lines, which assistant and user said by turns."""
        messages: list[Any] = [
            {"role": "assistant" if n % 2 else "user", "content": line}
            for n, line in enumerate(lines, start=1 - len(lines) % 2)
        ]
        completion = await self.client.chat.completions.create(model="mika", messages=messages, **more)
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


@pytest.mark.parametrize("dropped", [1, 2, 3])
async def test_a_front_end_that_drops_its_oldest_messages_keeps_its_conversation(front: Front, dropped: int) -> None:
    lines = ["My tea is cold."]
    for more in ("And my cat is Momo.", "I like rain."):
        lines += [await front.ask(*lines), more]
    whole = [*lines, await front.ask(*lines)]

    for said in ("What is my cat called?", "And now?"):
        whole += [said, await front.ask(*whole[dropped:], said)]

    assert front.shown() == whole[:-2]


async def test_a_trimmed_conversation_is_found_by_a_reply_that_the_clients_own_stop_string_ended(front: Front) -> None:
    one = await front.ask("Hi")
    two = await front.ask("Hi", one, "I like rain.", stop=" 2")

    await front.ask("I like rain.", two, "And now?", stop=" 2")

    assert two == "Reply"
    assert front.shown()[:3] == ["Hi", one, "I like rain."]


async def test_a_dropped_beginning_that_looks_like_another_conversation_is_not_taken_for_it(front: Front) -> None:
    await front.ask("I like rain.")
    one = await front.ask("Hi")
    two = await front.ask("Hi", one, "I like rain.")

    await front.ask("I like rain.", two, "And now?")

    assert front.shown() == ["Hi", one, "I like rain.", two]


async def test_of_two_ends_in_the_same_words_a_trimmed_conversation_goes_on_where_more_of_it_was_said(
    front: Front,
) -> None:
    replies = {"Hi": "Hello.", "Hey": "Hello.", "I am pregnant.": "Really?", "I am ill.": "Oh no."}
    front.engine._replies = lambda prompt: replies.get(prompt[-1].content.splitlines()[-1], "Well.")
    await front.ask("Hi")
    await front.ask("Hi", "Hello.", "I am pregnant.")
    await front.ask("Hi", "Hello.", "I am pregnant.", "Really?", "Yes.")
    await front.ask("Hey")
    await front.ask("Hey", "Hello.", "I am ill.")
    await front.ask("Hey", "Hello.", "I am ill.", "Oh no.", "Yes.")

    await front.ask("I am pregnant.", "Really?", "Yes.", "Well.", "What now?")

    assert front.shown() == ["Hi", "Hello.", "I am pregnant.", "Really?", "Yes.", "Well."]


async def test_another_fan_or_key_with_the_same_words_is_not_led_into_somebody_elses_conversation(
    front: Front, tmp_path: Path
) -> None:
    one = await front.ask("My secret is Momo.", user="kim")
    two = await front.ask("My secret is Momo.", one, "Keep it.", user="kim")
    _, words = Keys(tmp_path).add("another")
    stranger = Front(front.engine, front.client.with_options(api_key=words))

    seen: list[ChatMessage] = []
    for who, fan in ((front, "lee"), (stranger, "kim")):
        await who.ask("Keep it.", two, "What is it?", user=fan)
        seen += front.engine.prompts[-1]

    assert not any("Momo" in message.content for message in seen)
    assert front.shown() == []


async def test_a_past_that_was_never_heard_here_leads_into_no_other_conversation(front: Front) -> None:
    front.engine._replies = lambda _: "Hello."
    await front.ask("My secret is Momo.")

    for made_up in (("Hi", "Hello."), ("Good evening.", "Never said.")):
        await front.ask(*made_up, "And now?")

        assert front.shown() == []


async def test_a_conversation_that_its_client_names_is_not_looked_for_elsewhere(front: Front) -> None:
    one = await front.ask("Hi")

    await front.ask("Hi", one, "And now?", metadata={"conversation": "another"})

    assert front.shown() == []
