"""A head learns labels from lines, keeps them in a small file, and says honestly how well it reads."""

from pathlib import Path

import numpy as np
import pytest

from finetune.classifier import Settings, evaluate, train
from finetune.errors import LinesUnreadable
from finetune.labelled import Labelled, label_names
from serving.label_head import LabelHead
from serving.testing import HashingEncoder

LABELS = ("glad", "cross")
GLAD = ["what a lovely day", "i love this song", "so happy for you", "lovely , thank you", "i am happy today"]
CROSS = ["this is awful", "stop that noise", "i hate waiting", "awful , simply awful", "i hate this noise"]


def lines_of(folder: Path) -> Labelled:
    path = folder / "lines.tsv"
    rows = [f"{text} {n}\t0\tid" for n in range(20) for text in GLAD] + [
        f"{text} {n}\t1\tid" for n in range(20) for text in CROSS
    ]
    path.write_text("\n".join(rows))
    return Labelled.read(path, LABELS)


async def test_a_head_learns_to_tell_two_feelings_apart(tmp_path: Path) -> None:
    lines = lines_of(tmp_path)
    vectors = await HashingEncoder().encode(lines.texts)

    head = train(lines, vectors, Settings(seen_at_least=1, epochs=2))

    assert evaluate(head, lines, vectors).macro_f1 > 0.95


async def test_a_head_reads_the_same_after_it_was_saved(tmp_path: Path) -> None:
    lines = lines_of(tmp_path)
    vectors = await HashingEncoder().encode(lines.texts)
    head = train(lines, vectors, Settings(seen_at_least=1, epochs=1))
    head.save(tmp_path / "head.npz")

    again = LabelHead.load(tmp_path / "head.npz")

    before = [head.probabilities(text, vector) for text, vector in zip(lines.texts, vectors, strict=True)]
    after = [again.probabilities(text, vector) for text, vector in zip(lines.texts, vectors, strict=True)]
    assert np.abs(np.array(before) - np.array(after)).max() < 0.03


async def test_lines_in_disorder_teach_nothing(tmp_path: Path) -> None:
    lines = lines_of(tmp_path)
    rng = np.random.default_rng(0)
    shuffled = Labelled(lines.texts, lines.targets[rng.permutation(len(lines))], LABELS)
    vectors = rng.normal(size=(len(lines), 64)).astype(np.float32)

    head = train(shuffled, vectors, Settings(seen_at_least=1, epochs=1))

    assert evaluate(head, lines, vectors).macro_f1 < 0.8


@pytest.mark.parametrize(
    ("row", "said"), [("hello", "expected text, a tab"), ("hello\tx", "expected text"), ("hello\t7\tid", "2 labels")]
)
def test_a_line_that_cannot_be_read_is_named(tmp_path: Path, row: str, said: str) -> None:
    path = tmp_path / "lines.tsv"
    path.write_text(f"fine\t0\tid\n{row}\n")

    with pytest.raises(LinesUnreadable, match=said) as caught:
        Labelled.read(path, LABELS)

    assert ":2:" in str(caught.value)


def test_a_file_without_labels_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "labels.txt"
    path.write_text("\n")

    with pytest.raises(LinesUnreadable, match="names no labels"):
        label_names(path)
