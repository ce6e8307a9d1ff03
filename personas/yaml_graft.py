"""Takes a change over into a text somebody wrote, so that every line the change does not touch stays as it was.

ruamel.yaml keeps comments and order but has one indentation, and one way to break lines, for a whole file. Each stretch
of lines it writes stands for a stretch of the author's, found by the places of the values in both.
"""

from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from io import StringIO
from itertools import pairwise

from ruamel.yaml.nodes import MappingNode, Node, ScalarNode

from personas.yaml_text import composer

Twin = tuple[int, list[str]]
"""Where a stretch that ruamel.yaml wrote ends, and the author's lines for it."""


def graft(text: str, untouched: str, changed: str) -> str:
    """The author's text with the change between `untouched` and `changed`, which ruamel.yaml wrote, in it."""
    own, before, after = text.split("\n"), untouched.split("\n"), changed.split("\n")
    twins = {start: (end, own[first:last]) for (first, start), (last, end) in pairwise(stretches(text, untouched))}
    lines: list[str] = []
    for what, start, end, new_start, new_end in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if what != "equal":
            lines += as_deep_as(before, twins, start, after[new_start:new_end])
            continue
        while start < end:
            stop, written = twins.get(start, (start + 1, before[start : start + 1]))
            if stop > end:  # the change begins inside this stretch
                stop, written = start + 1, before[start : start + 1]
            lines += written
            start = stop
    return "\n".join(lines)


def as_deep_as(before: Sequence[str], twins: Mapping[int, Twin], at: int, new: Sequence[str]) -> list[str]:
    """New lines at a place, moved to the depth that the author gives the nearest line of the same depth."""
    alike = [line for line in twins if before[line].strip() and new and margin(before[line]) == margin(new[0])]
    if not alike:
        return list(new)
    nearest = min(alike, key=lambda line: abs(line - at))
    deeper = margin(twins[nearest][1][0]) - margin(before[nearest])
    return [" " * (margin(line) + deeper) + line.lstrip() if line.strip() else line for line in new]


def margin(line: str) -> int:
    """The blanks a line begins with."""
    return len(line) - len(line.lstrip())


def stretches(text: str, other: str) -> list[tuple[int, int]]:
    """The lines at which the same stretch begins in both texts, in order, and where both end."""
    marks = [(0, 0)]
    for one, two in zip(beginnings(text), beginnings(other), strict=False):
        if one > marks[-1][0] and two > marks[-1][1]:
            marks += evenly(marks[-1], (one, two))
    return marks + evenly(marks[-1], (text.count("\n") + 1, other.count("\n") + 1))


def evenly(last: tuple[int, int], here: tuple[int, int]) -> list[tuple[int, int]]:
    """The next mark, with one for each line on the way there where both texts have as many."""
    lines = here[0] - last[0]
    steps = range(1, lines) if lines == here[1] - last[1] else ()
    return [*((last[0] + step, last[1] + step) for step in steps), here]


def beginnings(text: str) -> Iterator[int]:
    """The line of every key, and of every value in a list, in the order of the document."""
    root = composer().compose(StringIO(text))
    return lines_below(root) if root is not None else iter(())


def lines_below(node: Node) -> Iterator[int]:
    """The lines of what stands in a node; what an alias stands for has its lines where its anchor is."""
    if isinstance(node, ScalarNode):
        return
    for item in node.value:
        first, value = item if isinstance(node, MappingNode) else (item, item)
        yield first.start_mark.line
        yield from lines_below(value)
