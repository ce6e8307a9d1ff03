"""What two engines are asked: openers, everyday talk, and what the character answers in its data set's test part."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TypeAlias, cast

from finetune import evaluate_lines
from finetune.candidate import candidate
from finetune.dataset import read_part, read_sheet
from finetune.errors import EvaluationRefused
from finetune.evaluate_asks import Message, asked, asks
from finetune.evaluate_lines import Row
from finetune.evaluate_suite import REAL_ASKED_AT_MOST
from finetune.train_data import shorter_and_shorter
from finetune.train_record import RECORD, read_record
from personas import Persona
from serving import ChatMessage, Role, Window

RUNS = Path("runs")
OPENER = "opener "
Prompt: TypeAlias = tuple[ChatMessage, ...]
Fits: TypeAlias = Callable[[Sequence[Message]], bool]


@dataclass(frozen=True, slots=True)
class Questions:
    """Prompts, each with the block that it is drawn by; `tempting` ones try to make the character step out."""

    prompts: tuple[Prompt, ...]
    blocks: tuple[str, ...]
    tempting: tuple[Prompt, ...]

    @property
    def real(self) -> int:
        """How many of them are the play's own."""
        return sum(not block.startswith(OPENER) for block in self.blocks)


@dataclass(frozen=True)
class Known:
    """A data set's lines: the learnt ones, and held-out ones that nobody learnt; `leaked` were held out in vain."""

    hash: str
    learnt: list[Row]
    held_out: list[Row]
    leaked: int


def known_lines(data: Path, persona: Persona) -> Known:
    """A data set, read. Raises `EvaluationRefused` for another persona's, `LinesUnreadable` where there is none."""
    sheet = read_sheet(data)
    if sheet.persona != persona.id:
        raise EvaluationRefused(f"{data} is {sheet.persona}'s data set, and the persona is {persona.id}.")
    learnt, held_out = read_part(data, "train"), read_part(data, "test")
    leaked = evaluate_lines.leaks(held_out, learnt)
    kept: list[Row] = [row for row, is_known in zip(held_out, leaked, strict=True) if not is_known]
    return Known(sheet.hash, list(learnt), kept, sum(leaked))


def questions(persona: Persona, known: Known, fits: Fits) -> Questions:
    """As the suite asks, with everyday talk beside it; of the test part only what `fits`."""
    words = [*asks().openers, *(fan for fan, _ in asks().neutral)]
    openers = [(asked(persona, said), f"{OPENER}{n}") for n, said in enumerate(words)]
    real = ((prompt, row["block"]) for row in known.held_out for prompt in fitting(row, fits))
    both = [*openers, *islice(real, REAL_ASKED_AT_MOST)]
    return Questions(
        prompts=tuple(as_messages(prompt) for prompt, _ in both),
        blocks=tuple(block for _, block in both),
        tempting=tuple(as_messages(asked(persona, said)) for said in asks().adversarial),
    )


def fitting(row: Row, fits: Fits) -> Iterator[list[Message]]:
    """The row's prompt with as many of its newest turns as fit; nothing if not even the last does."""
    yield from islice((prompt for prompt in shorter_and_shorter(row["prompt"]) if fits(prompt)), 1)


def fits_all(windows: Sequence[Window], *, reply: int) -> Fits:
    """Whether a prompt and a reply of so many tokens fit every window."""
    return lambda prompt: all(one.count(as_messages(prompt)) + reply <= one.tokens for one in windows)


def as_messages(prompt: Sequence[Message]) -> Prompt:
    """As engines take them."""
    return tuple(ChatMessage(cast(Role, message["role"]), message["content"]) for message in prompt)


def data_for(persona: Persona, *, data: Path | None, run: Path | None) -> Path:
    """The data set that is named, or a run's, or that of the persona's newest run. Raises `EvaluationRefused`."""
    if data is not None:
        return data
    found = run or newest_run(persona.id)
    if found is None:
        raise EvaluationRefused(
            f"There is no data set to ask {persona.name} from, because {RUNS}/ holds no run of {persona.id}. "
            "Name one with --data or --run; make one with: greenroom finetune data"
        )
    return candidate(found).data(None)


def newest_run(persona: str) -> Path | None:
    """The folder of the run whose LoRA was finished last."""
    records = [read_record(path.parent) for path in RUNS.rglob(RECORD)]
    mine = [(one.finished_at, one.folder) for one in records if one.persona == persona and one.finished_at and one.lora]
    return max(mine)[1] if mine else None
