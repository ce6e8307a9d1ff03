"""What goes in comes out: byte for byte while nobody touched it, and with one field changed where somebody did."""

import base64
import json
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from personas.persona_file import load
from tests.personas.cards.house import NOW, House, cards_in, changed
from tests.personas.cards.making import book, charx, chunk, entry, png, text, v1, v2, v3, webp

REAL = sorted((Path(__file__).parents[4] / "shared" / "data" / "cards").glob("*.png"))
WITH_LORE = v3(
    character_book=book(entry(), entry(id="b", keys=["/fish(es)?/i"], use_regex=True, content="@@depth 2\nFish."))
)
FILES: dict[str, bytes] = {
    "v1.png": png(text("chara", v1(avatar="none", talkativeness="0.5"))),
    "v2.png": png(chunk(b"tEXt", b"Software\0made by hand"), text("Chara", v2())),
    "both.png": png(text("chara", v2()), chunk(b"zzAp", b"x" * 100_000), text("ccv3", v3())),
    "after-end.png": png(text("ccv3", v3()), after=b"and some more"),
    "apng.png": png(chunk(b"acTL", b"\0\0\0\1\0\0\0\0"), text("ccv3", v3())),
    "lore.png": png(text("ccv3", WITH_LORE)),
    "v2.json": json.dumps(v2(), indent=4).encode(),
    "bom.json": b"\xef\xbb\xbf" + json.dumps(v3(), ensure_ascii=False).encode().replace(b', "', b',\r\n"'),
    "v3.charx": charx(WITH_LORE, others={"module.risum": b"\0\1\2", "x_meta/1.json": b"{}"}),
    "v3.jpg": charx(WITH_LORE, before=b"\xff\xd8\xff\xe0" + b"jpeg" * 50 + b"\xff\xd9"),
    "v2.webp": webp(json.dumps(v2()).encode()),
    "list.webp": webp(",".join(map(str, json.dumps(v2()).encode())).encode()),
}


@pytest.mark.parametrize("name", FILES)
def test_a_card_that_nobody_edited_is_exported_byte_for_byte(house: House, name: str) -> None:
    imported = house.take_in(FILES[name], name)

    exported = house.export(imported.id)

    assert load(house.file(imported.id)).name == "Aqua"
    assert exported.data == FILES[name]


@pytest.mark.parametrize("name", FILES)
def test_after_an_edit_only_the_edited_field_and_the_date_differ(house: House, name: str) -> None:
    imported = house.take_in(FILES[name], name)
    house.edit(house.file(imported.id), "A lake at dawn.", 'A "pond" at dusk.')

    exported = house.export(imported.id)

    if name == "list.webp":  # its text is no longer a list of numbers, and the card is the same
        assert changed(v2(), cards_in(exported.data)["UserComment"]) == {".data.scenario"}
        return
    before, after = cards_in(FILES[name]), cards_in(exported.data)
    assert before.keys() == after.keys()
    for keyword, card in before.items():
        flat = "data" not in card
        expected = {".scenario"} if flat else {".data.scenario"}
        if card.get("spec") == "chara_card_v3":
            expected.add(".data.modification_date")
            assert after[keyword]["data"]["modification_date"] == NOW
        assert changed(card, after[keyword]) == expected
    assert len(without_cards(exported.data)) == len(without_cards(FILES[name]))
    assert without_cards(exported.data) == without_cards(FILES[name])


@pytest.mark.parametrize("file", REAL, ids=lambda file: file.name)
def test_a_real_card_comes_back_byte_for_byte_and_an_edit_touches_nothing_else(house: House, file: Path) -> None:
    data = file.read_bytes()
    imported = house.take_in(data)
    untouched = house.export(imported.id)
    name = load(house.file(imported.id)).name
    house.edit(house.file(imported.id), f"name: {name}", "name: Somebody Else")

    edited = house.export(imported.id)

    assert untouched.data == data
    assert changed(cards_in(data), cards_in(edited.data)) == {".chara.data.name", ".chara.name"}
    assert without_cards(edited.data) == without_cards(data)


def test_the_real_cards_are_there() -> None:
    if not REAL:
        pytest.skip("The real cards of ../shared/data/cards are not on this machine.")
    assert len(REAL) >= 2


