"""The whole suite over one LoRA: what `greenroom finetune evaluate` measures, in order, and nothing it prints."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

from finetune import evaluate_likely as likely
from finetune import evaluate_lines, gate
from finetune import evaluate_spoken as aloud
from finetune.candidate import Candidate
from finetune.dataset import DatasetSheet, read_part, read_sheet
from finetune.errors import EvaluationRefused
from finetune.evaluate_asks import asked, asks
from finetune.evaluate_dresser import Dresser, Row, Speech
from finetune.evaluate_likely import OWN, Lines
from finetune.evaluate_speaker import SpeakerEar
from finetune.evaluate_spoken import Spoken
from finetune.evaluate_statistics import Figure, mean, more_p, worse_p
from finetune.evaluation import Evaluation, Sample
from finetune.train_data import shorter_and_shorter
from personas import Persona

REAL_ASKED_AT_MOST = 40  # held-out lines that are also said by the model
SPEECH = Speech()
LIBRARIES = ("torch", "transformers", "peft", "scikit-learn", "scipy")


@dataclass(frozen=True)
class Rival:
    """Another character's LoRA on the same base; `lines` are some of its character's, if its data is known."""

    name: str
    folder: Path
    lines: tuple[str, ...] = ()


@dataclass(frozen=True)
class Bench:
    """What a LoRA is judged by: the persona, its data, its rivals, and the others that its card is told apart from."""

    persona: Persona
    data: Path
    rivals: tuple[Rival, ...] = ()
    cast: tuple[Persona, ...] = ()
    seed: int = 0
    each: int = 3
    speech: Speech = SPEECH


@dataclass(frozen=True)
class Parts:
    """The data set's rows, as far as they fit the window."""

    sheet: DatasetSheet
    learnt: list[Row]
    held_out: list[Row]
    cut: int
    leaked: tuple[bool, ...]


@dataclass(frozen=True)
class Measured:
    """An evaluation, and each held-out reply's own scores for whoever wants to look closer."""

    evaluation: Evaluation
    scores: tuple[Mapping[str, object], ...]


def evaluate(
    one: Candidate, dresser: Dresser, bench: Bench, *, now: datetime, tell: Callable[[str], None] = lambda what: None
) -> Measured:
    """Everything measured and the gate's rules applied; `tell` hears what is measured next."""
    if one.record and one.record.base_hash != dresser.base_hash:
        raise EvaluationRefused(f"{dresser.base} is not, or no longer, the model that {one.folder} was trained on.")
    refuse_other_data(one, bench.data)
    parts = read_parts(bench, dresser)
    ear = listener(bench, parts)
    remarks = wear(one, dresser, bench)
    tell("how likely real lines are")
    lines = likely.held_out(dresser, parts.held_out, sorted(dresser.loras - {OWN}))
    figures = lines.figures(bench.seed) | trust(parts)
    genuine = evaluate_lines.genuine(parts.learnt)
    figures["generalises"] = likely.generalised(dresser, lines, genuine, share=gate.GENERALISES, seed=bench.seed)
    own, others = evaluate_lines.both_sides(parts.held_out)
    if len({row["block"] for row in others}) > 1:
        figures["own_margin"] = likely.own_margin(dresser, own, others, seed=bench.seed)
    tell("what was forgotten, and what would be turned down")
    figures |= forgetting(dresser, bench) | safety(dresser, bench)
    tell("replies to the same questions, before and after")
    said = conversation(dresser, bench, parts)
    real = evaluate_lines.replies(parts.held_out)
    figures |= character(dresser, bench, parts, said, ear)
    figures |= aloud.variety(
        said,
        real,
        evaluate_lines.replies(parts.learnt),
        at_least=gate.VARIETY,
        copying=gate.COPYING,
        at_most_apart=gate.LENGTH,
        seed=bench.seed,
    )
    tell("whether it steps out of the character when it is told to")
    figures |= tempted(dresser, bench)
    found = Evaluation(
        persona=bench.persona.id,
        base=dresser.base,
        base_hash=dresser.base_hash,
        lora_hashes=one.hashes,
        data_hash=parts.sheet.hash,
        recipe=one.record.recipe if one.record else {},
        seed=bench.seed,
        samples_each=bench.each,
        made_at=now,
        versions={name: version(name) for name in LIBRARIES},
        rivals=tuple(sorted(lines.rivals)),
        figures=figures,
        checks=gate.checks(figures),
        remarks=(*remarks, *doubts(parts, lines)),
        samples=side_by_side(said, bench, parts),
    )
    return Measured(found, tuple(scores_of(parts, lines)))


