"""Reads feelings in a line of English, so that a face can follow what is said."""

from collections.abc import Mapping
from pathlib import Path
from typing import Self

from serving.embedding import Encoder
from serving.label_head import LabelHead

SHIPPED = Path(__file__).parent / "heads" / "emotion.npz"


class EmotionReader:
    """The 28 feelings of GoEmotions (Demszky et al. 2020) for a text, each with its probability.

    What is not covered: languages other than English, and a feeling that only the lines before would show.
    """

    def __init__(self, encoder: Encoder, head: LabelHead) -> None:
        self._encoder = encoder
        self._head = head

    @classmethod
    def shipped(cls, encoder: Encoder) -> Self:
        """The reader that comes with greenroom; its head was trained on the default encoder's vectors."""
        return cls(encoder, LabelHead.load(SHIPPED))

    async def read(self, text: str) -> Mapping[str, float]:
        """Every label's probability; several may be high at once."""
        (vector,) = await self._encoder.encode([text])
        found = self._head.probabilities(text, vector)
        return dict(zip(self._head.labels, map(float, found), strict=True))

    async def clear(self, text: str) -> tuple[str, ...]:
        """The feelings that pass their thresholds, the surest first."""
        found = await self.read(text)
        limits = dict(zip(self._head.labels, map(float, self._head.thresholds), strict=True))
        return tuple(sorted((x for x in found if found[x] >= limits[x]), key=lambda x: -found[x]))
