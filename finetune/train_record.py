"""What is known of one run, in its folder: enough to repeat it, to go on with it, and to put its LoRA on the shelf.

run.json      this record            recipe.yaml   the recipe, opening with the command that ran it
history.json  losses by step         loss.png      the same as a picture
lora/         plain PEFT files of the best checkpoint (model/ where every weight was trained)
checkpoints/  what a killed run goes on from
"""

import json
import os
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from finetune.errors import TrainingRefused

RECORD, HISTORY, RECIPE, PICTURE, LORA, MODEL = (
    "run.json", "history.json", "recipe.yaml", "loss.png", "lora", "model"
)  # fmt: skip
SAME = ("persona", "recipe", "base_hash", "data_hash", "seed", "began_with")


class Best(BaseModel):
    """The checkpoint that is kept; `loss` is that of the held-out lines, None if none were held out."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    step: int
    loss: float | None


class RunRecord(BaseModel):
    """One run; `finished_at` is None until its LoRA stands in the folder."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    folder: Path = Field(exclude=True)
    persona: str
    persona_version: str
    recipe: dict[str, Any]
    base: str
    base_hash: str
    data: str
    data_hash: str
    began_with: str = Field("", description="The LoRA it went on from, by the hash of its weights.")
    began_data: str = Field("", description="The data set that the LoRA it went on from learnt its lines of.")
    began_data_hash: str = ""
    seed: int
    processes: int = 1
    device: str = ""
    versions: dict[str, str] = {}
    started_at: datetime
    finished_at: datetime | None = None
    resumed: int = Field(0, description="How often a stopped run went on.")
    steps: int = 0
    tokens: int = Field(0, description="That went through the model, the prompts' included.")
    seconds: float = Field(0.0, description="Of training, looks included, since the last resumption.")
    peak_memory: int = Field(0, description="Bytes: of the device, or of the process on a CPU.")
    stopped_early: bool = False
    best: Best | None = None

    @property
    def lora(self) -> Path | None:
        """The folder that the shelf takes; None before the end, or where every weight was trained."""
        folder = self.folder / LORA
        return folder if self.finished_at and folder.is_dir() else None

    @property
    def model(self) -> Path | None:
        """The whole model, where every weight was trained."""
        folder = self.folder / MODEL
        return folder if self.finished_at and folder.is_dir() else None

    @property
    def lines(self) -> tuple[str, str]:
        """The data set whose lines were learnt, and its hash; for preferences that of the run before them."""
        of_its_own = self.recipe.get("objective", "sft") == "sft"
        return (self.data, self.data_hash) if of_its_own else (self.began_data, self.began_data_hash)

    @property
    def history(self) -> list[dict[str, Any]]:
        """Losses by step: `loss` of what is learnt, `eval_loss` of what is held out."""
        path = self.folder / HISTORY
        return list(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else []

    def told(self) -> str:
        """One line for whoever waited."""
        held_out = f"held-out loss {self.best.loss:.3f}" if self.best and self.best.loss else "nothing held out"
        step = f" at step {self.best.step} of {self.steps}" if self.best else ""
        return f"{self.lora or self.model}  {held_out}{step}, {self.tokens} tokens in {self.seconds:.0f} s"

    def differs(self, other: Self) -> tuple[str, ...]:
        """What makes this another run than the other one."""
        return tuple(name for name in SAME if getattr(self, name) != getattr(other, name))

    def write(self) -> None:
        """Whole, or not at all."""
        write_whole(self.folder / RECORD, self.model_dump_json(indent=2) + "\n")


def read_record(folder: Path) -> RunRecord:
    """What a folder says of its run. Raises `TrainingRefused` if it holds none."""
    path = folder / RECORD
    try:
        return RunRecord.model_validate(json.loads(path.read_text(encoding="utf-8")) | {"folder": folder})
    except FileNotFoundError as exc:
        raise TrainingRefused(f"{folder} holds no run. Make one with: greenroom finetune train") from exc
    except (OSError, ValueError, ValidationError) as exc:
        raise TrainingRefused(f"{path} can't be read: {exc}") from exc


def finished_record(folder: Path) -> RunRecord:
    """The same of a run that came to its end; of another one it says how to go on."""
    record = read_record(folder)
    if record.finished_at is None:
        raise TrainingRefused(f"The run in {folder} has not come to its end. Go on with the command in its {RECIPE}.")
    return record


def write_whole(path: Path, text: str) -> None:
    """A file that is the old one or the new one, whenever the machine stops."""
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)
