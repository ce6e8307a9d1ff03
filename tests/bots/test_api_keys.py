"""Keys are changed by one process at a time, keep their fans when they are rotated, and show no more than they may."""

import json
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from bots.cli import app
from bots.keys import Keys, KeysTrouble
from bots.testing import house_in_ram
from serving.testing import ScriptedEngine
from tests.bots.visit import served

ASKED: Any = {"model": "mika", "messages": [{"role": "user", "content": "Hello"}], "user": "kim"}


def bearing(words: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {words}"} if words else {}


@asynccontextmanager
async def client_of(
    keys: Keys, words: str = "", engine: Any = None, **settings: Any
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a house with these keys."""
    async with (
        house_in_ram(engine, **settings) as house,
        served(house, keys=keys) as address,
        httpx.AsyncClient(base_url=address, headers=bearing(words)) as client,
    ):
        yield client


def test_keys_that_are_made_and_revoked_at_the_same_time_stay_made_and_revoked(tmp_path: Path) -> None:
    old = [Keys(tmp_path).add(f"old {number}")[0] for number in range(10)]

    with ThreadPoolExecutor(6) as programs:  # each with keys of its own, as processes have
        made = [programs.submit(Keys(tmp_path).add, f"new {number}") for number in range(20)]
        gone = [programs.submit(Keys(tmp_path).revoke, key.id) for key in old]
    made_ids = {done.result()[0].id for done in made}

    assert {done.result().id for done in gone} == {key.id for key in old}
    assert {key.id for key in Keys(tmp_path).all()} == made_ids


@pytest.mark.parametrize(
    "broken",
    ["{broken", "5", '[{"id": "a"}]', '[{"id":"a","name":"","hash":"é","personas":[],"per_minute":0,"made_at":""}]'],
)
async def test_a_broken_file_of_keys_is_told_to_the_operator_and_no_more_than_that_to_clients(
    tmp_path: Path, broken: str
) -> None:
    keys = Keys(tmp_path)
    _, words = keys.add("app")
    (tmp_path / "keys.json").write_text(broken)

    listed = CliRunner().invoke(app, ["key", "list", "--data", str(tmp_path)])
    async with client_of(keys, words) as client:
        answer = await client.post("/v1/chat/completions", json=ASKED)

    assert (listed.exit_code, "Traceback" in listed.output) == (1, False)
    assert str(tmp_path / "keys.json") in listed.output.replace("\n", "")
    assert (answer.status_code, answer.json()["error"]["type"]) == (503, "server_error")
    assert str(tmp_path) not in answer.text
    with pytest.raises(KeysTrouble):
        keys.add("another")
    assert (tmp_path / "keys.json").read_text() == broken


def test_a_key_for_a_persona_who_is_not_there_is_refused_with_the_nearest(tmp_path: Path) -> None:
    made = CliRunner().invoke(app, ["key", "add", "app", "--persona", "mka", "--data", str(tmp_path)])

    assert made.exit_code == 1
    assert "mika" in made.output
    assert Keys(tmp_path).all() == ()


def test_a_key_for_a_persona_of_the_operators_own_is_made(tmp_path: Path) -> None:
    (tmp_path / "gate.yaml").write_text("{id: gate, name: Gate, who: Gate is an old gate that talks.}")

    line = ["key", "add", "app", "--persona", "gate", "--personas", str(tmp_path), "--data", str(tmp_path)]
    made = CliRunner().invoke(app, line)

    assert made.exit_code == 0, made.output
    assert [key.personas for key in Keys(tmp_path).all()] == [("gate",)]


async def test_a_rotated_key_opens_with_its_new_words_alone_and_its_fans_are_remembered(tmp_path: Path) -> None:
    keys, engine = Keys(tmp_path), ScriptedEngine("Hello you.")
    key, old = keys.add("app", per_minute=100)
    async with client_of(keys, engine=engine) as client:
        cat = {**ASKED, "messages": [{"role": "user", "content": "My cat is called Biscuit."}]}
        await client.post("/v1/chat/completions", json=cat, headers=bearing(old))

        rotated = CliRunner().invoke(app, ["key", "rotate", key.id, "--json", "--data", str(tmp_path)])
        new = json.loads(rotated.stdout)
        whose = {**ASKED, "messages": [{"role": "user", "content": "What is my cat called?"}]}
        answers = [
            await client.post("/v1/chat/completions", json=whose, headers=bearing(words)) for words in (old, new["key"])
        ]

    assert new["id"] == key.id
    assert [answer.status_code for answer in answers] == [401, 200]
    assert any("Biscuit" in message.content for message in engine.prompts[-1])


async def test_the_figures_and_what_ails_an_engine_are_shown_for_a_key_to_everybody_only(tmp_path: Path) -> None:
    keys = Keys(tmp_path)
    words = ["", keys.add("for mika", personas=["mika"])[1], keys.add("prometheus")[1]]
    async with client_of(keys, engine=ScriptedEngine(fail_after=0), host="0.0.0.0") as client:
        figures = [(await client.get("/metrics", headers=bearing(one))).status_code for one in words]
        ready = [await client.get("/readyz", headers=bearing(one)) for one in words]

    assert figures == [401, 401, 200]
    assert [answer.status_code for answer in ready] == [503] * 3
    assert [answer.json() for answer in ready[:2]] == [{"ok": False}] * 2
    assert "told to fail" in ready[2].text


async def test_a_body_that_is_no_json_counts_as_a_request_like_any_other(tmp_path: Path) -> None:
    keys = Keys(tmp_path)
    _, words = keys.add("app", per_minute=2)
    async with client_of(keys, words) as client:
        answers = [await client.post("/v1/chat/completions", content=b"{") for _ in range(3)]

    assert [answer.status_code for answer in answers] == [400, 400, 429]
