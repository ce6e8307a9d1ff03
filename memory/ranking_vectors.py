"""What of a talk goes into a memory's vector: the line itself, what stands around it, and the question it answers.

    vector = unit( E(line before, line, line after) + half of E(the question just before, if there is one) )

"Yes, on Friday" says nothing by itself; with the question before it, it does. All parts are in one vector, so that a
question is compared once and the index holds one vector for each memory. What the line itself says, its sketch keeps
(`ranking_tokens`); where the encoder makes none, E(line) is added.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from memory.questions import is_question
from memory.ranking_tokens import Sketcher
from memory.record import Record
from serving import Encoder

QUESTION_BEFORE = 0.5
BESIDE = 300  # bytes of the lines before and after: sixty words, a hundred Chinese signs


async def in_place(sketcher: Sketcher, lines: Sequence[Record], *, first: int = 0) -> list[Record]:
    """`lines[first:]` with the vectors of `turn_vectors` and the sketches of their own words, if they have none yet."""
    begin = max(first - 1, 0)
    asked = {at - 1 for at in range(max(first, 1), len(lines)) if answers(lines[at - 1], lines[at])}
    blank = {at for at in range(first, len(lines)) if not lines[at].tokens}
    read = sorted(asked | blank)
    vectors, sketches = await sketcher.read([lines[at].text for at in read])
    around = await sketcher.vectors([window(lines, at) for at in range(first, len(lines))])
    alone = np.zeros((len(lines) - begin, around.shape[1]), dtype=np.float32)
    alone[[at - begin for at in read]] = vectors
    rows = mixed(lines, first, alone, around, own=0.0 if all(sketches) else 1.0)
    packed = {at: sketch.packed() for at, sketch in zip(read, sketches, strict=True) if sketch}
    return [
        replace(line, vector=row, tokens=packed.get(at, line.tokens))
        for at, (line, row) in enumerate(zip(lines[first:], rows, strict=True), start=first)
    ]


async def turn_vectors(encoder: Encoder, lines: Sequence[Record], *, first: int = 0) -> NDArray[np.float32]:
    """Unit vectors of `lines[first:]`, float32 of shape (len(lines) - first, dim).

    `lines` are utterances in the order they were said. Give the one or two before `first` as well: the line just
    before a new one gets a new vector, too, because its window grew.
    """
    alone = await encoder.encode([line.text for line in lines[max(first - 1, 0) :]])
    around = await encoder.encode([window(lines, at) for at in range(first, len(lines))])
    return mixed(lines, first, alone, around, own=1.0)


def mixed(
    lines: Sequence[Record], first: int, alone: NDArray[np.float32], around: NDArray[np.float32], *, own: float
) -> NDArray[np.float32]:
    """The formula of this module's head, with `own` times E(line); `alone` begins one line before `first`, if any."""
    begin = max(first - 1, 0)
    before = np.zeros_like(around)
    for at in range(max(first, 1), len(lines)):
        if answers(lines[at - 1], lines[at]):
            before[at - first] = alone[at - 1 - begin]
    total = own * alone[first - begin :] + around + QUESTION_BEFORE * before
    return np.asarray(total / np.linalg.norm(total, axis=1, keepdims=True), dtype=np.float32)


def window(lines: Sequence[Record], at: int) -> str:
    """A line with the end of the one before and the beginning of the one after it in the same session.

    Whole, a long reply would push a short line out of what an encoder reads.
    """
    line = lines[at]
    before = [end(one.text) for one in lines[max(at - 1, 0) : at] if one.session == line.session]
    after = [beginning(one.text) for one in lines[at + 1 : at + 2] if one.session == line.session]
    return "\n".join([*before, line.text, *after])


def end(text: str) -> str:
    """The last of a line, from a word's beginning where there are spaces."""
    if len(text.encode()) <= BESIDE:
        return text
    last = text.encode()[-BESIDE:].decode(errors="ignore")
    return last.partition(" ")[2] or last


def beginning(text: str) -> str:
    """The first of a line, to a word's end where there are spaces."""
    if len(text.encode()) <= BESIDE:
        return text
    first = text.encode()[:BESIDE].decode(errors="ignore")
    return first.rpartition(" ")[0] or first


def answers(before: Record, line: Record) -> bool:
    """Whether a line follows a question of somebody in the same session, and isn't one itself."""
    return before.session == line.session and is_question(before.text) and not is_question(line.text)
