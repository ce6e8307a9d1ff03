"""Who is asking, and what of the house is theirs: cookies, tickets, memories, export, and being forgotten."""

from collections.abc import AsyncIterator

import httpx
import pytest

from bots.house import House
from bots.testing import house_in_ram
from bots.web_fan import COOKIE, Fan, Tickets
from memory import MemoryTrouble
from memory.journal import Journal
from memory.testing import journal_in_ram, memory_in_ram
from serving.testing import ScriptedEngine
from tests.bots.visit import Visit, served


@pytest.fixture
async def house() -> AsyncIterator[House]:
    async with house_in_ram(ScriptedEngine("Noted.")) as house:
        yield house


@pytest.fixture
async def address(house: House) -> AsyncIterator[str]:
    async with served(house) as address:
        yield address


async def test_a_stranger_becomes_a_fan_with_a_cookie_that_scripts_cannot_read(address: str) -> None:
    async with httpx.AsyncClient(base_url=address) as browser:
        answer = await browser.get("/api/house")

        cookie = answer.headers["set-cookie"]
        assert cookie.startswith(f"{COOKIE}_")
        assert "HttpOnly" in cookie
        assert "SameSite=lax" in cookie
        assert (await browser.get("/api/house")).json()["fan"]["id"] == answer.json()["fan"]["id"]


async def test_a_forged_cookie_is_a_stranger(address: str) -> None:
    mine = Tickets(b"another house")
    async with httpx.AsyncClient(base_url=address, cookies={COOKIE: mine.cookie(Fan("web:kim"))}) as browser:
        assert (await browser.get("/api/house")).json()["fan"]["id"] != "web:kim"


async def test_two_houses_on_one_machine_leave_each_others_fans_alone(house: House) -> None:
    browser = httpx.AsyncClient()  # ports share its jar
    async with served(house) as here, served(house, secret=b"another house") as there, browser:
        mine = (await browser.get(f"{here}/api/house")).json()["fan"]["id"]
        await browser.get(f"{there}/api/house")

        assert (await browser.get(f"{here}/api/house")).json()["fan"]["id"] == mine


async def test_a_cookie_of_an_older_greenroom_is_known_and_goes_with_its_fan() -> None:
    old = Tickets(b"test").cookie(Fan("web:kim"))
    async with (
        journal_in_ram() as journal,
        memory_in_ram(journal) as memory,
        house_in_ram(memory=memory, journal=journal) as house,
        served(house) as address,
        httpx.AsyncClient(base_url=address, headers={"X-Greenroom": "1"}) as browser,
    ):
        browser.cookies.set(COOKIE, old, domain="127.0.0.1")
        assert (await browser.get("/api/house")).json()["fan"]["id"] == "web:kim"

        await browser.delete("/api/me")

        assert (await browser.get("/api/house")).json()["fan"]["id"] != "web:kim"


async def test_a_memory_that_is_away_is_told_in_a_sentence(address: str, house: House) -> None:
    async def taken(*_: object, **__: object) -> None:
        raise MemoryTrouble("Another greenroom has the folder.")

    house.memory.show = taken
    async with Visit(address) as kim:
        answer = await kim.client.get("/api/memories?persona=mika")

    assert answer.status_code == 503
    assert "memories" in answer.json()["error"]["sentence"]


def test_a_talk_belongs_to_one_fan_and_one_persona() -> None:
    tickets = Tickets(b"test")
    kim, lee = Fan("web:kim"), Fan("web:lee")
    talk = tickets.new_talk(kim, "mika")

    assert tickets.persona_of(talk, kim) == "mika"
    assert tickets.persona_of(talk, lee) is None
    assert tickets.persona_of(talk.replace("mika", "orla"), kim) is None
    assert tickets.persona_of("../../etc", kim) is None


async def test_a_fan_can_be_called_something_else_and_html_in_a_name_stays_a_name(address: str) -> None:
    async with Visit(address) as kim:
        name = "<script>alert(1)</script>\x07\u202e" + "x" * 200

        called = (await kim.client.patch("/api/me", json={"name": name, "language": "zh"})).json()

        house = (await kim.client.get("/api/house")).json()
        assert called["name"].startswith("<script>alert(1)</script>")
        assert len(called["name"]) <= 40
        assert called["name"].isprintable()
        assert house["fan"] == called
        assert "AI 角色" in house["notice"]["ai"]


async def test_the_house_introduces_its_cast(address: str) -> None:
    async with Visit(address) as kim:
        house = (await kim.client.get("/api/house")).json()

        (mika,) = house["cast"]
        assert (mika["id"], mika["name"]) == ("mika", "Mika")
        assert set(mika["expressions"]) == {
            *("neutral", "joy", "sadness", "anger", "surprise", "fear", "love", "thinking"),
        }
        assert mika["playing"] == {"model": "scripted", "label": "scripted", "understudy": False}
        assert "AI character" in house["notice"]["ai"]


async def test_memories_are_shown_corrected_and_forgotten(address: str) -> None:
    async with Visit(address) as kim:
        await kim.say(await kim.begin(), "My cat is called Bisquit.")
        (memory, _) = (await kim.client.get("/api/memories?persona=mika")).json()

        await kim.client.patch(f"/api/memories/{memory['id']}", json={"persona": "mika", "text": "Biscuit, my cat."})
        corrected = (await kim.client.get("/api/memories?persona=mika")).json()
        await kim.client.delete(f"/api/memories/{memory['id']}?persona=mika")
        left = (await kim.client.get("/api/memories?persona=mika")).json()

        assert memory["text"] == "My cat is called Bisquit."
        assert corrected[0]["text"] == "Biscuit, my cat."
        assert memory["id"] not in [m["id"] for m in left]
        gone = await kim.client.delete(f"/api/memories/{memory['id']}?persona=mika")
        assert (gone.status_code, gone.json()["error"]["sentence"]) == (404, "There is no such memory.")


