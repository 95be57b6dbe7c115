"""Readers of MDS2 forms as fuzz targets: a SourceError is the only way out."""

from __future__ import annotations

import csv
import io
import logging
from collections.abc import Callable
from datetime import UTC, datetime

import pdfplumber  # noqa: F401 — loaded beforehand, so that its memory is not taken for that of an input

from leadapron.know.documents.mds2 import declarations, read_mds2
from leadapron.know.documents.mds2_pdf import extract
from leadapron.know.documents.origin import Origin
from leadapron.model.errors import SourceError
from leadapron.model.events import DocumentAdded
from tests.know.documents.mds2_samples import HEAD_2013, Row, one_page

Run = Callable[[bytes], frozenset[str]]

logging.getLogger("pdfminer").setLevel(logging.CRITICAL)  # it remarks on every broken object
logging.getLogger("pdfplumber").setLevel(logging.CRITICAL)

_ORIGIN = Origin(name="fuzz", ts=datetime(2026, 11, 24, tzinfo=UTC), key=b"")
ROWS_2019: tuple[Row, ...] = (
    ("Software Revision", "VA30A"),
    ("Question ID", "Question", "Yes, No, N/A, or See Note", "Note #"),
    ("DOC-1", "Maker", "ACME Imaging", "__"),
    ("DOC-7", "Date", "2024-02-29", "__"),
    *((f"SAHD-{number}", "Is it so?", "Yes,optional", "See Note 1") for number in range(1, 12)),
    ("SHAD-15", "Is it so?", "N/A", "__"),
    ("Note 1", "Ask the maker"),
)
ROWS_2013: tuple[Row, ...] = (
    *HEAD_2013,
    ("No.", "Question", "Yes", "No", "N/A", "Note #"),
    *((f"15-{number}", "Is it so?", "", "✓", "", "1") for number in range(1, 12)),
)


def _csv(rows: tuple[Row, ...]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


def _form(data: bytes) -> frozenset[str]:
    try:
        form = read_mds2(data, _ORIGIN.name)
    except SourceError as refused:
        return frozenset({str(refused).rpartition(": ")[2][:40]})
    document, *rest = declarations(form, _ORIGIN)
    assert isinstance(document, DocumentAdded)
    assert document.records == len(rest)
    return frozenset({form.edition, *(remark.partition("=")[0] for remark in form.remarks)})


def _pdf(data: bytes) -> frozenset[str]:
    try:
        pages = extract(data)
    except SourceError as refused:
        return frozenset({str(refused)[:40]})
    return frozenset({f"{bool(page.tables)} tables, {min(len(page.lines), 3)} lines" for page in pages})


_FIELD = b"<< /Type /Annot /Subtype /Widget /Rect [400 698 450 710] /FT /Ch /V (No) >>"
PDFS = [
    one_page(b"BT /F 10 Tf 50 700 Td (SAHD-1) Tj ET", _FIELD),
    one_page(b"50 650 200 60 re 50 680 m 250 680 l 150 650 m 150 710 l S BT /F 9 Tf 60 690 Td (AUTH-1 Yes) Tj ET"),
]


def targets() -> list[tuple[str, Run, list[bytes]]]:
    """Name, parser and seeds."""
    return [
        ("mds2", _form, [_csv(ROWS_2019), _csv(ROWS_2013)]),
        ("mds2-pdf", _pdf, PDFS),
    ]
