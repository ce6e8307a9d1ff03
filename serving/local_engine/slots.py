"""The attention's memory: a slot for each reply, laid out so that one step of the model goes over all of them.

Each slot is filled from the left, and a reply has its own length; what lies beyond it is masked. So a reply joins
by one copy and leaves by one copy (the last slot moves into the gap), and no step copies what was there before,
as transformers' growing cache does for every token.
"""

from typing import Any

import torch
from transformers.cache_utils import Cache, CacheLayerMixin

GROWTH = 128  # positions; memory grows by doubling from here


class Slots(Cache):  # type: ignore[misc]  # transformers ships no types
    """Slots 0 … of keys and values; `aim` says where the next run of the model reads and writes."""

    def __init__(self, layers: int) -> None:
        super().__init__(layers=[SlotLayer() for _ in range(layers)])

    def aim(self, *, rows: slice, positions: torch.Tensor) -> torch.Tensor:
        """The mask for a run over `rows` at `positions` (rows, queries); bool of shape (rows, 1, queries, seen)."""
        seen = int(positions.max()) + 1
        for layer in self.layers:
            layer.rows, layer.positions, layer.seen = rows, positions, seen
        return torch.arange(seen, device=positions.device) <= positions[:, None, :, None]

    def put(self, row: int, past: "Past") -> None:
        """Fills a slot from its beginning."""
        for layer, (keys, values) in zip(self.layers, past, strict=True):
            layer.put(row, keys, values)

    def take(self, row: int, length: int) -> "Past":
        """A copy of a slot's first `length` positions."""
        return [layer.take(row, length) for layer in self.layers]

    def move(self, row: int, to: int, length: int) -> None:
        """Copies a slot's first `length` positions over another slot."""
        for layer in self.layers:
            layer.keys[to, :, :length] = layer.keys[row, :, :length]
            layer.values[to, :, :length] = layer.values[row, :, :length]


Past = list[tuple[torch.Tensor, torch.Tensor]]
"""Keys and values of one reply, a pair for each layer, each of shape (heads, positions, size)."""


class SlotLayer(CacheLayerMixin):  # type: ignore[misc]  # transformers ships no types
    """One layer's keys and values, of shape (slots, heads, capacity, size)."""

    rows: slice
    positions: torch.Tensor
    seen: int

    def lazy_initialization(self, key_states: torch.Tensor, value_states: torch.Tensor) -> None:
        self.keys, self.values = (
            states.new_zeros(0, states.shape[1], GROWTH, states.shape[3]) for states in (key_states, value_states)
        )
        self.is_initialized = True

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *args: Any, **kwargs: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Writes the new positions and gives back all that the rows may look at, as views."""
        self._make_room(key_states, value_states, slots=self.rows.stop, positions=self.seen)
        row_numbers = torch.arange(self.rows.start, self.rows.stop, device=key_states.device)[:, None]
        self.keys[row_numbers, :, self.positions] = key_states.transpose(1, 2)
        self.values[row_numbers, :, self.positions] = value_states.transpose(1, 2)
        return self.keys[self.rows, :, : self.seen], self.values[self.rows, :, : self.seen]

    def put(self, row: int, keys: torch.Tensor, values: torch.Tensor) -> None:
        length = keys.shape[1]
        self._make_room(keys[None], values[None], slots=row + 1, positions=length)
        self.keys[row, :, :length] = keys
        self.values[row, :, :length] = values

    def take(self, row: int, length: int) -> tuple[torch.Tensor, torch.Tensor]:
        return self.keys[row, :, :length].clone(), self.values[row, :, :length].clone()

    def get_seq_length(self) -> int:
        return 0

    def get_max_length(self) -> int:
        return -1

    def get_mask_sizes(self, query_length: int) -> tuple[int, int]:
        return self.seen, 0

    def _make_room(self, keys: torch.Tensor, values: torch.Tensor, *, slots: int, positions: int) -> None:
        if not self.is_initialized:
            self.lazy_initialization(keys, values)
        has_slots, _, has_positions, _ = self.keys.shape
        if slots > has_slots or positions > has_positions:
            wanted = (grown(has_slots, slots), grown(has_positions, positions))
            self.keys, self.values = larger(self.keys, *wanted), larger(self.values, *wanted)


def grown(has: int, needs: int) -> int:
    """Doubled until it is enough: a copy at each doubling costs less than one at each step."""
    has = max(has, 1)
    while has < needs:
        has *= 2
    return has


def larger(old: torch.Tensor, slots: int, positions: int) -> torch.Tensor:
    """The same content in a larger tensor; zeros, because a masked NaN is still a NaN after a softmax."""
    new = old.new_zeros(slots, old.shape[1], positions, old.shape[3])
    new[: old.shape[0], :, : old.shape[2]] = old
    return new
