"""A talk: one place and one persona, with its title and where it stands."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from personas import Place

Thumb = Literal["up", "down"]


@dataclass(frozen=True, slots=True)
class Talk:
    """`fan_id` is None for a public place, which belongs to nobody. `leaf` is the newest turn of the branch shown.

    `title` is what it was named, or else the first words heard. `turns` counts every branch.
    """

    place: Place
    persona_id: str
    fan_id: str | None
    title: str
    began_at: datetime
    last_at: datetime
    turns: int = 0
    leaf: str | None = None
