"""What is known of a LoRA that wants to go on stage: whose lines it learnt, and what it must be judged by."""

from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from finetune.candidate import Candidate
from finetune.errors import EvaluationRefused
from finetune.gate import changed
from finetune.train_record import RunRecord


def trained(folder: Path, **known: Any) -> Candidate:
    """A LoRA as far as its record says; it has no files."""
    record = RunRecord.model_validate(
        {
            "folder": folder,
            "persona": "mira",
            "persona_version": "1",
            "recipe": {"objective": "dpo"},
            "base": "base",
            "base_hash": "b",
            "data": "likings",
            "data_hash": "the hash of likings",
            "seed": 0,
            "started_at": datetime(2026, 11, 25, tzinfo=UTC),
        }
        | known
    )
    return Candidate(folder, folder, record)


def judged_by(data_hash: str) -> Any:
    """A report, as far as it says what it was judged by."""
    return SimpleNamespace(lora_hashes={}, data_hash=data_hash, persona="mira")


def doubts(one: Candidate, data_hash: str) -> list[str]:
    return [doubt for doubt in changed(one, judged_by(data_hash)) if "other data" in doubt]


def of_lines(folder: Path) -> Candidate:
    (folder / "adapter_config.json").touch()
    (folder / "adapter_model.safetensors").touch()
    return trained(folder, began_data="data/mira", began_data_hash="lines")


def test_preferences_are_judged_by_the_lines_that_were_learnt_before_them(tmp_path: Path) -> None:
    one = of_lines(tmp_path)

    assert one.data(None) == Path("data/mira")
    assert doubts(one, "lines") == []
    assert len(doubts(one, "other lines")) == 1


def test_lines_are_judged_by_their_own_data_set_whatever_came_before(tmp_path: Path) -> None:
    one = of_lines(tmp_path)
    assert one.record
    own = Candidate(tmp_path, tmp_path, one.record.model_copy(update={"recipe": {"objective": "sft"}}))

    assert own.data(None) == Path("likings")
    assert len(doubts(own, "lines")) == 1


def test_preferences_that_began_with_nothing_must_name_what_they_are_judged_by(tmp_path: Path) -> None:
    with pytest.raises(EvaluationRefused, match="--data"):
        trained(tmp_path).data(None)
