"""From a YAML file to a persona, or to a list of everything that is wrong with it.

`extends: base.yaml` reads another file first: mappings are merged key by key, lists and single values of the nearer
file win, and an empty value puts the default back. `id` is never inherited. Pictures, lore and documents are looked
for beside the persona's own file, and nowhere above it.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from pydantic import ValidationError

from personas.complaint import complaints
from personas.errors import Finding, PersonaWrong, in_order
from personas.persona import Persona
from personas.yaml_text import Document, Spot, Value, Way, kind_word, parse, read_document, with_words

LONGEST_LINE_OF_BASES = 8


@dataclass(frozen=True, slots=True)
class Reading:
    """A persona with the files it was read from, her own first, then what it extends; `values` are what they say."""

    persona: Persona
    files: tuple[Path, ...]
    values: dict[str, Value] = field(default_factory=dict, compare=False)

    @property
    def file(self) -> Path:
        """The persona's own file."""
        return self.files[0]


def load(file: Path) -> Persona:
    """The persona in a file. Raises `PersonaUnreadable` or `PersonaWrong`, never anything else."""
    return read(file).persona


def read(file: Path) -> Reading:
    """The persona in a file, with every file that had a part in it."""
    return reading(read_document(file), file)


def load_text(text: str, file: Path) -> Persona:
    """The persona in a text that is about to become a file (`persona set` checks before it writes)."""
    return reading(parse(text, file), file).persona


def reading(document: Document, file: Path) -> Reading:
    """The persona a file's document describes together with the files it extends."""
    files, merged = with_bases(document, file, (file.resolve(),))
    value = with_words(written(merged.value), merged.spots)
    findings = list(merged.findings)
    try:
        persona = Persona.model_validate(value)
    except ValidationError as exc:
        raise PersonaWrong(in_order([*findings, *complaints(exc, merged.spots)])) from exc
    findings += missing_files(persona, file, merged)
    if findings:
        raise PersonaWrong(in_order(findings))
    return Reading(persona, (file, *files), cast("dict[str, Value]", value))


def with_bases(document: Document, file: Path, seen: tuple[Path, ...]) -> tuple[tuple[Path, ...], Document]:
    """The document merged over what it extends, and the files of the latter."""
    if not isinstance(document.value, dict):
        raise PersonaWrong(
            [
                document.spots[()].finding(
                    (), f"The file holds {kind_word(document.value)}.", "A persona is `key: value` lines."
                )
            ]
        )
    own = dict(document.value)
    named = own.pop("extends", None)
    document = Document(own, document.spots, document.findings)
    if named is None:
        return (), document
    spot = document.spots["extends",]
    base = base_file(named, file, seen, spot)
    files, below = with_bases(read_document(base), base, (*seen, base.resolve()))
    return (base, *files), over(document, below)


def base_file(named: Value, file: Path, seen: tuple[Path, ...], spot: Spot) -> Path:
    """The file that `extends` names, unless it can't be one."""
    if not isinstance(named, str):
        raise PersonaWrong([spot.finding(("extends",), f"'extends' should be a file's name, not {kind_word(named)}.")])
    base = file.parent / named
    try:
        there, circle = base.is_file(), base.resolve() in seen
    except (OSError, ValueError, RuntimeError) as exc:  # the last is how a link to itself is told
        raise PersonaWrong([spot.finding(("extends",), f"'{named[:80]}' can't be used: {why(exc)}.")]) from exc
    if not there:
        sentence = f"There is no file {named[:80]} to extend."
        raise PersonaWrong([spot.finding(("extends",), sentence, "It is looked for beside this file.")])
    if circle:
        ring = " → ".join(path.name for path in (*seen, base))
        raise PersonaWrong([spot.finding(("extends",), f"These files extend each other in a circle: {ring}.")])
    if len(seen) >= LONGEST_LINE_OF_BASES:
        raise PersonaWrong([spot.finding(("extends",), f"More than {LONGEST_LINE_OF_BASES} files extend each other.")])
    return base


def why(exc: Exception) -> str:
    """What the system has against a file."""
    return exc.strerror.lower() if isinstance(exc, OSError) and exc.strerror else "its name is no file's name"


def over(near: Document, far: Document) -> Document:
    """The far document with the near one laid over it; each value keeps the place where it was written."""
    base = cast("dict[str, Value]", far.value)
    inherited = {key: value for key, value in base.items() if key != "id"}
    spots = {way: spot for way, spot in far.spots.items() if way[:1] != ("id",)}
    value = laid_over(inherited, cast("dict[str, Value]", near.value), (), spots, near.spots)
    spots[()] = near.spots[()]
    return Document(value, spots, (*far.findings, *near.findings))


def laid_over(
    far: dict[str, Value], near: dict[str, Value], way: Way, spots: dict[Way, Spot], near_spots: dict[Way, Spot]
) -> dict[str, Value]:
    """The merged mapping; `spots` is brought up to date on the way."""
    merged = dict(far)
    for key, value in near.items():
        here = (*way, key)
        below = merged.get(key)
        if isinstance(below, dict) and isinstance(value, dict):
            spots[here] = near_spots[here]
            merged[key] = laid_over(below, value, here, spots, near_spots)
        else:
            for old in [old for old in spots if old[: len(here)] == here]:
                del spots[old]
            spots.update({new: spot for new, spot in near_spots.items() if new[: len(here)] == here})
            merged[key] = value
    return merged


def written(value: Value) -> Value:
    """The value without keys that were left empty: an empty `scenario:` is none at all."""
    if isinstance(value, dict):
        return {key: written(inner) for key, inner in value.items() if inner is not None}
    return value


def missing_files(persona: Persona, file: Path, document: Document) -> list[Finding]:
    """What the persona names and what does not lie beside its file."""
    named: list[tuple[Way, str]] = [(("look", "portrait"), persona.look.portrait)]
    named += [(("look", "expressions", mood), picture) for mood, picture in persona.look.expressions.items()]
    named += [(("lore", number), name) for number, name in enumerate(persona.lore)]
    named += [(("knowledge", number), name) for number, name in enumerate(persona.knowledge)]
    named += [(("presence", "discord", "avatar"), persona.presence.discord.avatar)]
    return [
        document.spots[way].finding(way, sentence, cure)
        for way, name in named
        if name
        for sentence, cure in [fault_of(name, file.parent)]
        if sentence
    ]


def fault_of(name: str, folder: Path) -> tuple[str, str]:
    """Why a named file can't be used, and what to do; two empty texts when it can."""
    try:
        inside = (folder / name).resolve().is_relative_to(folder.resolve())
        there = inside and (folder / name).is_file()
    except (OSError, ValueError, RuntimeError):  # a name too long, one with a NUL in it, or a link to itself
        return f"'{name[:80]}' is no file's name.", ""
    if not inside:
        return f"'{name[:80]}' lies outside the persona's folder.", "Copy it there."
    return (
        ("", "") if there else (f"There is no file '{name[:80]}' beside this one.", "Put it there, or delete the line.")
    )
