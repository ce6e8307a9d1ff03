"""Puts the questions to a model folder and counts: exact figures with 95% Wilson intervals, the same every time."""

import math
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from random import Random
from statistics import median

import torch
from transformers import AutoModelForCausalLM

from finetune.understudy import questions, tokens
from finetune.understudy.corpus import documents
from finetune.understudy.questions import Question
from finetune.understudy.voices import voices
from personas import render

LONGEST = 48
BATCH = 100
WORDS = re.compile(r"[\w']+|[^\w\s]")


@dataclass(frozen=True, slots=True)
class Reply:
    """What the model said; `ended` is false when it ran into the limit."""

    text: str
    ended: bool


@dataclass(frozen=True, slots=True)
class Score:
    """How many of how many, with the 95% Wilson interval and the target to reach."""

    skill: str
    passed: int
    asked: int
    target: float | None = None
    at_most: bool = False

    @property
    def share(self) -> float:
        return self.passed / self.asked

    @property
    def interval(self) -> tuple[float, float]:
        return wilson(self.passed, self.asked)

    @property
    def met(self) -> bool | None:
        if self.target is None:
            return None
        return self.share < self.target if self.at_most else self.share >= self.target

    def as_json(self) -> dict[str, object]:
        low, high = self.interval
        return asdict(self) | {"share": self.share, "low": low, "high": high, "met": self.met}


def wilson(passed: int, asked: int, z: float = 1.96) -> tuple[float, float]:
    """The 95% interval of a share (Wilson 1927)."""
    share = passed / asked
    centre = (share + z * z / (2 * asked)) / (1 + z * z / asked)
    half = z / (1 + z * z / asked) * math.sqrt(share * (1 - share) / asked + z * z / (4 * asked * asked))
    return max(0.0, centre - half), min(1.0, centre + half)


class Understudy:
    """A model folder that answers scenes, many at a time."""

    def __init__(self, folder: Path) -> None:
        self.tokeniser = tokens.load(folder)
        self.tokeniser.padding_side = "left"
        self.model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()

    @property
    def temperature(self) -> float:
        """As the weights are sampled on stage."""
        return float(self.model.generation_config.temperature)

    def answers(
        self,
        asked: Sequence[Question],
        *,
        temperature: float = 0.0,
        progress: Callable[[int], None] = lambda n: None,
    ) -> list[Reply]:
        """One reply for each question; greedy at temperature 0, else top-p .9 with the torch seed of the caller."""
        lengths = [sum(len(m.content) for m in render(q.scene).messages) for q in asked]
        order = sorted(range(len(asked)), key=lengths.__getitem__)
        replies: dict[int, Reply] = {}
        for start in range(0, len(order), BATCH):
            rows = order[start : start + BATCH]
            for row, reply in zip(rows, self._batch([asked[n] for n in rows], temperature), strict=True):
                replies[row] = reply
            progress(len(rows))
        return [replies[n] for n in range(len(asked))]

    def _batch(self, asked: Sequence[Question], temperature: float) -> list[Reply]:
        chats = [[{"role": m.role, "content": m.content} for m in render(q.scene).messages] for q in asked]
        batch = self.tokeniser.apply_chat_template(
            chats, add_generation_prompt=True, padding=True, return_tensors="pt", return_dict=True
        )
        sampling = (
            {"do_sample": True, "temperature": temperature, "top_p": 0.9} if temperature else {"do_sample": False}
        )
        with torch.inference_mode():
            out = self.model.generate(
                input_ids=batch["input_ids"],
                attention_mask=batch["attention_mask"],
                max_new_tokens=LONGEST,
                pad_token_id=self.tokeniser.pad_token_id,
                cache_implementation="static",  # one that grows copies itself at every word: a third of the time
                disable_compile=True,
                **sampling,
            )
        return [self._reply(row) for row in out[:, batch["input_ids"].shape[1] :].tolist()]

    def _reply(self, row: list[int]) -> Reply:
        ended = self.tokeniser.eos_token_id in row
        return Reply(self.tokeniser.decode(row, skip_special_tokens=True).strip(), ended)


