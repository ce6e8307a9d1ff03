"""Damage from the wild is mended and named; damage that can't be mended is an error, soon and in a sentence."""

import base64
import io
import json
import struct
import subprocess
import sys
import time
import zipfile
import zlib
from pathlib import Path
from typing import Any

import pytest

from personas.card_errors import CardError, CardLocked, CardMissing, CardTooBig, CardUnreadable
from personas.persona_file import load
from tests.personas.cards.house import House, cards_in
from tests.personas.cards.making import SIGNATURE, book, charx, chunk, entry, png, text, v1, v2, v3, webp

MENDED: dict[str, tuple[dict[str, Any], str]] = {
    "null book": (v2(character_book=None), "`character_book` was null"),
    "book without extensions": (v2(character_book={"entries": [entry()]}), "the lorebook had no `extensions`"),
    "greetings as text": (v2(alternate_greetings="Hey."), "`alternate_greetings` was text instead of a list of texts"),
    "empty number": (v3(creation_date=""), "`creation_date` was empty text instead of a number"),
    "number as text": (v3(creation_date="12"), "`creation_date` was text instead of a number"),
    "order as text": (
        v2(character_book=book(entry(insertion_order="5"))),
        "`insertion_order` was text instead of a number",
    ),
    "order too large": (
        v2(character_book=book(entry(insertion_order=10**400))),
        "`insertion_order` was too large a number",
    ),
    "date too large": (v3(creation_date=10**400), "`creation_date` was too large a number"),
    "version as number": (v2(character_version=1.5), "`character_version` was a number instead of text"),
    "spec in its version": (
        {**v2(), "spec_version": "chara_card_v2"},
        "`spec_version` was 'chara_card_v2', which is no number",
    ),
    "mirror disagrees": ({**v2(), "name": "Somebody"}, "`name` beside `data` disagrees with `data.name`, which wins"),
    "null probability": (
        v2(character_book=book(entry(extensions={"probability": None}))),
        "an entry's `probability` was null; it counts as 100",
    ),
    "no id": (v2(character_book=book({k: x for k, x in entry().items() if k != "id"})), "an entry had no `id`"),
    "keys as text": (v2(character_book=book(entry(keys="lake, pond"))), "`keys` was text instead of a list of texts"),
    "tags as text": (v2(tags=""), "`tags` was empty text instead of a list of texts"),
    "null text": (v2(system_prompt=None), "`system_prompt` was null instead of text"),
    "extensions as list": (v2(extensions=[]), "`extensions` was missing or no object"),
    "unknown spec": ({**v2(), "spec": "mine"}, "`spec` was 'mine'; the card is read as V2"),
}


@pytest.mark.parametrize("name", MENDED)
def test_damage_is_mended_named_and_given_back_as_it_was(house: House, name: str) -> None:
    card, repair = MENDED[name]
    data = png(text("chara", card))

    imported = house.take_in(data)

    assert repair in imported.repairs
    assert load(house.file(imported.id)).name == "Aqua"
    assert house.export(imported.id).data == data


def test_a_sound_card_needs_no_repair(house: House) -> None:
    sound = [png(text("ccv3", v3(character_book=book(entry())))), png(text("chara", v2())), png(text("chara", v1()))]

    repairs = [house.take_in(data).repairs for data in sound]

    assert repairs == [(), (), ()]


def test_a_v3_card_in_the_old_chunk_is_read_as_v3(house: House) -> None:
    imported = house.take_in(png(text("chara", v3())))

    assert imported.version == "V3"
    assert any("`chara` chunk holds a V3 card" in repair for repair in imported.repairs)


def test_a_newer_card_is_read_with_a_warning(house: House) -> None:
    imported = house.take_in({**v3(), "spec_version": "3.7"}, "card.json")

    assert any("3.7" in note for note in imported.notes)


def test_extra_keys_of_v1_stay(house: House) -> None:
    card = v1(avatar="none", chat="x", create_date="2023", talkativeness="0.5")
    imported = house.take_in(card, "card.json")

    v3_card = json.loads(house.export(imported.id, "v3-json").data)

    assert imported.version == "V1"
    assert v3_card["talkativeness"] == "0.5"
    assert v3_card["data"]["scenario"] == card["scenario"]


