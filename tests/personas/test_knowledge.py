"""Documents become passages that can be recalled and found again in the document."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from personas import PersonaUnreadable, render
from personas.knowledge import LONGEST, Passage, document_passages, passages, stretches
from tests.personas.scenes import NOVA, scene

TOWN = """\
Intro line.

# Harbour

The harbour has three piers.

## Opening hours

It opens at six. It closes at ten.

```
# not a heading
```

# Market
Fish on Fridays.
"""


def read(folder: Path, name: str, content: str | bytes) -> list[Passage]:
    file = folder / name
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return list(document_passages(file, name))


def pdf(*pages: str) -> bytes:
    """A PDF written by hand: a page for each text, without a table of where its parts begin, which readers mend."""
    kids = " ".join(f"{10 + 2 * n} 0 R" for n in range(len(pages)))
    parts = [
        "1 0 obj << /Type /Catalog /Pages 2 0 R >> endobj",
        f"2 0 obj << /Type /Pages /Kids [{kids}] /Count {len(pages)} >> endobj",
        "3 0 obj << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> endobj",
    ]
    for n, text in enumerate(pages):
        stream = f"BT /F1 12 Tf 72 700 Td ({text}) Tj ET"
        parts += [
            f"{10 + 2 * n} 0 obj << /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {11 + 2 * n} 0 R "
            "/Resources << /Font << /F1 3 0 R >> >> >> endobj",
            f"{11 + 2 * n} 0 obj << /Length {len(stream)} >> stream\n{stream}\nendstream endobj",
        ]
    return ("%PDF-1.4\n" + "\n".join(parts) + "\ntrailer << /Root 1 0 R /Size 99 >>\nstartxref\n0\n%%EOF").encode()


def test_markdown_is_cited_by_its_headings(tmp_path: Path) -> None:
    found = read(tmp_path, "town.md", TOWN)

    assert [passage.citation for passage in found] == [
        "town.md",
        "town.md, Harbour",
        "town.md, Harbour › Opening hours",
        "town.md, Market",
    ]
    assert "# not a heading" in found[2].text


def test_a_passage_says_where_in_the_document_it_stands(tmp_path: Path) -> None:
    found = read(tmp_path, "town.md", TOWN)

    assert all(TOWN[passage.start : passage.end] == passage.text for passage in found)


def test_a_pdf_is_cited_by_its_pages(tmp_path: Path) -> None:
    found = read(tmp_path, "rules.pdf", pdf("Rule one is kindness.", "", "Rule two is tea."))

    assert [(passage.citation, passage.text) for passage in found] == [
        ("rules.pdf, page 1", "Rule one is kindness."),
        ("rules.pdf, page 3", "Rule two is tea."),
    ]


def test_a_passage_keeps_its_id_when_the_text_around_it_changes(tmp_path: Path) -> None:
    before = {passage.text: passage.id for passage in read(tmp_path, "town.md", TOWN)}

    after = {p.text: p.id for p in read(tmp_path, "town.md", "Something new.\n\n" + TOWN.replace("six", "seven"))}

    same = before.keys() & after.keys()
    assert "Fish on Fridays." in same
    assert all(before[text] == after[text] for text in same)


def test_the_same_words_twice_are_two_passages(tmp_path: Path) -> None:
    found = read(tmp_path, "song.md", "# One\nLa la.\n# Two\nLa la.\n")

    assert len({passage.id for passage in found}) == 2


@settings(max_examples=200, deadline=None)
@given(st.text(st.sampled_from("ab .!?\n。！你\t") | st.characters(codec="utf-8"), max_size=3000))
def test_no_word_of_a_document_is_lost_and_no_passage_is_too_long(text: str) -> None:
    spans = list(stretches(text))

    assert all(end - start <= LONGEST for start, end in spans)
    edges = [0, *(edge for span in spans for edge in span), len(text)]
    assert edges == sorted(edges)
    outside = "".join(text[edges[n] : edges[n + 1]] for n in range(0, len(edges), 2))
    assert not outside.strip()


def test_a_long_paragraph_is_cut_at_the_ends_of_sentences(tmp_path: Path) -> None:
    found = read(tmp_path, "long.txt", "A sentence of some length, said calmly. " * 60)

    assert len(found) > 2
    assert all(passage.text.endswith("calmly.") for passage in found)


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.docx", b"", "'.docx' is no kind of document we read. Known are: .md, .markdown, .txt, .pdf."),
        ("a.txt", b"\xff\xfe", "The file is written in UTF-16."),
        ("a.pdf", b"", "The PDF is damaged"),
        ("a.pdf", b"%PDF-1.4 nothing else", "The PDF is damaged"),
        ("a.pdf", pdf(""), "The PDF has no text, only pictures of it."),
    ],
)
def test_a_document_that_cannot_be_read_is_told_in_a_sentence(
    tmp_path: Path, name: str, content: bytes, sentence: str
) -> None:
    with pytest.raises(PersonaUnreadable) as caught:
        read(tmp_path, name, content)

    assert sentence in str(caught.value)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 600), st.binary(max_size=20))
def test_a_damaged_pdf_ends_in_text_or_a_sentence(
    tmp_path_factory: pytest.TempPathFactory, at: int, junk: bytes
) -> None:
    whole = pdf("Rule one is kindness.", "Rule two is tea.")
    data = whole[:at] + junk + whole[at + len(junk) :]

    outcome = pages_or_error(tmp_path_factory.mktemp("pdf"), data)

    assert isinstance(outcome, PersonaUnreadable) or all(passage.page for passage in outcome)


def pages_or_error(folder: Path, data: bytes) -> list[Passage] | PersonaUnreadable:
    try:
        return read(folder, "a.pdf", data)
    except PersonaUnreadable as exc:
        return exc


def test_a_persona_knows_all_documents_she_names(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("Tea is at four.")
    (tmp_path / "b.md").write_text("# Cake\nCake is at five.")
    persona = NOVA.model_copy(update={"knowledge": ("a.txt", "b.md")})

    found = passages(persona, tmp_path)

    assert [passage.citation for passage in found] == ["a.txt", "b.md, Cake"]


def test_a_recalled_passage_stands_in_the_prompt_with_its_source(tmp_path: Path) -> None:
    (passage,) = read(tmp_path, "a.txt", 'Tea is "at four".')
    recalled = passage.recollection(score=0.9, confidence=0.8, now=datetime(2026, 3, 9, tzinfo=UTC))

    content = render(scene(recollections=(recalled,))).messages[-1].content

    assert "- a.txt: \"Tea is 'at four'.\"" in content
