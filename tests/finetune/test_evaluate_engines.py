"""Two engines side by side: what differs is found, what does not is not, and whatever is missing is told by name."""

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file, save_file
from typer.testing import CliRunner

from bots.cli import room
from finetune.errors import EvaluationRefused
from finetune.evaluate_engines import Row
from finetune.evaluate_engines_run import Comparison, Wish, compare
from finetune.evaluate_variety import loops
from finetune.lora_cli import app
from finetune.quantise import is_linear
from serving import ChatMessage, EngineAway, Shelf
from serving.settings import UNDERSTUDY_FOLDER
from serving.shelf import Card
from serving.testing import HashingEncoder, ScriptedEngine
from tests.finetune.tiny import MIRA, make_data, make_persona
from tests.serving.tiny import make_lora

pytestmark = [
    pytest.mark.usefixtures("one_thread"),
    pytest.mark.timeout(600),
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning"),
]
Script = Callable[[Sequence[ChatMessage]], str]
TEAS = ("green", "black", "white", "smoky", "sweet", "bitter", "cold")


def asked_of(prompt: Sequence[ChatMessage]) -> int:
    """A number that is the question's own, on every machine."""
    return sum(prompt[-1].content.encode())


def tea(prompt: Sequence[ChatMessage]) -> str:
    """What Mira answers: always the same to the same question."""
    number = asked_of(prompt)
    return f"Tea number {number}, {TEAS[number % 7]} and warm as the harbour, my dear {TEAS[number % 5]} friend!"


def shrug(prompt: Sequence[ChatMessage]) -> str:
    """What a base that was rounded too far might say."""
    return "I do not know, I do not know, I do not know."


def wish(data: Path, **changed: Any) -> Wish:
    said = Wish(persona=MIRA, engine="rounded", against="full", lora="mira", data=data, each=2)
    return replace(said, **changed)


def scripted(full: Script = tea, rounded: Script = tea) -> dict[str, ScriptedEngine]:
    return {"full": ScriptedEngine(full), "rounded": ScriptedEngine(rounded)}


async def comparison(data: Path, engines: Mapping[str, Any], **changed: Any) -> Comparison:
    return await compare(wish(data, **changed), engines, encoder=HashingEncoder())


def row(found: Comparison, name: str) -> Row:
    return next(one for one in found.rows if one.name == name)


# figures


async def test_engines_that_say_the_same_are_not_told_apart(data: Path) -> None:
    found = await comparison(data, scripted())

    assert row(found, "same words").engine == 1.0
    assert {one.difference.value for one in found.rows[:-2]} == {0.0}
    assert not any(one.sure for one in found.rows)
    assert found.verdict.startswith("Nothing tells rounded from full over ")
    assert found.worse(0.0) == ()


async def test_an_engine_that_lost_the_character_is_told_by_every_figure(data: Path) -> None:
    found = await comparison(data, scripted(rounded=shrug))

    sure = {one.name for one in found.rows if one.sure}
    assert {"same words", "likeness", "taken for the character", "loops", "distinct-2"} <= sure
    assert row(found, "loops").engine == 1.0
    assert row(found, "taken for the character").against > 0.9
    assert {one.name for one in found.worse(0.05)} == {"taken for the character", "loops", "distinct-2"}


async def test_an_engine_that_steps_out_of_the_character_is_caught(data: Path) -> None:
    def tempted(prompt: Sequence[ChatMessage]) -> str:
        return "I was trained by OpenAI." if "instructions" in prompt[-1].content else tea(prompt)

    found = await comparison(data, scripted(rounded=tempted))

    broken = row(found, "breaks character")
    assert broken.against == 0.0
    assert broken.worse_by == pytest.approx(5 / 40)
    assert row(found, "same words").engine == 1.0


async def test_an_engine_that_never_repeats_itself_is_no_standard_of_sameness(data: Path) -> None:
    def fresh(first: int) -> Script:
        numbers = count(first)
        return lambda prompt: f"Tea number {next(numbers)}, warm as the harbour!"

    found = await comparison(data, scripted(full=fresh(0), rounded=fresh(10_000)))

    assert row(found, "same words").against == 0.0
    assert not row(found, "same words").sure


async def test_a_slow_engine_is_slow_in_the_figures_and_no_worse_for_it(data: Path) -> None:
    engines = {"full": ScriptedEngine(tea), "rounded": ScriptedEngine(tea, delay=0.002)}

    found = await comparison(data, engines, each=1, at_once=8)

    waited, rate = row(found, "seconds to the first word"), row(found, "tokens a second")
    assert waited.engine > waited.against
    assert rate.engine < rate.against
    assert (rate.difference.low, rate.difference.p) == (None, None)
    assert found.worse(0.0) == ()


async def test_both_get_the_same_questions_lora_dice_and_temperature(data: Path) -> None:
    engines = scripted()

    found = await comparison(data, engines)

    full, rounded = engines["full"], engines["rounded"]
    assert set(full.prompts) == set(rounded.prompts)
    assert set(full.loras) == set(rounded.loras) == {"mira"}
    assert {(one.seed, one.temperature) for one in full.samplings} >= {(None, 0.0), (0, 0.7), (1, 0.7)}
    assert set(map(repr, full.samplings)) == set(map(repr, rounded.samplings))
    assert "\nFan:" in full.samplings[0].stop
    assert found.lora == "mira"


async def test_what_is_not_covered_is_said_with_the_figures(data: Path) -> None:
    found = await comparison(data, scripted(), lora=None, each=1)

    assert "no odds" in found.not_covered
    assert "Mira wore no LoRA" in found.remarks[0]
    assert any("--each" in remark for remark in found.remarks)
    assert "likeness" not in {one.name for one in found.rows}


