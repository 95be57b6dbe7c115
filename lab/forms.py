"""Fills in MDS2 forms, shaped like those of makers but in Leadapron's own words, for tests, lab and demo.

`python -m lab.papers` writes those of forms.toml.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct
from openpyxl import Workbook

from leadapron.know.documents.mds2_questions import AnswerKind, FormQuestion, SafeAnswer, load_sections

Answer = str | tuple[str, str]
"""`Yes`, or answer and note."""

FORMS = Path(__file__).with_name("forms.toml")


class LabForm(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The form of one device of the scenario."""

    device: str
    answers: Mapping[str, Answer]
    unlisted: str = "N/A"
    header: Mapping[str, str] = msgspec.field(default_factory=dict)

    def complete(self) -> dict[str, Answer]:
        """An answer to every question."""
        asked = [question for section in load_sections() for question in section.questions]
        return {question.id: self.answers.get(question.id, self._unlisted(question)) for question in asked}

    def _unlisted(self, question: FormQuestion) -> str:
        if question.kind is AnswerKind.TEXT:
            return "__"
        if self.unlisted != "safe":
            return self.unlisted
        return {SafeAnswer.YES: "Yes", SafeAnswer.NO: "No", SafeAnswer.NEITHER: "N/A"}[question.safe]


def load_forms(path: Path = FORMS) -> tuple[LabForm, ...]:
    """The forms of `forms.toml`."""
    return msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8"))["forms"], tuple[LabForm, ...])


def filled_form(path: Path, answers: Mapping[str, Answer], header: Mapping[str, str], *, language: str = "en") -> None:
    """Write a workbook of HN 1-2019 with these answers; unnamed questions stay blank ("__").

    Like the official sheet: sections under headings, notes by number, their texts at the end, SHAD-15 for SAHD-15.
    """
    workbook = Workbook()
    workbook.remove(workbook.worksheets[0])
    sheet: Any = workbook.create_sheet("mds2-form")
    for row in _rows(answers, header, language):
        sheet.append(row)
    workbook.save(path)


def _rows(answers: Mapping[str, Answer], header: Mapping[str, str], language: str) -> Iterator[list[str | None]]:
    yield [None, "MDS2"]
    for label, value in header.items():
        yield [label, value]
    yield ["Question ID", "Question", None, "See note"]
    notes: list[str] = []
    for section in load_sections():
        yield [None, f"{section.titles[language].upper()} ({section.id})", "Yes, No, N/A, or See Note", "Note #"]
        for question in section.questions:
            said = answers.get(question.id, "__")
            answer, note = (said, "") if isinstance(said, str) else said
            if note:
                notes.append(note)
            shown = "SHAD-15" if question.id == "SAHD-15" else question.id
            yield [shown, getattr(question, language), answer, f"See Note {len(notes)}" if note else "__"]
        yield []
    yield [None, "Notes:"]
    for number, note in enumerate(notes, start=1):
        yield [f"Note {number}", note]
