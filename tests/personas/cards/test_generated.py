"""Generated cards, with unknown fields at every level, come back byte for byte and survive an edit."""

import json
import re
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from tests.personas.cards.house import House, cards_in, changed
from tests.personas.cards.making import charx, png, text

ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
TEXT = st.text(max_size=60)
UNKNOWN = st.dictionaries(st.text(min_size=1, max_size=8).map(lambda key: f"x_{key}"), ANYTHING, max_size=2)


def objects(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Objects with these fields and unknown ones."""
    return st.builds(lambda known, unknown: {**known, **unknown}, st.fixed_dictionaries(fields), UNKNOWN)


ENTRY = objects(
    keys=st.lists(TEXT, max_size=3),
    content=TEXT,
    extensions=UNKNOWN,
    enabled=st.booleans(),
    insertion_order=st.integers(-1000, 1000) | st.floats(-10, 10),
    use_regex=st.booleans(),
    id=st.integers() | TEXT,
)
BOOK = objects(name=TEXT, extensions=UNKNOWN, entries=st.lists(ENTRY, max_size=3))
SCENE = {"scenario": st.just("@@")}
V1 = dict.fromkeys(("name", "description", "personality", "first_mes", "mes_example"), TEXT) | {
    "scenario": st.just("@@")
}
V2 = V1 | {
    "creator_notes": TEXT,
    "system_prompt": TEXT,
    "post_history_instructions": TEXT,
    "alternate_greetings": st.lists(TEXT, max_size=3),
    "tags": st.lists(TEXT, max_size=3),
    "creator": TEXT,
    "character_version": TEXT,
    "extensions": UNKNOWN,
}
V3 = V2 | {"nickname": TEXT, "group_only_greetings": st.lists(TEXT, max_size=2), "character_book": BOOK}
CARDS = st.one_of(
    objects(**V1),
    objects(spec=st.just("chara_card_v2"), spec_version=st.just("2.0"), data=objects(**V2)),
    objects(spec=st.just("chara_card_v3"), spec_version=st.just("3.0"), data=objects(**V3)),
)
# hypothesis explains failures by tracing every line, which makes YAML ten times slower
PHASES = (Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink)
LAYOUTS = st.sampled_from(["json", "indented", "ascii", "png", "charx"])


def laid_out(card: dict[str, Any], layout: str) -> bytes:
    """A card in a file of some kind."""
    if layout == "png":
        return png(text("ccv3" if card.get("spec") == "chara_card_v3" else "chara", card))
    if layout == "charx":
        return charx(card)
    written = json.dumps(card, indent=2 if layout == "indented" else None, ensure_ascii=layout == "ascii")
    return written.encode("utf-8", "surrogatepass")


def comes_back(card: dict[str, Any], layout: str) -> None:
    """In and out, byte for byte; then with another scenario, and nothing else."""
    data = laid_out(card, layout)
    with TemporaryDirectory() as folder:
        home = House(Path(folder))
        imported = home.take_in(data, "card.bin")
        untouched = home.export(imported.id)
        written = home.file(imported.id).read_text(encoding="utf-8")
        (line,) = re.findall(r"^scenario: ['\"]@@['\"]$", written, re.MULTILINE)
        home.edit(home.file(imported.id), line, "scenario: Elsewhere.")
        edited = home.export(imported.id)
    assert untouched.data == data
    (before,), (after,) = cards_in(data).values(), cards_in(edited.data).values()
    differing = {way.rpartition(".")[2] for way in changed(before, after)}
    assert "scenario" in differing
    assert differing <= {"scenario", "modification_date"}


@example({"name": "", "first_mes": "\n\u2028", "scenario": "@@"}, "json")
@settings(max_examples=200, deadline=None, phases=PHASES, suppress_health_check=list(HealthCheck))
@given(CARDS, LAYOUTS)
def test_a_generated_card_comes_back_byte_for_byte(card: dict[str, Any], layout: str) -> None:
    comes_back(card, layout)


@pytest.mark.soak
@pytest.mark.timeout(3600)
@settings(max_examples=2000, deadline=None, phases=PHASES, suppress_health_check=list(HealthCheck))
@given(CARDS, LAYOUTS)
def test_two_thousand_generated_cards_come_back_byte_for_byte(card: dict[str, Any], layout: str) -> None:
    comes_back(card, layout)
