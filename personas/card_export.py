"""Makes a card of a persona again: the imported one with what the operator changed, or a new one for their own.

Unchanged personas give back the imported file byte for byte. A changed one differs in the edited fields and, in V3, in
`modification_date`; the JSON's formatting, the picture and foreign chunks stay. `--as` makes another version or
container of the same content.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from personas.card import Card, card_of
from personas.card_assets import brought_along, left_behind
from personas.card_changes import apply, apply_to_copy, persona_edits, placed, root, unplaced
from personas.card_edit import Edit
from personas.card_edit import edits as edits_between
from personas.card_errors import CardError
from personas.card_import import as_json
from personas.card_json import Json, JsonText, read_json, value_at
from personas.card_sidecar import Sidecar, read_sidecar, sidecar_file
from personas.card_versions import as_object, v2_of, v3_of
from personas.card_world import world_edit
from personas.container import Container, container_of
from personas.container_png import SIGNATURE, plain_png, png_with
from personas.container_zip import new_charx, rebuilt
from personas.lore_file import read_lore
from personas.lorebook import SPEC, book_of_any, unworldly
from personas.lorebook_repair import Repairs
from personas.persona_file import read

Form = Literal["same", "v2-json", "v3-json", "v3-png", "charx"]
NOBODY: Mapping[str, Json] = {}
ICON = "assets/icon/images/main.png"


@dataclass(frozen=True, slots=True)
class Exported:
    """A file's bytes, and what it could not carry."""

    data: bytes
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Source:
    """A persona's folder as it is now: its values, its lorebook and further ones, and what the import left."""

    folder: Path
    values: Mapping[str, Json]
    lore_file: str
    lore: Json
    more_lore: tuple[Json, ...]
    sidecar: Sidecar | None
    container: Container | None


def export(file: Path, *, form: Form = "same", now: Callable[[], float]) -> Exported:
    """The card of a persona's file, or of an imported lorebook's folder. May raise `CardError` or `PersonaError`."""
    source = source_of(file)
    exported = exported_from(source, form, now)
    if not source.more_lore:
        return exported
    joined = (
        f"{1 + len(source.more_lore)} lorebooks are joined into the one that a card has, with the first one's settings"
    )
    return replace(exported, notes=(*exported.notes, joined))


def exported_from(source: Source, form: Form, now: Callable[[], float]) -> Exported:
    """The card of what lies in a folder."""
    if source.container is None:
        return afresh(source, "v3-json" if form == "same" else form, now)
    if source.sidecar is not None and source.sidecar.form == "lorebook":
        return lorebook(source, source.container, form)
    if source.sidecar is not None and source.sidecar.form != "card":
        return foreign(source, source.container, form, now)
    return same_card(source, source.container, form, now)


def source_of(file: Path) -> Source:
    """What lies in a persona's folder."""
    sidecar = read_sidecar(sidecar_file(file.parent, file.stem))
    values: dict[str, Json] = {}
    if sidecar is None or sidecar.form != "lorebook":
        values = as_json(read(file).values)
    named = values.get("lore")
    names = [str(name) for name in named] if isinstance(named, list) else []
    kept = sidecar.lore_file if sidecar else ""
    lore_file = kept if kept in names or (kept and not values) else next(iter(names), "")
    lore = read_lore(file.parent / lore_file)[0] if lore_file else None
    more = tuple(read_lore(file.parent / name)[0] for name in names if name != lore_file)
    container = container_of(sidecar.original_bytes(file.parent)) if sidecar and sidecar.original else None
    return Source(file.parent, values, lore_file, lore, more, sidecar, container)


