"""What is refused before anything is measured."""

from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from finetune.candidate import Candidate
from finetune.dataset import read_sheet
from finetune.errors import EvaluationRefused
from finetune.evaluate_suite import Bench, evaluate
from finetune.train_record import RunRecord
from tests.finetune.tiny import MIRA, make_data

NOW = datetime(2026, 11, 29, tzinfo=UTC)


def learnt_from(data: Path, folder: Path, *, objective: str = "sft") -> Candidate:
    """A run on the data set as it is now, or on preferences after it."""
    lines = {"data": str(data), "data_hash": read_sheet(data).hash}
    liked = {"data": "likings", "data_hash": "l", "began_data": str(data), "began_data_hash": lines["data_hash"]}
    known = {
        "folder": folder, "persona": "mira", "persona_version": "1", "recipe": {"objective": objective},
        "base": "base", "base_hash": "b", "seed": 0, "started_at": NOW,
    }  # fmt: skip
    record = RunRecord.model_validate(known | (lines if objective == "sft" else liked))
    return Candidate(folder, folder, record)


@pytest.mark.parametrize("objective", ["sft", "dpo"])
def test_a_data_set_that_was_made_again_after_the_training_judges_nothing(objective: str, tmp_path: Path) -> None:
    one = learnt_from(make_data(tmp_path / "data"), tmp_path, objective=objective)
    make_data(tmp_path / "data", lines=61)
    dresser = SimpleNamespace(base_hash="b")

    with pytest.raises(EvaluationRefused, match=r"no longer, the data set that .* learnt from"):
        evaluate(one, dresser, Bench(MIRA, tmp_path / "data"), now=NOW)  # type: ignore[arg-type]
