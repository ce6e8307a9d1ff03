"""What an operator meets at the command line: sentences instead of tracebacks, and everything told."""

import asyncio
import json
import os
import socket
import sqlite3
import stat
import subprocess
import time
from pathlib import Path

import pytest

from bots import playbill
from bots.faults import NotStarted
from bots.settings import BotsSettings
from tests.bots.house_process import GREENROOM, house_process

pytestmark = pytest.mark.slow


def greenroom(*arguments: str, typed: str = "", cwd: Path | None = None, **environment: str) -> tuple[int, str, str]:
    """Runs a command to its end; returns its code, what it printed and what it complained of."""
    ran = subprocess.run(
        [GREENROOM, *arguments],
        input=typed,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        cwd=cwd,
        env={**os.environ, **environment},
    )
    return ran.returncode, ran.stdout, ran.stderr


def complained(*arguments: str, cwd: Path | None = None, **environment: str) -> str:
    """The sentence of a command that fails; there is no traceback with it."""
    code, _, errors = greenroom(*arguments, cwd=cwd, **environment)
    assert code == 1, errors
    assert "Traceback" not in errors
    (sentence,) = [line for line in errors.splitlines() if line.startswith("Error: ")]
    return sentence


def test_a_port_in_use_is_told_in_a_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        sentence = complained("up", "--port", str(port), "--data", str(tmp_path / "d"), "--engine", "scripted")

    assert f"127.0.0.1:{port}" in sentence
    assert "--port" in sentence


def test_a_port_for_administrators_is_told_in_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(playbill, "listening", refused)

    with pytest.raises(NotStarted, match="Port 80 is for administrators"):
        playbill.run(BotsSettings(data=tmp_path, port=80))


def test_a_data_folder_that_cannot_be_written_is_told_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    for data in (tmp_path / "file", tmp_path / "file" / "below", Path("/proc/nowhere")):
        assert "--data" in complained("chat", "--say", "Hi", "--data", str(data), "--engine", "scripted")


def test_a_journal_from_a_newer_version_is_left_alone_and_told(tmp_path: Path) -> None:
    greenroom("chat", "mika", "--say", "Hi", "--data", str(tmp_path), "--engine", "scripted")
    journal = tmp_path / "journal.sqlite3"
    with sqlite3.connect(journal) as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    database.close()

    sentence = complained("chat", "mika", "--say", "Hi", "--data", str(tmp_path), "--engine", "scripted")

    assert "newer greenroom" in sentence
    with sqlite3.connect(journal) as database:
        assert database.execute("SELECT count(*) FROM turns").fetchone() == (1,)
    database.close()


def test_a_broken_model_leaves_the_persona_at_a_loss_and_tells_the_operator(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "config.json").write_text("{")
    settings = with_engine(tmp_path, folder)

    code, out, errors = greenroom("chat", "mika", "--say", "Hi", "--json", *settings, cwd=tmp_path)

    assert code == 0, errors
    assert json.loads(out)["outcome"] == "at_a_loss"
    assert str(folder) in errors.replace("\n", "")
    assert "Traceback" not in errors


def test_a_missing_model_is_a_finding_of_the_doctor(tmp_path: Path) -> None:
    code, out, _ = greenroom("doctor", "--json", *with_engine(tmp_path, tmp_path / "nowhere"), cwd=tmp_path)

    assert code == 1
    assert [finding["well"] for finding in json.loads(out) if finding["what"] == "engine mine"] == [False]


def with_engine(folder: Path, model: Path) -> list[str]:
    """Settings in which everybody plays on a local model, and nobody steps in."""
    (folder / "greenroom.yaml").write_text(
        f"serving:\n  engines:\n    mine: {{kind: local, model: {model}}}\n  fallback: []\n"
    )
    return ["--engine", "mine", "--data", str(folder / "d")]


def test_an_unknown_persona_or_setting_is_told_with_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "greenroom.yaml").write_text("bots:\n  prot: 8080\n")

    assert "mika" in complained("chat", "mikka", "--say", "Hi", "--data", str(tmp_path / "d"), "--engine", "scripted")
    wrong = complained("up", "--data", str(tmp_path / "d"), cwd=tmp_path)
    assert "greenroom.yaml:2" in wrong
    assert "port" in wrong
    assert "port" in complained("up", "--data", str(tmp_path / "d"), GREENROOM_PORT="many")


