"""The loop's own steps, from a journal's evenings on: what is new, and who changed their mind meanwhile."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from finetune.data_cli import More, made
from finetune.dataset import DatasetSheet
from finetune.recipe_file import read_recipe
from finetune.refresh import Outcome, Round
from finetune.refresh_steps import MakeData, Publish, Train, Wish
from memory import Scope
from memory.journal import Journal
from tests.finetune.stage import agree, evenings, persona_file
from tests.memory.builders import WEB


@pytest.fixture
def wish(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Wish:
    """A refresh of Mika from a journal in which Kim agreed."""
    monkeypatch.setenv("GREENROOM_MEMORY__LEARNING__WEB", "true")
    folder = tmp_path / "data"

    async def told() -> None:
        async with await Journal.in_folder(folder) as journal:
            await evenings(journal, 10)
            await agree(journal, "web:kim")

    asyncio.run(told())
    recipe = read_recipe("lora", changes=[])
    return Wish(persona_file(tmp_path), (), folder, tmp_path / "shelf", recipe, More(), share=1)


async def forgotten(wish: Wish) -> None:
    async with await Journal.in_folder(wish.data) as journal:
        await journal.lessons.withdraw(Scope("mika", "web:kim", WEB))


def begun(folder: Path, **outcomes: Outcome) -> Round:
    return Round(folder, "2026-05-04T00:00:00+00:00", outcomes)


async def test_the_data_is_what_fans_said_who_agreed_and_names_nobody(wish: Wish, tmp_path: Path) -> None:
    data = await MakeData(wish).take(begun(tmp_path / "1"))

    assert data.state == "done"
    assert len(data.facts["fans"]) == 1
    assert "kim" not in str(data)


async def test_a_round_without_anything_new_ends_before_it_trains(wish: Wish, tmp_path: Path) -> None:
    first = await MakeData(wish).take(begun(tmp_path / "1"))

    second = await MakeData(wish).take(Round(tmp_path / "2", "", before={"data": first}))
    slower = replace(wish, recipe=read_recipe("lora", changes=["optimiser.rate=1e-5"]))
    third = await MakeData(slower).take(Round(tmp_path / "3", "", before={"data": first}))

    assert (second.state, second.facts["hash"]) == ("stopped", first.facts["hash"])
    assert "Nothing is new" in second.says
    assert third.state == "done"


@pytest.mark.parametrize("step", [Train, Publish])
async def test_who_changes_their_mind_in_the_middle_is_neither_trained_nor_published(
    wish: Wish, tmp_path: Path, step: type[Train] | type[Publish]
) -> None:
    data = await MakeData(wish).take(begun(tmp_path / "1"))
    trained = Outcome("done", "", {"folder": str(tmp_path / "1" / "run")})
    await forgotten(wish)

    outcome = await step(wish).take(begun(tmp_path / "1", data=data, train=trained))

    assert outcome.state == "stopped"
    assert "changed their mind" in outcome.says
    assert not wish.shelf.exists()


async def test_who_changes_their_mind_while_the_data_is_made_is_not_trained(wish: Wish, tmp_path: Path) -> None:
    async def slowly(*wanted: Any) -> DatasetSheet:
        sheet = await made(*wanted)
        await forgotten(wish)
        return sheet

    data = await MakeData(wish, make=slowly).take(begun(tmp_path / "1"))
    outcome = await Train(wish).take(begun(tmp_path / "1", data=data))

    assert outcome.state == "stopped"
    assert "changed their mind" in outcome.says


async def test_a_recipe_that_learns_from_preferences_is_refused_with_what_to_do(wish: Wish, tmp_path: Path) -> None:
    other = Wish(wish.persona, (), wish.data, wish.shelf, read_recipe("dpo", changes=[]), More())

    with pytest.raises(Exception, match="review export"):
        await MakeData(other).take(begun(tmp_path / "1"))
