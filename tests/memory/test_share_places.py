"""What an author's `share_places` lets through, with the fan's own word, in both directions and no further."""

import pytest

from memory import Scope, Sharing
from memory.opening import allowed
from memory.policy import Policy
from memory.settings import MemorySettings, SharingSettings
from memory.testing import journal_in_ram, memory_in_ram
from personas import Place, Remembers
from tests.memory.builders import DM, GUILD, said

BOTH_WAYS = Sharing(private_to_public=True, public_to_private=True)
OTHER_GUILD = Place("discord:guild-2/general")
SHARED, UNSHARED = Policy(Remembers(share_places=True)), Policy(Remembers())


async def recalled(told_in: Place, asked_in: Place, *, policy: Policy = SHARED, fan: Sharing = BOTH_WAYS) -> bool:
    """Whether a line told in one place comes to mind in another."""
    async with journal_in_ram() as journal:
        operators = allowed(MemorySettings(), "mika", policy)
        async with memory_in_ram(journal, sharing=lambda _: operators) as memory:
            told, asked = Scope("mika", "discord:kim", told_in), Scope("mika", "discord:kim", asked_in)
            await journal.share(told, fan)
            await memory.remember(told, [said("My cat is called Miso.", by="discord:kim", place=told_in)])
            question = said("What is my cat called?", by="discord:kim", place=asked_in, minutes=60)
            return bool(await memory.recall(asked, [question]))


@pytest.mark.parametrize(("told_in", "asked_in"), [(DM, GUILD), (GUILD, DM)])
async def test_share_places_lets_words_through_in_both_directions(told_in: Place, asked_in: Place) -> None:
    assert await recalled(told_in, asked_in)
    assert not await recalled(told_in, asked_in, policy=UNSHARED)
    assert not await recalled(told_in, asked_in, fan=Sharing())


async def test_share_places_never_takes_words_from_one_guild_to_another() -> None:
    assert not await recalled(GUILD, OTHER_GUILD)


@pytest.mark.parametrize("one_way", [Sharing(private_to_public=True), Sharing(public_to_private=True)])
async def test_a_fan_may_allow_one_direction_only(one_way: Sharing) -> None:
    assert await recalled(DM, GUILD, fan=one_way) is one_way.private_to_public
    assert await recalled(GUILD, DM, fan=one_way) is one_way.public_to_private


def test_what_the_operators_settings_say_of_a_persona_counts_before_her_file() -> None:
    said_so = MemorySettings(sharing={"mika": SharingSettings(public_to_private=True)})

    assert allowed(said_so, "mika", SHARED) == Sharing(public_to_private=True)
    assert allowed(said_so, "rena", SHARED) == BOTH_WAYS
    assert allowed(said_so, "rena", UNSHARED) == Sharing()
