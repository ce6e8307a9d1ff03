"""Tells a server which commands there are, only when they changed or are gone there: it allows few such calls a day."""

import asyncio
import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import discord
from discord import app_commands

from bots.discord_sending import may_pass


async def sync(tree: app_commands.CommandTree[Any], folder: Path) -> None:
    """`folder` keeps a mark of what was told last. Raises what may pass (`may_pass`)."""
    commands = [command.to_dict(tree) for command in tree.get_commands()]
    mark = hashlib.sha256(json.dumps(commands, sort_keys=True).encode()).hexdigest()
    kept = folder / f"commands-{tree.client.application_id}"
    if await asyncio.to_thread(read_text, kept) != mark or not await stand_there(tree, commands):
        await tree.sync()
        await asyncio.to_thread(write_text, kept, mark)


async def stand_there(tree: app_commands.CommandTree[Any], commands: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the server has all of these; one that does not tell is believed to have what it was told."""
    try:
        there = {command.name for command in await tree.fetch_commands()}
    except discord.HTTPException as refused:
        if may_pass(refused):
            raise
        return True
    return {command["name"] for command in commands} <= there


def read_text(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def write_text(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
