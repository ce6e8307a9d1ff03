"""An optional judge: any engine is asked which of two replies is better, in both orders, because judges favour places.

A reply wins only where both orders agree; what an engine says that is no answer counts as a tie. The judge is asked,
never believed alone: its figure stands in the report, and no rule of the gate is about it.
"""

import re
from collections.abc import Callable, Sequence
from contextlib import aclosing

from scipy.stats import binomtest

from finetune.evaluate_statistics import Figure, mean
from finetune.evaluation import Sample
from personas import Persona
from serving import ChatMessage, Delta, Engine, Sampling

ANSWER = re.compile(r"\b(?:reply\s+)?([AB])\b")
STRICT = Sampling(temperature=0, max_tokens=8)


async def judged(
    engine: Engine, persona: Persona, samples: Sequence[Sample], *, progress: Callable[[int], None] = lambda n: None
) -> dict[str, Figure]:
    """The share of questions whose LoRA reply wins minus the share whose other reply does; p of a sign test."""
    await engine.ready()
    points = []
    for sample in samples:
        first = await preferred(engine, persona, sample.asked, sample.before, sample.after)
        second = await preferred(engine, persona, sample.asked, sample.after, sample.before)
        points.append((first == "B") * (second == "A") - (first == "A") * (second == "B"))
        progress(1)
    won, lost = points.count(1), points.count(-1)
    p = float(binomtest(won, won + lost).pvalue) if won + lost else 1.0
    figure = mean(points, [str(n) for n in range(len(points))])
    return {"judged": Figure(figure.value, figure.low, figure.high, figure.items, figure.blocks, p)}


async def preferred(engine: Engine, persona: Persona, asked: str, one: str, other: str) -> str:
    """'A', 'B', or nothing where the engine gave no answer."""
    question = (
        f"A fan said: {asked}\n\nReply A: {one}\n\nReply B: {other}\n\n"
        f"Which reply is more like {persona.name} and better to hear? Answer with one letter, A or B."
    )
    prompt = [
        ChatMessage("system", f"You judge how well actors play a character. {persona.name}: {persona.who}"),
        ChatMessage("user", question),
    ]
    said = ""
    async with aclosing(engine.stream(prompt, sampling=STRICT)) as stream:
        async for piece in stream:
            said += piece.text if isinstance(piece, Delta) else ""
    found = ANSWER.search(said)
    return found[1] if found else ""
