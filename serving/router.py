"""Several replicas of one engine behind one `Engine`: each persona at home on one, spread when that one is busy.

A persona stays with its replica as long as it can (rendezvous hashing), because there lie its LoRA and the cached
beginning of its prompts; when its home has more to do than the second choice, the second takes over. A replica that
does not answer is left alone for a while. A request that nobody has answered before its deadline fails; a reply that
has begun is never begun again.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing
from functools import partial
from hashlib import blake2b

from serving.asking import ask_in_order
from serving.breaker import Breaker
from serving.chat import ChatMessage, Completion, Delta, Sampling
from serving.engine import Engine, Window
from serving.engine_around import EngineAround
from serving.errors import EngineAway, EngineBusy, ServingError
from serving.hedging import hedged
from serving.served import NotServed

LATECOMERS = 0.5  # seconds that the other replicas have to tell their windows, once one is ready
SLACK = 2  # running replies that home may have more than the second choice before it is passed over


class Replica(EngineAround):
    """One engine of the router's, with what it has to do and whether it answers lately."""

    def __init__(self, name: str, engine: Engine, breaker: Breaker) -> None:
        super().__init__(engine)
        self.name = name
        self.breaker = breaker
        self.running = 0

    async def stream(
        self, prompt: Sequence[ChatMessage], *, sampling: Sampling, lora: str | None = None
    ) -> AsyncGenerator[Delta | Completion, None]:
        """The engine's stream, watched: only EngineAway speaks against a replica."""
        self.running += 1
        self.breaker.begin()
        try:
            async with aclosing(super().stream(prompt, sampling=sampling, lora=lora)) as stream:
                async for piece in stream:
                    self.breaker.succeed()
                    yield piece
        except EngineAway:
            self.breaker.fail()
            raise
        except ServingError:
            self.breaker.succeed()
            raise
        finally:
            self.breaker.give_up()
            self.running -= 1


class Router:
    """`first_word` is how many seconds all replicas together have until the first word.

    After `hedge` seconds of silence a second replica is asked the same; None never does that.
    """

    def __init__(
        self,
        engines: Mapping[str, Engine],
        *,
        first_word: float = 60.0,
        hedge: float | None = None,
        make_breaker: Callable[[], Breaker] = Breaker,
        passed_on: Callable[[Replica, ServingError], None] = lambda *_: None,
    ) -> None:
        if not engines:
            raise ValueError("A router needs at least one engine.")
        self.replicas = tuple(Replica(name, engine, make_breaker()) for name, engine in engines.items())
        self._first_word = first_word
        self._hedge = hedge
        self._passed_on = passed_on

    @property
    def model(self) -> str:
        return self.replicas[0].model

    @property
    def window(self) -> Window:
        """The smallest: a prompt that fits it may go to any replica."""
        return min((replica.window for replica in self.replicas), key=lambda window: window.tokens)

    async def ready(self) -> None:
        """Returns when one replica is ready; raises the first one's reason if none is."""
        asking = [asyncio.create_task(replica.ready()) for replica in self.replicas]
        try:
            waiting = set(asking)
            while waiting:
                done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
                if any(asked.exception() is None for asked in done):
                    if waiting:
                        await asyncio.wait(waiting, timeout=LATECOMERS)
                    return
            asking[0].result()
        finally:
            for asked in asking:
                asked.cancel()
            await asyncio.gather(*asking, return_exceptions=True)

    async def aclose(self) -> None:
        async with asyncio.TaskGroup() as closing:
            for replica in self.replicas:
                closing.create_task(replica.aclose())

    async def stream(
        self, prompt: Sequence[ChatMessage], *, sampling: Sampling, lora: str | None = None
    ) -> AsyncGenerator[Delta | Completion, None]:
        order = self.order(lora or (prompt[0].content if prompt else ""))
        asked = partial(self._asked, prompt, sampling=sampling, lora=lora)
        if self._hedge is None or len(order) < 2:
            pieces = asked(order)
        else:
            pieces = hedged(asked(order), lambda: asked([*order[1:], order[0]]), after=self._hedge)
        async with aclosing(pieces):
            async for piece in begun_within(self._first_word, pieces):
                yield piece

    def _asked(
        self, prompt: Sequence[ChatMessage], order: Sequence[Replica], *, sampling: Sampling, lora: str | None
    ) -> AsyncGenerator[Delta | Completion, None]:
        return ask_in_order(
            order, prompt, sampling=sampling, lora=lora, passes_on=another_may, passed_on=self._passed_on
        )

    def order(self, persona: str) -> list[Replica]:
        """Who is asked, first to last: home or the second choice, then the others by how little they have to do.

        `persona` is what the cache depends on: the LoRA, or the system message. Replicas that lately did not answer
        are left out, unless nobody else is left.
        """
        by_hash = sorted(self.replicas, key=lambda replica: rendezvous(persona, replica.name), reverse=True)
        healthy = [replica for replica in by_hash if replica.breaker.lets_through] or by_hash
        home, *others = healthy
        if others and home.running > others[0].running + SLACK:
            home, others[0] = others[0], home
        return [home, *sorted(others, key=lambda replica: replica.running)]


def rendezvous(persona: str, replica: str) -> bytes:
    """The weight of a replica for a persona (Thaler and Ravishankar 1998): when one goes, only its personas move."""
    return blake2b(f"{persona}\x1f{replica}".encode(), digest_size=8).digest()


def another_may(exc: ServingError) -> bool:
    """Replicas are alike: what one refuses all refuse, except a LoRA that one has not loaded yet."""
    return isinstance(exc, (EngineAway, EngineBusy, NotServed))


async def begun_within(
    seconds: float, pieces: AsyncGenerator[Delta | Completion, None]
) -> AsyncIterator[Delta | Completion]:
    """The pieces; EngineAway if the first is not there in time."""
    try:
        async with asyncio.timeout(seconds):
            first = await anext(pieces)
    except TimeoutError as exc:
        raise EngineAway(f"No engine said a word within {seconds:g} seconds.") from exc
    yield first
    async for piece in pieces:
        yield piece
