"""Sections 1, 2, 7 and 8: containers and fields. Longer tests of the same stand in tests/personas/cards."""

import base64
import json
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from personas.card_errors import CardError, CardLocked
from personas.lore_scene import Lorekeeper
from personas.persona import Persona
from personas.persona_file import load
from personas.prompt import about
from tests.conformance.cases import said, shows
from tests.personas.cards.house import NOW, House, cards_in, changed
from tests.personas.cards.making import book, charx, chunk, entry, png, text, v1, v2, v3, webp
from tests.personas.cards.test_damage import HOPELESS, MENDED
from tests.personas.cards.test_foreign import FOREIGN


@contextmanager
def house() -> Iterator[House]:
    with TemporaryDirectory() as folder:
        yield House(Path(folder))


def survives(data: bytes, name: str = "card.png") -> None:
    """A file comes in as Aqua, and goes out byte for byte; after an edit all but the scenario is as it was."""
    with house() as home:
        imported = home.take_in(data, name)
        assert load(home.file(imported.id)).name == "Aqua"
        assert home.export(imported.id).data == data
        home.edit(home.file(imported.id), "A lake at dawn.", "A pond.")
        before, after = cards_in(data), cards_in(home.export(imported.id).data)
        for keyword, card in before.items():
            assert {way.rpartition(".")[2] for way in changed(card, after[keyword])} <= {
                "scenario",
                "modification_date",
            }


def persona_of(card: dict[str, Any]) -> Persona:
    with house() as home:
        imported = home.take_in(card, "card.json")
        return load(home.file(imported.id))


@shows("png.chara")
def the_old_chunk() -> None:
    survives(png(chunk(b"tEXt", b"Comment\0first"), text("Chara", v2())))


@shows("png.ztxt")
def compressed_chunks() -> None:
    survives(png(chunk(b"zTXt", b"chara\0\0" + zlib.compress(base64.b64encode(json.dumps(v2()).encode())))))
    refused("png bomb")


@shows("png.ccv3")
def the_new_chunk_wins() -> None:
    with house() as home:
        assert home.take_in(png(text("chara", v2(name="Old")), text("ccv3", v3()))).name == "Aqua"


@shows("png.backfill")
def a_backfill_says_what_it_is() -> None:
    with house() as home:
        lore = book(entry(content="@@depth 1\nDeep."))
        imported = home.take_in(v3(character_book=lore), "card.json")
        cards = cards_in(home.export(imported.id, "v3-png").data)
        assert "downgrade" in cards["chara"]["data"]["creator_notes"]
        assert cards["chara"]["data"]["character_book"]["entries"][0]["content"] == "Deep."
        assert cards["ccv3"]["data"]["character_book"]["entries"][0]["content"] == "@@depth 1\nDeep."


@shows("png.assets")
def assets_in_chunks_stay() -> None:
    asset = chunk(b"tEXt", b"chara-ext-asset_:a.png\0" + base64.b64encode(b"picture" * 1000))
    data = png(asset, text("ccv3", v3()), chunk(b"tEXt", b"chara-ext-asset_b.png\0QQ=="))
    survives(data)
    assert asset in data


@shows("apng")
def animations_stay() -> None:
    survives(png(chunk(b"acTL", b"\0\0\0\1\0\0\0\0"), chunk(b"fdAT", b"\0\0\0\1x"), text("ccv3", v3())))


@shows("json")
def bare_json() -> None:
    survives(json.dumps(v3(), indent=2).encode(), "card.json")


@shows("charx")
def a_zip_keeps_its_entries() -> None:
    survives(charx(v3(), others={"module.risum": b"\0\1", "x_meta/a.json": b"{}"}), "card.charx")


@shows("jpeg")
def a_zip_behind_a_picture() -> None:
    survives(charx(v3(), before=b"\xff\xd8\xff\xe0picture\xff\xd9"), "card.jpg")


@shows("zip.guards")
def bombs_and_climbers_are_refused() -> None:
    for name in ("zip bomb", "zip bomb beside the card", "crowded zip", "climbing name", "absolute name"):
        refused(name)


@shows("webp")
def a_card_in_exif() -> None:
    survives(webp(json.dumps(v2()).encode()), "card.webp")
    survives(webp(",".join(map(str, json.dumps(v2()).encode())).encode()), "card.webp")


@shows("risu.locked")
def locked_cards_are_refused() -> None:
    with house() as home, pytest.raises(CardLocked, match="encrypted"):
        home.take_in(b"rcc||rccv1||abc", "card.json")


@shows("lorebook.file", "world.file")
def books_on_their_own() -> None:
    world = {"entries": {"3": {"uid": 3, "key": ["lake"], "content": "Deep.", "order": 1, "disable": False}}}
    for value in ({"spec": "lorebook_v3", "data": book(entry())}, world):
        with house() as home:
            imported = home.take_in(value, "book.json")
            assert imported.version == "lorebook"
            assert json.loads(home.export(imported.id).data) == value


