"""Turns texts into vectors without torch; the only file that knows onnxruntime and tokenizers."""

import asyncio
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import numpy as np
import onnxruntime
import tokenizers
from onnxruntime.capi import onnxruntime_pybind11_state as onnx_errors

from serving.encoder import Encoder, Reader, Reading, Vectors
from serving.encoder_folder import read_note
from serving.errors import EngineMissing

__all__ = ["Encoder", "EncoderMissing", "OnnxEncoder", "Reader", "Reading", "Vectors"]

BROKEN = (onnx_errors.Fail, onnx_errors.InvalidProtobuf, onnx_errors.InvalidGraph, onnx_errors.InvalidArgument)
MODEL_FILE = "model.int8.onnx"
TOKENIZER_FILE = "tokenizer.json"


class EncoderMissing(EngineMissing):
    """The encoder was not exported yet, or its files are broken."""


class OnnxEncoder:
    """A sentence encoder in int8, on one thread of its own; the note beside it says how its states become one vector.

    What stands after the last token it was trained for (MiniLM: the 256th) does not count. MiniLM reads English; other
    languages come out as little more than their letters. `question` and `passage` are put before what is encoded.
    """

    def __init__(self, folder: Path, *, name: str | None = None, question: str = "", passage: str = "") -> None:
        note = read_note(folder)
        self._pooling = note.pooling
        self._question, self._passage = question, passage
        self._tokenizer = load_tokenizer(folder, note.longest)
        self._session = load_session(folder)
        self._inputs = {node.name for node in self._session.get_inputs()}
        self._dim = int(self._session.get_outputs()[0].shape[-1])
        self._name = name or folder.name
        # one text at a time has the processor: two would only wait for each other's cache lines
        self._turn, self._kept_turn = asyncio.Lock(), asyncio.Lock()

    @classmethod
    def default(cls) -> Self:
        """all-MiniLM-L6-v2, as `python -m serving.encoder_export` put it beside this Python."""
        return cls(default_folder())

    @property
    def name(self) -> str:
        return self._name

    @property
    def dim(self) -> int:
        return self._dim

    async def encode(self, texts: Sequence[str]) -> Vectors:
        """float32 of shape (len(texts), dim), unit rows; the event loop runs on meanwhile."""
        return self._rows(await self.read(texts))

    async def encode_questions(self, texts: Sequence[str]) -> Vectors:
        """As `encode`, for what is asked rather than what is kept."""
        return self._rows(await self.read_questions(texts))

    async def read(self, texts: Sequence[str]) -> list[Reading]:
        """One reading for each text, at the price of `encode`."""
        async with self._kept_turn:  # so that a question waits for one text at most, however much is to be kept
            return [(await self._in_turn([self._passage + text]))[0] for text in texts]

    async def read_questions(self, texts: Sequence[str]) -> list[Reading]:
        """As `read`, for what is asked: somebody waits, so it goes in one turn, before all that is to be kept."""
        return await self._in_turn([self._question + text for text in texts])

    async def _in_turn(self, texts: Sequence[str]) -> list[Reading]:
        async with self._turn:
            return await asyncio.to_thread(lambda: [self._read_one(text) for text in texts])

    def _rows(self, readings: Sequence[Reading]) -> Vectors:
        if not readings:
            return np.zeros((0, self._dim), dtype=np.float32)
        return np.stack([reading.vector for reading in readings])

    def _read_one(self, text: str) -> Reading:
        # One by one: int8 scales activations over all that goes through together, so in company a text's vector
        # would depend on its neighbours, and on one thread company saves no time (measured: 3.8 ms against 4.3).
        ids = np.array([self._tokenizer.encode(text).ids], dtype=np.int64)
        given = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
        (hidden,) = self._session.run(None, {name: given[name] for name in self._inputs})
        states = np.asarray(hidden, dtype=np.float32)[0]
        whole = states.mean(axis=0) if self._pooling == "mean" else states[0 if self._pooling == "cls" else -1]
        return Reading(np.asarray(whole / np.linalg.norm(whole), dtype=np.float32), ids[0, 1:-1], states[1:-1])


class OnnxReranker:
    """A cross-encoder in int8, on one thread of its own: `Reranker`."""

    def __init__(self, folder: Path) -> None:
        self._tokenizer = load_tokenizer(folder, read_note(folder).longest)
        self._session = load_session(folder)
        self._inputs = {node.name for node in self._session.get_inputs()}
        self._turn = asyncio.Lock()

    async def judge(self, question: str, texts: Sequence[str]) -> Vectors:
        """float32 of shape (len(texts),); higher is likelier."""
        async with self._turn:
            return await asyncio.to_thread(lambda: np.array([self._one(question, t) for t in texts], dtype=np.float32))

    def _one(self, question: str, text: str) -> float:
        pair = self._tokenizer.encode(question, text)
        ids = np.array([pair.ids], dtype=np.int64)
        given = {
            "input_ids": ids,
            "attention_mask": np.ones_like(ids),
            "token_type_ids": np.array([pair.type_ids], dtype=np.int64),
        }
        (logits,) = self._session.run(None, {name: given[name] for name in self._inputs})
        return float(np.asarray(logits).reshape(-1)[0])


def default_folder() -> Path:
    """Beside the Python that runs: an environment that is thrown away takes its encoder along."""
    return Path(sys.prefix) / "share" / "greenroom" / "encoders" / "all-minilm-l6-v2"


def load_tokenizer(folder: Path, longest: int) -> tokenizers.Tokenizer:
    """The folder's tokenizer, cutting at `longest` tokens."""
    if not (folder / TOKENIZER_FILE).is_file():
        raise EncoderMissing(f"There is no encoder in {folder}. Make it with: python -m serving.encoder_export")
    written = (folder / TOKENIZER_FILE).read_text(encoding="utf-8")
    try:
        json.loads(written)  # tokenizers would raise a bare Exception over a half-written file
    except json.JSONDecodeError as exc:
        raise EncoderMissing(broken(folder, exc)) from exc
    tokenizer = tokenizers.Tokenizer.from_str(written)
    tokenizer.enable_truncation(longest)
    tokenizer.no_padding()
    return tokenizer


def load_session(folder: Path) -> onnxruntime.InferenceSession:
    """The folder's model, on one thread: a chat's texts are short, and the engine needs the other cores."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    path = folder / MODEL_FILE
    if not path.is_file():
        raise EncoderMissing(f"There is no encoder in {folder}. Make it with: python -m serving.encoder_export")
    try:
        return onnxruntime.InferenceSession(path.read_bytes(), options, providers=["CPUExecutionProvider"])
    except BROKEN as exc:
        raise EncoderMissing(broken(folder, exc)) from exc


def broken(folder: Path, exc: Exception) -> str:
    """What to say of files that are there and can't be read."""
    return f"The encoder in {folder} is broken ({exc}). Make it anew with: python -m serving.encoder_export --again"
