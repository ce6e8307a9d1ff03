"""Faces as PNG, for whoever shows no SVG; open to everybody, since Discord fetches them without a cookie."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from bots.faces import Faces
from bots.web_trouble import Trouble

router = APIRouter()
FOR_EVER = "public, max-age=31536000, immutable"  # another picture has another name


@router.get("/faces/{name}")
async def face(request: Request, name: str) -> Response:
    """`/faces/<persona>-<mood>-<hash>.png`."""
    house = request.app.state.foyer.house
    picture = await Faces(house).named(name) if house else None
    if picture is None:
        raise Trouble(404, "There is no such face.")
    return Response(picture.content, media_type="image/png", headers={"Cache-Control": FOR_EVER})
