"""What an evaluation found, as it lies beside the LoRA in report.json: figures, checks, samples, seeds and hashes."""

from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from finetune.errors import NotPublished
from finetune.evaluate_statistics import Figure

Kind = Literal["win", "guard", "data"]


class Kept(BaseModel):
    """What is written to a file and read again: frozen, and nothing in it that isn't known."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Sample(Kept):
    """The same question to both, side by side; `real` is what the character says there, if it is from the play."""

    asked: str
    before: str
    after: str
    real: str = ""


class Check(Kept):
    """One rule of the gate. `p` is adjusted by Holm among most guard rails; `says` is a sentence for the creator."""

    name: str
    kind: Kind
    passed: bool
    says: str
    p: float | None = None


class Evaluation(Kept):
    """One LoRA on one base, judged by one data set. Figures by name; docs/evaluation.md says what each means."""

    persona: str
    base: str
    base_hash: str
    lora_hashes: dict[str, str]
    data_hash: str
    recipe: dict[str, Any] = {}
    seed: int
    samples_each: int
    made_at: datetime
    versions: dict[str, str]
    rivals: tuple[str, ...]
    figures: dict[str, Figure]
    checks: tuple[Check, ...] = ()
    remarks: tuple[str, ...] = ()
    samples: tuple[Sample, ...] = ()

    @property
    def passed(self) -> bool:
        """Every check was, and there are some."""
        return bool(self.checks) and all(check.passed for check in self.checks)

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why it did not pass."""
        return tuple(check.says for check in self.checks if not check.passed)

    def on_card(self) -> dict[str, Any]:
        """What the shelf's card carries: the verdict and the figures, without samples."""
        return {
            "passed": self.passed,
            "data_hash": self.data_hash,
            "seed": self.seed,
            "made_at": self.made_at.isoformat(),
            "rivals": list(self.rivals),
            "figures": {name: [figure.value, figure.low, figure.high] for name, figure in self.figures.items()},
        }


def read_report(path: Path) -> Evaluation:
    """Raises `NotPublished` where there is none, or none that can be read."""
    try:
        return Evaluation.model_validate_json(path.read_text(encoding="utf-8"))
    except FileNotFoundError as exc:
        raise NotPublished([f"There is no report {path}. Make one with: greenroom finetune evaluate"]) from exc
    except (OSError, ValidationError) as exc:
        raise NotPublished([f"The report {path} can't be read ({exc.__class__.__name__}). Evaluate again."]) from exc
