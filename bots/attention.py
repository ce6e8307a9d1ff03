"""Who answers what is said in a room where several people and several characters are: mostly nobody, never two at once.

Platform-free. A platform says what it knows of a line (`Heard`): whom it mentions, whom it replies to, whether it is
private; `Attention` decides who speaks, in which order, and says why, so that an operator can see it.

    private, own thread, mention, reply, name      addressed: always answered, by those addressed
    always-on channel                              answered by whoever was talked to last, or whoever fits best
    chance                                         now and then, never within the cooldown, never in quiet hours

Other bots are not answered unless the room allows it, then only when they mention a character in so many words, and
only while the room's budget lasts; a person's line restores it.
"""

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Literal

from bots.called import calls

Why = Literal["private", "thread", "mention", "reply", "name", "recent", "relevance", "chance", "summoned"]
Order = Literal["natural", "list", "pooled", "manual", "engine"]


@dataclass(frozen=True, slots=True)
class Heard:
    """What a platform knows of one line. `mentions` are personas named by the platform's own mark, in the text.

    `meant` is who is spoken to in private where nobody is named; None: whoever is first in the room.
    """

    text: str
    speaker_id: str
    at: datetime
    private: bool = False
    meant: str | None = None
    mentions: frozenset[str] = frozenset()
    replies_to: str | None = None
    thread_of: str | None = None
    from_bot: bool = False
    summons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Present:
    """One character in a room. `interests` are words that make a line hers; `muted` ones hear and stay silent.

    `on` are the occasions of this character's own; None: those of the room.
    """

    persona_id: str
    names: tuple[str, ...]
    interests: frozenset[str] = frozenset()
    muted: bool = False
    on: "frozenset[Why] | None" = None


@dataclass(frozen=True, slots=True)
class Manners:
    """When characters speak in a room; an operator sets them per guild and channel.

    Of several who may speak, `natural` takes the clearest sign, then whoever was talked to last; `list` keeps to the
    cast's order; `pooled` lets whoever was silent longest go first; `manual` waits to be called; `engine` leaves the
    choice to a model (`bots/arbiter.py`). `chain` is how many replies characters who call each other give in a row.
    """

    on: frozenset[Why] = frozenset({"private", "thread", "mention", "reply", "name", "summoned"})
    always: bool = False
    chance: float = 0.0
    cooldown: timedelta = timedelta(minutes=2)
    quiet: tuple[time, time] | None = None
    most_speakers: int = 2
    order: Order = "natural"
    recent: timedelta = timedelta(minutes=5)
    answers_bots: bool = False
    chain: int = 0
    bot_turns: int = 3
    bot_window: timedelta = timedelta(minutes=10)

    def is_quiet(self, at: datetime) -> bool:
        """Whether the hour is one in which nobody speaks unasked; a span may run over midnight."""
        if self.quiet is None:
            return False
        begins, ends = self.quiet
        now = at.timetz().replace(tzinfo=None)
        return begins <= now < ends if begins <= ends else now >= begins or now < ends


@dataclass(frozen=True, slots=True)
class Decision:
    """Who speaks, in this order, and why; `reason` says in words why nobody does. `candidates` might have as well."""

    speakers: tuple[tuple[str, Why], ...] = ()
    reason: str = ""
    candidates: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.speakers)


@dataclass(slots=True)
class Room:
    """What attention keeps of one room; it may be lost with the process, and nobody is answered twice for that."""

    talked_to: dict[str, datetime] = field(default_factory=dict)  # persona -> when a person last addressed them
    spoke_at: dict[str, datetime] = field(default_factory=dict)
    unasked_at: datetime | None = None
    bot_lines: list[datetime] = field(default_factory=list)
    turn_of: int = 0

    def last_spoke(self, persona_id: str) -> float:
        """When somebody last spoke, in seconds since 1970; 0 for one who never did."""
        return self.spoke_at[persona_id].timestamp() if persona_id in self.spoke_at else 0.0


