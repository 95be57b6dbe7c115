"""Cells of filled forms as makers write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadapron.know.documents.mds2_cells import (
    MAX_TEXT,
    cell_answer,
    is_tick,
    iso_date,
    kept,
    note_numbers,
    question_number,
)
from leadapron.model.events import DeclaredAnswer


@pytest.mark.parametrize(
    ("cell", "answer", "rest"),
    [
        ("Yes", "yes", ""),
        ("No ", "no", ""),
        ("N/A", "n/a", ""),
        ("not applicable.", "n/a", ""),
        ("S.O.", "n/a", ""),
        ("oui", "yes", ""),
        ("Nein", "no", ""),
        ("__", "blank", ""),
        ("", "blank", ""),
        ("-", "blank", ""),
        ("See Note", "note", ""),
        ("See Notes", "note", ""),
        ("See\nNote 2", "note", "See\nNote 2"),
        ("voir la note 4", "note", "voir la note 4"),
        ("Yes,optional", "optional", ""),
        ("Yes, optional", "optional", ""),
        ("Yes, Optional, off by default", "optional", "off by default"),
        ("Optional, disabled", "optional", "disabled"),
        ("Yes (see note 3)", "yes", "see note 3"),
        ("Yes see note 3", "yes", "see note 3"),
        ("Yes - LDAP", "yes", "LDAP"),
        ("N/A: No default accounts", "n/a", "No default accounts"),
    ],
)
def test_answers(cell: str, answer: str, rest: str) -> None:
    read = cell_answer(cell)
    assert read is not None
    assert (read.answer, read.rest) == (answer, rest)


@pytest.mark.parametrize("cell", ["No network connection", "Yes/No", "Windows 10", "X", "✓", "Notwithstanding"])
def test_what_is_no_answer(cell: str) -> None:
    assert cell_answer(cell) is None


def test_ticks() -> None:
    assert is_tick("X")
    assert is_tick(" ✓ ")
    assert not is_tick("No")


@pytest.mark.parametrize(
    ("cell", "question", "written"),
    [
        ("SAHD-5.1", "SAHD-5.1", "SAHD-5.1"),
        ("SHAD-15", "SAHD-15", "SHAD-15"),
        ("MPII-\n3.10", "MPII-3.10", "MPII-3.10"),
        ("SBoM‑2.1", "SBOM-2.1", "SBOM-2.1"),
        ("DOC-99", "", "DOC-99"),
        ("18-2", "TXCF-2", "18-2"),
        ("15-10", "2013:15-10", "15-10"),
        ("B.1", "2013:B.1", "B.1"),
        ("A", "MPII-1", "A"),
        ("99-1", "", "99-1"),
    ],
)
def test_question_numbers(cell: str, question: str, written: str) -> None:
    number = question_number(cell)
    assert number is not None
    assert (number.question, number.written) == (question, written)
    assert number.corrected == (cell == "SHAD-15")


@pytest.mark.parametrize("cell", ["", "ABC-1", "ISO 27002", "AC-17", "A.9.2.1", "2-2", "B", "Note 1", "2014-02-03"])
def test_what_numbers_no_question(cell: str) -> None:
    assert question_number(cell) is None


def test_note_numbers() -> None:
    assert note_numbers("See Note 6", alone=False) == (6,)
    assert note_numbers("notes 1 and note 12", alone=False) == (1, 12)
    assert note_numbers("3, 4", alone=True) == (3, 4)
    assert note_numbers("3, 4", alone=False) == ()
    assert note_numbers("TLS 1.2", alone=True) == ()


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("2019-10-09 00:00:00", "2019-10-09"),
        ("2026/03/20", "2026-03-20"),
        ("20.03.2026", "2026-03-20"),
        ("13/5/2020", "2020-05-13"),
        ("5/13/2020", "2020-05-13"),
        ("4/5/2020", ""),
        ("09 October 2019", "2019-10-09"),
        ("Oct 9, 2019", "2019-10-09"),
        ("05-Mar-2014", "2014-03-05"),
        ("1er août 2021", "2021-08-01"),
        ("mars 2020", "2020-03"),
        ("31/02/2020", ""),
        ("soon", ""),
    ],
)
def test_dates(text: str, iso: str) -> None:
    assert iso_date(text) == iso


@given(st.text(max_size=200))
def test_any_cell_is_read_without_error(cell: str) -> None:
    read = cell_answer(cell)
    assert read is None or (read.answer in DeclaredAnswer and len(read.rest) <= len(cell))
    number = question_number(cell)
    assert number is None or len(number.written) <= len(cell)
    note_numbers(cell, alone=True)
    iso_date(cell)
    assert len(kept(cell * 10)) <= MAX_TEXT
