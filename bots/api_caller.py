"""Who calls the API: the key is looked at before anything else of a request, and how often it has asked."""

from collections.abc import Callable, Coroutine
from typing import Annotated, Any

from fastapi import Depends, Request, Response
from fastapi.routing import APIRoute

from bots.api_line import Lines
from bots.api_refusal import no_key, no_model, still_opening, too_often
from bots.api_talk import Asked, short
from bots.house import House
from bots.keys import Key, bearer
from bots.web_foyer import foyer_of
from personas import Persona


class KeyFirst(APIRoute):
    """A route that parses no stranger's body, and none of a key that asks too often, be it JSON or not."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        answer = super().get_route_handler()

        async def with_key(request: Request) -> Response:
            key = foyer_of(request).keys.find(bearer(request.headers.get("authorization", "")))
            if key is None:
                raise no_key()
            if wait := request.app.state.rate.wait(key.id, per_minute=key.per_minute):
                raise too_often(wait)
            request.state.key = key
            return await answer(request)

        return with_key


class Caller:
    """One request's key and fan, in an open house; `lines` are those that wait in its conversations."""

    def __init__(self, house: House, key: Key, lines: Lines) -> None:
        self.house = house
        self.key = key
        self.lines = lines

    def personas(self) -> list[Persona]:
        return [persona for persona in self.house.cast.all() if self.key.allows(persona.id)]

    def persona(self, name: str) -> Persona:
        """The persona that a client calls its model. Raises `Refused`."""
        found = self.house.persona(name)
        if found is None or not self.key.allows(found.id):
            raise no_model(name)
        return found

    def fan(self, asked: Asked, header: str | None) -> str:
        """Who is talking, by an id that no other key can name."""
        named = header or asked.user
        return f"api:{self.key.id}/{short('fan', named) if named else 'owner'}"


async def caller_of(request: Request) -> Caller:
    """Whose request this is. Raises `Refused` too early.

    Waits for nothing, and is a coroutine all the same: FastAPI would carry it into a thread for every request.
    """
    house = foyer_of(request).house
    if house is None:
        raise still_opening()
    return Caller(house, request.state.key, request.app.state.lines)


Known = Annotated[Caller, Depends(caller_of)]
