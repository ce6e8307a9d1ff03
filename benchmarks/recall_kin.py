"""Makes the table of kindred words that ships with memory: `python -m benchmarks.recall_kin`.

The words are the whole English words in the default encoder's own vocabulary; a stem's vector is the mean of those
of its words.
"""

import asyncio
import json
from collections import defaultdict
from pathlib import Path

import numpy as np

from memory.languages import terms
from memory.lexical_kin import kin_of
from serving.embedding import TOKENIZER_FILE, OnnxEncoder, default_folder

TARGET = Path(__file__).parent.parent / "memory" / "words" / "kin_en.npz"
MOST = 32


def stems_of_vocabulary(tokenizer: Path) -> dict[str, list[str]]:
    """Stem to its words, for the vocabulary of a WordPiece tokenizer file; pieces of words are left out."""
    words = json.loads(tokenizer.read_text(encoding="utf-8"))["model"]["vocab"]
    stems: dict[str, list[str]] = defaultdict(list)
    for word in words:
        if word.isascii() and word.isalpha() and len(word) > 2:
            for stem in terms(word):
                stems[stem].append(word)
    return dict(sorted(stems.items()))


async def main() -> None:
    """Encode, compare, write."""
    encoder = OnnxEncoder.default()
    stems = stems_of_vocabulary(default_folder() / TOKENIZER_FILE)
    vectors = np.stack([(await encoder.encode(words)).mean(axis=0) for words in stems.values()])
    kindred, closeness = kin_of(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), MOST)
    TARGET.parent.mkdir(exist_ok=True)
    np.savez_compressed(TARGET, stems=np.array(" ".join(stems)), kindred=kindred, closeness=closeness)
    print(f"{len(stems)} stems, {TARGET.stat().st_size / 1e6:.1f} MB in {TARGET.name}")


if __name__ == "__main__":
    asyncio.run(main())
