"""Where everyone waits: takes turns in order within a place, while other places run on.

Nothing is lost on the way in: `hear` writes to the journal before anything else, and what is heard twice (a platform
delivers again, a page sends again) leads to the turn that it led to the first time.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime
from types import TracebackType
from weakref import WeakValueDictionary

import structlog

from bots.conversation import Conversation, Pending
from bots.cue import Answer
from bots.performance import Performance, over
from bots.rooms import Journal
from memory import Turn
from personas import Persona, Place, Utterance, platform_of

log = structlog.get_logger()
WISHES = ("language", "max_tokens")  # what whoever spoke wanted of the reply, in a turn's trace


class Hall:
    """Owns one task for each place where something is being answered; leaving the `async with` ends them all."""

    def __init__(
        self,
        *,
        journal: Journal,
        persona: Callable[[str], Persona],
        answer: Answer,
        now: Callable[[], datetime],
        new_id: Callable[[], str],
        remembers_turns: int = 50,
        closing_patience: float = 5.0,
    ) -> None:
        self._journal = journal
        self._persona = persona
        self._answer = answer
        self._now = now
        self._new_id = new_id
        self._remembers_turns = remembers_turns
        self._closing_patience = closing_patience
        self._conversations: WeakValueDictionary[tuple[Place, str], Conversation] = WeakValueDictionary()
        self._tasks: dict[tuple[Place, str], asyncio.Task[None]] = {}
        self._performances: dict[str, Performance] = {}
        self._heard: dict[tuple[str, str], Performance] = {}

    async def __aenter__(self) -> "Hall":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Lets replies that are nearly over end, then ends the rest; the next start answers those."""
        tasks = list(self._tasks.values())
        if tasks:
            await asyncio.wait(tasks, timeout=self._closing_patience)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def hear(self, said: Utterance, *, persona_id: str, settle: float = 0.0, language: str = "") -> Performance:
        """Writes down what was said to a persona and sees to it that it is answered.

        `settle` seconds must pass without another word before the reply begins, so that a burst becomes one turn.
        `language` is the one the fan chose to read; the persona is worded in it where her file does so.
        """
        self._persona(persona_id)
        conversation = self._conversation(said.place, persona_id)
        async with conversation.ears:
            new = await self._journal.hear(said, persona_id=persona_id)
            if not new and (known := await self._led_to(said, persona_id)):
                return known
            return self._put_in_line(conversation, said, settle=settle, language=language)

    async def hear_after(
        self, said: Utterance, *, persona_id: str, after: str | None, max_tokens: int | None = None
    ) -> Performance:
        """Answers what was said after a certain turn (None: as the beginning), for who names it with every request.

        `max_tokens` may make the reply shorter than the persona's file does.
        """
        self._persona(persona_id)
        conversation = self._conversation(said.place, persona_id)
        async with conversation.ears:
            new = await self._journal.hear(said, persona_id=persona_id)
            if not new and (known := await self._led_to(said, persona_id)):
                return known
            trace: dict[str, object] = {"max_tokens": max_tokens} if max_tokens else {}
            performance = conversation.add(Pending(conversation.expected(self._new_id()), [said], after, trace=trace))
            self._heard[said.id, persona_id] = performance
            return self._start(conversation, performance)

    async def hear_again(self, said: Utterance, *, persona_id: str) -> Performance:
        """Answers what stands in the journal already, but never got a turn."""
        conversation = self._conversation(said.place, persona_id)
        async with conversation.ears:
            return self._put_in_line(conversation, said)

    async def overhear(self, said: Utterance, *, persona_id: str) -> None:
        """Writes down what was said in a persona's hearing, but not to her; her next turn there will know it."""
        await self._journal.overhear(said, persona_id=persona_id)

    async def again(self, turn_id: str) -> Performance:
        """Another reply to the same words, beside the first; a turn that was never answered is answered itself."""
        turn = await self._journal.turn(turn_id)
        if turn.said is None:
            return await self.retry(turn)
        return self._beside(turn, list(turn.heard), trace={"again": turn.id})

    async def edit(self, turn_id: str, said: Utterance) -> Performance:
        """Other words in place of those heard in a turn, beside it; what others said in it stays."""
        turn = await self._journal.turn(turn_id)
        new = await self._journal.hear(said, persona_id=turn.persona_id)
        if not new and (known := await self._led_to(said, turn.persona_id)):
            return known
        kept = [heard for heard in turn.heard if heard.speaker_id != said.speaker_id]
        performance = self._beside(turn, [*kept, said], trace={"edits": turn.id})
        self._heard[said.id, turn.persona_id] = performance
        return performance

    async def go_on(self, turn_id: str) -> Performance:
        """The same reply, longer, beside the first."""
        turn = await self._journal.turn(turn_id)
        return self._beside(
            turn, list(turn.heard), so_far=turn.said or "", trace={"continues": turn.id, "so_far": turn.said or ""}
        )

    async def retry(self, turn: Turn) -> Performance:
        """Answers a turn that was begun and never finished, as the same turn."""
        if performance := self._performances.get(turn.id):
            return performance
        conversation = self._conversation(turn.place, turn.persona_id)
        pending = Pending(conversation.expected(turn.id), list(turn.heard), after=turn.after, begun=turn)
        return self._start(conversation, conversation.add(pending))

    async def stop(self, turn_id: str) -> bool:
        """Ends a reply that is being given, or that waits to be; False if there is none."""
        performance = self._performances.get(turn_id)
        if performance is None or performance.over:
            return False
        performance.curtain.fall()
        return True

    def performance(self, turn_id: str) -> Performance | None:
        """The reply to a turn that waits or is being given now."""
        return self._performances.get(turn_id)

    def performances(self, places: str = "") -> tuple[Performance, ...]:
        """The replies that wait or are being given, in places that begin like this."""
        return tuple(p for p in self._performances.values() if p.place.startswith(places) and not p.over)

    async def told(self, turn_id: str) -> Performance:
        """The reply to a turn wherever it is: being given, given long ago, or given now because it never was."""
        if performance := self._performances.get(turn_id):
            return performance
        turn = await self._journal.turn(turn_id)
        return over(turn) if turn.said is not None else await self.retry(turn)

    def playing(self, place: Place, persona_id: str) -> Performance | None:
        """The reply that is being given in a place now."""
        conversation = self._conversations.get((place, persona_id))
        return conversation.playing if conversation else None

    @property
    def busy(self) -> int:
        """How many places are being answered now."""
        return len(self._tasks)

    async def _led_to(self, said: Utterance, persona_id: str) -> Performance | None:
        """Where something that was heard before has led to: on the branch shown, if it stands there."""
        if performance := self._heard.get((said.id, persona_id)):
            return performance
        turns = await self._journal.hearing(said, persona_id=persona_id)
        if not turns:
            return None
        shown = {turn.id for turn in await self._journal.path(said.place, persona_id)} if len(turns) > 1 else set()
        turn = next((turn for turn in turns if turn.id in shown), turns[0])
        return self._performances.get(turn.id) or (over(turn) if turn.said is not None else await self.retry(turn))

    def _put_in_line(
        self, conversation: Conversation, said: Utterance, *, settle: float = 0.0, language: str = ""
    ) -> Performance:
        performance = conversation.hear(said, turn_id=self._new_id(), settle=settle, language=language)
        self._heard[said.id, conversation.persona_id] = performance
        return self._start(conversation, performance)

    def _beside(self, turn: Turn, heard: list[Utterance], *, so_far: str = "", trace: dict[str, object]) -> Performance:
        conversation = self._conversation(turn.place, turn.persona_id)
        wished = {name: turn.trace[name] for name in WISHES if name in turn.trace}
        pending = Pending(conversation.expected(self._new_id()), heard, turn.after, so_far, wished | trace)
        return self._start(conversation, conversation.add(pending))

    def _conversation(self, place: Place, persona_id: str) -> Conversation:
        """The conversation in a place; it is kept only while somebody holds it."""
        key = (place, persona_id)
        conversation = self._conversations.get(key)
        if conversation is None:
            conversation = self._conversations[key] = Conversation(
                place,
                persona_id,
                journal=self._journal,
                persona=self._persona,
                answer=self._answer,
                now=self._now,
                remembers_turns=self._remembers_turns,
            )
        return conversation

    def _start(self, conversation: Conversation, performance: Performance) -> Performance:
        self._performances[performance.id] = performance
        key = (conversation.place, conversation.persona_id)
        if key not in self._tasks:
            self._tasks[key] = asyncio.create_task(self._run(conversation), name=f"conversation {key}")
        return performance

    async def _run(self, conversation: Conversation) -> None:
        """The outermost gate of a conversation: a fault of ours ends one turn, is told whole, and the next goes on."""
        key = (conversation.place, conversation.persona_id)
        try:
            while conversation.line:
                try:
                    await conversation.run()
                except Exception:
                    platform = platform_of(conversation.place)  # a private place is as good as its fan's name
                    log.exception("turn_failed", platform=platform, persona=conversation.persona_id)
                self._forget_finished()
        finally:
            del self._tasks[key]

    def _forget_finished(self) -> None:
        self._performances = {id_: p for id_, p in self._performances.items() if not p.over}
        self._heard = {said: p for said, p in self._heard.items() if not p.over}
