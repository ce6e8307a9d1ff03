"""All that is known of a run before its weights are loaded; what can't end well is refused here."""

from dataclasses import dataclass
from pathlib import Path

from finetune.dataset import parts_of
from finetune.errors import TrainingRefused
from finetune.recipe import Recipe
from finetune.train_base import Base, open_base
from finetune.train_checks import refuse_missing
from finetune.train_data import Material, read_material
from finetune.train_lora import peft_config, refuse_unservable
from finetune.train_memory import available, estimate, on, refuse_too_large, shape_of
from finetune.train_plan import Plan, plan_for
from finetune.train_processes import processes
from finetune.train_record import RECORD, RunRecord, finished_record
from finetune.train_sharding import refuse_unshardable
from personas import Persona, load
from serving.shelf import CONFIG


@dataclass(frozen=True)
class Prepared:
    """All that is known before the weights are loaded; `before` is the run that the LoRA it begins with is of."""

    recipe: Recipe
    persona: Persona
    base: Base
    material: Material
    plan: Plan
    began_with: Path | None
    before: RunRecord | None
    seed: int


def prepare(persona: Persona | Path, *, data: Path, recipe: Recipe, seed: int, began_with: Path | None) -> Prepared:
    """Everything that can be refused is refused here, before minutes are spent."""
    refuse_missing(recipe)
    refuse_unservable(recipe)
    together = processes().num_processes
    refuse_unshardable(recipe, processes=together)
    persona = load(persona) if isinstance(persona, Path) else persona
    base = open_base(recipe)
    before = finished_record(began_with) if began_with and (began_with / RECORD).exists() else None
    material = read_material(
        data,
        recipe,
        count=lambda said: len(base.tokenizer.apply_chat_template(said)["input_ids"]),
        parts=parts_of(Path(before.lines[0])) if before and before.lines[0] else None,
    )
    if material.persona not in ("", persona.id):
        raise TrainingRefused(f"{data} was made for {material.persona}, not for {persona.id}. Name her data set.")
    plan = plan_for(recipe, material.tokens, processes=together)
    shape = shape_of(base.config, peft_config(recipe, steps=plan.steps))
    needed = estimate(shape, recipe, plan, device=on(), longest=max(material.tokens))
    refuse_too_large(needed, recipe, device=on(), free=available(on()), processes_here=together)
    return Prepared(recipe, persona, base, material, plan, lora_of(began_with), before, seed)


def lora_of(began_with: Path | None) -> Path | None:
    """The LoRA in a run's folder, or in a folder of its own."""
    if began_with is None or (began_with / CONFIG).exists():
        return began_with
    lora = finished_record(began_with).lora
    if lora is None:
        raise TrainingRefused(f"{began_with} holds no LoRA to go on from.")
    return lora
