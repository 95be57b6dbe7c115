"""MDS2 forms as PDF: printed tables, running text, filled-in fields, and files made to harm."""

from __future__ import annotations

import random
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.forms import load_forms
from leadapron.know.documents import mds2_pdf
from leadapron.know.documents.mds2 import read_mds2
from leadapron.know.documents.mds2_grid import Line
from leadapron.know.documents.mds2_lines import read_lines
from leadapron.know.documents.mds2_pdf import extract, read_pdf
from leadapron.know.documents.mds2_questions import load_sections
from leadapron.model.errors import SourceError
from leadapron.model.events import DeclaredAnswer
from tests.know.documents.mds2_samples import ANSWERS, Row, form_2019, one_page, pdf, raw_pdf, rows_2013

TEXT = b"BT /F 10 Tf 50 700 Td (Hello) Tj ET"


def printed() -> list[Row]:
    """The rows of a form of 2019 as on paper."""
    rows: list[Row] = [("Question ID", "Question", None, "See note")]
    for section in load_sections():
        rows.append((None, section.titles["en"], "Yes, No, N/A, or See Note", "Note #"))
        for question in section.questions:
            said = ANSWERS.get(question.id, "No")
            answer, note = (said, "__") if isinstance(said, str) else (said[0], "See Note 1")
            shown = {"DOC-1": "Manufacturer Name", "DOC-3": "Device Model"}.get(question.id, f"{question.en}?")
            rows.append((question.id, shown, answer, note))
    return [*rows, ("Note 1", "Ask the maker")]


@pytest.mark.parametrize("ruled", [True, False])
def test_a_printed_form_reads_like_its_workbook(tmp_path: Path, ruled: bool) -> None:
    form = read_mds2(pdf(printed(), ruled=ruled), "form.pdf")
    sheet = read_mds2(
        form_2019(tmp_path, {q.id: ANSWERS.get(q.id, "No") for s in load_sections() for q in s.questions}), "x"
    )
    assert [(a.question, a.answer) for a in form.answers] == [(a.question, a.answer) for a in sheet.answers]
    assert (form.manufacturer, form.product) == ("ACME Imaging", "ScanOne 3000")
    said = {each.question: each for each in form.answers}
    assert said["RMOT-1"].note == "Ask the maker"
    assert said["RMOT-1"].place > said["DOC-1"].place == 1, "the page"


def test_a_printed_form_of_2013() -> None:
    form = read_mds2(pdf(rows_2013({"18-2": "Yes", "12-5": "Yes"}), ruled=True), "old.pdf")
    said = {each.question: each.answer for each in form.answers}
    assert said["TXCF-2"] is said["2013:12-5"] is DeclaredAnswer.YES
    assert (form.product, form.software_version, form.dated) == ("EchoTwo", "R4.1L1", "2014-03-05")


def test_a_promising_maker_on_paper() -> None:
    promised = load_forms()[0].complete()
    rows: list[Row] = [
        (question, "?", said if isinstance(said, str) else said[0], "") for question, said in promised.items()
    ]
    said = {each.question: each.answer for each in read_mds2(pdf(rows, ruled=True), "ct1.pdf").answers}
    assert (len(said), said["TXCF-2"]) == (240, DeclaredAnswer.YES)


def test_fields_that_were_filled_in_are_read() -> None:
    """Their values are drawn by the viewer: they are annotations, not text of the page."""
    content, fields = bytearray(), []
    for row, question in enumerate(load_sections()[4].questions):
        y = 700 - 20 * row
        content += b"BT /F 10 Tf 50 %d Td (%b) Tj ET\n" % (y, question.id.encode())
        value = b"/FT /Ch /V (No)" if row else b"/Parent << /FT /Tx /V (Yes) >>"
        fields.append(b"<< /Type /Annot /Subtype /Widget /Rect [400 %d 450 %d] %b >>" % (y - 2, y + 10, value))
    said = {a.question: a.answer for a in read_mds2(one_page(bytes(content), *fields), "form.pdf").answers}
    assert said.pop("AUTH-1") is DeclaredAnswer.YES
    assert set(said.values()) == {DeclaredAnswer.NO}


