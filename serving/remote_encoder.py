"""Any server that speaks OpenAI's embeddings (vLLM, TEI, Ollama, OpenAI itself); the openai client's second door."""

from collections.abc import Sequence
from dataclasses import dataclass

import httpx
import numpy as np
import openai

from serving.encoder import Vectors
from serving.errors import EngineAway, EngineRefused
from serving.remote_engine import refusal

AT_ONCE = 64  # texts in one request; servers take between 32 and 2,048


@dataclass(frozen=True, slots=True)
class Prefixes:
    """What is put before a question, and before anything else."""

    question: str = ""
    passage: str = ""


class RemoteEncoder:
    """One model of one server. `dim` is known once it was `ready`, or at once if `dimensions` says it.

    Raises `EngineAway` if the server does not answer in `seconds`, asked three times, and `EngineRefused` if it won't.
    """

    def __init__(
        self,
        base_url: str,
        *,
        model: str,
        api_key: str | None = None,
        dimensions: int | None = None,
        prefixes: Prefixes = Prefixes(),
        seconds: float = 10.0,
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._model = model
        self._dimensions = dimensions
        self._dim = dimensions
        self._prefixes = prefixes
        timeout = httpx.Timeout(seconds, connect=min(seconds, 5.0))
        self._client = openai.AsyncOpenAI(
            base_url=self._base_url, api_key=api_key or "none", max_retries=2, timeout=timeout
        )

    @property
    def name(self) -> str:
        """The model's name, not the server's: a model that moves keeps its vectors."""
        return f"{self._model}/{self._dimensions}" if self._dimensions else self._model

    @property
    def dim(self) -> int:
        if self._dim is None:
            raise EngineAway(f"{self._base_url} was not asked yet how long its vectors are.")
        return self._dim

    async def ready(self) -> None:
        """Asks once, so that the length of vectors is known."""
        if self._dim is None:
            await self._encoded(["ready?"])

    async def encode(self, texts: Sequence[str]) -> Vectors:
        """float32 of shape (len(texts), dim), unit rows."""
        return await self._encoded([self._prefixes.passage + text for text in texts])

    async def encode_questions(self, texts: Sequence[str]) -> Vectors:
        """As `encode`, for what is asked rather than what is kept."""
        return await self._encoded([self._prefixes.question + text for text in texts])

    async def aclose(self) -> None:
        await self._client.close()

    async def _encoded(self, texts: list[str]) -> Vectors:
        if not texts:
            return np.zeros((0, self.dim), dtype=np.float32)
        rows: list[list[float]] = []
        for begin in range(0, len(texts), AT_ONCE):
            rows += await self._asked(texts[begin : begin + AT_ONCE])
        vectors = np.asarray(rows, dtype=np.float32)
        if vectors.ndim != 2 or (self._dim or vectors.shape[1]) != vectors.shape[1]:
            raise EngineRefused(f"{self._base_url} sent vectors of {vectors.shape[1:]} numbers, not of {self._dim}.")
        self._dim = int(vectors.shape[1])
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        if not np.isfinite(norms).all() or not norms.all():
            raise EngineRefused(f"{self._base_url} sent a vector without a direction.")
        return np.asarray(vectors / norms, dtype=np.float32)

    async def _asked(self, texts: list[str]) -> list[list[float]]:
        """One request. Empty texts, which servers refuse, are sent as a blank sign."""
        said = [text if text.strip() else "." for text in texts]
        more = {"dimensions": self._dimensions} if self._dimensions else {}
        try:
            answer = await self._client.embeddings.create(
                model=self._model, input=said, encoding_format="float", extra_body=more or None
            )
        except openai.APIStatusError as exc:
            raise refusal(exc, self._base_url) from exc
        except (openai.APITimeoutError, TimeoutError) as exc:
            raise EngineAway(f"{self._base_url} did not answer in time.") from exc
        except openai.APIError as exc:
            raise EngineAway(f"{self._base_url} is away: {str(exc) or type(exc).__name__}") from exc
        if len(answer.data) != len(texts):
            raise EngineRefused(f"{self._base_url} sent {len(answer.data)} vectors for {len(texts)} texts.")
        return [one.embedding for one in sorted(answer.data, key=lambda one: one.index)]
