"""An engine around another one, for whoever measures, traces or records what engines do: they say only what differs."""

from collections.abc import AsyncGenerator, Sequence

from serving.chat import ChatMessage, Completion, Delta, Sampling
from serving.engine import Engine, Window


class EngineAround:
    """In everything the engine within; a subclass says otherwise, mostly of `stream`."""

    def __init__(self, within: Engine) -> None:
        self._within = within

    @property
    def model(self) -> str:
        return self._within.model

    @property
    def window(self) -> Window:
        return self._within.window

    def stream(
        self, prompt: Sequence[ChatMessage], *, sampling: Sampling, lora: str | None = None
    ) -> AsyncGenerator[Delta | Completion, None]:
        return self._within.stream(prompt, sampling=sampling, lora=lora)

    async def ready(self) -> None:
        await self._within.ready()

    async def aclose(self) -> None:
        await self._within.aclose()
