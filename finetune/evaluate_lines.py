"""What a data set holds besides rows to learn from: real lines of everybody in it, and what should not be in it."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from finetune.cleaning import words_in
from finetune.conversation import GENUINE
from finetune.evaluate_breaks import breaks_character
from finetune.evaluate_variety import COPIED, copied, words_of
from finetune.masking import identifies

Row = Mapping[str, Any]
LABEL = re.compile(r"^[A-Z][^:\n]{0,40}: ")
NOTES = re.compile(r"\[notes\].*?\[/notes\]\n?", re.DOTALL)
GOES_ON = "[The conversation goes on.]"
SHORTEST = 3  # words; a bare 'Yes.' tells nobody apart
LEAKED = 0.5  # of a held-out reply's runs of words


def genuine(rows: Sequence[Row]) -> list[Row]:
    """The rows that come from the play or the stage, not from an augmentation."""
    return [row for row in rows if row.get("source", "script") in GENUINE]


def replies(rows: Sequence[Row]) -> list[str]:
    """What the persona says in each row."""
    return [row["completion"][0]["content"] for row in rows]


def partners(rows: Sequence[Row]) -> list[str]:
    """Every line that somebody else says in these rows, once."""
    return tellable(list(dict.fromkeys(line for row in rows for message in row["prompt"] for line in heard(message))))


def heard(message: Mapping[str, str]) -> Iterator[str]:
    """The lines of a message that isn't the persona's, without the labels of a public place."""
    if message["role"] == "user":
        for line in NOTES.sub("", message["content"]).splitlines():
            if not line.startswith("["):
                yield LABEL.sub("", line).strip()


def both_sides(rows: Sequence[Row]) -> tuple[list[Row], list[Row]]:
    """Each held-out reply, and each line that somebody else says there, after the same neutral prompt."""
    own: list[Row] = [{**row, "prompt": bare(row)} for row in rows]
    said = {line: row for row in rows for message in row["prompt"] for line in heard(message)}
    others: list[Row] = [
        {"prompt": bare(row), "completion": [{"role": "assistant", "content": line}], "block": row["block"]}
        for line, row in said.items()
        if words_in(line) >= SHORTEST
    ]
    return own, others


def bare(row: Row) -> list[Mapping[str, str]]:
    """The row's system message, and nothing that was said before."""
    system = [message for message in row["prompt"] if message["role"] == "system"]
    return [*system, {"role": "user", "content": GOES_ON}]


def tellable(texts: Sequence[str]) -> list[str]:
    """Lines long enough to be told apart by."""
    return [text for text in texts if words_in(text) >= SHORTEST]


def leaks(held_out: Sequence[Row], learnt: Sequence[Row]) -> list[bool]:
    """For each held-out reply whether half of it stands in what was learnt: then it is held out no more.

    A short line that people say every day ('How do you do?') is no leak.
    """
    hits, runs = copied(replies(held_out), replies(learnt))
    return [
        hit / run >= LEAKED and len(words_of(text)) >= COPIED
        for hit, run, text in zip(hits, runs, replies(held_out), strict=True)
    ]


def faults(rows: Sequence[Row]) -> list[str]:
    """Replies that step out of the character or name somebody's address: the cleaning would not have let them pass."""
    return [text for text in replies(rows) if breaks_character(text) or identifies(text)]
