"""One run of the evaluation from folders to files: finds rivals, measures, writes the report beside the LoRA."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from finetune.candidate import PAGE, REPORT, SCORES, Candidate, base_of, candidate
from finetune.dataset import read_part
from finetune.errors import EvaluationRefused, LinesUnreadable
from finetune.evaluate_dresser import Dresser
from finetune.evaluate_judge import judged
from finetune.evaluate_lines import genuine, replies, tellable
from finetune.evaluate_statistics import Figure
from finetune.evaluate_suite import Bench, Measured, Rival, evaluate, written
from finetune.evaluation import Evaluation, Sample
from finetune.report import page
from finetune.train_record import write_whole
from personas import SHIPPED, Cast, Persona, load
from serving import Engine
from serving.lora_check import same_model
from serving.making import make_engines
from serving.settings import ServingSettings
from serving.shelf import CONFIG, Shelf


def run(
    persona: Path,
    folder: Path,
    *,
    data: Path | None,
    base: str | None,
    against: Sequence[Path],
    shelf: Path | None,
    seed: int,
    each: int,
    judge: str = "",
    tell: Callable[[str], None],
) -> Evaluation:
    """Judges the LoRA in a folder and writes report.json, report.html and scores.jsonl beside it."""
    played, one = load(persona), candidate(folder)
    wanted = base_of(one, base)
    if judge:
        tell(f"whether {judge} is there to judge")
        asyncio.run(refuse_absent(judge))
    tell("the base")
    dresser = Dresser(wanted)
    rivals = (*named_rivals(against), *(shelved(shelf, played, wanted) if shelf else ()))
    bench = Bench(persona=played, data=one.data(data), rivals=unlike(rivals, one), cast=shipped(), seed=seed, each=each)
    measured = evaluate(one, dresser, bench, now=datetime.now(UTC), tell=tell)
    return reported(one, measured, played, judge=judge, tell=tell)


def reported(
    one: Candidate, measured: Measured, persona: Persona, *, judge: str, tell: Callable[[str], None]
) -> Evaluation:
    """Writes the report, and once more when the judge was asked: an engine that fails then costs its figure only."""
    write(one, measured)
    if judge:
        tell(f"what {judge} thinks of both")
        measured = with_judge(judge, persona, measured)
        write(one, measured)
    return measured.evaluation


def with_judge(name: str, persona: Persona, measured: Measured) -> Measured:
    """The same with the judge's figure."""
    figures = asyncio.run(asked_to_judge(name, persona, measured.evaluation.samples))
    found = measured.evaluation.model_copy(update={"figures": {**measured.evaluation.figures, **figures}})
    return replace(measured, evaluation=found)


async def asked_to_judge(name: str, persona: Persona, samples: Sequence[Sample]) -> dict[str, Figure]:
    """The judge's figures."""
    async with engine_called(name) as engine:
        return await judged(engine, persona, samples)


async def refuse_absent(name: str) -> None:
    """Before hours are spent: `EvaluationRefused` for an unknown engine, a `ServingError` for one that is away."""
    async with engine_called(name) as engine:
        await engine.ready()


@asynccontextmanager
async def engine_called(name: str) -> AsyncIterator[Engine]:
    """One of the settings' engines. Raises `EvaluationRefused` for one that they don't know."""
    engines = make_engines(ServingSettings.read().for_work)
    async with AsyncExitStack() as closing:
        for engine in engines.values():
            closing.push_async_callback(engine.aclose)
        if name not in engines:
            raise EvaluationRefused(f"There is no engine {name!r} to judge, only {', '.join(sorted(engines))}.")
        yield engines[name]


def write(one: Candidate, measured: Measured) -> None:
    """Scores and page first: a report that is there is whole."""
    write_whole(one.folder / SCORES, written(measured.scores))
    write_whole(one.folder / PAGE, page(measured.evaluation, measured.scores, one.record.history if one.record else ()))
    write_whole(one.folder / REPORT, measured.evaluation.model_dump_json(indent=1) + "\n")


def named_rivals(folders: Sequence[Path]) -> Iterator[Rival]:
    """Other characters' runs, with real lines of theirs where the run says what it learnt from."""
    for folder in folders:
        one = candidate(folder)
        yield Rival(one.name.replace(".", "-"), one.lora, lines_of(one))


def lines_of(one: Candidate) -> tuple[str, ...]:
    """What a rival's character really says; nothing where its data is not there any more."""
    try:
        return tuple(tellable(replies(genuine(read_part(one.data(None), "train")))))
    except (EvaluationRefused, LinesUnreadable):
        return ()


def shelved(folder: Path, persona: Persona, base: str) -> Iterator[Rival]:
    """The newest LoRA on the shelf of every other persona on this base."""
    for one in Shelf(folder).in_use():
        if one.card.persona not in ("", persona.id) and same_model(base_on(one.folder), base):
            yield Rival(one.lora, one.folder)


def base_on(folder: Path) -> str:
    """The base that peft wrote down."""
    return str(json.loads((folder / CONFIG).read_text(encoding="utf-8")).get("base_model_name_or_path") or "")


def unlike(rivals: Sequence[Rival], one: Candidate) -> tuple[Rival, ...]:
    """Each rival once, the named ones first, and never the candidate itself."""
    others = {rival.name: rival for rival in reversed(rivals) if rival.folder.resolve() != one.lora.resolve()}
    return tuple(others[name] for name in sorted(others))


def shipped() -> tuple[Persona, ...]:
    """The shipped cast, as cards to be told apart from."""
    return tuple(Cast([SHIPPED]).all())
