"""Reads YAML somebody wrote by hand into plain values, and remembers the line and column of every one of them.

It composes ruamel.yaml's node tree and makes the values itself, so that nothing in a document can build an object,
grow by aliases, nest without end or hide a key behind another of the same name. Dates stay text as written.
What is not covered: merge keys (`<<`) and tags (`!name`) are refused, since `extends` does what they are used for.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from io import StringIO
from itertools import islice
from pathlib import Path
from typing import TypeAlias

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, StringMark, YAMLError
from ruamel.yaml.events import CollectionEndEvent, CollectionStartEvent, Event
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode

from personas.errors import Finding, PersonaUnreadable
from personas.half_letters import has_lone_half, joined
from personas.yaml_problem import plain_words
from personas.yaml_scalar import as_written, scalar

LARGEST_FILE = 512 * 1024
DEEPEST = 24
MOST_VALUES = 20_000
TAG = "tag:yaml.org,2002:"
FOLD = "\a"  # where ruamel.yaml marks the line breaks of a folded text, to write it back as it was

Value: TypeAlias = "str | int | float | bool | list[Value] | dict[str, Value] | None"
Way = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a key (or, in a list, a value) begins: the file, and line and column counted from 1.

    `written` is a number's own text where it is another than the number's.
    """

    file: Path
    line: int
    column: int
    source: str
    written: str = ""

    def finding(self, way: Way, sentence: str, cure: str = "") -> Finding:
        """What is wrong here."""
        return Finding(self.file, self.line, self.column, dotted(way), sentence, cure, self.source)


@dataclass(frozen=True, slots=True)
class Document:
    """A file's values, the place of each (`()` is the file's beginning), and what was wrong on the way."""

    value: Value
    spots: dict[Way, Spot]
    findings: tuple[Finding, ...] = ()


def read_document(file: Path) -> Document:
    """A file's document; `PersonaUnreadable` says why there is none."""
    return parse(text_of(file), file)


def text_of(file: Path) -> str:
    """The file's text, whatever line ends and byte order mark it has."""
    try:
        with file.open("rb") as stream:
            data = stream.read(LARGEST_FILE + 1)
    except FileNotFoundError:
        raise unreadable(file, "There is no such file.") from None
    except IsADirectoryError:
        raise unreadable(file, "This is a folder.", "Name the YAML file in it.") from None
    except (OSError, ValueError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) and exc.strerror else "its name is no file's name"
        raise unreadable(file, f"The file can't be opened: {reason}.") from exc
    if len(data) > LARGEST_FILE:
        raise unreadable(
            file, f"The file is larger than {LARGEST_FILE // 1024} KiB.", "Move long texts into `knowledge:` files."
        )
    return decoded(data, file)


def decoded(data: bytes, file: Path) -> str:
    """The bytes as UTF-8 text."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise unreadable(file, "The file is written in UTF-16.", "Save it as UTF-8.")
    try:
        return data.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as exc:
        line = data.count(b"\n", 0, exc.start) + 1
        column = exc.start - data.rfind(b"\n", 0, exc.start)
        finding = Finding(
            file, line, column, "", f"Byte 0x{data[exc.start]:02x} is not UTF-8 text.", "Save the file as UTF-8."
        )
        raise PersonaUnreadable([finding]) from exc


def parse(text: str, file: Path) -> Document:
    """The document in a text; an empty one is an empty mapping."""
    try:
        refuse_mazes(text, file)
        root = composer().compose(StringIO(text))
    except MarkedYAMLError as exc:
        raise PersonaUnreadable([said_plainly(exc, text, file)]) from exc
    except YAMLError as exc:
        raise PersonaUnreadable([forbidden_letter(text, file)]) from exc
    except (
        ArithmeticError,
        AssertionError,
        AttributeError,
        LookupError,
        NotImplementedError,
        TypeError,
        ValueError,
    ) as exc:
        # ruamel.yaml lets these escape on malformed directives, tags and escapes (`"\U99999999"`, `%YAML x`)
        raise unreadable(
            file, f"This is not YAML: {type(exc).__name__} while it was read.", "Look for stray % or \\."
        ) from exc
    return Maker(text, file).document(root)


def composer() -> YAML:
    """A YAML that takes an anchor's name twice, as YAML 1.2 allows, without a warning of it."""
    yaml = YAML()
    yaml.composer.warn_double_anchors = False
    return yaml


def refuse_mazes(text: str, file: Path) -> None:
    """Stops at a document nested so deeply, or so long, that composing it would take minutes or the whole stack."""
    depth = 0
    for number, event in enumerate(events(text)):
        depth += isinstance(event, CollectionStartEvent)
        depth -= isinstance(event, CollectionEndEvent)
        if depth > DEEPEST or number > 3 * MOST_VALUES:
            much = f"is nested deeper than {DEEPEST} levels" if depth > DEEPEST else f"has over {MOST_VALUES} values"
            raise PersonaUnreadable([spot_at(event.start_mark, text, file).finding((), f"The document {much}.")])


def events(text: str) -> Iterator[Event]:
    """The text's parsing events, one at a time."""
    return iter(YAML().parse(StringIO(text)))


