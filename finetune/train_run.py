"""One run from a data set to a LoRA: checked, trained, resumable at any moment, and written down.

Several processes (`accelerate launch`) run this same function; the first one writes, all of them train.
"""

import shutil
from collections.abc import Sequence
from contextlib import nullcontext
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import torch
from rich.console import Console
from transformers import TrainerCallback

from finetune.recipe import Recipe
from finetune.recipe_file import written
from finetune.train_adalora import export_adalora
from finetune.train_curve import best_look
from finetune.train_folder import RunFolder, state_of
from finetune.train_learn import learn, tokens_so_far
from finetune.train_memory import on
from finetune.train_prepare import Prepared, prepare
from finetune.train_processes import processes
from finetune.train_progress import Watching
from finetune.train_record import LORA, MODEL, Best, RunRecord
from personas import Persona
from serving.shelf import CONFIG, WEIGHTS, digest

LIBRARIES = ("greenroom", "torch", "transformers", "trl", "peft", "accelerate", "datasets")
NOT_THE_MODEL = {
    "optimizer.pt", "optimizer.bin", "pytorch_model_fsdp.bin", "scheduler.pt", "trainer_state.json",
    "training_args.bin", "README.md",
}  # fmt: skip


def train_run(
    persona: Persona | Path,
    *,
    data: Path,
    recipe: Recipe,
    to: Path,
    seed: int = 0,
    began_with: Path | None = None,
    console: Console | None = None,
    command: str = "greenroom finetune train",
    callbacks: Sequence[TrainerCallback] = (),
) -> RunRecord:
    """Trains, or goes on where it was stopped. Raises `FinetuneError`, early, if it can't end well."""
    console = console or Console(stderr=True)
    first = processes().is_main_process
    prepared = prepare(persona, data=data, recipe=recipe, seed=seed, began_with=began_with)
    folder = RunFolder(to)
    with folder.locked() if first else nullcontext():
        record = folder.begin(wanted(prepared, data, to))
        if first:
            record.write()
            folder.write_recipe(written(recipe, command=command))
            console.print(prepared.material.told(), highlight=False)
        if not at_its_end(folder, recipe):
            record = learn(prepared, folder, record, console, callbacks)
        processes().wait_for_everyone()
        return finish(prepared, folder, record) if first else record


def wanted(prepared: Prepared, data: Path, to: Path) -> RunRecord:
    """The record of a run that begins now."""
    began_with = prepared.began_with
    began_data, began_data_hash = prepared.before.lines if prepared.before else ("", "")
    return RunRecord(
        folder=to,
        persona=prepared.persona.id,
        persona_version=prepared.persona.version,
        recipe=prepared.recipe.model_dump(mode="json", exclude={"search"}),
        base=prepared.base.name,
        base_hash=prepared.base.hash,
        data=str(data),
        data_hash=prepared.material.hash,
        began_with=digest(began_with / WEIGHTS) if began_with else "",
        began_data=began_data,
        began_data_hash=began_data_hash,
        seed=prepared.seed,
        processes=prepared.plan.processes,
        device=torch.cuda.get_device_name() if on() == "cuda" else "cpu",
        versions={library: version(library) for library in LIBRARIES},
        started_at=datetime.now(UTC),
    )


def at_its_end(folder: RunFolder, recipe: Recipe) -> bool:
    """A run that was killed between its last step and its LoRA has nothing left to learn."""
    last = folder.last_checkpoint() if processes().is_main_process else None
    processes().wait_for_everyone()
    last = last or folder.last_checkpoint()
    return last is not None and folder.at_its_end(last, recipe.stopping.patience)


def finish(prepared: Prepared, folder: RunFolder, record: RunRecord) -> RunRecord:
    """The best checkpoint put where the shelf looks for it, and the record closed."""
    best, state = folder.best_checkpoint()
    making = folder.root / ".making"
    shutil.rmtree(making, ignore_errors=True)
    making.mkdir()
    put_together(prepared.recipe, best, making)
    folder.put(MODEL if prepared.recipe.method == "full" else LORA, making)
    look = best_look(state["log_history"])
    record = record.model_copy(
        update={
            "finished_at": datetime.now(UTC),
            "steps": state["global_step"],
            "tokens": tokens_so_far(state),
            "stopped_early": state["global_step"] < state["max_steps"],
            "best": Best(step=state_of(best)["global_step"], loss=look[1] if look else None),
        }
    )
    Watching(record, Console(quiet=True)).keep_all(state["log_history"])
    record.write()
    return record


def put_together(recipe: Recipe, checkpoint: Path, target: Path) -> None:
    """What is served, of all that lies in a checkpoint."""
    if recipe.method == "adalora":
        export_adalora(checkpoint, target)
        return
    names = [CONFIG, WEIGHTS]
    if recipe.method == "full":
        whole = {file.name for file in checkpoint.iterdir() if file.is_file()} - NOT_THE_MODEL
        names = sorted(name for name in whole if not name.startswith("rng_state"))
    for name in names:
        shutil.copyfile(checkpoint / name, target / name)
