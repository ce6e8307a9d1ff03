"""Persona files change while the house is open."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from structlog.testing import capture_logs

from personas import Cast, Changes
from personas.watch import renew, tell, watch, watched_folders

PATIENCE = 20.0


def write(folder: Path, name: str, *, file: str = "nova.yaml", more: str = "") -> None:
    (folder / file).write_text(f"id: {Path(file).stem}\nname: {name}\nwho: Somebody.\n{more}")


@asynccontextmanager
async def watching(cast: Cast) -> AsyncIterator[asyncio.Queue[Changes]]:
    seen: asyncio.Queue[Changes] = asyncio.Queue()
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(watch(cast, on_change=seen.put_nowait, stop=stop))
        await asyncio.sleep(0.3)  # the system's watcher starts in a thread of its own
        try:
            yield seen
        finally:
            stop.set()


async def test_a_saved_file_is_on_stage_for_the_next_turn(tmp_path: Path) -> None:
    write(tmp_path, "Old")
    cast = Cast([tmp_path])
    in_flight = cast.get("nova")

    async with watching(cast) as seen:
        write(tmp_path, "New")
        changes = await asyncio.wait_for(seen.get(), PATIENCE)

    assert changes.changed == ("nova",)
    assert cast.get("nova").name == "New"
    assert in_flight.name == "Old"


async def test_a_broken_file_keeps_the_last_good_version_until_it_is_mended(tmp_path: Path) -> None:
    write(tmp_path, "Good")
    cast = Cast([tmp_path])

    async with watching(cast) as seen:
        write(tmp_path, "Broken", more="nmae: x\n")
        broken = await asyncio.wait_for(seen.get(), PATIENCE)
        name_meanwhile = cast.get("nova").name
        write(tmp_path, "Mended")
        mended = await asyncio.wait_for(seen.get(), PATIENCE)

    assert [finding.key for error in broken.broke for finding in error.findings] == ["nmae"]
    assert name_meanwhile == "Good"
    assert mended.changed == ("nova",)
    assert cast.errors == ()


async def test_a_file_that_others_extend_is_watched_wherever_it_is(tmp_path: Path) -> None:
    (tmp_path / "bases").mkdir()
    (tmp_path / "cast").mkdir()
    (tmp_path / "bases" / "base.yaml").write_text("role: host\n")
    write(tmp_path / "cast", "Nova", more="extends: ../bases/base.yaml\n")
    cast = Cast([tmp_path / "cast"])

    async with watching(cast) as seen:
        (tmp_path / "bases" / "base.yaml").write_text("role: guest\n")
        await asyncio.wait_for(seen.get(), PATIENCE)

    assert cast.get("nova").role == "guest"


async def test_a_cast_without_folders_is_watched_in_peace(tmp_path: Path) -> None:
    cast = Cast([tmp_path / "nothing"])

    async with watching(cast) as seen:
        pass

    assert seen.empty()
    assert watched_folders(cast) == ()


def test_what_broke_is_told_with_file_and_line(tmp_path: Path) -> None:
    write(tmp_path, "Good")
    cast = Cast([tmp_path])
    write(tmp_path, "Broken", more="nmae: x\n")

    with capture_logs() as lines:
        tell(cast.reload())
        tell(cast.reload())

    assert [line["event"] for line in lines] == ["persona_broke"]
    assert "nova.yaml:4:1: 'nmae' is not a key of a persona." in lines[0]["findings"]


async def test_a_change_that_cannot_be_taken_in_is_logged_and_the_next_one_is(tmp_path: Path) -> None:
    write(tmp_path, "Old")
    cast, seen = Cast([tmp_path]), list[Changes]()

    def once_broken(changes: Changes) -> None:
        seen.append(changes)
        if len(seen) == 1:
            raise ValueError("no room to keep it")

    with capture_logs() as lines:
        await renew(cast, once_broken)
        for name in ("New", "Newest"):
            write(tmp_path, name)
            await renew(cast, once_broken)

    assert [line["event"] for line in lines] == ["personas_not_reloaded"]
    assert (len(seen), cast.get("nova").name) == (2, "Newest")


async def test_a_folder_that_cannot_be_looked_at_does_not_end_the_watch(tmp_path: Path) -> None:
    cast = Cast([tmp_path / ("x" * 300), tmp_path])

    async with watching(cast) as seen:
        write(tmp_path, "New")
        changes = await asyncio.wait_for(seen.get(), PATIENCE)

    assert changes.came == ("nova",)
