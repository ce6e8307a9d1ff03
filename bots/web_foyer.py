"""What every request passes: who is asking, whether the house is open yet, and what of it is theirs."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import Depends, Request

from bots.house import House
from bots.keys import Keys, bearer
from bots.performance import Performance
from bots.prose import Prose
from bots.settings import LOOPBACK
from bots.web_fan import Fan, Tickets, place_of, talk_of
from bots.web_shape import turn_json
from bots.web_trouble import no_talk, no_turn, opening
from memory import Turn
from personas import Place


@dataclass(slots=True)
class Foyer:
    """Stands open while the house behind it still opens; `house` is None until it has.

    Pages of these `origins` may call the API.
    """

    tickets: Tickets
    keys: Keys
    origins: Sequence[str] = ()
    prose: Prose = field(default_factory=Prose)
    house: House | None = None


@dataclass(frozen=True, slots=True)
class Visitor:
    """One request's fan, in an open house. Everything that names a talk or a turn goes through here."""

    fan: Fan
    house: House
    foyer: Foyer
    operator: bool

    def persona_of(self, talk: str) -> str:
        """With whom a talk is; raises `Trouble` where it is not this fan's."""
        persona_id = self.foyer.tickets.persona_of(talk, self.fan)
        if persona_id is None:
            raise no_talk()
        return persona_id

    def owns(self, place: Place) -> bool:
        return self.foyer.tickets.persona_of(talk_of(place), self.fan) is not None

    async def turn(self, turn_id: str) -> Turn:
        """A turn of this fan's; raises `Trouble` for any other."""
        turn: Turn = await self.house.journal.turn(turn_id)
        if not self.owns(turn.place):
            raise no_turn()
        return turn

    def performance(self, turn_id: str) -> Performance | None:
        """A reply to this fan that waits or is being given now."""
        performance = self.house.hall.performance(turn_id)
        return performance if performance and self.owns(performance.place) else None

    async def shaped(self, turn: Turn) -> dict[str, Any]:
        """A turn as the page shows it."""
        (shape,) = await self.all_shaped((turn,))
        return shape

    async def all_shaped(self, turns: Sequence[Turn]) -> list[dict[str, Any]]:
        """Turns as the page shows them, each with its variants and this fan's thumb."""
        ids = [turn.id for turn in turns]
        variants = await self.house.journal.variants(ids)
        thumbs = await self.house.journal.thumbs(self.fan.id, ids)
        return [
            turn_json(turn, self.foyer.prose, variants=variants.get(turn.id, ()), feedback=thumbs.get(turn.id))
            | {"playing": turn.said is None and self.house.hall.performance(turn.id) is not None}
            for turn in turns
        ]


def foyer_of(request: Request) -> Foyer:
    foyer: Foyer = request.app.state.foyer
    return foyer


def fan_of(request: Request) -> Fan:
    """Who is asking: the cookie's fan, or a stranger."""
    tickets = foyer_of(request).tickets
    return tickets.fan_in(request.cookies) or tickets.stranger()


def visitor_of(request: Request, fan: Annotated[Fan, Depends(fan_of)]) -> Visitor:
    foyer = foyer_of(request)
    if foyer.house is None:
        raise opening()
    return Visitor(fan, foyer.house, foyer, operator=by_operator(request, foyer.house))


def by_operator(request: Request, house: House) -> bool:
    """Whether this is asked on the machine itself, by a name of its own, of a house that nobody else can reach.

    Behind a proxy everybody comes from loopback, which is why a house that is open to others knows no operators. What
    is not covered: a proxy on this machine that tells neither who asks (X-Forwarded-For) nor by which name (Host).
    """
    loopback = request.client is not None and request.client.host in LOOPBACK
    return loopback and not house.settings.open_to_others and names_loopback(request.headers.get("host", ""))


def may_look_behind(request: Request) -> bool:
    """Whether an operator asks, or somebody with a key for the whole cast: they see how the house itself does."""
    foyer = foyer_of(request)
    if foyer.house is not None and by_operator(request, foyer.house):
        return True
    words = bearer(request.headers.get("authorization", ""))
    key = foyer.keys.find(words) if words else None
    return key is not None and not key.personas


def names_loopback(host: str) -> bool:
    """Whether a Host header means this machine in everybody's mouth.

    Any other name may be a stranger's, who lets it stand for 127.0.0.1 so that their page's script reads ours (DNS
    rebinding).
    """
    try:
        name = urlsplit(f"//{host}").hostname or ""
        return name == "localhost" or ip_address(name).is_loopback
    except ValueError:
        return False


Guest = Annotated[Visitor, Depends(visitor_of)]
__all__ = ["Fan", "Foyer", "Guest", "Visitor", "fan_of", "foyer_of", "place_of", "visitor_of"]
