"""The questionnaire goes out as a workbook and comes back as answers, whole or not at all."""

from __future__ import annotations

import contextlib
import io
import zipfile
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from leadapron.know.procedures import (
    answered,
    load_areas,
    load_words,
    questions_of,
    read_questionnaire,
    write_questionnaire,
)
from leadapron.know.procedures.spreadsheet import WIDTHS
from leadapron.model.errors import SourceError
from leadapron.model.events import ProcedureAnswer, ProcedureAnswered

AREAS = load_areas()
QUESTIONS = questions_of(AREAS)
BY_ID = {question.id: question for question in QUESTIONS}
BACKUP = next(area for area in AREAS if area.id == "backup")
WORDS = load_words()
NOW = datetime(2026, 3, 1, 14, 30, tzinfo=UTC)
COLUMN = {name: index for index, name in enumerate(WIDTHS, start=1)}


def read(data: bytes, *, now: datetime = NOW) -> list[ProcedureAnswered]:
    return read_questionnaire(data, "answers.xlsx", QUESTIONS, WORDS, now=now)


def filled(fill: Callable[[Workbook], None], language: str = "en", **options: Any) -> bytes:
    """The backup questions, exported and filled in by a person."""
    workbook = load_workbook(io.BytesIO(write_questionnaire([BACKUP], WORDS, language, **options)))
    fill(workbook)
    data = io.BytesIO()
    workbook.save(data)
    return data.getvalue()


def put(sheet: Any, row: int, **values: Any) -> None:
    for name, value in values.items():
        sheet.cell(row, COLUMN[name]).value = value


def test_answers_by_e_mail_come_back_in_the_language_of_the_sheet() -> None:
    def fill(workbook: Workbook) -> None:
        put(workbook["Sauvegarde"], 2, answer="Oui", evidence="copie du 12", by="A. Martin", date=date(2026, 2, 12))
        put(workbook["Sauvegarde"], 4, answer="partiel ", note="IRM seulement", by="L. Petit")

    first, second = read(filled(fill, "fr"))
    assert (first.question, first.answer, first.by) == ("backup-offline-copy", ProcedureAnswer.YES, "A. Martin")
    assert first.ts == datetime(2026, 2, 12, tzinfo=UTC)
    assert first.expires == "2026-08-11"
    assert (first.sensor, first.packet) == ("answers.xlsx", 50)
    assert (second.question, second.answer, second.ts) == ("backup-console-images", ProcedureAnswer.PARTIAL, NOW)


def test_an_empty_questionnaire_answers_nothing() -> None:
    assert read(write_questionnaire(AREAS, WORDS, "en", contact="pacs@hospital.example")) == []


def test_rows_may_be_reordered_and_areas_left_out() -> None:
    def fill(workbook: Workbook) -> None:
        sheet = workbook["Backup"]
        put(sheet, 2, answer="n", by="x")
        put(sheet, 4, answer="YES", by="x")
        rows = [[cell.value for cell in row] for row in sheet.iter_rows(min_row=2, max_row=4)]
        for number, values in enumerate(reversed(rows), start=2):
            for column, value in enumerate(values, start=1):
                sheet.cell(number, column).value = value

    found = read(filled(fill))
    assert [(one.question, str(one.answer)) for one in found] == [
        ("backup-offline-copy", "no"),
        ("backup-console-images", "yes"),
    ]


def test_a_lost_id_column_is_made_up_for_by_the_number() -> None:
    def fill(workbook: Workbook) -> None:
        put(workbook["Backup"], 3, answer="yes", by="x")
        workbook["Backup"].delete_cols(1)

    assert [one.question for one in read(filled(fill))] == ["backup-restore-timed"]


# ---------------------------------------------------------------- what was known before
OLD = answered(
    BACKUP.questions[0], ProcedureAnswer.NO, by="A. Martin", ts=NOW - timedelta(days=30), note="tapes\nbroken"
)


def test_an_untouched_answer_is_no_new_one() -> None:
    data = write_questionnaire([BACKUP], WORDS, "en", answers={OLD.question: OLD})
    assert read(data) == []


def test_an_answer_changed_under_its_old_date_is_of_today() -> None:
    data = filled(lambda workbook: put(workbook["Backup"], 2, answer="yes"), answers={OLD.question: OLD})
    (one,) = read(data)
    assert (one.answer, one.ts, one.note) == (ProcedureAnswer.YES, NOW, "tapes\nbroken")


def test_an_answer_with_a_new_date_is_given_again() -> None:
    data = filled(lambda workbook: put(workbook["Backup"], 2, date="20/02/2026"), answers={OLD.question: OLD})
    (one,) = read(data)
    assert (one.answer, one.ts.date()) == (ProcedureAnswer.NO, date(2026, 2, 20))


TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\r"), max_size=60)


