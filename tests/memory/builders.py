"""Fans, words and turns for the tests of this room."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import numpy as np

from memory import Outcome, Turn
from memory.journal import Journal
from personas import Place, Utterance
from serving.encoder import Reading
from serving.testing import HashingEncoder

NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
WEB = Place("web:talk-1")
GUILD = Place("discord:guild-1/general")
DM = Place("discord:dm/kim")
_numbers = count(1)


def said(
    text: str, *, by: str = "web:kim", place: Place = WEB, minutes: float = 0, id: str | None = None, name: str = "Kim"
) -> Utterance:
    """Something a fan said, so many minutes after noon."""
    return Utterance(id or f"u{next(_numbers)}", by, name, place, text, NOON + timedelta(minutes=minutes))


def turn(
    *heard: Utterance, id: str | None = None, after: str | None = None, persona: str = "mika", reply: str | None = None
) -> Turn:
    """A turn that has just begun, or, with a reply, one that has ended."""
    return Turn(
        id=id or f"t{next(_numbers)}",
        after=after,
        persona_id=persona,
        persona_version="v1",
        place=heard[0].place,
        heard=heard,
        began_at=max(one.at for one in heard),
        said=reply,
        outcome="unanswered" if reply is None else "answered",
    )


async def take(journal: Journal, begun: Turn, reply: str, *, outcome: Outcome = "answered") -> Turn:
    """Hear, begin and finish a turn as a bot does."""
    for one in begun.heard:
        await journal.hear(one, persona_id=begun.persona_id)
    await journal.begin(begun)
    done = replace(begun, said=reply, outcome=outcome)
    await journal.finish(done)
    return done


async def chat(
    journal: Journal, *texts: str, by: str = "web:kim", place: Place = WEB, persona: str = "mika"
) -> list[Turn]:
    """A talk of one fan, one turn per text, each answered "Reply to …"."""
    turns: list[Turn] = []
    for number, text in enumerate(texts):
        after = turns[-1].id if turns else None
        begun = turn(said(text, by=by, place=place, minutes=number), after=after, persona=persona)
        turns.append(await take(journal, begun, f"Reply to {text}"))
    return turns


def ids(turns: Sequence[Turn]) -> list[str]:
    return [one.id for one in turns]


def bytes_in(folder: Path) -> bytes:
    """Every byte of every file below a folder."""
    return b"".join(file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file())


class ReadingEncoder(HashingEncoder):
    """A hashing encoder that passes for the default one and reads every word as a piece."""

    def __init__(self, dim: int = 64) -> None:
        super().__init__(dim)
        self.has_read: list[str] = []

    @property
    def name(self) -> str:
        return "all-minilm-l6-v2"

    async def read(self, texts: Sequence[str]) -> list[Reading]:
        self.has_read += texts
        vectors = await self.encode(texts)
        words = [text.casefold().split() for text in texts]
        states = [await self.encode(some) for some in words]
        return [
            Reading(vector, np.arange(len(some)), state)
            for vector, some, state in zip(vectors, words, states, strict=True)
        ]

    async def read_questions(self, texts: Sequence[str]) -> list[Reading]:
        return await self.read(texts)
