"""`greenroom persona …`: results on stdout, a sentence and exit code 1 when something is wrong."""

import json
from pathlib import Path

import pytest
from pydantic import BaseModel
from typer.testing import CliRunner, Result

from personas import Persona
from personas.archive import Archive
from personas.cli import app
from personas.schema import json_schema
from tests.personas.scenes import NOVA


def greenroom(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words], catch_exceptions=False)


def test_the_list_is_one_object_for_each_persona() -> None:
    result = greenroom("list", "--json")

    rows = json.loads(result.stdout)
    assert [row["id"] for row in rows] == ["bram", "mika", "orla"]
    assert all(set(row) == {"id", "name", "role", "file", "version"} for row in rows)


def test_check_says_where_and_what_for_people_and_for_programs(tmp_path: Path) -> None:
    file = tmp_path / "nova.yaml"
    file.write_text("id: nova\nnmae: Nova\nwho: A lamp.\n")

    plain, machine = greenroom("check", file), greenroom("check", tmp_path, "--json")

    assert (plain.exit_code, machine.exit_code) == (1, 1)
    assert f"{file}:2:1: 'nmae' is not a key of a persona. Did you mean 'name'?" in plain.stdout
    rows = json.loads(machine.stdout)
    assert [(row["line"], row["column"], row["key"]) for row in rows] == [(1, 1, "name"), (2, 1, "nmae")]


def test_check_finds_an_id_that_is_taken_twice(tmp_path: Path) -> None:
    for name in ("first", "second"):
        (tmp_path / f"{name}.yaml").write_text("id: nova\nname: Nova\nwho: A lamp.\n")

    result = greenroom("check", tmp_path)

    assert result.exit_code == 1
    assert f"The id 'nova' is taken by {tmp_path / 'first.yaml'}." in result.stdout


def test_the_command_line_and_the_house_mean_the_same_persona_by_an_id(tmp_path: Path) -> None:
    own = tmp_path / "singer.yaml"
    own.write_text("id: mika\nname: Own\nwho: Another Mika.\n")

    shown = greenroom("show", "mika", "--personas", tmp_path, "--json")
    changed = greenroom("set", "mika", "role", "star", "--personas", tmp_path)
    exported = greenroom("export", "mika", "--personas", tmp_path, "--to", tmp_path / "mika.json")

    assert json.loads(shown.stdout)["name"] == "Own"
    assert (changed.exit_code, own.read_text().splitlines()[-1]) == (0, "role: star")
    assert exported.exit_code == 0
    assert '"name":"Own"' in (tmp_path / "mika.json").read_text()


def test_set_says_that_another_file_has_the_same_id(tmp_path: Path) -> None:
    for name in ("first", "second"):
        (tmp_path / f"{name}.yaml").write_text("id: nova\nname: Nova\nwho: A lamp.\n")

    changed = greenroom("set", "nova", "role", "star", "--personas", tmp_path)

    assert f"The id 'nova' is taken by {tmp_path / 'first.yaml'}." in changed.stderr