def same_card(source: Source, container: Container, form: Form, now: Callable[[], float]) -> Exported:
    """The imported card with the operator's changes, in its own container or another."""
    winner = read_json(container.texts[container.winner])
    card = card_of(winner.value, keyword=container.winner)
    assert source.sidecar
    edits, lost = placed(edits_of(source, winner), card.version if form in ("same", home(container, card)) else 3)
    notes = tuple(f"a V{card.version} card has no `{name}`; --as v3-json has" for name in lost)
    notes += no_field_for(unplaced(source.sidecar.values, source.values))
    if not edits and form in ("same", home(container, card)):
        return Exported(container.data, notes)
    if form not in ("same", home(container, card)):
        changed = card_of(apply(winner, edits).value, keyword=container.winner)
        return made(source, changed, form, now, notes)
    if card.version == 3:
        edits += (Edit(("modification_date",), int(now())),)
    texts = {container.winner: apply(winner, edits).bytes()}
    for keyword in container.texts.keys() - texts.keys():
        texts[keyword] = apply_to_copy(read_json(container.texts[keyword]), edits, winner.value).bytes()
    return Exported(container.replaced(texts), notes)


def no_field_for(keys: Iterable[str]) -> tuple[str, ...]:
    """What a card can't carry, in sentences."""
    return tuple(f"cards have no field for `{key}`" for key in keys)


def home(container: Container, card: Card) -> Form:
    """The form an imported card is in already."""
    if container.kind == "json":
        return "v3-json" if card.version == 3 else "v2-json" if card.version == 2 else "same"
    if card.version == 3 and container.kind == "png" and container.winner == "ccv3":
        return "v3-png"
    return "charx" if card.version == 3 and container.kind == "charx" else "same"


def edits_of(source: Source, winner: JsonText) -> tuple[Edit, ...]:
    """Everything the operator changed, as edits of the card."""
    assert source.sidecar
    fields = as_object(value_at(winner.value, root(winner.value)))
    edits = persona_edits(source.sidecar.values, source.values, fields)
    other = source.lore_file != source.sidecar.lore_file or (source.lore is not None and source.sidecar.lore is None)
    if other or source.more_lore:
        return (*edits, Edit(("character_book",), whole_book(source)))
    book = as_object(fields.get("character_book"))
    return (*edits, *(Edit(("character_book", *edit.path), edit.value) for edit in book_edits(source, book)))


def whole_book(source: Source) -> Json:
    """The lorebook as it is now, with the entries of all further ones, or an empty one."""
    found = (book_of_any(written, Repairs()) for written in (source.lore, *source.more_lore) if written is not None)
    books = [book for book in found if book is not None]
    entries: list[Json] = []
    for book in books:
        entries += book["entries"] if isinstance(book["entries"], list) else []
    return {**(books[0] if books else {"extensions": {}}), "entries": entries}


def book_edits(source: Source, written: Mapping[str, Json]) -> tuple[Edit, ...]:
    """What the operator changed in the lorebook's file, as edits of the book as it is written."""
    assert source.sidecar
    before, after = bare(source.sidecar.lore), bare(source.lore)
    entries = written.get("entries")
    if not isinstance(entries, dict):
        return tuple(edits_between(before, after, dict(written)))
    return tuple(world_edit(edit, entries) for edit in edits_between(before, after, unworldly(written)))


def bare(written: Json) -> Json:
    """A book without the specification's name around it."""
    return written["data"] if isinstance(written, dict) and written.get("spec") == SPEC else written


def lorebook(source: Source, container: Container, form: Form) -> Exported:
    """An imported lorebook or world file with the operator's changes."""
    if form != "same":
        raise CardError("A lorebook is no card.", "Leave --as out.")
    written = read_json(container.texts[container.winner])
    edits = book_edits(source, as_object(bare(written.value)))
    if not edits:
        return Exported(container.data)
    return Exported(container.replaced({container.winner: apply(written, edits).bytes()}))


def foreign(source: Source, container: Container, form: Form, now: Callable[[], float]) -> Exported:
    """Another program's persona: as it came while nothing changed, else as a card."""
    assert source.sidecar
    changed = source.values != source.sidecar.values
    if form == "same" and not changed:
        return Exported(container.data)
    note = (f"{source.sidecar.form} can't be written; this is a V3 card",) if form == "same" else ()
    return afresh(source, "v3-json" if form == "same" else form, now, note)


