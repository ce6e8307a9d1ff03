"""One run of the classifier from files to files: read, embed, train, judge, save head and report."""

import hashlib
import json
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import track

from finetune import classifier
from finetune.labelled import Labelled, label_names
from serving.embedding import Encoder, OnnxEncoder, Vectors
from serving.label_head import LabelHead

AT_ONCE = 64


async def run(*, train: Path, dev: Path, labels: Path, to: Path, seed: int) -> classifier.Figures:
    """Trains on one file, judges on the other, writes `to` and a report with seeds and hashes beside it."""
    names = label_names(labels)
    learnt, judged = Labelled.read(train, names), Labelled.read(dev, names)
    encoder = OnnxEncoder.default()
    vectors = await embedded(encoder, learnt, "what is learnt")
    head = classifier.train(learnt, vectors, classifier.Settings(seed=seed))
    head.save(to)
    figures = classifier.evaluate(LabelHead.load(to), judged, await embedded(encoder, judged, "what it is judged by"))
    report = figures.as_dict() | {
        "seed": seed,
        "encoder": encoder.name,
        "train": {"file": train.name, "lines": len(learnt), "sha256": digest(train)},
        "dev": {"file": dev.name, "lines": len(judged), "sha256": digest(dev)},
    }
    write_report(to.with_suffix(".json"), report)
    return figures


async def embedded(encoder: Encoder, lines: Labelled, what: str) -> Vectors:
    """(n, d): the vectors of all lines, with progress on stderr."""
    starts = track(range(0, len(lines), AT_ONCE), description=f"Embedding {what}", console=Console(stderr=True))
    return np.concatenate([await encoder.encode(lines.texts[start : start + AT_ONCE]) for start in starts])


def write_report(path: Path, report: dict[str, object]) -> None:
    """Indented, so that two reports can be compared line by line."""
    path.write_text(json.dumps(report, indent=2) + "\n")


def digest(path: Path) -> str:
    """SHA-256 of a file, so that a report says which lines it is about."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
