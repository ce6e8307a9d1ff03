"""The memory's encoder as OpenAI's embeddings: `POST /v1/embeddings`."""

from typing import Annotated, Any, Literal

import structlog
from fastapi import APIRouter
from pydantic import BaseModel, BeforeValidator, ConfigDict

from bots.api_caller import KeyFirst, Known
from bots.api_refusal import Refused, no_vectors
from bots.api_talk import Words
from serving import ServingError

log = structlog.get_logger()
LONGEST_BATCH = 256
HOW_MANY = f"Give 1 to {LONGEST_BATCH} texts."

router = APIRouter(prefix="/v1", route_class=KeyFirst)


def few_texts(given: Any) -> Any:
    """Refuses too many before each is looked at; and numbers, which some clients send, by saying what to change."""
    if isinstance(given, list) and not 0 < len(given) <= LONGEST_BATCH:
        raise ValueError(HOW_MANY)
    if isinstance(given, list) and any(isinstance(one, int | list) for one in given):
        raise ValueError("tokens are not understood, send text (in LangChain: check_embedding_ctx_length=False)")
    return given


class Texts(BaseModel):
    """OpenAI's request for embeddings."""

    model_config = ConfigDict(extra="ignore")

    input: Annotated[Words | list[Words], BeforeValidator(few_texts)]
    encoding_format: Literal["float", "base64"] = "float"
    dimensions: int | None = None


@router.post("/embeddings")
async def embeddings(caller: Known, texts: Texts) -> dict[str, Any]:
    """Vectors of the memory's encoder, one for each text."""
    encoder = caller.house.encoder
    wanted = [texts.input] if isinstance(texts.input, str) else texts.input
    if encoder is None:
        raise Refused(400, "This house has no encoder.")
    try:
        if texts.dimensions not in (None, encoder.dim):
            raise Refused(400, f"{encoder.name} makes vectors of {encoder.dim} dimensions, and no others.")
        vectors = await encoder.encode(wanted)
    except ServingError as exc:
        log.warning("no_vectors", encoder=encoder.name, reason=str(exc))
        raise no_vectors(exc) from exc
    shaped = [vector_json(vector, texts.encoding_format) for vector in vectors]
    data = [{"object": "embedding", "index": n, "embedding": vector} for n, vector in enumerate(shaped)]
    words = sum(len(text.split()) for text in wanted)
    usage = {"prompt_tokens": words, "total_tokens": words}
    return {"object": "list", "data": data, "model": encoder.name, "usage": usage}


def vector_json(vector: Any, encoding: str) -> Any:
    """A vector as floats, or as base64 of little-endian float32, which OpenAI's client asks for by default."""
    if encoding == "base64":
        from base64 import b64encode

        return b64encode(vector.astype("<f4").tobytes()).decode()
    return vector.tolist()
