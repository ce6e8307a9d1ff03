"""Rebuilds the prompt of a past turn, exactly: the same scene, put into words by the same function."""

from bots.conversation import told, wished
from bots.cue import Cue
from bots.house import House
from bots.turn import imagine, put_into_words
from memory import Turn
from serving import ChatMessage, ServingError


async def prompt_of(turn: Turn, house: House) -> tuple[ChatMessage, ...] | None:
    """The messages an engine was given for a turn; None where persona or engine have changed since."""
    persona = house.persona(turn.persona_id)
    if persona is None or persona.version != turn.persona_version:
        return None
    persona, limit = wished(persona, turn), house.settings.remembers_turns
    before = await house.journal.path(turn.place, turn.persona_id, leaf=turn.after, limit=limit) if turn.after else ()
    cue = Cue(turn, persona, told(before, turn, persona, from_the_start=len(before) < limit), said_before(turn))
    lore = tuple(note for note in await house.stage.lore(cue, None) if note.id in turn.lore)
    try:
        prompt = put_into_words(imagine(cue, turn.recalled, lore), cue.so_far, house.engines.of(persona))
    except ServingError:
        return None
    return prompt.messages if prompt.hash == turn.prompt_hash else None


def said_before(turn: Turn) -> str:
    """What the persona had said already, for a turn that goes on with another."""
    return str(turn.trace.get("so_far", ""))
