"""The examination counts rightly."""

from collections.abc import Sequence

import pytest

from finetune.understudy.exam import Reply, Score, broken, listener, wilson
from finetune.understudy.voices import voices


def test_an_interval_holds_the_share_and_narrows_with_more_questions() -> None:
    low, high = wilson(90, 100)
    lower, higher = wilson(900, 1000)

    assert low < 0.9 < high
    assert low < lower < 0.9 < higher < high
    assert (round(low, 3), round(high, 3)) == (0.826, 0.945)


def test_a_target_is_met_from_above_or_from_below() -> None:
    assert Score("persona", 95, 100, 0.95).met is True
    assert Score("persona", 94, 100, 0.95).met is False
    assert Score("broken", 1, 100, 0.01, at_most=True).met is False
    assert Score("broken", 0, 100, 0.01, at_most=True).met is True


@pytest.mark.parametrize(
    ("reply", "is_broken"),
    [
        (Reply("That's lovely. Tell me more?", True), False),
        (Reply("That's lovely and", True), True),
        (Reply("", True), True),
        (Reply("A long way down.", False), True),
        (Reply("I like tea and I like tea and I like tea and I like tea.", True), True),
    ],
)
def test_a_loop_and_a_torn_sentence_are_seen(reply: Reply, is_broken: bool) -> None:
    assert broken(reply) is is_broken


def test_the_listener_tells_the_registers_apart() -> None:
    lines: Sequence[tuple[str, str]] = [(v.acts["tired"][0], v.name) for v in voices()]

    heard = listener(1)([text for text, _ in lines])

    assert sum(name == truth for name, (_, truth) in zip(heard, lines, strict=True)) >= len(lines) - 1
