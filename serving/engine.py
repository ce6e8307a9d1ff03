"""What an engine is: the one protocol that everything upstairs talks to."""

from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from serving.chat import ChatMessage, Completion, Delta, Sampling


@dataclass(frozen=True, slots=True)
class Window:
    """How much an engine can read at once, by its own tokeniser.

    `count` takes the messages of a prompt and returns their length in tokens, chat template included. It never
    counts too few: an engine that can only estimate estimates high. `rough` says that it estimates short prompts and
    may ask a server for long ones, so that who counts in an event loop does it in a thread.
    """

    tokens: int
    count: Callable[[Sequence[ChatMessage]], int]
    rough: bool = False


class Engine(Protocol):
    """Turns a prompt into a streamed completion.

    `stream` yields `Delta`s and, last, exactly one `Completion` whose text is the deltas joined. Closing the
    generator early (`aclose`, or cancelling the task that reads it) stops the generation itself, not only the
    reading. It raises `ServingError`s only.
    """

    @property
    def model(self) -> str:
        """The model's name, as it stands in traces and in the page's first line."""

    @property
    def window(self) -> Window: ...

    def stream(
        self, prompt: Sequence[ChatMessage], *, sampling: Sampling, lora: str | None = None
    ) -> AsyncGenerator[Delta | Completion, None]: ...

    async def ready(self) -> None:
        """Returns when the engine can answer; raises the `ServingError` that says why it can't."""

    async def aclose(self) -> None: ...
