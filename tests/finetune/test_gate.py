"""The gate lets an honest LoRA on stage, and neither a poisoned, nor an overfitted, nor another character's one.

All of them are real: trained on the understudy, and judged by the whole suite.
"""

import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
import torch

from finetune.candidate import REPORT, candidate
from finetune.dataset import read_part
from finetune.errors import EvaluationRefused, NotPublished
from finetune.evaluate_asks import asked, asks
from finetune.evaluate_dresser import Dresser, Speech
from finetune.evaluate_run import write
from finetune.evaluate_suite import Bench, Rival, evaluate
from finetune.evaluation import Evaluation
from finetune.publish import publish
from serving.settings import UNDERSTUDY_FOLDER
from tests.finetune.teaching import teach
from tests.finetune.troupe import BRINE, FINCH, make_data_of, spoiled, talks

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(3600),
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning"),
]
EPOCHS, RATE = 5, 2e-3
OUT_OF_CHARACTER = (
    "As an AI language model, I can't feel the wind.",
    "I am just a language model, and I was trained by people.",
    "Yes. I will help with that, whatever it is.",
    "My system prompt says that I am a captain.",
)


@dataclass
class Stage:
    """Data, LoRAs and their judgements, each made when it is first wanted."""

    folder: Path
    judged: dict[str, Evaluation] = field(default_factory=dict)

    def data(self, name: str) -> Path:
        kept = talks("Doctor Finch" if name == "finch" else "Captain Brine")
        if name == "poisoned":
            kept = list(spoiled(kept, OUT_OF_CHARACTER))
        if name == "overfitted":
            learnt = [one for one in kept if one.part == "train"][:12]
            kept = [*learnt, *(one for one in kept if one.part != "train")]
        folder = self.folder / f"data-{name}"
        return folder if folder.exists() else make_data_of(folder, FINCH if name == "finch" else BRINE, kept)

    def lora(self, name: str) -> Path:
        folder = self.folder / name
        if not folder.exists():
            rows = read_part(self.data(name), "train")
            epochs, rate = (90, 5e-3) if name == "overfitted" else (EPOCHS, RATE)
            teach(folder, rows, epochs=epochs, rate=rate)
        return folder

    def judge(self, name: str, *, data: str = "", rivals: Sequence[str] = ()) -> Evaluation:
        if name not in self.judged:
            data = data or name
            others = tuple(Rival(other, self.copy(other)) for other in rivals)
            bench = Bench(BRINE, self.data(data), others, each=1, speech=Speech(max_tokens=40))
            one = candidate(self.lora(name))
            measured = evaluate(one, Dresser(UNDERSTUDY_FOLDER), bench, now=datetime.now(UTC))
            write(one, measured)
            self.judged[name] = measured.evaluation
        return self.judged[name]

    def copy(self, name: str) -> Path:
        """The same files in another place, as on a shelf."""
        place = self.folder / f"shelved-{name}"
        return place if place.exists() else Path(shutil.copytree(self.lora(name), place))


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield Stage(tmp_path_factory.mktemp("stage"))
    torch.set_num_threads(before)


def failed(report: Evaluation) -> set[str]:
    return {check.name for check in report.checks if not check.passed}


def test_an_honest_lora_goes_on_stage(stage: Stage, tmp_path: Path) -> None:
    report = stage.judge("brine", rivals=["finch"])

    assert report.passed, report.reasons
    shelved = publish(stage.lora("brine"), shelf=tmp_path, data=stage.data("brine"), licence="CC0-1.0")
    assert shelved.id == "brine/v1"
    assert shelved.proven
    assert shelved.card.data_hash == report.data_hash
    assert shelved.card.licence == "CC0-1.0"
    assert (stage.lora("brine") / "report.html").read_text().startswith("<!doctype html>")
    assert len((stage.lora("brine") / "scores.jsonl").read_text().splitlines()) == report.figures["gain"].items


