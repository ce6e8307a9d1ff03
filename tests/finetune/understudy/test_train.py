"""Training: it learns, it goes on where it stopped, and what it leaves behind loads everywhere."""

import json
from dataclasses import replace
from itertools import islice
from pathlib import Path

import pytest
import torch
from peft import LoraConfig, get_peft_model
from rich.console import Console
from transformers import AutoModelForCausalLM, AutoTokenizer

from finetune.understudy import layout, tokens
from finetune.understudy import model as shapes
from finetune.understudy.batches import PROMPT_WEIGHT, batches
from finetune.understudy.export import export
from finetune.understudy.train import Plan, Run, Spent, loss_of, progress, rate

IDS = {"pad": 0, "bos": 1, "end": 5}


def test_a_batch_has_like_lengths_and_weighs_the_personas_words(tokeniser: tokens.Tokeniser) -> None:
    feed = batches(tokens.Encoding(tokeniser), seed=1, start=0, size=4096, pad=0, drills=lambda: 0.3)

    some = list(islice(feed, 20))

    assert sum(b.tokens for b in some) / sum(b.ids.numel() for b in some) > 0.8
    for batch in some:
        assert {round(weight, 6) for weight in batch.weights.unique().tolist()} <= {0.0, PROMPT_WEIGHT, 1.0}
        assert (batch.weights == 1).any()


def test_a_few_steps_on_one_batch_bring_the_loss_down(tokeniser: tokens.Tokeniser) -> None:
    model = shapes.new("3m", vocabulary=len(tokeniser), window=1024, ids=IDS, seed=1)
    batch = next(batches(tokens.Encoding(tokeniser), seed=1, start=0, size=1024, pad=0, drills=lambda: 0.3))
    optimiser = torch.optim.AdamW(model.parameters(), lr=3e-3)
    losses = []

    for _ in range(6):
        loss, _ = loss_of(model, batch)
        loss.backward()
        optimiser.step()
        optimiser.zero_grad()
        losses.append(loss.item())

    assert losses[-1] < losses[0] - 0.5


def test_the_same_seed_makes_the_same_model() -> None:
    first, again = (shapes.new("3m", vocabulary=256, window=128, ids=IDS, seed=3) for _ in range(2))

    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), again.parameters(), strict=True))


def test_a_model_given_more_layers_says_the_same_until_it_is_trained() -> None:
    model = shapes.new("3m", vocabulary=256, window=128, ids=IDS, seed=3)
    ids = torch.arange(40).view(2, 20)

    grown = shapes.deepened(model, 8)

    assert len(grown.model.layers) == grown.config.num_hidden_layers == 8
    assert torch.equal(grown(ids).logits, model(ids).logits)


def test_every_layer_that_was_added_learns() -> None:
    grown = shapes.deepened(shapes.new("3m", vocabulary=256, window=128, ids=IDS, seed=3), 8)
    ids = torch.arange(40).view(2, 20)

    grown(input_ids=ids, labels=ids).loss.backward()

    assert all(layer.self_attn.o_proj.weight.grad.abs().sum() > 0 for layer in grown.model.layers)
    assert all(layer.mlp.down_proj.weight.grad.abs().sum() > 0 for layer in grown.model.layers)


def test_a_model_is_never_given_fewer_layers() -> None:
    model = shapes.new("3m", vocabulary=256, window=128, ids=IDS, seed=3)

    with pytest.raises(ValueError, match="The model has 6 layers; it can be given more, not 5"):
        shapes.deepened(model, 5)


def test_the_rate_rises_stays_and_falls() -> None:
    assert rate(0) < rate(0.01) < rate(0.02) == rate(0.5) == 1
    assert rate(0.6) > rate(0.8) > rate(1.0) == pytest.approx(0.05)


def test_a_run_ends_when_its_time_or_its_tokens_are_used_up() -> None:
    assert progress(Plan(minutes=10), Spent(seconds=300)) == 0.5
    assert progress(Plan(tokens=1000), Spent(tokens=2000)) == 1
    assert progress(Plan(minutes=10, tokens=1000), Spent(tokens=900, seconds=60)) == 0.9


