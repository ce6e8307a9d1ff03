"""Tombstones outlive a crash that cuts one of them short."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from memory.forgetting import TOMBSTONES, Graveyard

THEN = datetime(2026, 5, 1, tzinfo=UTC)


async def test_a_tombstone_after_one_that_a_crash_cut_short_counts_as_the_others_do(tmp_path: Path) -> None:
    graveyard, file = Graveyard(tmp_path), tmp_path / TOMBSTONES
    await graveyard.bury("web:kim", None, THEN)
    await graveyard.bury("web:lee", None, THEN)
    file.write_bytes(file.read_bytes()[:-20])

    await graveyard.bury("web:ann", None, THEN)
    stones = await graveyard.all()

    assert [stone.covers("web:kim", "mika") for stone in stones] == [True, False]
    assert [stone.covers("web:ann", "mika") for stone in stones] == [False, True]


@pytest.mark.parametrize("line", [b'{"fan": "a', b"5", b"null", b'{"fan": "a"}', b"\xff\xfe", b""])
async def test_a_line_that_is_no_tombstone_hides_no_other(tmp_path: Path, line: bytes) -> None:
    (tmp_path / TOMBSTONES).write_bytes(line + b"\n")

    await Graveyard(tmp_path).bury("web:kim", "mika", THEN)

    (stone,) = await Graveyard(tmp_path).all()
    assert stone.covers("web:kim", "mika")
