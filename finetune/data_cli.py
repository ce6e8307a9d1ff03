"""`greenroom finetune data`: what a creator types to make a data set; and how this room's commands tell a failure."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

if TYPE_CHECKING:
    from finetune.augmenting import Augmenting
    from finetune.data_run import Talks
    from finetune.dataset import DatasetSheet
    from finetune.harm import HarmReader
    from finetune.paraphrasing import Paraphrasing

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
Data = Annotated[Path, typer.Option(envvar="GREENROOM_DATA", help="The folder that holds journal and memories.")]
EXTRA = (
    "phonenumbers", "py3langid", "datasketch", "torch", "trl", "peft", "transformers", "datasets", "accelerate",
    "sklearn", "scipy", "optuna", "matplotlib",
)  # fmt: skip
EXPORTED = (
    "Warning: this is an export from Discord. Discord's Developer Policy forbids training models on message content "
    "without Discord's permission, and the people in it must have agreed. Going on: it is yours to answer for."
)


def add_to(app: typer.Typer) -> None:
    """Hangs the command into the room's own."""
    app.command(epilog="Example: greenroom finetune data mika.yaml plays.txt --from-journal --to data/mika")(data)


def data(
    persona: Annotated[Path, typer.Argument(help="The persona's YAML.")],
    to: Annotated[Path, typer.Option(help="The folder for the data set.")],
    files: Annotated[
        list[Path] | None,
        typer.Argument(help="Plays .txt, .fountain, chats .json .jsonl, interviews .yaml .md, cards .png .charx"),
    ] = None,
    speaker: Annotated[str, typer.Option(help="The persona's name in the files, or ids of accounts. [her name]")] = "",
    from_journal: Annotated[
        bool, typer.Option("--from-journal", help="Also what fans said who agreed to it; masked.")
    ] = False,
    data: Data = Path("data"),
    less_context: Annotated[float, typer.Option(min=0, max=1, help="Add copies with less context: 0.2.")] = 0,
    protective: Annotated[float, typer.Option(min=0, max=1, help="Add scenes in which she stays herself: 0.1.")] = 0,
    replay: Annotated[float, typer.Option(min=0, max=1, help="Add plain talk, against forgetting: 0.15.")] = 0,
    ensemble: Annotated[float, typer.Option(min=0, max=4, help="Add the other roles of her scenes: 1.")] = 0,
    paraphrase: Annotated[str, typer.Option(help="Put fans' lines differently with this engine.")] = "",
    paraphrased: Annotated[float, typer.Option(min=0, max=1, help="How many of them.")] = 0.2,
    harm_head: Annotated[Path | None, typer.Option(help="A head from `finetune classifier` that reads harm.")] = None,
    seed: Annotated[int, typer.Option(help="The same seed adds the same.")] = 0,
    force: Annotated[bool, typer.Option("--force", help="Replace another data set in that folder.")] = False,
    as_json: AsJson = False,
) -> None:
    """Make a frozen data set: cleaned, split by blocks, put into words as a live prompt is."""
    wanted = Wanted(persona, tuple(files or ()), speaker, to, data if from_journal else None, force)
    more = More(less_context, protective, replay, paraphrase, paraphrased, harm_head, seed, ensemble)
    with plainly():
        for file in wanted.files:
            warn_of_discord(file)
        sheet = asyncio.run(made(wanted, more))
    tell(sheet, to, as_json=as_json)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a data set is made from, as it was typed; `journal` is the data folder, None for files alone.

    `force` replaces another data set in the folder.
    """

    persona: Path
    files: tuple[Path, ...]
    speaker: str
    to: Path
    journal: Path | None = None
    force: bool = False


@dataclass(frozen=True, slots=True)
class More:
    """What is added to it, as it was typed."""

    less_context: float = 0
    protective: float = 0
    replay: float = 0
    paraphrase: str = ""
    paraphrased: float = 0.2
    harm_head: Path | None = None
    seed: int = 0
    ensemble: float = 0


async def heard(persona: Path, journal: Path | None) -> "Talks":
    """What a persona may learn of a journal now."""
    from finetune.journal_opening import opened_lessons
    from personas import load

    who = load(persona)
    if journal is None:
        return ()
    async with opened_lessons(journal) as lessons:
        return await lessons.of(who.id)


async def made(wanted: Wanted, more: More, talks: "Talks | None" = None) -> "DatasetSheet":
    """Opens what is needed, makes the data set, and closes it again; `talks` where the journal was read already."""
    from finetune.data_run import Ingredients, run
    from finetune.journal_opening import staged
    from personas import load

    who = load(wanted.persona)
    if talks is None:
        if wanted.journal is not None:
            note("Reading the journal …")
        talks = await heard(wanted.persona, wanted.journal)
    async with made_augmenting(more) as augmenting:
        ingredients = Ingredients(
            files=wanted.files,
            talks=talks,
            staged=staged(who, wanted.persona),
            augmenting=augmenting,
            harm=harm_reader(more.harm_head),
        )
        note("Cleaning, and putting it into words …")
        return await run(wanted.persona, ingredients, speaker=wanted.speaker, to=wanted.to, force=wanted.force)


@asynccontextmanager
async def made_augmenting(more: More) -> "AsyncIterator[Augmenting]":
    """How much is added, with the engine that paraphrases open for as long."""
    from finetune.augmenting import Augmenting

    paraphrasing = paraphraser(more)
    try:
        yield Augmenting(
            more.less_context, more.protective, more.replay, paraphrasing, more.seed, ensemble=more.ensemble
        )
    finally:
        if paraphrasing is not None:
            await paraphrasing.engine.aclose()


def paraphraser(more: More) -> "Paraphrasing | None":
    """The named engine, behind a filter for likeness; None if nothing is to be paraphrased."""
    if not more.paraphrase:
        return None
    from finetune.errors import LinesUnreadable
    from finetune.paraphrasing import Paraphrasing
    from serving.embedding import OnnxEncoder
    from serving.making import make_engines
    from serving.settings import ServingSettings

    engines = make_engines(ServingSettings.read().for_work)
    if more.paraphrase not in engines:
        raise LinesUnreadable(f"There is no engine {more.paraphrase!r}; there are {', '.join(sorted(engines))}.")
    return Paraphrasing(engines[more.paraphrase], OnnxEncoder.default(), more.paraphrased)


def harm_reader(head: Path | None) -> "HarmReader | None":
    """The reader of harm, if a head was named."""
    if head is None:
        return None
    from finetune.harm import HarmReader
    from serving.embedding import OnnxEncoder

    return HarmReader.from_file(OnnxEncoder.default(), head)


def warn_of_discord(file: Path) -> None:
    """Says what Discord says, when its messages are about to be learnt from."""
    from finetune.reader_chats import is_discord_export

    if file.suffix.lower() == ".json" and file.is_file() and is_discord_export(file.read_text("utf-8", "replace")):
        note(EXPORTED)


@contextmanager
def plainly() -> Iterator[None]:
    """What a person can mend is said in a sentence; a fault of ours keeps its traceback."""
    from finetune.errors import FinetuneError
    from memory import MemoryTrouble
    from personas import PersonaError
    from serving import ServingError
    from serving.settings_file import SettingsWrong

    try:
        yield
    except ModuleNotFoundError as exc:
        if exc.name not in EXTRA:
            raise
        fail(f"{exc.name} is not installed. Install it with: pip install 'greenroom[train]'", exc)
    except (FinetuneError, MemoryTrouble, PersonaError, ServingError, SettingsWrong) as exc:
        fail(str(exc), exc)
    except OSError as exc:
        fail(f"The machine says: {exc}. Look for room on the disk, for rights to the files, and at the network.", exc)


def fail(sentence: str, why: Exception) -> NoReturn:
    typer.echo(f"Error: {sentence}", err=True)
    raise typer.Exit(1) from why


def note(sentence: str) -> None:
    """Says on stderr what goes on."""
    typer.echo(sentence, err=True)


def tell(sheet: "DatasetSheet", to: Path, *, as_json: bool) -> None:
    """What was made: how much of what, from where, and what was left out."""
    if as_json:
        names = ("hash", "conversations", "hashes", "left_out", "sources")
        typer.echo(json.dumps({name: getattr(sheet, name) for name in names}))
        return
    for part, count in sheet.conversations.items():
        typer.echo(f"{part:12}{count}")
    for source, count in sheet.sources.items():
        typer.echo(f"from        {count}  {source}")
    for reason, count in sheet.left_out.items():
        typer.echo(f"left out    {count}  {reason}")
    typer.echo(f"{to} ({sheet.hash})")
    if not sheet.conversations["test"]:
        note("Nothing is held out, because there are too few scenes, so no evaluation can follow. Add more lines.")
