"""A frozen data set on disk: one JSONL a part, and a sheet that says what is in it and proves it unchanged."""

import hashlib
import json
import os
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from finetune.cleaning import CleaningReport
from finetune.conversation import GENUINE, Conversation, Part, prompt_for
from finetune.errors import LinesUnreadable
from personas import Persona

PARTS: tuple[Part, ...] = ("train", "validation", "test")
SHEET = "dataset.json"


@dataclass(frozen=True, slots=True)
class DatasetSheet:
    """What a data set is made of; `hashes` are SHA-256 of its files, `sources` says where its rows come from."""

    persona: str
    persona_version: str
    speaker: str
    conversations: Mapping[str, int]
    hashes: Mapping[str, str]
    left_out: Mapping[str, int]
    sources: Mapping[str, int] = field(default_factory=dict)

    @property
    def hash(self) -> str:
        """One hash for all parts; a LoRA's card names it."""
        return hashlib.sha256("".join(self.hashes[part] for part in PARTS).encode()).hexdigest()[:16]


def write_dataset(
    folder: Path,
    conversations: Sequence[Conversation],
    persona: Persona,
    speaker: str,
    report: CleaningReport,
    *,
    force: bool = True,
) -> DatasetSheet:
    """Writes all parts and the sheet; rows hold `prompt` (the messages before) and `completion` (the reply).

    A disk that is full leaves what was there. Raises `LinesUnreadable` where another data set is not to be replaced.
    """
    parts = {part: [row_of(one, persona, speaker) for one in conversations if one.part == part] for part in PARTS}
    contents = {f"{part}.jsonl": jsonl(rows).encode() for part, rows in parts.items()}
    counts: dict[str, int] = {part: len(rows) for part, rows in parts.items()}
    hashes: dict[str, str] = {part: hashlib.sha256(contents[f"{part}.jsonl"]).hexdigest() for part in PARTS}
    sources = dict(Counter[str](one.source for one in conversations))
    sheet = DatasetSheet(persona.id, persona.version, speaker, counts, hashes, dict(report.left_out), sources)
    written = {name: getattr(sheet, name) for name in sheet.__slots__} | {"samples_left_out": report.samples}
    contents[SHEET] = (json.dumps(written, ensure_ascii=False, indent=1) + "\n").encode()
    if not force:
        refuse_another(folder, sheet)
    put(folder, contents)
    return sheet


def jsonl(rows: Sequence[Mapping[str, Any]]) -> str:
    """A row a line."""
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def refuse_file(folder: Path) -> None:
    """Said before anything is read."""
    if folder.exists() and not folder.is_dir():
        raise LinesUnreadable(f"{folder} is a file. Name a folder for the data set with --to.")


def refuse_another(folder: Path, sheet: DatasetSheet) -> None:
    """A data set that something learnt from is needed as it is, to be judged by."""
    if (folder / SHEET).exists() and read_sheet(folder).hash != sheet.hash:
        raise LinesUnreadable(
            f"{folder} holds another data set ({read_sheet(folder).hash}), and what learnt from it can be judged by no "
            "other. Name another folder with --to, or say --force to replace it."
        )


def put(folder: Path, contents: Mapping[str, bytes]) -> None:
    """All files written, and only then moved to their places, the sheet last."""
    making = folder / f".making.{os.getpid()}"
    making.mkdir(parents=True, exist_ok=True)
    try:
        for name, content in contents.items():
            (making / name).write_bytes(content)
        for name in contents:
            (making / name).replace(folder / name)
    finally:
        shutil.rmtree(making)


def row_of(conversation: Conversation, persona: Persona, speaker: str) -> dict[str, Any]:
    """TRL's conversational prompt-completion layout: the loss is on the completion only."""
    before = [{"role": m.role, "content": m.content} for m in prompt_for(conversation, persona, speaker)]
    completion = [{"role": "assistant", "content": conversation.reply}]
    return {"prompt": before, "completion": completion, "block": conversation.block, "source": conversation.source}


def read_sheet(folder: Path) -> DatasetSheet:
    """What a data set is made of. Raises `LinesUnreadable` if the folder holds none."""
    try:
        said = json.loads((folder / SHEET).read_text(encoding="utf-8"))
        return DatasetSheet(**{name: said[name] for name in DatasetSheet.__slots__ if name in said})
    except (OSError, ValueError, TypeError) as exc:
        raise LinesUnreadable(f"{folder} is no data set; make one with: greenroom finetune data") from exc


def read_part(folder: Path, part: Part) -> list[dict[str, Any]]:
    """The rows of a part. Raises `LinesUnreadable` if it isn't what the sheet says it is."""
    sheet, path = folder / SHEET, folder / f"{part}.jsonl"
    if not sheet.exists() or not path.exists():
        raise LinesUnreadable(f"{folder} is no data set; make one with: greenroom finetune data")
    content = path.read_bytes()
    if json.loads(sheet.read_text())["hashes"][part] != hashlib.sha256(content).hexdigest():
        raise LinesUnreadable(f"{path} was changed after it was frozen; make the data set again.")
    return [json.loads(row) for row in content.decode().split("\n") if row]  # some reply may hold another line break


def parts_of(folder: Path) -> dict[str, Part]:
    """The part of each block, which a short data set does not leave to the hashes; nothing where there is none now."""
    if not (folder / SHEET).exists():
        return {}
    rows = ((part, row) for part in PARTS for row in read_part(folder, part))
    return {row["block"]: part for part, row in rows if row.get("source", "script") in GENUINE}
