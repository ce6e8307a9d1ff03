"""One fan's memories as columns of numbers, in RAM, so that every one of them can be scored in a few milliseconds."""

from collections.abc import Mapping
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from memory.dates import Span, mentions
from memory.languages import length, terms
from memory.lexical import Floats, Kin, WordIndex
from memory.questions import is_question
from memory.ranking_changes import may_replace
from memory.ranking_tokens import SketchRows
from memory.record import Record

Rows = NDArray[np.int64]
NOBODY = -1
A_MONTH = timedelta(31)


class Column:
    """A numpy array that grows at its end; `values` is a view, shape (rows, *width)."""

    def __init__(self, dtype: type, *width: int) -> None:
        self._room: np.ndarray = np.zeros((16, *width), dtype=dtype)
        self._rows = 0

    @property
    def values(self) -> np.ndarray:
        return self._room[: self._rows]

    def append(self, value: object) -> None:
        """One more row; the room doubles when it is full."""
        if self._rows == len(self._room):
            self._room = np.concatenate([self._room, np.zeros_like(self._room)])
        self._room[self._rows] = value
        self._rows += 1


class MemoryRows:
    """Row n is the n-th record given to `add`; what was said just before and after it in one session is known by row.

    Facts and episodes have no neighbours.
    """

    def __init__(self, dim: int, kin: Kin) -> None:
        self.records: list[Record] = []
        self._row: dict[str, int] = {}
        self.words = WordIndex(kin)
        self.sketches = SketchRows()
        self._vectors = Column(np.float32, dim)
        self._before, self._after = Column(np.int64), Column(np.int64)
        self._asks, self._length = Column(np.float64), Column(np.float64)
        self._opens = Column(np.float64)
        self._recalled = Column(np.float64)
        self._may_replace = Column(np.float64)
        self._day, self._tells_when, self._tells_year = Column(np.int64), Column(np.float64), Column(np.float64)
        self._spoken_of_row, self._spoken_of = Column(np.int64), Column(np.int64, 2)
        self._speakers: dict[str, int] = {}
        self._speaker = Column(np.int64)
        self._newest = NOBODY

    def __len__(self) -> int:
        return len(self.records)

    def add(self, record: Record) -> None:
        """One more row. Utterances come in the order they were said."""
        if record.vector is None:
            raise ValueError(f"Record {record.id} has no vector, and can't be compared with anything.")
        row = len(self.records)
        self.records.append(record)
        self._row[record.id] = row
        self.words.add(terms(record.text))
        self.sketches.add(record.tokens)
        self._vectors.append(record.vector)
        self._recalled.append(0.0)
        states = record.kind == "utterance" and not is_question(record.text)
        self._may_replace.append(may_replace(record.text) if states else 0.0)
        self._asks.append(is_question(record.text))
        self._length.append(np.log1p(length(record.text)))
        self._speaker.append(self._speakers.setdefault(record.speaker_id, len(self._speakers)))
        self._note_days(row, record)
        self._note_neighbours(row, record)

    def revise(self, record: Record) -> None:
        """Another vector for a record that is there."""
        row = self._row[record.id]
        self.records[row] = record
        self._vectors.values[row] = record.vector

    @property
    def vectors(self) -> NDArray[np.float32]:
        """Shape (rows, dim)."""
        return self._vectors.values

    @property
    def asks(self) -> Floats:
        """1 where the record ends with a question."""
        return self._asks.values

    @property
    def opens(self) -> Floats:
        """1 where a session begins: people open with their news."""
        return self._opens.values

    @property
    def length(self) -> Floats:
        """The logarithm of the number of words."""
        return self._length.values

    @property
    def may_replace(self) -> Floats:
        """How readily each record is taken for one that replaces another; 0 for questions and what isn't a line."""
        return self._may_replace.values

    @property
    def tells_when(self) -> Floats:
        """1 where the record speaks of a time."""
        return self._tells_when.values

    @property
    def tells_year(self) -> Floats:
        """1 where it speaks of another year or of more than a month: "on Friday" tells nobody which year it was."""
        return self._tells_year.values

    @property
    def recalled(self) -> Floats:
        """How often each record came to mind since the rows were made."""
        return self._recalled.values

    def came_to_mind(self, times: Mapping[str, int]) -> None:
        """Count these records, by id, as recalled so many times more; unknown ids are no error."""
        for one, more in times.items():
            if one in self._row:
                self._recalled.values[self._row[one]] += more

    def age(self, today: date) -> Floats:
        """How many days ago each record was said."""
        return (today.toordinal() - self._day.values).astype(np.float64)

    def said_by(self, speaker_id: str) -> Floats:
        """1 where this speaker said it."""
        values: Floats = (self._speaker.values == self._speakers.get(speaker_id, NOBODY)).astype(np.float64)
        return values

    def said_since(self, span: Span, fading_days: float) -> Floats:
        """1 where it was said within the days, less and less after them, 0 before: news are told afterwards."""
        late = np.maximum(self._day.values - span.last.toordinal(), 0)
        return np.where(self._day.values >= span.first.toordinal(), np.exp(-late / fading_days), 0.0)

    def speaks_of(self, span: Span) -> Floats:
        """1 where the record speaks of any of these days, be it as "yesterday"."""
        found = np.zeros(len(self))
        first, last = self._spoken_of.values[:, 0], self._spoken_of.values[:, 1]
        meets = (first <= span.last.toordinal()) & (last >= span.first.toordinal())
        found[self._spoken_of_row.values[meets]] = 1.0
        return found

    def days_spoken_of(self, one: str) -> list[date]:
        """The last day of each time that the record with this id speaks of."""
        row = self._row[one]
        begin, end = np.searchsorted(self._spoken_of_row.values, (row, row + 1))
        return [date.fromordinal(int(last)) for last in self._spoken_of.values[begin:end, 1]]

    def spread(self, scores: Floats, *, near: float, far: float) -> Floats:
        """Each row's score with part of those said one (`near`) and two (`far`) before and after it."""
        spread = scores.copy()
        for neighbours in (self._before.values, self._after.values):
            one = moved(scores, neighbours)
            spread += near * one + far * moved(one, neighbours)
        return spread

    def near(self, rows: Rows) -> Rows:
        """Each row with those one and two before and after it, shape (rows, 5); NOBODY where there is none."""
        before, after = self._before.values, self._after.values
        one = [stepped(rows, before), stepped(rows, after)]
        return np.stack([rows, *one, stepped(one[0], before), stepped(one[1], after)], axis=1)

    def _note_days(self, row: int, record: Record) -> None:
        day = record.at.date()
        self._day.append(day.toordinal())
        spoken_of = [mention.span for mention in mentions(record.text, day)]
        self._tells_when.append(bool(spoken_of))
        self._tells_year.append(
            any(span.first.year != day.year or span.last - span.first > A_MONTH for span in spoken_of)
        )
        for span in spoken_of:
            self._spoken_of_row.append(row)
            self._spoken_of.append((span.first.toordinal(), span.last.toordinal()))

    def _note_neighbours(self, row: int, record: Record) -> None:
        before = self._newest if record.kind == "utterance" else NOBODY
        if before != NOBODY and self.records[before].session != record.session:
            before = NOBODY
        self._before.append(before)
        self._after.append(NOBODY)
        self._opens.append(record.kind == "utterance" and before == NOBODY)
        if before != NOBODY:
            self._after.values[before] = row
        if record.kind == "utterance":
            self._newest = row


def stepped(rows: Rows, neighbours: Rows) -> Rows:
    """The neighbour of each row; nobody has none."""
    return np.where(rows == NOBODY, NOBODY, neighbours[rows])


def moved(scores: Floats, neighbours: Rows) -> Floats:
    """The score of each row's neighbour, 0 where it has none."""
    return np.where(neighbours == NOBODY, 0.0, scores[neighbours])
