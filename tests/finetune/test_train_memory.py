"""A run that would not fit is refused with numbers; the numbers are near what a run really takes."""

import json
from pathlib import Path

import pytest
from transformers import AutoConfig, LlamaConfig

from finetune.errors import TrainingRefused
from finetune.recipe import Recipe
from finetune.recipe_file import read_recipe
from finetune.train_lora import peft_config
from finetune.train_memory import GIB, Estimate, Shape, estimate, refuse_too_large, shape_of
from finetune.train_plan import plan_for
from finetune.train_record import finished_record
from tests.finetune.processes import begin, to_the_end
from tests.finetune.tiny import make_base, make_data, quick

EIGHT_BILLION = LlamaConfig(
    vocab_size=128256,
    hidden_size=4096,
    intermediate_size=14336,
    num_hidden_layers=32,
    num_attention_heads=32,
    num_key_value_heads=8,
)


def estimated(recipe: Recipe, shape: Shape, device: str = "cuda", longest: int = 1024) -> Estimate:
    return estimate(shape, recipe, plan_for(recipe, [longest] * 32, processes=1), device=device, longest=longest)


@pytest.fixture(scope="module")
def lora() -> Shape:
    return shape_of(EIGHT_BILLION, peft_config(read_recipe("lora"), steps=10))


def test_parameters_are_counted_exactly_on_a_model_without_weights(lora: Shape) -> None:
    assert lora.parameters == 8_030_261_248  # Llama 3 8B
    assert lora.trained == 41_943_040  # rank 16 on its seven linear layers, as in peft's own print
    assert (lora.layers, lora.hidden, lora.vocabulary) == (32, 4096, 128256)


def test_a_lora_takes_a_fraction_of_a_full_fine_tune_and_qlora_less(lora: Shape) -> None:
    bfloat16 = read_recipe("lora", changes=["precision=bfloat16", "gradient_checkpointing=true"])
    full = shape_of(EIGHT_BILLION, None)

    some = estimated(bfloat16, lora).total / GIB
    all_of_it = estimated(read_recipe("full", changes=["precision=bfloat16"]), full).total / GIB
    four_bits = estimated(read_recipe("qlora", changes=["precision=bfloat16"]), lora).total / GIB

    assert 15 < some < 30
    assert 110 < all_of_it < 150
    assert 5 < four_bits < 12


def test_four_bits_take_no_less_on_a_cpu_than_the_whole_base(lora: Shape) -> None:
    four_bits, whole = (estimated(read_recipe(name), lora, device="cpu").weights for name in ("qlora", "lora"))

    assert four_bits > whole


def test_what_would_not_fit_is_refused_with_the_numbers_and_what_to_try(lora: Shape) -> None:
    recipe = read_recipe("lora", changes=["precision=bfloat16"])

    with pytest.raises(TrainingRefused) as told:
        refuse_too_large(estimated(recipe, lora), recipe, device="cuda", free=24 * GIB)

    said = str(told.value)
    assert "24.0 GiB are free on the GPU" in said
    assert "weights 15." in said
    assert "gradient_checkpointing: true" in said
    assert "the recipe qlora" in said
    refuse_too_large(estimated(recipe, lora), recipe, device="cuda", free=200 * GIB)


def test_a_shard_takes_its_share() -> None:
    shape = shape_of(EIGHT_BILLION, None)
    recipe = read_recipe("full", changes=["precision=bfloat16", "sharding=fsdp"])
    plan = plan_for(recipe, [512] * 64, processes=8)

    one = estimate(shape, recipe, plan, device="cuda", longest=512)

    assert one.weights == pytest.approx(shape.parameters * 4 / 8)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize(
    ("method", "changes"),
    [
        ("lora", ("batches.size=8", "batches.at_once=8")),
        ("lora", ("batches.size=8", "batches.at_once=8", "gradient_checkpointing=true")),
        ("full", ("batches.size=8", "batches.at_once=8", "gradient_checkpointing=false")),
    ],
)
def test_the_estimate_is_near_the_measured_peak(method: str, changes: tuple[str, ...], tmp_path: Path) -> None:
    base, data = make_base(tmp_path / "base", hidden=768, layers=8), make_data(tmp_path / "data", lines=24)
    recipe = quick(method, base, *changes, "stopping.patience=0", "epochs=0.4")
    to_the_end(begin(recipe, data, tmp_path / "run"))
    record = finished_record(tmp_path / "run")
    shape = shape_of(AutoConfig.from_pretrained(base), peft_config(recipe, steps=10))

    told = estimated(recipe, shape, device="cpu", longest=60)

    (tmp_path / "told.json").write_text(json.dumps({"told": str(told), "measured": record.peak_memory / GIB}))
    assert record.peak_memory / 1.6 < told.total < record.peak_memory * 1.6
