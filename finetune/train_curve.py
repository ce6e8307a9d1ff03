"""The losses of a run to look at: a few lines of braille for the terminal, a picture for everyone else."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeAlias

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

Point: TypeAlias = tuple[float, float]
Rows: TypeAlias = Sequence[dict[str, Any]]
BRAILLE = 0x2800
DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))  # a sign is two dots wide and four high


def learnt(history: Rows) -> list[Point]:
    """Step and loss of what is learnt."""
    return [(row["step"], row["loss"]) for row in history if "loss" in row]


def held_out(history: Rows) -> list[Point]:
    """Step and loss of what is held out."""
    return [(row["step"], row["eval_loss"]) for row in history if "eval_loss" in row]


def best_look(history: Rows) -> Point | None:
    """Step and loss of the lowest held-out loss, the first of equals."""
    return min(held_out(history), key=lambda point: point[1], default=None)


def braille(points: Sequence[Point], *, width: int, height: int) -> list[str]:
    """The points as `height` lines of `width` signs, the highest value on top."""
    if not points:
        return []
    across, up = [x for x, _ in points], [y for _, y in points]
    signs = [[BRAILLE] * width for _ in range(height)]
    for x, y in points:
        column = place(x, min(across), max(across), 2 * width)
        row = 4 * height - 1 - place(y, min(up), max(up), 4 * height)
        signs[row // 4][column // 2] |= DOTS[row % 4][column % 2]
    return ["".join(map(chr, line)) for line in signs]


def place(value: float, low: float, high: float, dots: int) -> int:
    """Which of so many dots a value falls on."""
    return round((value - low) / (high - low) * (dots - 1)) if high > low else 0


def smoothed(points: Sequence[Point], *, over: float = 0.9) -> list[Point]:
    """Exponential mean, corrected for its beginning (Kingma and Ba 2015, section 3)."""
    mean, made = 0.0, list[Point]()
    for number, (x, y) in enumerate(points, start=1):
        mean = over * mean + (1 - over) * y
        made.append((x, mean / (1 - over**number)))
    return made


def draw(history: Rows, path: Path, *, title: str) -> None:
    """Both losses over the steps as a PNG; whole, or not at all."""
    figure = Figure(figsize=(8, 4.5), layout="constrained")
    axes = figure.add_subplot()
    if points := learnt(history):
        axes.plot(*zip(*points, strict=True), color="#b9b4cc", linewidth=0.8, label="learnt, each step")
        axes.plot(*zip(*smoothed(points), strict=True), color="#4b3f8f", label="learnt, smoothed")
    if points := held_out(history):
        axes.plot(*zip(*points, strict=True), color="#c2571a", marker="o", label="held out")
    if best := best_look(history):
        axes.axvline(best[0], color="#c2571a", linestyle=":", label=f"kept: step {best[0]}")
    axes.set(xlabel="step", ylabel="loss, nats per token", title=title)
    axes.grid(alpha=0.3)
    if axes.has_data():
        axes.legend()
    partial = path.with_name(f".{path.name}.{os.getpid()}.png")
    FigureCanvasAgg(figure).print_png(str(partial))
    partial.replace(path)
