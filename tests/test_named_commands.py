"""Every `greenroom …` that the documents and the program's own sentences name is a command, with those options."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer

from bots.cli import app

HOUSE = Path(__file__).parent.parent
ROOMS = ("bots", "personas", "memory", "serving", "finetune")
PAGES = (*HOUSE.glob("*.md"), *HOUSE.glob("docs/*.md"), *HOUSE.glob("serving/understudy/*.md"))
SOURCES = (path for room in ROOMS for path in (HOUSE / room).rglob("*.py"))
ON_A_PAGE = re.compile(r"^(?: {4}|\$ |> )?(greenroom .+)$|`(greenroom [^`]+)`", re.M)
IN_A_SOURCE = re.compile(r"`(greenroom [^`]+)`|(?:Example|first|Try|with|see): (greenroom [^\"\n]+)", re.M)
PAST = ("log.md",)  # what was tried once, and may be gone


def named(path: Path) -> Iterator[str]:
    """The commands a file names; a line that goes on after a backslash is one."""
    text = path.read_text(encoding="utf-8").replace("\\\n", " ")
    for found in (ON_A_PAGE if path.suffix == ".md" else IN_A_SOURCE).finditer(text):
        line = next(group for group in found.groups() if group)
        if re.match(r"greenroom [a-z][a-z-]*( |$)", line):
            yield re.split(r"\s#|[;|,…]|\. | && | {3,}", line)[0].rstrip(" .")


EVERY = sorted(
    {
        (str(path.relative_to(HOUSE)), line)
        for path in (*PAGES, *SOURCES)
        if path.name not in PAST
        for line in named(path)
    }
)


@cache
def house() -> Any:
    return typer.main.get_command(app)


def command(words: list[str]) -> tuple[Any, list[str]]:
    """The command that some words lead to, and the words left over."""
    at = house()
    while is_group(at) and words:
        context = typer.Context(at)
        if words[0] not in at.list_commands(context):
            break
        _, at, words = at.resolve_command(context, words)
    return at, words


def is_group(at: Any) -> bool:
    return hasattr(at, "resolve_command")


@pytest.mark.parametrize(("file", "line"), EVERY)
def test_a_command_that_is_named_is_there(file: str, line: str) -> None:
    at, rest = command(line.split()[1:])
    options = {name for option in at.params for name in (*option.opts, *option.secondary_opts)} | {"--help"}
    given = {word.split("=")[0] for word in rest if word.startswith("--")}

    assert at is not house(), f"{file} names a command that is not there: {line}"
    assert not (is_group(at) and rest and not rest[0].startswith("-")), f"{file}: {line}"
    assert given <= options, f"{file} names an option that is not there: {line}"


def test_the_documents_name_commands() -> None:
    assert len(EVERY) > 100
