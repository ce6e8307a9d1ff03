"""The house stands as docs/house.md draws it: floors, doors, no cycles, a sentence over each door."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

HOUSE = Path(__file__).parent.parent
FLOOR = {"serving": 0, "personas": 1, "memory": 2, "bots": 3, "finetune": 3}
DOORS = {
    "torch": ("serving/local_engine", "serving/encoder_export", "finetune/", "serving/cluster"),
    "transformers": ("serving/local_engine", "serving/encoder_export", "finetune/"),
    "peft": ("serving/local_engine", "finetune/"),
    "onnx": ("serving/encoder_export",),
    "onnxruntime": ("serving/embedding", "serving/encoder_export"),
    "tokenizers": ("serving/embedding", "serving/tokens", "finetune/understudy/"),
    "openai": ("serving/remote_engine", "serving/remote_encoder"),
    "vllm": (),
    "ray": ("serving/cluster",),
    "opentelemetry": ("serving/tracing",),
    "chromadb": ("memory/chroma_store", "memory/chroma_server"),
    "sqlalchemy": ("memory/journal", "memory/migrations/"),
    "alembic": ("memory/journal", "memory/migrations/"),
    "discord": ("bots/discord_",),
    "resvg_py": ("bots/faces",),
    "fastapi": ("bots/web", "bots/api_"),
    "trl": ("finetune/",),
    "datasets": ("finetune/",),
    "typer": ("cli.py",),
}
ROOM_FILES = sorted(path for room in FLOOR for path in (HOUSE / room).rglob("*.py"))


def name_of(path: Path) -> str:
    return path.relative_to(HOUSE).as_posix()


def imports(path: Path) -> Iterator[str]:
    """Every module a file imports, those inside functions included."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{name_of(path)}:{node.lineno} imports relatively"
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", ROOM_FILES, ids=name_of)
def test_a_room_imports_only_the_floors_below_it(path: Path) -> None:
    room = path.relative_to(HOUSE).parts[0]
    rooms = {module.split(".")[0] for module in imports(path)} & FLOOR.keys()

    assert all(FLOOR[other] < FLOOR[room] for other in rooms - {room})


@pytest.mark.parametrize("path", ROOM_FILES, ids=name_of)
def test_a_foreign_library_enters_by_its_own_door(path: Path) -> None:
    name = name_of(path)
    foreign = {module.split(".")[0] for module in imports(path)} & DOORS.keys()

    strangers = {library for library in foreign if not any(door in name for door in DOORS[library])}

    assert not strangers, f"{name} lets in {strangers}"


@pytest.mark.parametrize("path", ROOM_FILES, ids=name_of)
def test_a_module_opens_with_a_sentence(path: Path) -> None:
    docstring = ast.get_docstring(ast.parse(path.read_text()))

    assert docstring is not None
    assert docstring.split("\n\n")[0].strip().endswith((".", "?", ":"))


def test_no_import_goes_in_a_circle() -> None:
    modules = {name_of(p).removesuffix(".py").removesuffix("/__init__").replace("/", "."): p for p in ROOM_FILES}
    needs = {name: {m for m in imports(path) if m in modules and m != name} for name, path in modules.items()}

    while leaves := {name for name, wanted in needs.items() if not wanted}:
        needs = {name: wanted - leaves for name, wanted in needs.items() if name not in leaves}

    assert not needs, f"these import each other: {sorted(needs)}"


def test_a_room_is_entered_by_its_front_door() -> None:
    entered = {
        f"{name_of(path)} imports {module}"
        for path in ROOM_FILES
        if not any(maker in name_of(path) for maker in WHERE_THINGS_ARE_MADE)
        for module in imports(path)
        if module.split(".")[0] in FLOOR.keys() - {path.relative_to(HOUSE).parts[0]}
        if (HOUSE / module.replace(".", "/")).with_suffix(".py").exists()
        if module.split(".")[-1] not in SIDE_DOORS
    }

    assert not entered


# What is heavy is left out of a room's front door, and imported by its module where programs are put together.
WHERE_THINGS_ARE_MADE = ("bots/app.py", "memory/opening.py", "cli.py", "finetune/")
SIDE_DOORS = {"testing", "settings", "settings_file"}
