"""What the understudy's commands say to what they can't do."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from finetune.cli import app

SHIPPED = "serving/understudy"


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (["train"], "say how long: --minutes 64, or --tokens 35000000."),
        (["train", "--minutes", "1", "--start", "{nowhere}"], "there is no {nowhere}/config.json"),
        (["train", "--minutes", "1", "--layers", "9"], "never fewer"),
        (["train", "--minutes", "1", "--start", SHIPPED, "--layers", "1"], "never fewer"),
        (["evaluate", "--folder", "{nowhere}"], "there is no {nowhere}/config.json"),
        (["export", "--run", "{nowhere}"], "there is no {nowhere}/model/config.json"),
        (["read", "--folder", "{nowhere}"], "there is no {nowhere}/config.json"),
        (["card", "--run", "{nowhere}"], "there is no {nowhere}/run.json"),
    ],
)
def test_what_is_missing_is_said_in_a_sentence(typed: list[str], said: str, tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere"

    result = CliRunner().invoke(app, ["understudy", *(word.format(nowhere=nowhere) for word in typed)])

    assert result.exit_code == 1
    assert result.stderr.startswith("Error: ")
    assert said.format(nowhere=nowhere) in result.stderr
    assert not nowhere.exists()


@pytest.mark.parametrize(
    "typed",
    [
        ["train", "--minutes", "-1"],
        ["train", "--tokens", "-5"],
        ["train", "--size", "70b"],
        ["train", "--optimiser", "sgd"],
        ["train", "--minutes", "1", "--batch", "0"],
        ["evaluate", "--count", "0"],
        ["read", "--count", "0"],
        ["export", "--share", "1.5"],
    ],
)
def test_a_number_or_a_name_out_of_range_is_a_usage_error(typed: list[str]) -> None:
    result = CliRunner().invoke(app, ["understudy", *typed])

    assert result.exit_code == 2
    assert "Invalid value" in result.stderr