async def test_held_out_lines_of_other_data_than_the_lora_learnt_are_doubted(data: Path, tmp_path: Path) -> None:
    made = tmp_path / "made"
    made.mkdir()
    for name in ("adapter_config.json", "adapter_model.safetensors"):
        (made / name).write_text("{}")
    shelf = Shelf(tmp_path / "shelf")
    shelf.add("mira", made, Card(base="b", data_hash="another"))

    found = await compare(wish(data), scripted(), encoder=HashingEncoder(), shelf=shelf)

    assert any("learnt from other data (another)" in remark for remark in found.remarks)


async def test_engines_that_wear_different_versions_are_not_compared(data: Path) -> None:
    class Newer(ScriptedEngine):
        def _completion(self, *said: Any) -> Any:
            return replace(super()._completion(*said), lora="mira/v2")

    with pytest.raises(EvaluationRefused, match=r"full wears mira, rounded wears mira/v2.*--lora"):
        await comparison(data, {"full": ScriptedEngine(tea), "rounded": Newer(tea)})


async def test_an_engine_that_goes_away_is_named(data: Path) -> None:
    away = ScriptedEngine(tea, fail_after=3, failure=EngineAway("http://gpu:8001/v1 is away."))

    with pytest.raises(EvaluationRefused, match=r"'rounded' can't be asked\. http://gpu:8001/v1 is away\..*doctor"):
        await comparison(data, {"full": ScriptedEngine(tea), "rounded": away})


def test_three_words_said_three_times_are_a_loop_and_dots_are_none() -> None:
    assert loops("on and on and on and on and on")
    assert not loops("Well, well, well ........ I never!")


# the command


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with Mira, her data, and settings with an engine that is away."""
    monkeypatch.chdir(tmp_path)
    make_persona(tmp_path / "mira.yaml")
    make_data(tmp_path / "data")
    (tmp_path / "greenroom.yaml").write_text(
        "serving: {engines: {gone: {kind: remote, model: base, base_url: 'http://127.0.0.1:9/v1'}}}\n"
    )
    return tmp_path


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("nobody --engine gone --data data", "There is no persona 'nobody' in the cast."),
        ("mira.yaml --engine fp8 --data data", "There is no engine 'fp8', only gone, understudy."),
        ("mira.yaml --engine gone --against full --data data", "There is no engine 'full', only gone, understudy."),
        ("mira.yaml --engine understudy --data data", "Both engines are 'understudy'."),
        ("mira.yaml --engine gone", "There is no data set to ask Mira from"),
        ("mira.yaml --engine gone --run runs/none", "runs/none holds no LoRA"),
        ("mira.yaml --engine gone --data nowhere", "nowhere is no data set; make one with: greenroom finetune data"),
        ("mira.yaml --engine understudy --against gone --data data", "The engine 'gone' can't be asked."),
    ],
)
def test_what_is_missing_is_said_in_a_sentence(house: Path, words: str, told: str) -> None:
    said = CliRunner().invoke(app, words.split())

    assert said.exit_code == 1
    assert f"Error: {told}" in said.output
    assert "Traceback" not in said.output


def test_it_hangs_beside_the_shelfs_own_commands_and_says_what_it_does_not_cover() -> None:
    told = CliRunner().invoke(app, ["--help"], env={"COLUMNS": "200"})

    assert set(room("lora").commands) == {"list", "show", "check", "add", "retire", "evaluate"}
    assert "Likelihoods are not covered" in told.output


@pytest.mark.slow
def test_a_coarsely_rounded_understudy_is_told_from_the_full_one_and_a_copy_of_it_is_not(house: Path) -> None:
    Shelf(house / "shelf").add("mira", lora(house / "lora"), Card(base="understudy"))
    models = {"copy": UNDERSTUDY_FOLDER, "rounded": rounded(house / "rounded", most=3)}
    engines = {name: {"kind": "local", "model": str(model)} for name, model in models.items()}
    (house / "greenroom.yaml").write_text(f"serving: {json.dumps({'engines': engines})}")

    same, coarse = compared_by_command("copy"), compared_by_command("rounded")

    assert same.verdict.startswith("Nothing tells copy from understudy over ")
    assert coarse.verdict.startswith("rounded is told from understudy by: same words")
    assert row(coarse, "same words").engine < 0.8 < row(coarse, "same words").against
    assert (same.lora, coarse.lora) == ("mira/v1", "mira/v1")


def compared_by_command(engine: str) -> Comparison:
    """Against the understudy, with short replies."""
    asked = "--data data --lora mira --each 1 --tokens 16 --at-once 16 --json"
    told = CliRunner().invoke(app, ["mira.yaml", "--engine", engine, "--against", "understudy", *asked.split()])
    assert told.exit_code == 0, told.output
    return Comparison.model_validate_json(told.stdout)


def lora(folder: Path) -> Path:
    """One that changes a little of what the understudy says."""
    return make_lora(folder, base=UNDERSTUDY_FOLDER, seed=1, strength=0.05)


def rounded(folder: Path, *, most: int) -> Path:
    """The understudy with its layers' weights rounded to integers up to `most`, a scale for each output."""
    shutil.copytree(UNDERSTUDY_FOLDER, folder)
    weights = load_file(folder / "model.safetensors")
    for name, weight in weights.items():
        if is_linear(name, weight):
            scale = weight.float().abs().amax(dim=1, keepdim=True) / most
            weights[name] = ((weight.float() / scale).round() * scale).to(weight.dtype)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    return folder
