"""Opens a data folder's journal and memory together, as the settings say; programs and commands begin here."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from memory.agreement import RECIPE
from memory.chroma_server import ChromaServer
from memory.chroma_store import ChromaStore
from memory.journal import Journal
from memory.knowledge import Library
from memory.memory import Memory
from memory.playing import Cast, Playing
from memory.policy import Policies, Policy
from memory.recollecting import Recollecting
from memory.record import Store
from memory.scope import Sharing
from memory.settings import MemorySettings
from serving import Encoder

INDEX = "memories"


@dataclass(frozen=True, slots=True)
class Opened:
    """What was opened, and is closed together."""

    journal: Journal
    memory: Memory
    store: Store
    library: Library
    policies: Policies
    encoder: Encoder


@asynccontextmanager
async def open_memory(
    folder: Path, encoder: Encoder, *, settings: MemorySettings, cast: Cast | None = None
) -> AsyncIterator[Opened]:
    """`async with open_memory(data, encoder, settings=…, cast=…) as opened`; the cast says what personas remember."""
    playing = Playing(cast)
    async with await open_journal(folder, settings) as journal:
        store = open_store(folder, encoder, settings)
        blank = Recollecting(encoder).blank
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
            records_in_ram=settings.records_in_ram,
        )
        async with memory, library:
            yield Opened(journal, memory, store, library, playing.policies, encoder)


async def open_journal(folder: Path, settings: MemorySettings) -> Journal:
    """The journal alone: in the data folder, or where the settings say."""
    learns_from = settings.learning.platforms
    if settings.journal is not None:
        return await Journal.open(settings.journal.get_secret_value(), learns_from=learns_from)
    return await Journal.in_folder(folder, learns_from=learns_from)


def open_store(folder: Path, encoder: Encoder, settings: MemorySettings) -> Store:
    """The index: folders in the data folder, or a server."""
    made_by = f"{encoder.name} {RECIPE}"
    if settings.index is not None:
        return ChromaServer(settings.index, encoder=made_by)
    return ChromaStore(folder / INDEX, encoder=made_by, open_at_most=settings.open_at_most)


def allowed(settings: MemorySettings, persona_id: str, policy: Policy) -> Sharing:
    """What may be recalled elsewhere: what greenroom.yaml says for a persona, or else her file's `share_places`."""
    written, shared = settings.sharing.get(persona_id), policy.rules.share_places
    if written is None:
        return Sharing(private_to_public=shared, public_to_private=shared)
    return Sharing(written.private_to_public, written.public_to_private)
