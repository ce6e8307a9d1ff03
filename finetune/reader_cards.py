"""Reads the example dialogues of a community card, whatever file it came in."""

from collections.abc import Iterator
from pathlib import Path

from finetune.errors import LinesUnreadable
from finetune.line import Line
from personas.card_errors import CardError
from personas.card_examples import exchanges
from personas.card_import import look_into
from personas.container import open_container

FAN = "user"


def read_card(path: Path) -> Iterator[Line]:
    """Each example of the card, as the fan's line and the character's. Raises `LinesUnreadable`."""
    try:
        card = look_into(open_container(path), path).card
    except CardError as exc:
        raise LinesUnreadable(f"{path}: {exc}") from exc
    if card is None:
        raise LinesUnreadable(f"{path}: this holds a lorebook, and no character with example dialogues.")
    name = card.text("name")
    found, _ = exchanges(card.text("mes_example"), name)
    if not found:
        raise LinesUnreadable(f"{path}: the card of {name} has no example dialogues to learn from.")
    for number, (said, answered) in enumerate(found):
        yield Line(FAN, plain(said, name), "examples", number, 0)
        yield Line(name, plain(answered, name), "examples", number, 1)


def plain(text: str, name: str) -> str:
    """A card's words with the two names filled in."""
    return text.replace("{{char}}", name).replace("{{user}}", "you").replace("<BOT>", name).replace("<USER>", "you")
