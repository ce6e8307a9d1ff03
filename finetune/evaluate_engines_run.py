"""Two engines of the settings, one persona, one LoRA: opens both, asks both, and says what to doubt."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from finetune import evaluate_lines
from finetune import evaluate_spoken as aloud
from finetune.errors import EvaluationRefused
from finetune.evaluate_answers import Asker, Interview
from finetune.evaluate_asks import scene
from finetune.evaluate_engines import Pair, Row, compared
from finetune.evaluate_questions import Known, Prompt, Questions, fits_all, known_lines, questions
from finetune.evaluate_run import named_rivals
from finetune.evaluate_speaker import SpeakerEar
from finetune.evaluation import Kept
from personas import Persona, stops
from serving import Encoder, Engine, Sampling, Shelf, ShelfError
from serving.chat import LIVELY
from serving.encoder_making import make_encoder
from serving.encoder_settings import ENCODER
from serving.making import make_engines
from serving.settings import ServingSettings

NOT_COVERED = (
    "Not covered: how likely real lines are (nats per token, forgetting, turning harm down). Engines give words and no "
    "odds, and vLLM's prompt_logprobs are not asked for; greenroom finetune evaluate measures them on weights."
)
Tell = Callable[[str], None]


@dataclass(frozen=True)
class Wish:
    """Whom to compare on which engines. `data` is what the LoRA learnt from, `rivals` are other characters' runs.

    `tokens` is the longest reply; `at_once` so many are asked for at a time.
    """

    persona: Persona
    engine: str
    against: str
    lora: str | None
    data: Path
    rivals: tuple[Path, ...] = ()
    each: int = 3
    tokens: int = 96
    at_once: int = 4
    seed: int = 0

    @property
    def sampling(self) -> Sampling:
        """The persona's own; where it names no temperature, one that is the same on both engines."""
        own = self.persona.plays.sampling
        return own.model_copy(
            update={
                "temperature": LIVELY if own.temperature is None else own.temperature,
                "max_tokens": min(own.max_tokens, self.tokens),
                "stop": stops(scene(self.persona, "Hello.")),
            }
        )


class Comparison(Kept):
    """What was found; `lora` is the exact version that both wore."""

    persona: str
    engine: str
    against: str
    lora: str | None
    data_hash: str
    questions: int
    each: int
    seed: int
    rows: tuple[Row, ...]
    remarks: tuple[str, ...] = ()
    not_covered: str = NOT_COVERED

    def worse(self, share: float) -> tuple[Row, ...]:
        """What the engine does worse by more than a share, and by no chance."""
        return tuple(row for row in self.rows if row.sure and row.worse_by > share)

    @property
    def verdict(self) -> str:
        """One sentence."""
        if found := ", ".join(row.name for row in self.rows if row.sure):
            return f"{self.engine} is told from {self.against} by: {found}."
        return (
            f"Nothing tells {self.engine} from {self.against} over {self.questions} questions; "
            "the intervals say how far apart they may still be."
        )


async def run(wish: Wish, settings: ServingSettings, *, tell: Tell) -> Comparison:
    """Compares two engines that the settings know. Raises `EvaluationRefused`, or what the rooms' errors say."""
    for name in (wish.engine, wish.against):
        if name not in settings.engines:
            known = ", ".join(sorted(settings.engines))
            raise EvaluationRefused(
                f"There is no engine '{name}', only {known}. Write it into greenroom.yaml, under serving: engines:."
            )
    if wish.engine == wish.against:
        raise EvaluationRefused(f"Both engines are '{wish.engine}'. Name the full one with --against.")
    known_lines(wish.data, wish.persona)  # what is wrong with the data is told before anything is loaded
    key = settings.keys.get(ENCODER)
    encoder = await make_encoder(settings.encoder, key=key.get_secret_value() if key else None)
    async with opened(settings, wish) as engines:
        return await compare(wish, engines, encoder=encoder, shelf=Shelf(settings.shelf), tell=tell)


@asynccontextmanager
async def opened(settings: ServingSettings, wish: Wish) -> AsyncIterator[Mapping[str, Engine]]:
    """Both engines, and nobody who steps in: the one who does would be judged in their place."""
    both = {name: settings.engines[name] for name in (wish.against, wish.engine)}
    engines = make_engines(settings.for_work.model_copy(update={"engines": both}))
    async with AsyncExitStack() as closing:
        for engine in engines.values():
            closing.push_async_callback(engine.aclose)
        yield engines