class Maker:
    """Makes plain values of one node tree, noting places and findings as it goes."""

    def __init__(self, text: str, file: Path) -> None:
        self._lines = text.split("\n")
        self._file = file
        self._spots: dict[Way, Spot] = {(): Spot(file, 1, 1, self._lines[0])}
        self._findings: list[Finding] = []
        self._made = 0

    def document(self, root: Node | None) -> Document:
        """The tree as a document."""
        value = self._value(root, ()) if root is not None else {}
        return Document(value, self._spots, tuple(self._findings))

    def _value(self, node: Node, way: Way) -> Value:
        self._made += 1
        if self._made > MOST_VALUES:
            # aliases of aliases multiply: this is where a "billion laughs" ends
            raise PersonaUnreadable([self._at(node).finding(way, f"Aliases make this more than {MOST_VALUES} values.")])
        if len(way) > DEEPEST:
            raise PersonaUnreadable([self._at(node).finding(way, "This alias contains itself, or nests without end.")])
        if isinstance(node, ScalarNode):
            return self._scalar(node, way)
        return self._mapping(node, way) if isinstance(node, MappingNode) else self._sequence(node, way)

    def _mapping(self, node: MappingNode, way: Way) -> dict[str, Value]:
        made: dict[str, Value] = {}
        for key, value in node.value:
            if not isinstance(key, ScalarNode):
                self._complain(key, way, "A key is a word, not a list or a mapping.")
            elif key.tag == f"{TAG}merge":
                self._complain(key, way, "Merge keys (<<) are not read here.", "Use `extends: base.yaml`.")
            elif (name := self._text(key, way)) in made:
                first = self._spots[*way, name].line
                self._complain(key, (*way, name), f"'{name}' stands here twice; first in line {first}.", "Keep one.")
            else:
                self._spots[*way, name] = self._at(key)
                made[name] = self._value(value, (*way, name))
        return made

    def _sequence(self, node: Node, way: Way) -> list[Value]:
        made: list[Value] = []
        for number, item in enumerate(node.value):
            self._spots[*way, number] = self._at(item)
            made.append(self._value(item, (*way, number)))
        return made

    def _scalar(self, node: ScalarNode, way: Way) -> Value:
        kind = str(node.tag).removeprefix(TAG)
        if kind not in {"str", "int", "float", "bool", "null", "timestamp"}:
            self._complain(node, way, f"Tags ({node.tag}) are not read here.", "Write the value without one.")
            return joined(node.value)
        text = self._text(node, way)
        try:
            value = scalar(kind, text)
        except ValueError:
            self._complain(node, way, f"'{text[:40]}' is no number one can use.", "Put it in quotes.")
            return None
        if kind in {"int", "float"} and str(value) != text:
            self._spots[way] = replace(self._spots[way], written=text)
        return value

    def _text(self, node: ScalarNode, way: Way) -> str:
        text = node.value.replace(FOLD, "") if node.style == ">" else node.value
        if has_lone_half(text):
            self._complain(
                node, way, "Half of a letter is escaped here (\\ud800 to \\udfff).", "Write the letter itself."
            )
        return joined(text)

    def _complain(self, node: Node, way: Way, sentence: str, cure: str = "") -> None:
        self._findings.append(self._at(node).finding(way, sentence, cure))

    def _at(self, node: Node) -> Spot:
        line = node.start_mark.line
        return Spot(
            self._file, line + 1, node.start_mark.column + 1, self._lines[line] if line < len(self._lines) else ""
        )


def with_words(value: Value, spots: Mapping[Way, Spot], way: Way = ()) -> Value:
    """The value with numbers that say themselves as they were written, for where text is wanted."""
    if isinstance(value, dict):
        return {key: with_words(inner, spots, (*way, key)) for key, inner in value.items()}
    if isinstance(value, list):
        return [with_words(inner, spots, (*way, number)) for number, inner in enumerate(value)]
    return as_written(value, spots[way].written if way in spots else "")


def said_plainly(exc: MarkedYAMLError, text: str, file: Path) -> Finding:
    """A YAML error in words for somebody who does not know YAML's own."""
    spot = spot_at(exc.problem_mark or exc.context_mark, text, file)
    problem = str(exc.problem or exc.context or "this is not YAML")
    if spot.source[spot.column - 1 : spot.column] == "\t" or "'\\t'" in problem:
        return spot.finding((), "A tab stands here.", "YAML is indented with spaces.")
    return spot.finding((), *plain_words(problem))


def forbidden_letter(text: str, file: Path) -> Finding:
    """The first sign that YAML does not allow in a document."""
    for line, words in enumerate(text.split("\n")):
        for column, letter in enumerate(words):
            if not (letter.isprintable() or letter == "\t") and (
                ord(letter) < 0xA0 or 0xD800 <= ord(letter) < 0xE000 or ord(letter) > 0xFFFD
            ):
                return Finding(
                    file,
                    line + 1,
                    column + 1,
                    "",
                    f"The control character U+{ord(letter):04X} stands here.",
                    "Delete it.",
                    words,
                )
    return Finding(file, 0, 0, "", "This is not YAML.", "")


def spot_at(mark: StringMark | None, text: str, file: Path) -> Spot:
    """The place a mark of ruamel.yaml points at."""
    line = mark.line if mark else 0
    source = next(islice(StringIO(text), line, line + 1), "").rstrip("\n")
    return Spot(file, line + 1, (mark.column if mark else 0) + 1, source)


def nearest_spot(way: Way, spots: Mapping[Way, Spot]) -> Spot:
    """The place of a value, or of what it would stand in."""
    while way not in spots:
        way = way[:-1]
    return spots[way]


def unreadable(file: Path, sentence: str, cure: str = "") -> PersonaUnreadable:
    """An error about a file as a whole."""
    return PersonaUnreadable([Finding(file, 0, 0, "", sentence, cure)])


def dotted(way: Way) -> str:
    """`voice.says[2]`, as people write a path."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in way).removeprefix(".")


def kind_word(value: Value) -> str:
    """What a YAML value is called among people."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return f"{str(value).lower()} without quotes"
    names = {str: "text", int | float: "a number", list: "a list", dict: "a mapping"}
    return next(name for kind, name in names.items() if isinstance(value, kind))
