"""Which Chinese and Japanese terms belong to one matter: 住 brings 搬家 to mind, in the way that English kin do.

The default encoder can't read these languages, and who tells that they have moved does not say "live". The groups in
words/kin_east.txt are everyday ones, written by hand. What is not covered: everything else; a multilingual encoder is
a setting.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from importlib.resources import files

from memory.lexical_kin import EnglishKin

CLOSE = 0.5  # of kin, where the term itself is 1


class EastKin(Mapping[str, Sequence[tuple[str, float]]]):
    """Term to the others of its groups; read from its file at the first look."""

    def __getitem__(self, term: str) -> Sequence[tuple[str, float]]:
        return self._table[term]

    def __iter__(self) -> Iterator[str]:
        return iter(self._table)

    def __len__(self) -> int:
        return len(self._table)

    @cached_property
    def _table(self) -> dict[str, list[tuple[str, float]]]:
        lines = files("memory").joinpath("words/kin_east.txt").read_text(encoding="utf-8").splitlines()
        table: dict[str, list[tuple[str, float]]] = {}
        for group in (line.split() for line in lines if not line.startswith("#")):
            for term in group:
                table.setdefault(term, []).extend((other, CLOSE) for other in group if other != term)
        return table


class EveryKin(Mapping[str, Sequence[tuple[str, float]]]):
    """English and East Asian kin as one; no term is in both."""

    def __init__(self) -> None:
        self._tables = (EnglishKin(), EastKin())

    def __getitem__(self, term: str) -> Sequence[tuple[str, float]]:
        english, east = self._tables
        return english[term] if term.isascii() else east[term]

    def __iter__(self) -> Iterator[str]:
        return (term for table in self._tables for term in table)

    def __len__(self) -> int:
        return sum(map(len, self._tables))
