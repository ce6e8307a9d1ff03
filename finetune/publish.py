"""From a run's folder to the shelf, through the gate and no other way."""

from pathlib import Path

from finetune.candidate import Candidate
from finetune.errors import NotPublished
from finetune.evaluation import Evaluation
from finetune.gate import admitted
from serving.lora_check import check
from serving.shelf import Card, Shelf, ShelfError, Shelved


def publish(
    folder: Path, *, shelf: Path, name: str = "", licence: str = "", share: float = 1.0, data: Path | None = None
) -> Shelved:
    """Puts a LoRA on the shelf as the next version of `name`, by default the persona's id; running servers load it.

    `share` below 1 puts it on trial. Raises `NotPublished` with every reason why it may not go there.
    """
    one, report = admitted(folder, data=data)
    if troubles := check(one.lora, base=report.base):
        raise NotPublished(troubles)
    if not 0 < share <= 1:
        raise NotPublished([f"A share of {share:g} of conversations can't be; it is more than 0 and at most 1."])
    try:
        return Shelf(shelf).add(name or report.persona, one.lora, card_for(one, report, licence), share=share)
    except (ShelfError, OSError) as exc:
        raise NotPublished([str(exc)]) from exc


def card_for(one: Candidate, report: Evaluation, licence: str) -> Card:
    """What the shelf should know of it."""
    return Card(
        base=report.base,
        persona=report.persona,
        data_hash=report.data_hash,
        recipe=report.recipe,
        evaluation=report.on_card(),
        licence=licence,
        made_at=one.record.finished_at if one.record else report.made_at,
    )
