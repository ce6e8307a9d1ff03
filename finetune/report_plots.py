"""Plots as SVG inside the page: intervals on a line, losses by step, lengths of lines. No script, no file beside it."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import numpy as np

from finetune.evaluate_statistics import Figure

WIDTH, ROW, LEFT, RIGHT = 640, 26, 190, 110


def intervals(rows: Sequence[tuple[str, Figure]], *, zero: bool, label: str) -> str:
    """Each figure as a point with its interval, one below the other, on one scale."""
    ends = [end for _, f in rows for end in (f.value, f.low, f.high) if end is not None] + ([0.0] if zero else [])
    low, high = padded(min(ends), max(ends))
    height = ROW * len(rows) + 34
    parts = [ticks(low, high, height)]
    if zero:
        parts.append(line("zero", x_of(0, low, high), x_of(0, low, high), 4, height - 26))
    for number, (name, figure) in enumerate(rows):
        parts.append(interval(name, figure, ROW * number + 18, low, high))
    return svg(parts, height, label)


def interval(name: str, figure: Figure, y: int, low: float, high: float) -> str:
    """One point, its line, its name on the left and its value on the right."""
    whisker = ""
    if figure.low is not None and figure.high is not None:
        whisker = line("whisker", x_of(figure.low, low, high), x_of(figure.high, low, high), y, y)
    point = f'<circle cx="{x_of(figure.value, low, high):.1f}" cy="{y}" r="4"/>'
    value = words(WIDTH - RIGHT + 12, y + 4, f"{figure.value:.3f}")
    return words(LEFT - 10, y + 4, name, at="end") + whisker + point + value


def losses(history: Sequence[Mapping[str, Any]], label: str) -> str:
    """The training's own curve: what was learnt, and what was held out."""
    learnt = [(row["step"], row["loss"]) for row in history if "loss" in row and "step" in row]
    held_out = [(row["step"], row["eval_loss"]) for row in history if "eval_loss" in row and "step" in row]
    points = learnt + held_out
    if len(points) < 2:
        return ""
    low, high = padded(min(y for _, y in points), max(y for _, y in points))
    last, height = max(x for x, _ in points), 220
    lines = [
        f'<polyline class="{kind}" points="{curve(points, last, low, high, height)}"/>'
        for kind, points in (("learnt", learnt), ("held", held_out))
        if points
    ]
    marks = [
        words(LEFT - 10, height - 30 - (value - low) / (high - low) * (height - 50), f"{value:.2f}", at="end")
        for value in np.linspace(low, high, 4)
    ]
    x = WIDTH - RIGHT
    legend = [words(x + 12, 30, "learnt", of="k-learnt"), words(x + 12, 48, "held out", of="k-held")]
    steps = [words(LEFT, height - 6, "step 0"), words(x, height - 6, f"{last}", at="end")]
    return svg([*lines, *marks, *legend, *steps], height, label)


def curve(points: Sequence[tuple[float, float]], last: float, low: float, high: float, height: int) -> str:
    """The points of a polyline."""
    span = WIDTH - LEFT - RIGHT
    return " ".join(
        f"{LEFT + x / last * span:.1f},{height - 34 - (y - low) / (high - low) * (height - 50):.1f}" for x, y in points
    )


def bars(sets: Mapping[str, Sequence[int]], label: str, *, bins: int = 12) -> str:
    """How many lines have how many words, for each set, side by side."""
    most = max((max(values) for values in sets.values() if values), default=1)
    edges = np.linspace(0, most + 1, bins + 1)
    height, span = 190, WIDTH - LEFT - RIGHT
    shares = {name: np.histogram(values, edges)[0] / max(1, len(values)) for name, values in sets.items()}
    tallest = max((share.max() for share in shares.values()), default=1.0) or 1.0
    wide = span / bins / (len(sets) + 0.6)
    parts = [
        bar(row, LEFT + span / bins * place + wide * row, wide, share / tallest * (height - 50), height - 30)
        for row, values in enumerate(shares.values())
        for place, share in enumerate(values)
    ]
    x = WIDTH - RIGHT
    parts += [words(x + 12, 30 + 18 * row, name, of=f"t{row}") for row, name in enumerate(sets)]
    return svg([*parts, words(LEFT, height - 8, "0 words"), words(x, height - 8, f"{most}", at="end")], height, label)


def bar(row: int, x: float, wide: float, tall: float, floor: float) -> str:
    return f'<rect class="b{row}" x="{x:.1f}" y="{floor - tall:.1f}" width="{wide:.1f}" height="{tall:.1f}"/>'


def ticks(low: float, high: float, height: int) -> str:
    """Four values along the bottom."""
    return "".join(
        words(x_of(value, low, high), height - 6, f"{value:.2f}", at="middle", of="tick")
        for value in np.linspace(low, high, 4)
    )


def x_of(value: float, low: float, high: float) -> float:
    return LEFT + (value - low) / (high - low) * (WIDTH - LEFT - RIGHT)


def padded(low: float, high: float) -> tuple[float, float]:
    """A little room on both sides, and never none at all."""
    room = 0.06 * (high - low) or 0.5
    return low - room, high + room


def words(x: float, y: float, said: str, *, at: str = "start", of: str = "") -> str:
    """A word in the picture."""
    return f'<text class="{of}" x="{x:.1f}" y="{y:.1f}" text-anchor="{at}">{escape(said)}</text>'


def line(kind: str, x1: float, x2: float, y1: float, y2: float) -> str:
    return f'<line class="{kind}" x1="{x1:.1f}" x2="{x2:.1f}" y1="{y1:.1f}" y2="{y2:.1f}"/>'


def svg(parts: Sequence[str], height: int, label: str) -> str:
    named = escape(label, quote=True)
    return f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{named}">{"".join(parts)}</svg>'
