"""What code sees to where a fan is in earnest: whether she is human, and whether they may harm themselves."""

from collections.abc import AsyncGenerator, Iterator

from bots.cue import Cue
from bots.reply import Reply
from personas import Utterance, asks_if_real, is_in_danger, leaves_it_open, persona_speaker, points_to_help
from serving import Completion, Delta

PERSONAS = persona_speaker("")


def owed_truth(cue: Cue, reply: str) -> str:
    """What is left to say when a fan asked in earnest whether she is human, and the reply didn't tell; else nothing."""
    asked = any(asks_if_real(said.text) for said in fans_in(cue))
    if not (asked and reply.strip() and leaves_it_open(reply)):
        return ""
    return f"{'' if reply[-1:].isspace() else ' '}{cue.persona.owns_up}"


def at_a_loss(cue: Cue) -> str:
    """What is said where no engine answers."""
    return cue.persona.reaches_out if may_be_in_danger(cue) else cue.persona.at_a_loss


def may_be_in_danger(cue: Cue) -> bool:
    """Whether one of the fans who are answered says that they may harm themselves."""
    return any(is_in_danger(said.text) for said in fans_in(cue))


def fans_in(cue: Cue) -> Iterator[Utterance]:
    """What fans said of what is answered, without what other personas did."""
    return (said for said in cue.turn.heard if not said.speaker_id.startswith(PERSONAS))


async def carefully(
    spoken: AsyncGenerator[Delta | Completion, None], reply: Reply, reaches_out: str
) -> AsyncGenerator[Delta | Completion, None]:
    """The reply as a whole; `reaches_out` in its place if it points to no help. One that breaks off is not said."""
    said, before = list[Delta | Completion](), reply.text
    try:
        async for step in spoken:
            said.append(step)
    finally:
        whole, reply.text = reply.text, before
    yield Delta(reply.add(whole[len(before) :] if points_to_help(whole) else reaches_out))
    for step in said:
        if isinstance(step, Completion):
            yield step
