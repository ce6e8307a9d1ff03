"""A run from a data set to a LoRA that the shelf takes; what can't end well is refused before it begins."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from rich.console import Console
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

from finetune.dataset import read_sheet
from finetune.errors import FinetuneError, TrainingRefused
from finetune.train_record import finished_record, read_record
from finetune.train_run import train_run
from serving.lora_check import check
from serving.shelf import Card, Shelf
from tests.finetune.tiny import MIRA, make_pairs, make_thumbs, quick

# torch and transformers warn about themselves; what we do wrong is an error all the same
pytestmark = [
    pytest.mark.usefixtures("one_thread"),
    pytest.mark.timeout(900),
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning"),
]
QUIET = Console(quiet=True)


def test_a_run_lowers_the_held_out_loss_and_ends_as_a_lora_that_the_shelf_takes(
    base: Path, data: Path, tmp_path: Path
) -> None:
    recipe = quick("lora", base, "optimiser.rate=2e-2", "epochs=3")

    record = train_run(MIRA, data=data, recipe=recipe, to=tmp_path / "run", console=QUIET)

    losses = [row["eval_loss"] for row in record.history if "eval_loss" in row]
    assert record.best is not None
    assert record.best.loss == min(losses) < losses[0]
    assert record.lora is not None
    assert check(record.lora, base=base, max_rank=8) == ()
    shelved = Shelf(tmp_path / "shelf").add("mira", record.lora, Card(base=record.base, data_hash=record.data_hash))
    assert shelved.id == "mira/v1"
    assert sorted(path.name for path in record.lora.iterdir()) == ["adapter_config.json", "adapter_model.safetensors"]


def test_a_run_leaves_behind_all_that_is_needed_to_repeat_it(base: Path, data: Path, tmp_path: Path) -> None:
    recipe = quick("lora", base, "epochs=1", "watchers=[tensorboard]")

    train_run(MIRA, data=data, recipe=recipe, to=tmp_path / "run", seed=3, console=QUIET, command="greenroom …")

    record = finished_record(tmp_path / "run")
    assert record.seed == 3
    assert record.data_hash == read_sheet(data).hash
    assert record.recipe["lora"]["rank"] == 8
    assert {"torch", "trl", "peft"} <= record.versions.keys()
    assert len(record.base_hash) == 64
    assert record.tokens > 0
    assert (tmp_path / "run" / "loss.png").read_bytes()[:4] == b"\x89PNG"
    assert (tmp_path / "run" / "recipe.yaml").read_text().startswith("# greenroom …\n")
    assert list((tmp_path / "run" / "tensorboard").glob("events.*"))


def test_learning_stops_when_the_held_out_loss_no_longer_falls_and_keeps_the_best(
    base: Path, data: Path, tmp_path: Path
) -> None:
    recipe = quick("lora", base, "optimiser.rate=5.0", "epochs=9", "stopping.patience=2", "optimiser.clip=1000")

    record = train_run(MIRA, data=data, recipe=recipe, to=tmp_path / "run", console=QUIET)

    looks = [(row["eval_loss"], row["step"]) for row in record.history if "eval_loss" in row]
    assert record.stopped_early
    assert record.best is not None
    assert (record.best.loss, record.best.step) == min(looks)
    assert record.best.step < record.steps


@pytest.mark.parametrize(("name", "source"), [("dpo", make_pairs), ("kto", make_thumbs)])
def test_what_people_preferred_is_learnt_from(
    name: str, source: Callable[[Path], Path], base: Path, tmp_path: Path
) -> None:
    rows = source(tmp_path / "preferred.jsonl")
    recipe = quick(name, base, "optimiser.rate=1e-2")

    record = train_run(MIRA, data=rows, recipe=recipe, to=tmp_path / "run", console=QUIET)

    margins = [row["rewards/margins"] for row in record.history if "rewards/margins" in row]
    assert margins[-1] > margins[0]
    assert record.lora is not None
    assert check(record.lora, base=base) == ()


def test_preferences_go_on_from_a_lora_and_stay_near_it(base: Path, data: Path, tmp_path: Path) -> None:
    first = train_run(MIRA, data=data, recipe=quick("lora", base, "epochs=1"), to=tmp_path / "first", console=QUIET)
    pairs = make_pairs(tmp_path / "pairs.jsonl")

    second = train_run(
        MIRA,
        data=pairs,
        recipe=quick("dpo", base, "optimiser.rate=1e-9", "optimiser.schedule=constant"),
        to=tmp_path / "second",
        began_with=tmp_path / "first",
        console=QUIET,
    )

    assert first.lora is not None
    assert second.lora is not None
    assert second.lines == (str(data), read_sheet(data).hash)
    before, after = (read_weights(lora) for lora in (first.lora, second.lora))
    assert before.keys() == after.keys()
    assert all(torch.allclose(before[name], after[name], atol=1e-5) for name in before)
    assert any(weight.abs().sum() > 0 for name, weight in after.items() if "lora_B" in name)


def read_weights(lora: Path) -> dict[str, torch.Tensor]:
    return dict(load_file(lora / "adapter_model.safetensors"))


def test_every_weight_can_be_trained(base: Path, data: Path, tmp_path: Path) -> None:
    record = train_run(MIRA, data=data, recipe=quick("full", base, "epochs=1"), to=tmp_path / "run", console=QUIET)

    assert record.lora is None
    assert record.model is not None
    assert AutoModelForCausalLM.from_pretrained(record.model).num_parameters() > 0


@pytest.mark.parametrize(
    "changes",
    [
        ("neftune=5", "optimiser.name=adafactor"),
        ("optimiser.name=sgd", "optimiser.schedule=linear", "lora.dropout=0.1"),
        ("batches.packing=true", "optimiser.weight_decay=0.1"),
        ("lora.rslora=true", "gradient_checkpointing=true", "precision=bfloat16"),
        ("stopping.patience=0", "optimiser.name=rmsprop", "lora.init=gaussian"),
    ],
)
def test_every_switch_of_a_recipe_makes_a_run_that_ends(
    changes: tuple[str, ...], base: Path, data: Path, tmp_path: Path
) -> None:
    recipe = quick("lora", base, "epochs=0.5", *changes)

    record = train_run(MIRA, data=data, recipe=recipe, to=tmp_path / "run", console=QUIET)

    assert record.lora is not None
    assert check(record.lora, base=base) == ()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (("lora.use_dora=true",), "DoRA"),
        (("lora.bias=all",), "biases"),
        (("lora.modules_to_save=[lm_head]",), "whole modules"),
        (("lora.rank=12",), "slots for 1, 8, 16"),
        (("lora.rank=1024",), "takes 512"),
        (("lora.targets=[lm_head, q_proj]",), "the head"),
        (("lora.targets=[no_such_layer]",), "does not fit this model"),
        (("lora.init=pissa",), "Convert it"),
        (("lora.init=random",), "default, gaussian, orthogonal"),
        (("quantisation=nf4",), "bitsandbytes"),
        (("optimiser.name=lion",), "bitsandbytes"),
        (("precision=float16",), "for GPUs"),
        (("sharding=fsdp",), "for several processes, and this is one"),
        (("watchers=[wandb]",), "pip install wandb"),
        (("base=/no/such/model",), "There is no model folder"),
        (("batches.tokens=16",), "nothing to learn from within 16 tokens"),
        (("chat_template=/no/such.jinja",), "can't be read"),
    ],
)
def test_what_can_not_end_well_is_refused_before_it_begins(
    changes: tuple[str, ...], said: str, base: Path, data: Path, tmp_path: Path
) -> None:
    with pytest.raises(TrainingRefused, match=said):
        train_run(MIRA, data=data, recipe=quick("lora", base, *changes), to=tmp_path / "run", console=QUIET)

    assert not (tmp_path / "run" / "checkpoints").exists()


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("{% for m in messages %}{{ m['content'] }}{% endfor %}", "does not say which words are whose"),
        (
            "{% for m in messages %}{% if m['role'] == 'assistant' %}{% generation %}{{ m['content'] }}"
            "{% endgeneration %}<|end|>{% else %}{{ m['content'] }}<|end|>{% endif %}{% endfor %}",
            "never learn to stop",
        ),
    ],
)
def test_a_chat_template_that_would_teach_the_wrong_words_is_refused(
    template: str, said: str, base: Path, data: Path, tmp_path: Path
) -> None:
    file = tmp_path / "chat.jinja"
    file.write_text(template)

    with pytest.raises(TrainingRefused, match=said):
        train_run(
            MIRA,
            data=data,
            recipe=quick("lora", base, f"chat_template={file}"),
            to=tmp_path / "run",
            console=QUIET,
        )


def test_a_run_in_anothers_folder_or_on_anothers_data_is_refused(base: Path, data: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    train_run(MIRA, data=data, recipe=quick("lora", base, "epochs=0.2"), to=run, console=QUIET)

    with pytest.raises(FinetuneError, match="is finished"):
        train_run(MIRA, data=data, recipe=quick("lora", base, "epochs=0.2"), to=run, console=QUIET)
    with pytest.raises(FinetuneError, match="another recipe and seed"):
        train_run(MIRA, data=data, recipe=quick("lora", base, "epochs=1"), to=run, seed=1, console=QUIET)
    other = MIRA.model_copy(update={"id": "orla"})
    with pytest.raises(FinetuneError, match="made for mira, not for orla"):
        train_run(other, data=data, recipe=quick("lora", base), to=tmp_path / "other", console=QUIET)


def test_a_folder_without_a_run_is_said_to_hold_none(tmp_path: Path) -> None:
    with pytest.raises(TrainingRefused, match="holds no run"):
        read_record(tmp_path)
