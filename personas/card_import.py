"""Takes a card, a lorebook or another program's persona into a folder of personas, and says what it mended.

Nothing that is there already is touched: a second import of the same card gets an id of its own. The folder appears
whole or not at all. `personas/card_sidecar.py` draws what it holds.
"""

import hashlib
import re
import shutil
import tempfile
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from personas.card import Card, Imported, card_of, is_card
from personas.card_errors import CardError, CardMissing, CardUnreadable
from personas.card_icon import icon_of
from personas.card_json import Json, read_json
from personas.card_sidecar import SUFFIXES, Sidecar, sidecar_file
from personas.card_yaml import persona_values, yaml_text
from personas.cast import ENDINGS, SHIPPED
from personas.container import Container, open_container
from personas.errors import PersonaError
from personas.foreign import Foreign, foreign_object, foreign_text, haruhi
from personas.lore_file import read_lore, write_lore
from personas.lorebook import book_of_any
from personas.lorebook_repair import Repairs
from personas.persona_file import load
from personas.yaml_text import LARGEST_FILE, Value, parse


@dataclass(frozen=True, slots=True)
class Found:
    """What is in a file: a card with documents it brings along, or a lorebook."""

    form: str
    kind: str
    card: Card | None = None
    book: Mapping[str, Json] | None = None
    documents: Mapping[str, str] | None = None
    repairs: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def import_file(file: Path, into: Path) -> Imported:
    """Imports a file into a folder of personas. Raises `CardError` or `OSError`, and then leaves nothing behind."""
    try:
        return taken_in(file, into)
    except CardError as exc:
        raise exc.of(file) from exc


def taken_in(file: Path, into: Path) -> Imported:
    """The same; its errors say what is wrong, and not in which file."""
    container = None if file.is_dir() else open_container(file)
    found = from_folder(file) if container is None else look_into(container, file)
    name = found.card.text("name") if found.card else str((found.book or {}).get("name") or file.stem)
    into.mkdir(parents=True, exist_ok=True)
    persona_id = free_id(name, into)
    with tempfile.TemporaryDirectory(prefix=".import-", dir=into) as scratch:
        folder = Path(scratch) / persona_id
        folder.mkdir()
        imported = furnish(folder, persona_id, found, container)
        shutil.move(folder, into / persona_id)
    return imported


def look_into(container: Container, file: Path) -> Found:
    """What a container holds."""
    if container.kind == "text":
        try:
            text = container.data.decode("utf-8-sig")
        except UnicodeDecodeError as exc:
            raise CardUnreadable(f"{file} is not UTF-8 text.", "Save it as UTF-8.") from exc
        return from_foreign(foreign_text(text.replace("\r\n", "\n"), file), "text")
    repairs: list[str] = []
    if container.texts[container.winner].startswith(b"\xef\xbb\xbf"):
        repairs.append("a byte order mark stood before the JSON")
    value = read_json(container.texts[container.winner]).value
    if is_card(value):
        card = card_of(value, keyword=container.winner)
        notes = card.warnings
        if "chara" in container.texts and container.winner == "ccv3":
            notes = (*notes, "the `chara` chunk beside `ccv3` is a downgrade for older programs and was ignored")
        return Found("card", container.kind, card=card, repairs=(*repairs, *card.repairs), notes=notes)
    mended = Repairs()
    book = book_of_any(value, mended)
    if book is not None:
        return Found("lorebook", container.kind, book=book, repairs=(*repairs, *mended.named()))
    foreign = foreign_object(value)
    if foreign is None:
        raise CardMissing(f"{file} is sound JSON, and neither a card, a lorebook nor a persona one knows.")
    return from_foreign(foreign, container.kind)


def from_foreign(foreign: Foreign, kind: str) -> Found:
    """Another program's persona as a V2 card."""
    card = card_of({"spec": "chara_card_v2", "spec_version": "2.0", "data": {**foreign.fields, "extensions": {}}})
    return Found(foreign.form, kind, card=card, documents=foreign.documents, notes=(f"read as {foreign.form}",))


def from_folder(folder: Path) -> Found:
    """A folder of another program."""
    return from_foreign(haruhi(folder), "folder")


