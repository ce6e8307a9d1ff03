"""An export that somebody edited by hand brings back nothing that is another fan's, and a broken one is told where."""

import copy
from typing import Any

import pytest

from memory import Scope
from memory.errors import ExportUnreadable
from memory.journal import Journal
from memory.memory import Memory
from memory.testing import journal_in_ram, memory_in_ram
from personas import Place
from tests.memory.builders import GUILD, WEB, chat, said

KIM, LEE = "web:kim", "web:lee"
LEES = Place("web:lees-talk")
SECRET = "heliotrope"
Export = dict[str, list[dict[str, Any]]]


async def two_fans(journal: Journal) -> tuple[Export, list[str]]:
    """Lee tells a secret in a talk of theirs; Kim has a talk, too. Kim's export, and the ids of Lee's turns."""
    turns = await chat(journal, f"My password is {SECRET}.", "Keep it.", by=LEE, place=LEES)
    await chat(journal, "I bake bread.", by=KIM, place=WEB)
    export: Any = await journal.export(KIM)
    return copy.deepcopy(export), [turn.id for turn in turns]


async def heard_by_kim(journal: Journal, memory: Memory) -> str:
    """Everything that Kim can see by any call."""
    scopes = [Scope("mika", KIM, place) for place, _ in await journal.places(KIM)]
    seen: list[object] = [await journal.export(KIM), await journal.words(KIM)]
    for scope in scopes:
        await memory.sync(scope)
        seen += [await memory.show(scope, everywhere=True), await memory.search(scope, "What is my password?")]
        seen += [await journal.path(scope.place, "mika")]
    return str(seen)


def joins_lees_turn(export: Export, lees: list[str]) -> None:
    (turn,) = export["turns"]
    export["turns"].append({**turn, "id": lees[0], "place": LEES, "heard": turn["heard"] * 3})


def joins_it_with_words_said_there(export: Export, lees: list[str]) -> None:
    (words,) = export["utterances"]
    export["utterances"].append({**words, "id": "forged", "place": LEES})
    export["turns"].append({**export["turns"][0], "id": lees[0], "place": LEES, "heard": ["forged"]})


def shows_lees_branch(export: Export, lees: list[str]) -> None:
    export["talks"][0]["leaf"] = lees[-1]
    export["talks"].append({**export["talks"][0], "place": "web:new", "leaf": lees[-1]})


def follows_lees_turn(export: Export, lees: list[str]) -> None:
    (turn,) = export["turns"]
    export["turns"].append({**turn, "id": "forged", "after": lees[-1]})
    export["talks"][0]["leaf"] = "forged"


def stands_beside_lees_turn(export: Export, lees: list[str]) -> None:
    (words,) = export["utterances"]
    export["utterances"].append({**words, "id": "forged", "place": LEES})
    export["turns"].append({**export["turns"][0], "id": "forged", "place": LEES, "heard": ["forged"]})


def speaks_as_lee(export: Export, lees: list[str]) -> None:
    (words,) = export["utterances"]
    export["utterances"].append({**words, "id": "forged", "speaker_id": LEE})


def votes_on_lees_turn(export: Export, lees: list[str]) -> None:
    at = export["utterances"][0]["at"]
    export["feedback"].append({"turn_id": lees[0], "fan_id": KIM, "thumb": "up", "reason": "", "at": at})
    review = {"id": "r", "fan_id": KIM, "persona_id": "mika", "kind": "again", "state": "waiting", "at": at}
    export["reviews"].append({**review, "chosen": lees[0], "rejected": lees[1]})


FORGERIES = [
    joins_lees_turn,
    joins_it_with_words_said_there,
    shows_lees_branch,
    follows_lees_turn,
    stands_beside_lees_turn,
    speaks_as_lee,
    votes_on_lees_turn,
]


