"""Tables and text of a PDF, read by pdfplumber in a process of its own.

A PDF is a program of sorts: nested objects, endless streams and forged tables of contents make its readers hang or
eat memory. So a child process reads it under limits of time and memory, and answers with plain cells and lines; when
it dies, only the document is lost. The child is this module, run by `python -m`.
"""

from __future__ import annotations

import io
import subprocess  # starts this module alone, with a fixed command line
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from leadapron.know.documents.untrusted import LIBRARY_ERRORS, check_size
from leadapron.model.errors import SourceError

if TYPE_CHECKING:
    from pdfplumber.page import Page

MAX_FILE = 32 << 20
"""Bytes of a PDF."""
MAX_PAGES = 80
"""A form has 8 to 20 pages; more is a manual that contains one."""
MAX_SECONDS = 60
MAX_MEMORY = 512 << 20
"""Bytes of address space of the child, its libraries included; a form takes some 60 MB."""
MAX_CHARACTERS = 2_000_000
"""Of all text together; a form has some 60,000."""
MAX_PAGE_OBJECTS = 20_000
"""Characters, lines and boxes of one page; beyond, finding tables takes minutes."""
LINE_HEIGHT = 4.0
"""Points between the middles of words of one line."""

_SPLIT = "print the pages that hold the form to a PDF of their own, or ask the maker for the spreadsheet"


class PdfPage(Struct, frozen=True):
    """`tables`: rows of cells; `lines`: all text in reading order, filled-in fields included."""

    tables: tuple[tuple[tuple[str, ...], ...], ...] = ()
    lines: tuple[str, ...] = ()


class _Read(Struct, frozen=True, kw_only=True):
    """The child's answer: pages, or what is wrong."""

    pages: tuple[PdfPage, ...] = ()
    error: str = ""


def read_pdf(data: bytes, name: str) -> tuple[PdfPage, ...]:
    """All pages of a PDF. SourceError says why it cannot be read, and what to do."""
    check_size(data, MAX_FILE, name, _SPLIT)
    command = [sys.executable, "-P", "-m", __spec__.name]  # -P: nothing is imported from the folder we stand in
    try:
        child = subprocess.run(command, input=data, capture_output=True, timeout=MAX_SECONDS, check=False)  # noqa: S603
        read = msgspec.msgpack.decode(child.stdout, type=_Read)
    except subprocess.TimeoutExpired as error:
        raise SourceError(f"{name}: reading this PDF took more than {MAX_SECONDS} seconds; {_SPLIT}") from error
    except (msgspec.DecodeError, OSError) as error:
        raise SourceError(f"{name}: this PDF cannot be read safely; {_SPLIT}") from error
    if read.error:
        raise SourceError(f"{name}: {read.error}")
    return read.pages


# ---------------------------------------------------------------- in the child
def extract(data: bytes) -> tuple[PdfPage, ...]:
    """Pages of a PDF; SourceError without the file's name. Unbounded in time: call `read_pdf`."""
    import pdfplumber  # heavy, and only the child needs it
    from pdfminer.pdfdocument import PDFEncryptionError, PDFPasswordIncorrect
    from pdfminer.psexceptions import PSException
    from pdfplumber.utils.exceptions import MalformedPDFException, PdfminerException

    try:
        with pdfplumber.open(io.BytesIO(data)) as document:
            if len(document.pages) > MAX_PAGES:
                raise SourceError(f"{len(document.pages)} pages, at most {MAX_PAGES} are read; {_SPLIT}")
            pages = tuple(_pages(document.pages))
    except (MemoryError, PSException, PdfminerException, MalformedPDFException, *LIBRARY_ERRORS) as error:
        causes = (error, *error.args, error.__cause__, error.__context__)
        if any(isinstance(cause, (PDFEncryptionError, PDFPasswordIncorrect)) for cause in causes):
            raise SourceError("protected by a password; ask the maker for an open copy or the spreadsheet") from error
        if any(isinstance(cause, MemoryError) for cause in causes):
            raise SourceError(f"unpacks to more than {MAX_MEMORY >> 20} MB; {_SPLIT}") from error
        raise SourceError(f"a damaged PDF ({type(error).__name__}); {_SPLIT}") from error
    if not any(page.lines for page in pages):
        raise SourceError("holds only pictures, no text; ask the maker for the spreadsheet")
    return pages