def furnish(folder: Path, persona_id: str, found: Found, container: Container | None) -> Imported:
    """Writes everything an import makes into an empty folder."""
    original = ""
    if container is not None:
        original = f"{persona_id}.card{SUFFIXES[container.kind]}"
        (folder / original).write_bytes(container.data)
    book = found.card.book if found.card else found.book
    lore = write_lore(book, folder, persona_id) if book is not None and book["entries"] else None
    values: dict[str, Json] = {}
    notes = found.notes
    if found.card is not None:
        values, told = write_persona(folder, persona_id, found, container, lore)
        notes += told
    sidecar = Sidecar(
        form=found.form,
        original=original,
        sha256=hashlib.sha256(container.data).hexdigest() if container else "",
        values=values,
        lore_file=lore.name if lore else "",
        lore=read_lore(lore)[0] if lore else None,
    )
    sidecar.save(sidecar_file(folder, persona_id))
    return Imported(
        id=persona_id,
        name=found.card.text("name") if found.card else str((found.book or {}).get("name") or persona_id),
        file=f"{persona_id}/{persona_id}.yaml" if found.card else f"{persona_id}/{lore.name if lore else ''}",
        kind=found.kind,
        version=f"V{found.card.version}" if found.form == "card" and found.card else found.form,
        repairs=found.repairs,
        notes=notes,
        lore=(lore.name,) if lore else (),
    )


def write_persona(
    folder: Path, persona_id: str, found: Found, container: Container | None, lore: Path | None
) -> tuple[dict[str, Json], tuple[str, ...]]:
    """Writes the operator's file, and returns its values, which read back the same."""
    card = found.card
    assert card is not None
    values, notes = persona_values(card, persona_id)
    if lore is not None:
        values["lore"] = [lore.name]
    documents = found.documents or {}
    for name, text in documents.items():
        (folder / name).write_text(text, encoding="utf-8")
    if documents:
        values["knowledge"] = list(documents)
    portrait = write_portrait(folder, persona_id, card, container)
    if portrait:
        values["look"] = {"portrait": portrait}
    file = folder / f"{persona_id}.yaml"
    head = head_of(card, found, persona_id)
    texts = (yaml_text(values, head, quoted=quoted) for quoted in (False, True) if length(values) <= LARGEST_FILE)
    text = next((text for text in texts if reads_back(text, values, file)), "")
    if not text:
        raise CardError("The card's texts are too long, or too strange, for a persona's file.")
    file.write_text(text, encoding="utf-8")
    check(file)
    return values, notes


def length(value: Json) -> int:
    """How many letters a value's texts have: a YAML of them has no fewer bytes."""
    if isinstance(value, dict):
        return sum(length(inner) for inner in value.values())
    return sum(length(inner) for inner in value) if isinstance(value, list) else len(str(value))


def reads_back(text: str, values: Mapping[str, Json], file: Path) -> bool:
    """Whether a YAML text says exactly these values."""
    try:
        return parse(text, file).value == values
    except PersonaError:
        return False


def check(file: Path) -> None:
    """Stops an import whose persona could not be played."""
    try:
        load(file)
    except PersonaError as exc:
        sentences = " ".join(finding.sentence for finding in exc.findings[:3])
        raise CardError(f"The card makes no persona that can be played: {sentences}") from exc


def head_of(card: Card, found: Found, persona_id: str) -> tuple[str, ...]:
    """The comment at the file's top."""
    origin = f"a V{card.version} card" if found.form == "card" else found.form
    return (
        f"Imported from {origin} ({found.kind}). Change what you like; what you leave is exported byte for byte.",
        f"All keys: greenroom persona schema. Back to a card: greenroom persona export {persona_id}",
    )


def write_portrait(folder: Path, persona_id: str, card: Card, container: Container | None) -> str:
    """The name of the persona's picture: the card's own file, or the icon inside it."""
    if container is None:
        return ""
    if container.kind in {"png", "jpeg+charx", "webp"}:
        return f"{persona_id}.card{SUFFIXES[container.kind]}"
    icon = icon_of(card, container)
    if icon is None:
        return ""
    suffix, data = icon
    (folder / f"{persona_id}.icon{suffix}").write_bytes(data)
    return f"{persona_id}.icon{suffix}"


def free_id(name: str, into: Path) -> str:
    """An id made of a name that no folder here, and nobody shipped, has yet."""
    plain = unicodedata.normalize("NFKD", name.casefold()).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:48].strip("-")
    slug = slug or f"card-{hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"
    number, persona_id = 1, slug
    while any((place / f"{persona_id}{end}").exists() for place in (into, SHIPPED) for end in ("", *ENDINGS)):
        number += 1
        persona_id = f"{slug}-{number}"
    return persona_id


def as_json(value: Mapping[str, Value]) -> dict[str, Json]:
    """YAML's values, which are JSON's."""
    return {key: json_value(inner) for key, inner in value.items()}


def json_value(value: Value) -> Json:
    """One of YAML's values as JSON's type."""
    if isinstance(value, dict):
        return as_json(value)
    return [json_value(inner) for inner in value] if isinstance(value, list) else value
