"""Any encoder by setting: a folder, a name on the hub, a server; exported once, and the same vectors as its makers'."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import AutoModel, AutoModelForSequenceClassification, AutoTokenizer

from serving import EngineAway, EngineMissing, EngineRefused, Questioner
from serving.embedding import MODEL_FILE
from serving.encoder_folder import NOTE, read_note
from serving.encoder_making import make_encoder as made
from serving.encoder_making import make_reranker as reranker_made
from serving.encoder_settings import EncoderSettings, RerankerSettings
from serving.remote_encoder import Prefixes, RemoteEncoder
from tests.serving.tiny_encoder import make_encoder, make_reranker

TEXTS = ["my cat is called miso", "我的猫叫味噌", "i bake bread in town"]


@pytest.mark.parametrize("family", ["bert", "xlm-roberta"])
@pytest.mark.parametrize("pooling", ["mean", "cls", None])
async def test_a_folder_gives_the_vectors_that_its_makers_get(tmp_path: Path, family: str, pooling: str | None) -> None:
    source = make_encoder(tmp_path / "model", family=family, pooling=pooling)

    encoder = await made(EncoderSettings(kind="local", model=str(source)), shelf=tmp_path / "shelf")
    ours = await encoder.encode(TEXTS)

    for row, text in zip(ours, TEXTS, strict=True):
        assert float(row @ by_torch(source, text, pooling or "mean")) > 0.98
    assert encoder.dim == 32


async def test_a_question_goes_before_all_that_is_to_be_kept(tmp_path: Path) -> None:
    source = make_encoder(tmp_path / "model")
    encoder = await made(EncoderSettings(kind="local", model=str(source)), shelf=tmp_path / "shelf")
    ended: list[str] = []

    async def kept() -> None:
        await encoder.encode(TEXTS * 50)
        ended.append("kept")

    async def asked() -> None:
        assert isinstance(encoder, Questioner)
        await encoder.encode_questions(["what is my cat called?"])
        ended.append("asked")

    await asyncio.gather(kept(), kept(), asked())

    assert ended == ["asked", "kept", "kept"]


def by_torch(source: Path, text: str, pooling: str) -> np.ndarray:
    tokens = AutoTokenizer.from_pretrained(source)(text, return_tensors="pt")
    tokens.pop("token_type_ids", None)
    with torch.inference_mode():
        states = AutoModel.from_pretrained(source)(**tokens).last_hidden_state[0]
    whole = states.mean(0) if pooling == "mean" else states[0]
    return np.asarray(whole / whole.norm())


async def test_an_export_is_made_once_and_used_again(tmp_path: Path) -> None:
    source = make_encoder(tmp_path / "model")
    settings = EncoderSettings(kind="local", model=str(source))
    first = await made(settings, shelf=tmp_path / "shelf")
    (folder,) = (tmp_path / "shelf").iterdir()
    before = (folder / MODEL_FILE).stat().st_mtime_ns

    second = await made(settings, shelf=tmp_path / "shelf")

    assert (folder / MODEL_FILE).stat().st_mtime_ns == before
    assert first.name == second.name == folder.name
    assert read_note(folder).longest == 24


async def test_other_weights_have_another_name(tmp_path: Path) -> None:
    one = await made(EncoderSettings(kind="local", model=str(make_encoder(tmp_path / "a"))), shelf=tmp_path / "shelf")
    two = make_encoder(tmp_path / "b", family="xlm-roberta")

    other = await made(EncoderSettings(kind="local", model=str(two)), shelf=tmp_path / "shelf")

    assert one.name != other.name


async def test_questions_and_passages_get_the_prefixes_their_makers_want(tmp_path: Path) -> None:
    source = str(make_encoder(tmp_path / "model"))
    plain = await made(EncoderSettings(kind="local", model=source), shelf=tmp_path / "shelf")
    settings = EncoderSettings(kind="local", model=source, question_prefix="query ", passage_prefix="passage ")

    encoder = await made(settings, shelf=tmp_path / "shelf")

    assert isinstance(encoder, Questioner)
    assert np.allclose(await encoder.encode(["miso"]), await plain.encode(["passage miso"]), atol=1e-6)
    assert np.allclose(await encoder.encode_questions(["miso"]), await plain.encode(["query miso"]), atol=1e-6)
    assert encoder.name != plain.name


async def test_a_reranker_gives_the_numbers_that_its_makers_get(tmp_path: Path) -> None:
    source = make_reranker(tmp_path / "model")

    reranker = await reranker_made(RerankerSettings(model=str(source)), shelf=tmp_path / "shelf")
    ours = await reranker.judge("my cat", TEXTS)

    tokenizer, model = AutoTokenizer.from_pretrained(source), AutoModelForSequenceClassification.from_pretrained(source)
    with torch.inference_mode():
        theirs = [float(model(**tokenizer("my cat", text, return_tensors="pt")).logits[0, 0]) for text in TEXTS]
    assert np.allclose(ours, theirs, atol=0.02)


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda folder: (folder / "2_Dense").mkdir(), "layers after its pooling"),
        (lambda folder: (folder / "model.safetensors").write_bytes(b"no weights"), "can't be read"),
        (lambda folder: (folder / "1_Pooling/config.json").write_text("{"), "is no JSON"),
        (lambda folder: (folder / "1_Pooling/config.json").write_text('{"pooling_mode": "weird"}'), "pools in a way"),
    ],
)
async def test_a_folder_that_cannot_be_used_is_told_in_a_sentence(
    tmp_path: Path, spoil: Callable[[Path], object], told: str
) -> None:
    source = make_encoder(tmp_path / "model")
    spoil(source)

    with pytest.raises(EngineMissing, match=told):
        await made(EncoderSettings(kind="local", model=str(source)), shelf=tmp_path / "shelf")

    assert not list((tmp_path / "shelf").glob(f"*/{NOTE}"))


async def test_a_classifier_of_many_labels_is_no_reranker(tmp_path: Path) -> None:
    source = make_reranker(tmp_path / "model", labels=3)

    with pytest.raises(EngineMissing, match="3 labels"):
        await reranker_made(RerankerSettings(model=str(source)), shelf=tmp_path / "shelf")


def test_multilingual_is_a_word_in_the_settings() -> None:
    settings = EncoderSettings.model_validate("multilingual")

    assert (settings.kind, settings.question_prefix) == ("local", "query: ")
    assert settings.reads == ("en", "zh", "ja")
    assert EncoderSettings().reads == ("en",)


@pytest.mark.parametrize("written", [{"kind": "local"}, {"kind": "remote", "model": "e5"}, {"model": 3}])
def test_settings_that_say_too_little_are_refused(written: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"needs a|should be"):
        EncoderSettings.model_validate(written)


class Embedder:
    """A server of embeddings on loopback: vectors of word lengths; `status` and `spoil` make it misbehave."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.status = 200
        self.spoil: Callable[[list[dict[str, Any]]], list[dict[str, Any]]] = lambda rows: rows
        self.url = ""

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(head.split("content-length: ")[1].split("\r\n")[0])
        asked = json.loads(await reader.readexactly(length))
        self.asked.append(asked)
        rows = [{"object": "embedding", "index": n, "embedding": vector(text)} for n, text in enumerate(asked["input"])]
        body = {"object": "list", "model": "m", "data": self.spoil(rows)[::-1], "usage": {}}
        if self.status != 200:
            body = {"error": {"message": "no such model", "code": self.status}}
        payload = json.dumps(body).encode()
        writer.write(f"HTTP/1.1 {self.status} X\r\ncontent-type: application/json\r\n".encode())
        writer.write(f"content-length: {len(payload)}\r\nconnection: close\r\n\r\n".encode() + payload)
        await writer.drain()
        writer.close()


