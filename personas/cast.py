"""Everybody who can be played, read from one or several folders and replaced as a whole when a file changes.

A folder holds `<id>/<id>.yaml` with pictures beside it, or plain `<id>.yaml` files; a file that others extend and that
has no id of its own is a base and plays nobody. A broken file takes nobody else off the stage: the others are there,
the error is in `errors`, and after a reload the last good version of the broken one plays on.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path

from personas.errors import PersonaError, PersonaTwice, PersonaUnknown
from personas.persona import Persona
from personas.persona_file import Reading, read

SHIPPED = Path(__file__).parent / "shipped"


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

    def get(self, persona_id: str) -> Persona:
        """The persona of an id; `PersonaUnknown` names the nearest, or the file that is broken."""
        return self._reading(persona_id).persona

    def all(self) -> tuple[Persona, ...]:
        """Everybody who can be played, by id."""
        return tuple(reading.persona for _, reading in sorted(self._bill.readings.items()))

    def file(self, persona_id: str) -> Path:
        """The persona's own YAML file."""
        return self._reading(persona_id).file

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
    readings: dict[str, Reading] = {}
    errors: dict[Path, PersonaError] = {}
    bases: set[Path] = set()
    for file in (file for folder in folders for file in persona_files(folder)):
        try:
            reading = read(file)
        except PersonaError as exc:
            errors[file] = exc
            readings.update((i, old) for i, old in before.readings.items() if old.file == file and i not in readings)
            continue
        bases.update(base.resolve() for base in reading.files[1:])
        first = readings.setdefault(reading.persona.id, reading)
        if first is not reading:
            errors[file] = PersonaTwice(reading.persona.id, first.file, file)
    return Bill(readings, {file: exc for file, exc in errors.items() if not is_base(file, exc, bases)})


def is_base(file: Path, error: PersonaError, bases: set[Path]) -> bool:
    """Whether a file is wrong only because it is not a persona but what others extend."""
    lacks = {finding.key for finding in error.findings}
    return file.resolve() in bases and lacks <= {"id", "name", "who"}


def persona_files(folder: Path) -> Iterator[Path]:
    """Every file of a folder that should hold a persona, in order of name."""
    if not folder.is_dir():
        return
    for path in sorted(folder.iterdir()):
        if path.is_dir() and (inside := path / f"{path.name}.yaml").is_file():
            yield inside
        elif path.suffix in {".yaml", ".yml"} and path.is_file():
            yield path


def changes(before: Bill, after: Bill) -> Changes:
    """What is different between two readings."""
    old, new = before.readings, after.readings
    return Changes(
        came=tuple(sorted(new.keys() - old.keys())),
        went=tuple(sorted(old.keys() - new.keys())),
        changed=tuple(sorted(i for i in new.keys() & old.keys() if new[i].persona != old[i].persona)),
        broke=tuple(exc for file, exc in after.errors.items() if str(exc) != str(before.errors.get(file, ""))),
    )
