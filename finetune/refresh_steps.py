"""The loop's real steps: what `finetune data`, `train`, `evaluate` and `publish` do, with what they hand on.

Training blocks for hours, and nothing else runs meanwhile: it has no thread of its own, which Ctrl+C could not end.
A fan may change their mind in those hours: before anything is trained, and again before anything is published, all
whose words are in the data must still agree, or the round ends there.
"""

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from finetune.data_cli import More, Wanted, heard, made
from finetune.errors import TrainingRefused
from finetune.refresh import Outcome, Round, Step

if TYPE_CHECKING:
    from finetune.data_run import Talks
    from finetune.dataset import DatasetSheet
    from finetune.evaluation import Evaluation
    from finetune.recipe import Recipe
    from finetune.train_record import RunRecord
    from serving.shelf import Shelved


@dataclass(frozen=True, slots=True)
class Wish:
    """What a refresh is to do. `shelf` is where it is published, `share` of conversations that wear it at first."""

    persona: Path
    files: tuple[Path, ...]
    data: Path
    shelf: Path
    recipe: "Recipe"
    more: More
    speaker: str = ""
    share: float = 1.0
    seed: int = 0
    licence: str = ""

    @property
    def journal(self) -> Path | None:
        """The data folder; None where there are files to learn from and no journal yet."""
        return None if self.files and not self.data.is_dir() else self.data


def steps(wish: Wish, *, tell: Callable[[str], None] = lambda what: None) -> Sequence[Step]:
    """The four, in their order."""
    return (MakeData(wish), Train(wish), Evaluate(wish, tell), Publish(wish))


@dataclass(frozen=True, slots=True)
class MakeData:
    """A data set of files and of what fans who agreed said; where neither it nor the recipe is new the round ends."""

    wish: Wish
    make: Callable[[Wanted, More, "Talks"], Awaitable["DatasetSheet"]] = made
    name: str = "data"

    async def take(self, now: Round) -> Outcome:
        to, wish = now.folder / "data", self.wish
        if wish.recipe.objective != "sft":
            raise TrainingRefused(
                f"A refresh learns from conversations, and {wish.recipe.name} from preferences. "
                "Write those with `finetune review export`, and train from them with --from the refreshed LoRA."
            )
        talks = await heard(wish.persona, wish.journal)
        wanted = Wanted(wish.persona, wish.files, wish.speaker, to, wish.journal, force=True)
        sheet = await self.make(wanted, wish.more, talks)
        learnt = sheet.conversations["train"]
        learns = hashlib.sha256(f"{sheet.hash}|{wish.recipe.model_dump_json()}".encode()).hexdigest()[:16]
        facts = {"folder": str(to), "hash": sheet.hash, "learns": learns, "fans": whose(talks, wish)}
        if (before := now.before.get(self.name)) is not None and before.facts.get("learns") == learns:
            return Outcome("stopped", f"Nothing is new since the last round ({sheet.hash}).", facts)
        return Outcome("done", f"{learnt} conversations to learn from ({sheet.hash}).", facts)


def whose(talks: "Talks", wish: Wish) -> list[str]:
    """Whose words stand in these talks, as hashes that say nothing of whom."""
    from personas import load

    persona = load(wish.persona)
    fans = {fan for talk in talks for lesson in talk for fan in lesson.fans}
    return sorted(hashlib.sha256(f"{persona.id}|{fan}".encode()).hexdigest()[:16] for fan in fans)


async def withdrawn(now: Round, wish: Wish) -> Outcome | None:
    """The end of a round in whose data somebody's words are who no longer agrees, or was forgotten."""
    gone = set(now.fact("data", "fans")) - set(whose(await heard(wish.persona, wish.journal), wish))
    if not gone:
        return None
    return Outcome("stopped", f"{len(gone)} of the fans it learns from changed their mind; the next round is without.")


@dataclass(frozen=True, slots=True)
class Train:
    """A LoRA by the recipe; one that was killed goes on at its last checkpoint."""

    wish: Wish
    name: str = "train"

    async def take(self, now: Round) -> Outcome:
        if gone := await withdrawn(now, self.wish):
            return gone
        to = now.folder / "run"
        record = finished(to)
        if record is None:
            record = self._train(Path(now.fact("data", "folder")), to)
        loss = f", loss {record.best.loss:.3f}" if record.best and record.best.loss is not None else ""
        return Outcome("done", f"{record.steps} steps{loss}.", {"folder": str(to)})

    def _train(self, data: Path, to: Path) -> "RunRecord":
        from finetune.train_run import train_run

        wish = self.wish
        said = f"greenroom finetune refresh {wish.persona}"
        return train_run(wish.persona, data=data, recipe=wish.recipe, to=to, seed=wish.seed, command=said)


def finished(folder: Path) -> "RunRecord | None":
    """The record of a run that was done before the round could write so down."""
    from finetune.train_record import RECORD, read_record

    record = read_record(folder) if (folder / RECORD).exists() else None
    return record if record is not None and record.finished_at else None


@dataclass(frozen=True, slots=True)
class Evaluate:
    """The suite, before and after; a report that was not passed ends the round."""

    wish: Wish
    tell: Callable[[str], None]
    name: str = "evaluate"

    async def take(self, now: Round) -> Outcome:
        run = Path(now.fact("train", "folder"))
        report = self._evaluate(run)
        facts = {"report": str(run / "report.html")}
        if report.passed:
            return Outcome("done", "Every rule was kept.", facts)
        broken = " ".join(check.says for check in report.checks if not check.passed)
        return Outcome("stopped", f"The gate stays shut. {broken}", facts)

    def _evaluate(self, folder: Path) -> "Evaluation":
        from finetune.evaluate_run import run

        wish = self.wish
        judged = {"data": None, "base": None, "against": (), "shelf": wish.shelf, "seed": wish.seed, "each": 3}
        return run(wish.persona, folder, **judged, tell=self.tell)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Publish:
    """The next version on the shelf; a running server picks it up by itself."""

    wish: Wish
    name: str = "publish"

    async def take(self, now: Round) -> Outcome:
        wish = self.wish
        if gone := await withdrawn(now, wish):
            return gone
        run = Path(now.fact("train", "folder"))
        shelved = standing(run, wish.shelf)
        if shelved is None:
            from finetune.publish import publish

            shelved = publish(run, shelf=wish.shelf, licence=wish.licence, share=wish.share)
        return Outcome("done", f"{shelved.id} stands on the shelf.", {"lora": shelved.id})


def standing(run: Path, shelf: Path) -> "Shelved | None":
    """The version on the shelf that was put there before the round could write so down: the one with these weights."""
    from serving.shelf import WEIGHTS, Shelf, digest

    made = digest(run / "lora" / WEIGHTS)
    return next((one for one in Shelf(shelf).all() if one.card.weights_hash == made), None)
