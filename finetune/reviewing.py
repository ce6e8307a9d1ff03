"""What fans liked better, as an operator reviews it and as DPO and KTO learn from it: masked, cleaned, approved.

DPO learns from pairs (`preferences.jsonl`), KTO from single replies with a verdict (`thumbs.jsonl`); every pair makes
two of those as well. Rows carry the block of their talk, so what an SFT data set holds out is held out here, too: by
the block's hash, and where a run goes on from one on a short data set, as that has split it.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from finetune.cleaning import CleaningReport, reason_against
from finetune.conversation import prompt_for
from finetune.errors import LinesUnreadable
from finetune.journal_reader import Staged
from finetune.masking import masked
from finetune.train_record import write_whole
from memory import Liking, Review, Turn, Verdict

PAIRS, THUMBS = "preferences.jsonl", "thumbs.jsonl"
Message = dict[str, str]


@dataclass(frozen=True, slots=True)
class Liked:
    """A preference in masked words. `chosen` or `rejected` is None where only one reply was judged."""

    id: str
    kind: Liking
    verdict: Verdict
    prompt: tuple[Message, ...]
    chosen: str | None
    rejected: str | None
    block: str

    @property
    def asked(self) -> str:
        """The last thing that was said before the replies."""
        return self.prompt[-1]["content"]


def liked(review: Review, staged: Staged) -> Liked:
    """A review as an operator may see it."""
    one = review.preference
    conversation, known = staged.one(one.lesson), staged.names(one.lesson)
    messages = prompt_for(conversation, staged.persona, staged.persona.name)

    def words(turn: Turn | None) -> str | None:
        return None if turn is None else masked(turn.said or "", known)

    return Liked(
        id=one.id,
        kind=one.kind,
        verdict=review.verdict,
        prompt=tuple({"role": message.role, "content": message.content} for message in messages),
        chosen=words(one.chosen),
        rejected=words(one.rejected),
        block=conversation.block,
    )


def meant(reviews: Sequence[Review], ids: Sequence[str], *, every: bool) -> list[str]:
    """The ids of the reviews that are meant: all that wait, or those that begin like this. Raises `LinesUnreadable`."""
    if every:
        return [review.preference.id for review in reviews if review.verdict == "waiting"]
    if not ids:
        raise LinesUnreadable("Name what you decide on by its id, as `review list` shows it, or say --all.")
    found = [[review.preference.id for review in reviews if review.preference.id.startswith(one)] for one in ids]
    for wanted, matches in zip(ids, found, strict=True):
        if len(matches) != 1:
            several = f"{len(matches)} reviews begin with" if matches else "No review begins with"
            raise LinesUnreadable(f"{several} {wanted!r}. `review list --everything` shows them all.")
    return [match for matches in found for match in matches]


def write(folder: Path, approved: Sequence[Liked]) -> tuple[dict[str, int], CleaningReport]:
    """Both files, each whole or not at all; how many rows they have, and what was left out of what was approved."""
    assert all(one.verdict == "approved" for one in approved), "nothing is learnt that nobody looked at"
    report, kept = CleaningReport(), []
    for one in approved:
        if reason := reason_not_to_learn(one):
            report.note(reason, one.chosen or one.rejected or "")
        else:
            kept.append(one)
    report.kept = len(kept)
    folder.mkdir(parents=True, exist_ok=True)
    counts = {name: put(folder / name, kept, rows) for name, rows in ((PAIRS, pairs_of), (THUMBS, thumbs_of))}
    return counts, report


def reason_not_to_learn(one: Liked) -> str | None:
    """Why a preference is left out although it was approved: the reply to learn would not pass the cleaning."""
    if one.chosen is not None and (reason := reason_against(one.chosen, (), lambda _: False)):
        return reason
    return "the same words" if one.chosen == one.rejected else None


def pairs_of(one: Liked) -> Iterator[dict[str, Any]]:
    """A row for DPO, if there are two replies."""
    if one.chosen is not None and one.rejected is not None:
        row = {"prompt": list(one.prompt), "chosen": said(one.chosen), "rejected": said(one.rejected)}
        yield {**row, "block": one.block, "kind": one.kind}


def thumbs_of(one: Liked) -> Iterator[dict[str, Any]]:
    """Rows for KTO: good ones and bad ones."""
    for words, label in ((one.chosen, True), (one.rejected, False)):
        if words is not None:
            yield {"prompt": list(one.prompt), "completion": said(words), "label": label, "block": one.block}


def said(words: str) -> list[Message]:
    """A reply in TRL's conversational layout."""
    return [{"role": "assistant", "content": words}]


def put(path: Path, kept: Sequence[Liked], rows: Callable[[Liked], Iterator[dict[str, Any]]]) -> int:
    """Writes the rows; how many there are."""
    lines = [json.dumps(row, ensure_ascii=False) + "\n" for one in kept for row in rows(one)]
    write_whole(path, "".join(lines))
    return len(lines)
