"""The engines by name, and which of them a persona plays on."""

import asyncio
from collections.abc import Iterable, Mapping

import structlog

from personas import Persona
from serving import Admission, Engine, EngineRefused, FallbackEngine, ServingError

log = structlog.get_logger()
UNDERSTUDY = "understudy"
UNTRUSTED = (UNDERSTUDY, "scripted")
A_MOMENT = 0.2  # seconds; a server on the same network answers in a hundredth of it
AT_ONCE = 64  # replies, on an engine of which nobody said how many it can give


class Engines:
    """`override` names one engine for everybody. Leaving the `async with` closes all of them.

    `admissions` are the engines' queues, by the same names; an engine without one gets one of its own.
    """

    def __init__(
        self,
        engines: Mapping[str, Engine],
        *,
        admissions: Mapping[str, Admission] | None = None,
        override: str = "",
        patience: float = 5.0,
    ) -> None:
        self._engines = dict(engines)
        self._admissions = {name: Admission(at_once=AT_ONCE) for name in engines} | dict(admissions or {})
        self._override = override
        self._patience = patience
        self._opened: set[str] = set()
        self._stood_in: set[str] = set()
        self._asking: dict[str, asyncio.Task[None]] = {}

    async def __aenter__(self) -> "Engines":
        return self

    async def __aexit__(self, *_: object) -> None:
        for asking in self._asking.values():
            asking.cancel()
        await asyncio.gather(*self._asking.values(), return_exceptions=True)
        for engine in self._engines.values():
            await engine.aclose()

    def name_for(self, persona: Persona) -> str:
        """The name of the engine a persona plays on."""
        return self._override or persona.plays.engine

    def of(self, persona: Persona) -> Engine:
        """The engine a persona plays on. Raises `EngineRefused` for a name that nothing is known by."""
        name = self.name_for(persona)
        if name not in self._engines:
            known = ", ".join(sorted(self._engines)) or "none"
            raise EngineRefused(f"{persona.name} plays on '{name}', and there is no such engine (known: {known}).")
        return self._engines[name]

    def admission(self, persona: Persona) -> Admission:
        """The queue of a persona's engine; for an unknown engine one that lets everybody in, to be told so."""
        return self._admissions.get(self.name_for(persona)) or Admission(at_once=1)

    def trusted(self, persona: Persona, *, instead: str = "") -> Engine | None:
        """The engine whose conclusions count, `instead` or the persona's own, without those who step in.

        None for the understudy and for what nobody knows: better no facts than invented ones.
        """
        name = instead or self.name_for(persona)
        engine = None if name in UNTRUSTED else self._engines.get(name)
        return engine.first if isinstance(engine, FallbackEngine) else engine

    async def opened(self, persona: Persona) -> Engine:
        """The engine a persona plays on, once it has been ready: a model's window is known only after it is loaded.

        While only those are ready who step in for it, it is asked again at each turn, which waits for a moment only:
        at an address where nobody listens an answer takes seconds.
        """
        engine, name = self.of(persona), self.name_for(persona)
        if name in self._stood_in:
            await asyncio.wait({self._asked(name)}, timeout=A_MOMENT)
        elif name not in self._opened:
            await self._ask(name)
        return engine

    async def _ask(self, name: str) -> None:
        engine = self._engines[name]
        await engine.ready()
        if isinstance(engine, FallbackEngine) and not engine.first_is_ready:
            self._stood_in.add(name)
        else:
            self._opened.add(name)
            self._stood_in.discard(name)

    def _asked(self, name: str) -> asyncio.Task[None]:
        """The question whether an engine is ready: the one that is on its way, or a new one."""
        if name not in self._asking:
            self._asking[name] = asyncio.create_task(self._warmed(name), name=f"asking {name}")
            self._asking[name].add_done_callback(lambda _: self._asking.pop(name))
        return self._asking[name]

    async def health(self, personas: Iterable[Persona]) -> dict[str, str]:
        """Of the engines that these personas play on, by name: an empty string for one that can answer, else why not.

        Others are not asked, because asking loads them, and a house on a remote engine shall never load torch.
        """
        names = self._names(personas)
        return dict(zip(names, await asyncio.gather(*map(self._trouble_of, names)), strict=True))

    def _names(self, personas: Iterable[Persona]) -> list[str]:
        return sorted({self.name_for(persona) for persona in personas} & self._engines.keys())

    async def _trouble_of(self, name: str) -> str:
        try:
            async with asyncio.timeout(self._patience):
                await self._engines[name].ready()
        except TimeoutError:
            return f"No answer in {self._patience:g} seconds."
        except ServingError as exc:
            return str(exc)
        return ""

    async def warm(self, personas: Iterable[Persona]) -> None:
        """Opens the engines that these personas play on, so that the first fan need not wait for it."""
        await asyncio.gather(
            *map(self._warmed, {self.name_for(persona) for persona in personas} & self._engines.keys())
        )

    async def _warmed(self, name: str) -> None:
        try:
            await self._ask(name)
        except ServingError as exc:
            log.warning("engine_not_ready", engine=name, reason=str(exc))
