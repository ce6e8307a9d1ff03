"""What people preferred, as rows for DPO (pairs of replies) and KTO (thumbs); a wrong row is told with its line."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, TypeAlias

from finetune.conversation import Part
from finetune.errors import LinesUnreadable
from finetune.splitting import part_of as part_of_block

Row: TypeAlias = dict[str, Any]
FILES = {"dpo": "preferences.jsonl", "kto": "thumbs.jsonl"}
EXAMPLES = {
    "dpo": '{"prompt": [{"role": "user", "content": "Hi"}], "chosen": "Hello, moon.", "rejected": "Hello."}',
    "kto": '{"prompt": [{"role": "user", "content": "Hi"}], "completion": "Hello, moon.", "label": true}',
}
ANSWERS = {"dpo": ("chosen", "rejected"), "kto": ("completion",)}
ROLES = ("system", "user", "assistant")
Parts: TypeAlias = Mapping[str, Part]


def read_preferences(
    source: Path, objective: Literal["dpo", "kto"], parts: Parts | None = None
) -> tuple[list[Row], list[Row], str]:
    """Rows to learn from, rows held out, and the file's hash.

    Rows of a block are in the part where a data set has the block: as `parts` of one say, else by the block's hash.
    Rows of the test are in neither list.
    """
    path = source / FILES[objective] if source.is_dir() else source
    try:
        content = path.read_bytes()
        rows = list(rows_in(content.decode("utf-8-sig"), objective, path, parts or {}))
    except (OSError, UnicodeDecodeError) as exc:
        raise LinesUnreadable(f"{path} can't be read: {exc}. A row looks like {EXAMPLES[objective]}") from exc
    learnt = [row for row in rows if row["part"] == "train"]
    held_out = [row for row in rows if row["part"] == "validation"]
    return learnt, held_out, hashlib.sha256(content).hexdigest()[:16]


def rows_in(text: str, objective: Literal["dpo", "kto"], path: Path, parts: Parts) -> Iterator[Row]:
    """Every row of the file, checked."""
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            try:
                yield row_of(json.loads(line), objective, parts)
            except (ValueError, KeyError, TypeError) as exc:
                raise LinesUnreadable(f"{path}:{number}: {reason(exc)}. Expected {EXAMPLES[objective]}") from exc


def reason(exc: Exception) -> str:
    return f"{exc} is missing" if isinstance(exc, KeyError) else str(exc).rstrip(".")


def row_of(said: Any, objective: Literal["dpo", "kto"], parts: Parts) -> Row:
    """A row in TRL's conversational layout, with the part it belongs to."""
    if not isinstance(said, dict):
        raise TypeError("this is no object")
    prompt = messages(said["prompt"])
    row: Row = {"prompt": prompt, "part": part_of(said, prompt, parts)}
    for name in ANSWERS[objective]:
        answer = said[name]
        row[name] = messages([{"role": "assistant", "content": answer}] if isinstance(answer, str) else answer)
    if objective == "dpo" and row["chosen"] == row["rejected"]:
        raise ValueError("chosen and rejected are the same")
    if objective == "kto":
        if not isinstance(said["label"], bool):
            raise TypeError(f"label is {said['label']!r}, not true or false")
        row["label"] = said["label"]
    return row


def messages(said: Any) -> list[dict[str, str]]:
    """Messages with a known role and words in them."""
    if not isinstance(said, list) or not said:
        raise TypeError("a prompt is a list of messages")
    for message in said:
        if not isinstance(message, dict) or message.get("role") not in ROLES or not message.get("content"):
            raise ValueError(f"{str(message)[:60]} is no message with role and content")
    return [{"role": message["role"], "content": str(message["content"])} for message in said]


def part_of(said: Row, prompt: list[dict[str, str]], parts: Parts) -> str:
    """As the row says, or as its block is split; without one a tenth is held out, all that begins alike as a whole."""
    if said.get("part") in ("train", "validation", "test"):
        return str(said["part"])
    if block := str(said.get("block") or ""):
        return parts.get(block) or part_of_block(block)
    key = json.dumps(prompt, sort_keys=True)
    return "validation" if int(hashlib.sha256(key.encode()).hexdigest(), 16) % 10 == 0 else "train"