def test_answers_behind_wrapped_questions() -> None:
    lines = [
        "AUTH-1 Strangers are kept out by a login or Yes __",
        "by another means?",
        "AUTH-2 Rights differ by role? No 3",
        "AUTH-3 Users of the hospital may become",
        "administrators? See Note 2",
        "AUTH-4,Programming interfaces need rights?: Yes,optional",
        "AUTH-5 A kiosk? ____",
        "Note 3 Only on request",
        "DOC-1 Manufacturer Name ACME Imaging __",
        "DOC-2:Device Description:Mobile X-ray",
    ]
    read = [
        (e.number.question, e.answer.value, e.text, e.note) for e in read_lines([Line(1, (line,)) for line in lines])
    ]
    assert read == [
        ("AUTH-1", "yes", "", ""),
        ("AUTH-2", "no", "", "3"),
        ("AUTH-3", "note", "", "2"),
        ("AUTH-4", "optional", "", ""),
        ("AUTH-5", "blank", "", ""),
        ("DOC-1", "note", "ACME Imaging", ""),
        ("DOC-2", "note", "Mobile X-ray", ""),
    ]


# ---------------------------------------------------------------- what cannot be read
def test_a_scan_says_what_to_do() -> None:
    with pytest.raises(SourceError, match=r"form.pdf: holds only pictures, no text; ask the maker for the spreadsheet"):
        read_mds2(one_page(b"0 0 100 100 re f"), "form.pdf")


def test_a_password() -> None:
    key = b"<" + b"00" * 32 + b">"
    encrypted = one_page(
        TEXT,
        trailer=b"/ID [<00><00>] /Encrypt << /Filter /Standard /V 1 /R 2 /P -4 /O %b /U %b >>" % (key, key),
    )
    with pytest.raises(SourceError, match=r"form.pdf: protected by a password"):
        read_mds2(encrypted, "form.pdf")


def test_a_manual_of_many_pages() -> None:
    count = mds2_pdf.MAX_PAGES + 1
    pages = [b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] >>"] * count
    kids = b" ".join(b"%d 0 R" % number for number in range(3, 3 + count))
    tree = b"<< /Type /Pages /Kids [%b] /Count %d >>" % (kids, count)
    with pytest.raises(SourceError, match=r"form.pdf: 81 pages, at most 80 are read"):
        read_mds2(raw_pdf(b"<< /Type /Catalog /Pages 2 0 R >>", tree, *pages), "form.pdf")


@pytest.mark.parametrize(
    "data",
    [
        b"%PDF-1.7\n",
        b"%PDF-1.7\n" + b"[" * 200_000,
        b"%PDF-1.7\n" + b"<< /A " * 100_000,
        raw_pdf(b"<< /Type /Catalog /Pages 1 0 R /Kids [1 0 R] >>"),
        raw_pdf(b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [2 0 R 2 0 R] /Count 999999999 >>"),
        one_page(TEXT).replace(b"startxref\n", b"startxref\n9999999999"),
        one_page(TEXT).replace(b"xref\n0 6", b"xref\n0 600000000"),
        one_page(b"q " * 100_000),
    ],
    ids=["empty", "arrays", "dictionaries", "self", "loop", "no-table", "huge-table", "deep-stack"],
)
def test_forged_files_are_refused(data: bytes) -> None:
    with pytest.raises(SourceError, match=r"^form.pdf: "):
        read_mds2(data, "form.pdf")


def test_a_bomb_bursts_in_its_own_process() -> None:
    bomb = packed_zeros(700)
    stream = b"<< /Filter /FlateDecode /Length %d >>\nstream\n%b\nendstream" % (len(bomb), bomb)
    page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 4 0 R >>"
    tree = b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>"
    with pytest.raises(SourceError, match=r"^form.pdf: unpacks to more than 512 MB"):
        read_mds2(raw_pdf(b"<< /Type /Catalog /Pages 2 0 R >>", tree, page, stream), "form.pdf")


def packed_zeros(megabytes: int) -> bytes:
    """So many megabytes of nothing, packed a thousandfold."""
    packer = zlib.compressobj(1)
    return b"".join(packer.compress(bytes(1 << 20)) for _ in range(megabytes)) + packer.flush()


def test_reading_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mds2_pdf, "MAX_SECONDS", 0.01)
    with pytest.raises(SourceError, match=r"form.pdf: reading this PDF took more than"):
        read_pdf(one_page(TEXT), "form.pdf")


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 1 << 32))
def test_a_spoilt_pdf_is_read_or_refused(seed: int) -> None:
    chance = random.Random(seed)
    data = bytearray(one_page(TEXT, b"<< /Type /Annot /Subtype /Widget /Rect [1 2 3 4] /FT /Tx /V (Yes) >>"))
    for _ in range(chance.randint(1, 12)):
        data[chance.randrange(9, len(data))] = chance.randrange(256)
    try:
        pages = extract(bytes(data))
    except SourceError:
        return
    assert len(pages) >= 1
