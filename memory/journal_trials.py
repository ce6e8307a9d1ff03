"""What became of each LoRA's replies, in counts alone: no fan, no place and no word leaves this file."""

from collections import defaultdict
from datetime import datetime

from sqlalchemy import Connection, func, select

from memory.journal_tables import FEEDBACK, TURNS
from personas import steps_out
from serving import Tally


def tallies(connection: Connection, persona_id: str, since: datetime) -> dict[str | None, Tally]:
    """For each LoRA that a persona wore since then (None: none): replies, breaks of character, thumbs."""
    hers = (TURNS.c.persona_id == persona_id) & (TURNS.c.began_at >= since) & TURNS.c.said.is_not(None)
    replies: dict[str | None, list[bool]] = defaultdict(list)
    for lora, said in connection.execute(select(TURNS.c.lora, TURNS.c.said).where(hers)):
        replies[lora].append(steps_out(said))
    thumbs = select(TURNS.c.lora, FEEDBACK.c.thumb, func.count()).join(FEEDBACK, FEEDBACK.c.turn_id == TURNS.c.id)
    counted = connection.execute(thumbs.where(hers).group_by(TURNS.c.lora, FEEDBACK.c.thumb))
    given = {(lora, thumb): count for lora, thumb, count in counted}
    return {
        lora: Tally(len(broke), sum(broke), given.get((lora, "up"), 0), given.get((lora, "down"), 0))
        for lora, broke in replies.items()
    }
