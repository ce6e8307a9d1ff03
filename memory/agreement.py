"""Holds the index to the journal: what of it is still true, what must be written again, and what must go.

A memory's vector blends the lines around it (`ranking_vectors`), so when a line is edited, deleted or added, its
neighbours' vectors are no longer what they should be either; they are found by comparing what went into them.
"""

from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from memory.journal_rows import said_when
from memory.ranking_tokens import Sketcher
from memory.ranking_vectors import answers, in_place, window
from memory.record import Record
from serving import Encoder

SILENCE = timedelta(minutes=30)
RECIPE = 4  # grows whenever a vector or a sketch is made in another way, so that every index is made anew
PORTION = 256  # lines encoded before they are written, so that a long rebuild can be broken off and resumed


@dataclass(frozen=True, slots=True)
class Agreement:
    """`records` is what the index should hold, in order, with the vectors that still fit; the others have None.

    `changed` are the positions of those that must be written. `leaves` says whether words go for good, so that the
    index must be written anew: Chroma's log would keep them.
    """

    records: list[Record]
    changed: list[int]
    leaves: bool


def compare(stored: Sequence[Record], wanted: Sequence[Record], begins: Record | None = None) -> Agreement:
    """What to do so that `stored` (with vectors) becomes `wanted` (without).

    Both may be the end of a longer line that `begins` with a record whose place is known.
    """
    line, before = timeline(wanted, begins), {record.id: record for record in stored}
    if list(map(essence, stored)) == list(map(essence, line)):
        return Agreement(list(stored), [], leaves=False)
    blended_before, blended = blends(timeline(stored, begins)), blends(line)
    records, changed = [], []
    for number, record in enumerate(line):
        old = before.get(record.id)
        if old is not None and blended_before[record.id] == blended[record.id]:
            records.append(replace(record, vector=old.vector, tokens=old.tokens))
            if essence(old)[2:] == essence(record)[2:]:
                continue
        elif old is not None and old.text == record.text:  # beside other lines now; it says what it said
            records.append(replace(record, vector=None, tokens=old.tokens))
        else:
            records.append(replace(record, vector=None, tokens=b""))
        changed.append(number)
    kept = {record.id: record.text for record in line}
    return Agreement(records, changed, any(kept.get(old.id) != old.text for old in stored))


def essence(record: Record) -> tuple[object, ...]:
    """All of a record but its vector. The first two are its place in line, which changes with every deletion before
    it, and is found again by sorting.
    """
    told = record.id, record.text, record.kind, record.speaker_id, record.speaker_name, record.place, record.audience
    holds = record.at, record.sources, record.valid_from, record.valid_to, record.superseded_by
    return record.order, record.session, *told, *holds


def timeline(records: Sequence[Record], begins: Record | None = None) -> list[Record]:
    """The records in the order they were said, numbered, with their sessions; `begins` is the first one, if it has
    its place already.
    """
    line: list[Record] = []
    for record in sorted(records, key=lambda record: said_when(record.id, record.at)):
        order, session = (line[-1].order + 1, line[-1].session) if line else (0, "")
        if not line and begins is not None:
            order, session = begins.order, begins.session
        elif not line or record.at - line[-1].at > SILENCE:
            session = record.at.isoformat()
        line.append(replace(record, order=order, session=session))
    return line


def blends(line: Sequence[Record]) -> dict[str, tuple[str, ...]]:
    """What goes into each record's vector, by id: two records with equal blends have equal vectors."""
    spoken = [record for record in line if record.kind == "utterance"]
    found = {record.id: (record.text,) for record in line if record.kind != "utterance"}
    return found | {record.id: blend(spoken, at) for at, record in enumerate(spoken)}


def blend(spoken: Sequence[Record], at: int) -> tuple[str, ...]:
    """A line, its window, and the question before it, if it answers one."""
    asked = spoken[at - 1].text if at and answers(spoken[at - 1], spoken[at]) else ""
    return spoken[at].text, window(spoken, at), asked


async def encoded(agreement: Agreement, encoder: Encoder) -> AsyncIterator[list[Record]]:
    """The changed records with their vectors, in portions; those whose vectors fit already come first."""
    records = agreement.records
    fitting = [records[number] for number in agreement.changed if records[number].vector is not None]
    if fitting:
        yield fitting
    blank = [record for record in records if record.vector is None and record.kind != "utterance"]
    if blank:
        rows, sketches = await Sketcher(encoder).read([record.text for record in blank])
        yield [
            replace(record, vector=row, tokens=sketch.packed() if sketch else b"")
            for record, row, sketch in zip(blank, rows, sketches, strict=True)
        ]
    spoken = [record for record in records if record.kind == "utterance"]
    for begin, end in runs([record.vector is None for record in spoken]):
        yield await lines_encoded(spoken, begin, end, encoder)


async def lines_encoded(spoken: Sequence[Record], begin: int, end: int, encoder: Encoder) -> list[Record]:
    """Lines `begin` to `end` with their vectors; the lines beside them are only looked at."""
    first = max(begin - 2, 0)
    placed = await in_place(Sketcher(encoder), spoken[first : end + 1], first=begin - first)
    return placed[: end - begin]


def runs(wanted: Sequence[bool]) -> Iterator[tuple[int, int]]:
    """Stretches of wanted positions, none longer than `PORTION`: [0,1,1,0,1] gives (1,3), (4,5)."""
    begin = 0
    while begin < len(wanted):
        if not wanted[begin]:
            begin += 1
            continue
        end = begin
        while end < len(wanted) and wanted[end] and end - begin < PORTION:
            end += 1
        yield begin, end
        begin = end
