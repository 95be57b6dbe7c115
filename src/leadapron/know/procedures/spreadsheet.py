"""The questionnaire as a workbook, for those who answer by e-mail: one sheet per area, and the way back.

Answers in a workbook are dated by the day. A hidden column remembers what each row said when it was exported: an
untouched row is no new answer, and one that was changed under its old date is of today.
"""

from __future__ import annotations

import hashlib
import io
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from leadapron.know.documents.workbooks import open_workbook, sheet_rows, value_of, visible_sheets
from leadapron.know.procedures.answers import answered
from leadapron.know.procedures.words import Words
from leadapron.model.errors import SourceError
from leadapron.model.events import ProcedureAnswer, ProcedureAnswered
from leadapron.model.procedures import Question, QuestionArea

if TYPE_CHECKING:
    from openpyxl.cell import Cell, MergedCell
    from openpyxl.worksheet.worksheet import Worksheet

WIDTHS = {
    "id": 4, "number": 5, "question": 40, "good": 48, "measured": 34, "answer": 13, "evidence": 30, "note": 26,
    "by": 18, "date": 12, "who": 18, "expected": 30, "why": 44, "exported": 4,
}  # fmt: skip
"""Columns in their order, with their widths in characters: the answer stands on the first screen of a laptop."""

HIDDEN = ("id", "exported")

FILLED_IN = ("answer", "evidence", "note", "by", "date")
"""Columns that people fill in; the others are locked against slips, without a password."""

LAST_ROW = 1000
"""Rows of a sheet in which the choice of answers is offered: some people add their own."""

_PAPER = "FFFBEA"
"""Colour of the cells that wait for an answer."""

_ILLEGAL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|[\ud800-\udfff]")
"""Characters that XML 1.0 (§2.2) cannot hold."""

_DAY_FIRST = re.compile(r"(\d{1,2})[/.](\d{1,2})[/.](\d{4})")
_CELL = 32_767
"""Characters that a cell can hold."""


class _Place(Struct, frozen=True, kw_only=True):
    """One row of answers, and where it stands."""

    file: str
    sheet: str
    row: int
    columns: Mapping[str, int]
    cells: tuple[str, ...]

    def at(self, column: str) -> str:
        """File, sheet and cell, as a person finds it."""
        from openpyxl.utils import get_column_letter

        return f"{self.file}, sheet {self.sheet!r}, cell {get_column_letter(self.columns[column] + 1)}{self.row}"

    def text(self, column: str) -> str:
        """A cell's text, empty where there is no such column. Raises `SourceError` on a formula."""
        index = self.columns.get(column, len(self.cells))
        return value_of(self.cells[index], self.at(column)).strip() if index < len(self.cells) else ""


# ---------------------------------------------------------------- to the workbook
def write_questionnaire(
    areas: Iterable[QuestionArea],
    words: Words,
    language: str,
    *,
    answers: Mapping[str, ProcedureAnswered] | None = None,
    measured: Mapping[str, str] | None = None,
    contact: str = "",
) -> bytes:
    """An XLSX workbook with a guide and one sheet per area.

    `answers` are filled in as they stand, `measured` (question → sentence in `language`) is shown beside them, and
    `contact` says whom to send it back to. All texts are typed as text, so that none is ever run as a formula.
    """
    from openpyxl import Workbook  # heavy: only those who export wait for it

    workbook = Workbook()
    workbook.remove(workbook.worksheets[0])
    say = words.sentences[language]
    _guide(workbook.create_sheet(_title(say["sheet.guide"])), words, language, contact)
    for area in areas:
        sheet = workbook.create_sheet(_title(area.texts[language].title))
        _headers(sheet, say)
        for row, question in enumerate(area.questions, start=2):
            values = _values(question, say, language, (answers or {}).get(question.id))
            values["measured"] = (measured or {}).get(question.id, "")
            _write_row(sheet, row, values)
        _choices(sheet, words, language)
        _protect(sheet)
    data = io.BytesIO()
    workbook.save(data)
    return data.getvalue()


def _title(text: str) -> str:
    """A sheet's name as Excel allows it: at most 31 characters, none of `[]:*?/\\`."""
    return re.sub(r"[\[\]:*?/\\]", " ", text)[:31]


def _guide(sheet: Worksheet, words: Words, language: str, contact: str) -> None:
    choices = ", ".join(_labels(words, language).values())
    keys = [f"guide-{number}" for number in range(1, 7) if number < 6 or contact]
    for row, key in enumerate(keys, start=1):
        text = words.say(language, f"sheet.{key}", {"answers": choices, "contact": contact})
        _put(sheet.cell(row, 1), text, bold=row == 1)
    sheet.column_dimensions["A"].width = 100