def skill_scores(player: Understudy, count: int, *, seed: int, progress: Callable[[int], None]) -> list[Score]:
    """The skills that have a right answer; greedy."""
    scores = []
    for name, (skill, target, _) in questions.SKILLS.items():
        asked = questions.exam(skill, min(count, 200) if name == "human" else count, seed=seed)
        replies = player.answers(asked, progress=progress)
        passed = sum(q.passed(r.text) for q, r in zip(asked, replies, strict=True))
        scores.append(Score(name, passed, len(asked), target))
    return scores


def voice_score(player: Understudy, count: int, *, seed: int, progress: Callable[[int], None]) -> Score:
    """Whether a classifier that learnt from other lines hears the register, or the catch-phrase is there."""
    asked = questions.exam(questions.in_voice, count, seed=seed)
    replies = player.answers(asked, progress=progress)
    heard = listener(seed)([r.text for r in replies])
    passed = sum(
        voice == q.voice or any(p in r.text for p in q.phrases)
        for q, r, voice in zip(asked, replies, heard, strict=True)
    )
    return Score("voice", passed, len(asked), 0.80)


def listener(seed: int) -> Callable[[Sequence[str]], list[str]]:
    """A register classifier (words and characters, logistic regression) taught by lines of the corpus."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline, make_union

    rng = Random(f"listener/{seed}")
    acts = [act for act in voices()[0].acts if act not in ("openers", "closers")]
    slots = {"v": "it", "fact": "It is so.", "noun": "that", "name": "me", "x": "it"}
    rows = [(v.say(rng.choice(acts), rng, **slots), v.name) for v in voices() for _ in range(800)]
    features = make_union(TfidfVectorizer(ngram_range=(1, 2)), TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4)))
    classifier = make_pipeline(features, LogisticRegression(max_iter=1000))
    classifier.fit([text for text, _ in rows], [name for _, name in rows])
    return lambda texts: [str(name) for name in classifier.predict(list(texts))]


@dataclass(frozen=True, slots=True)
class Variety:
    """How the replies read as a whole, sampled as on stage."""

    broken: Score
    distinct_2: float
    verbatim: float


def variety(player: Understudy, count: int, *, seed: int, progress: Callable[[int], None]) -> Variety:
    """Loops, broken ends, distinct pairs of words, and how many replies stand word for word in 60,000 documents."""
    torch.manual_seed(seed)
    asked = questions.exam(questions.open_chat, count, seed=seed)
    replies = player.answers(asked, temperature=player.temperature, progress=progress)
    pairs = [pair for r in replies for pair in pairs_of(r.text)]
    known = {m.content for d in documents(seed, 60_000) for m in d.messages if m.role == "assistant"}
    return Variety(
        broken=Score("broken", sum(broken(r) for r in replies), count, 0.01, at_most=True),
        distinct_2=len(set(pairs)) / len(pairs),
        verbatim=sum(r.text in known for r in replies) / count,
    )


def pairs_of(text: str) -> list[tuple[str, str]]:
    words = WORDS.findall(text.lower())
    return list(pairwise(words))


def broken(reply: Reply) -> bool:
    """Nothing said, never ended, cut off before a mark, or three words in a row said three times."""
    words = WORDS.findall(reply.text.lower())
    threes = [tuple(words[n : n + 3]) for n in range(len(words) - 2)]
    loops = any(threes.count(three) >= 3 for three in set(threes))
    return not reply.ended or not reply.text or loops or reply.text[-1].isalnum() or "�" in reply.text


@dataclass(frozen=True, slots=True)
class Speed:
    """One conversation on this machine: seconds to the first token of a 600-token prompt, and tokens per second."""

    first_token: float
    tokens_per_second: float
    threads: int
    prompt_tokens: int


def speed(player: Understudy, *, runs: int = 7) -> Speed:
    """Medians over a few runs; what else the machine does is part of the figure."""
    words = player.tokeniser("the quick brown fox tells a story about tea. " * 80)["input_ids"][:600]
    prompt = torch.tensor([words])
    firsts, rates = [], []
    with torch.inference_mode():
        for _ in range(runs):
            began = time.perf_counter()
            player.model.generate(prompt, max_new_tokens=1, min_new_tokens=1, do_sample=False)
            first = time.perf_counter() - began
            began = time.perf_counter()
            player.model.generate(prompt, max_new_tokens=65, min_new_tokens=65, do_sample=False)
            firsts.append(first)
            rates.append(64 / (time.perf_counter() - began - first))
    return Speed(median(firsts), median(rates), torch.get_num_threads(), prompt.shape[1])