def afresh(source: Source, form: Form, now: Callable[[], float], notes: tuple[str, ...] = ()) -> Exported:
    """A new card, with a note of everything that has no place in one."""
    pictured = form in ("v3-png", "charx")
    lost = (key for key in unplaced(NOBODY, source.values) if key != "look" or not pictured)
    return made(source, new_card(source), form, now, (*notes, *no_field_for(lost)))


def new_card(source: Source) -> Card:
    """A card for a persona that never was one."""
    edits = persona_edits(NOBODY, source.values, NOBODY)
    blank: JsonText = read_json(b'{"spec":"chara_card_v3","spec_version":"3.0","data":{"extensions":{}}}')
    if source.lore is not None:
        edits += (Edit(("character_book",), whole_book(source)),)
    return card_of(apply(blank, edits).value)


def made(source: Source, card: Card, form: Form, now: Callable[[], float], notes: tuple[str, ...] = ()) -> Exported:
    """A card in the form that was asked for."""
    kind = source.container.kind if source.container is not None else ""
    stay = (kind, form) in {("png", "v3-png"), ("charx", "charx"), ("jpeg+charx", "charx")}
    if not stay:
        card = replace(card, fields=brought_along(card.fields, source.container))
    if not stay and (lost := left_behind(card.fields)):
        notes += (f"{lost} asset(s) stay in the file that was imported; this form has no place for them",)
    if form == "v2-json":
        return Exported(json_bytes(v2_of(card)), notes)
    v3 = v3_of(card, now=int(now()))
    if form == "v3-json":
        return Exported(json_bytes(v3), notes)
    if form == "charx":
        return Exported(charx(source, v3), notes)
    texts = {"ccv3": json_bytes(v3), "chara": json_bytes(v2_of(card, backfill=True))}
    return Exported(png_with(picture(source), texts), notes)


def charx(source: Source, v3: dict[str, Json]) -> bytes:
    """A CharX with the card and its picture; an archive the card came in keeps all its other entries."""
    if source.container is not None and source.container.kind == "charx":
        return source.container.replaced({"card.json": json_bytes(v3)})
    if source.container is not None and source.container.kind == "jpeg+charx":
        return rebuilt(source.container.data, json_bytes(v3))
    data = as_object(v3["data"])
    written = data.get("assets")
    assets = written if isinstance(written, list) else []
    pictured = [asset for asset in assets if not is_default_icon(asset)]
    if len(pictured) == len(assets) and any(as_object(asset).get("type") == "icon" for asset in assets):
        return new_charx(json_bytes(v3), {})  # her icon lies somewhere else, or in the card itself
    icon: dict[str, Json] = {"type": "icon", "uri": f"embeded://{ICON}", "name": "main", "ext": "png"}
    v3 = {**v3, "data": {**data, "assets": [icon, *pictured]}}
    return new_charx(json_bytes(v3), {ICON: picture(source)})


def is_default_icon(asset: Json) -> bool:
    """Whether an asset is the icon that a picture stands for by being the card's container."""
    return as_object(asset).get("type") == "icon" and as_object(asset).get("uri") == "ccdefault:"


def picture(source: Source) -> bytes:
    """A PNG of the persona without a card in it, or a plain one in her colours."""
    look = source.values.get("look")
    look = look if isinstance(look, dict) else {}
    named = look.get("portrait")
    file = source.folder / str(named or "")
    if named and file.is_file():
        data = file.read_bytes()
        if data.startswith(SIGNATURE):
            return png_with(data, {})
    palette = look.get("palette")
    colours = [str(colour) for colour in palette] if isinstance(palette, list) else ["#7a5cff", "#ff7ab6"]
    return plain_png((colours[0], colours[-1]))


def json_bytes(value: Json) -> bytes:
    """JSON as cards are written."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
