"""Says a fan's last line in other words, by any engine; what drifts from its meaning, or hardly changes, is dropped.

Only the fan's words are put differently. The persona's are what is to be learnt, and stay as they are.
"""

import math
import random
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace

from finetune.conversation import Conversation
from finetune.masking import identifies
from serving import ChatMessage, Completion, Encoder, Engine, Sampling

ASK = (
    "Say the following line in other words, as another person might. Keep its meaning, its language and about its "
    "length. Answer with the line alone."
)
LIKE_ENOUGH, TOO_LIKE = 0.70, 0.985  # cosine of the two lines' vectors


@dataclass(slots=True)
class Paraphrasing:
    """`share` of the conversations to learn from are put differently; `refused` counts what the filter threw away."""

    engine: Engine
    encoder: Encoder
    share: float = 0.2
    refused: int = 0

    async def of(self, learnt: Sequence[Conversation], *, rng: random.Random) -> list[Conversation]:
        """Copies whose last line is put differently. May raise a `ServingError`."""
        able = [one for one in learnt if last_line(one).strip()]
        chosen = rng.sample(able, min(len(able), math.ceil(self.share * len(able))))
        found = [await self._differently(one, seed=rng.randrange(1 << 30)) for one in chosen]
        return [one for one in found if one is not None]

    async def _differently(self, one: Conversation, *, seed: int) -> Conversation | None:
        old = last_line(one)
        new = tidy(await self._asked(old, seed))
        if not new or identifies(new) or not await self._is_a_paraphrase(old, new):
            self.refused += 1
            return None
        return with_last_line(one, new)

    async def _asked(self, line: str, seed: int) -> str:
        prompt = (ChatMessage("system", ASK), ChatMessage("user", line))
        sampling = Sampling(temperature=0.9, max_tokens=max(32, len(line)), seed=seed)
        async with aclosing(self.engine.stream(prompt, sampling=sampling)) as stream:
            async for step in stream:
                if isinstance(step, Completion):
                    return step.text
        return ""

    async def _is_a_paraphrase(self, old: str, new: str) -> bool:
        first, second = await self.encoder.encode([old, new])
        return LIKE_ENOUGH <= float(first @ second) <= TOO_LIKE and new.casefold() != old.casefold()


def tidy(text: str) -> str:
    """An engine's answer without the quotation marks it may have put around it; nothing if it said more than a line."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[0].strip("\"“”'") if len(lines) == 1 else ""


def last_line(one: Conversation) -> str:
    """What the persona answers."""
    return one.scene.heard[-1].text if one.scene else one.before[-1].text


def with_last_line(one: Conversation, text: str) -> Conversation:
    """The same with other words to answer."""
    if one.scene is None:
        return replace(one, before=(*one.before[:-1], replace(one.before[-1], text=text)), source="paraphrase")
    heard = (*one.scene.heard[:-1], replace(one.scene.heard[-1], text=text))
    return replace(one, scene=replace(one.scene, heard=heard), source="paraphrase")
