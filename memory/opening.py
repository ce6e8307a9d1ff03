"""Opens a data folder's journal and memory together, as the settings say; programs and commands begin here.

Where the settings name another encoder than the one that filled the index, both are opened, and `Opened.move` takes the
memories over while the old index answers (`memory.moving`).
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog
from threadpoolctl import threadpool_limits

from memory.agreement import RECIPE
from memory.chroma_store import ChromaStore
from memory.errors import MemoryTrouble
from memory.index_note import IndexNote, Noted
from memory.journal import Journal
from memory.knowledge import Library
from memory.lore_vectors import LoreVectors, id_of
from memory.memory import Memory
from memory.playing import Cast, Playing
from memory.policy import Policies, Policy
from memory.recollecting import Recollecting
from memory.record import Store
from memory.scope import Sharing
from memory.settings import MemorySettings
from memory.tuning import Tuning, tuned
from serving import Encoder, ServingError
from serving.encoder_making import make_encoder, make_reranker
from serving.encoder_settings import ENCODER, EncoderSettings
from serving.settings import ServingSettings

log = structlog.get_logger()
AGAIN_AFTER = 60.0  # seconds, when a move broke off


@dataclass(frozen=True, slots=True)
class Opened:
    """What was opened, and is closed together."""

    journal: Journal
    memory: Memory
    store: Store
    library: Library
    lore: LoreVectors
    policies: Policies
    encoder: Encoder
    note: IndexNote
    noted: Noted

    async def move(self) -> AsyncIterator[tuple[int, int]]:
        """(fans done, fans there are) while memories move to the encoder that the settings name, if they have to."""
        async for step in self.memory.move():
            yield step
        await asyncio.to_thread(self.note.write, self.noted)

    async def keep_moving(self) -> None:
        """The same in the background, told in the log; what breaks off is tried again."""
        while True:
            try:
                async for done, of in self.move():
                    if done in {1, of} or done % 100 == 0:
                        log.info("index_moving", fans=done, of=of, to=self.encoder.name)
                return
            except (MemoryTrouble, ServingError) as exc:
                log.warning("index_move_broke_off", reason=str(exc), again_in=AGAIN_AFTER)
                await asyncio.sleep(AGAIN_AFTER)


@asynccontextmanager
async def open_memory(
    folder: Path, *, settings: MemorySettings, serving: ServingSettings, cast: Cast | None = None
) -> AsyncIterator[Opened]:
    """`async with open_memory(data, settings=…, serving=…, cast=…) as opened`; the cast says what personas remember."""
    playing, note = Playing(cast), IndexNote(folder)
    async with AsyncExitStack() as closing:
        # OpenBLAS' other threads gain nothing on a fan's memories, and spin between products instead of sleeping
        closing.enter_context(threadpool_limits(1, user_api="blas"))
        encoder, tuning = await made(serving.encoder, serving)
        noted = Noted(f"{encoder.name} {RECIPE}", serving.encoder.model_dump(mode="json"))
        journal = await closing.enter_async_context(await open_journal(folder, settings))
        former = await former_index(note, noted, serving, settings)
        if settings.index is not None:
            await asyncio.to_thread(note.clear)  # nobody would ever forget anything there
        store = open_store(note, noted, settings)
        blank = Recollecting(encoder, tuning=tuning).blank
        library = Library(store, encoder, persona=playing.member, folder=playing.folder, blank=blank)
        memory = Memory(
            journal,
            store,
            encoder,
            folder=folder,
            called=playing.called,
            sharing=lambda persona_id: allowed(settings, persona_id, playing.policies(persona_id)),
            policies=playing.policies,
            library=library,
            tuning=tuning,
            former=former,
            records_in_ram=settings.records_in_ram,
        )
        await closing.enter_async_context(memory)
        await closing.enter_async_context(library)
        lore = await closing.enter_async_context(LoreVectors(store, encoder, tuning))
        yield Opened(journal, memory, store, library, lore, playing.policies, encoder, note, noted)


async def made(said: EncoderSettings, serving: ServingSettings) -> tuple[Encoder, Tuning]:
    """An encoder, and how its cosines are to be read. Raises `ServingError`."""
    key = serving.keys.get(ENCODER)
    encoder = await make_encoder(said, key=key.get_secret_value() if key else None)
    if serving.reranker is None:
        return encoder, await tuned(encoder, said.reads)
    reranker = await make_reranker(serving.reranker)
    return encoder, await tuned(encoder, said.reads, reranker=reranker, candidates=serving.reranker.candidates)


async def near_now(texts: Mapping[str, str], words: str) -> frozenset[str]:
    """The keys of the lore that a turn would find near to these words. Raises `ServingError`."""
    serving = ServingSettings.read()
    vectors = LoreVectors(None, *await made(serving.encoder, serving))
    await vectors.embed("", {text: id_of(text) for text in texts.values()})
    return await vectors.near("", texts, words)


async def former_index(
    note: IndexNote, noted: Noted, serving: ServingSettings, settings: MemorySettings
) -> tuple[Store, Encoder, Tuning] | None:
    """The index that answered until now, if another encoder filled it and can still be asked."""
    before = await asyncio.to_thread(note.read)
    if before is None or before.made_by == noted.made_by:
        await asyncio.to_thread(note.write, noted)
        return None
    try:
        encoder, tuning = await made(EncoderSettings.model_validate(readable(before.encoder)), serving)
    except (ServingError, ValueError) as exc:
        log.warning("former_encoder_gone", was=before.made_by, reason=str(exc))
        await asyncio.to_thread(note.write, noted)
        return None
    return open_store(note, before, settings), encoder, tuning


def readable(written: Mapping[str, Any]) -> Mapping[str, Any]:
    """What an older greenroom noted, without what this one does not know."""
    return {name: value for name, value in written.items() if name in EncoderSettings.model_fields}


async def open_journal(folder: Path, settings: MemorySettings) -> Journal:
    """The journal alone: in the data folder, or where the settings say."""
    learns_from = settings.learning.platforms
    if settings.journal is not None:
        return await Journal.open(settings.journal.get_secret_value(), learns_from=learns_from)
    return await Journal.in_folder(folder, learns_from=learns_from)


def open_store(note: IndexNote, noted: Noted, settings: MemorySettings) -> Store:
    """The index: folders in the data folder, or a server."""
    if settings.index is not None:
        from memory.chroma_server import ChromaServer  # brings chromadb with it, which the folders load later

        return ChromaServer(settings.index, encoder=noted.made_by)
    return ChromaStore(note.folder(noted.made_by), encoder=noted.made_by, open_at_most=settings.open_at_most)


def allowed(settings: MemorySettings, persona_id: str, policy: Policy) -> Sharing:
    """What may be recalled elsewhere: what greenroom.yaml says for a persona, or else her file's `share_places`."""
    written, shared = settings.sharing.get(persona_id), policy.rules.share_places
    if written is None:
        return Sharing(private_to_public=shared, public_to_private=shared)
    return Sharing(written.private_to_public, written.public_to_private)
