"""A reply on its way, as the model's thread sees it: what it was asked, what it has said, what of it was shown."""

from dataclasses import dataclass, field

import torch

from serving.chat import Completion, Delta, FinishReason, Sampling
from serving.local_engine.detokenizer import Detokenizer
from serving.local_engine.generation import Generation
from serving.local_engine.loras import Lora
from serving.stopping import StopStrings


@dataclass(eq=False)
class Reply:
    """`read` tokens of it lie in its slot; `cached` of these were there before."""

    generation: Generation
    lora: Lora | None
    seen: torch.Tensor
    dice: torch.Generator
    detokenizer: Detokenizer
    stops: StopStrings
    read: int = 0
    cached: int = 0
    said: list[int] = field(default_factory=list)
    shown: list[str] = field(default_factory=list)

    @property
    def sampling(self) -> Sampling:
        return self.generation.sampling

    @property
    def temperature(self) -> float:
        return self.generation.temperature

    @property
    def prompt(self) -> list[int]:
        return self.generation.tokens

    @property
    def last(self) -> int:
        return self.said[-1]

    def show(self, text: str) -> None:
        """Passes on what can't be the beginning of a stop string."""
        if shown := self.stops.feed(text):
            self._post(shown)

    def show_rest(self) -> None:
        """Passes on what was held back, now that the reply has ended."""
        self.show(self.detokenizer.flush())
        if rest := self.stops.flush():
            self._post(rest)

    def _post(self, text: str) -> None:
        self.shown.append(text)
        self.generation.post(Delta(text))

    def completion(self, reason: FinishReason, *, model: str) -> Completion:
        """The whole of it, with what it cost."""
        return Completion(
            text="".join(self.shown),
            finish_reason="stop" if self.stops.stopped else reason,
            model=model,
            prompt_tokens=len(self.prompt),
            completion_tokens=len(self.said),
            cached_tokens=self.cached,
            lora=self.generation.lora,
        )