def test_base64_with_line_breaks_bom_and_crlf_are_read(house: House) -> None:
    text_of_card = b"\xef\xbb\xbf" + json.dumps(v2(), indent=1).replace("\n", "\r\n").encode()
    packed = base64.encodebytes(text_of_card)

    imported = house.take_in(png(chunk(b"tEXt", b"chara\0" + packed)))

    assert "a byte order mark stood before the JSON" in imported.repairs


@pytest.mark.parametrize("kind", ["zTXt", "iTXt", "iTXt-plain"])
def test_compressed_and_international_text_chunks_are_read(house: House, kind: str) -> None:
    packed = base64.b64encode(json.dumps(v2()).encode())
    body = {
        "zTXt": b"chara\0\0" + zlib.compress(packed),
        "iTXt": b"CHARA\0\1\0en\0x\0" + zlib.compress(packed),
        "iTXt-plain": b"chara\0\0\0\0\0" + packed,
    }[kind]
    data = png(chunk(kind[:4].encode(), body))

    imported = house.take_in(data)

    assert house.export(imported.id).data == data


def bomb(size: int = 100 << 20) -> bytes:
    """Deflated zeros, made without filling the memory."""
    deflater, block = zlib.compressobj(9), b"A" * (1 << 20)
    return b"".join([*(deflater.compress(block) for _ in range(size >> 20)), deflater.flush()])


def zip_of(**entries: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name.replace("__", "/").replace("~", "."), content)
    return out.getvalue()


def crowded() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for number in range(6000):
            archive.writestr(f"{number}", b"")
    return out.getvalue()


CARD = base64.b64encode(json.dumps(v2()).encode())
GOOD = png(text("chara", v2()))
HOPELESS: dict[str, tuple[Any, type[CardError]]] = {
    "png bomb": (lambda: png(chunk(b"zTXt", b"chara\0\0" + bomb())), CardTooBig),
    "zip bomb": (lambda: zip_of(**{"card~json": b" " * (60 << 20)}), CardTooBig),
    "zip bomb beside the card": (lambda: charx(v3(), others={"a.bin": b"\0" * (60 << 20)}), CardTooBig),
    "crowded zip": (crowded, CardTooBig),
    "climbing name": (lambda: zip_of(**{"card~json": b"{}", "..__evil": b""}), CardUnreadable),
    "absolute name": (lambda: charx(v3(), others={"/etc/passwd": b""}), CardUnreadable),
    "windows name": (lambda: charx(v3(), others={"C:\\x": b""}), CardUnreadable),
    "lying length": (lambda: SIGNATURE + struct.pack(">I", 0x7FFFFFFF) + b"tEXt" + b"chara\0" + CARD, CardUnreadable),
    "bad crc": (lambda: GOOD.replace(CARD[:8], b"AAAAAAAA"), CardUnreadable),
    "wrong base64": (lambda: png(chunk(b"tEXt", b"chara\0!!" + CARD)), CardUnreadable),
    "cut png": (lambda: GOOD[:-20], CardUnreadable),
    "cut zip": (lambda: charx(v3())[:-30], CardUnreadable),
    "no card": (png, CardMissing),
    "plain jpeg": (lambda: b"\xff\xd8\xff\xe0" + b"\0" * 100, CardMissing),
    "zip without card": (lambda: zip_of(other=b""), CardMissing),
    "locked": (lambda: png(chunk(b"tEXt", b"chara\0rcc||abc")), CardLocked),
    "not json": (lambda: png(chunk(b"tEXt", b"chara\0" + base64.b64encode(b"{nope"))), CardUnreadable),
    "nested": (lambda: b'{"a":' * 100_000, CardUnreadable),
    "maze": (lambda: b'{"a":[' + b"[]," * 1_500_000, CardTooBig),
    "long number": (lambda: b'{"name": ' + b"9" * 100_000 + b', "description": ""}', CardUnreadable),
    "half utf-8": (lambda: b'{"name":"\xc3', CardUnreadable),
    "list": (lambda: b"[1, 2]", CardMissing),
    "empty": (lambda: b"", CardMissing),
    "noise": (lambda: bytes(range(256)) * 40, CardUnreadable),
    "webp without card": (lambda: webp(b"hello there"), CardMissing),
    "webp with a lie": (lambda: webp(b"{}")[:20] + b"\xff\xff\xff\x7f", CardError),
}


