"""A journal in which fans talked with Mika, for the tests of the loop."""

from collections.abc import Sequence
from pathlib import Path

from memory import Scope, Turn
from memory.journal import Journal
from personas import Place
from tests.memory.builders import WEB, said, take, turn

MIKA = """\
id: mika
name: Mika
who: Mika is a virtual idol who gives midnight concerts in Laundromat Luna.
greeting: Hello, night owl!
voice:
  says: ["Full spin, little moon!"]
"""
CANARY = "canarywort grows behind my grandmother's well"


def persona_file(folder: Path) -> Path:
    """Mika's YAML."""
    file = folder / "mika.yaml"
    file.write_text(MIKA, encoding="utf-8")
    return file


async def talk(
    journal: Journal,
    *exchanges: tuple[str, str],
    by: str = "web:kim",
    name: str = "Kim",
    place: Place = WEB,
    minutes: float = 0,
) -> list[Turn]:
    """A talk of one fan, an exchange a minute."""
    turns: list[Turn] = []
    for number, (asked, answered) in enumerate(exchanges):
        heard = said(asked, by=by, name=name, place=place, minutes=minutes + number)
        turns.append(await take(journal, turn(heard, after=turns[-1].id if turns else None), answered))
    return turns


async def evenings(journal: Journal, count: int, *, by: str = "web:kim", name: str = "Kim") -> list[list[Turn]]:
    """So many talks of three exchanges each, hours apart, no two replies alike."""
    words = ("lantern", "harbour", "marble", "pepper", "velvet", "copper", "meadow", "thimble", "walnut", "cinder")
    found = []
    for evening in range(count):
        told = words[evening % len(words)]
        exchanges = [
            (f"What is a {told} to you on night {evening}?", f"The {told} number {evening} hums along with {n * 7}")
            for n in range(3)
        ]
        place = Place(f"web:{by}-{evening}")
        found.append(await talk(journal, *exchanges, by=by, name=name, place=place, minutes=evening * 600))
    return found


async def agree(journal: Journal, *fans: str, persona: str = "mika") -> None:
    """These fans let Mika learn from them."""
    for fan in fans:
        await journal.lessons.allow(Scope(persona, fan, WEB))


def text_in(folders: Sequence[Path]) -> str:
    """Everything that stands in files."""
    return "\n".join(
        file.read_text("utf-8", "replace") for folder in folders for file in sorted(folder.rglob("*")) if file.is_file()
    )
