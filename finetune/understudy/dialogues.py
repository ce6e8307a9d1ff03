"""Whole conversations to read by eye: fans drawn by seed, the understudy's own replies, nothing picked."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

import torch

from finetune.understudy.beats import next_beat
from finetune.understudy.exam import Understudy
from finetune.understudy.questions import Examiner
from personas import Persona


@dataclass(frozen=True, slots=True)
class Dialogue:
    """`lines` are (fan, persona) pairs."""

    persona: Persona
    lines: tuple[tuple[str, str], ...]

    def markdown(self) -> str:
        card = self.persona
        facts = "; ".join(f"{k}: {v}" for k, v in card.facts.items()) or card.personality or "no facts"
        head = (
            f"**{card.name}**, {card.role or 'no role'}. {card.who} *{facts}* (tone: {card.voice.tone or 'not said'})"
        )
        said = "\n".join(f"> fan: {heard}  \n> {card.name}: {reply}  " for heard, reply in self.lines)
        return f"{head}\n\n{said}"


def dialogue(player: Understudy, seed: int, *, exchanges: int = 6) -> Dialogue:
    """One conversation with an unseen persona; sampled as on stage."""
    torch.manual_seed(seed)
    exam = Examiner(Random(f"dialogue/{seed}"))
    lines = []
    for _ in range(exchanges):
        heard = next_beat(exam.talking, last=False)
        question = exam.question(heard)
        reply = player.answers([question], temperature=player.temperature)[0].text
        exam.stage.persona(reply)
        lines.append((heard[0], reply))
    return Dialogue(exam.role.persona, tuple(lines))


def dialogues(player: Understudy, count: int, *, first_seed: int = 0) -> Iterator[Dialogue]:
    return (dialogue(player, first_seed + n) for n in range(count))