def _values(
    question: Question, say: Mapping[str, str], language: str, last: ProcedureAnswered | None
) -> dict[str, Any]:
    texts = question.texts[language]
    values: dict[str, Any] = {
        "id": question.id,
        "number": question.number,
        "question": texts.question,
        "why": texts.why,
        "good": texts.good,
        "who": say[f"who.{question.who}"],
        "expected": texts.evidence,
    }
    if last:
        values |= {
            "answer": say[f"answer.{last.answer}"],
            "evidence": last.evidence,
            "note": last.note,
            "by": last.by,
            "date": last.ts.date(),
            "exported": _mark(last),
        }
    return values


def _headers(sheet: Worksheet, say: Mapping[str, str]) -> None:
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.properties import PageSetupProperties

    for column, (name, width) in enumerate(WIDTHS.items(), start=1):
        _put(sheet.cell(1, column), say[f"column.{name}"], bold=True)
        dimension = sheet.column_dimensions[get_column_letter(column)]
        dimension.width, dimension.hidden = width, name in HIDDEN
    sheet.freeze_panes = "D2"
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.print_title_rows = "1:1"


def _write_row(sheet: Worksheet, row: int, values: Mapping[str, Any]) -> None:
    from openpyxl.styles import PatternFill, Protection

    for column, name in enumerate(WIDTHS, start=1):
        cell = sheet.cell(row, column)
        _put(cell, values.get(name, ""))
        if name in FILLED_IN:
            cell.protection = Protection(locked=False)
            cell.fill = PatternFill("solid", fgColor=_PAPER)
        if name == "date":
            cell.number_format = "yyyy-mm-dd"


def _put(cell: Cell | MergedCell, value: Any, *, bold: bool = False) -> None:
    """Write a value; text stays text even where it begins like a formula."""
    from openpyxl.styles import Alignment, Font

    cell.alignment = Alignment(wrap_text=True, vertical="top")
    cell.font = Font(bold=bold)
    if isinstance(value, str):
        value = _ILLEGAL.sub(" ", value)[:_CELL]
        if value:
            cell.value = value
            cell.data_type = "s"
            cell.quotePrefix = True
    else:
        cell.value = value


def _choices(sheet: Worksheet, words: Words, language: str) -> None:
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.datavalidation import DataValidation

    labels = ",".join(_labels(words, language).values())
    rule = DataValidation(type="list", formula1=f'"{labels}"', allow_blank=True, showErrorMessage=True)
    rule.errorTitle = words.say(language, "sheet.invalid-title")
    rule.error = words.say(language, "sheet.invalid")
    letter = get_column_letter(list(WIDTHS).index("answer") + 1)
    rule.add(f"{letter}2:{letter}{LAST_ROW}")
    sheet.add_data_validation(rule)


def _protect(sheet: Worksheet) -> None:
    """Lock what is not to be filled in, without a password; widths, sorting and filters stay free."""
    sheet.protection.sheet = True
    for free in ("formatColumns", "formatRows", "sort", "autoFilter"):
        setattr(sheet.protection, free, False)


def _labels(words: Words, language: str) -> dict[ProcedureAnswer, str]:
    return {answer: words.sentences[language][f"answer.{answer}"] for answer in ProcedureAnswer}


# ---------------------------------------------------------------- and back
def read_questionnaire(
    data: bytes, name: str, questions: Iterable[Question], words: Words, *, now: datetime
) -> list[ProcedureAnswered]:
    """The new answers of a workbook, in the questions' order; rows in any order, headers and answers in any language.

    Raises `SourceError` naming sheet and cell for the first thing wrong; nothing is half-imported.
    """
    by_id = {question.id: question for question in questions}
    spellings = _spellings(words)
    found: dict[str, tuple[ProcedureAnswered, _Place]] = {}
    tables = 0
    for place in _rows(data, name, words):
        if place is None:
            tables += 1
            continue
        one = _answer(place, by_id, spellings, now)
        if one is None:
            continue
        first, where = found.setdefault(one.question, (one, place))
        if _mark(first) != _mark(one):
            raise SourceError(f"{place.at('answer')}: {one.question} is answered otherwise in {where.at('answer')}")
    if not tables:
        raise SourceError(f"{name}: no sheet has the columns of the questionnaire; export it again and fill that in")
    return sorted((one for one, _ in found.values()), key=lambda one: one.packet)


