"""Decides what may be learnt: a turn counts only if everybody whose words were in it, or before it, has agreed.

A persona repeats what it heard. So a turn is left out with all that follows it in its talk as soon as somebody who has
not agreed was heard there, another persona included (who may repeat others in turn), and whenever it recalled
something that can't be traced to words that count.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence

from memory.journal_rows import REPLY
from memory.lesson import Lesson, Preference
from memory.record import Record
from memory.talk import Thumb
from memory.turn import Turn
from personas import Place, is_private, persona_speaker

FOREIGN = "knowledge"  # from the persona's own documents; nobody said it


class Provenance:
    """Which remembered things rest on words that count: a consenting fan's own, and replies that are lessons.

    `records` are all that the persona may know of those who agreed.
    """

    def __init__(self, records: Sequence[Record], agreed: Collection[str]) -> None:
        self._records = {record.id: record for record in records}
        self._clean = {record.id for record in records if record.sources == (record.id,) and is_own(record, agreed)}

    def admits(self, turn: Turn) -> bool:
        """Whether all that a turn recalled may be learnt from."""
        return all(one.kind == FOREIGN or self._is_clean(one.id) for one in turn.recalled)

    def add(self, turn: Turn) -> None:
        """A turn that is a lesson: its reply counts from now on."""
        self._clean.add(turn.id + REPLY)

    def _is_clean(self, record_id: str) -> bool:
        if record_id in self._clean:
            return True
        record = self._records.get(record_id)
        return record is not None and bool(record.sources) and self._clean.issuperset(record.sources)


def is_own(record: Record, agreed: Collection[str]) -> bool:
    """Whether a consenting fan said it, or the persona in private outside a turn (her greeting)."""
    if record.id.endswith(REPLY):
        return False
    return record.speaker_id in agreed or (
        record.speaker_id.startswith(persona_speaker("")) and is_private(record.place)
    )


def lessons_in(
    talks: Sequence[Sequence[Turn]], agreed: Collection[str], provenance: Provenance, thumbs: Mapping[str, Thumb]
) -> list[tuple[Lesson, ...]]:
    """The lessons of each talk's branch that is shown, oldest first; talks without any are left out."""
    clean: dict[Place, list[Turn]] = {}
    closed: set[Place] = set()
    for turn in sorted((turn for talk in talks for turn in talk), key=lambda turn: turn.began_at):
        if not (all_agreed(turn, agreed) and provenance.admits(turn)):
            closed.add(turn.place)
        if turn.place not in closed:
            provenance.add(turn)
            clean.setdefault(turn.place, []).append(turn)
    return [found for talk in clean.values() if (found := answered_in(tuple(talk), thumbs))]


def answered_in(talk: tuple[Turn, ...], thumbs: Mapping[str, Thumb]) -> tuple[Lesson, ...]:
    """The turns of a talk that teach something."""
    return tuple(
        Lesson(talk, number, thumbs.get(turn.id))
        for number, turn in enumerate(talk)
        if turn.outcome == "answered" and turn.said
    )


def all_agreed(turn: Turn, agreed: Collection[str]) -> bool:
    """Whether somebody was heard in a turn, and everybody who was has agreed."""
    return bool(turn.heard) and all(said.speaker_id in agreed for said in turn.heard)


def preferences_at(
    lesson: Lesson, others: Sequence[Turn], thumbs: Mapping[str, Thumb], *, went_on: bool
) -> Iterator[Preference]:
    """What was liked at one point of a talk; `others` are further replies to the same words.

    Thumbs say more than a reply that was asked for again, and that says something only if the fan went on with the
    other one.
    """
    shown = lesson.turn
    replies = [turn for turn in (shown, *others) if turn.said and turn.outcome == "answered"]
    liked = [turn for turn in replies if thumbs.get(turn.id) == "up"]
    disliked = [turn for turn in replies if thumbs.get(turn.id) == "down"]
    told: set[str] = set()
    for chosen, rejected, kind in (*edited(replies), *((up, down, "thumbs") for up in liked for down in disliked)):
        told |= {chosen.id, rejected.id}
        yield Preference(kind, lesson, chosen, rejected)  # type: ignore[arg-type]
    if thumbs.get(shown.id) != "down" and (went_on or shown in liked):
        for other in asked_again(shown, replies):
            if other.id not in told and other not in liked:
                told |= {shown.id, other.id}
                yield Preference("again", lesson, shown, other)
    yield from (Preference("up", lesson, turn, None) for turn in liked if turn.id not in told)
    yield from (Preference("down", lesson, None, turn) for turn in disliked if turn.id not in told)


def edited(replies: Sequence[Turn]) -> Iterator[tuple[Turn, Turn, str]]:
    """Replies that an operator put into better words, with the ones they replace."""
    known = {turn.id: turn for turn in replies}
    for turn in replies:
        old = known.get(str(turn.trace.get("again", ""))) if turn.trace.get("finish") == "rewritten" else None
        if old is not None and old.said != turn.said:
            yield turn, old, "edited"


def asked_again(shown: Turn, replies: Sequence[Turn]) -> Iterator[Turn]:
    """The replies in whose place the one shown was asked for; one it goes on with is none of them."""
    known = {turn.id: turn for turn in replies}
    while (other := known.pop(str(shown.trace.get("again", "")), None)) is not None:
        yield other
        shown = other
