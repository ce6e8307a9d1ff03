"""Prompts read before: a talk's next prompt begins as its last one did, and that part need not be read again."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from serving.local_engine.slots import Past


@dataclass(frozen=True, eq=False)
class Prefix:
    """What the model made of a stretch of tokens, and with which LoRA on: keys and values differ between them."""

    lora: str | None
    tokens: tuple[int, ...]
    past: Past

    @property
    def size(self) -> int:
        """In bytes."""
        return sum(keys.nbytes + values.nbytes for keys, values in self.past)


class Prefixes:
    """The prompts read last, up to `room` bytes; the least lately used goes first."""

    def __init__(self, *, room: int) -> None:
        self._room = room
        self._kept: OrderedDict[tuple[str | None, tuple[int, ...]], Prefix] = OrderedDict()
        self._size = 0

    def longest(self, tokens: Sequence[int], *, lora: str | None) -> tuple[int, Past]:
        """How many tokens at the beginning are known, at most all but the last, and what they were read as.

        The last is always read: the model's next word comes from it.
        """
        best, length = None, 0
        for prefix in self._kept.values():
            if prefix.lora == lora and (common := in_common(prefix.tokens, tokens[:-1])) > length:
                best, length = prefix, common
        if best is None:
            return 0, []
        self._kept.move_to_end((lora, best.tokens))
        return length, [(keys[:, :length], values[:, :length]) for keys, values in best.past]

    def keep(self, prefix: Prefix) -> None:
        """Remembers a prompt, in place of those that it merely continues."""
        for key, old in list(self._kept.items()):
            if old.lora == prefix.lora and prefix.tokens[: len(old.tokens)] == old.tokens:
                self._drop(key)
        self._kept[(prefix.lora, prefix.tokens)] = prefix
        self._size += prefix.size
        while self._size > self._room:
            self._drop(next(iter(self._kept)))

    def _drop(self, key: tuple[str | None, tuple[int, ...]]) -> None:
        self._size -= self._kept.pop(key).size


def in_common(one: Sequence[int], other: Sequence[int]) -> int:
    """How many tokens both begin with."""
    length = min(len(one), len(other))
    differs = (torch.tensor(one[:length]) != torch.tensor(other[:length])).nonzero()
    return int(differs[0]) if len(differs) else length
