"""Piece by piece, the memory that says what was asked goes before the one that only sounds like it."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from memory.chroma_rows import metadata_of, record_of
from memory.ranking_tokens import WIDTH, Sketch, Sketcher, SketchRows
from memory.ranking_vectors import BESIDE, in_place, turn_vectors, window
from memory.scope import Scope
from personas import Place
from serving.testing import HashingEncoder
from tests.memory.builders import ReadingEncoder
from tests.memory.test_recall_ranking import line

KIM = Scope("mika", "web:robin", Place("web:1"))


def sketch(*pieces: int) -> Sketch:
    """Every piece is a direction of its own."""
    return Sketch(np.array(pieces, dtype=np.uint16), (np.eye(WIDTH)[list(pieces)] * 127).astype(np.int8))


def alone(rows: int) -> NDArray[np.int64]:
    """Rows that stand beside nothing."""
    near = np.full((rows, 5), -1)
    near[:, 0] = np.arange(rows)
    return near


def test_a_sketch_is_the_same_after_it_was_stored() -> None:
    kept = Sketch(np.array([1, 700, 30521], dtype=np.uint16), np.full((3, WIDTH), -127, dtype=np.int8))

    back = Sketch.unpacked(kept.packed())

    assert (back.pieces == kept.pieces).all()
    assert (back.states == kept.states).all()


def test_the_memory_that_holds_more_of_the_pieces_is_closer() -> None:
    rows = SketchRows()
    for kept in (sketch(1, 2, 3), sketch(1, 5, 6), sketch(7, 8)):
        rows.add(kept.packed())

    close = rows.closeness(sketch(1, 2), alone(3))

    assert close[0] > close[1] > close[2]


def test_a_rare_piece_weighs_more_than_one_that_every_memory_holds() -> None:
    rows = SketchRows()
    for kept in (sketch(1, 2), sketch(1, 3), sketch(1, 4), sketch(9, 5)):
        rows.add(kept.packed())

    close = rows.closeness(sketch(1, 5), alone(4))

    assert close[3] == close.max()


def test_a_memory_without_a_sketch_is_taken_for_an_average_one() -> None:
    rows = SketchRows()
    for packed in (sketch(1).packed(), b"", sketch(2).packed()):
        rows.add(packed)

    close = rows.closeness(sketch(1), alone(3))

    assert close[0] > close[1] > close[2]


def test_without_any_sketch_nothing_is_closer_than_anything() -> None:
    rows = SketchRows()
    rows.add(b"")

    assert rows.closeness(sketch(1), alone(1)).tolist() == [0.0]


async def test_an_encoder_without_a_projection_makes_no_sketches() -> None:
    vectors, sketches = await Sketcher(HashingEncoder(64)).read(["hello"])

    assert vectors.shape == (1, 64)
    assert sketches == [None]


def test_what_stands_beside_a_match_is_closer_than_what_stands_nowhere_near() -> None:
    rows = SketchRows()
    for kept in (sketch(1, 2), sketch(7, 8), sketch(7, 9), sketch(5, 6), sketch(5, 7)):
        rows.add(kept.packed())
    line = np.array([[0, -1, 1, -1, 2], [1, 0, 2, -1, 3], [2, 1, 3, 0, 4], [3, 2, 4, 1, -1], [4, 3, -1, 2, -1]])

    close = rows.closeness(sketch(1, 2), line)

    assert close[0] > close[1] > close[2] > close[3] >= close[4]


async def test_where_a_sketch_keeps_the_line_the_vector_is_of_what_stands_around_it() -> None:
    encoder = ReadingEncoder(384)
    lines = [line(number, f"word{number} and more") for number in range(5)]

    placed = await in_place(Sketcher(encoder), lines, first=2)

    expected = await encoder.encode([window(lines, at) for at in range(2, 5)])
    assert np.allclose(np.stack([one.vector for one in placed if one.vector is not None]), expected)
    assert [len(Sketch.unpacked(one.tokens).pieces) for one in placed] == [3, 3, 3]


async def test_a_line_that_has_its_sketch_is_not_read_for_it_again() -> None:
    encoder = ReadingEncoder(384)
    lines = [line(number, f"word{number} and more") for number in range(3)]
    placed = await in_place(Sketcher(encoder), lines)
    encoder.has_read.clear()

    grown = await in_place(Sketcher(encoder), [*placed, line(3, "word3 at last")], first=2)

    assert encoder.has_read == ["word3 at last"]
    assert grown[0].tokens == placed[2].tokens
    before, after = (one.vector for one in (placed[2], grown[0]))
    assert before is not None
    assert after is not None
    assert not np.allclose(before, after)


async def test_without_sketches_the_vector_holds_the_line_itself_as_well() -> None:
    encoder = HashingEncoder(384)
    lines = [line(number, f"word{number} and more") for number in range(5)]

    placed = await in_place(Sketcher(encoder), lines, first=2)

    expected = await turn_vectors(encoder, lines, first=2)
    assert np.allclose(np.stack([one.vector for one in placed if one.vector is not None]), expected)


async def test_a_record_keeps_its_sketch_in_the_index() -> None:
    (placed,) = await in_place(Sketcher(ReadingEncoder(384)), [line(1, "three short words")])
    row = metadata_of(KIM, placed)

    back = record_of(KIM, placed.text, row, placed.vector)

    assert back.tokens == placed.tokens != b""
    assert record_of(KIM, "", metadata_of(KIM, replace(placed, tokens=b"")), placed.vector).tokens == b""


def test_a_short_line_keeps_its_words_between_two_long_ones() -> None:
    long = " ".join(f"word{number}" for number in range(400))
    lines = [line(0, long), line(1, "My cat is called Biscuit."), line(2, long)]

    around = window(lines, 1)

    before, own, after = around.split("\n")
    assert own == "My cat is called Biscuit."
    assert long.endswith(before)
    assert long.startswith(after)
    assert before.split()[0] in long.split()
    assert max(len(before), len(after)) <= BESIDE


def test_what_stands_beside_is_cut_between_signs_where_there_are_no_spaces() -> None:
    long = "猫" * 400
    around = window([line(0, long), line(1, "我的猫叫饼干。"), line(2, long)], 1)

    assert around == "猫" * (BESIDE // 3) + "\n我的猫叫饼干。\n" + "猫" * (BESIDE // 3)
