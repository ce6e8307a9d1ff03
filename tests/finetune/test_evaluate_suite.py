"""What is refused before anything is measured."""

from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from finetune.candidate import Candidate
from finetune.cleaning import CleaningReport
from finetune.conversation import Conversation
from finetune.dataset import read_part, read_sheet, write_dataset
from finetune.errors import EvaluationRefused
from finetune.evaluate_lines import both_sides
from finetune.evaluate_suite import Bench, evaluate, listener, read_parts
from finetune.line import Line
from finetune.splitting import split
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


def data_of(folder: Path, asked: str, answered: str) -> Path:
    """Sixty exchanges that differ by their number."""
    said = [Conversation((Line("Kim", asked.format(n)),), answered.format(n), f"b{n}") for n in range(60)]
    write_dataset(folder, split(said), MIRA, "Mira", CleaningReport())
    return folder


class Deaf:
    """A dresser that must not be asked for anything yet."""

    base_hash = "b"

    def fits(self, row: object) -> bool:
        return True


def test_too_few_lines_to_tell_a_voice_by_are_told_before_anything_is_measured(tmp_path: Path) -> None:
    data = data_of(tmp_path / "data", "Do you have tea number {}?", "Tea {}.")

    with pytest.raises(EvaluationRefused, match="too small for telling speakers apart"):
        evaluate(learnt_from(data, tmp_path), Deaf(), Bench(MIRA, data), now=NOW)  # type: ignore[arg-type]


def test_a_character_who_speaks_chinese_has_a_voice_to_tell_by(tmp_path: Path) -> None:
    data = data_of(tmp_path, "那你明天第{}次来的时候，可以带上吉他吗？", "我今天在雨里唱了第{}首歌，真的很开心。")
    bench = Bench(MIRA, data)

    ear = listener(bench, read_parts(bench, Deaf()))  # type: ignore[arg-type]

    assert ear.votes([["我在雨里唱歌，很开心。"], ["你明天来吗？带上吉他吗？"]], "mira") == [True, False]
    assert len(both_sides(read_part(data, "test"))[1]) > 0
