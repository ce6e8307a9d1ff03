"""A LoRA's weights by their names and shapes: whether its halves fit each other, its settings, and its base.

The rules are those of vLLM 0.32 (`vllm/lora/utils.py: parse_fine_tuned_lora_name`, `peft_helper.py`), which finds out
some of them only when a fan has asked for the LoRA. Where vLLM would pass over a weight in silence (a layer that the
base has not) or wear it at another strength (a rank that the settings do not name), that is told, too.
"""

import json
import re
import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from serving.base_shape import BaseShape

NAME = re.compile(r"(.+)\.(?:lora_([AB])\.weight|lora_embedding_([AB]))")
OF_THE_BASE = (".embed_tokens.base_layer.weight", ".lm_head.base_layer.weight")  # peft copies them, vLLM skips them
PREFIX = "base_model.model."
LAYER = re.compile(r"model\.layers\.(\d+)\.")
AGAIN = "Train it on this base, or name the base it was trained on."
Shapes = dict[str, list[int]]


def read_shapes(weights: Path) -> Shapes:
    """Every tensor's shape by its name, from the head of a safetensors file; the weights stay unread."""
    with weights.open("rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        if length > weights.stat().st_size:
            raise ValueError(f"{weights.name} is cut short")
        head = json.loads(file.read(length))
    try:
        tensors = {name: said for name, said in head.items() if name != "__metadata__"}
        end = max((int(said["data_offsets"][1]) for said in tensors.values()), default=0)
        shapes = {name: [int(size) for size in said["shape"]] for name, said in tensors.items()}
    except (AttributeError, LookupError, TypeError) as exc:
        raise ValueError(f"{weights.name} is no safetensors file") from exc
    if weights.stat().st_size != 8 + length + end:
        raise ValueError(f"{weights.name} is cut short")
    return shapes


@dataclass(frozen=True, slots=True)
class Half:
    """One tensor: `module` as the base names it, `half` is A (rank x inputs) or B (outputs x rank)."""

    name: str
    module: str
    half: str
    other: str
    """The name of the half that belongs to it."""
    shape: Sequence[int]

    @property
    def rank(self) -> int:
        return self.shape[0 if self.half == "A" else 1]

    @property
    def width(self) -> int:
        """Of its other side: the module's inputs or outputs."""
        return self.shape[1 if self.half == "A" else 0]

    @property
    def of_experts(self) -> bool:
        """Halves of several experts may lie in one tensor, so its rank is theirs together."""
        return ".experts" in self.module


def troubles_of(shapes: Shapes, config: Mapping[str, Any], base: BaseShape | None) -> Iterator[str]:
    """A sentence for each thing that is wrong; each names the first tensor it is true of."""
    halves = [half for name, shape in shapes.items() if (half := parsed(name, shape))]
    yield from of_names(shapes, {half.name for half in halves})
    yield from of_pairs(halves)
    flat = [half for half in halves if len(half.shape) == 2]
    yield from of_ranks([half for half in flat if not half.of_experts], config)
    if base:
        yield from of_places(halves, base)
        yield from of_sizes(flat, base)


def parsed(name: str, shape: Sequence[int]) -> Half | None:
    """None for what is no half of a LoRA."""
    found = NAME.fullmatch(name)
    if not found:
        return None
    half, at = found[found.lastindex or 0], found.start(found.lastindex or 0)
    other = f"{name[:at]}{'B' if half == 'A' else 'A'}{name[at + 1 :]}"
    return Half(name, found[1].removeprefix(PREFIX), half, other, shape)


def of_names(shapes: Shapes, known: set[str]) -> Iterator[str]:
    if strangers := [name for name in shapes if name not in known and not name.endswith(OF_THE_BASE)]:
        yield (
            f"It holds {first(strangers)}, which is no LoRA weight: their names end in .lora_A.weight and "
            ".lora_B.weight. Train linear layers only, and save them with peft's save_pretrained."
        )
    if not known and not strangers:
        yield "It holds no weights at all. Train or copy it again."


def of_pairs(halves: Sequence[Half]) -> Iterator[str]:
    there = {half.name for half in halves}
    if alone := [half for half in halves if half.other not in there]:
        yield f"{first(half.name for half in alone)} stands without {alone[0].other}. Train or copy it again."
    if odd := [half for half in halves if len(half.shape) != 2]:
        names = first(half.name for half in odd)
        yield f"{names} has the shape {odd[0].shape}, not two sides. Train linear layers only."


def of_ranks(halves: Sequence[Half], config: Mapping[str, Any]) -> Iterator[str]:
    """Each pair of one rank, and of the one that the settings name for it."""
    by_name = {half.name: half for half in halves}
    pairs = [(half, by_name[half.other]) for half in halves if half.half == "A" and half.other in by_name]
    if uneven := [(one, other) for one, other in pairs if one.rank != other.rank]:
        one, other = uneven[0]
        names = first(one.name for one, _ in uneven)
        yield f"{names} has rank {one.rank} and {other.name} {other.rank}. Train or copy it again."
    said = [(half, rank_for(half.module, config)) for half in halves]
    if other_than_said := [(half, rank) for half, rank in said if rank is not None and half.rank != rank]:
        half, rank = other_than_said[0]
        names = first(half.name for half, _ in other_than_said)
        yield (
            f"{names} has rank {half.rank}, and adapter_config.json says {rank} for it. "
            "Copy both files from one training again, or write r and rank_pattern as it was trained."
        )


def rank_for(module: str, config: Mapping[str, Any]) -> int | None:
    """As peft reads it: the first pattern that is an end of the module's name, else r; None where that is no rank."""
    patterns = config.get("rank_pattern") or {}
    rank = config.get("r")
    if not isinstance(patterns, dict):
        return None
    try:
        rank = next((said for key, said in patterns.items() if re.match(rf"(.*\.)?({key})$", module)), rank)
    except re.error:
        return None
    return rank if isinstance(rank, int) and not isinstance(rank, bool) else None


def of_places(halves: Sequence[Half], base: BaseShape) -> Iterator[str]:
    """Modules and layers that the base has not."""
    lacking = [half for half in halves if half.module not in base.sizes]
    beyond = [half for half in lacking if (layer := LAYER.match(half.module)) and int(layer[1]) >= base.layers]
    if beyond:
        yield f"{first(half.name for half in beyond)} is of a layer that the base lacks: it has {base.layers}. {AGAIN}"
    if elsewhere := [half for half in lacking if half not in beyond]:
        yield f"{first(half.name for half in elsewhere)} is of a module that the base lacks. {AGAIN}"


def of_sizes(halves: Sequence[Half], base: BaseShape) -> Iterator[str]:
    """One sentence for the first tensor of another width than its module's."""
    wide = [(half, base.sizes[half.module]["AB".index(half.half)]) for half in halves if half.module in base.sizes]
    if wrong := [(half, width) for half, width in wide if half.width != width]:
        half, width = wrong[0]
        names = first(half.name for half, _ in wrong)
        yield f"It was made for a model of another size: {names} is {half.width} wide, the base {width}. {AGAIN}"


def first(names: Iterable[str]) -> str:
    """The first of them, and how many more there are."""
    one, *others = names
    return f"{one} (and {len(others)} more)" if others else one
