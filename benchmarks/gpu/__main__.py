"""A real-size Llama of random weights on a GPU: first word and tokens/s with 1 to 64 LoRAs, beside the bandwidth limit.

NOT RUN YET: no GPU was lent to the session that wrote it; only the shapes and the arithmetic were checked on a CPU.

    pip install vllm==0.26.0            (pins torch 2.11.0, which the H200 machines have)
    python -m benchmarks.gpu --shape 1b --loras 1 8 64 --python /path/to/vllm's/python

Random weights are as fast as trained ones; every reply goes on to its last token (`ignore_eos`). The limit is what
memory bandwidth allows: each step reads the weights once, and every reply's cache.
"""

import argparse
import asyncio
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import httpx
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from benchmarks.serving_vllm import ENDLESS, Side, Told, round_of, straight
from serving import ChatMessage, Completion, Delta, Sampling
from serving.remote_engine import RemoteEngine
from serving.settings import ServerSettings
from serving.shelf import Card, Shelf
from serving.vllm_server import VllmServer
from tests.serving.tiny import make_lora, make_tokenizer

KEY, TOKENS, PROMPT = "gpu", 128, "You are a singer who keeps a lighthouse. " * 60


@dataclass(frozen=True, slots=True)
class Shape:
    """A Llama's measures; `weights` and `cache` in bytes (bf16), the latter for one token."""

    hidden: int
    layers: int
    heads: int
    kv_heads: int
    middle: int
    vocabulary: int = 128_256

    @property
    def head(self) -> int:
        return self.hidden // self.heads

    @property
    def weights(self) -> int:
        attention = 2 * self.hidden * self.hidden + 2 * self.hidden * self.kv_heads * self.head
        embeddings = 2 * self.vocabulary * self.hidden
        return 2 * (self.layers * (attention + 3 * self.hidden * self.middle) + embeddings)

    @property
    def cache(self) -> int:
        return 2 * 2 * self.layers * self.kv_heads * self.head

    def limit(self, *, replies: int, tokens: int, bandwidth: float) -> float:
        """Tokens a second that memory allows to so many replies of so many tokens each; bandwidth in bytes a second."""
        return replies * bandwidth / (self.weights + replies * tokens * self.cache)


SHAPES = {"1b": Shape(2048, 16, 32, 8, 8192), "8b": Shape(4096, 32, 32, 8, 14336)}


def make(folder: Path, shape: Shape) -> Path:
    """A model's folder with random weights, in bf16, and our small tokeniser."""
    tokenizer = make_tokenizer()
    config = LlamaConfig(
        vocab_size=shape.vocabulary,
        hidden_size=shape.hidden,
        intermediate_size=shape.middle,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        num_key_value_heads=shape.kv_heads,
        max_position_embeddings=8192,
        tie_word_embeddings=False,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )
    with torch.device("cuda" if torch.cuda.is_available() else "cpu"):
        torch.set_default_dtype(torch.bfloat16)
        LlamaForCausalLM(config).save_pretrained(folder)
        torch.set_default_dtype(torch.float32)
    tokenizer.save_pretrained(folder)
    return folder


async def through(engine: RemoteEngine, number: int, lora: str) -> Told:
    loop = asyncio.get_running_loop()
    began, first, tokens = loop.time(), 0.0, 0
    prompt = [ChatMessage("system", PROMPT), ChatMessage("user", f"I am fan {number}.")]
    async for piece in engine.stream(prompt, sampling=Sampling(temperature=1, max_tokens=TOKENS), lora=lora):
        if isinstance(piece, Delta):
            first = first or loop.time() - began
        elif isinstance(piece, Completion):
            tokens = piece.completion_tokens
    return first, tokens, ""


async def measure(
    base: Path, shape: Shape, *, loras: int, fans: Sequence[int], workshop: Path, python: Path | None, bandwidth: float
) -> None:
    shelf = Shelf(workshop / f"shelf-{loras}")
    for n in range(loras):
        made = make_lora(workshop / f"lora-{n}", base=base, seed=n, rank=16)
        shelf.add(f"persona-{n}", made, Card(base="base"))
    settings = ServerSettings(
        model=str(base),
        port=0,
        window=4096,
        replies_at_once=max(fans),
        python=python,
        log=workshop / "vllm.log",
        max_loras=loras,
    )
    async with VllmServer(settings, shelf, key=KEY, tell=print) as server:
        await server.ready()
        engine = RemoteEngine(server.url, model="base", api_key=KEY, extra=ENDLESS)
        transport = httpx.AsyncHTTPTransport(uds=str(server.socket))
        async with httpx.AsyncClient(transport=transport, base_url="http://vllm", timeout=600) as bare:
            for many in fans:
                ours, theirs = Side(), Side()
                plain = Sampling(temperature=1, max_tokens=TOKENS)
                for _ in range(3):
                    names = [f"persona-{n % loras}" for n in range(many)]
                    turns = [iter([partial(through, engine, n, names[n])]) for n in range(many)]
                    await round_of(ours, turns, within=0)
                    prompt = [ChatMessage("system", PROMPT), ChatMessage("user", "I am a fan.")]
                    asked = [iter([partial(straight, bare, (prompt, plain, name))]) for name in names]
                    await round_of(theirs, asked, within=0)
                limit = shape.limit(replies=many, tokens=1200, bandwidth=bandwidth)
                print(f"{loras:3} LoRAs {many:4} fans  greenroom {ours}   bare {theirs}   limit {limit:.0f} tokens/s")
        await engine.aclose()


async def main(chosen: argparse.Namespace) -> None:
    shape = SHAPES[chosen.shape]
    with tempfile.TemporaryDirectory() as folder:
        base = make(Path(folder) / "base", shape)
        for loras in chosen.loras:
            await measure(
                base,
                shape,
                loras=loras,
                fans=chosen.fans,
                workshop=Path(folder),
                python=chosen.python,
                bandwidth=chosen.bandwidth,
            )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="First word and tokens/s on a GPU.")
    parser.add_argument("--shape", choices=sorted(SHAPES), default="1b")
    parser.add_argument("--loras", type=int, nargs="+", default=[1, 4, 16, 64])
    parser.add_argument("--fans", type=int, nargs="+", default=[1, 8, 32, 128, 256])
    parser.add_argument("--python", type=Path, help="the Python that has vLLM")
    parser.add_argument("--bandwidth", type=float, default=4.8e12, help="bytes a second; an H200's by default")
    asyncio.run(main(parser.parse_args()))
