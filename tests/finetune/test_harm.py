"""A head that was trained to read harm keeps harmful replies out of what is learnt."""

from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from finetune.cli import app
from finetune.data_run import Ingredients, run
from finetune.harm import HarmReader
from serving.label_head import LabelHead
from serving.testing import HashingEncoder
from tests.finetune.stage import persona_file

WORDS = ("vile", "lamp")


def head(dim: int) -> LabelHead:
    """Reads 'vile' as hateful and 'lamp' as safe, and nothing off the vectors."""
    zeros = np.zeros((dim, 1), dtype=np.float32)
    return LabelHead(
        labels=("hateful", "safe"),
        vocabulary={word: row for row, word in enumerate(WORDS)},
        idf=np.ones(2, dtype=np.float32),
        words=np.array([[9, -9], [-9, 9]], dtype=np.float32),
        word_bias=np.array([-9, -9], dtype=np.float32),
        hidden=zeros,
        hidden_bias=np.zeros(1, dtype=np.float32),
        out=np.zeros((1, 2), dtype=np.float32),
        out_bias=np.zeros(2, dtype=np.float32),
        scale=np.full(2, 4, dtype=np.float32),
        shift=np.full(2, 2, dtype=np.float32),
        thresholds=np.full(2, 0.5, dtype=np.float32),
        share=1.0,
    )


def reader() -> HarmReader:
    encoder = HashingEncoder()
    return HarmReader(encoder, head(encoder.dim))


async def test_only_labels_that_mean_harm_count() -> None:
    assert await reader().among(["what a vile thing", "a lamp is a lamp", "nothing known"]) == {"what a vile thing"}


async def test_harmful_replies_are_left_out_and_counted(tmp_path: Path) -> None:
    play = tmp_path / "play.txt"
    play.write_text("KIM. Well?\n\nMIKA. What a vile thing to say to me.\n\nKIM. And?\n\nMIKA. The lamp hums again.\n")

    ingredients = Ingredients((play,), harm=reader())
    sheet = await run(persona_file(tmp_path), ingredients, speaker="MIKA", to=tmp_path / "out")

    assert sheet.left_out == {"unsafe": 1}
    assert sum(sheet.conversations.values()) == 1


@pytest.mark.parametrize(
    ("option", "told"),
    [
        (["--harm-head", "nowhere.npz"], "no label head at nowhere.npz"),
        (["--paraphrase", "nobody"], "no engine 'nobody'"),
    ],
    ids=["a head", "an engine"],
)
def test_what_is_not_there_is_named_before_anything_is_made(tmp_path: Path, option: list[str], told: str) -> None:
    play = tmp_path / "play.txt"
    play.write_text("KIM. Well?\n\nMIKA. The lamp hums again.\n")
    typed = ["data", str(persona_file(tmp_path)), str(play), "--speaker", "MIKA", "--to", str(tmp_path / "out")]

    done = CliRunner().invoke(app, [*typed, *option])

    assert done.exit_code == 1
    assert told in done.output
    assert not (tmp_path / "out").exists()
