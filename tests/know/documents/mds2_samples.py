"""Filled MDS2 forms for tests, made from our own wording: workbooks, CSV text and PDFs."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import typst
from openpyxl import Workbook

from lab.forms import Answer, filled_form
from leadapron.know.documents.mds2_questions import load_old_form, load_questions

Row = Sequence[str | None]

ANSWERS: Mapping[str, Answer] = {
    "DOC-1": "ACME Imaging",
    "DOC-3": "ScanOne 3000",
    "DOC-4": "D-17 rev. B",
    "DOC-7": "2024-02-29",
    "DOC-8": "Yes",
    "ALOF-1": "No ",
    "CSUP-2": ("Yes", "Windows 10 IoT Enterprise 2019"),
    "CONN-7": "See Note",
    "SAHD-15": "Yes",
    "TXCF-2": "Yes,optional",
    "RMOT-1": ("Yes", "By VPN, on request"),
    "EMRG-1": "N/A",
}


def form_2019(folder: Path, answers: Mapping[str, Answer] = ANSWERS, language: str = "en") -> bytes:
    """A workbook like the official sheet."""
    path = folder / "form.xlsx"
    filled_form(path, answers, {"Software Revision": "VA30A"}, language=language)
    return path.read_bytes()


def workbook(*sheets: tuple[str, Iterable[Row]]) -> bytes:
    """A workbook of these sheets."""
    book = Workbook()
    book.remove(book.worksheets[0])
    for title, rows in sheets:
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(list(row))
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


HEAD_2013: tuple[Row, ...] = (
    ("MDS2",),
    ("Device Category", "Manufacturer", "Document ID", "Document Release Date"),
    ("Ultrasound", "ACME Imaging", "D-9", "05-Mar-2014"),
    ("Device Model", "Software Revision", None, "Software Release Date"),
    ("EchoTwo", "R4.1L1", None, "2013-11-02"),
)


def rows_2013(answers: Mapping[str, str]) -> list[Row]:
    """All questions of the older form in four columns; unnamed ones are answered "No"."""
    rows = [*HEAD_2013, (None, None, "Yes, No, N/A, or See Note", "Note #")]
    for number, question in load_old_form().questions.items():
        answer, _, note = answers.get(number, "No").partition("|")
        rows.append((number, load_questions()[question].en, answer, note))
    return rows


def ticked_2013(answers: Mapping[str, str]) -> list[Row]:
    """The same with a column for each answer, one of them ticked."""
    rows: list[Row] = [*HEAD_2013, ("No.", "Question", "Yes", "No", "N/A", "Note #")]
    for number, question in load_old_form().questions.items():
        answer, _, note = answers.get(number, "No").partition("|")
        ticks = ["✓" if answer == each else "" for each in ("Yes", "No", "N/A")]
        rows.append((number, load_questions()[question].en, *ticks, note))
    return rows


def pdf(rows: Iterable[Row], *, ruled: bool) -> bytes:
    """The rows as a printed table, with or without lines."""
    cells = []
    for row in rows:
        padded = (list(row) + [None] * 4)[:4]
        cells += [f'[#"{cell}"]' if cell else "[]" for cell in padded]
    stroke = "0.5pt" if ruled else "none"
    table = f"#table(columns: (2cm, 1fr, 3.5cm, 3cm), stroke: {stroke}, {', '.join(cells)})"
    return typst.compile(f"#set page(margin: 1.5cm)\n#set text(size: 8pt)\n{table}\n".encode())


def raw_pdf(*objects: bytes, trailer: bytes = b"") -> bytes:
    """A PDF of numbered objects (ISO 32000-1 §7.5), the first of which is the catalogue."""
    out = bytearray(b"%PDF-1.7\n")
    offsets = []
    for number, each in enumerate(objects, start=1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, each)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer\n<< /Size %d /Root 1 0 R %b >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, trailer, start)
    return bytes(out)


def one_page(content: bytes, *annotations: bytes, trailer: bytes = b"") -> bytes:
    """A PDF of one page with this content stream and these annotations."""
    page = (
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents 4 0 R "
        b"/Resources << /Font << /F 5 0 R >> >> /Annots [%b] >>" % b" ".join(annotations)
    )
    return raw_pdf(
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        page,
        b"<< /Length %d >>\nstream\n%b\nendstream" % (len(content), content),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        trailer=trailer,
    )
