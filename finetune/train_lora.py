"""What is trained of a model, in peft's words; and in sentences what no server would take of it."""

from collections.abc import Iterator
from typing import Any

import peft

from finetune.errors import TrainingRefused
from finetune.recipe import Recipe
from serving.lora_check import RANKS, of_kind, of_rank

INITS = {"default": True, "gaussian": "gaussian", "orthogonal": "orthogonal"}
HEADS = ("lm_head", "embed_tokens", "embed_out", "output")
SERVED = ", ".join(map(str, RANKS))


def peft_config(recipe: Recipe, *, steps: int) -> peft.PeftConfig | None:
    """peft's configuration for a run of so many steps; None where every weight is trained."""
    if recipe.method == "full":
        return None
    if recipe.method == "adalora":
        return adalora_config(recipe, steps)
    said = recipe.lora
    return peft.LoraConfig(
        r=said.rank,
        lora_alpha=said.alpha,
        lora_dropout=said.dropout,
        target_modules=targets(recipe),
        use_rslora=said.rslora,
        init_lora_weights=INITS[said.init],
        task_type="CAUSAL_LM",
    )


def adalora_config(recipe: Recipe, steps: int) -> peft.AdaLoraConfig:
    """Ranks are taken away between the first and the last share of the steps."""
    said = recipe.adalora
    before, after = round(said.before * steps), round(said.after * steps)
    if steps - before - after < 2:
        raise TrainingRefused(f"AdaLoRA needs steps to take ranks away in, and the run has {steps}. Raise epochs.")
    return peft.AdaLoraConfig(
        init_r=said.initial_rank,
        target_r=said.final_rank,
        tinit=before,
        tfinal=after,
        deltaT=said.every,
        total_step=steps,
        orth_reg_weight=said.orthogonality,
        lora_alpha=recipe.lora.alpha,
        lora_dropout=recipe.lora.dropout,
        target_modules=targets(recipe),
        task_type="CAUSAL_LM",
    )


def targets(recipe: Recipe) -> str | list[str]:
    """One word (`all-linear`, or a pattern), or a list of layers' names."""
    said = recipe.lora.targets
    return said if isinstance(said, str) else list(said)


def refuse_unservable(recipe: Recipe) -> None:
    """Raises `TrainingRefused` with a sentence for each reason for which a server would refuse the LoRA."""
    if recipe.method != "full" and (found := list(unservable(recipe))):
        raise TrainingRefused("This could be trained, and no server would take it. " + " ".join(found))


def unservable(recipe: Recipe) -> Iterator[str]:
    """The rules of `serving.lora_check`, and those that only a recipe can break."""
    config = as_saved(recipe)
    yield from of_kind(config)
    yield from of_rank(config, RANKS[-1])
    if recipe.rank not in RANKS and recipe.rank < RANKS[-1]:
        yield f"Its rank is {recipe.rank}, and vLLM has slots for {SERVED}. Take one of these."
    if any(head in named.split(".") for named in names_of(recipe) for head in HEADS):
        yield "It trains the head or the embeddings. Train the layers between: targets: all-linear."
    if recipe.lora.init not in INITS and not list(of_kind({**config, "peft_type": "LORA"})):
        yield f"It begins as {recipe.lora.init!r}. There are: {', '.join(INITS)}."


def as_saved(recipe: Recipe) -> dict[str, Any]:
    """The keys that `lora_check` reads, as they would stand in adapter_config.json; AdaLoRA is exported as a LoRA."""
    return {
        "peft_type": "LORA",
        "r": recipe.rank,
        "use_dora": recipe.lora.use_dora,
        "bias": recipe.lora.bias,
        "modules_to_save": list(recipe.lora.modules_to_save),
        "init_lora_weights": recipe.lora.init,
    }


def names_of(recipe: Recipe) -> tuple[str, ...]:
    said = recipe.lora.targets
    return (said,) if isinstance(said, str) else said
