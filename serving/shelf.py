"""The shelf of trained LoRAs: `shelf/<lora>/v<N>/`, never changed once it stands there.

A version is a folder with what peft wrote (`adapter_config.json`, `adapter_model.safetensors`) and a `card.json`.
One on trial is known as `<lora>/trial/v<N>` until it is promoted: whoever asks for the LoRA by its plain name does not
get it (serving/trial.py says who does).
Immutable, because vLLM's prefix cache knows a LoRA by its name and path: new weights under an old path would be
answered from what the old ones read.
"""

import json
import logging
import os
import re
import shutil
import tempfile
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from serving.errors import EngineRefused

CONFIG, WEIGHTS, CARD, RETIRED = "adapter_config.json", "adapter_model.safetensors", "card.json", "retired"
TRIAL = "trial.json"
log = logging.getLogger(__name__)
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
VERSION = re.compile(r"v[1-9][0-9]*")
EXACT = re.compile(rf"(?P<lora>{NAME.pattern})/v(?P<version>[1-9][0-9]*)")
ON_TRIAL = re.compile(rf"(?P<lora>{NAME.pattern})/trial/v(?P<version>[1-9][0-9]*)")


class ShelfError(Exception):
    """The shelf does not hold, or will not take, what was named; the message says what to try."""