def test_a_stopped_run_goes_on_from_its_checkpoint(run: Path, plan: Plan) -> None:
    before = json.loads((run / "run.json").read_text())["spent"]

    longer = Run(replace(plan, tokens=plan.tokens + 4_000), run, Console(quiet=True))
    begins_at = longer.spent.steps
    longer.learn()

    assert begins_at == before["steps"]
    assert longer.spent.steps > before["steps"]
    assert longer.spent.index >= before["index"]
    assert json.loads((run / "run.json").read_text())["spent"]["tokens"] == longer.spent.tokens


def test_a_run_can_begin_with_the_weights_and_the_tokeniser_of_another(run: Path, plan: Plan, tmp_path: Path) -> None:
    begun = Run(replace(plan, start=str(run / "model")), tmp_path / "second", Console(quiet=True))

    before = AutoModelForCausalLM.from_pretrained(run / "model").state_dict()
    assert all(torch.equal(weight, before[name]) for name, weight in begun.model.state_dict().items())
    assert begun.tokeniser.get_vocab() == tokens.load(run / "model").get_vocab()
    assert begun.spent == Spent()


def test_bfloat16_learns_what_float32_learns(tokeniser: tokens.Tokeniser) -> None:
    model = shapes.for_training(shapes.new("3m", vocabulary=len(tokeniser), window=1024, ids=IDS, seed=1))
    batch = next(batches(tokens.Encoding(tokeniser), seed=1, start=0, size=1024, pad=0, drills=lambda: 0.3))

    exact, _ = loss_of(model, batch)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        rounded, _ = loss_of(model, batch)

    assert rounded.item() == pytest.approx(exact.item(), rel=0.01)


def test_the_attention_of_training_is_the_attention_of_every_server(tokeniser: tokens.Tokeniser) -> None:
    model = shapes.new("3m", vocabulary=len(tokeniser), window=1024, ids=IDS, seed=1)
    batch = next(batches(tokens.Encoding(tokeniser), seed=1, start=0, size=1024, pad=0, drills=lambda: 0.3))

    served, _ = loss_of(model, batch)
    trained, _ = loss_of(shapes.for_training(model), batch)

    assert trained.item() == pytest.approx(served.item(), rel=1e-4)


def test_an_export_loads_unchanged_in_transformers_and_peft(run: Path, tmp_path: Path) -> None:
    export(run, tmp_path / "served")

    model = AutoModelForCausalLM.from_pretrained(tmp_path / "served")
    tokeniser = AutoTokenizer.from_pretrained(tmp_path / "served")
    wrapped = get_peft_model(model, LoraConfig(r=4, target_modules="all-linear", task_type="CAUSAL_LM"))
    batch = tokeniser.apply_chat_template([{"role": "user", "content": "hi"}], return_tensors="pt", return_dict=True)

    assert model.dtype == torch.bfloat16
    assert wrapped(**batch).logits.shape[-1] == len(tokeniser)
    assert layout.read(tmp_path / "served") == layout.layout_hash()


def test_a_blend_lies_between_the_run_and_the_model_it_began_with(run: Path, tmp_path: Path) -> None:
    other = shapes.new("3m", vocabulary=len(tokens.load(run / "model")), window=1024, ids=IDS, seed=9)
    other.save_pretrained(tmp_path / "other")

    export(run, tmp_path / "own")
    export(run, tmp_path / "blended", blend=tmp_path / "other", share=0.25)

    own, blended = (AutoModelForCausalLM.from_pretrained(tmp_path / name).float() for name in ("own", "blended"))
    wanted = 0.25 * own.lm_head.weight + 0.75 * other.lm_head.weight
    assert torch.allclose(blended.lm_head.weight, wanted, atol=2e-3)


def test_weights_too_large_for_git_are_refused(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("finetune.understudy.export.LARGEST", 1000)

    with pytest.raises(ValueError, match="git keeps every version"):
        export(run, tmp_path / "served")
