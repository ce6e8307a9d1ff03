"""Sections 4 and 5: what depends on the turns before."""

from typing import Any

from personas.lore_moment import Moment
from personas.lore_state import LoreState
from tests.conformance.cases import entry, fires, lore, said, shows

KEY, NOTHING = "Kim: The lake!", "Kim: Well."


def course(one: dict[str, Any], *lines: str, state: LoreState | None = None) -> str:
    """Whether an entry fires after each of some lines: `x` or `.`, with the state carried along."""
    book, state, marks = lore(one, scan_depth=1), state or LoreState(), ""
    for end in range(1, len(lines) + 1):
        found = book.activate(Moment(said(*lines[:end]), state=state))
        state, marks = found.state, marks + ".x"[found.verdicts[0].fired]
    return marks


@shows("dec.activate_only_after")
def it_waits_for_the_characters_messages() -> None:
    one = entry("@@activate_only_after 2\nX", constant=True)
    assert not fires(one, ["Mika: a", "Kim: b"])
    assert fires(one, ["Mika: a", "Kim: b", "Mika: c"])


@shows("dec.activate_only_every")
def it_fires_with_every_so_many_messages() -> None:
    one = entry("@@activate_only_every 2\nX", constant=True)
    assert not fires(one, ["Mika: a"])
    assert fires(one, ["Mika: a", "Kim: b", "Mika: c"])


@shows("dec.keep_activate_after_match")
def it_stays_on_once_it_matched() -> None:
    assert course(entry("@@keep_activate_after_match\nX"), NOTHING, KEY, NOTHING, NOTHING) == ".xxx"


@shows("dec.dont_activate_after_match")
def it_fires_once() -> None:
    assert course(entry("@@dont_activate_after_match\nX"), NOTHING, KEY, KEY, NOTHING) == ".x.."


@shows("st.sticky")
def it_stays_for_some_messages_whatever_chance_says() -> None:
    assert course(entry("X", ext={"sticky": 2}), KEY, NOTHING, NOTHING, NOTHING) == "xxx."
    lucky = next(seed for seed in map(str, range(99)) if fires(entry(ext={"probability": 5}), [KEY], seed=seed))
    book = lore(entry("X", ext={"sticky": 5, "probability": 5}))
    state = book.activate(Moment(said(KEY), seed=lucky)).state
    later = [book.activate(Moment(said(KEY, *[NOTHING] * n), seed=lucky, state=state)) for n in range(1, 6)]
    assert all(found.verdicts[0].fired for found in later)


@shows("st.cooldown")
def it_rests_after_it_was_sticky() -> None:
    assert course(entry("X", ext={"cooldown": 2}), KEY, KEY, KEY, KEY) == "x..x"
    assert course(entry("X", ext={"sticky": 1, "cooldown": 2}), KEY, KEY, KEY, KEY, KEY) == "xx..x"


@shows("st.delay")
def it_waits_until_enough_was_said() -> None:
    assert course(entry("X", ext={"delay": 3}), KEY, KEY, KEY) == "..x"


@shows("st.rollback")
def what_a_deleted_message_caused_never_happened() -> None:
    book = lore(entry("X", ext={"sticky": 5}), scan_depth=1)
    before = book.activate(Moment(said(NOTHING))).state
    after = book.activate(Moment(said(NOTHING, KEY), state=before)).state
    assert book.activate(Moment(said(NOTHING, KEY, NOTHING), state=after)).verdicts[0].fired
    assert not book.activate(Moment(said(NOTHING, NOTHING), state=after)).verdicts[0].fired
    assert not book.activate(Moment(said(NOTHING, NOTHING), state=before)).verdicts[0].fired
    assert before == LoreState()
