"""kill -9 in the middle of a reply, with real processes: the message is there, answered once, nothing doubled."""

import asyncio
import signal
from pathlib import Path

import httpx
import pytest

from tests.bots.house_process import HouseProcess, house_process
from tests.bots.visit import Visit, done

pytestmark = pytest.mark.slow


async def killed_mid_reply(data: Path, *texts: str) -> tuple[str, httpx.Cookies]:
    """Says some things to a house and kills it while it answers the first; returns the talk and the fan's cookie."""
    async with house_process(data) as house, Visit(house.address) as kim:
        talk = await kim.begin()
        async with kim.stream(f"/api/talks/{talk}/say", {"text": texts[0], "key": "0"}) as events:
            async for name, _ in events:
                if name == "delta":
                    break
            behind = [
                asyncio.create_task(kim.all(f"/api/talks/{talk}/say", {"text": text, "key": str(number)}))
                for number, text in enumerate(texts[1:], 1)
            ]
            await asyncio.sleep(0.3)
            await house.end(signal.SIGKILL)
        await asyncio.gather(*behind, return_exceptions=True)
        return talk, kim.client.cookies


async def all_answered(kim: Visit, talk: str, *, turns: int) -> list[tuple[str, str]]:
    """(heard, outcome) of every turn, once so many are over."""
    async with asyncio.timeout(60):
        while True:
            shown = await kim.turns(talk)
            if len(shown) >= turns and all(turn["said"] is not None for turn in shown):
                return [(" / ".join(u["text"] for u in turn["heard"]), turn["outcome"]) for turn in shown]
            await asyncio.sleep(0.1)


async def test_what_was_being_answered_and_what_waited_in_line_are_answered_once_after_the_restart(
    tmp_path: Path,
) -> None:
    first, second = "Tell me at length about the moon.", "And the sun?"
    talk, cookies = await killed_mid_reply(tmp_path / "data", first, second)

    async with house_process(tmp_path / "data") as house, Visit(house.address) as kim:
        kim.client.cookies = cookies
        answered = await all_answered(kim, talk, turns=2)
        again = done(await kim.all(f"/api/talks/{talk}/say", {"text": first, "key": "0"}))
        turns = await kim.turns(talk)

        assert answered == [(first, "answered"), (second, "answered")]
        assert turns[0]["id"] == again["id"]
        assert [turn["variants"] for turn in turns] == [[turn["id"]] for turn in turns]


async def test_a_house_that_is_asked_to_close_ends_cleanly_and_opens_again(tmp_path: Path) -> None:
    async with house_process(tmp_path / "data") as house, Visit(house.address) as kim:
        talk, cookies = await kim.begin(), kim.client.cookies
        turn = await kim.say(talk, "Hello!")
        code = await house.end(signal.SIGTERM)

    async with house_process(tmp_path / "data") as house, Visit(house.address) as kim:
        kim.client.cookies = cookies
        assert [t["said"] for t in await kim.turns(talk)] == [turn["said"]]
    assert code in (0, -signal.SIGTERM)
    assert "Traceback" not in house.errors


async def test_a_reply_that_is_streaming_when_the_house_closes_leaves_no_traceback(tmp_path: Path) -> None:
    async with house_process(tmp_path / "data") as house, Visit(house.address) as kim:
        talk = await kim.begin()
        closing = asyncio.create_task(closed_at_the_first_word(house, kim, talk))
        await asyncio.wait([closing])
        await house.end()

    assert isinstance(closing.exception(), httpx.RemoteProtocolError)
    assert "Traceback" not in house.errors


async def closed_at_the_first_word(house: HouseProcess, kim: Visit, talk: str) -> None:
    """Says something, and asks the house to close while it answers; the stream breaks."""
    async with kim.stream(f"/api/talks/{talk}/say", {"text": "Tell me at length.", "key": "0"}) as events:
        async for name, _ in events:
            if name == "delta":
                break
        house.process.send_signal(signal.SIGINT)
        async for _ in events:
            pass