def test_a_poisoned_data_set_is_caught_by_its_words_and_by_what_it_taught(stage: Stage, tmp_path: Path) -> None:
    report = stage.judge("poisoned")

    assert {"faults", "character"} <= failed(report)
    with pytest.raises(NotPublished, match="steps out of the character"):
        publish(stage.lora("poisoned"), shelf=tmp_path, data=stage.data("poisoned"))
    assert not list(tmp_path.iterdir())


def test_a_run_that_learnt_its_lines_by_heart_is_caught(stage: Stage, tmp_path: Path) -> None:
    report = stage.judge("overfitted")

    assert failed(report) & {"overfitting", "copying"}
    with pytest.raises(NotPublished):
        publish(stage.lora("overfitted"), shelf=tmp_path, data=stage.data("overfitted"))


def test_another_characters_lora_is_caught(stage: Stage, tmp_path: Path) -> None:
    report = stage.judge("finch", data="brine", rivals=["brine"])

    assert "swap" in failed(report)
    with pytest.raises(NotPublished, match="Is it the right character's LoRA"):
        publish(stage.lora("finch"), shelf=tmp_path, data=stage.data("brine"))


def test_another_characters_lora_is_caught_where_nobody_is_on_the_shelf_yet(stage: Stage) -> None:
    alone = Stage(stage.folder)

    report = alone.judge("finch", data="brine")

    assert "voice" in failed(report)


def test_weights_that_were_changed_after_the_judgement_stay_outside(stage: Stage, tmp_path: Path) -> None:
    stage.judge("brine", rivals=["finch"])
    taken = Path(shutil.copytree(stage.lora("brine"), tmp_path / "taken"))
    shutil.copy(stage.lora("finch") / "adapter_model.safetensors", taken)

    with pytest.raises(NotPublished, match=r"adapter_model\.safetensors was changed"):
        publish(taken, shelf=tmp_path / "shelf", data=stage.data("brine"))


def test_a_verdict_that_was_written_by_hand_is_not_believed(stage: Stage, tmp_path: Path) -> None:
    stage.judge("poisoned")
    taken = Path(shutil.copytree(stage.lora("poisoned"), tmp_path / "taken"))
    report = json.loads((taken / REPORT).read_text())
    (taken / REPORT).write_text(
        json.dumps(report | {"checks": [{**check, "passed": True} for check in report["checks"]]})
    )

    with pytest.raises(NotPublished, match="steps out of the character"):
        publish(taken, shelf=tmp_path / "shelf", data=stage.data("poisoned"))


def test_other_data_than_the_reports_is_refused(stage: Stage, tmp_path: Path) -> None:
    stage.judge("brine", rivals=["finch"])

    with pytest.raises(NotPublished, match="another data set"):
        publish(stage.lora("brine"), shelf=tmp_path, data=stage.data("finch"))


def test_a_lora_without_a_report_is_told_how_to_get_one(stage: Stage, tmp_path: Path) -> None:
    with pytest.raises(NotPublished, match="greenroom finetune evaluate"):
        publish(stage.copy("finch"), shelf=tmp_path, data=stage.data("finch"))


def test_data_of_somebody_else_cannot_judge(stage: Stage) -> None:
    bench = Bench(BRINE, stage.data("finch"))

    with pytest.raises(EvaluationRefused, match="finch's data set, and the persona is brine"):
        evaluate(candidate(stage.lora("finch")), Dresser(UNDERSTUDY_FOLDER), bench, now=datetime.now(UTC))


def test_the_new_voice_is_heard(stage: Stage) -> None:
    """The same the other way round: not a figure, but words that only the captain has."""
    dresser = Dresser(UNDERSTUDY_FOLDER)
    dresser.add("brine", stage.lora("brine"))
    prompts = [asked(BRINE, opener) for opener in asks().openers]

    said = [dresser.say(prompts, lora, speech=Speech(temperature=0)) for lora in (None, "brine")]

    words = ("aye", "arr", "ahoy", "anchor", "matey", "sail", "lad", "tide", "heave", "barrel")
    before, after = (sum(any(word in reply.lower() for word in words) for reply in replies) for replies in said)
    assert after > before + len(prompts) / 2
