"""What a recipe asks of the machine, asked before anything is loaded: packages, a GPU, a type it can compute in."""

from collections.abc import Iterator
from importlib.util import find_spec

from finetune.errors import TrainingRefused
from finetune.recipe import Recipe
from finetune.train_arguments import has_accelerator

WITH_BITSANDBYTES = ("lion", "ademamix", "adamw_8bit", "paged_adamw_8bit")


def refuse_missing(recipe: Recipe, *, gpu: bool | None = None) -> None:
    """Raises `TrainingRefused` with a sentence for each thing the machine lacks."""
    gpu = has_accelerator() if gpu is None else gpu
    if found := list(missing(recipe, gpu=gpu)):
        raise TrainingRefused(" ".join(found))


def missing(recipe: Recipe, *, gpu: bool) -> Iterator[str]:
    """Each with what to do about it."""
    if needs_bitsandbytes(recipe) and not find_spec("bitsandbytes"):
        yield "This recipe needs bitsandbytes. Install it with: pip install bitsandbytes"
    if recipe.precision == "float16" and not gpu:
        yield "float16 is for GPUs. Set precision: auto."
    for watcher in recipe.watchers:
        if not find_spec(watcher):
            yield f"The watcher {watcher} is not installed. Install it with: pip install {watcher}"


def needs_bitsandbytes(recipe: Recipe) -> bool:
    return recipe.quantisation != "none" or recipe.optimiser.name in WITH_BITSANDBYTES