class Attention:
    """Decides for any number of rooms; `random` makes chance repeatable in tests."""

    def __init__(self, *, chance: random.Random, rooms: Callable[[], Room] = Room) -> None:
        self._random = chance
        self._new_room = rooms
        self._rooms: dict[str, Room] = {}

    def decide(self, heard: Heard, *, room: str, present: Sequence[Present], manners: Manners) -> Decision:
        """Who answers this line in this room."""
        known = self._rooms.setdefault(room, self._new_room())
        awake = [one for one in present if not one.muted]
        if not awake:
            return Decision(reason="nobody who may speak is here")
        if heard.from_bot and (refusal := self._refuses_bot(heard, known, manners)):
            return Decision(reason=refusal)
        if not heard.from_bot:
            known.bot_lines.clear()
        addressed = addressed_by(heard, awake, manners)
        if addressed:
            known.talked_to |= {persona_id: heard.at for persona_id, _ in addressed}
            order = [one.persona_id for one in awake]
            speakers = self._in_order(addressed, order, known, manners)
            return Decision(speakers, candidates=tuple(persona_id for persona_id, _ in addressed))
        if heard.from_bot:
            return Decision(reason="a bot that mentions nobody is not answered")
        return self._unasked(heard, awake, known, manners)

    def spoke(self, persona_id: str, *, room: str, at: datetime, to_bot: bool = False) -> None:
        """A character has spoken; its own lines count against the budget for talking with bots."""
        known = self._rooms.setdefault(room, self._new_room())
        known.spoke_at[persona_id] = at
        if to_bot:
            known.bot_lines.append(at)

    def _refuses_bot(self, heard: Heard, room: Room, manners: Manners) -> str:
        """Why another bot's line is not answered; a window, not a run, is counted, since own replies break a run."""
        if not manners.answers_bots:
            return "other bots are not answered here"
        room.bot_lines = [at for at in room.bot_lines if heard.at - at < manners.bot_window]
        if len(room.bot_lines) >= manners.bot_turns:
            return f"enough said to bots: {manners.bot_turns} lines in {manners.bot_window}"
        return "" if heard.mentions else "a bot that mentions nobody is not answered"

    def _in_order(
        self, addressed: Sequence[tuple[str, Why]], order: Sequence[str], room: Room, manners: Manners
    ) -> tuple[tuple[str, Why], ...]:
        """At most `most_speakers` of those addressed; `order` is the cast's."""
        chosen = list(addressed)
        if manners.order == "pooled":
            chosen.sort(key=lambda one: room.last_spoke(one[0]))
        elif manners.order == "list":
            chosen.sort(key=lambda one: order.index(one[0]))
        return tuple(chosen[: manners.most_speakers])

    def _unasked(self, heard: Heard, awake: Sequence[Present], room: Room, manners: Manners) -> Decision:
        """Somebody who wasn't addressed may still speak: in an always-on channel, or by chance."""
        if manners.order == "manual":
            return Decision(reason="here characters speak only when they are called")
        everybody = tuple(one.persona_id for one in awake)
        if manners.always:
            return Decision((self._fitting(heard, awake, room, manners),), candidates=everybody)
        if manners.chance <= 0:
            return Decision(reason="addressed to nobody")
        if manners.is_quiet(heard.at):
            return Decision(reason="quiet hours")
        if room.unasked_at and heard.at - room.unasked_at < manners.cooldown:
            return Decision(reason="spoke unasked a short while ago")
        if self._random.random() >= manners.chance:
            return Decision(reason="chance said no")
        room.unasked_at = heard.at
        persona_id, _ = self._fitting(heard, awake, room, manners)
        return Decision(((persona_id, "chance"),), candidates=everybody)

    def _fitting(self, heard: Heard, awake: Sequence[Present], room: Room, manners: Manners) -> tuple[str, Why]:
        """Recently talked to, before what fits the line best, before whose turn it is."""
        if manners.order == "list":
            room.turn_of += 1
            return awake[(room.turn_of - 1) % len(awake)].persona_id, "recent"
        if manners.order == "pooled":
            return min(awake, key=lambda one: room.last_spoke(one.persona_id)).persona_id, "recent"
        lately = [one for one in awake if within(room.talked_to.get(one.persona_id), heard.at, manners.recent)]
        if lately:
            return max(lately, key=lambda one: room.talked_to[one.persona_id]).persona_id, "recent"
        words = set(heard.text.casefold().split())
        best = max(awake, key=lambda one: len(words & one.interests))
        if words & best.interests:
            return best.persona_id, "relevance"
        return self._random.choice(list(awake)).persona_id, "chance"


def addressed_by(heard: Heard, awake: Iterable[Present], manners: Manners) -> list[tuple[str, Why]]:
    """Everyone whom the line addresses, the clearest sign first; no one twice."""
    here = {one.persona_id: one for one in awake}
    found: dict[str, Why] = {}

    def note(persona_id: str | None, why: Why) -> None:
        if persona_id in here and why in (here[persona_id].on or manners.on):
            found.setdefault(str(persona_id), why)

    for persona_id in heard.summons:
        note(persona_id, "summoned")
    for persona_id in sorted(heard.mentions):
        note(persona_id, "mention")
    for persona_id in called_by(heard.text, here.values()):
        note(persona_id, "name")
    if not found:
        note(heard.replies_to, "reply")
    if not found:
        note(heard.thread_of, "thread")
    if not found and heard.private:
        note(heard.meant if heard.meant in here else next(iter(here)), "private")
    return list(found.items())


def called_by(text: str, others: Iterable[Present]) -> tuple[str, ...]:
    """Ids of those whom a line calls by name."""
    return tuple(one.persona_id for one in others if calls(text, one.names))


def within(then: datetime | None, now: datetime, span: timedelta) -> bool:
    """Whether something happened at most so long ago."""
    return then is not None and now - then <= span


def presence(personas: Mapping[str, tuple[str, ...]]) -> tuple[Present, ...]:
    """Characters by id with the names they answer to, none muted."""
    return tuple(Present(persona_id, names) for persona_id, names in personas.items())
