"""One fan as one persona knows them, in RAM: every record with its vector, and a ranking for each audience.

A ranking only ever holds what may surface where it is used: what was said elsewhere is not filtered out of its
answers, it was never in it.
"""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime

from memory.journal_rows import said_when
from memory.ranking import Ranking
from memory.record import Record
from memory.scope import Sharing, may_surface
from personas import Place

TAIL = 8  # more than any window reaches back, with some statements in between


class Acquaintance:
    """`records` are in the order they were said, with vectors. `blank` makes an empty ranking.

    `recalled` says how often each memory came to mind before, as the journal keeps it.
    """

    def __init__(self, blank: Callable[[], Ranking], recalled: Mapping[str, str] | None = None) -> None:
        self._blank = blank
        self._recalled = Counter({one: int(times) for one, times in (recalled or {}).items()})
        self._uncounted: set[str] = set()
        self._records: list[Record] = []
        self._unread: list[Record] = []
        self._ids: set[str] = set()
        self._audiences: set[str] = set()
        self._rankings: dict[frozenset[str], Ranking] = {}

    def __len__(self) -> int:
        return len(self._records)

    def __contains__(self, record_id: str) -> bool:
        return record_id in self._ids

    @property
    def records(self) -> Sequence[Record]:
        """All of them, for whoever holds the index to the journal; never for showing."""
        return self._records

    @property
    def unread(self) -> Sequence[Record]:
        """What was said last and has no vectors yet, oldest first; only `records` are ranked and shown."""
        return self._unread

    @property
    def tail(self) -> list[Record]:
        """The last few."""
        return self._records[-TAIL:]

    def visible(self, place: Place, sharing: Sharing) -> tuple[Record, ...]:
        """What may surface in a place, oldest first."""
        heard_by = self._surfacing(place, sharing)
        return tuple(record for record in self._records if record.audience in heard_by)

    def ranking(self, place: Place, sharing: Sharing) -> Ranking:
        """Ready to be asked in a place; made at the first question and grown after that."""
        heard_by = self._surfacing(place, sharing)
        if heard_by not in self._rankings:
            self._rankings[heard_by] = self._blank()
            self._rankings[heard_by].add(*self.visible(place, sharing))
            self._rankings[heard_by].came_to_mind(self._recalled)
        return self._rankings[heard_by]

    def came_to_mind(self, ids: Collection[str]) -> None:
        """What was recalled fades more slowly from now on."""
        met = self._ids.intersection(ids)
        self._recalled.update(met)
        self._uncounted |= met
        for ranking in self._rankings.values():
            ranking.came_to_mind(dict.fromkeys(met, 1))

    def counted(self) -> dict[str, int]:
        """Those counts, which from now on count as written down."""
        times = {one: self._recalled[one] for one in self._uncounted}
        self._uncounted.clear()
        return times

    def replace(self, records: Sequence[Record]) -> None:
        """Take these records for all there are."""
        self._records, self._unread = list(records), []
        self._ids = {record.id for record in records}
        self._audiences = {record.audience for record in records}
        self._rankings.clear()

    def follows(self, records: Sequence[Record]) -> bool:
        """Whether all of these were said after everything that is known."""
        if not self._records and not self._unread:
            return True
        newest = [*self._records[-1:], *self._unread][-1]
        last = said_when(newest.id, newest.at)
        return all(said_when(record.id, record.at) > last for record in records)

    def hear(self, records: Sequence[Record]) -> None:
        """Add what was said after everything that is known; it is read later."""
        self._unread += sorted(records, key=lambda record: said_when(record.id, record.at))
        self._ids |= {record.id for record in records}

    def last_said_at(self, place: Place, sharing: Sharing, *, but: Collection[str]) -> datetime | None:
        """When the last was said that may surface in a place, `but` for some ids; None: not lately, or never."""
        heard_by = self._surfacing(place, sharing)
        lately = (one for one in reversed([*self.tail, *self._unread]) if one.id not in but)
        return next((one.at for one in lately if one.audience in heard_by), None)

    def grow(self, tail: Sequence[Record]) -> None:
        """Put these records in the place of the `tail`: the same ones, some with new vectors, and the unread ones."""
        old, self._unread = {record.id: record for record in self.tail}, []
        self._records[len(self._records) - len(old) :] = tail
        self._ids |= {record.id for record in tail}
        self._audiences |= {record.audience for record in tail}
        for heard_by, ranking in self._rankings.items():
            for record in tail:
                if record.audience not in heard_by:
                    continue
                if record.id not in old:
                    ranking.add(record)
                elif record.vector is not old[record.id].vector:
                    ranking.revise(record)

    def _surfacing(self, place: Place, sharing: Sharing) -> frozenset[str]:
        return frozenset(audience for audience in self._audiences if may_surface(audience, place, sharing))
