"""One run from a creator's files, or from the journal, to a frozen data set."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from finetune.augmenting import Augmenting, augmented
from finetune.cleaning import clean, says_harm
from finetune.conversation import conversations
from finetune.dataset import DatasetSheet, refuse_file, write_dataset
from finetune.ensemble import company
from finetune.errors import LinesUnreadable
from finetune.harm import HarmReader
from finetune.journal_reader import Staged
from finetune.line import Line
from finetune.readers import read_lines
from finetune.splitting import split
from memory import Lesson
from personas import Persona, load

Talks = Sequence[Sequence[Lesson]]


@dataclass(frozen=True, slots=True)
class Ingredients:
    """What a data set is made from: files, and `talks` that `memory`'s lessons let through, told by `staged`."""

    files: Sequence[Path] = ()
    talks: Talks = ()
    staged: Staged | None = None
    augmenting: Augmenting = field(default_factory=Augmenting)
    harm: HarmReader | None = None


async def run(
    persona_file: Path, ingredients: Ingredients, *, speaker: str, to: Path, force: bool = False
) -> DatasetSheet:
    """Reads, finds the persona's lines, cleans, splits, adds what was asked for to the part for training, writes.

    Another data set in the folder stays, and is told, unless `force` replaces it.
    """
    refuse_file(to)
    persona = load(persona_file)
    lines, wanted = cast_as(persona, read_lines(ingredients.files), speaker or persona.name)
    staged = ingredients.staged or Staged(persona)
    found = [*conversations(lines, wanted), *staged.conversations(ingredients.talks)]
    if not found:
        raise LinesUnreadable(nobody(wanted, lines) if ingredients.files else nothing_agreed(persona))
    others = sorted({line.speaker for line in lines} - {wanted})
    languages = persona.voice.languages if "languages" in persona.voice.model_fields_set else ()
    read_as_harm = await ingredients.harm.among([one.reply for one in found]) if ingredients.harm else frozenset()
    kept, report = clean(
        found, others=others, harmful=lambda reply: says_harm(reply) or reply in read_as_harm, languages=languages
    )
    kept = split(kept)
    beside = company(lines, wanted) if ingredients.augmenting.ensemble else {}
    added = await augmented(kept, persona, wanted, ingredients.augmenting, beside)
    return write_dataset(to, [*kept, *added], persona, wanted, report, force=force)


def cast_as(persona: Persona, lines: Sequence[Line], wanted: str) -> tuple[list[Line], str]:
    """The lines with the persona's under one name, and that name. `wanted` is a name in the files, or ids of accounts.

    Raises `LinesUnreadable` where several accounts bear the name: nobody becomes her by putting it on.
    """
    ids = {one.strip() for one in wanted.split(",")}
    if not ids <= {line.author for line in lines if line.author}:
        refuse_several(lines, wanted)
        return [replace(line, speaker=wanted) if line.answers else line for line in lines], wanted
    own = [line for line in lines if line.author in ids]
    worn = any(bears(line, persona.name) for line in own)  # several personas may speak through one webhook
    return [of_accounts(line, persona.name, ids, worn=worn) for line in lines], persona.name


def refuse_several(lines: Sequence[Line], name: str) -> None:
    """One name, one account, or the creator says whose lines they are."""
    bearing = Counter(line.author for line in lines if line.author and bears(line, name))
    if len(bearing) > 1:
        each = ", ".join(f"{account} ({count})" for account, count in sorted(bearing.items()))
        raise LinesUnreadable(
            f"Several accounts are called {name!r} (in brackets how many lines): {each}. "
            "Say by its id which one is the persona: --speaker ID (several with commas between them)."
        )


def of_accounts(line: Line, name: str, ids: Collection[str], *, worn: bool) -> Line:
    """A line of hers under her name, and nobody else's; an account that has `worn` it is she under no other name."""
    if line.answers or (line.author in ids and (bears(line, name) or not worn)):
        return replace(line, speaker=name)
    stranger = bool(line.author) and bears(line, name)
    return replace(line, speaker=f"{line.speaker} ({line.author})") if stranger else line


def bears(line: Line, name: str) -> bool:
    return line.speaker.casefold() == name.casefold()


def nobody(wanted: str, lines: Sequence[Line]) -> str:
    """Who does speak, when the one who was looked for doesn't."""
    often = ", ".join(f"{name} ({count})" for name, count in Counter(line.speaker for line in lines).most_common(8))
    return f"Nobody called {wanted!r} answers anybody in these files. Who speaks: {often}. Name one with --speaker."


def nothing_agreed(persona: Persona) -> str:
    """Why the journal gave nothing."""
    return (
        f"The journal holds nothing that {persona.name} may learn from. Fans must agree (the switch in the page's "
        "memory drawer), on a platform where you let them be asked: memory: learning: web: true in greenroom.yaml."
    )
