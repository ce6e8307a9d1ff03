"""What can be noted of a talk without a model: promises, plans to ask about again, milestones. Nothing is invented:
a promise is the persona's own sentence, a plan the fan's own, and a milestone is counted.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, timedelta

from memory.dates import mentions
from memory.facts import as_statement
from memory.languages import terms
from memory.record import Record

SENTENCE = re.compile(r"[^.!?。！？\n]+[.!?。！？]*")
PROMISE = re.compile(
    r"\bi(?:'ll| will|'m going to| am going to)\b(?! be here\b)|\bi (?:promise|swear)\b|\bit's a promise\b"
    r"|我(?:一定)?(?:会|答应|保证|下次)|说好了"
    r"|約束(?:する|します|だよ|ね)|(?:する|歌う|送る|教える|書く|作る|見せる|連れていく)(?:から|ね|よ|わ)",
    re.IGNORECASE,
)
BETWEEN_FRIENDS = re.compile(r"\byou\b|你|您|君|あなた|きみ|約束|说好了|promise", re.IGNORECASE)
NOT_MEANT = re.compile(r"\bif\b|\bmaybe\b|\bi'll never\b|\?|？|吗|如果|要是|也许|もし|かも", re.IGNORECASE)
ASK_WITHIN = timedelta(days=21)
MILESTONE_DAYS = (100, 365, 730, 1095, 1461, 1826)


def promises(lines: Sequence[Record], persona: str) -> list[Record]:
    """The persona's promises, word for word, as records without vectors."""
    return [
        as_statement("promise", sentence, (line,))
        for line in lines
        if line.speaker_id == persona and line.kind == "utterance"
        for sentence in sentences(line.text)
        if PROMISE.search(sentence) and BETWEEN_FRIENDS.search(sentence) and not NOT_MEANT.search(sentence)
    ]


def sentences(text: str) -> Iterator[str]:
    """The sentences of a text, without the space around them."""
    return (found.strip() for found in SENTENCE.findall(text) if found.strip())


def days_spoken_of(record: Record) -> list[date]:
    """The last day of each time that a record speaks of."""
    return [mention.span.last for mention in mentions(record.text, record.at.date())]


def plans_to_ask_about(
    records: Sequence[Record],
    *,
    fan: str,
    now: datetime,
    days_of: Callable[[Record], Sequence[date]] = days_spoken_of,
) -> list[Record]:
    """What the fan said lay ahead and now lies behind ("my exam is next Tuesday"), newest first.

    Left out is what they have spoken of since its day came: the newest line that shares its words is then later.
    `days_of` is for who has read the records before.
    """
    own = [record for record in records if record.speaker_id == fan and record.kind == "utterance"]
    ripe = [
        record
        for record in own
        if due(days := days_of(record), said_on=record.at.date(), today=now.date())
        and not taken_up(record, own, day=max(days))
    ]
    return sorted(ripe, key=lambda record: record.at, reverse=True)


def due(days: Sequence[date], *, said_on: date, today: date) -> bool:
    """Whether one of the days was ahead when it was spoken of, and is behind since a few weeks at most."""
    return any(said_on < day < today <= day + ASK_WITHIN for day in days)


def taken_up(plan: Record, own: Sequence[Record], *, day: date) -> bool:
    """Whether the fan came back to a plan after its day: two of its words, or its only one, are said again."""
    words = set(terms(plan.text))
    later = (record for record in own if record.at.date() > day)
    return any(len(words & set(terms(record.text))) >= min(2, len(words)) for record in later)


def milestone(began_at: datetime, now: datetime) -> str | None:
    """What there is to celebrate today: "It is 365 days since you first talked, on 3 May 2025."; mostly None."""
    days = (now.date() - began_at.date()).days
    if days not in MILESTONE_DAYS:
        return None
    return f"It is {days} days since you first talked, on {began_at.day} {began_at:%B %Y}."
