"""The labelled lines of tests/data/group_lines.txt: what was said, and who was meant."""

from pathlib import Path

FILE = Path(__file__).parent.parent / "data" / "group_lines.txt"
NAMES = {"mika": ("Mika", "美佳", "ミカ"), "bram": ("Bram",), "orla": ("Orla",)}

Lines = list[tuple[str, frozenset[str]]]


def labelled() -> Lines:
    """Every line with the ids of those it addresses."""
    found: Lines = []
    meant: frozenset[str] = frozenset()
    for line in FILE.read_text(encoding="utf-8").splitlines():
        if line.startswith("= "):
            meant = frozenset(line[2:].split(",")) - {"-"}
        elif line and not line.startswith("# "):
            found.append((line, meant))
    return found