class Card(BaseModel):
    """What is known of one version of a LoRA."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    base: str = Field(description="The model it was trained on.")
    persona: str = Field("", description="The persona it speaks for.")
    data_hash: str = Field("", description="SHA-256 of the training data.")
    recipe: dict[str, Any] = Field({}, description="The fine-tune's settings.")
    evaluation: dict[str, Any] = Field({}, description="The figures it was admitted on.")
    licence: str = Field("", description="Under which terms it may be used.")
    made_at: datetime | None = Field(None, description="When it was trained.")
    weights_hash: str = Field("", description="SHA-256 of the weights; filled in when it is put on the shelf.")


@dataclass(frozen=True, slots=True)
class Shelved:
    """One version of a LoRA on the shelf."""

    lora: str
    version: int
    folder: Path
    card: Card
    retired: bool
    share: float = 1.0
    """Of conversations that wear it; below 1 it is on trial."""

    @property
    def id(self) -> str:
        """The exact name, as traces and servers know it."""
        return f"{self.lora}/trial/v{self.version}" if self.on_trial else f"{self.lora}/v{self.version}"

    @property
    def on_trial(self) -> bool:
        return self.share < 1

    @property
    def began(self) -> float:
        """Since when it has been on trial, as a Unix time."""
        return (self.folder / TRIAL).stat().st_mtime

    @property
    def proven(self) -> bool:
        """Its evaluation was passed."""
        return self.card.evaluation.get("passed") is True

    @property
    def intact(self) -> bool:
        """The weights are those that came; they are read whole."""
        weights = self.folder / WEIGHTS
        return not self.card.weights_hash or (weights.is_file() and digest(weights) == self.card.weights_hash)


class Shelf:
    """Reads the folder anew at each question: other programs put LoRAs there while this one runs.

    A version that can't be read is left out, with a line in the log; who asks for it by its number hears why.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._told: set[str] = set()

    def all(self) -> tuple[Shelved, ...]:
        """Every version, by name and then number, the retired ones too."""
        return tuple(sorted(self._read_all(), key=lambda shelved: (shelved.lora, shelved.version)))

    def in_use(self, *, without: Collection[str] = ()) -> tuple[Shelved, ...]:
        """The newest version of each LoRA that is not retired, and the one on trial where that is newer still.

        `without` are exact names that are passed over, as if they were not there.
        """
        loras = dict.fromkeys(shelved.lora for shelved in self.all())
        return tuple(shelved for lora in loras for shelved in self.in_use_of(lora, without=without))

    def in_use_of(self, lora: str, *, without: Collection[str] = ()) -> tuple[Shelved, ...]:
        """The same of one LoRA: none, one, or two versions."""
        there = [shelved for shelved in self._versions(lora) if not (shelved.retired or shelved.id in without)]
        there.sort(key=lambda shelved: shelved.version)
        steady = [shelved for shelved in there if not shelved.on_trial][-1:]
        return tuple(steady + [shelved for shelved in there[-1:] if shelved.on_trial])

    def find(self, lora: str) -> Shelved:
        """`mira`: its newest version that is not retired; `mira/v2`: exactly that one, retired or not."""
        if exact := EXACT.fullmatch(lora) or ON_TRIAL.fullmatch(lora):
            folder = self.folder / exact["lora"] / f"v{exact['version']}"
            if folder.is_dir():
                return read(folder)
        found = [shelved for shelved in self._versions(lora) if not (shelved.retired or shelved.on_trial)]
        if not found:
            there = ", ".join(shelved.id for shelved in self.in_use()) or "nothing"
            raise ShelfError(f"There is no LoRA {lora!r} on the shelf {self.folder}, but {there}.")
        return max(found, key=lambda shelved: shelved.version)

    def place(self, lora: str) -> tuple[str, Path]:
        """The exact name and the folder, as engines ask for it; EngineRefused if there is none."""
        try:
            shelved = self.find(lora)
        except ShelfError as exc:
            raise EngineRefused(str(exc)) from exc
        return shelved.id, shelved.folder

    def add(self, lora: str, source: Path, card: Card, *, share: float = 1.0) -> Shelved:
        """Copies a trained LoRA in as the next version; whole, or not at all. A `share` below 1 puts it on trial."""
        if not NAME.fullmatch(lora):
            raise ShelfError(f"{lora!r} is no name for a LoRA. Use small letters, digits, '-' and '_'.")
        home = self.folder / lora
        home.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=home, prefix=".coming-") as arriving:
            made = Path(arriving) / "new"
            made.mkdir()
            for name in (CONFIG, WEIGHTS):
                shutil.copyfile(source / name, made / name)
            card = card.model_copy(update={"weights_hash": digest(made / WEIGHTS)})
            (made / CARD).write_text(card.model_dump_json(indent=2) + "\n", encoding="utf-8")
            if share < 1:
                (made / TRIAL).write_text(json.dumps({"share": share}) + "\n", encoding="utf-8")
            for path in made.iterdir():
                path.chmod(path.stat().st_mode & 0o444)
            return read(self._moved_in(made, home))

    def retire(self, lora: str) -> Shelved:
        """New turns no longer find it; the folder stays, so that old traces can be read."""
        shelved = self.find(lora)
        (shelved.folder / RETIRED).touch()
        return read(shelved.folder)

    def promote(self, lora: str) -> Shelved:
        """Ends a version's trial: from now on everybody gets it."""
        shelved = self.find(lora)
        (shelved.folder / TRIAL).unlink(missing_ok=True)
        return read(shelved.folder)

    def _moved_in(self, made: Path, home: Path) -> Path:
        """A rename to the next free number; when another program takes the number first, to the one after."""
        version = 1 + max((int(folder.name[1:]) for folder in versions_in(home)), default=0)
        while True:
            try:
                os.rename(made, home / f"v{version}")  # noqa: PTH104 - atomic, and refuses a folder that holds something
            except OSError:
                if not (home / f"v{version}").exists():
                    raise
                version += 1
            else:
                return home / f"v{version}"

    def _versions(self, lora: str) -> Iterator[Shelved]:
        for folder in versions_in(self.folder / lora) if NAME.fullmatch(lora) else ():
            try:
                yield read(folder)
            except ShelfError as exc:
                self._tell(str(exc))

    def _read_all(self) -> Iterator[Shelved]:
        for home in self.folder.glob("*"):
            yield from self._versions(home.name)

    def _tell(self, trouble: str) -> None:
        """Once: the shelf is read at every turn."""
        if trouble not in self._told:
            self._told.add(trouble)
            log.warning("%s", trouble)


def versions_in(home: Path) -> Iterator[Path]:
    """The folders of one LoRA's versions, and nothing that somebody put beside them."""
    return (folder for folder in home.glob("v*") if VERSION.fullmatch(folder.name) and folder.is_dir())


def read(folder: Path) -> Shelved:
    """One version as it stands on the shelf; a card that can't be read is an error with the file's name."""
    path = folder / CARD
    try:
        card = Card.model_validate_json(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as exc:
        raise ShelfError(f"{path} can't be read: {exc}") from exc
    retired = (folder / RETIRED).exists()
    return Shelved(folder.parent.name, int(folder.name[1:]), folder, card, retired, share_of(folder))


def share_of(folder: Path) -> float:
    """The share of conversations that wear a version: 1 unless it is on trial."""
    path = folder / TRIAL
    try:
        return float(json.loads(path.read_text(encoding="utf-8"))["share"])
    except FileNotFoundError:
        return 1.0
    except (OSError, ValueError, KeyError, TypeError) as exc:
        raise ShelfError(f"{path} can't be read: {exc}") from exc


def digest(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        hashed = sha256()
        while block := file.read(1 << 20):
            hashed.update(block)
    return hashed.hexdigest()