def vector(text: str) -> list[float]:
    return [float(len(word)) for word in [*text.split(), "", "", ""][:3]] + [1.0]


@asynccontextmanager
async def embedder() -> AsyncIterator[Embedder]:
    found = Embedder()
    server = await asyncio.start_server(found.answer, "127.0.0.1", 0)
    found.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    async with server:
        yield found


@asynccontextmanager
async def remote(server: Embedder, **more: Any) -> AsyncIterator[RemoteEncoder]:
    encoder = RemoteEncoder(server.url, model="m", **more)
    yield encoder
    await encoder.aclose()


async def test_a_server_gives_unit_vectors_in_the_order_that_was_asked() -> None:
    async with embedder() as server, remote(server) as encoder:
        await encoder.ready()
        rows = await encoder.encode([f"text number {n}" * (n + 1) for n in range(70)])

        assert encoder.dim == 4
        assert rows.shape == (70, 4)
        assert np.allclose(np.linalg.norm(rows, axis=1), 1)
        wanted = np.array(vector("text number 0"))
        assert np.allclose(rows[0], wanted / np.linalg.norm(wanted))
        assert [len(one["input"]) for one in server.asked] == [1, 64, 6]


async def test_a_server_is_asked_with_prefixes_and_dimensions_and_never_for_nothing() -> None:
    async with embedder() as server, remote(server, prefixes=Prefixes("q: ", "p: "), dimensions=4) as encoder:
        await encoder.encode(["a"])
        await encoder.encode_questions(["b"])
        nothing = await encoder.encode([])

    assert [one["input"] for one in server.asked] == [["p: a"], ["q: b"]]
    assert server.asked[0]["dimensions"] == 4
    assert nothing.shape == (0, 4)
    assert encoder.name == "m/4"


@pytest.mark.parametrize(("status", "error"), [(401, EngineRefused), (404, EngineRefused), (500, EngineAway)])
async def test_what_a_server_says_of_a_failure_is_told_by_who_can_mend_it(status: int, error: type[Exception]) -> None:
    async with embedder() as server, remote(server) as encoder:
        server.status = status

        with pytest.raises(error, match="no such model"):
            await encoder.ready()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda rows: rows[:-1],
        lambda rows: [{**row, "embedding": row["embedding"][:2]} for row in rows],
        lambda rows: [{**row, "embedding": [0.0] * 4} for row in rows],
    ],
    ids=["one too few", "too short", "without a direction"],
)
async def test_vectors_that_cannot_be_right_are_refused(
    spoil: Callable[[list[dict[str, Any]]], list[dict[str, Any]]],
) -> None:
    async with embedder() as server, remote(server) as encoder:
        await encoder.ready()
        server.spoil = spoil

        with pytest.raises(EngineRefused):
            await encoder.encode(["a", "b"])


async def test_a_server_that_is_not_there_is_away() -> None:
    encoder = RemoteEncoder("http://127.0.0.1:9/v1", model="m", seconds=2)

    with pytest.raises(EngineAway, match="not asked yet"):
        _ = encoder.dim
    with pytest.raises(EngineAway, match="is away"):
        await encoder.ready()
    await encoder.aclose()
