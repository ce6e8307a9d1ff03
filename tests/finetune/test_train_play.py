"""From a real play to a LoRA of its hero on the understudy, in minutes on two cores, and worn by the local engine."""

import asyncio
from pathlib import Path

import pytest
from rich.console import Console

from finetune.data_run import Ingredients
from finetune.data_run import run as make_data
from finetune.recipe_file import read_recipe
from finetune.train_run import train_run
from serving import ChatMessage, Completion, Sampling
from serving.local_engine import LocalEngine
from serving.lora_check import check
from serving.settings import UNDERSTUDY_FOLDER
from serving.shelf import Card, Shelf

PLAYS = Path(__file__).parents[2].parent / "shared" / "data" / "pd_plays" / "lines.jsonl"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(3600),
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning"),
    pytest.mark.skipif(not PLAYS.exists(), reason="needs ../shared/data/pd_plays, which is not here"),
]


def test_one_play_gives_its_hero_a_lora_that_the_engine_wears(tmp_path: Path) -> None:
    persona = tmp_path / "goring.yaml"
    persona.write_text("id: goring\nname: Lord Goring\nwho: Lord Goring is a dandy who hides a kind heart.\n")
    asyncio.run(make_data(persona, Ingredients((PLAYS,)), speaker="Lord Goring", to=tmp_path / "data"))
    recipe = read_recipe("understudy", changes=["epochs=1", "stopping.looks=3"])

    record = train_run(persona, data=tmp_path / "data", recipe=recipe, to=tmp_path / "run", console=Console(quiet=True))

    looks = [row["eval_loss"] for row in record.history if "eval_loss" in row]
    assert record.best is not None
    assert record.best.loss == min(looks) < looks[0] - 0.05
    assert record.lora is not None
    assert check(record.lora, base=UNDERSTUDY_FOLDER, max_rank=8) == ()
    shelf = Shelf(tmp_path / "shelf")
    shelf.add("goring", record.lora, Card(base=record.base, persona="goring"))
    assert asyncio.run(said(shelf, "goring")) != asyncio.run(said(shelf, None))


async def said(shelf: Shelf, lora: str | None) -> str:
    """What the engine answers greedily, in the LoRA or without."""
    engine = LocalEngine(UNDERSTUDY_FOLDER, name="understudy", shelf=shelf)
    prompt = [ChatMessage("system", "You are Lord Goring."), ChatMessage("user", "What is truth?")]
    try:
        sampling = Sampling(temperature=0, max_tokens=24)
        pieces = [piece async for piece in engine.stream(prompt, sampling=sampling, lora=lora)]
    finally:
        await engine.aclose()
    assert isinstance(pieces[-1], Completion)
    return pieces[-1].text
