"""A persona's faces as PNG, for platforms that show no SVG: drawn once, kept in the data folder, named by content.

The only file that knows resvg. A file's name carries a hash of the picture, so that it may be cached for ever.
"""

import asyncio
import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from bots.house import House
from personas import Persona

SIZE = 256  # pixels; Discord shows avatars at 128 at most
NAME = re.compile(r"(?P<persona>[\w-]+)-(?P<mood>[a-z]+)-(?P<mark>[0-9a-f]{12})\.png")
READY = (".png", ".jpg", ".jpeg")


@dataclass(frozen=True, slots=True)
class Picture:
    """A face: its name, and its bytes."""

    name: str
    content: bytes


class Faces:
    """`async with`-less: every picture is a file that is there already, or is drawn now."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._folder = house.settings.data / "faces"
        self._known: dict[tuple[str, str, str], Picture | None] = {}

    async def of(self, persona: Persona, mood: str) -> Picture | None:
        """Her face in a mood, else her neutral one, else her portrait; None for one who has no picture."""
        key = (persona.id, persona.version, mood)
        if key not in self._known:
            self._known[key] = await asyncio.to_thread(self._made, persona, mood)
        return self._known[key]

    async def named(self, name: str) -> Picture | None:
        """The picture of a name that was given out; None if there is none, or it is another by now."""
        found = NAME.fullmatch(name)
        persona = self._house.persona(found["persona"]) if found else None
        if found is None or persona is None:
            return None
        picture = await self.of(persona, found["mood"])
        return picture if picture and picture.name == name else None

    def _made(self, persona: Persona, mood: str) -> Picture | None:
        drawn = self._file(persona, mood)
        if drawn is None:
            return None
        written = drawn.read_bytes()
        mark = hashlib.sha256(written).hexdigest()[:12]
        kept = self._folder / f"{persona.id}-{mood}-{mark}.png"
        if drawn.suffix.lower() in READY:
            return Picture(kept.name, written)
        if not kept.exists():
            self._folder.mkdir(parents=True, exist_ok=True)
            new = kept.with_suffix(f".{id(self)}.new")
            new.write_bytes(drawn_as_png(written.decode()))
            new.replace(kept)
        return Picture(kept.name, kept.read_bytes())

    def _file(self, persona: Persona, mood: str) -> Path | None:
        """The picture that her YAML names for a mood; only files from her own folder."""
        folder, look = self._house.folder(persona.id), persona.look
        special = persona.presence.discord.avatar if mood == "neutral" else ""
        names = [special, look.expressions.get(mood, ""), look.expressions.get("neutral", ""), look.portrait]
        for name in filter(None, names):
            file = folder / name if folder else None
            if file and file.resolve().is_relative_to(folder.resolve()) and file.is_file():  # type: ignore[union-attr]
                return file
        return None


def drawn_as_png(svg: str) -> bytes:
    """An SVG as PNG bytes; it loads nothing from anywhere."""
    import resvg_py  # an extra: only platforms that show no SVG need it

    return bytes(resvg_py.svg_to_bytes(svg_string=svg, width=SIZE, height=SIZE, skip_system_fonts=True))