def refuse_other_data(one: Candidate, data: Path) -> None:
    """What it learnt may be held out in any data set but its own; made again in the same folder, that is another."""
    if one.data_hash and one.data_hash != read_sheet(data).hash:
        raise EvaluationRefused(
            f"{data} is not, or no longer, the data set that {one.folder} learnt from ({one.data_hash}), so lines "
            "that it learnt may be held out there. Name the one it learnt from with --data, or train again."
        )


def read_parts(bench: Bench, dresser: Dresser) -> Parts:
    """The data set's train and test rows. Raises `EvaluationRefused` where they can't carry a judgement."""
    sheet = read_sheet(bench.data)
    if sheet.persona != bench.persona.id:
        raise EvaluationRefused(f"{bench.data} is {sheet.persona}'s data set, and the persona is {bench.persona.id}.")
    read_part(bench.data, "validation")  # it chose the checkpoint, so it must be what it was, too
    learnt, held_out = read_part(bench.data, "train"), read_part(bench.data, "test")
    fit = [fitting(row, dresser) for row in (*learnt, *held_out)]
    kept_learnt = [row for row in fit[: len(learnt)] if row]
    kept_held_out = [row for row in fit[len(learnt) :] if row]
    leaked = evaluate_lines.leaks(kept_held_out, kept_learnt)
    cut = len(fit) - len(kept_learnt) - len(kept_held_out)
    kept_held_out = [row for row, known in zip(kept_held_out, leaked, strict=True) if not known]
    blocks = {row["block"] for row in kept_held_out}
    if len(blocks) < 2 or not kept_learnt:
        raise EvaluationRefused(
            f"{bench.data} holds {len(kept_held_out)} replies of {len(blocks)} blocks out for the test ({sum(leaked)} "
            "more stand in what was learnt); an interval needs two blocks. Give it more scenes, and make it again."
        )
    return Parts(sheet, kept_learnt, kept_held_out, cut, tuple(leaked))


def fitting(row: Row, dresser: Dresser) -> Row | None:
    """The row with as many of its newest turns as the window takes, as in training; None if not even the last fits."""
    shortened = ({**row, "prompt": prompt} for prompt in shorter_and_shorter(row["prompt"]))
    return next((one for one in shortened if dresser.fits(one)), None)


def wear(one: Candidate, dresser: Dresser, bench: Bench) -> list[str]:
    """Hangs the candidate and its rivals beside the base; a rival that doesn't fit is left out, and that is said."""
    dresser.add(OWN, one.lora)
    remarks = []
    for rival in bench.rivals:
        try:
            dresser.add(rival.name, rival.folder)
        except EvaluationRefused as exc:
            remarks.append(f"The rival {rival.name} was left out. {exc}")
    return remarks


def trust(parts: Parts) -> dict[str, Figure]:
    """Whether the data can be believed: held-out lines that were learnt, and learnt lines that nobody should learn."""
    faulty = len(evaluate_lines.faults(parts.learnt)) / len(parts.learnt)
    return {
        "leaks": mean(parts.leaked, [str(n) for n in range(len(parts.leaked))]),
        "faults": aloud.plain(faulty, len(parts.learnt)),
    }


def forgetting(dresser: Dresser, bench: Bench) -> dict[str, Figure]:
    """By what share everyday talk costs more nats; p of 'not above the margin'."""
    before, after = likely.neutral(dresser)
    blocks = [str(n) for n in range(len(before.nats))]
    ratio = mean(after.nats - before.nats, blocks, weights=before.nats, seed=bench.seed)
    beyond = worse_p(after.nats - (1 + gate.FORGETTING) * before.nats, blocks, seed=bench.seed)
    return {
        "neutral_prompt": mean(before.nats, blocks, weights=before.tokens, seed=bench.seed),
        "neutral_lora": mean(after.nats, blocks, weights=after.tokens, seed=bench.seed),
        "forgetting": aloud.replace_p(ratio, beyond),
    }


def safety(dresser: Dresser, bench: Bench) -> dict[str, Figure]:
    """Harmful requests that would be turned down, before and after; p of 'not fewer after'."""
    before = likely.turned_down(dresser, bench.persona, None)
    after = likely.turned_down(dresser, bench.persona, OWN)
    fewer = more_p([not one for one in before], [not one for one in after])
    found = aloud.before_and_after("safe", before, after)
    return found | {"safe_lora": aloud.replace_p(found["safe_lora"], fewer)}


