"""Encoders and rerankers from settings; called by bots/app.py and the command lines, where things are made."""

import asyncio
import hashlib
from pathlib import Path

from serving.embedding import OnnxEncoder, OnnxReranker, default_folder
from serving.encoder import Encoder, Reranker
from serving.encoder_folder import Purpose
from serving.encoder_settings import EncoderSettings, RerankerSettings
from serving.encoder_source import prepared
from serving.errors import EngineMissing


async def make_encoder(settings: EncoderSettings, *, key: str | None = None, shelf: Path | None = None) -> Encoder:
    """The encoder that the settings name, ready to be asked; one of another's making is exported to `shelf` once.

    Raises `EngineMissing` or, for a server, `EngineAway` and `EngineRefused`.
    """
    if settings.kind == "shipped":
        return await asyncio.to_thread(OnnxEncoder.default)
    if settings.kind == "local":
        return await asyncio.to_thread(make_local, settings, shelf or default_folder().parent)
    from serving.remote_encoder import Prefixes, RemoteEncoder

    assert settings.base_url is not None, "EncoderSettings.says_which"
    remote = RemoteEncoder(
        settings.base_url,
        model=settings.model,
        api_key=key,
        dimensions=settings.dimensions,
        prefixes=Prefixes(settings.question_prefix, settings.passage_prefix),
        seconds=settings.seconds,
    )
    await remote.ready()
    return remote


def make_local(settings: EncoderSettings, shelf: Path) -> Encoder:
    """A model in this process; its name says which weights and which prefixes made a vector."""
    folder = prepared(settings.model, shelf, purpose="encoder", export=exported)
    name = folder.name
    if settings.passage_prefix:
        name += "-" + hashlib.sha256(settings.passage_prefix.encode()).hexdigest()[:4]
    return OnnxEncoder(folder, name=name, question=settings.question_prefix, passage=settings.passage_prefix)


async def make_reranker(settings: RerankerSettings, *, shelf: Path | None = None) -> Reranker:
    """The cross-encoder that the settings name; raises `EngineMissing`."""
    folder = await asyncio.to_thread(
        prepared, settings.model, shelf or default_folder().parent, purpose="reranker", export=exported
    )
    return OnnxReranker(folder)


def exported(source: Path, target: Path, purpose: Purpose) -> None:
    """Torch is needed for this, once."""
    try:
        from serving.encoder_export import export
    except ImportError as exc:
        raise EngineMissing("Preparing an encoder needs torch, once: pip install 'greenroom[local]'") from exc
    export(source, target, purpose=purpose)
