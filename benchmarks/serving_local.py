"""The engine in process: what sharing steps gains, what LoRAs cost, and what remembering a prompt saves.

Run with `python -m benchmarks.serving_local`. The model is a Llama of random weights in the shape of the large
understudy (11M parameters), which is as fast as a trained one; only its replies make no sense.
"""

import asyncio
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
from transformers import LlamaConfig, LlamaForCausalLM

from serving import ChatMessage, Completion, Sampling
from serving.local_engine import LocalEngine
from tests.serving.tiny import make_lora, make_tokenizer

REPLY = 32
FANS = (1, 4, 8)
SYSTEM = "You are Mira, the idol of the harbour. " * 12


@dataclass
class Load:
    """What a load measured: tokens a second of all fans, first words in milliseconds."""

    rate: float
    first: list[float]

    def __str__(self) -> str:
        return f"{self.rate:7.0f} tokens/s   first word p50 {statistics.median(self.first):6.0f} ms"


class Folders:
    """A shelf that is nothing but a folder of LoRAs."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def place(self, lora: str) -> tuple[str, Path]:
        return lora, self._folder / lora


def make_understudy(folder: Path) -> Path:
    """A Llama of the understudy's shape, with random weights."""
    tokenizer = make_tokenizer()
    torch.manual_seed(1)
    config = LlamaConfig(
        vocab_size=4096,
        hidden_size=320,
        intermediate_size=864,
        num_hidden_layers=8,
        num_attention_heads=5,
        num_key_value_heads=5,
        max_position_embeddings=1024,
        tie_word_embeddings=True,
        eos_token_id=tokenizer.eos_token_id,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@asynccontextmanager
async def opened(model: Path, loras: Path, rows: int = 16, prefix_room: int = 2**28) -> AsyncIterator[LocalEngine]:
    engine = LocalEngine(model, name="understudy", shelf=Folders(loras), rows=rows, prefix_room=prefix_room)
    await engine.ready()
    yield engine
    await engine.aclose()


async def turn(engine: LocalEngine, words: str, lora: str | None = None) -> tuple[float, Completion]:
    """Seconds until the first word, and what it cost."""
    began, first = time.perf_counter(), 0.0
    asked = [ChatMessage("system", SYSTEM), ChatMessage("user", words)]
    async for piece in engine.stream(asked, sampling=Sampling(temperature=0, max_tokens=REPLY), lora=lora):
        first = first or time.perf_counter() - began
        if isinstance(piece, Completion):
            return first, piece
    raise AssertionError("a stream ends with a completion")


async def load(engine: LocalEngine, fans: int, loras: Sequence[str | None] = (None,)) -> Load:
    """Every fan one turn, all at once."""
    began = time.perf_counter()
    told = await asyncio.gather(*(turn(engine, f"fan {n} says hello", loras[n % len(loras)]) for n in range(fans)))
    seconds = time.perf_counter() - began
    return Load(sum(done.completion_tokens for _, done in told) / seconds, [1000 * first for first, _ in told])


async def measure(model: Path, loras: Path, names: Sequence[str]) -> None:
    async with opened(model, loras, rows=16) as shared, opened(model, loras, rows=1) as single:
        await load(shared, 2)
        await load(single, 2)
        print("fans   in shared steps (rows=16)                              one reply after the other (rows=1)")
        for fans in FANS:
            print(f"{fans:4}   {await load(shared, fans)}      {await load(single, fans)}")
        for worn in ([None], names[:1], names):
            print(f"8 fans, {len(set(worn) - {None})} LoRAs: {await load(shared, 8, worn)}")
    for room, what in ((0, "read anew"), (2**28, "remembered")):
        async with opened(model, loras, prefix_room=room) as engine:
            await turn(engine, "the first turn")
            firsts = [await turn(engine, f"turn {n}") for n in range(8)]
            tokens = firsts[-1][1].prompt_tokens
            median = 1000 * statistics.median(first for first, _ in firsts)
            print(f"prompt of {tokens} tokens, its beginning {what}: first word p50 {median:.0f} ms")


async def main() -> None:
    with tempfile.TemporaryDirectory() as workshop:
        model = make_understudy(Path(workshop) / "model")
        loras = Path(workshop) / "loras"
        names = [f"lora-{seed}" for seed in range(8)]
        for seed, name in enumerate(names):
            make_lora(loras / name, base=model, seed=seed, rank=16, strength=0.02)
        await measure(model, loras, names)


if __name__ == "__main__":
    asyncio.run(main())