def test_a_base_that_personas_of_a_folder_extend_is_in_order(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text("who: Somebody.\n")
    (tmp_path / "nova.yaml").write_text("extends: base.yaml\nid: nova\nname: Nova\n")

    assert greenroom("check", tmp_path).stdout == "Every persona is in order.\n"


def test_check_reads_lorebooks_and_documents_too(tmp_path: Path) -> None:
    file = tmp_path / "nova" / "nova.yaml"
    file.parent.mkdir()
    file.write_text(
        "id: nova\nname: Nova\nwho: A lamp.\nlore: [lake.yaml, torn.yaml, odd.json]\nknowledge: [rules.docx]\n"
    )
    (file.parent / "rules.docx").write_bytes(b"PK")
    (file.parent / "torn.yaml").write_text("entries: [\n")
    (file.parent / "odd.json").write_text('{"entries": [{"keys": ["/(/"], "content": ""}, 5]}')
    (file.parent / "lake.yaml").write_text(
        "entries:\n  - keys: [lake, '/(?:x{3000}){3000}/']\n    contnt: Deep.\n  - keys: [boat]\n"
    )

    rows = json.loads(greenroom("check", tmp_path, "--json").stdout)

    told = [(Path(row["file"]).name, row["line"], row["key"], row["cure"]) for row in rows]
    assert told == [
        ("lake.yaml", 2, "entries[0].keys[1]", "Mend it, or take the slashes away."),
        ("lake.yaml", 3, "entries[0].contnt", "Did you mean 'content'?"),
        ("lake.yaml", 4, "entries[1]", "Write what is known."),
        ("odd.json", 0, "entries[0].keys[0]", "Mend it, or take the slashes away."),
        ("odd.json", 0, "entries[1]", "Write its `keys` and `content`."),
        ("rules.docx", 0, "", "Known are: .md, .markdown, .txt, .pdf."),
        ("torn.yaml", 2, "", "If it is meant as text, put it in quotes."),
    ]


def test_the_shipped_cast_is_in_order() -> None:
    result = greenroom("check")

    assert (result.exit_code, result.stdout) == (0, "Every persona is in order.\n")


def test_a_new_persona_is_valid_as_it_stands_and_never_overwritten(tmp_path: Path) -> None:
    made, again = greenroom("new", "nova", "--into", tmp_path), greenroom("new", "nova", "--into", tmp_path)

    assert made.exit_code == 0
    assert greenroom("check", made.stdout.strip()).exit_code == 0
    assert again.exit_code == 1
    assert again.stderr.startswith("Error: ")
    assert "The file is there already." in again.stderr


@pytest.mark.parametrize(
    "words", [("show", "mikka"), ("new", "No No"), ("set", "mika", "nmae", "x"), ("diff", "mika", "x")]
)
def test_a_failure_is_a_sentence_and_no_traceback(words: tuple[str, ...]) -> None:
    result = greenroom(*words)

    assert result.exit_code == 1
    assert result.stderr.startswith("Error: ")
    assert "Traceback" not in result.output


def test_show_prints_the_words_a_model_reads() -> None:
    result = greenroom("show", "mika", "--prompt")

    assert result.stdout.startswith("You are Mika, virtual idol.")


def test_set_and_diff_tell_what_changed(tmp_path: Path) -> None:
    file = tmp_path / "nova.yaml"
    file.write_text("id: nova\nname: Nova\nwho: A lamp.  # for now\n")
    old = tmp_path / "old.yaml"
    old.write_text(file.read_text())

    changed = greenroom("set", "nova", "voice.tone", "dry", "--personas", tmp_path)
    diff = greenroom("diff", old, file)

    assert changed.stdout == 'voice.tone: nothing → "dry"\n'
    assert diff.stdout == changed.stdout
    assert diff.exit_code == 1
    assert "a model reads other words" in diff.stderr
    assert "# for now" in file.read_text()


def test_a_version_a_turn_recorded_can_be_compared_with_today(tmp_path: Path) -> None:
    Archive(tmp_path / "personas").keep(NOVA)
    (tmp_path / "nova.yaml").write_text(f"id: nova\nname: Nova\nrole: star\nwho: {NOVA.who}\n")

    result = greenroom("diff", f"nova@{NOVA.version}", tmp_path / "nova.yaml", "--data", tmp_path, "--json")

    assert {"key": "role", "before": "", "after": "star"} in json.loads(result.stdout)


def test_the_schema_has_a_line_of_help_for_every_key() -> None:
    schema = json.loads(greenroom("schema").stdout)

    parts = {"Persona": schema, **schema["$defs"]}
    silent = [f"{part}.{key}" for part, made in parts.items() for key, field in made.get("properties", {}).items()
              if not (field.get("description") or described(field, schema))]  # fmt: skip
    assert silent == []


def described(field: dict[str, str], schema: dict[str, dict[str, dict[str, str]]]) -> str:
    """A part's own description stands where the part does."""
    return schema["$defs"][field["$ref"].rpartition("/")[2]]["description"] if "$ref" in field else ""


def test_the_schema_knows_every_key_and_no_other() -> None:
    schema = json_schema()

    assert set(schema["properties"]) == {*Persona.model_fields, "extends"}
    assert schema["additionalProperties"] is False
    assert issubclass(Persona, BaseModel)


def test_every_command_has_an_example_in_its_help() -> None:
    names = [command.name or command.callback.__name__ for command in app.registered_commands if command.callback]

    for name in names:
        result = greenroom(name, "--help")

        assert "Example: greenroom persona" in result.stdout, name
