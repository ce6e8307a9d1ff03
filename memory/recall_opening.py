"""What comes to mind when a fan is back after a while, whatever they say: a plan to ask about, a day to celebrate."""

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta

from memory.ranking import Ranked, Ranking
from memory.recall import brought_back
from memory.reflection_notes import milestone, plans_to_ask_about
from personas import Recollection

AWAY = timedelta(hours=6)
LOOKED_THROUGH = 200  # records; plans older than that are not asked about


def on_coming_back(
    ranking: Ranking,
    *,
    fan: str,
    persona: str,
    called: str,
    now: datetime,
    last_said_at: datetime | None,
    present: Collection[str],
) -> Iterator[Recollection]:
    """At most two recollections, none in the middle of a talk; `fan` and `persona` are speaker ids.

    `last_said_at` is when they talked before this, `present` are the ids of all that the prompt shows anyway.
    """
    if last_said_at is None or now - last_said_at < AWAY:
        return
    before = ranking.newest(LOOKED_THROUGH)
    for plan in plans_to_ask_about(before, fan=fan, now=now, days_of=ranking.days_spoken_of):
        if plan.id not in present:
            yield brought_back(Ranked(plan, score=0.0, confidence=0.5))
            break
    if ranking.began_at and (celebrated := milestone(ranking.began_at, now)):
        yield Recollection(
            "milestone", celebrated, called, now, score=0.0, kind="episode", source=persona, speaker_id=persona
        )