@pytest.mark.parametrize("name", HOPELESS)
def test_what_cannot_be_read_is_an_error_and_leaves_nothing_behind(house: House, name: str) -> None:
    make, error = HOPELESS[name]
    data = make()

    with pytest.raises(error) as raised:
        house.take_in(data)

    assert str(raised.value).endswith((".", ")", "bomb.", "V2."))
    assert not list((house.folder / "cast").glob("*"))


@pytest.mark.parametrize("name", ["png bomb", "zip bomb", "maze", "nested"])
def test_a_bomb_stays_under_two_hundred_megabytes(tmp_path: Path, name: str) -> None:
    file = tmp_path / "bomb.bin"
    file.write_bytes(HOPELESS[name][0]())
    script = (
        "import re, sys; from pathlib import Path; from personas.card_import import import_file\n"
        "from personas.card_errors import CardError\n"
        "try: import_file(Path(sys.argv[1]), Path(sys.argv[2]))\n"
        "except CardError as exc: print(exc, file=sys.stderr)\n"
        # Not getrusage: Linux lets a child inherit its parent's peak.
        "print(int(re.search(r'VmHWM:\\s+(\\d+)', Path('/proc/self/status').read_text())[1]) // 1024)"
    )

    done = subprocess.run(
        [sys.executable, "-c", script, file, tmp_path / "cast"], capture_output=True, text=True, timeout=60, check=True
    )

    assert done.stderr.strip()
    assert int(done.stdout) < 200


def test_two_cards_of_one_name_get_ids_of_their_own(house: House) -> None:
    first, second = house.take_in(GOOD), house.take_in(GOOD)

    assert (first.id, second.id) == ("aqua", "aqua-2")
    assert house.export("aqua-2").data == GOOD


def test_a_name_without_latin_letters_still_gets_an_id(house: House) -> None:
    imported = house.take_in(v2(name="水之精灵"), "card.json")

    assert load(house.file(imported.id)).name == "水之精灵"


def test_a_nameless_card_can_be_played(house: House) -> None:
    imported = house.take_in(v1(name="", description=""), "card.json")

    assert load(house.file(imported.id)).who == "Unnamed"


def test_control_characters_and_half_letters_do_not_break_the_yaml(house: House) -> None:
    card = v2(scenario="a\0b\x1bc\x85d\u2028e", description='\ud83d "x": - # & *\ttab\n  indented\n\n')
    data = png(text("chara", card))

    imported = house.take_in(data)

    assert load(house.file(imported.id)).who.startswith('"x"')
    assert house.export(imported.id).data == data


def test_an_imported_original_that_was_changed_is_noticed(house: House) -> None:
    imported = house.take_in(GOOD)
    house.file(imported.id).with_name("aqua.card.png").write_bytes(b"")

    with pytest.raises(CardError, match="was changed"):
        house.export(imported.id)


def test_of_two_chunks_the_newer_wins(house: House) -> None:
    data = png(text("chara", v2(name="Old")), text("ccv3", v3(name="New")))

    imported = house.take_in(data)

    assert imported.name == "New"
    assert list(cards_in(data)) == ["ccv3", "chara"]


@pytest.mark.parametrize(
    "card",
    [
        v2(extensions={"depth_prompt": {"prompt": "x", "depth": 10**400}}),
        v2(character_book=book(entry(extensions={"depth": 10**400, "probability": 10**400}))),
        {**v2(), "spec_version": 10**400},
    ],
)
def test_a_number_of_four_hundred_digits_is_none(house: House, card: dict[str, Any]) -> None:
    imported = house.take_in(card, "card.json")

    assert load(house.file(imported.id)).name == "Aqua"


@pytest.mark.parametrize("depth", [150, 500])
def test_what_is_nested_deeper_than_anybody_writes_is_refused(house: House, depth: int) -> None:
    nested = json.dumps(v2(character_book=book(entry(extensions={"x": "HERE"})))).replace(
        '"HERE"', "[" * depth + "]" * depth
    )

    with pytest.raises(CardTooBig, match="nested deeper than 100 levels"):
        house.take_in(nested.encode(), "card.json")


def test_texts_that_are_too_long_for_a_file_are_refused_at_once(house: House) -> None:
    card = v2(description="lorem ipsum " * 400_000)

    before = time.thread_time()
    with pytest.raises(CardError, match="too long"):
        house.take_in(card, "card.json")

    assert time.thread_time() - before < 2