async def compare(
    wish: Wish,
    engines: Mapping[str, Engine],
    *,
    encoder: Encoder,
    shelf: Shelf | None = None,
    tell: Tell = lambda what: None,
) -> Comparison:
    """Asks both the same and compares what they say."""
    known = known_lines(wish.data, wish.persona)
    against, engine = (Asker(name, engines[name], wish.lora) for name in (wish.against, wish.engine))
    for one in (against, engine):  # one after the other, so that who is away is told by name
        tell(f"Opening {one.name} …")
        await one.awake()
    fits = fits_all([one.window for one in engines.values()], reply=wish.sampling.max_tokens)
    asked = await asyncio.to_thread(questions, wish.persona, known, fits)  # some ask their server for a length
    worn = await same_lora((against, engine), asked.prompts[0], wish.sampling)
    interview = Interview(
        against,
        engine,
        wish.sampling,
        at_once=wish.at_once,
        seed=wish.seed,
        tell=lambda what: tell(f"Asking: {what} …"),
    )
    first, again, judged = await interview.hold(asked, each=wish.each)
    tell("Comparing …")
    ear, deaf = ear_of(wish, known)
    rows = await compared(
        Pair(asked, first, again, judged, seed=wish.seed),
        encoder=encoder,
        ear=ear,
        who=wish.persona.id,
        known=evaluate_lines.replies(known.learnt),
    )
    return Comparison(
        persona=wish.persona.id,
        engine=wish.engine,
        against=wish.against,
        lora=worn,
        data_hash=known.hash,
        questions=len(asked.prompts),
        each=wish.each,
        seed=wish.seed,
        rows=rows,
        remarks=(*deaf, *doubts(wish, known, asked, worn, shelf)),
    )


async def same_lora(askers: Iterable[Asker], prompt: Prompt, sampling: Sampling) -> str | None:
    """The exact LoRA that both wear; each is asked one question for it, which also wakes it."""
    worn = {one.name: (await one.ask([prompt], sampling))[0].lora for one in askers}
    if len(set(worn.values())) > 1:
        told = ", ".join(f"{name} wears {lora}" for name, lora in worn.items())
        raise EvaluationRefused(
            f"Only the base may differ, but {told}. Name a version that both have with --lora, such as mika/v1."
        )
    return next(iter(worn.values()))


def ear_of(wish: Wish, known: Known) -> tuple[SpeakerEar | None, list[str]]:
    """An ear for the character, or why there is none."""
    learnt = evaluate_lines.genuine(known.learnt)
    own = evaluate_lines.tellable(evaluate_lines.replies(learnt))
    rivals = {rival.name: rival.lines for rival in named_rivals(wish.rivals)}
    try:
        ear = aloud.ear_for(own, rivals, evaluate_lines.partners(learnt), wish.persona.id, seed=wish.seed)
    except ValueError as exc:
        return None, [f"Nobody could hear who speaks: {exc} Name other characters' runs with --rival."]
    if wish.persona.id not in ear.voices:
        return None, [f"Nobody could hear who speaks: {wish.data} has too few lines of {wish.persona.name}."]
    return ear, []


def doubts(wish: Wish, known: Known, asked: Questions, worn: str | None, shelf: Shelf | None) -> Iterator[str]:
    """What a reader of the figures should know."""
    if worn is None:
        yield f"{wish.persona.name} wore no LoRA: both played the card alone. Name one with --lora."
    elif shelf and (learnt := learnt_from(worn, shelf)) and learnt != known.hash:
        yield f"{worn} learnt from other data ({learnt}) than {wish.data} ({known.hash}), and may know held-out lines."
    if not asked.real:
        yield f"No held-out reply of {wish.data} fits both windows: only openers were asked."
    if known.leaked:
        yield f"{known.leaked} held-out replies stand in what was learnt; they were not asked for."
    if wish.each == 1:
        yield "Dice were thrown once a question; to say how alike such replies are takes two (--each)."


def learnt_from(lora: str, shelf: Shelf) -> str:
    """The hash of a LoRA's data by its card; nothing where this shelf does not have it."""
    try:
        return shelf.find(lora).card.data_hash
    except ShelfError:
        return ""
