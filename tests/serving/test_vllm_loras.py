"""What a running vLLM has loaded follows the shelf, and a persona never loses the voice she has to a bad new one."""

import json
import logging
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
import torch
from safetensors.torch import load_file, save_file

from serving.served import newest
from serving.shelf import WEIGHTS, Card, Shelf
from serving.vllm_loras import GRACE_SECONDS, LoraKeeper
from tests.serving.tiny import make_lora

CARD = Card(base="tiny")


class FakeVllm:
    """The part of vLLM that keeps LoRAs; `answers` are its answers to loading them, by name, else it takes them."""

    def __init__(self, shelf: Shelf, base: Path) -> None:
        self.shelf = shelf
        self.loaded: list[str] = []
        self.answers: dict[str, int] = {}
        self.listing = 200
        self.asked: list[str] = []
        self.seconds = 0.0
        self.client = httpx.AsyncClient(transport=httpx.MockTransport(self._answer), base_url="http://vllm")
        self.keeper = LoraKeeper(self.client, shelf, base=str(base), max_rank=16, at_once=2, clock=lambda: self.seconds)

    async def passes(self, seconds: float = 0.0) -> list[str]:
        """What is loaded after so many seconds, and a look at the shelf before and after."""
        await self.keeper.try_sync()
        self.seconds += seconds
        await self.keeper.try_sync()
        return self.loaded

    def _answer(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/v1/models":
            listed = [{"id": "base", "parent": None}, *({"id": name, "parent": "base"} for name in self.loaded)]
            return httpx.Response(self.listing, json={"data": listed} if self.listing == 200 else {})
        if request.url.path == "/metrics":
            return httpx.Response(200, text="")
        name = json.loads(request.content)["lora_name"]
        if request.url.path == "/v1/unload_lora_adapter":
            self.loaded.remove(name)
            return httpx.Response(200)
        self.asked.append(name)
        status = self.answers.get(name, 200)
        if status == 200:
            self.loaded.append(name)
        return httpx.Response(status)


@pytest_asyncio.fixture
async def vllm(tmp_path: Path, tiny_model: Path, tiny_loras: Path) -> AsyncIterator[FakeVllm]:
    """A server that wears mira/v1."""
    fake = FakeVllm(Shelf(tmp_path / "shelf"), tiny_model)
    fake.shelf.add("mira", tiny_loras / "mira", CARD)
    async with fake.client:
        await fake.keeper.try_sync()
        yield fake


async def test_a_new_version_takes_the_old_ones_place_after_a_while(vllm: FakeVllm, tiny_loras: Path) -> None:
    vllm.shelf.add("mira", tiny_loras / "mira", CARD)

    assert await vllm.passes() == ["mira/v1", "mira/v2"]
    assert await vllm.passes(GRACE_SECONDS) == ["mira/v2"]


async def test_a_new_version_that_is_refused_leaves_the_old_one_on_stage(
    vllm: FakeVllm, tiny_model: Path, tmp_path: Path
) -> None:
    vllm.shelf.add("mira", make_lora(tmp_path / "wide", base=tiny_model, seed=1, rank=32), CARD)

    await vllm.passes(GRACE_SECONDS)

    assert newest("mira", await vllm.passes(GRACE_SECONDS)) == "mira/v1"


async def test_a_server_that_started_again_wears_the_newest_version_it_takes(vllm: FakeVllm, tiny_loras: Path) -> None:
    vllm.shelf.add("mira", tiny_loras / "mira", CARD)
    vllm.answers["mira/v2"] = 400
    vllm.loaded.clear()

    assert await vllm.passes(GRACE_SECONDS) == ["mira/v1"]
    assert vllm.asked.count("mira/v2") == 1


async def test_a_version_that_was_retired_is_not_kept_for_want_of_another(vllm: FakeVllm, tiny_loras: Path) -> None:
    vllm.shelf.add("mira", tiny_loras / "mira", CARD)
    vllm.answers["mira/v2"] = 400
    vllm.shelf.retire("mira/v1")

    assert await vllm.passes(GRACE_SECONDS) == []


async def test_a_server_that_fails_once_is_asked_again_and_one_that_goes_on_failing_ever_less_often(
    vllm: FakeVllm, tiny_loras: Path
) -> None:
    vllm.shelf.add("mira", tiny_loras / "mira", CARD)
    vllm.answers["mira/v2"] = 500

    for _ in range(60):
        await vllm.passes(GRACE_SECONDS)
    failures = vllm.asked.count("mira/v2")
    kept = list(vllm.loaded)
    vllm.answers.clear()
    await vllm.passes(300)

    assert 5 < failures < 12
    assert kept == ["mira/v1"]
    assert vllm.loaded == ["mira/v1", "mira/v2"]


async def test_one_odd_folder_on_the_shelf_does_not_keep_the_others_from_being_loaded(
    vllm: FakeVllm, tiny_loras: Path
) -> None:
    (vllm.shelf.folder / "mira" / "v1.bak").mkdir()
    settings = vllm.shelf.add("noor", tiny_loras / "noor", CARD).folder / "adapter_config.json"
    settings.chmod(0o644)
    settings.write_text("[]")
    vllm.shelf.add("zora", tiny_loras / "zora", CARD)

    assert await vllm.passes() == ["mira/v1", "zora/v1"]


@pytest.mark.parametrize("listing", [500, 204])
async def test_whatever_the_server_answers_the_shelf_is_looked_at_again(
    vllm: FakeVllm, tiny_loras: Path, listing: int
) -> None:
    vllm.shelf.add("noor", tiny_loras / "noor", CARD)
    vllm.listing = listing
    await vllm.passes()

    vllm.listing = 200

    assert await vllm.passes() == ["mira/v1", "noor/v1"]


async def test_a_lora_that_does_not_fit_the_base_is_not_loaded(
    vllm: FakeVllm, tiny_model: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    elsewhere = make_lora(tmp_path / "lora", base=tiny_model, seed=1)
    weights = load_file(elsewhere / WEIGHTS)
    save_file({name: torch.cat([one, one], dim=1) for name, one in weights.items()}, elsewhere / WEIGHTS)
    vllm.shelf.add("mira", elsewhere, CARD)

    assert await vllm.passes() == ["mira/v1"]
    assert vllm.asked == ["mira/v1"]
    assert "mira/v2 can't be served: " in caplog.text


async def test_a_lora_whose_base_goes_by_another_name_here_is_loaded_if_it_fits(
    vllm: FakeVllm, tiny_model: Path, tmp_path: Path
) -> None:
    elsewhere = make_lora(tmp_path / "lora", base=tiny_model, seed=1, base_model_name_or_path="somebody/tiny")
    vllm.shelf.add("mira", elsewhere, CARD)

    assert "mira/v2" in await vllm.passes()


async def test_more_loras_than_one_batch_has_places_for_are_told_once(
    vllm: FakeVllm, tiny_loras: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, logger="serving.vllm_loras")
    vllm.shelf.add("noor", tiny_loras / "noor", CARD)
    await vllm.passes()
    before = len(caplog.records)
    vllm.shelf.add("zora", tiny_loras / "zora", CARD)

    await vllm.passes(GRACE_SECONDS)
    await vllm.passes(GRACE_SECONDS)

    assert before == 0
    (told,) = [record.getMessage() for record in caplog.records]
    assert "max_loras: 3" in told
