"""The questionnaire that comes back by e-mail as a fuzz target: a SourceError is the only way out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from leadapron.know.procedures import load_areas, load_words, questions_of, read_questionnaire
from leadapron.model.errors import SourceError
from tests.know.documents.workbooks import part, with_parts, workbook

_WHEN = datetime(2026, 11, 24, tzinfo=UTC)
_QUESTIONS = questions_of(load_areas())
_WORDS = load_words()
_SHEET = "xl/worksheets/sheet1.xml"
_WORKBOOK = workbook((
    "Backup",
    [
        ("id", "No.", "Question", "Answer", "Your evidence", "Note", "Your name", "Date", "as exported"),
        ("backup-offline-copy", "50", "?", "yes", "tape 12", "weekly", "A. Martin", "2026-03-01", ""),
        ("", "51", "?", "Inconnu", "", "", "L. Petit", "12/02/2026", "2026-02-12 0123456789ab"),
    ],
))  # fmt: skip


def _sheet(data: bytes) -> frozenset[str]:
    """A sheet within a sound workbook: a mutated archive would seldom be opened."""
    try:
        answers = read_questionnaire(with_parts(_WORKBOOK, {_SHEET: data}), "fuzz.xlsx", _QUESTIONS, _WORDS, now=_WHEN)
    except SourceError as refused:
        return frozenset({str(refused).rpartition(": ")[2][:40]})
    known = {question.id for question in _QUESTIONS}
    assert all(one.question in known and one.by and one.ts <= _WHEN for one in answers)
    return frozenset(f"{one.question}={one.answer}" for one in answers)


def targets() -> list[tuple[str, Callable[[bytes], frozenset[str]], list[bytes]]]:
    """Name, parser and seeds."""
    return [("questionnaires", _sheet, [part(_WORKBOOK, _SHEET)])]
