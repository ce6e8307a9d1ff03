"""Where the questions for two engines come from: the suite's own, and the test part of what the LoRA learnt from."""

from pathlib import Path

import pytest

from finetune.errors import EvaluationRefused, LinesUnreadable
from finetune.evaluate_questions import data_for, known_lines, newest_run, questions
from finetune.train_record import RunRecord
from tests.finetune.tiny import MIRA


def test_questions_are_the_suites_own_and_what_is_answered_in_the_test_part(data: Path) -> None:
    known = known_lines(data, MIRA)

    asked = questions(MIRA, known, fits=lambda prompt: True)
    short = questions(MIRA, known, fits=lambda prompt: False)

    assert asked.real == len(known.held_out) > 0
    assert len(asked.prompts) == len(asked.blocks) == len(short.prompts) + asked.real
    assert short.real == 0
    assert all(prompt[0].role == "system" and "Mira" in prompt[0].content for prompt in asked.prompts)


def test_another_personas_data_is_refused(data: Path) -> None:
    with pytest.raises(EvaluationRefused, match="is mira's data set, and the persona is noor"):
        known_lines(data, MIRA.model_copy(update={"id": "noor"}))


def test_the_newest_runs_data_is_asked_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for day, name in ((2, "new"), (1, "old")):
        folder = Path("runs") / name
        (folder / "lora").mkdir(parents=True)
        for file in ("adapter_config.json", "adapter_model.safetensors"):
            (folder / "lora" / file).write_text("{}")
        record(folder, data=f"data/{name}", day=day)

    assert newest_run("mira") == Path("runs/new")
    assert data_for(MIRA, data=None, run=None) == Path("data/new")
    assert data_for(MIRA, data=None, run=Path("runs/old")) == Path("data/old")
    assert data_for(MIRA, data=Path("mine"), run=None) == Path("mine")
    assert newest_run("noor") is None


def record(folder: Path, *, data: str, day: int) -> None:
    """A run that came to its end."""
    when = f"2026-11-0{day}T00:00:00Z"
    said = {"folder": folder, "persona": "mira", "persona_version": "1", "recipe": {}, "base": "b", "base_hash": "h",
            "data": data, "data_hash": "d", "seed": 0, "started_at": when, "finished_at": when}  # fmt: skip
    RunRecord.model_validate(said).write()


def test_a_folder_that_is_no_data_set_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(LinesUnreadable, match="no data set; make one with: greenroom finetune data"):
        known_lines(tmp_path, MIRA)