def test_the_formatting_of_the_json_around_an_edit_stays(house: House) -> None:
    written = (
        b'{"spec" : "chara_card_v2",\n\t"spec_version":"2.0", "extra":1.50,\n "data":'
        + json.dumps(v2()["data"], indent=3).encode()
        + b" }\n"
    )
    imported = house.take_in(written, "odd.json")
    house.edit(house.file(imported.id), "personality: calm", "personality: stormy")

    exported = house.export(imported.id)

    assert exported.data == written.replace(b'"calm"', b'"stormy"')


def test_an_edit_of_a_lore_entry_changes_that_entry_alone(house: House) -> None:
    imported = house.take_in(FILES["lore.png"])
    house.edit(house.lore(imported.id), "The lake is deep.", "The lake is shallow.")

    exported = house.export(imported.id)

    after = cards_in(exported.data)["ccv3"]
    assert changed(WITH_LORE, after) == {".data.character_book.entries[0].content", ".data.modification_date"}


def test_a_lore_entry_can_be_added(house: House) -> None:
    imported = house.take_in(FILES["lore.png"])
    with house.lore(imported.id).open("a", encoding="utf-8") as stream:
        stream.write("  - keys: [reed]\n    content: Reeds grow here.\n    enabled: true\n    insertion_order: 3\n")

    after = cards_in(house.export(imported.id).data)["ccv3"]

    entries = after["data"]["character_book"]["entries"]
    assert entries[:2] == WITH_LORE["data"]["character_book"]["entries"]
    assert entries[2]["content"] == "Reeds grow here."


def test_edited_examples_are_written_the_way_cards_write_them(house: House) -> None:
    imported = house.take_in(FILES["v2.png"])
    house.edit(house.file(imported.id), "The water says hi, too.", "Splash.")

    after = cards_in(house.export(imported.id).data)["chara"]

    assert after["data"]["mes_example"] == "<START>\n{{user}}: Hi.\n{{char}}: Splash."


def test_line_ends_of_an_edited_field_stay_what_they_were(house: House) -> None:
    imported = house.take_in(v2(scenario="A lake.\r\nA boat."), "card.json")
    house.edit(house.file(imported.id), "A boat.", "A raft.")

    after = cards_in(house.export(imported.id).data)["file"]

    assert after["data"]["scenario"] == "A lake.\r\nA raft."


def test_what_a_card_has_no_field_for_is_said(house: House) -> None:
    imported = house.take_in(FILES["v2.png"])
    house.edit(house.file(imported.id), "name: Aqua", "name: Aqua\nrole: spirit")

    exported = house.export(imported.id)

    assert exported.data == FILES["v2.png"]
    assert exported.notes == ("cards have no field for `role`",)


def test_a_v3_picture_carries_a_downgrade_that_says_what_it_is(house: House) -> None:
    imported = house.take_in(charx(WITH_LORE), "card.charx")

    exported = house.export(imported.id, "v3-png")

    cards = cards_in(exported.data)
    assert cards["ccv3"]["data"]["nickname"] == "Aq"
    assert "downgrade" in cards["chara"]["data"]["creator_notes"]
    assert cards["chara"]["data"]["character_book"]["entries"][1]["content"] == "Fish."
    again = house.take_in(exported.data, "again.png")
    assert again.version == "V3"


def test_a_v3_card_comes_back_whole_from_v2(house: House) -> None:
    imported = house.take_in(v3(source=["x:1"]), "card.json")
    down = house.take_in(house.export(imported.id, "v2-json").data, "down.json")

    back = house.export(down.id, "v3-json")

    card = json.loads(back.data)
    assert down.version == "V2"
    assert changed(v3(source=["x:1"]), card) == {".data.modification_date"}


def test_a_persona_of_ones_own_becomes_a_card_of_any_form(house: House) -> None:
    folder = house.folder / "cast" / "nova"
    folder.mkdir(parents=True)
    (folder / "nova.yaml").write_text("id: nova\nname: Nova\nwho: A star.\ngreeting: Hi!\n")

    forms = {form: house.export("nova", form) for form in ("same", "v2-json", "v3-json", "v3-png", "charx")}

    for number, exported in enumerate(forms.values()):
        imported = house.take_in(exported.data, f"{number}.bin")
        assert load(house.file(imported.id)).who == "A star."
        assert imported.repairs == ()


