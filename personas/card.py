"""A community character card, whichever of its three versions it is written in, and what had to be mended to read it.

V1 is flat; V2 and V3 keep their fields under `data`. Sources: malfoyslastname/character-card-spec-v2 and
kwaroran/character-card-spec-v3. `Card.fields` is `data` (or the flat object) with every known field in its right type
and every unknown one as it was. Repairs are named in sentences; none of them touches the original, which export uses.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, cast

from personas.card_errors import CardMissing
from personas.card_json import Json, finite
from personas.lorebook import book_of
from personas.lorebook_repair import Repairs, as_number, as_text, as_texts

Version = Literal[1, 2, 3]
V1_FIELDS = ("name", "description", "personality", "scenario", "first_mes", "mes_example")
TEXTS = (*V1_FIELDS, "creator_notes", "system_prompt", "post_history_instructions", "creator", "character_version")
LISTS = ("alternate_greetings", "tags", "group_only_greetings", "source")
NUMBERS = ("creation_date", "modification_date")
KNOWN = {1: V1_FIELDS, 2: (*TEXTS, "alternate_greetings", "tags"), 3: (*TEXTS, *LISTS[:3])}
SPECS: Mapping[str, Version] = {"chara_card_v2": 2, "chara_card_v3": 3}
LATEST = {2: 2.0, 3: 3.0}


@dataclass(frozen=True, slots=True)
class Card:
    """A card's fields, mended, with the repairs that took; `raw` is the whole object as it was read."""

    version: Version
    fields: Mapping[str, Json]
    raw: Mapping[str, Json]
    repairs: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    def text(self, name: str) -> str:
        """A text field, or nothing."""
        value = self.fields.get(name)
        return value if isinstance(value, str) else ""

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of texts, or an empty one."""
        value = self.fields.get(name)
        return tuple(str(item) for item in value) if isinstance(value, list) else ()

    @property
    def book(self) -> dict[str, Json] | None:
        """The lorebook inside, or None."""
        book = self.fields.get("character_book")
        return book if isinstance(book, dict) else None

    @property
    def extensions(self) -> Mapping[str, Json]:
        """What programs keep in the card for themselves."""
        found = self.fields.get("extensions")
        return found if isinstance(found, dict) else {}


def is_card(value: Json) -> bool:
    """Whether an object looks like a card of any version."""
    if not isinstance(value, dict):
        return False
    if isinstance(value.get("data"), dict) and ("spec" in value or "name" in cast(dict[str, Json], value["data"])):
        return value.get("spec") != "lorebook_v3"
    return "name" in value and any(name in value for name in V1_FIELDS[1:])


def card_of(raw: Json, *, keyword: str = "") -> Card:
    """The card in an object. Raises `CardMissing` if it is none."""
    if not isinstance(raw, dict) or not is_card(raw):
        raise CardMissing("The JSON is sound, and it is not a character card.")
    repairs = Repairs()
    warnings: list[str] = []
    data = raw.get("data")
    held = data if isinstance(data, dict) and ("spec" in raw or "name" in data) else raw
    version = version_of(raw, held is not raw, keyword, repairs, warnings)
    if held is not raw:
        disagreeing(raw, held, repairs)
    fields = mended(held, version, repairs)
    if not str(fields.get("name") or "").strip():
        repairs.note("`name` was empty; the persona is called 'Unnamed'")
    return Card(version, fields, raw, repairs.named(), tuple(warnings))


def version_of(raw: Mapping[str, Json], nested: bool, keyword: str, repairs: Repairs, warnings: list[str]) -> Version:
    """Which version a card is; the name of the specification counts, its number only warns."""
    if not nested:
        return 1
    spec = raw.get("spec")
    version = SPECS.get(spec.strip().lower()) if isinstance(spec, str) else None
    number = spec_number(raw.get("spec_version"), repairs)
    if version is None:
        version = 3 if number is not None and number >= 3 else 2
        repairs.note(f"`spec` was {spec!r}; the card is read as V{version}")
    if number is not None and number > LATEST[version]:
        warnings.append(f"The card says version {number} of its specification; greenroom knows {LATEST[version]}.")
    if keyword == "chara" and version == 3:
        repairs.note("the `chara` chunk holds a V3 card, which belongs into `ccv3`")
    return version


def spec_number(written: Json, repairs: Repairs) -> float | None:
    """`spec_version` as the number it is compared as."""
    if finite(written):
        repairs.note("`spec_version` was a number instead of text")
        return float(written)
    try:
        number = float(str(written))
        return number if finite(number) else None
    except ValueError:
        repairs.note(f"`spec_version` was {written!r}" + ("" if written is None else ", which is no number"))
        return None


def disagreeing(raw: Mapping[str, Json], data: Mapping[str, Json], repairs: Repairs) -> None:
    """Names the V1 fields beside `data` that say something else."""
    for name in V1_FIELDS:
        if name in raw and name in data and raw[name] != data[name]:
            repairs.note(f"`{name}` beside `data` disagrees with `data.{name}`, which wins")


def mended(held: Mapping[str, Json], version: Version, repairs: Repairs) -> dict[str, Json]:
    """Every known field in its right type; unknown ones as they are."""
    fields = dict(held)
    for names, mend in ((TEXTS, as_text), (LISTS, as_texts)):
        for name in names:
            mend_field(fields, name, mend, name in KNOWN[version], repairs)
    for name in NUMBERS:
        if name in fields:
            fields[name] = as_number(fields[name], name, repairs)
    if not isinstance(fields.get("extensions"), dict) and (version > 1 or "extensions" in fields):
        repairs.note("`extensions` was missing or no object")
        fields["extensions"] = {}
    mend_book(fields, repairs)
    return fields


def mend_field(
    fields: dict[str, Json],
    name: str,
    mend: Callable[[Json, str, Repairs], Json],
    required: bool,
    repairs: Repairs,
) -> None:
    """Puts one field into its type, or its empty value in its place."""
    if name in fields:
        fields[name] = mend(fields[name], name, repairs)
    elif required:
        repairs.note(f"`{name}` was missing")
        fields[name] = mend("" if name in TEXTS else [], name, repairs)


def mend_book(fields: dict[str, Json], repairs: Repairs) -> None:
    """The lorebook inside, mended; one that is null or nonsense counts as none."""
    if "character_book" not in fields:
        return
    book = fields["character_book"]
    if isinstance(book, dict):
        fields["character_book"] = book_of(book, repairs)
        return
    repairs.note("`character_book` was " + ("null" if book is None else "no object"))
    del fields["character_book"]


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import made, for people and for programs."""

    id: str
    name: str
    file: str
    kind: str
    version: str
    repairs: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    lore: tuple[str, ...] = field(default=())
