"""A recipe is read whole, or everything that is wrong with it is told with its line."""

from pathlib import Path

import pytest

from finetune.errors import RecipeWrong
from finetune.recipe_file import SHIPPED, names, read_recipe, with_values, written


@pytest.mark.parametrize("name", names())
def test_every_shipped_recipe_can_be_read_and_opens_with_the_command_that_runs_it(name: str) -> None:
    first = (SHIPPED / f"{name}.yaml").read_text().splitlines()[0]

    recipe = read_recipe(name)

    assert recipe.name == name
    assert first.startswith("# greenroom finetune train ")
    assert f"--recipe {name}" in first


def test_the_default_recipe_is_what_models_md_found_best() -> None:
    recipe = read_recipe("lora")

    assert (recipe.lora.rank, recipe.lora.alpha, recipe.lora.dropout) == (16, 32, 0)
    assert recipe.lora.targets == "all-linear"
    assert (recipe.optimiser.rate, recipe.optimiser.schedule, recipe.epochs) == (2e-4, "cosine", 3)


def test_every_mistake_is_told_at_once_with_its_line_and_the_nearest_right_key(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("method: loar\noptimiser:\n  rat: 3\nrank: 8\nbatches: {size: 10, at_once: 4}\n")

    with pytest.raises(RecipeWrong) as told:
        read_recipe(file)

    said = str(told.value)
    assert f"{file}:1:1: 'method' should be 'lora', 'adalora' or 'full'. Did you mean 'lora'?" in said
    assert f"{file}:3:3: 'rat' is not a key of optimiser. Did you mean 'rate'?" in said
    assert f"{file}:4:1: 'rank' is not a key of a recipe. It belongs to 'lora.rank'." in said
    assert f"{file}:5:1: 'batches' is wrong: size 10 is no multiple of at_once 4." in said


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("epochs: [", ":1:"),
        ("- 1", "key: value"),
        ("search: {over: {optimiser.rat: {low: 1, high: 2}}}", "'optimiser.rat' is no key"),
        ("search: {over: {epochs: {low: 2, high: 1}}}", "make no range"),
        ("method: adalora\nobjective: dpo", "goes with objective sft"),
        ("quantisation: nf4\nmethod: full", "goes with method lora"),
        ("objective: kto\nbatches: {size: 4, at_once: 1}", "2 or more"),
        ("epochs: 3\nepochs: 4", "stands here twice"),
    ],
)
def test_what_can_not_be_is_refused_in_a_sentence(tmp_path: Path, content: str, said: str) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(content)

    with pytest.raises(RecipeWrong, match=said):
        read_recipe(file)


def test_a_recipe_nobody_wrote_is_answered_with_those_there_are() -> None:
    with pytest.raises(RecipeWrong, match="There are lora, adalora"):
        read_recipe("lroa")


def test_single_keys_are_changed_on_the_command_line() -> None:
    recipe = read_recipe("lora", changes=["optimiser.rate=1e-3", "lora.rank=8", "watchers=[tensorboard]"])

    assert (recipe.optimiser.rate, recipe.lora.rank, recipe.lora.alpha) == (1e-3, 8, 32)
    assert recipe.watchers == ("tensorboard",)


def test_a_wrong_key_on_the_command_line_is_told_as_it_was_said() -> None:
    with pytest.raises(RecipeWrong, match=r"--set optimiser.rat=3: .* Did you mean 'rate'"):
        read_recipe("lora", changes=["optimiser.rat=3"])


def test_a_recipe_that_was_written_down_reads_the_same(tmp_path: Path) -> None:
    recipe = read_recipe("adalora", changes=["watchers=[wandb]"])
    file = tmp_path / "recipe.yaml"

    file.write_text(written(recipe, command="greenroom finetune train mika.yaml"))

    assert read_recipe(file) == recipe


def test_a_searchs_values_are_laid_over_a_recipe() -> None:
    recipe = with_values(read_recipe("lora"), {"optimiser.rate": 0.01, "lora.rank": 32})

    assert (recipe.optimiser.rate, recipe.lora.rank, recipe.search) == (0.01, 32, None)
