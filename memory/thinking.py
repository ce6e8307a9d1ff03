"""Thinks of one fan's talks for a persona: forgets what is too old, then reflects; at night, or when told to."""

from collections.abc import Callable
from datetime import datetime

from memory.journal import Journal, utc_now
from memory.lexical_kin import EnglishKin
from memory.memory import Memory
from memory.policy import Policies, Policy
from memory.reflection import Reflected, Reflection
from memory.scope import backstage
from memory.settings import ReflectionSettings
from serving import Encoder, Engine


class Thinking:
    """`await thinking.of("mika", "web:7")`. `engine_for` gives a persona's engine, or None if it can't be trusted.

    Raises the engine's `ServingError` and `MemoryTrouble`s; what was done before stays done.
    """

    def __init__(
        self,
        journal: Journal,
        memory: Memory,
        encoder: Encoder,
        *,
        engine_for: Callable[[str], Engine | None],
        settings: ReflectionSettings,
        policies: Policies = lambda _: Policy(),
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._journal = journal
        self._memory = memory
        self._encoder = encoder
        self._engine_for = engine_for
        self._settings = settings
        self._policies = policies
        self._now = now
        self._kin = EnglishKin()

    async def of(self, persona_id: str, fan_id: str) -> Reflected:
        """What was concluded from all that is over and was not thought of yet."""
        scope = backstage(persona_id, fan_id)
        await self._memory.retire(scope)
        engine = self._engine_for(persona_id) if self._settings.tokens_a_day else None
        if engine is not None:
            await engine.ready()  # its window is known only then
        reflection = Reflection(
            engine,
            self._journal,
            self._memory,
            self._encoder,
            kin=self._kin,
            policies=self._policies,
            silence=self._settings.silence,
            tokens_a_day=self._settings.tokens_a_day,
            now=self._now,
        )
        return await reflection.reflect(scope)