@pytest.mark.parametrize("forged", FORGERIES, ids=lambda forged: forged.__name__)
async def test_a_forged_export_shows_nothing_of_another_fan_and_changes_nothing_of_theirs(forged: Any) -> None:
    async with journal_in_ram() as journal, memory_in_ram(journal) as memory:
        export, lees = await two_fans(journal)
        before = await journal.export(LEE), await journal.path(LEES, "mika")
        variants = await journal.variants(lees)
        forged(export, lees)
        await journal.erase_fan(KIM)

        await journal.bring_back(KIM, export)

        assert SECRET not in await heard_by_kim(journal, memory)
        assert (await journal.export(LEE), await journal.path(LEES, "mika")) == before
        assert await journal.variants(lees) == variants
        assert await journal.owner(lees[0]) == LEE
        assert all(not row["feedback"] and not row["reviews"] for row in [await journal.export(KIM)])
        assert "I bake bread." in await heard_by_kim(journal, memory)


async def test_turns_that_follow_themselves_are_left_out() -> None:
    async with journal_in_ram() as journal, memory_in_ram(journal) as memory:
        export, _ = await two_fans(journal)
        await journal.erase_fan(KIM)
        first, second = copy.deepcopy(export), copy.deepcopy(export)
        (turn,) = export["turns"]
        first["turns"] = [{**turn, "id": "a", "after": "b"}, {**turn, "id": "b", "after": "a"}]
        second["turns"] = [{**turn, "id": "c", "after": "d"}]
        third = {**second, "turns": [{**turn, "id": "d", "after": "c"}]}
        for one in (first, second, third):
            one["talks"][0]["leaf"] = one["turns"][0]["id"]
            await journal.bring_back(KIM, one)

        await memory.sync(Scope("mika", KIM, WEB))

        assert {row["id"] for row in (await journal.export(KIM))["turns"]} == {"b", "c"}


@pytest.mark.parametrize("place", ["discord:dm/lee", "discord:guild-1/general"])
async def test_nobody_takes_a_place_that_is_not_theirs_before_it_is_used(place: str) -> None:
    async with journal_in_ram() as journal:
        export, _ = await two_fans(journal)
        export["talks"].append({**export["talks"][0], "place": place, "leaf": None})

        await journal.bring_back(KIM, export)

        words = said("Hello!", by="discord:lee", place=Place(place))
        assert await journal.hear(words, persona_id="mika")


async def test_what_a_fan_said_in_a_guild_comes_back_into_the_turn_that_others_shared() -> None:
    async with journal_in_ram() as journal:
        turns = await chat(journal, "I sing.", by="discord:kim", place=GUILD)
        export: Any = await journal.export("discord:kim")

        await journal.erase_fan("discord:kim")
        await journal.bring_back("discord:kim", export)

        assert await journal.export("discord:kim") == export
        assert [one.id for one in await journal.path(GUILD, "mika", leaf=turns[0].id)] == [turns[0].id]


@pytest.mark.parametrize(
    ("broken", "where"),
    [
        ([], "no JSON object"),
        ({"turns": {}}, "turns: it is no list"),
        ({"turns": [1]}, "turns, row 1: it is no object"),
        ({"turns": [{}]}, "turns, row 1: 'heard'"),
        ({"utterances": [{"fan_id": KIM}]}, "utterances, row 1, .*missing"),
        ({"consents": [{"persona_id": "mika", "fan_id": KIM, "at": "yesterday"}]}, "consents, row 1, at: .*no moment"),
        ({"consents": [{"persona_id": "mika", "fan_id": KIM, "at": "2026-01-01T00:00:00"}]}, "no time zone"),
        ({"consents": [{"persona_id": ["mika"], "fan_id": KIM, "at": None}]}, "consents, row 1, persona_id"),
    ],
)
async def test_what_is_no_export_is_told_with_its_place_and_writes_nothing(broken: Any, where: str) -> None:
    async with journal_in_ram() as journal:
        with pytest.raises(ExportUnreadable, match=where):
            await journal.bring_back(KIM, broken)

        assert await journal.places(KIM) == ()


async def test_half_characters_and_nul_become_signs_that_every_database_takes() -> None:
    async with journal_in_ram() as journal:
        export, _ = await two_fans(journal)
        (words,) = export["utterances"]
        export["utterances"].append({**words, "id": "odd", "text": "a\x00b\ud800c"})

        await journal.bring_back(KIM, export)

        assert "ab?c" in [row["text"] for row in (await journal.export(KIM))["utterances"]]
