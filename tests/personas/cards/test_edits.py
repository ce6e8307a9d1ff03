"""An edit touches what was edited: its neighbours keep the form they were written in, however odd that is."""

import json
from typing import Any

from tests.personas.cards.house import House, cards_in, changed
from tests.personas.cards.making import book, entry, png, text, v2, v3


def edited(house: House, card: dict[str, Any], old: str, new: str, *, lore: bool = False) -> dict[str, Any]:
    """The card after the import, one change in the operator's files, and the export."""
    imported = house.take_in(card, "card.json")
    house.edit(house.lore(imported.id) if lore else house.file(imported.id), old, new)
    exported: dict[str, Any] = json.loads(house.export(imported.id).data)
    return exported


def test_of_several_greetings_only_the_edited_one_changes(house: House) -> None:
    card = v2(alternate_greetings=["Two\r\nlines.", "", "Hello.", "tab\x07bell"])

    after = edited(house, card, "- Hello.", "- Goodbye.")

    assert changed(card, after) == {".data.alternate_greetings[2]"}


def test_a_new_greeting_leaves_the_others_as_they_were_written(house: House) -> None:
    card = v2(alternate_greetings=["Two\r\nlines.", "Hello."])

    after = edited(house, card, "- Hello.", "- Hello.\n  - New.")

    assert after["data"]["alternate_greetings"] == ["Two\r\nlines.", "Hello.", "New."]


def test_keys_written_as_one_text_become_a_list_when_one_of_them_is_edited(house: House) -> None:
    card = v2(character_book=book(entry(keys="lake, pond", content="Deep.")))

    after = edited(house, card, "- pond", "- sea", lore=True)

    assert after["data"]["character_book"]["entries"][0]["keys"] == ["lake", "sea"]


def test_an_entry_that_is_no_object_does_not_shift_the_edits_behind_it(house: House) -> None:
    card = v2(character_book=book(entry(content="A."), entry(content="B.")))
    card["data"]["character_book"]["entries"].insert(0, 7)

    after = edited(house, card, "content: B.", "content: C.", lore=True)

    assert changed(card, after) == {".data.character_book.entries[2].content"}


def test_a_world_file_inside_a_card_keeps_its_uids(house: House) -> None:
    card = v2(character_book={"entries": {"3": {"uid": 3, "key": ["a"], "content": "B.", "position": 0}}})

    after = edited(house, card, "content: B.", "content: C.", lore=True)

    assert changed(card, after) == {".data.character_book.entries.3.content"}


def test_an_entry_that_is_taken_out_leaves_the_others_as_they_were_written(house: House) -> None:
    odd = entry(content="Two\r\nlines.", insertion_order="7")
    card = v2(character_book=book(odd, entry(keys=["boat"], content="Leaky.", id=2)))
    imported = house.take_in(card, "card.json")
    lore = house.lore(imported.id)
    written = lore.read_text(encoding="utf-8")
    lore.write_text(written[: written.index("  - keys:\n      - boat")], encoding="utf-8")

    after = json.loads(house.export(imported.id).data)

    assert after["data"]["character_book"]["entries"] == [odd]


def test_an_entry_added_to_a_world_file_takes_a_uid_that_is_free(house: House) -> None:
    world = {
        "entries": {
            "0": {"uid": 0, "key": ["a"], "content": "Two\r\nlines.", "position": 0, "foo": 1},
            "9": {"uid": 9, "key": ["b"], "content": "B."},
        }
    }

    after = edited(house, world, "entries:\n", "entries:\n  - {keys: [n], content: New., enabled: true}\n", lore=True)

    assert {uid: after["entries"][uid] for uid in world["entries"]} == world["entries"]
    assert [after["entries"][uid]["content"] for uid in after["entries"].keys() - {"0", "9"}] == ["New."]


def test_a_place_in_a_world_file_is_written_as_its_number(house: House) -> None:
    world = {"entries": {"0": {"uid": 0, "key": ["a"], "content": "B.", "position": 0}}}

    after = edited(house, world, "position: before_char", "position: after_char", lore=True)

    assert after["entries"]["0"]["position"] == 1


def test_a_one_that_becomes_true_is_an_edit(house: House) -> None:
    card = v2(character_book=book(entry(extensions={"x": 1})))

    after = edited(house, card, "x: 1", "x: true", lore=True)

    assert after["data"]["character_book"]["entries"][0]["extensions"]["x"] is True


def test_an_edited_example_leaves_the_other_blocks_as_they_were_written(house: House) -> None:
    blocks = (
        "<START>\n{{char}}: Alone.\n<START>\n{{user}}:  Hi.\n{{char}}: Hi!\n\n<start>\n{{user}}: Yo.\n{{char}}: Bye."
    )

    after = edited(house, v2(mes_example=blocks), "says: Bye.", "says: Ciao.")

    expected = blocks.replace("Bye.", "Ciao.").replace("<start>", "<START>")
    assert after["data"]["mes_example"] == expected


def test_an_added_example_stands_behind_those_that_were_there(house: House) -> None:
    blocks = "<START>\n{{user}}:  Hi.\n{{char}}: Hi!"

    after = edited(house, v2(mes_example=blocks), "says: Hi!", "says: Hi!\n  - {fan: Yo., says: Bye.}")

    assert after["data"]["mes_example"] == f"{blocks}\n<START>\n{{{{user}}}}: Yo.\n{{{{char}}}}: Bye."


def test_the_downgrade_beside_a_card_follows_an_edited_greeting(house: House) -> None:
    imported = house.take_in(png(text("chara", v2()), text("ccv3", v3())))
    house.edit(house.file(imported.id), "Who is there?", "Who goes there?")

    after = cards_in(house.export(imported.id).data)

    assert [card["data"]["alternate_greetings"] for card in after.values()] == [["Who goes there?"]] * 2
