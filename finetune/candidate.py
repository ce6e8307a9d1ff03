"""A LoRA that wants to go on stage, with what is known of how it was made and where its report stands.

A run's folder (`run.json` beside `lora/`) knows its data and its recipe; a bare folder of PEFT files knows neither.
"""

from dataclasses import dataclass
from pathlib import Path

from finetune.errors import EvaluationRefused
from finetune.train_record import RECORD, RunRecord, finished_record
from serving.settings import UNDERSTUDY_FOLDER
from serving.shelf import CONFIG, WEIGHTS, digest

REPORT, PAGE, SCORES = "report.json", "report.html", "scores.jsonl"


@dataclass(frozen=True, slots=True)
class Candidate:
    """`folder` holds the report, `lora` the files that peft wrote; they are one where there is no run."""

    folder: Path
    lora: Path
    record: RunRecord | None

    @property
    def hashes(self) -> dict[str, str]:
        """SHA-256 of the files that make the LoRA, by name."""
        return {name: digest(self.lora / name) for name in (CONFIG, WEIGHTS)}

    @property
    def data_hash(self) -> str:
        """The hash of the data set whose lines it learnt; empty where nobody knows, or where it learnt none."""
        return self.record.lines[1] if self.record else ""

    @property
    def name(self) -> str:
        """What to call it: its persona, or its folder."""
        return self.record.persona if self.record and self.record.persona else self.folder.name

    @property
    def base(self) -> str:
        """The model that it was trained on, as far as anybody wrote it down."""
        return self.record.base if self.record else ""

    def data(self, named: Path | None) -> Path:
        """The data set it is judged by: the one that is named, or the one its run learnt from."""
        if named:
            return named
        if self.record and self.record.lines[0]:
            return Path(self.record.lines[0])
        raise EvaluationRefused(f"{self.folder} does not say whose lines it learnt. Name the data set with --data.")


def candidate(folder: Path) -> Candidate:
    """What lies in a folder. Raises `EvaluationRefused` if that is no trained LoRA."""
    record = finished_record(folder) if (folder / RECORD).exists() else None
    lora = (record.lora or folder) if record else folder
    missing = [name for name in (CONFIG, WEIGHTS) if not (lora / name).is_file()]
    if missing:
        raise EvaluationRefused(
            f"{folder} holds no LoRA: {missing[0]} is missing. Make one with: greenroom finetune train"
        )
    return Candidate(folder, lora, record)


def base_of(one: Candidate, named: str | None) -> str:
    """The base to wear it on: the one named, the run's own, else the understudy."""
    return named or one.base or str(UNDERSTUDY_FOLDER)
