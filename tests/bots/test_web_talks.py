"""The page's API: talks, streams, and all that can be done to a reply."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from bots.house import House
from bots.testing import house_in_ram
from serving.testing import ScriptedEngine
from tests.bots.visit import Visit, done, served, words


@pytest.fixture
def engine() -> ScriptedEngine:
    return ScriptedEngine(["I am *happy* to see you!", "Another reply.", "A third."], delay=0.01)


@pytest.fixture
async def house(engine: ScriptedEngine) -> AsyncIterator[House]:
    async with house_in_ram(engine) as house:
        yield house


@pytest.fixture
async def address(house: House) -> AsyncIterator[str]:
    async with served(house) as address:
        yield address


@pytest.fixture
async def kim(address: str) -> AsyncIterator[Visit]:
    async with Visit(address) as visit:
        yield visit


async def test_a_reply_streams_with_its_words_its_html_and_its_mood(kim: Visit) -> None:
    events = await kim.all(f"/api/talks/{await kim.begin()}/say", {"text": "Hello", "key": "1"})

    names = [name for name, _ in events]
    turn = done(events)
    assert names.index("heard") < names.index("delta") < names.index("done")
    assert words(events) == turn["said"] == "I am *happy* to see you!"
    assert turn["html"] == "<p>I am <em>happy</em> to see you!</p>\n"
    assert ("mood", {"mood": "joy"}) in events
    assert (turn["outcome"], turn["mood"], turn["variants"]) == ("answered", "joy", [turn["id"]])


async def test_a_talk_is_there_after_a_reload(kim: Visit) -> None:
    talk = await kim.begin()
    await kim.say(talk, "Hello")

    shown = (await kim.client.get(f"/api/talks/{talk}")).json()

    assert [(t["heard"][0]["text"], t["said"]) for t in shown["turns"]] == [("Hello", "I am *happy* to see you!")]
    listed = (await kim.client.get("/api/talks?persona=mika")).json()
    assert [(t["id"], t["title"], t["turns"]) for t in listed] == [(talk, "Hello", 1)]


async def test_old_turns_load_page_by_page(kim: Visit) -> None:
    talk = await kim.begin()
    for number in range(5):
        await kim.say(talk, f"line {number}")

    newest = (await kim.client.get(f"/api/talks/{talk}?limit=2")).json()
    before = (await kim.client.get(f"/api/talks/{talk}?limit=2&before={newest['turns'][0]['id']}")).json()
    oldest = (await kim.client.get(f"/api/talks/{talk}?limit=2&before={before['turns'][0]['id']}")).json()

    pages = [[t["heard"][0]["text"] for t in page["turns"]] for page in (newest, before, oldest)]
    assert pages == [["line 3", "line 4"], ["line 1", "line 2"], ["line 0"]]
    assert [page["more"] for page in (newest, before, oldest)] == [True, True, False]


async def test_sending_twice_says_it_once(kim: Visit, engine: ScriptedEngine) -> None:
    talk = await kim.begin()

    first, second = await asyncio.gather(*(kim.say(talk, "Hello", key="same") for _ in range(2)))

    assert first["id"] == second["id"]
    assert len(engine.prompts) == 1


async def test_two_tabs_at_once_both_get_their_answer_and_see_the_same_talk(kim: Visit) -> None:
    talk = await kim.begin()

    await asyncio.gather(kim.say(talk, "from one tab"), kim.say(talk, "from the other"))

    turns = await kim.turns(talk)
    heard = [u["text"] for t in turns for u in t["heard"]]
    assert sorted(heard) == ["from one tab", "from the other"]
    assert all(t["said"] for t in turns)


async def test_a_browser_that_leaves_mid_reply_finds_the_whole_reply_later(kim: Visit, engine: ScriptedEngine) -> None:
    talk = await kim.begin()
    async with kim.stream(f"/api/talks/{talk}/say", {"text": "Hello", "key": "1"}) as events:
        turn_id = next(
            data["turn"]["id"] for name, data in [await anext(events), await anext(events)] if name == "heard"
        )
    joined = await kim.all(f"/api/turns/{turn_id}/stream", method="GET")

    assert words(joined) == "I am *happy* to see you!"
    assert (await kim.turns(talk))[0]["said"] == "I am *happy* to see you!"
    assert (engine.finished, engine.cancelled) == (1, 0)


async def test_a_finished_reply_can_be_joined_too(kim: Visit) -> None:
    turn = await kim.say(await kim.begin(), "Hello")

    assert words(await kim.all(f"/api/turns/{turn['id']}/stream", method="GET")) == turn["said"]


async def test_stop_ends_the_reply(address: str, kim: Visit, engine: ScriptedEngine, house: House) -> None:
    talk = await kim.begin()
    engine._replies = lambda _: "la " * 500
    async with kim.stream(f"/api/talks/{talk}/say", {"text": "Sing", "key": "1"}) as events:
        async for name, data in events:
            if name == "heard":
                turn_id = data["turn"]["id"]
            if name == "delta":
                break
        stopped = (await kim.client.post(f"/api/turns/{turn_id}/stop")).json()
        rest = [event async for event in events]

    assert stopped == {"stopped": True}
    assert (done(rest)["outcome"], done(rest)["finish"]) == ("cut_short", "stopped")
    assert engine.cancelled == 1


async def test_again_choose_and_versions(kim: Visit) -> None:
    talk = await kim.begin()
    first = await kim.say(talk, "Hello")
    second = done(await kim.all(f"/api/turns/{first['id']}/again", {}))

    assert second["said"] == "Another reply."
    assert second["variants"] == [first["id"], second["id"]]
    assert [t["id"] for t in await kim.turns(talk)] == [second["id"]]

    await kim.client.post(f"/api/turns/{first['id']}/choose")
    assert [t["id"] for t in await kim.turns(talk)] == [first["id"]]


async def test_edit_answers_other_words_and_keeps_the_first(kim: Visit) -> None:
    talk = await kim.begin()
    first = await kim.say(talk, "My cat")

    second = done(await kim.all(f"/api/turns/{first['id']}/edit", {"text": "My dog", "key": "e"}))

    assert [u["text"] for u in second["heard"]] == ["My dog"]
    assert second["variants"] == [first["id"], second["id"]]


async def test_continue_makes_the_reply_longer(kim: Visit) -> None:
    first = await kim.say(await kim.begin(), "Hello")

    longer = done(await kim.all(f"/api/turns/{first['id']}/continue", {}))

    assert longer["said"] == "I am *happy* to see you!Another reply."


async def test_a_thumb_is_kept_and_taken_back(kim: Visit) -> None:
    talk = await kim.begin()
    turn = await kim.say(talk, "Hello")

    await kim.client.post(f"/api/turns/{turn['id']}/feedback", json={"thumb": "up"})
    assert (await kim.turns(talk))[0]["feedback"] == "up"
    await kim.client.post(f"/api/turns/{turn['id']}/feedback", json={"thumb": None})
    assert (await kim.turns(talk))[0]["feedback"] is None


async def test_why_tells_engine_window_and_steps_and_the_operator_the_prompt(
    kim: Visit, engine: ScriptedEngine
) -> None:
    turn = await kim.say(await kim.begin(), "Hello")

    why = (await kim.client.get(f"/api/turns/{turn['id']}/why")).json()

    assert why["engine"] == {"model": "scripted", "lora": None}
    assert 0 < why["window"]["used"] < why["window"]["limit"]
    assert {"recall", "render", "first_token", "total"} <= why["timings"].keys()
    assert why["prompt"] == [{"role": m.role, "content": m.content} for m in engine.prompts[0]]


async def test_an_open_house_shows_nobody_the_prompt(engine: ScriptedEngine) -> None:
    async with house_in_ram(engine, host="0.0.0.0") as house, served(house) as address, Visit(address) as kim:
        turn = await kim.say(await kim.begin(), "Hello")

        assert (await kim.client.get(f"/api/turns/{turn['id']}/why")).json()["prompt"] is None


async def test_another_browser_sees_nothing_of_the_first(address: str, kim: Visit) -> None:
    talk = await kim.begin()
    turn = await kim.say(talk, "My secret is canary-7")
    async with Visit(address) as lee:
        answers = [
            await lee.client.get(f"/api/talks/{talk}"),
            await lee.client.get(f"/api/turns/{turn['id']}/why"),
            await lee.client.get(f"/api/turns/{turn['id']}/stream"),
            await lee.client.post(f"/api/talks/{talk}/say", json={"text": "Hi", "key": "1"}),
            *[
                await lee.client.post(f"/api/turns/{turn['id']}/{verb}", json={})
                for verb in ("again", "choose", "continue")
            ],
            await lee.client.post(f"/api/turns/{turn['id']}/edit", json={"text": "Hi", "key": "1"}),
            await lee.client.post(f"/api/turns/{turn['id']}/feedback", json={"thumb": "up"}),
        ]
        listed = [await lee.client.get(f"/api/{what}?persona=mika") for what in ("talks", "memories")]

        assert [answer.status_code for answer in answers] == [404] * len(answers)
        assert not any("canary" in answer.text for answer in answers)
        assert [answer.json() for answer in listed] == [[], []]
        assert (await lee.client.post(f"/api/turns/{turn['id']}/stop")).json() == {"stopped": False}


async def test_a_reply_that_a_crash_interrupted_is_marked_and_can_be_asked_for_again(engine: ScriptedEngine) -> None:
    from memory.testing import journal_in_ram

    async with journal_in_ram() as journal:
        async with (
            house_in_ram(ScriptedEngine("late", delay=30), journal=journal) as house,
            served(house) as address,
            Visit(address) as kim,
        ):
            talk, cookies = await kim.begin(), kim.client.cookies
            async with kim.stream(f"/api/talks/{talk}/say", {"text": "Hello", "key": "1"}) as events:
                while (await anext(events))[0] != "heard":
                    pass
        async with house_in_ram(engine, journal=journal) as house, served(house) as address, Visit(address) as kim:
            kim.client.cookies = cookies
            (lost,) = await kim.turns(talk)
            refused = await kim.client.get(f"/api/turns/{lost['id']}/stream")
            turn = done(await kim.all(f"/api/turns/{lost['id']}/again", {}))

            assert (lost["said"], lost["outcome"], lost["playing"]) == (None, "unanswered", False)
            assert refused.status_code == 409
            assert (turn["id"], turn["said"]) == (lost["id"], "I am *happy* to see you!")
            assert len(await kim.turns(talk)) == 1
