"""The documents a persona knows: cut into passages short enough to recall, each with its place in the document.

A passage keeps its id while its words stay the same, wherever they move, so that whoever holds vectors makes new ones
only for what is new. Markdown is cut at headings, text at paragraphs, PDF at pages; what is longer than one passage at
the ends of sentences. What is not covered: pictures, tables of a PDF as tables, and scanned pages without text.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from personas.persona import Persona
from personas.scene import Recollection
from personas.yaml_text import decoded, unreadable

LONGEST = 700  # letters; about 150 words, well inside the 256 tokens an encoder reads
LARGEST_DOCUMENT = 32 * 1024 * 1024
HEADING = re.compile(r"^ {0,3}(#{1,6})[ \t]+(.+?)[ \t#]*$", re.MULTILINE)
FENCE = re.compile(r"^ {0,3}(```|~~~).*?^ {0,3}\1[ \t]*$", re.MULTILINE | re.DOTALL)
PARAGRAPH_END = re.compile(r"\n[ \t]*\n\s*")
SENTENCE_END = re.compile(r"""(?:(?<=[.!?…])|(?<=[.!?…]["')\]]))\s+|(?<=[。！？])|\n""")


@dataclass(frozen=True, slots=True)
class Passage:
    """A stretch of a document. `start` and `end` count letters of its text (of the page's, where there are pages)."""

    id: str
    document: str
    text: str
    start: int
    end: int
    heading: str = ""
    page: int | None = None

    @property
    def citation(self) -> str:
        """Where a reader finds it: 'rules.pdf, page 3', 'town.md, Harbour › Opening hours'."""
        place = f"page {self.page}" if self.page else self.heading
        return f"{self.document}, {place}" if place else self.document

    def recollection(self, *, score: float, confidence: float, now: datetime) -> Recollection:
        """The passage as it comes to mind in a scene, with where it comes from."""
        return Recollection(self.id, self.text, "", now, score, confidence, kind="knowledge", source=self.citation)


@dataclass(frozen=True, slots=True)
class Section:
    """Text under one heading, or on one page; `start` is where it begins."""

    text: str
    start: int = 0
    heading: str = ""
    page: int | None = None


def passages(persona: Persona, folder: Path) -> tuple[Passage, ...]:
    """Everything a persona's documents say; `PersonaUnreadable` names the document that can't be read, and why."""
    return tuple(passage for name in persona.knowledge for passage in document_passages(folder / name, name))


def document_passages(file: Path, name: str) -> Iterator[Passage]:
    """A document's passages, in its order."""
    read = READERS.get(file.suffix.lower())
    if read is None:
        raise unreadable(file, f"'{file.suffix}' is no kind of document we read.", f"Known are: {', '.join(READERS)}.")
    met: Counter[str] = Counter()
    for section in read(bytes_of(file), file):
        for start, end in stretches(section.text):
            text = section.text[start:end]
            met[text] += 1  # the same words twice in one document are two passages
            key = f"{name}\x1f{met[text]}\x1f{' '.join(text.split())}"
            digest = sha256(key.encode("utf-8", errors="replace")).hexdigest()[:16]
            yield Passage(digest, name, text, section.start + start, section.start + end, section.heading, section.page)


def bytes_of(file: Path) -> bytes:
    """The document as it lies there."""
    try:
        with file.open("rb") as stream:
            data = stream.read(LARGEST_DOCUMENT + 1)
    except OSError as exc:
        raise unreadable(file, f"The document can't be opened: {exc.strerror}.") from exc
    if len(data) > LARGEST_DOCUMENT:
        raise unreadable(file, f"The document is larger than {LARGEST_DOCUMENT >> 20} MiB.", "Cut it into several.")
    return data


def markdown_sections(data: bytes, file: Path) -> Iterator[Section]:
    """One section for each heading, named by all headings above it; a # inside a code fence is none."""
    text = decoded(data, file)
    fenced = [found.span() for found in FENCE.finditer(text)]
    headings = [h for h in HEADING.finditer(text) if not any(start <= h.start() < end for start, end in fenced)]
    ends = [*(heading.start() for heading in headings[1:]), len(text)]
    yield Section(text[: headings[0].start()] if headings else text)
    above: dict[int, str] = {}
    for heading, end in zip(headings, ends, strict=False):
        level = len(heading[1])
        above = {known: title for known, title in above.items() if known < level} | {level: heading[2]}
        yield Section(text[heading.end() : end], heading.end(), " › ".join(above.values()))


def text_sections(data: bytes, file: Path) -> Iterator[Section]:
    """Plain text is one section."""
    yield Section(decoded(data, file))


def pdf_sections(data: bytes, file: Path) -> Iterator[Section]:
    """One section for each page that has text."""
    from personas.knowledge_pdf import pages  # an extra: most personas know no PDF

    yield from (Section(text, page=number) for number, text in pages(data, file))


Reader = Callable[[bytes, Path], Iterator[Section]]
READERS: dict[str, Reader] = {
    ".md": markdown_sections,
    ".markdown": markdown_sections,
    ".txt": text_sections,
    ".pdf": pdf_sections,
}


def stretches(text: str) -> Iterator[tuple[int, int]]:
    """Where passages begin and end: whole paragraphs as long as they fit together, long ones cut at sentences."""
    begin, last = 0, 0
    for start, end in pieces(text):
        if last > begin and end - begin > LONGEST:
            yield from trimmed(text, begin, last)
            begin = start
        last = end
    yield from trimmed(text, begin, last)


def pieces(text: str) -> Iterator[tuple[int, int]]:
    """Paragraphs; of a long one its sentences; of an endless sentence as much as a passage holds."""
    for start, end in between(PARAGRAPH_END, text, 0, len(text)):
        if end - start <= LONGEST:
            yield start, end
            continue
        for first, last in between(SENTENCE_END, text, start, end):
            yield from ((at, min(at + LONGEST, last)) for at in range(first, last, LONGEST))


def between(pattern: re.Pattern[str], text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The stretches that a pattern separates."""
    at = start
    for found in pattern.finditer(text, start, end):
        if found.start() > at:
            yield at, found.start()
        at = found.end()
    if at < end:
        yield at, end


def trimmed(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The stretch without blanks around it, or nothing if it is all blank."""
    inside = text[start:end].strip()
    if inside:
        first = start + text[start:end].index(inside)
        yield first, first + len(inside)
