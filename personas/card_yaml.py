"""Puts a card into the YAML an operator reads and changes: greenroom's own keys, in the order one would write them."""

import math
import re
from collections.abc import Mapping, Sequence
from io import StringIO

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.scalarstring import DoubleQuotedScalarString, LiteralScalarString

from personas.card import Card
from personas.card_examples import exchanges
from personas.card_json import Json
from personas.lore_rules import ROLES, number

CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufeff\ufffe\uffff]")
LONG_LINE = 110
REMARKS = {
    "who": "{{char}} and {{user}} stand for the names; they are filled in when somebody talks",
    "card": "what came with the card; the system prompt and the instructions reach the model as notes",
    "lore": "what she knows when it comes up",
}


def persona_values(card: Card, persona_id: str) -> tuple[dict[str, Json], tuple[str, ...]]:
    """The persona's keys for a card, and what an operator should know about what was not taken over."""
    name = clean_text(card.text("name")).strip() or "Unnamed"
    pairs, silent = exchanges(clean_text(card.text("mes_example")), name)
    notes = (f"{silent} example block(s) have no line of {{{{user}}}}; they stay in the card",) if silent else ()
    values: dict[str, Json] = {
        "id": persona_id,
        "name": name,
        "who": card.text("description") if clean_text(card.text("description")).strip() else name,
        "personality": card.text("personality"),
        "scenario": card.text("scenario"),
        "greeting": card.text("first_mes"),
        "greetings": said(card.texts("alternate_greetings")),
        "examples": [{"fan": fan, "says": says} for fan, says in pairs],
        "card": {
            "nickname": card.text("nickname"),
            "system_prompt": card.text("system_prompt"),
            "post_history_instructions": card.text("post_history_instructions"),
            "depth_prompt": depth_prompt(card.extensions.get("depth_prompt")),
            "group_greetings": said(card.texts("group_only_greetings")),
            "creator": card.text("creator"),
            "creator_notes": card.text("creator_notes"),
            "character_version": card.text("character_version"),
            "tags": said(card.texts("tags")),
        },
    }
    kept = without_nothing(clean(values))
    assert isinstance(kept, dict)
    return kept, notes


def said(texts: Sequence[str]) -> list[Json]:
    """The texts that say something once YAML has them."""
    return [text for text in texts if clean_text(text).strip()]


def depth_prompt(written: Json) -> Json:
    """The reminder at a depth, or nothing."""
    if not isinstance(written, dict) or not str(written.get("prompt") or "").strip():
        return {}
    role = str(written.get("role") or "system")
    depth = max(0, int(number(written.get("depth"), 4) or 0))
    return {"prompt": str(written["prompt"]), "depth": depth, "role": role if role in ROLES else "system"}


def without_nothing(value: Json) -> Json:
    """The value without keys that say nothing."""
    if isinstance(value, dict):
        full = {key: without_nothing(inner) for key, inner in value.items()}
        return {key: inner for key, inner in full.items() if inner not in ("", [], {}, None)}
    return [without_nothing(inner) for inner in value] if isinstance(value, list) else value


def clean(value: Json) -> Json:
    """The value as YAML can hold it: line ends as `\\n`, no control characters, no half letters, no infinities."""
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, dict):
        return {clean_text(key): clean(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [clean(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def clean_text(text: str) -> str:
    """One text as YAML can hold it."""
    return CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def yaml_text(values: Mapping[str, Json], head: Sequence[str], *, quoted: bool = False) -> str:
    """The values as a YAML document under some lines of comment; `quoted` writes every long text in quotes."""
    document = commented(dict(values), quoted)
    assert isinstance(document, CommentedMap)
    for key in document.keys() & REMARKS.keys():
        document.yaml_set_comment_before_after_key(key, before=REMARKS[key])
    document.yaml_set_start_comment("\n".join(head))
    yaml, out = YAML(), StringIO()
    yaml.width, yaml.allow_unicode = LONG_LINE, True
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.dump(document, out)
    return out.getvalue()


def commented(value: Json, quoted: bool) -> object:
    """The value in ruamel.yaml's types: several lines as a block, one line as it reads best."""
    if isinstance(value, dict):
        made = CommentedMap()
        for key, inner in value.items():
            made[key] = commented(inner, quoted)
        return made
    if isinstance(value, list):
        return CommentedSeq([commented(inner, quoted) for inner in value])
    if isinstance(value, str) and quoted:
        return DoubleQuotedScalarString(value)
    if isinstance(value, str) and "\n" in value:
        return LiteralScalarString(value)
    return value
