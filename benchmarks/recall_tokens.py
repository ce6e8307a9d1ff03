"""Makes the projection that shrinks an encoder's token states for memory: `python -m benchmarks.recall_tokens`.

The principal components of the states over this project's own chats (tests/data/recall_en.jsonl): 384 numbers for each
piece of a text become 64, at no loss of recall (docs/log.md has the figures).
"""

import asyncio
from pathlib import Path

import numpy as np

from benchmarks.recall_sets import load
from memory.ranking_tokens import WIDTH
from serving.embedding import OnnxEncoder

WORDS = Path(__file__).parent.parent / "memory" / "words"


async def main() -> None:
    """Read, decompose, write."""
    encoder = OnnxEncoder.default()
    lines, questions = load("en")
    texts = [line.text for line in lines] + [question.text for question in questions]
    states = np.concatenate([reading.states for reading in await encoder.read(texts)])
    states /= np.linalg.norm(states, axis=1, keepdims=True)
    mean = states.mean(axis=0)
    _, _, components = np.linalg.svd(states - mean, full_matrices=False)
    target = WORDS / f"tokens_{encoder.name}.npz"
    np.savez_compressed(target, mean=mean, projection=components[:WIDTH].T)
    print(f"{len(states)} pieces, {target.stat().st_size / 1e3:.0f} kB in {target.name}")


if __name__ == "__main__":
    asyncio.run(main())