def _rows(data: bytes, name: str, words: Words) -> Iterator[_Place | None]:
    """Rows below the headers of every sheet that has them; None for each such sheet."""
    headers = {
        _bare(words.sentences[language][f"column.{column}"]): column
        for language in words.sentences
        for column in WIDTHS
    }
    for sheet in visible_sheets(open_workbook(data, name)):
        columns: dict[str, int] = {}
        for number, cells in sheet_rows(sheet, name):
            if columns:
                yield _Place(file=name, sheet=sheet.title, row=number, columns=columns, cells=cells)
                continue
            named = {headers[bare]: index for index, cell in enumerate(cells) if (bare := _bare(cell)) in headers}
            if "answer" in named and ("id" in named or "number" in named):
                columns = named
                yield None


def _answer(
    place: _Place, by_id: Mapping[str, Question], spellings: Mapping[str, ProcedureAnswer], now: datetime
) -> ProcedureAnswered | None:
    """The answer of one row; None for a row that is not answered, or as it was exported."""
    said = place.text("answer")
    if not said:
        if place.text("evidence") or place.text("note"):
            raise SourceError(f"{place.at('answer')}: evidence or a note, but no answer; choose one or empty the row")
        return None
    question = _question(place, by_id)
    answer = spellings.get(_bare(said))
    if answer is None:
        raise SourceError(f"{place.at('answer')}: {said[:40]!r} is none of {', '.join(ProcedureAnswer)}")
    by, source = place.text("by"), place.file
    if not by:
        raise SourceError(
            f"{place.at('by' if 'by' in place.columns else 'answer')}: an answer needs the name of who gives it"
        )
    one = answered(
        question,
        answer,
        by=by,
        ts=_day(place, now),
        evidence=place.text("evidence"),
        note=place.text("note"),
        source=source,
    )
    exported = place.text("exported")
    if exported == _mark(one):
        return None
    if exported[:10] == one.ts.date().isoformat():  # changed, and the date left as it stood
        return answered(question, answer, by=by, ts=now, evidence=one.evidence, note=one.note, source=source)
    return one


def _question(place: _Place, by_id: Mapping[str, Question]) -> Question:
    """By its hidden id, or by its number where the column was lost."""
    told = place.text("id")
    if told:
        if told not in by_id:
            raise SourceError(f"{place.at('id')}: no question is called {told[:60]!r}; export the questionnaire again")
        return by_id[told]
    number = place.text("number")
    for question in by_id.values():
        if str(question.number) == number:
            return question
    column = "number" if "number" in place.columns else "id"
    raise SourceError(f"{place.at(column)}: which question is this? No id, and no known number")


def _day(place: _Place, now: datetime) -> datetime:
    """Midnight (UTC) of the day written, which must not be ahead; `now` where none is."""
    text = place.text("date")
    if not text:
        return now
    match = _DAY_FIRST.fullmatch(text)
    try:
        day = date(int(match[3]), int(match[2]), int(match[1])) if match else date.fromisoformat(text.partition(" ")[0])
    except ValueError:
        raise SourceError(f"{place.at('date')}: {text[:40]!r} is no date; write 2026-12-31 or 31/12/2026") from None
    if day > now.date() + timedelta(days=1):
        raise SourceError(f"{place.at('date')}: {day} is still to come")
    return min(datetime.combine(day, time(), UTC), now)


def _mark(one: ProcedureAnswered) -> str:
    """An answer's day and a short hash of what it says, white space and case aside."""
    said = "\0".join(_bare(_ILLEGAL.sub(" ", text)[:_CELL]) for text in (one.answer, one.by, one.evidence, one.note))
    return f"{one.ts.date().isoformat()} {hashlib.sha256(said.encode()).hexdigest()[:12]}"


def _spellings(words: Words) -> Mapping[str, ProcedureAnswer]:
    """Every way to write an answer, in all languages."""
    found = {_bare(text): answer for answer, texts in words.spellings.items() for text in (answer, *texts)}
    for language in words.sentences:
        found.update({_bare(label): answer for answer, label in _labels(words, language).items()})
    return found


def _bare(text: str) -> str:
    """Text without accents, case and superfluous spaces, for comparing what people typed."""
    plain = unicodedata.normalize("NFKD", text.replace("’", "'")).casefold()
    return " ".join("".join(char for char in plain if not unicodedata.combining(char)).split())
