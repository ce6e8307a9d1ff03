"""Asks two engines the same in turns, and keeps of each answer what an API shows: its words and its pace.

What is not covered: how likely a line would have been. An engine streams words, not odds, and a server's own
(vLLM's `prompt_logprobs`) are not asked for.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import TypeAlias

from finetune.errors import EvaluationRefused
from finetune.evaluate_questions import Prompt, Questions
from serving import Completion, Engine, Sampling, ServingError


@dataclass(frozen=True, slots=True)
class Answer:
    """One reply. `first_word` is in seconds since it was asked; `tokens` came in the `seconds` after the first one.

    `lora` is the exact name of what it wore, None for the base in its own clothes.
    """

    text: str
    first_word: float
    tokens: int
    seconds: float
    lora: str | None


Takes: TypeAlias = tuple[tuple[Answer, ...], ...]


@dataclass(frozen=True, slots=True)
class Answers:
    """What one engine said: the likeliest words (`greedy`) to each prompt, and some throws of the dice."""

    greedy: tuple[Answer, ...]
    thrown: Takes
    tempted: Takes


@dataclass(frozen=True, slots=True)
class Asker:
    """Puts prompts to one engine. Raises `EvaluationRefused` with its name where it can't be asked."""

    name: str
    engine: Engine
    lora: str | None
    clock: Callable[[], float] = time.perf_counter

    async def awake(self) -> None:
        try:
            await self.engine.ready()
        except ServingError as exc:
            raise self._silent(exc) from exc

    async def ask(self, prompts: Sequence[Prompt], sampling: Sampling) -> list[Answer]:
        """All at the same time."""
        try:
            async with asyncio.TaskGroup() as asking:
                tasks = [asking.create_task(self._answer(prompt, sampling)) for prompt in prompts]
        except ExceptionGroup as group:
            told, ours = group.split(ServingError)
            if ours or told is None:
                raise
            raise self._silent(told.exceptions[0]) from group
        return [task.result() for task in tasks]

    async def _answer(self, prompt: Prompt, sampling: Sampling) -> Answer:
        began, first, whole = self.clock(), None, None
        async with aclosing(self.engine.stream(prompt, sampling=sampling, lora=self.lora)) as stream:
            async for piece in stream:
                first = self.clock() if first is None else first
                whole = piece if isinstance(piece, Completion) else whole
        assert first is not None, "a stream has pieces"
        assert whole is not None, "a stream ends with its completion"
        after = max(self.clock() - first, 1e-9)
        return Answer(whole.text.strip(), first - began, max(whole.completion_tokens - 1, 0), after, whole.lora)

    def _silent(self, exc: Exception) -> EvaluationRefused:
        return EvaluationRefused(f"The engine '{self.name}' can't be asked. {exc} See: greenroom doctor")


@dataclass(frozen=True, slots=True)
class Interview:
    """Both get `at_once` questions, then it is the other's turn: what slows this machine for a while slows both.

    Every take has its own seed, the same for both.
    """

    against: Asker
    engine: Asker
    sampling: Sampling
    at_once: int = 4
    seed: int = 0
    tell: Callable[[str], None] = lambda what: None

    async def hold(self, questions: Questions, *, each: int) -> tuple[Answers, tuple[Answer, ...], Answers]:
        """The first one's answers, its likeliest words once more, and the other's.

        Likeliest words come first, so that every prompt was read once before anything is timed.
        """
        both = (self.against, self.engine)
        self.tell("the likeliest words")
        likeliest = self.sampling.model_copy(update={"temperature": 0.0})
        greedy, other, again = await self._in_turns(questions.prompts, likeliest, (*both, self.against))
        thrown = await self._thrown(questions.prompts, each, "dice")
        tempted = await self._thrown(questions.tempting, each, "temptations")
        return Answers(greedy, thrown[0], tempted[0]), again, Answers(other, thrown[1], tempted[1])

    async def _thrown(self, prompts: Sequence[Prompt], each: int, what: str) -> tuple[Takes, Takes]:
        """Of both, `each` replies a prompt."""
        takes = []
        for take in range(each):
            self.tell(f"{what}, {take + 1} of {each}")
            seeded = self.sampling.model_copy(update={"seed": 1000 * self.seed + take})
            takes.append(await self._in_turns(prompts, seeded, (self.against, self.engine)))
        first, second = (tuple(zip(*(one[side] for one in takes), strict=True)) for side in (0, 1))
        return first, second

    async def _in_turns(
        self, prompts: Sequence[Prompt], sampling: Sampling, askers: Sequence[Asker]
    ) -> list[tuple[Answer, ...]]:
        """Each one's answers to all prompts; who begins changes from turn to turn."""
        found: list[list[Answer]] = [[] for _ in askers]
        for turn, start in enumerate(range(0, len(prompts), self.at_once)):
            for place in range(len(askers))[:: 1 if turn % 2 == 0 else -1]:
                found[place] += await askers[place].ask(prompts[start : start + self.at_once], sampling)
        return [tuple(answers) for answers in found]
