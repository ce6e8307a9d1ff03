"""What became of the LoRAs on trial, and what follows: the same judgement that an open house makes by itself."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from finetune.errors import NotPublished
from memory.journal import FILE, Journal
from memory.trials import Trials
from serving.shelf import Shelf, ShelfError


async def settled(data: Path, shelf: Path, *, promote: str = "", back: str = "") -> list[dict[str, Any]]:
    """One row a trial, after what was asked for and what the counts demand."""
    trials = Shelf(shelf)
    try:
        if promote:
            trials.promote(promote)
        if back:
            trials.retire(back)
        if not any(one.on_trial for one in trials.in_use()):
            return []
        if not (data / FILE).exists():
            raise NotPublished([f"{data} holds no journal, so nobody knows how the trial goes. Name it with --data."])
        async with await Journal.in_folder(data) as journal:
            looked = await Trials(journal, trials).settle()
    except ShelfError as exc:
        raise NotPublished([str(exc)]) from exc
    return [
        {
            "lora": one.version.id,
            "share": one.version.share,
            "verdict": one.verdict,
            **asdict(one.trial),
            "before": asdict(one.steady),
        }
        for one in looked
    ]
