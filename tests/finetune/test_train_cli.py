"""What a creator types, and reads."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from finetune.cli import app
from finetune.train_curve import best_look, braille, draw, smoothed
from finetune.train_record import RunRecord, finished_record
from tests.finetune.tiny import QUICK, make_base, make_data, make_persona

pytestmark = [
    pytest.mark.timeout(900),
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning"),
]


def test_a_creator_trains_and_reads_what_came_of_it(tmp_path: Path) -> None:
    persona, base = make_persona(tmp_path / "mira.yaml"), make_base(tmp_path / "base")
    data = make_data(tmp_path / "data")
    changes = [part for said in (*QUICK, "epochs=0.5") for part in ("--set", said)]
    said = ["train", str(persona), "--data", str(data), "--base", str(base), "--to", str(tmp_path / "run"), *changes]

    ran = CliRunner().invoke(app, [*said, "--json"])

    assert ran.exit_code == 0, ran.output
    record = RunRecord.model_validate(json.loads(ran.stdout.splitlines()[-1]) | {"folder": tmp_path / "run"})
    assert record == finished_record(tmp_path / "run")
    assert "conversations to learn from" in ran.stderr
    assert "held out" in ran.stderr


def test_what_a_creator_can_mend_is_said_in_a_sentence(tmp_path: Path) -> None:
    persona = make_persona(tmp_path / "mira.yaml")

    for said, told in (
        (["--recipe", "lroa"], "There is no recipe 'lroa'"),
        (["--set", "lora.rnak=8"], "Did you mean 'rank'?"),
        (["--data", str(tmp_path)], "is no data set"),
        (["--from", str(tmp_path)], "holds no run"),
    ):
        ran = CliRunner().invoke(app, ["train", str(persona), "--data", str(make_data(tmp_path / "data")), *said])

        assert ran.exit_code == 1
        assert ran.stderr.startswith("Error: ")
        assert told in ran.stderr
        assert "Traceback" not in ran.stderr


def test_the_shipped_recipes_are_listed_with_what_they_are_for() -> None:
    listed = json.loads(CliRunner().invoke(app, ["recipes", "--json"]).stdout)

    assert next(iter(listed)) == "lora"
    assert listed["adalora"].startswith("AdaLoRA (Zhang et al. 2023)")
    assert all(line.endswith(".") for line in listed.values())


def test_a_curve_falls_from_its_left_top_to_its_right_bottom() -> None:
    lines = braille([(step, 10.0 - step) for step in range(11)], width=10, height=4)

    assert [len(line) for line in lines] == [10] * 4
    assert lines[0][0] != chr(0x2800)
    assert lines[0][-1] == chr(0x2800) == lines[-1][0]
    assert lines[-1][-1] != chr(0x2800)


def test_a_curve_of_one_point_or_none_is_drawn_too(tmp_path: Path) -> None:
    assert braille([], width=4, height=2) == []
    assert len(braille([(1, 2.0)], width=4, height=2)) == 2
    draw([], tmp_path / "loss.png", title="nothing yet")
    assert (tmp_path / "loss.png").read_bytes()[:4] == b"\x89PNG"


def test_a_smoothed_curve_begins_where_the_real_one_does() -> None:
    assert [loss for _, loss in smoothed([(1, 4.0), (2, 4.0)])] == pytest.approx([4.0, 4.0])


def test_of_equal_looks_the_first_is_the_best() -> None:
    history = [{"step": 1, "loss": 1.0}, {"step": 2, "eval_loss": 3.0}, {"step": 4, "eval_loss": 3.0}]

    assert best_look(history) == (2, 3.0)
    assert best_look(history[:1]) is None
