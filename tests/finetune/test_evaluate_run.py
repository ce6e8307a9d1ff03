"""A judge who is not there costs nobody the hours of measuring; whatever a person can mend is told in a sentence."""

from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from finetune.candidate import REPORT, candidate
from finetune.cli import app
from finetune.data_cli import plainly
from finetune.errors import EvaluationRefused
from finetune.evaluate_run import reported, run
from finetune.evaluate_suite import Measured
from finetune.evaluation import read_report
from tests.finetune.test_evaluate import report
from tests.finetune.tiny import MIRA, make_persona


def bare_lora(folder: Path) -> Path:
    """A folder that looks like a LoRA from outside."""
    folder.mkdir()
    for name in ("adapter_config.json", "adapter_model.safetensors"):
        (folder / name).write_text("{}")
    return folder


def test_a_judge_whom_nobody_knows_is_told_before_the_base_is_loaded(tmp_path: Path) -> None:
    lora = bare_lora(tmp_path / "lora")

    with pytest.raises(EvaluationRefused, match="no engine 'gpt' to judge, only"):
        run(
            make_persona(tmp_path / "mira.yaml"), lora, data=tmp_path, base=str(tmp_path / "no base"), against=(),
            shelf=None, seed=0, each=1, judge="gpt", tell=lambda what: None,
        )  # fmt: skip

    assert not (lora / REPORT).exists()


def test_a_judge_who_fails_in_the_end_leaves_the_report(tmp_path: Path) -> None:
    lora = bare_lora(tmp_path / "lora")

    with pytest.raises(EvaluationRefused, match="to judge"):
        reported(candidate(lora), Measured(report(), ()), MIRA, judge="gone", tell=lambda what: None)

    assert read_report(lora / REPORT) == report()


@pytest.mark.parametrize("typed", ["publish lora", "canary", "evaluate mira.yaml lora"])
def test_a_mistake_in_the_settings_is_a_sentence_for_every_command(
    typed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    make_persona(tmp_path / "mira.yaml")
    bare_lora(tmp_path / "lora")
    (tmp_path / "greenroom.yaml").write_text("serving:\n  shelff: here\n")

    done = CliRunner().invoke(app, typed.split())

    assert isinstance(done.exception, SystemExit)
    assert "Error: " in done.stderr
    assert "shelff" in done.stderr


@pytest.mark.parametrize("trouble", [OSError(28, "No space left on device"), PermissionError(13, "denied", "shelf")])
def test_what_the_machine_refuses_is_a_sentence(trouble: OSError, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit), plainly():
        raise trouble

    said = capsys.readouterr().err
    assert said.startswith("Error: ")
    assert str(trouble) in said
