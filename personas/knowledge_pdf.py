"""Reads the text of a PDF's pages; the only file that knows pypdf exists."""

import logging
from collections.abc import Iterator
from io import BytesIO
from itertools import islice
from pathlib import Path

from personas.yaml_text import unreadable

MOST_PAGES = 3000
INSTALL = "pip install 'greenroom[knowledge]'"


def pages(data: bytes, file: Path) -> Iterator[tuple[int, str]]:
    """The number and text of every page that has any; `PersonaUnreadable` says what is wrong with the document."""
    try:
        from pypdf import PdfReader
        from pypdf.errors import DependencyError, PyPdfError
    except ImportError as exc:
        raise unreadable(file, "Reading PDF needs pypdf, which is not installed.", INSTALL) from exc
    logging.getLogger("pypdf").setLevel(logging.ERROR)  # it warns of every small fault it has mended
    try:
        reader = PdfReader(BytesIO(data))
        if reader.is_encrypted and not reader.decrypt(""):
            raise unreadable(file, "The PDF is locked with a password.", "Save a copy without one.")
        texts = [(number, page.extract_text()) for number, page in enumerate(islice(reader.pages, MOST_PAGES), 1)]
    except DependencyError as exc:
        raise unreadable(file, "The PDF is encrypted.", "Save a copy without encryption.") from exc
    except (PyPdfError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError, RecursionError) as exc:
        # a damaged PDF makes pypdf stumble over whatever it expected next
        raise unreadable(file, f"The PDF is damaged: {exc}.", "Open it and save it again.") from exc
    if not any(text.strip() for _, text in texts):
        raise unreadable(file, "The PDF has no text, only pictures of it.", "Run it through text recognition first.")
    yield from ((number, text) for number, text in texts if text.strip())