def _pages(pages: Iterable[Page]) -> Iterator[PdfPage]:
    characters = 0
    for number, page in enumerate(pages, start=1):
        objects = sum(map(len, page.objects.values()))
        if objects > MAX_PAGE_OBJECTS:
            raise SourceError(f"page {number}: {objects} letters and lines, too many to be read; {_SPLIT}")
        fields = _fields(page)
        read = PdfPage(tuple(_tables(page, fields)), tuple(_lines(page, fields)))
        characters += sum(map(len, read.lines))
        if characters > MAX_CHARACTERS:
            raise SourceError(f"page {number}: too much text; {_SPLIT}")
        yield read
        page.close()


class _Field(Struct, frozen=True):
    """A filled-in field of a form and its middle."""

    text: str
    x: float
    y: float


def _fields(page: Page) -> list[_Field]:
    """Filled-in fields (ISO 32000-1 §12.7): their text is drawn by the viewer and is not part of the page."""
    fields = []
    for each in page.annots[:2_000]:
        found: dict[str, Any] = {}
        level: Any = each.get("data")
        for _ in range(4):  # a field's kind and value may stand in its parent
            if isinstance(level, dict):
                found = {**_resolved(level), **found}
                level = found.pop("Parent", None)
        text = _field_text(found)
        if text:
            fields.append(_Field(text, (each["x0"] + each["x1"]) / 2, (each["top"] + each["bottom"]) / 2))
    return fields


def _resolved(level: dict[str, Any]) -> dict[str, Any]:
    from pdfminer.pdftypes import resolve1

    return {key: resolve1(level[key]) for key in ("Subtype", "FT", "V", "AS", "Parent") if key in level}


def _field_text(field: dict[str, Any]) -> str:
    from pdfminer.psparser import PSLiteral
    from pdfminer.utils import decode_text

    def text(value: object) -> str:
        if isinstance(value, PSLiteral):
            return str(value.name)
        return decode_text(value) if isinstance(value, bytes) else ""

    if text(field.get("Subtype")) != "Widget":
        return ""
    if text(field.get("FT")) == "Btn":
        return "X" if text(field.get("AS") or field.get("V")) not in ("", "Off") else ""
    return text(field.get("V")).strip()


def _tables(page: Page, fields: Sequence[_Field]) -> Iterator[tuple[tuple[str, ...], ...]]:
    for table in page.find_tables():
        rows = []
        for row, texts in zip(table.rows, table.extract(), strict=True):
            cells = []
            for box, text in zip(row.cells, texts, strict=True):
                inside = [field.text for field in fields if box and _within(field, box)]
                cells.append(" ".join(filter(None, (text or "", *inside))).strip())
            rows.append(tuple(cells))
        yield tuple(rows)


def _within(field: _Field, box: tuple[float, float, float, float]) -> bool:
    x0, top, x1, bottom = box
    return x0 <= field.x <= x1 and top <= field.y <= bottom


def _lines(page: Page, fields: Sequence[_Field]) -> Iterator[str]:
    """Words and fields whose middles are on one height, from left to right."""
    words = [_Field(w["text"], (w["x0"] + w["x1"]) / 2, (w["top"] + w["bottom"]) / 2) for w in page.extract_words()]
    line: list[_Field] = []
    for word in sorted((*words, *fields), key=lambda word: word.y):
        if line and word.y - line[0].y > LINE_HEIGHT:
            yield " ".join(each.text for each in sorted(line, key=lambda each: each.x))
            line = []
        line.append(word)
    if line:
        yield " ".join(each.text for each in sorted(line, key=lambda each: each.x))


def _limit() -> None:
    """Bound this process; platforms without such limits have the parent's clock."""
    try:
        import resource
    except ImportError:
        return
    for kind, most in ((resource.RLIMIT_CPU, MAX_SECONDS), (resource.RLIMIT_AS, MAX_MEMORY)):
        try:
            _, hard = resource.getrlimit(kind)
            resource.setrlimit(kind, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))
        except (OSError, ValueError):
            continue


def _child() -> None:
    _limit()
    try:
        read = _Read(pages=extract(sys.stdin.buffer.read()))
    except SourceError as error:
        read = _Read(error=str(error))
    sys.stdout.buffer.write(msgspec.msgpack.encode(read))


if __name__ == "__main__":
    _child()
