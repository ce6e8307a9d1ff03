"""Reads harm in replies with a head that `greenroom finetune classifier` trained; off unless a head is given."""

from collections.abc import Sequence
from pathlib import Path
from typing import Self

from serving import Encoder
from serving.label_head import LabelHead

HARMLESS = frozenset({"safe", "harmless", "neutral", "none", "ok", "non-hateful"})


class HarmReader:
    """`among` finds the texts in which a label other than the harmless ones passes its threshold."""

    def __init__(self, encoder: Encoder, head: LabelHead) -> None:
        self._encoder = encoder
        self._head = head
        self._harmful = [place for place, label in enumerate(head.labels) if label.casefold() not in HARMLESS]

    @classmethod
    def from_file(cls, encoder: Encoder, path: Path) -> Self:
        """Raises a `ServingError` if there is no head."""
        return cls(encoder, LabelHead.load(path))

    async def among(self, texts: Sequence[str]) -> frozenset[str]:
        """The harmful ones."""
        vectors = await self._encoder.encode(texts)
        return frozenset(text for text, vector in zip(texts, vectors, strict=True) if self._is_harmful(text, vector))

    def _is_harmful(self, text: str, vector: object) -> bool:
        found = self._head.probabilities(text, vector)  # type: ignore[arg-type]
        return any(found[place] >= self._head.thresholds[place] for place in self._harmful)
