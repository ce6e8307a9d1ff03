"""Everybody who can be played, read from one or several folders and replaced as a whole when a file changes.

A folder holds `<id>/<id>.yaml` with pictures beside it, or plain `<id>.yaml` files (`.yml` will do); a file that
others extend and that has no id of its own is a base and plays nobody, and neither does a lorebook that one names. Of
two with the same id the first folder's plays; the shipped one steps back for an operator's own without a word. A broken
file, or a folder that can't be read, takes nobody else off the stage: the others are there, the error is in `errors`,
and after a reload the last good version of the broken one plays on.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path

from personas.errors import PersonaError, PersonaTwice, PersonaUnknown
from personas.persona import Persona
from personas.persona_file import Reading, read
from personas.yaml_text import unreadable

SHIPPED = Path(__file__).parent / "shipped"
ENDINGS = (".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class Changes:
    """What a reload changed: ids that came, that went, that read otherwise now, and files that broke just now."""

    came: tuple[str, ...] = ()
    went: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    broke: tuple[PersonaError, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.came or self.went or self.changed or self.broke)


@dataclass(frozen=True, slots=True)
class Bill:
    """One reading of all folders: who plays, and what was wrong; never changed, only replaced."""

    readings: Mapping[str, Reading] = field(default_factory=dict)
    errors: Mapping[Path, PersonaError] = field(default_factory=dict)


class Cast:
    """All personas of some folders. `get` and `all` cost nothing; whoever holds a `Persona` keeps that version."""

    def __init__(self, folders: Sequence[Path] = (SHIPPED,)) -> None:
        self.folders = tuple(folders)
        self._bill = read_bill(self.folders, Bill())
        self._gone: dict[str, Path] = {}

    def get(self, persona_id: str) -> Persona:
        """The persona of an id; `PersonaUnknown` names the nearest, or the file that is broken."""
        return self._reading(persona_id).persona

    def all(self) -> tuple[Persona, ...]:
        """Everybody who can be played, by id."""
        return tuple(reading.persona for _, reading in sorted(self._bill.readings.items()))

    def file(self, persona_id: str) -> Path:
        """The persona's own YAML file; where it lay for one that went since, whose turn may be under way still."""
        gone = self._gone.get(persona_id)
        return gone if gone and persona_id not in self._bill.readings else self._reading(persona_id).file

    def files(self) -> tuple[Path, ...]:
        """Every file that had a part in the cast, what personas extend included."""
        return tuple(file for reading in self._bill.readings.values() for file in reading.files)

    def picture(self, persona_id: str, mood: str = "") -> Path | None:
        """The picture for a mood, or the neutral one, or the portrait; without a mood, the portrait."""
        reading = self._reading(persona_id)
        look = reading.persona.look
        named = look.expressions.get(mood) or look.expressions.get("neutral") if mood else look.portrait
        named = named or look.portrait
        return reading.file.parent / named if named else None

    @property
    def errors(self) -> tuple[PersonaError, ...]:
        """What is wrong with the files as they are now."""
        return tuple(self._bill.errors.values())

    def reload(self) -> Changes:
        """Reads every folder again and puts the result in place at once; `broke` holds only errors that are new."""
        before = self._bill
        after = read_bill(self.folders, before)
        self._gone |= {persona_id: reading.file for persona_id, reading in before.readings.items()}
        self._bill = after
        return changes(before, after)

    def _reading(self, persona_id: str) -> Reading:
        bill = self._bill
        if persona_id in bill.readings:
            return bill.readings[persona_id]
        broken = next((file for file in bill.errors if file.stem == persona_id), None)
        if broken:
            raise PersonaUnknown(persona_id, sorted(bill.readings), f"Mend {broken} first: greenroom persona check.")
        near = get_close_matches(persona_id, bill.readings, n=1)
        known = ", ".join(sorted(bill.readings)) or "nobody"
        raise PersonaUnknown(
            persona_id, sorted(bill.readings), f"Did you mean '{near[0]}'?" if near else f"There is {known}."
        )


def read_bill(folders: Sequence[Path], before: Bill) -> Bill:
    """Everybody in the folders; a broken file's place is kept by what was read from it before."""
    draft = Draft(before)
    for folder in folders:
        draft.add_folder(folder)
    return draft.bill()


@dataclass(slots=True)
class Draft:
    """A bill while it is read. `parts` are files that personas extend, or name as their lore."""

    before: Bill
    readings: dict[str, Reading] = field(default_factory=dict)
    errors: dict[Path, PersonaError] = field(default_factory=dict)
    parts: set[Path] = field(default_factory=set)

    def add_folder(self, folder: Path) -> None:
        """Everybody in a folder; shipped personas step back for those who are there already."""
        try:
            files = persona_files(folder)
        except OSError as exc:
            self._break(folder, unreadable(folder, f"The folder can't be read: {exc.strerror}."))
            return
        for file in files:
            try:
                reading = read(file)
            except PersonaError as exc:
                self._break(file, exc)
            else:
                self._add(reading, steps_back=folder == SHIPPED)

    def bill(self) -> Bill:
        """The bill, once every folder is read: what is a part of others is no broken persona."""
        return Bill(
            self.readings, {file: exc for file, exc in self.errors.items() if not is_part(file, exc, self.parts)}
        )

    def _add(self, reading: Reading, *, steps_back: bool) -> None:
        self.parts.update(base.resolve() for base in reading.files[1:])
        self.parts.update((reading.file.parent / name).resolve() for name in reading.persona.lore)
        first = self.readings.setdefault(reading.persona.id, reading)
        if first.file != reading.file and not steps_back:
            self.errors[reading.file] = PersonaTwice(reading.persona.id, first.file, reading.file)

    def _break(self, place: Path, error: PersonaError) -> None:
        self.errors[place] = error
        kept = {i: old for i, old in self.before.readings.items() if old.file.is_relative_to(place)}
        self.readings |= {i: old for i, old in kept.items() if i not in self.readings}


def is_part(file: Path, error: PersonaError, parts: set[Path]) -> bool:
    """Whether a file is wrong only because it is not a persona but what others extend, or name as their lore."""
    keys = {finding.key for finding in error.findings}
    return file.resolve() in parts and (keys <= {"id", "name", "who"} or "entries" in keys)


def persona_files(folder: Path) -> list[Path]:
    """Every file of a folder that should hold a persona, in order of name. Raises `OSError` if it can't be read."""
    found: list[Path] = []
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.is_dir():
            found += own_files(path)
        elif path.suffix in ENDINGS and path.is_file():
            found.append(path)
    return found


def own_files(folder: Path) -> list[Path]:
    """The files in a folder that have its name; the likeliest one if it can't be looked into: reading it says why."""
    named = [folder / f"{folder.name}{suffix}" for suffix in ENDINGS]
    try:
        return [file for file in named if file.is_file()]
    except OSError:
        return named[:1]


def changes(before: Bill, after: Bill) -> Changes:
    """What is different between two readings."""
    old, new = before.readings, after.readings
    return Changes(
        came=tuple(sorted(new.keys() - old.keys())),
        went=tuple(sorted(old.keys() - new.keys())),
        changed=tuple(sorted(i for i in new.keys() & old.keys() if new[i].persona != old[i].persona)),
        broke=tuple(exc for file, exc in after.errors.items() if str(exc) != str(before.errors.get(file, ""))),
    )