@given(
    st.dictionaries(
        st.sampled_from([question.id for question in BACKUP.questions]),
        st.tuples(st.sampled_from(list(ProcedureAnswer)), TEXT, TEXT, st.integers(0, 900)),
    ),
    st.sampled_from(["en", "fr"]),
)
def test_a_round_trip_keeps_every_answer(
    given_answers: dict[str, tuple[ProcedureAnswer, str, str, int]], language: str
) -> None:
    answers = {
        question: answered(
            BY_ID[question], answer, by="=cmd|A1", ts=NOW - timedelta(days=days), evidence=evidence, note=note
        )
        for question, (answer, evidence, note, days) in given_answers.items()
    }
    data = write_questionnaire([BACKUP], WORDS, language, answers=answers)
    assert read(data) == []
    workbook = load_workbook(io.BytesIO(data))
    for sheet in workbook.worksheets[1:]:
        for row in range(2, sheet.max_row + 1):
            sheet.cell(row, COLUMN["exported"]).value = None
    again = io.BytesIO()
    workbook.save(again)
    back = {one.question: one for one in read(again.getvalue())}
    assert set(back) == set(answers)
    for question, one in back.items():
        sent = answers[question]
        assert (one.answer, one.by, one.ts.date(), one.expires) == (sent.answer, sent.by, sent.ts.date(), sent.expires)
        for part in ("evidence", "note"):
            assert printable(getattr(one, part)) == printable(getattr(sent, part))


def printable(text: str) -> str:
    return "".join(char for char in text if char.isprintable() and not char.isspace())


# ---------------------------------------------------------------- safe to open
def test_nothing_is_ever_run_as_a_formula() -> None:
    hostile = answered(
        BACKUP.questions[0], ProcedureAnswer.NO, by="=HYPERLINK(1)", ts=NOW, note="@SUM(1)", evidence="-1+1"
    )
    data = write_questionnaire(
        [BACKUP], WORDS, "en", answers={hostile.question: hostile}, measured={hostile.question: "+1"}
    )
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        sheets = [archive.read(name) for name in archive.namelist() if name.startswith("xl/worksheets/sheet")]
    assert len(sheets) == 2
    assert not any(b"<f>" in sheet or b"<f " in sheet for sheet in sheets)
    sheet = load_workbook(io.BytesIO(data))["Backup"]
    assert sheet.cell(2, COLUMN["by"]).value == "=HYPERLINK(1)"
    assert sheet.cell(2, COLUMN["by"]).quotePrefix


def test_only_answers_can_be_filled_in_and_are_chosen_from_a_list() -> None:
    sheet = load_workbook(io.BytesIO(write_questionnaire([BACKUP], WORDS, "fr")))["Sauvegarde"]
    assert sheet.protection.sheet
    unlocked = [name for name, column in COLUMN.items() if not sheet.cell(2, column).protection.locked]
    assert unlocked == ["answer", "evidence", "note", "by", "date"]
    assert sheet.column_dimensions["A"].hidden
    (rule,) = sheet.data_validations.dataValidation
    assert rule.formula1 == '"oui,partiel,non,sans objet,inconnu"'
    assert sheet.cell(1, COLUMN["good"]).value == "Ce qui est attendu"


# ---------------------------------------------------------------- refused, with the place
@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"answer": "maybe", "by": "x"}, r"sheet 'Backup', cell F2: 'maybe' is none of yes, partial, no, n/a, unknown"),
        ({"answer": "yes"}, r"sheet 'Backup', cell I2: an answer needs the name"),
        ({"note": "we think so"}, r"sheet 'Backup', cell F2: evidence or a note, but no answer"),
        ({"answer": "yes", "by": "x", "date": "soon"}, r"cell J2: 'soon' is no date"),
        ({"answer": "yes", "by": "x", "date": "31/02/2026"}, r"cell J2: '31/02/2026' is no date"),
        ({"answer": "yes", "by": "x", "date": date(2027, 1, 1)}, r"cell J2: 2027-01-01 is still to come"),
        ({"answer": '=IF(1,"yes")', "by": "x"}, r"cell F2: holds a formula"),
        ({"answer": "yes", "by": "x", "id": "backup-nothing"}, r"cell A2: no question is called 'backup-nothing'"),
        ({"answer": "yes", "by": "x", "id": None, "number": "?"}, r"cell B2: which question is this"),
        (
            {"answer": "yes", "by": "x", "id": "backup-restore-timed"},
            r"cell F3: backup-restore-timed is answered otherwise",
        ),
    ],
)
def test_a_wrong_cell_is_named_and_nothing_is_imported(values: dict[str, Any], said: str) -> None:
    def fill(workbook: Workbook) -> None:
        put(workbook["Backup"], 2, **values)
        put(workbook["Backup"], 3, answer="no", by="y")

    with pytest.raises(SourceError, match=said):
        read(filled(fill))


def test_another_workbook_is_refused() -> None:
    data = io.BytesIO()
    Workbook().save(data)
    with pytest.raises(SourceError, match=r"answers\.xlsx: no sheet has the columns"):
        read(data.getvalue())


@given(st.binary(max_size=300), st.integers(0, 20_000), st.integers(0, 255))
def test_bytes_that_went_bad_are_refused_or_read(noise: bytes, place: int, value: int) -> None:
    sound = bytearray(SOUND)
    sound[place % len(sound)] = value
    for data in (noise, bytes(sound)):
        with contextlib.suppress(SourceError):
            read(data)


SOUND = filled(lambda workbook: put(workbook["Backup"], 2, answer="yes", by="x"))
