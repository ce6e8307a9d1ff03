"""Example dialogues: from a card's `mes_example` to exchanges of two lines, and back.

A block begins with `<START>`; lines begin with `{{user}}:`, `{{char}}:` or the literal name. What is not covered: a
block without a line of the fan's makes no exchange. It stays in the card.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

START = re.compile("<START>", re.IGNORECASE)
Exchange = tuple[str, str]


def exchanges(text: str, name: str) -> tuple[tuple[Exchange, ...], int]:
    """What a fan says and what is answered, for every answer in the text; and how many blocks had none to show."""
    found: list[Exchange] = []
    silent = 0
    for block in START.split(text.replace("\r\n", "\n")):
        if not block.strip():
            continue
        made = tuple(answered(lines(block, name)))
        silent += not made
        found += made
    return tuple(found), silent


def exchanged(text: str, before: Sequence[Exchange], after: Sequence[Exchange], name: str) -> str:
    """The text with other exchanges: a block keeps its form while its own are the same, and where it never had any."""
    out: list[str] = []
    at = now = 0
    for block in blocks(text.replace("\r\n", "\n")):
        count = len(exchanges(block, name)[0])
        old, new = tuple(before[at : at + count]), tuple(after[now : now + count])
        if len(before) != len(after) and old != new:
            new = ()  # which of the later ones belongs here can't be told: they follow at the end
        out.append(block if old == new else mes_example(new) + block[len(block.rstrip()) :])
        at, now = at + count, now + len(new)
    rest = mes_example(after[now:])
    said = "".join(out)
    return said + "\n" * bool(said and rest and not said.endswith("\n")) + rest


def blocks(text: str) -> list[str]:
    """The text cut before each `<START>`."""
    marks = [mark.start() for mark in START.finditer(text)]
    return [text[start:end] for start, end in pairwise([0, *marks, len(text)]) if start < end]


def lines(block: str, name: str) -> Iterator[tuple[bool, str]]:
    """Each stretch of one speaker: whether it is the character, and the words, further lines included."""
    speaker = re.compile(
        rf"^[ \t]*(?:(?P<char>\{{\{{char\}}\}}|<bot>|<char>|{re.escape(name)})|\{{\{{user\}}\}}|<user>|you)"
        r"[ \t]*[:\uff1a]",
        re.IGNORECASE | re.MULTILINE,
    )
    marks = list(speaker.finditer(block))
    for number, mark in enumerate(marks):
        end = marks[number + 1].start() if number + 1 < len(marks) else len(block)
        words = block[mark.end() : end].strip()
        if words:
            yield mark["char"] is not None, words


def answered(said: Iterable[tuple[bool, str]]) -> Iterator[Exchange]:
    """A fan's words with the character's answer to them; what neighbours of one side say is one thing."""
    fan: list[str] = []
    char: list[str] = []
    for is_char, words in said:
        if is_char and fan:
            char.append(words)
        elif not is_char:
            if char:
                yield "\n".join(fan), "\n".join(char)
                fan, char = [], []
            fan.append(words)
    if char:
        yield "\n".join(fan), "\n".join(char)


def mes_example(pairs: Sequence[Exchange]) -> str:
    """Exchanges as a card writes them, one block each."""
    return "\n".join(f"<START>\n{{{{user}}}}: {fan}\n{{{{char}}}}: {says}" for fan, says in pairs)
