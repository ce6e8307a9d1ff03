"""`greenroom doctor`: checks everything that can be checked, and says what to do about each finding."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass

from rich.console import Console

from bots.app import open_house
from bots.faults import TOLD_PLAINLY, sentence_of
from bots.house import House
from bots.settings import BotsSettings


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at; `cure` is what to do where it is not well."""

    what: str
    well: bool
    says: str
    cure: str = ""


def run(settings: BotsSettings, *, as_json: bool) -> int:
    """Prints every finding; 1 if something is not well."""
    findings = asyncio.run(looked_at(settings))
    if as_json:
        print(json.dumps([asdict(finding) for finding in findings], ensure_ascii=False, indent=2))
    else:
        screen = Console(highlight=False)
        for finding in findings:
            screen.print("[green]well [/green]" if finding.well else "[red]ill  [/red]", end=" ")
            screen.print(f"{finding.what}: {finding.says}" + (f" {finding.cure}" if finding.cure else ""), markup=False)
    return int(not all(finding.well for finding in findings))


async def looked_at(settings: BotsSettings) -> list[Finding]:
    """All findings, the house's own first; a house that can't be opened is a finding too."""
    findings = [port_of(settings)]
    try:
        async with open_house(settings, platforms=()) as house:
            findings += [finding async for finding in inside(house)]
    except TOLD_PLAINLY as exc:
        findings.append(Finding("house", False, sentence_of(exc)))
    return findings


async def inside(house: House) -> AsyncIterator[Finding]:
    """What can be seen once the house is open."""
    yield Finding("data folder", True, str(house.settings.data.resolve()))
    yield Finding("journal", True, "opens and can be written to")
    everybody = house.cast.all()
    yield Finding(
        "cast", bool(everybody), ", ".join(p.id for p in everybody) or "nobody", "" if everybody else "Write one."
    )
    for error in house.cast.errors:
        yield Finding("persona", False, str(error), "greenroom persona check tells more.")
    health = await house.engines.health(everybody)
    for name, trouble in health.items():
        yield Finding(f"engine {name}", not trouble, trouble or "answers")
    for persona in everybody:
        name = house.engines.name_for(persona)
        if name not in health:
            yield Finding(f"engine of {persona.id}", False, f"'{name}' is not known.", "Name it in greenroom.yaml.")


def port_of(settings: BotsSettings) -> Finding:
    """Whether the page's port is free."""
    where = f"{settings.host}:{settings.port}"
    with socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET) as door:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            door.bind((settings.host, settings.port))
        except OSError as exc:
            return Finding("port", False, f"{where}: {exc.strerror}.", "Stop what listens there, or use --port.")
    return Finding("port", True, f"{where} is free")
