"""Which blocks are learnt from, and which measure what was learnt: eight, one and one of ten, by a block's hash.

A block keeps its part while lines are added, as long as the hashes give enough to measure with. A short play has few
blocks, and the hashes of twenty leave fewer than two for the test in two of five cases: then those whose hashes come
next are taken out of what is learnt, so that nobody trains for an evaluation that must refuse. A third one is taken
where that leaves enough: an interval from two blocks is three times as wide as one from three.
"""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from finetune.conversation import GENUINE, Conversation, Part

STEPS: Sequence[tuple[Part, int]] = (("test", 2), ("validation", 1), ("test", 3))  # blocks; an interval needs two
LEAST: Mapping[Part, int] = dict(STEPS)
LEARNT = 0.5  # of the blocks at least are learnt from, if the hashes leave as many


def split(conversations: Sequence[Conversation]) -> list[Conversation]:
    """The same conversations, each with its part; what was made up is only learnt from."""
    parts = parts_of({one.block for one in conversations if one.source in GENUINE})
    return [replace(one, part=parts[one.block] if one.source in GENUINE else "train") for one in conversations]


def parts_of(blocks: set[str]) -> dict[str, Part]:
    """The part of each block."""
    parts = {block: part_of(block) for block in sorted(blocks, key=digest)}
    for part, least in STEPS:
        while Counter(parts.values())[part] < least and (block := spare(parts, part)):
            parts[block] = part
    return parts


def spare(parts: Mapping[str, Part], wanting: Part) -> str | None:
    """The first block that another part can do without: one that measures and has more than it needs, or the learnt."""
    held = Counter(parts.values())
    needed = {**LEAST, "train": LEARNT * len(parts) + 1}
    able = [part for part in held if part != wanting and held[part] >= needed[part] + (part != "train")]
    return next((block for block, part in parts.items() if part in able), None)


def part_of(block: str) -> Part:
    tenth = digest(block) % 10
    return "train" if tenth < 8 else "validation" if tenth == 8 else "test"


def digest(block: str) -> int:
    return int(hashlib.sha256(block.encode()).hexdigest(), 16)