@pytest.mark.parametrize("form", ["v2-json", "v3-json", "v3-png", "charx"])
@pytest.mark.parametrize("name", ["v1.png", "v2.json", "lore.png", "v3.charx"])
def test_a_card_says_the_same_in_every_form(house: House, name: str, form: Any) -> None:
    imported = house.take_in(FILES[name], name)

    other = house.take_in(house.export(imported.id, form).data, f"other.{form}")

    first, second = load(house.file(imported.id)), load(house.file(other.id))
    assert other.repairs == ()
    for field in ("name", "who", "personality", "scenario", "greeting", "greetings", "examples"):
        assert getattr(first, field) == getattr(second, field)
    nickname = {"nickname": ""} if form == "v2-json" else {}  # V2 has no field for it
    assert (first.card and second.card == first.card.model_copy(update=nickname)) or first.card is second.card is None


@pytest.mark.parametrize("form", ["v2-json", "v3-json", "v3-png", "charx"])
def test_a_card_with_flat_copies_of_its_fields_is_whole_in_every_form(house: House, form: Any) -> None:
    mirrored: dict[str, Any] = {**v1(), "x": 1, "tags": ["flat"], **(v3(x=2) if form == "v2-json" else v2(x=2))}
    imported = house.take_in(mirrored, "card.json")

    (card, *_) = cards_in(house.export(imported.id, form).data).values()

    assert {name: card["data"][name] for name in v1()} == {name: card[name] for name in v1()} == v1()
    assert (card["x"], card["data"]["x"], card["tags"]) == (1, 2, ["flat"])


def test_a_world_file_keeps_its_form_when_an_entry_is_edited(house: House) -> None:
    world = {
        "entries": {
            "7": {
                "uid": 7,
                "key": ["lake"],
                "keysecondary": [],
                "content": "Deep.",
                "order": 100,
                "disable": False,
                "x": 1,
            },
            "9": {"uid": 9, "key": ["boat"], "content": "Leaky.", "order": 50, "disable": True, "probability": 30},
        }
    }
    imported = house.take_in(world, "world.json")
    untouched = house.export(imported.id).data
    house.edit(house.lore(imported.id), "Leaky.", "Sunk.")

    edited = json.loads(house.export(imported.id).data)

    assert json.loads(untouched) == world
    assert changed(world, edited) == {".entries.9.content"}


def test_a_standalone_lorebook_comes_back(house: House) -> None:
    written = {"spec": "lorebook_v3", "data": book(entry(), entry(id=2, x_unknown={"a": 1}))}
    imported = house.take_in(written, "lore.json")
    house.edit(house.lore(imported.id), "insertion_order: 10", "insertion_order: 11")

    edited = json.loads(house.export(imported.id).data)

    assert changed(written, edited) == {".data.entries[0].insertion_order", ".data.entries[1].insertion_order"}


def without_cards(data: bytes) -> list[bytes]:
    """Everything in a file that is no card: chunks, other entries, a picture before an archive."""
    if data.startswith(b"\x89PNG"):
        parts, at = [], 8
        while at + 8 <= len(data):
            end = at + 12 + int.from_bytes(data[at : at + 4])
            part = data[at:end]
            if not (part[4:8] == b"tEXt" and part[8:14].lower().startswith((b"chara\0", b"ccv3\0"))):
                parts.append(part)
            at = end
            if part[4:8] == b"IEND":
                break
        return [*parts, data[at:]]
    if b"PK\5\6" in data:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            assert archive.testzip() is None
            start = min(info.header_offset for info in archive.infolist())
            return [data[:start], *(archive.read(n) for n in archive.namelist() if n != "card.json")]
    if data.startswith(b"RIFF"):
        return [data[12:24]]
    return []


def test_base64_is_what_a_png_holds(house: House) -> None:
    imported = house.take_in(FILES["v2.png"])
    house.edit(house.file(imported.id), "personality: calm", "personality: 平静")

    data = house.export(imported.id).data

    packed = data.partition(b"Chara\0")[2].partition(b"IEND")[0][:-8]
    assert json.loads(base64.b64decode(packed))["data"]["personality"] == "平静"
