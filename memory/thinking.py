"""Thinks of one fan's talks for a persona: forgets what is too old, then reflects; at night, or when told to."""

from collections.abc import Callable
from datetime import datetime

from memory.journal import utc_now
from memory.lexical_kin import EnglishKin
from memory.opening import Opened
from memory.reflection import Reflected, Reflection
from memory.scope import backstage
from memory.settings import ReflectionSettings
from serving import Engine


class Thinking:
    """`await thinking.of("mika", "web:7")`. `engine_for` gives a persona's engine, or None if it can't be trusted.

    Raises the engine's `ServingError` and `MemoryTrouble`s; what was done before stays done.
    """

    def __init__(
        self,
        opened: Opened,
        *,
        engine_for: Callable[[str], Engine | None],
        settings: ReflectionSettings,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._opened = opened
        self._engine_for = engine_for
        self._settings = settings
        self._now = now
        self._kin = EnglishKin()

    async def of(self, persona_id: str, fan_id: str) -> Reflected:
        """What was concluded from all that is over and was not thought of yet."""
        scope, opened = backstage(persona_id, fan_id), self._opened
        await opened.memory.retire(scope)
        engine = self._engine_for(persona_id) if self._settings.tokens_a_day else None
        if engine is not None:
            await engine.ready()  # its window is known only then
        reflection = Reflection(
            engine,
            opened.journal,
            opened.memory,
            opened.encoder,
            kin=self._kin,
            policies=opened.policies,
            silence=self._settings.silence,
            tokens_a_day=self._settings.tokens_a_day,
            now=self._now,
        )
        return await reflection.reflect(scope)