@shows("v1.fields", "v1.examples")
def the_six_fields() -> None:
    persona = persona_of(v1())
    assert (persona.who, persona.personality, persona.greeting) == (
        "{{char}} is a water spirit.",
        "calm",
        "Hello, {{user}}.",
    )
    assert persona.examples[0].says == "The water says hi, too."


@shows("v2.creator_notes")
def notes_are_shown_and_never_said() -> None:
    persona = persona_of(v2(creator_notes="SECRET", tags=["SECRET"], creator="SECRET", character_version="SECRET"))
    assert persona.card
    assert persona.card.creator_notes == "SECRET"
    keeper = Lorekeeper(lambda _: Path("nowhere/aqua.yaml"))
    notes = keeper.of(persona, said("Kim: Hi.")).notes
    assert "SECRET" not in about(persona) + "".join(note.text for note in notes)


@shows("v2.post_history")
def instructions_come_after_the_history() -> None:
    persona = persona_of(v2(post_history_instructions="Stay {{char}}."))
    notes = Lorekeeper(lambda _: Path("nowhere/aqua.yaml")).of(persona, said("Kim: Hi.")).notes
    assert [note.text for note in notes] == ["Stay Aqua."]


@shows("v2.alternate_greetings")
def other_greetings() -> None:
    assert persona_of(v2()).greetings == ("Who is there?",)


@shows("v2.extensions", "unknown.fields")
def what_is_unknown_stays_at_every_level() -> None:
    lore = book(entry(x_e=1, extensions={"x": {"y": [1]}}), x_b=2)
    survives(
        json.dumps({**v3(character_book=lore, x_d=3, extensions={"a/b": {"c": None}}), "x_t": 4}).encode(), "card.json"
    )


@shows("v3.spec_version")
def other_versions_are_read() -> None:
    with house() as home:
        assert home.take_in({**v3(), "spec_version": "3.9"}, "a.json").notes
        assert not home.take_in({**v3(), "spec_version": "2.9"}, "b.json").notes


@shows("v3.assets")
def the_main_icon_is_the_portrait() -> None:
    assets = [
        {"type": "icon", "uri": "http://127.0.0.1:9/x.png", "name": "other", "ext": "png"},
        {"type": "icon", "uri": "embeded://assets/icon/images/main.png", "name": "main", "ext": "png"},
        {"type": "x_hat", "uri": "weird:1", "name": "hat", "ext": "unknown"},
    ]
    with house() as home:
        data = charx(v3(assets=assets))
        imported = home.take_in(data, "card.charx")
        portrait = load(home.file(imported.id)).look.portrait
        assert (home.file(imported.id).parent / portrait).read_bytes() == png()
        assert home.export(imported.id).data == data


@shows("v3.nickname")
def the_nickname_is_char() -> None:
    persona = persona_of(v3(post_history_instructions="{{char}}!"))
    notes = Lorekeeper(lambda _: Path("nowhere/aqua.yaml")).of(persona, said("Kim: Hi.")).notes
    assert (persona.name, notes[0].text) == ("Aqua", "Aq!")


@shows("v3.multilingual")
def notes_in_other_languages_stay() -> None:
    survives(json.dumps(v3(creator_notes_multilingual={"de": "Hallo"})).encode(), "card.json")


@shows("v3.group_greetings")
def greetings_for_groups_stand_apart() -> None:
    persona = persona_of(v3(group_only_greetings=["Hi all."]))
    assert persona.card
    assert (persona.card.group_greetings, persona.greetings) == (("Hi all.",), ("Who is there?",))


@shows("v3.dates")
def dates() -> None:
    with house() as home:
        imported = home.take_in(v3(), "card.json")
        home.edit(home.file(imported.id), "A lake at dawn.", "A pond.")
        data = cards_in(home.export(imported.id).data)["file"]["data"]
        assert (data["creation_date"], data["modification_date"]) == (5, NOW)


@shows("st.depth_prompt")
def a_reminder_at_a_depth() -> None:
    extensions = {"depth_prompt": {"prompt": "Be {{char}}.", "depth": 1, "role": "user"}}
    persona = persona_of(v2(extensions=extensions))
    (note,) = Lorekeeper(lambda _: Path("nowhere/aqua.yaml")).of(persona, said("Kim: Hi.", "Mika: Yo.")).notes
    assert (note.text, note.position, note.depth, note.role) == ("Be Aqua.", "depth", 1, "user")


@shows("damage")
def damage_is_mended() -> None:
    for card, repair in MENDED.values():
        with house() as home:
            assert repair in home.take_in(card, "card.json").repairs


@shows("foreign")
def other_programs_personas() -> None:
    for form, (name, words) in FOREIGN.items():
        with house() as home:
            assert home.take_in(words.encode(), name).version == form


def refused(name: str) -> None:
    make, error = HOPELESS[name]
    with house() as home, pytest.raises(error) as raised:
        home.take_in(make())
    assert isinstance(raised.value, CardError)
