"""A room of a server as an operator sees it: the branch that is shown there, and beside each reply its other versions.

Read only, without a script, for whoever is on this machine, in a house that nobody else can reach. A key of the API
does not open it: its holder may talk with personas, and not read what fans said. Private talks have no such page.
"""

from html import escape

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from bots.house import House
from bots.web_foyer import by_operator, foyer_of
from bots.web_trouble import Trouble, opening
from memory import Turn
from personas import Persona, Place

router = APIRouter()
NEWEST = 50  # turns
HEAD = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width"><link rel="stylesheet" href="/page/styles/places.css"></head>
<body><main><h1>{title}</h1><p>{said}</p>"""


@router.get("/places/{guild}/{channel}/{persona}", include_in_schema=False)
async def place_page(
    request: Request,
    guild: int,
    channel: int,
    persona: str,
    before: str = "",
) -> HTMLResponse:
    """What is shown to a server's channel of one character's, the newest turns, and what else she said there."""
    foyer = foyer_of(request)
    if foyer.house is None:
        raise opening()
    if not by_operator(request, foyer.house):
        raise Trouble(403, "What is said in a server is for its operator.", "Open it at localhost, on its machine.")
    known, place = foyer.house.persona(persona), Place(f"discord:{guild}/{channel}")
    if known is None:
        raise Trouble(404, f"There is no persona {persona!r} in the cast.", "Name one of: greenroom persona list.")
    return HTMLResponse(await written(foyer.house, place, known, before or None))


async def written(house: House, place: Place, persona: Persona, before: str | None) -> str:
    """The page's HTML; everything that people or models said is escaped."""
    turns: tuple[Turn, ...] = await house.journal.path(place, persona.id, before=before, limit=NEWEST)
    variants = await house.journal.variants([turn.id for turn in turns])
    title = escape(f"{persona.name} in {place}")
    parts = [HEAD.format(title=title, said="" if turns else "Nothing was said to her here yet.")]
    if len(turns) == NEWEST:
        parts.append(f'<p><a href="?before={escape(turns[0].id)}">What was said before</a></p>')
    for turn in turns:
        others = await house.journal.siblings(turn.id) if len(variants.get(turn.id, ())) > 1 else ()
        parts.append(turn_as_html(turn, persona, [one for one in others if one.id != turn.id]))
    return "\n".join([*parts, "</main></body></html>"])


def turn_as_html(turn: Turn, persona: Persona, others: list[Turn]) -> str:
    """What was heard, the reply that is shown, and folded below it the others."""
    heard = "".join(f"<p><b>{escape(said.speaker_name)}</b> {escape(said.text)}</p>" for said in turn.heard)
    shown = f"<p class=shown><b>{escape(persona.name)}</b> {escape(turn.said or '…')}</p>"
    folded = "".join(f"<li>{escape(other.said or '…')}</li>" for other in others)
    count = f"{len(others)} other version{'s' if len(others) > 1 else ''}"
    beside = f"<details open><summary>{count}</summary><ol>{folded}</ol></details>" if others else ""
    return (
        f'<article id="{escape(turn.id)}"><time>{turn.began_at:%d %b %Y %H:%M}</time>{heard}{shown}{beside}</article>'
    )
