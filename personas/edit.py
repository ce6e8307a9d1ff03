"""Changes one value in a persona's file and leaves comments, order and every other line as they were."""

from codecs import BOM_UTF8
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
from personas.yaml_graft import graft, margin
from personas.yaml_text import Way, composer, dotted, parse, text_of

WIDEST = 4096  # no line is folded that its author did not fold


def set_value(file: Path, key: str, value: str) -> Persona:
    """Writes a value (YAML, or else plain text) to a key like `voice.tone` or `likes[0]`; returns the new persona.

    The file is replaced at once, and only if what it then says is a persona; else the error says why not.
    """
    text, way = text_of(file), way_of(key, file)
    refusal: PersonaError | None = None
    for meant in meanings(value, file):
        try:
            changed = with_value(text, file, way, meant)
            persona = load_text(changed, file)
        except PersonaError as exc:
            refusal = refusal or exc
            continue
        if meant == value or not is_other_text(persona, way, value):
            replace_file(file, changed)
            return persona
    assert refusal is not None, "a word is refused, or means itself"
    raise refusal


def meanings(value: str, file: Path) -> list[object]:
    """What a word on the command line may mean: what YAML reads in it, and the word itself."""
    try:
        parse(value, file)
        read = composer().load(value)
    except (PersonaError, YAMLError, ValueError, OverflowError):
        return [value]
    return [value] if isinstance(read, str) else [read, value]


def is_other_text(persona: Persona, way: Way, word: str) -> bool:
    """Whether the persona has a text at a key, and not this word: `# 1 fan!`, which YAML reads as a remark."""
    found: object = persona.model_dump(mode="json")
    for step in way:
        if isinstance(found, dict):
            found = found.get(step)
        elif isinstance(found, list) and isinstance(step, int) and step < len(found):
            found = found[step]
        else:
            return False
    return isinstance(found, str) and found != word


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


def replace_file(file: Path, text: str) -> None:
    """Writes a file as a whole: a reader finds the old one or the new one, nothing between. A link stays a link."""
    file = file.resolve()
    with NamedTemporaryFile(dir=file.parent, prefix=f".{file.name}.", delete=False) as stream:
        stream.write(as_in(file, text).encode())
    draft = Path(stream.name)
    draft.chmod(file.stat().st_mode & 0o777)
    draft.replace(file)


def as_in(file: Path, text: str) -> str:
    """A text with the byte order mark and the line ends that a file has."""
    old = file.read_bytes()
    mark = "\ufeff" if old.startswith(BOM_UTF8) else ""
    return mark + (text.replace("\n", "\r\n") if b"\r\n" in old else text)