def test_the_machine_face_is_one_json_object_and_remembers(tmp_path: Path) -> None:
    said = ["chat", "mika", "--fan", "kim", "--data", str(tmp_path), "--engine", "scripted", "--json", "--say"]

    _, first, _ = greenroom(*said, "My cat is called Biscuit.")
    _, second, _ = greenroom(*said, "What is my cat called?")

    answer = json.loads(second)
    assert {"reply", "persona", "model", "timings", "recalled"} <= json.loads(first).keys()
    assert (answer["persona"], answer["model"]) == ("mika", "scripted")
    assert "My cat is called Biscuit." in [recollection["text"] for recollection in answer["recalled"]]
    assert {"text", "score", "at"} <= answer["recalled"][0].keys()


def test_another_fan_recalls_nothing_of_the_first(tmp_path: Path) -> None:
    said = ["chat", "mika", "--data", str(tmp_path), "--engine", "scripted", "--json"]
    greenroom(*said, "--fan", "kim", "--say", "My cat is called Biscuit.")

    _, answer, _ = greenroom(*said, "--fan", "lee", "--say", "What is my cat called?")

    assert json.loads(answer)["recalled"] == []


def test_a_pipe_is_a_conversation(tmp_path: Path) -> None:
    code, out, errors = greenroom(
        *("chat", "mika", "--data", str(tmp_path), "--engine", "scripted", "--json"), typed="Hello\n\nHow are you?\n"
    )

    assert code == 0, errors
    assert len([json.loads(line) for line in out.splitlines()]) == 2


def test_help_answers_at_once_and_imports_nothing_heavy() -> None:
    watched = (
        "import sys, bots.cli; print([m for m in ('torch', 'chromadb', 'fastapi', 'pydantic') if m in sys.modules])"
    )
    loaded = subprocess.run([GREENROOM.parent / "python", "-c", watched], capture_output=True, text=True, check=True)

    code, out, _ = greenroom("--help")

    assert loaded.stdout.strip() == "[]"
    assert code == 0
    assert all(command in out for command in ("chat", "up", "doctor", "persona"))


def test_every_command_has_an_example() -> None:
    for command in ("chat", "up", "doctor"):
        assert "Example: greenroom" in greenroom(command, "--help")[1]


async def test_up_tells_who_plays_and_where_to_look_and_keeps_its_secret(tmp_path: Path) -> None:
    async with house_process(tmp_path / "data") as house:
        for _ in range(50):
            if house.address in house.errors:
                break
            await asyncio.sleep(0.1)

        assert all(word in house.errors for word in ("Mika", "scripted", str(tmp_path / "data"), house.address))
        assert stat.S_IMODE((tmp_path / "data" / "secret").stat().st_mode) == 0o600
        with socket.socket() as other:
            other.settimeout(1)
            address = socket.gethostbyname(socket.gethostname())
            if not address.startswith("127."):
                assert other.connect_ex((address, int(house.address.rpartition(":")[2]))) != 0


def test_with_a_remote_engine_torch_is_never_imported(tmp_path: Path) -> None:
    (tmp_path / "greenroom.yaml").write_text(
        "serving:\n  engines:\n    gpu: {kind: remote, model: m, base_url: http://127.0.0.1:9/v1, window: 4096}\n"
        "  fallback: []\n"
    )
    script = (
        "import asyncio, sys\n"
        "from bots.app import from_flags, open_house\n"
        f"settings = from_flags({{'data': {str(tmp_path / 'd')!r}, 'engine': 'gpu'}})\n"
        "async def main():\n"
        "    async with open_house(settings) as house:\n"
        "        await house.engines.health(house.cast.all())\n"
        "asyncio.run(main())\n"
        "print('torch' in sys.modules, 'transformers' in sys.modules)\n"
    )
    began = time.perf_counter()

    ran = subprocess.run(
        [GREENROOM.parent / "python", "-c", script], capture_output=True, text=True, cwd=tmp_path, check=False
    )

    assert ran.stdout.strip() == "False False", ran.stderr
    print(f"opened and closed in {time.perf_counter() - began:.1f} s")
