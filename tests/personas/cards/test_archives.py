"""CharX files as other programs pack them: an edit or another form keeps what is in them."""

import base64
import io
import json
import random
import struct
import warnings
import zipfile
import zlib
from pathlib import Path

import pytest

from personas.card_export import Form
from tests.personas.cards.house import House, cards_in, changed
from tests.personas.cards.making import charx, chunk, png, text, v2, v3

JPEG = b"\xff\xd8\xff\xe0" + b"jpeg" * 50 + b"\xff\xd9"
BESIDE: dict[str, bytes] = {"assets/emotion/images/joy.png": b"joy" * 99, "module.risum": b"\0\1"}


def zip64(data: bytes) -> bytes:
    """The archive with its directory's place and number in the record for more than 32 bits."""
    at = data.rfind(b"PK\5\6")
    (count,) = struct.unpack_from("<H", data, at + 10)
    size, offset = struct.unpack_from("<II", data, at + 12)
    record = b"PK\6\6" + struct.pack("<QHHIIQQQQ", 44, 45, 45, 0, 0, count, count, size, offset)
    end = struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    return data[:at] + record + b"PK\6\7" + struct.pack("<IQI", 0, at, 1) + end


def twice() -> bytes:
    """An archive with an older card.json before the one that counts."""
    out = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(out, "w") as archive:
        warnings.simplefilter("ignore")
        archive.writestr("card.json", json.dumps(v3(name="Old")))
        for name, content in {**BESIDE, "card.json": json.dumps(v3()).encode()}.items():
            archive.writestr(name, content)
    return out.getvalue()


ARCHIVES = {
    "zip64": zip64(charx(v3(), others=BESIDE)),
    "lzma": charx(v3(), packing=zipfile.ZIP_LZMA, others=BESIDE),
    "lzma behind a jpeg": charx(v3(), packing=zipfile.ZIP_LZMA, before=JPEG, others=BESIDE),
    "two cards": twice(),
}


@pytest.mark.parametrize("name", ARCHIVES)
def test_an_edit_reaches_the_card_in_an_archive_of_any_make(house: House, name: str) -> None:
    imported = house.take_in(ARCHIVES[name])
    untouched = house.export(imported.id).data
    house.edit(house.file(imported.id), "A lake at dawn.", "A pond.")

    data = house.export(imported.id).data

    assert untouched == ARCHIVES[name]
    assert changed(cards_in(untouched), cards_in(data)) == {
        ".card.json.data.scenario",
        ".card.json.data.modification_date",
    }
    assert data[: len(JPEG)] == JPEG or data.startswith(b"PK")
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert {other: archive.read(other) for other in BESIDE} == BESIDE


def test_a_jpeg_becomes_a_bare_archive_with_the_same_entries(house: House) -> None:
    imported = house.take_in(charx(v3(), before=JPEG, others=BESIDE))

    data = house.export(imported.id, "charx").data

    assert data.startswith(b"PK\3\4")
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert {other: archive.read(other) for other in BESIDE} == BESIDE


def test_a_v3_card_in_the_old_chunk_becomes_an_archive(house: House) -> None:
    imported = house.take_in(png(text("chara", v3())))

    data = house.export(imported.id, "charx").data

    assert data.startswith(b"PK\3\4")


def test_icons_that_lie_elsewhere_stay_in_the_archive_made_of_a_card(house: House) -> None:
    icons = [
        {"type": "icon", "uri": f"https://example.org/{name}.png", "name": name, "ext": "png"}
        for name in ("main", "alt")
    ]
    imported = house.take_in(v3(assets=icons), "card.json")

    data = house.export(imported.id, "charx").data

    assert cards_in(data)["card.json"]["data"]["assets"] == icons


JOY = {"type": "emotion", "uri": "embeded://assets/emotion/images/joy.png", "name": "joy", "ext": "png"}


@pytest.mark.parametrize(("form", "keyword"), [("v3-json", "file"), ("v3-png", "ccv3")])
def test_what_an_archive_holds_moves_with_the_card(house: House, form: Form, keyword: str) -> None:
    imported = house.take_in(charx(v3(assets=[JOY]), others=BESIDE))

    exported = house.export(imported.id, form)

    (joy,) = cards_in(exported.data)[keyword]["data"]["assets"]
    packed = base64.b64encode(BESIDE["assets/emotion/images/joy.png"]).decode()
    assert joy == {**JOY, "uri": f"data:image/png;base64,{packed}"}
    assert exported.notes == ()


def test_what_cannot_move_with_the_card_is_said(house: House) -> None:
    missing, huge = ({**JOY, "uri": f"embeded://assets/{name}"} for name in ("gone.png", "huge.bin"))
    others = {**BESIDE, "assets/huge.bin": random.Random(1).randbytes(9 << 20)}
    imported = house.take_in(charx(v3(assets=[JOY, missing, huge]), others=others))

    exported = house.export(imported.id, "v3-json")

    assert exported.notes == ("2 asset(s) stay in the file that was imported; this form has no place for them",)


def test_a_card_that_was_deflated_well_can_be_edited(house: House) -> None:
    packed = base64.b64encode(json.dumps(v2(personality="x" * 200_000)).encode())
    imported = house.take_in(png(chunk(b"zTXt", b"chara\0\0" + zlib.compress(packed))))
    house.edit(house.file(imported.id), "A lake at dawn.", "A pond.")

    after = cards_in(house.export(imported.id).data)["chara"]

    assert after["data"]["scenario"] == "A pond."


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-8"])
def test_json_with_a_byte_order_mark_of_any_kind_is_read_and_written(house: House, encoding: str) -> None:
    data = ("\ufeff" + json.dumps(v2())).encode(encoding)
    imported = house.take_in(data, "card.json")
    untouched = house.export(imported.id).data
    house.edit(house.file(imported.id), "A lake at dawn.", "A pond.")

    edited = house.export(imported.id).data

    assert untouched == data
    assert edited == ("\ufeff" + json.dumps(v2(scenario="A pond."))).encode(encoding)


def test_a_number_of_thousands_of_digits_is_said_plainly(house: House, tmp_path: Path) -> None:
    file = tmp_path / "long.json"

    with pytest.raises(Exception, match=r"long\.json: The card's JSON has a number of thousands of digits\. Down"):
        house.take_in(b'{"name": ' + b"9" * 100_000 + b', "description": ""}', file.name)
