"""Texts with their labels, as GoEmotions writes them: text, tab, label numbers with commas between, and so on."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from finetune.errors import LinesUnreadable


@dataclass(frozen=True)
class Labelled:
    """n texts and their targets, float32 of shape (n, k), 1 where a label holds."""

    texts: tuple[str, ...]
    targets: NDArray[np.float32]
    labels: tuple[str, ...]

    @classmethod
    def read(cls, path: Path, labels: tuple[str, ...]) -> Self:
        """Every line of a TSV file; a line that doesn't fit is an error that names it."""
        rows = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
        targets = np.zeros((len(rows), len(labels)), dtype=np.float32)
        for number, row in enumerate(rows, start=1):
            targets[number - 1, label_numbers(row, len(labels), where=f"{path}:{number}")] = 1
        return cls(tuple(row[0] for row in rows), targets, labels)

    def __len__(self) -> int:
        return len(self.texts)

    def part(self, rows: NDArray[np.int64]) -> Self:
        """Some of the rows."""
        return type(self)(tuple(self.texts[row] for row in rows), self.targets[rows], self.labels)


def label_names(path: Path) -> tuple[str, ...]:
    """The names in a file of labels, one a line."""
    names = tuple(line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip())
    if not names:
        raise LinesUnreadable(f"{path} names no labels; write one a line.")
    return names


def label_numbers(row: list[str], labels: int, *, where: str) -> list[int]:
    """The label numbers of one row."""
    try:
        numbers = [int(number) for number in row[1].split(",")]
    except (IndexError, ValueError) as exc:
        raise LinesUnreadable(f"{where}: expected text, a tab and label numbers such as 3,17.") from exc
    if not all(0 <= number < labels for number in numbers):
        raise LinesUnreadable(f"{where}: there are {labels} labels, numbered from 0, and this line names {row[1]}.")
    return numbers