async def test_a_memory_of_somebody_else_is_no_memory_at_all(address: str) -> None:
    async with Visit(address) as kim, Visit(address) as lee:
        await kim.say(await kim.begin(), "My cat is called Biscuit.")
        await lee.say(await lee.begin(), "I bake bread.")
        before = (await kim.client.get("/api/memories?persona=mika")).json()
        corrected = {"persona": "mika", "text": "You owe Lee money."}

        answers = [
            answer
            for memory in before
            for answer in (
                await lee.client.patch(f"/api/memories/{memory['id']}", json=corrected),
                await lee.client.delete(f"/api/memories/{memory['id']}?persona=mika"),
            )
        ]

        assert {answer.status_code for answer in answers} == {404}
        assert not any("Biscuit" in answer.text for answer in answers)
        assert (await kim.client.get("/api/memories?persona=mika")).json() == before
        lees = (await lee.client.get("/api/memories?persona=mika")).json()
        assert [memory["text"] for memory in lees] == ["I bake bread.", "Noted."]


async def test_everything_kept_of_a_fan_can_be_taken_along(address: str) -> None:
    async with Visit(address) as kim, Visit(address) as lee:
        await kim.say(await kim.begin(), "My cat is called Biscuit.")
        await lee.say(await lee.begin(), "canary of Lee")

        export = await kim.client.get("/api/me/export")

        assert "attachment" in export.headers["content-disposition"]
        assert "My cat is called Biscuit." in export.text
        assert "canary" not in export.text


async def test_a_fan_decides_whether_a_persona_learns_from_them() -> None:
    async with (
        await Journal.open("sqlite://", learns_from={"web"}) as journal,
        house_in_ram(ScriptedEngine("Noted."), journal=journal) as house,
        served(house) as address,
        Visit(address) as kim,
        Visit(address) as lee,
    ):
        before = (await kim.client.get("/api/teaching?persona=mika")).json()
        said_yes = (await kim.client.put("/api/teaching", json={"persona": "mika", "allowed": True})).json()
        lees = (await lee.client.get("/api/teaching?persona=mika")).json()
        said_no = (await kim.client.put("/api/teaching", json={"persona": "mika", "allowed": False})).json()

        assert before == said_no == lees == {"asked": True, "allowed": False}
        assert said_yes == {"asked": True, "allowed": True}


async def test_where_the_operator_does_not_ask_nobody_can_agree(address: str) -> None:
    async with Visit(address) as kim:
        refused = await kim.client.put("/api/teaching", json={"persona": "mika", "allowed": True})

        assert (refused.status_code, (await kim.client.get("/api/teaching?persona=mika")).json()) == (
            409,
            {"asked": False, "allowed": False},
        )
        assert (await kim.client.put("/api/teaching", json={"persona": "mika", "allowed": False})).status_code == 200


async def test_nothing_changes_without_the_pages_own_header(address: str) -> None:
    async with httpx.AsyncClient(base_url=address) as stranger:
        answers = [
            await stranger.post("/api/talks", json={"persona": "mika"}),
            await stranger.delete("/api/me"),
            await stranger.patch("/api/me", json={"name": "x"}),
        ]

        assert [answer.status_code for answer in answers] == [403] * 3
        assert all(answer.json()["error"]["sentence"] for answer in answers)


@pytest.mark.parametrize("path", ["/", "/api/house", "/healthz", "/nothing", "/page/icon.svg"])
async def test_every_answer_keeps_strangers_code_out(address: str, path: str) -> None:
    async with httpx.AsyncClient(base_url=address) as browser:
        headers = (await browser.get(path)).headers

        assert "script-src 'self'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"


@pytest.mark.parametrize("path", ["/", "/api/house", "/page/talk.js"])
async def test_nothing_is_shown_from_a_cache_without_asking(address: str, path: str) -> None:
    async with httpx.AsyncClient(base_url=address) as browser:
        assert (await browser.get(path)).headers["cache-control"] == "no-cache"


async def test_while_the_house_opens_the_server_answers_with_a_sentence() -> None:
    async with served(None) as address, httpx.AsyncClient(base_url=address) as browser:
        assert (await browser.get("/healthz")).json() == {"ok": True}
        assert (await browser.get("/readyz")).status_code == 503
        waiting = await browser.get("/api/house")
        assert (waiting.status_code, waiting.json()["error"]["sentence"]) == (503, "The house is still opening.")
        assert waiting.headers["retry-after"] == "2"


async def test_a_house_is_ready_when_an_engine_answers() -> None:
    async with (
        house_in_ram(ScriptedEngine(fail_after=0)) as house,
        served(house) as address,
        httpx.AsyncClient(base_url=address) as browser,
    ):
        ready = await browser.get("/readyz")

        assert (ready.status_code, ready.json()["ok"]) == (503, False)
        assert ready.json()["engines"] == {"scripted": "The scripted engine was told to fail."}


@pytest.mark.parametrize("file", ["mika.yaml", "%2e%2e/%2e%2e/cast.py", "..%2f..%2fcast.py", "nope.svg"])
async def test_only_the_pictures_a_persona_names_are_served(file: str) -> None:
    from personas import Cast

    async with (
        house_in_ram(cast=Cast()) as house,
        served(house) as address,
        httpx.AsyncClient(base_url=address) as browser,
    ):
        picture = await browser.get("/cast/mika/joy.svg")
        assert (picture.status_code, picture.headers["content-type"]) == (200, "image/svg+xml")
        assert "sandbox" in picture.headers["content-security-policy"]
        assert (await browser.get(f"/cast/mika/{file}")).status_code == 404
