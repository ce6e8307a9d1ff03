"""Pages of other origins may call the API where an operator names them, and nothing else of the house."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from pydantic import ValidationError

from bots.keys import Keys
from bots.settings import BotsSettings
from bots.testing import house_in_ram
from tests.bots.visit import served

OURS, THEIRS = "https://chat.example", "https://evil.example"
ASKS = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization, x-stainless-os"}
COMPLETIONS = "/v1/chat/completions"


@pytest.fixture
async def browser(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    keys = Keys(tmp_path)
    _, words = keys.add("app")
    async with (
        house_in_ram() as house,
        served(house, keys=keys, origins=[OURS]) as address,
        httpx.AsyncClient(base_url=address, headers={"Authorization": f"Bearer {words}"}) as client,
    ):
        yield client


async def test_a_page_of_a_named_origin_may_send_its_key_and_read_the_answer(browser: httpx.AsyncClient) -> None:
    may_i = await browser.options(COMPLETIONS, headers={"Origin": OURS, **ASKS})
    answer = await browser.get("/v1/models", headers={"Origin": OURS})

    assert may_i.status_code == 200
    assert may_i.headers["access-control-allow-origin"] == OURS
    assert {"authorization", "x-stainless-os"} <= set(may_i.headers["access-control-allow-headers"].split(", "))
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, OURS)
    assert "Retry-After" in answer.headers["access-control-expose-headers"]
    assert "access-control-allow-credentials" not in {*may_i.headers, *answer.headers}


async def test_a_page_of_a_named_origin_may_read_why_it_was_refused(browser: httpx.AsyncClient) -> None:
    answer = await browser.post(COMPLETIONS, content=b"{", headers={"Origin": OURS, "Authorization": "Bearer wrong"})

    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (401, OURS)


async def test_a_page_of_another_origin_is_not_let_in(browser: httpx.AsyncClient) -> None:
    may_i = await browser.options(COMPLETIONS, headers={"Origin": THEIRS, **ASKS})
    answer = await browser.get("/v1/models", headers={"Origin": THEIRS})

    assert may_i.status_code == 400
    assert "access-control-allow-origin" not in {*may_i.headers, *answer.headers}


@pytest.mark.parametrize("path", ["/", "/api/house", "/metrics", "/readyz"])
async def test_a_named_origin_reads_nothing_beside_the_api(browser: httpx.AsyncClient, path: str) -> None:
    answer = await browser.get(path, headers={"Origin": OURS})

    assert "access-control-allow-origin" not in answer.headers


async def test_unless_an_operator_says_so_no_page_may_call_the_api() -> None:
    async with house_in_ram() as house, served(house) as address, httpx.AsyncClient(base_url=address) as client:
        may_i = await client.options(COMPLETIONS, headers={"Origin": OURS, **ASKS})

    assert may_i.status_code == 405
    assert "access-control-allow-origin" not in may_i.headers


@pytest.mark.parametrize("wrong", ["chat.example", "https://chat.example/", "https://Chat.example", ""])
def test_what_no_browser_would_call_an_origin_is_refused_in_the_settings(wrong: str) -> None:
    with pytest.raises(ValidationError, match="is no origin"):
        BotsSettings(api_origins=(wrong,))


@pytest.mark.parametrize("right", ["*", "https://chat.example", "http://localhost:5173"])
def test_what_browsers_call_an_origin_is_taken(right: str) -> None:
    assert BotsSettings(api_origins=(right,)).api_origins == (right,)
