"""Runs the case of every rule that greenroom says it follows; `greenroom persona conformance` prints the same table."""

import json
from collections.abc import Callable

import pytest
from typer.testing import CliRunner

from personas.card_cli import app
from personas.card_rules import read_rules
from tests.conformance import cases_cards, cases_lore, cases_macros, cases_timed
from tests.conformance.cases import CASES

RULES = read_rules()
MODULES = (cases_cards, cases_lore, cases_macros, cases_timed)
RUNS = [pytest.param(case, id=f"{rule}-{n}") for rule, cases in CASES.items() for n, case in enumerate(cases)]


@pytest.mark.parametrize("case", RUNS)
def test_the_rule_is_followed(case: Callable[[], None]) -> None:
    case()


def test_every_rule_that_is_met_has_a_case_and_every_case_a_rule() -> None:
    met = {rule.id for rule in RULES if rule.status == "met"}

    assert met == CASES.keys()
    assert len({rule.id for rule in RULES}) == len(RULES)


def test_the_command_prints_the_table() -> None:
    done = CliRunner().invoke(app, ["conformance", "--json"])

    rows = json.loads(done.stdout)
    assert [row["id"] for row in rows] == [rule.id for rule in RULES]
    assert all(row["case"] or row["reason"] for row in rows)
