"""Changes one value in a persona's file and leaves comments, order and every other line as they were."""

from difflib import SequenceMatcher
from io import StringIO
from itertools import pairwise
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from personas.errors import Finding, PersonaError, PersonaWrong
from personas.persona import Persona
from personas.persona_file import load_text
from personas.yaml_text import Way, composer, dotted, parse, text_of

WIDEST = 4096  # no line is folded that its author did not fold


def set_value(file: Path, key: str, value: str) -> Persona:
    """Writes a value (YAML, or else plain text) to a key like `voice.tone` or `likes[0]`; returns the new persona.

    The file is replaced at once, and only if what it then says is a persona; else the error says why not.
    """
    text = text_of(file)
    refusal: PersonaError | None = None
    for meant in meanings(value):
        try:
            changed = with_value(text, file, way_of(key, file), meant)
            persona = load_text(changed, file)
        except PersonaError as exc:
            refusal = refusal or exc
        else:
            replace_file(file, changed)
            return persona
    assert refusal is not None, "a value means something, if only itself"
    raise refusal


def meanings(value: str) -> list[object]:
    """What a word on the command line may mean: what YAML reads in it, and the word itself."""
    try:
        read = YAML(typ="safe", pure=True).load(value)
    except (YAMLError, ValueError, OverflowError):
        return [value]
    return [value] if isinstance(read, str) else [read, value]


def way_of(key: str, file: Path) -> Way:
    """`voice.says[0]` as steps."""
    steps: list[str | int] = []
    for part in key.split("."):
        name, *numbers = part.split("[")
        if not name or not all(number.removesuffix("]").isdecimal() for number in numbers):
            raise PersonaWrong(
                [Finding(file, 0, 0, key, f"'{key}' is no key.", "Keys look like voice.tone or likes[0].")]
            )
        steps += [name, *(int(number.removesuffix("]")) for number in numbers)]
    return tuple(steps)


def with_value(text: str, file: Path, way: Way, value: object) -> str:
    """The text with another value at a key; parts on the way there are made when they are missing."""
    load_text(text, file)  # a broken file is mended first, by hand
    yaml = round_tripper(text)
    document: Any = yaml.load(text)
    untouched = dumped(yaml, document)
    holder = document
    for step, below in pairwise(way):
        holder = part_at(holder, step, file, way, [] if isinstance(below, int) else {})
    put(holder, way[-1], value, file, way)
    changed = dumped(yaml, document)
    grafted = graft(text, untouched, changed)
    return grafted if same(grafted, changed, file) else changed


def graft(text: str, untouched: str, changed: str) -> str:
    """The author's own lines, with those in their place that the change made others.

    ruamel.yaml keeps comments and order but has one indentation for a whole file; where it writes as many lines as it
    read, each of its lines stands for one of the author's.
    """
    own, before, after = text.splitlines(), untouched.splitlines(), changed.splitlines()
    if len(own) != len(before):
        return changed
    lines: list[str] = []
    for what, start, end, new_start, new_end in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        lines += own[start:end] if what == "equal" else after[new_start:new_end]
    return "\n".join(lines) + "\n"


def same(one: str, other: str, file: Path) -> bool:
    """Whether two texts say the same; a graft at another depth than its neighbours may not."""
    try:
        return parse(one, file).value == parse(other, file).value
    except PersonaError:
        return False


def dumped(yaml: YAML, document: Any) -> str:
    """The document as text."""
    stream = StringIO()
    yaml.dump(document, stream)
    return stream.getvalue()


def part_at(holder: Any, step: str | int, file: Path, way: Way, empty: object) -> Any:
    """The part of a document at one step, made if it is missing."""
    try:
        found = holder[step]
    except (KeyError, IndexError, TypeError):
        found = None
    if found is None:
        put(holder, step, empty, file, way)
        found = holder[step]
    return found


def put(holder: Any, step: str | int, value: object, file: Path, way: Way) -> None:
    """Sets a key of a mapping, or an item of a list, the next one included."""
    if isinstance(holder, dict):
        holder[step] = value
    elif isinstance(holder, list) and isinstance(step, int) and step <= len(holder):
        holder[step : step + 1] = [value]
    else:
        raise PersonaWrong([Finding(file, 0, 0, dotted(way), f"There is no place '{dotted(way)}' in this file.")])


def round_tripper(text: str) -> YAML:
    """A YAML that writes a document as it was written, with the lists indented as they are there."""
    yaml = composer()
    yaml.preserve_quotes = True
    yaml.width = WIDEST
    offset = indent_of_lists(text)
    yaml.indent(mapping=2, sequence=2 + offset, offset=offset)
    return yaml


def indent_of_lists(text: str) -> int:
    """How far a list stands to the right of its key, by the first one."""
    for line, below in pairwise(
        line for line in text.split("\n") if line.strip() and not line.lstrip().startswith("#")
    ):
        if line.rstrip().endswith(":") and below.lstrip().startswith("- "):
            return max(0, margin(below) - margin(line))
    return 2


def margin(line: str) -> int:
    """The blanks a line begins with."""
    return len(line) - len(line.lstrip())


def replace_file(file: Path, text: str) -> None:
    """Writes a file as a whole: a reader finds the old one or the new one, nothing between."""
    with NamedTemporaryFile("w", encoding="utf-8", dir=file.parent, prefix=f".{file.name}.", delete=False) as stream:
        stream.write(text)
    draft = Path(stream.name)
    draft.chmod(file.stat().st_mode & 0o777)
    draft.replace(file)
