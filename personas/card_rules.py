"""The rules of the community formats, each with what greenroom makes of it; `tests/conformance` has a case for each."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

FILE = Path(__file__).parent / "card_rules.json"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: the section of the restated formats it comes from, and for an exception the reason."""

    id: str
    section: str
    rule: str
    reason: str = ""

    @property
    def status(self) -> Literal["met", "exception"]:
        """Whether greenroom follows the rule."""
        return "exception" if self.reason else "met"

    def row(self) -> dict[str, str]:
        """The rule as the command prints it."""
        case = "" if self.reason else f"tests/conformance::{self.id}"
        return {
            "id": self.id,
            "section": self.section,
            "rule": self.rule,
            "status": self.status,
            "reason": self.reason,
            "case": case,
        }


def read_rules() -> tuple[Rule, ...]:
    """Every rule, in the order of the specification's sections."""
    return tuple(Rule(*row) for row in json.loads(FILE.read_text(encoding="utf-8")))
