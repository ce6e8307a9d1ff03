"""Brings changed persona files on stage while the house is open.

Turns in flight keep the `Persona` they began with; the next turn finds the new one. A file that is broken now keeps its
last good version, and is told once for each way in which it is broken. A reload that fails altogether is logged, and
the cast plays on as it was.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import structlog
from watchfiles import awatch

from personas.cast import Cast, Changes

log = structlog.get_logger()
DEBOUNCE = 300  # milliseconds; an editor that saves in several steps is one change
PAUSE = 10.0  # seconds, after which folders that couldn't be watched are tried again


def tell(changes: Changes) -> None:
    """One line in the log for everybody who changed, and the findings of each file that broke."""
    for what in ("came", "changed", "went"):
        for persona_id in getattr(changes, what):
            log.info(f"persona_{what}", persona=persona_id)
    for error in changes.broke:
        log.warning("persona_broke", findings=str(error))


async def watch(cast: Cast, *, on_change: Callable[[Changes], None] = tell, stop: asyncio.Event | None = None) -> None:
    """Reloads the cast whenever a file in its folders, or one that its personas extend, has changed; until `stop`."""
    stopped = stop or asyncio.Event()
    while not stopped.is_set():
        watched = watched_folders(cast)
        if not watched:
            await stopped.wait()
            return
        try:
            await follow(cast, watched, on_change, stopped)
        except (OSError, RuntimeError) as exc:  # too many watches, a folder that went just now
            log.warning("personas_not_watched", reason=str(exc))
            with suppress(TimeoutError):
                await asyncio.wait_for(stopped.wait(), PAUSE)


async def follow(
    cast: Cast, watched: tuple[Path, ...], on_change: Callable[[Changes], None], stopped: asyncio.Event
) -> None:
    """Reloads the cast with every change in these folders, for as long as they are the ones to watch."""
    async for _ in awatch(*watched, stop_event=stopped, debounce=DEBOUNCE, ignore_permission_denied=True):
        await renew(cast, on_change)
        if watched_folders(cast) != watched:
            break  # somebody extends a file in another folder now


async def renew(cast: Cast, on_change: Callable[[Changes], None]) -> None:
    """Reloads the cast and tells what changed."""
    try:
        changes = await asyncio.to_thread(cast.reload)
        if changes:
            on_change(changes)
    except Exception:  # the outermost gate of a task whose end would end the house
        log.exception("personas_not_reloaded")


def watched_folders(cast: Cast) -> tuple[Path, ...]:
    """The cast's folders, and those of the files its personas extend."""
    folders = {folder.resolve() for folder in cast.folders if is_folder(folder)}
    bases = {file.parent.resolve() for file in cast.files()}
    outside = {base for base in bases if not any(base.is_relative_to(folder) for folder in folders)}
    return tuple(sorted(folders | outside))


def is_folder(path: Path) -> bool:
    """Whether there is a folder one may know of."""
    try:
        return path.is_dir()
    except OSError:
        return False
