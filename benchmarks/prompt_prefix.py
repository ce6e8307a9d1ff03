"""How much of each prompt an engine has read before, over a long chat with memory on, and what rendering costs.

Two hundred turns are rendered one after the other with a real BPE tokeniser, and each prompt's tokens are compared
with the one before: what they have in common at the start is what a prefix cache spares. Beside it stand two ways of
dropping history that need no thought: exactly as much as is needed, and a quarter of what is left.

    python -m benchmarks.prompt_prefix
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random
from statistics import fmean, quantiles
from time import thread_time
from typing import Protocol

from rich.console import Console
from rich.table import Table
from tokenizers import Tokenizer, models, pre_tokenizers, trainers

from personas import Cast, LoreNote, Persona, Place, Prompt, Recollection, Scene, Utterance, persona_speaker, render
from personas.fitting import steady
from serving import ChatMessage, Window

TURNS, REPLY_ROOM, FAN, PLACE = 200, 256, "web:fan", Place("web:1")
BEGAN = datetime(2026, 3, 9, 19, tzinfo=UTC)
TALK = (
    "today the cat slept on my keyboard and then I went out with Kim to buy peach soda because the train was late "
    "again so we sang a little song about rain while somebody told me that the old lamp at work is broken and nobody "
    "can mend it before Friday which is when my sister comes to visit with her new dog who is called Biscuit"
)


class Way(Protocol):
    """A way to make a scene fit."""

    __name__: str

    def __call__(self, scene: Scene, window: Window) -> Prompt: ...


TokensOf = Callable[[Sequence[ChatMessage]], list[int]]


@dataclass(frozen=True)
class Result:
    """Of one chat: the share of tokens read before, the length of a prompt, and milliseconds of the processor."""

    cached: float
    tokens: float
    p50: float
    p99: float


def chat(rng: Random) -> list[Utterance]:
    """Two hundred exchanges of ten to forty words each."""
    said = []
    for number in range(TURNS):
        for speaker, name in ((FAN, "Kim"), (persona_speaker("mika"), "Mika")):
            text = drawn(rng, rng.randint(10, 40))
            at = BEGAN + timedelta(minutes=2 * number)
            said.append(Utterance(f"{speaker}-{number}", speaker, name, PLACE, text, at))
    return said


def drawn(rng: Random, words: int) -> str:
    """So many words of small talk."""
    return " ".join(rng.choices(TALK.split(), k=words))


def scenes(offered: int | None) -> list[Scene]:
    """The scene of every turn; `offered` is how many things said before are offered at most (None: all)."""
    rng = Random(9)
    said, persona = chat(rng), Cast().get("mika")
    return [scene_at(number, said, persona, rng, offered) for number in range(TURNS)]


def scene_at(number: int, said: Sequence[Utterance], persona: Persona, rng: Random, offered: int | None) -> Scene:
    """Turn `number`, with eight recollections and two lore notes drawn anew, as memory and lorebook bring them."""
    before = tuple(said[: 2 * number])
    if offered and len(before) > offered:
        before = steady(before[-offered:], at_least=offered // 2)
    return Scene(
        persona=persona,
        place=PLACE,
        heard=(said[2 * number],),
        history=before,
        recollections=tuple(
            Recollection(
                f"r{n}", " ".join(rng.choices(TALK.split(), k=18)), "Kim", BEGAN - timedelta(days=n), 1 - n / 10
            )
            for n in range(8)
        ),
        lore=tuple(LoreNote(f"l{n}", drawn(rng, 25)) for n in range(2)),
        mood="joy",
        now=said[2 * number].at,
    )


def as_greenroom_does(scene: Scene, window: Window) -> Prompt:
    """`personas.render`."""
    return render(scene, window=window, room_for_reply=REPLY_ROOM)


def exactly(scene: Scene, window: Window) -> Prompt:
    """Drops the oldest until it fits, one thing at a time: nothing more is lost than must be."""
    return first_that_fits(scene, window, range(len(scene.history) + 1))


def by_quarters(scene: Scene, window: Window) -> Prompt:
    """Drops a quarter of what is left until it fits."""
    starts, left = [0], len(scene.history)
    while left:
        left -= max(1, left // 4)
        starts.append(len(scene.history) - left)
    return first_that_fits(scene, window, starts)


def first_that_fits(scene: Scene, window: Window, starts: Sequence[int]) -> Prompt:
    """The first of these starts of the history with which the prompt fits, found by bisection."""
    limit = window.tokens - REPLY_ROOM

    def tokens(index: int) -> int:
        return window.count(render(replace(scene, history=scene.history[starts[index] :])).messages)

    low, high = 0, len(starts) - 1
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if tokens(middle) <= limit else (middle + 1, high)
    return render(replace(scene, history=scene.history[starts[low] :]))


def measured(way: Way, told: Sequence[Scene], window: Window, tokens_of: TokensOf) -> Result:
    """All turns of a chat rendered one way."""
    prompts, seconds = [], []
    for scene in told:
        began = thread_time()
        prompts.append(way(scene, window))
        seconds.append(1000 * (thread_time() - began))
    read = [tokens_of(prompt.messages) for prompt in prompts]
    spared = [common_start(before, now) for before, now in pairwise(read)]
    cuts = quantiles(seconds, n=100)
    total = sum(map(len, read[1:]))
    return Result(sum(spared) / total, fmean(map(len, read)), cuts[49], cuts[98])


def common_start(one: Sequence[int], other: Sequence[int]) -> int:
    """How many tokens two prompts have in common from the start."""
    return next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def tokeniser(told: Sequence[Scene]) -> tuple[TokensOf, Callable[[Sequence[ChatMessage]], int]]:
    """A byte-level BPE of 8,000 tokens trained on the chat itself, with a ChatML frame around each message.

    Its tokens, and how many there are, which is quicker to tell.
    """
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    texts = [message.content for message in render(told[-1]).messages]
    bpe.train_from_iterator(texts, trainers.BpeTrainer(vocab_size=8000, show_progress=False))

    def framed(messages: Sequence[ChatMessage]) -> str:
        return "".join(f"<|im_start|>{m.role}\n{m.content}<|im_end|>\n" for m in messages) + "<|im_start|>assistant\n"

    def tokens_of(messages: Sequence[ChatMessage]) -> list[int]:
        return list(bpe.encode(framed(messages)).ids)

    def count(messages: Sequence[ChatMessage]) -> int:
        return len(bpe.encode_batch_fast([framed(messages)])[0])

    return tokens_of, count


def main() -> None:
    """Prints one row for each window, offer and way."""
    table = Table("window", "offered", "way", "cached", "tokens", "ms p50", "ms p99", title=f"{TURNS} turns, memory on")
    for size, offered, ways in PLAN:
        told = scenes(offered)
        tokens_of, count = tokeniser(told)
        window = Window(size, count)
        for way in ways:
            got = measured(way, told, window, tokens_of)
            figures = (f"{got.cached:.1%}", f"{got.tokens:.0f}", f"{got.p50:.1f}", f"{got.p99:.1f}")
            table.add_row(str(size), str(offered or "all"), way.__name__.replace("_", " "), *figures)
    Console().print(table)


# the baselines count each prompt many times over, so they run in one window only
PLAN: tuple[tuple[int, int | None, tuple[Way, ...]], ...] = (
    (1024, None, (as_greenroom_does,)),
    (4096, None, (as_greenroom_does, exactly, by_quarters)),
    (8192, None, (as_greenroom_does,)),
    (8192, 100, (as_greenroom_does,)),
)


if __name__ == "__main__":
    main()