def conversation(dresser: Dresser, bench: Bench, parts: Parts) -> Spoken:
    """What both say to the openers and where the character speaks in the held-out scenes."""
    real = parts.held_out[:REAL_ASKED_AT_MOST]
    prompts = [*(asked(bench.persona, opener) for opener in asks().openers), *(row["prompt"] for row in real)]
    blocks = [*(f"opener {n}" for n in range(len(asks().openers))), *(row["block"] for row in real)]
    return aloud.spoken(dresser, prompts, blocks, OWN, each=bench.each, speech=with_seed(bench))


def with_seed(bench: Bench) -> Speech:
    return bench.speech.seeded(bench.seed)


def listener(bench: Bench, parts: Parts) -> SpeakerEar:
    """An ear for the character. Raises `EvaluationRefused` where too few lines were learnt to tell it by."""
    learnt = evaluate_lines.genuine(parts.learnt)
    own = evaluate_lines.tellable(evaluate_lines.replies(learnt))
    rivals = {rival.name: rival.lines for rival in bench.rivals}
    try:
        ear = aloud.ear_for(own, rivals, evaluate_lines.partners(learnt), bench.persona.id, seed=bench.seed)
    except ValueError as exc:
        raise EvaluationRefused(f"{bench.data} is too small for telling speakers apart: {exc}") from exc
    if bench.persona.id not in ear.voices:
        raise EvaluationRefused(f"{bench.data} has too few lines of {bench.persona.name} to tell by.")
    return ear


def character(dresser: Dresser, bench: Bench, parts: Parts, said: Spoken, ear: SpeakerEar) -> dict[str, Figure]:
    """Whose replies the ear takes them for, and which card the base would find behind them."""
    real = evaluate_lines.tellable(evaluate_lines.replies(parts.held_out))
    strangers = evaluate_lines.partners(parts.held_out)
    figures = aloud.heard(ear, said, bench.persona.id, real, strangers, bench.seed)
    cards = (bench.persona, *(one for one in bench.cast if one.id != bench.persona.id))
    if len(cards) > 1:
        openers = asks().openers
        before, after = (
            likely.recognised(dresser, cards, openers, [replies[0] for replies in side[: len(openers)]])
            for side in (said.before, said.after)
        )
        figures |= aloud.before_and_after("recognised", before, after)
    return figures


def tempted(dresser: Dresser, bench: Bench) -> dict[str, Figure]:
    """How often it steps out of the character, asked to; p of 'not more often than before'."""
    prompts = [asked(bench.persona, words) for words in asks().adversarial]
    blocks = [str(n) for n in range(len(prompts))]
    said = aloud.spoken(dresser, prompts, blocks, OWN, each=bench.each, speech=with_seed(bench))
    return aloud.before_and_after("breaks", *aloud.breaks(said))


def doubts(parts: Parts, lines: Lines) -> list[str]:
    """What a reader of the figures should know."""
    found = []
    if not lines.rivals:
        found.append(
            "No other character's LoRA was there to compare with, so nothing was swapped. Put one on the shelf, or "
            "name one with --against."
        )
    if len(set(lines.blocks)) < 8:
        found.append(f"Only {len(set(lines.blocks))} blocks are held out: the intervals over them are wide.")
    if any(parts.leaked):
        found.append(f"{sum(parts.leaked)} held-out replies stand in what was learnt; they were not judged by.")
    if parts.cut:
        found.append(f"{parts.cut} replies did not fit the window and were left out.")
    return found


def side_by_side(said: Spoken, bench: Bench, parts: Parts) -> tuple[Sample, ...]:
    """The first reply of each side to every prompt, with the real line where there is one."""
    openers = len(asks().openers)
    real = [""] * openers + evaluate_lines.replies(parts.held_out)
    return tuple(
        Sample(asked=prompt[-1]["content"], before=before[0], after=after[0], real=line)
        for prompt, before, after, line in zip(said.prompts, said.before, said.after, real, strict=False)
    )


def scores_of(parts: Parts, lines: Lines) -> list[dict[str, object]]:
    """One row a held-out reply: its tokens, and its nats for everybody."""
    return [
        {
            "block": row["block"],
            "reply": row["completion"][0]["content"],
            "tokens": int(lines.own.tokens[n]),
            "base": float(lines.bare.nats[n]),
            "prompt": float(lines.prompted.nats[n]),
            "lora": float(lines.own.nats[n]),
            **{f"rival_{name}": float(rival.nats[n]) for name, rival in lines.rivals.items()},
        }
        for n, row in enumerate(parts.held_out)
    ]


def written(scores: Sequence[Mapping[str, object]]) -> str:
    """JSON, a line each."""
    return "".join(json.dumps(score, ensure_ascii=False) + "\n" for score in scores)
