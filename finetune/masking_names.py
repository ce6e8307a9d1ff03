"""Whose names a talk gives away, and which names stand in for them.

A name is not blacked out but exchanged for another one, the same all through a talk: a persona that learnt to say
"[NAME]" would say it on stage. Known are the names people carry there (nicknames, their parts), and those that somebody
is introduced by ("my sister Anna", "call me Kit", "我叫小林").

What is not covered: a name that comes without any of these words.
"""

import hashlib
import re
from collections.abc import Collection, Iterable, Iterator, Mapping

STAND_INS = (
    *("Robin", "Sasha", "Noor", "Ari", "Jules", "Remy", "Quinn", "Rowan", "Emery", "Toby", "Nico", "Tal"),
    *("Devi", "Marlo", "Ines", "Oren", "Pia", "Rafi", "Suri", "Wren", "Yuna", "Zadie", "Bela", "Cleo"),
)
STAND_INS_EAST = ("小雨", "阿明", "小夏", "阿青", "小禾", "阿远", "小舟", "阿南", "小满", "阿乔")
NAME = r"[^\W\d_a-z][\w'’-]{1,20}"
KIN = (
    "sister|brother|mother|father|mum|mom|dad|aunt|uncle|cousin|niece|nephew|son|daughter|wife|husband|girlfriend|"
    "boyfriend|partner|friend|best friend|roommate|flatmate|teacher|boss|colleague|neighbour|neighbor|crush|ex"
)
I_AM = r"(?i:(?:hi|hello|hey)[,!.]? )?(?i:i'm|i am|it's|this is)"
INTRODUCED = (
    re.compile(
        rf"\b(?i:my name(?:'s| is)|call me|i am called|i'm called|named|known as|ich heiße)\s+({NAME}(?:\s{NAME})?)"
    ),
    re.compile(rf"\b(?i:my (?:\w+ )?(?:{KIN}))(?i:,? (?:is )?(?:called|named))?,?\s+({NAME})"),
    re.compile(rf"({NAME}), (?i:my (?:\w+ )?(?:{KIN}))\b"),
    re.compile(rf"\b(?i:(?:{KIN}) (?:is|was) (?:called|named))\s+({NAME})"),
    re.compile(rf"^{I_AM}\s+({NAME})(?=\s*(?:[.,!?]|$|and\b|from\b|here\b))"),
    re.compile(r"(?:我叫|我的名字是|叫我|名叫|叫做)([\u4e00-\u9fff]{2,3}?|[A-Za-z]{2,20})(?=[，。！？,.!?\s]|$)"),
    re.compile(r"(?:私の名前は|私は)([\u3040-\u30ff\u4e00-\u9fff]{2,6}?)(?:です|といいます|と申します)"),
)
NEVER = frozenset(
    """
    i january february march april may june july august september october november december monday tuesday wednesday
    thursday friday saturday sunday english german french chinese japanese korean spanish discord
    """.split()  # noqa: SIM905, a list of quoted words would be a page
)


def names_in(texts: Iterable[str]) -> Iterator[str]:
    """The names by which somebody is introduced."""
    for text in texts:
        for pattern in INTRODUCED:
            yield from (found[1].removesuffix("'s").removesuffix("’s") for found in pattern.finditer(text))


def parts_of(name: str) -> Iterator[str]:
    """A nickname, and the words in it that are names themselves."""
    yield name.strip()
    words = re.findall(r"[^\W\d_]{3,}", name)
    yield from (words if len(words) > 1 or words != [name.strip()] else ())


def stand_ins(names: Collection[str], *, spared: Collection[str], salt: str) -> Mapping[str, str]:
    """For each name, in every spelling, another one; `spared` are the cast's own names, which stay.

    The same salt (a talk) gives the same names; nobody gets a name that somebody really has.
    """
    stays = {name.casefold() for name in spared}
    people = {name.casefold(): name for whole in names for name in parts_of(whole) if len(name) > 1}
    given: dict[str, str] = {}
    for folded in sorted(people.keys() - stays - NEVER):
        pool = STAND_INS if re.search(r"[A-Za-z]", folded) else STAND_INS_EAST
        free = [name for name in pool if name.casefold() not in people.keys() | stays and name not in given.values()]
        free = free or [f"{pool[0]}{len(given)}"]
        given[people[folded]] = free[int(hashlib.sha256(f"{salt}|{folded}".encode()).hexdigest(), 16) % len(free)]
    return given
