"""Reads the hand-written files beside this module; the corpus is made of nothing else."""

from functools import cache
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

HERE = Path(__file__).parent


@cache
def read(name: str) -> Any:
    """What one of the YAML files says."""
    return YAML(typ="safe", pure=True).load((HERE / name).read_text(encoding="utf-8"))


def lines(block: str) -> tuple[str, ...]:
    """The lines of a YAML block, empty ones left out."""
    return tuple(line.strip() for line in block.splitlines() if line.strip())


@cache
def words(name: str) -> tuple[str, ...]:
    """One of the lists in `words.yaml`."""
    return tuple(word.strip() for word in read("words.yaml")[name].split("|"))
