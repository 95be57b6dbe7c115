"""Filled MDS2 forms (ANSI/NEMA HN 1-2019 and HIMSS/NEMA HN 1-2013) → what the maker declares of its device.

XLSX, CSV and PDFs with text. Questions are known by their numbers, answers are normalised, and what could not be
understood is listed as remarks: a form is never refused for one odd cell. Public: `read_mds2`, `holds_mds2`,
`declarations`, `Form`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice

from msgspec import Struct

from leadapron.know.documents.mds2_cells import Numbering, iso_date, kept, note_numbers
from leadapron.know.documents.mds2_grid import Entry, Grid, Line, NoteText, known_questions, read_grid
from leadapron.know.documents.mds2_lines import read_lines
from leadapron.know.documents.mds2_pdf import PdfPage, read_pdf
from leadapron.know.documents.mds2_questions import Edition, load_old_form, load_questions
from leadapron.know.documents.origin import Origin
from leadapron.know.documents.tables import csv_rows, is_workbook
from leadapron.know.documents.workbooks import open_workbook, sheet_rows, visible_sheets
from leadapron.model.errors import SourceError
from leadapron.model.events import Declaration, DeclaredAnswer, DocumentAdded, DocumentType, FormAnswer

MAX_ROWS = 5_000
"""Rows of a sheet or CSV file; the form has some 350."""
MIN_QUESTIONS = 5
"""Known question numbers that make a document an MDS2 form; single ones are cited elsewhere too."""
MAX_REMARKS = 40

_EDITIONS = {Numbering.NEW: Edition.HN_2019, Numbering.OLD: Edition.HN_2013}
_FACTS = {"manufacturer": "DOC-1", "product": "DOC-3", "document": "DOC-4", "dated": "DOC-7"}


class Answered(Struct, frozen=True, kw_only=True):
    """One answer after normalisation. `place`: row of a sheet, line of a CSV file, or page of a PDF."""

    place: int
    question: str
    answer: DeclaredAnswer
    text: str = ""
    """Words beside the yes or no; the whole answer of a question that wants text, which has `note` as `answer`."""
    note: str = ""


class Form(Struct, frozen=True, kw_only=True):
    """A form as read. Empty facts are not in it."""

    name: str
    sha256: str
    edition: Edition
    answers: tuple[Answered, ...]
    manufacturer: str = ""
    product: str = ""
    software_version: str = ""
    document: str = ""
    """The maker's reference of the form."""
    dated: str = ""
    """ISO date."""
    remarks: tuple[str, ...] = ()


def read_mds2(data: bytes, name: str) -> Form:
    """The filled form in a workbook, CSV file or PDF; SourceError says why it is none, where, and what to do."""
    entries, grids = _found(data, name)
    entries = _of_one_numbering(entries)
    known = {entry.number.question for entry in entries} - {""}
    if len(known) < MIN_QUESTIONS:
        raise SourceError(
            f"{name}: no MDS2 form found: question numbers such as SAHD-5.1 (form of 2019) or 15-10 (form of 2013) "
            "are needed"
        )
    if all(entry.answer is DeclaredAnswer.BLANK for entry in entries):
        raise SourceError(f"{name}: an empty MDS2 form; none of its {len(known)} questions is answered")
    return _form(data, name, entries, grids)


def holds_mds2(data: bytes, name: str) -> bool:
    """Is this a workbook or CSV file with an MDS2 form, filled or not? A PDF is not looked into: what else could it
    be. Raises the `SourceError` of a file that may not be opened at all."""
    if _is_pdf(data):
        return True
    sheets = ((Line(*row) for row in islice(rows, MAX_ROWS)) for _, rows in _sheets(data, name))
    return sum(known_questions(list(lines)) for lines in sheets) >= MIN_QUESTIONS


def declarations(form: Form, origin: Origin) -> list[Declaration]:
    """The form as events: the document first, then each answer."""
    document = DocumentAdded(
        **origin.where(0),
        type=DocumentType.MDS2,
        sha256=form.sha256,
        form=form.edition.value,
        dated=form.dated,
        manufacturer=form.manufacturer,
        product=form.product,
        software_version=form.software_version,
        records=len(form.answers),
        remarks=form.remarks,
    )
    answers = (
        FormAnswer(
            **origin.where(each.place),
            question=each.question,
            answer=each.answer,
            text=each.text,
            note=each.note,
        )
        for each in form.answers
    )
    return [document, *answers]


# ---------------------------------------------------------------- files
def _found(data: bytes, name: str) -> tuple[list[Entry], list[Grid]]:
    """Entries of all sheets, tables and lines in reading order, and the grids with their notes and facts."""
    if _is_pdf(data):
        return _from_pdf(read_pdf(data, name), name)
    sheets = [(where, _lines(rows, where)) for where, rows in _sheets(data, name)]
    grids = [read_grid(lines, where) for where, lines in sheets]
    entries = [entry for grid in grids for entry in grid.entries]
    return entries or [entry for _, lines in sheets for entry in read_lines(lines)], grids


def _is_pdf(data: bytes) -> bool:
    """Like other readers, we accept the mark anywhere in the first kilobyte."""
    return b"%PDF-" in data[:1024] and not is_workbook(data)


def _sheets(data: bytes, name: str) -> Iterator[tuple[str, Iterator[tuple[int, tuple[str, ...]]]]]:
    """Place and rows of each sheet that a person sees; a CSV file is one."""
    if not is_workbook(data):
        yield name, csv_rows(data, name)
        return
    for sheet in visible_sheets(open_workbook(data, name)):
        yield f"{name}, sheet {sheet.title!r}", sheet_rows(sheet, name)


def _lines(rows: Iterable[tuple[int, tuple[str, ...]]], where: str) -> list[Line]:
    lines: list[Line] = []
    for number, cells in rows:
        if len(lines) >= MAX_ROWS:
            raise SourceError(f"{where}, row {number}: more than {MAX_ROWS} rows; an MDS2 form has some 350")
        lines.append(Line(number, cells))
    return lines


def _from_pdf(pages: Sequence[PdfPage], name: str) -> tuple[list[Entry], list[Grid]]:
    """Tables first: those of equal width on all pages are one. Text fills in what tables leave blank."""
    tables: dict[int, list[Line]] = {}
    for number, page in enumerate(pages, start=1):
        for table in page.tables:
            for cells in table:
                tables.setdefault(len(cells), []).append(Line(number, cells))
    text = [Line(number, (line,)) for number, page in enumerate(pages, start=1) for line in page.lines]
    grids = [read_grid(lines, name) for lines in tables.values()]
    entries = [entry for grid in grids for entry in grid.entries]
    filled = {(e.number.numbering, e.number.written) for e in entries if e.answer is not DeclaredAnswer.BLANK}
    entries += [e for e in read_lines(text) if (e.number.numbering, e.number.written) not in filled and _useful(e)]
    return entries, [*grids, read_grid(text, name)]


def _useful(entry: Entry) -> bool:
    return entry.readable and bool(entry.number.question)


def _of_one_numbering(entries: Iterable[Entry]) -> list[Entry]:
    """Numbers of the other form beside those of this one are no questions."""
    by: dict[Numbering, list[Entry]] = {}
    for entry in entries:
        by.setdefault(entry.number.numbering, []).append(entry)
    return max(by.values(), key=lambda found: sum(bool(each.number.question) for each in found), default=[])


# ---------------------------------------------------------------- the form
def _form(data: bytes, name: str, entries: Sequence[Entry], grids: Sequence[Grid]) -> Form:
    edition = _EDITIONS[entries[0].number.numbering]
    notes = sorted((note for grid in grids for note in grid.notes), key=lambda note: note.place)
    chosen = _chosen(entries)
    answers = tuple(_answered(entry, notes) for entry in chosen.values())
    facts = _facts(answers, grids)
    dated = iso_date(facts.get("dated", ""))
    remarks = list(dict.fromkeys(_remarks(entries, chosen, edition)))
    if facts.get("dated") and not dated:
        remarks.insert(0, f"mds2.unclear-date={facts['dated']}")
    if len(remarks) > MAX_REMARKS:
        remarks[MAX_REMARKS - 1 :] = [f"mds2.more-remarks={len(remarks) - MAX_REMARKS + 1}"]
    return Form(
        name=name,
        sha256=hashlib.sha256(data).hexdigest(),
        edition=edition,
        answers=answers,
        manufacturer=facts.get("manufacturer", ""),
        product=facts.get("product", ""),
        software_version=facts.get("software_version", ""),
        document=facts.get("document", ""),
        dated=dated,
        remarks=tuple(remarks),
    )


def _chosen(entries: Iterable[Entry]) -> dict[str, Entry]:
    """One entry a question: the first that answers it."""
    chosen: dict[str, Entry] = {}
    for entry in entries:
        question = entry.number.question
        if question and (question not in chosen or chosen[question].answer is DeclaredAnswer.BLANK):
            chosen[question] = entry
    return chosen


def _answered(entry: Entry, notes: Sequence[NoteText]) -> Answered:
    return Answered(
        place=entry.place,
        question=entry.number.question,
        answer=entry.answer,
        text=kept(entry.text),
        note=kept(_explained(entry, notes)),
    )


def _explained(entry: Entry, notes: Sequence[NoteText]) -> str:
    """A note's text where the form only names its number: the next of that number below, else the last above."""
    texts = []
    for number in note_numbers(entry.note, alone=True):
        same = [note for note in notes if note.number == number]
        below = [note for note in same if note.place >= entry.place]
        if same:
            texts.append((below[0] if below else same[-1]).text)
    if not texts:
        return entry.note
    more_than_a_number = len(entry.note) > 24
    return " ".join([entry.note, *texts] if more_than_a_number else texts)


def _facts(answers: Iterable[Answered], grids: Iterable[Grid]) -> dict[str, str]:
    """Questions of the section DOC first, then the lines above the questions."""
    said = {each.question: each.text for each in answers}
    facts = {fact: said[question] for fact, question in _FACTS.items() if said.get(question)}
    for grid in grids:
        facts = {**grid.facts, **facts}
    return facts


def _remarks(entries: Sequence[Entry], chosen: Mapping[str, Entry], edition: Edition) -> Iterator[str]:
    """Message ids of what was noticed, each with its place in the form."""
    for entry in entries:
        written = kept(entry.number.written)
        if not entry.number.question:
            yield f"mds2.unknown-question={written}"
            continue
        if entry.number.corrected:
            yield f"mds2.corrected-question={written}"
        first = chosen[entry.number.question]
        if entry is first and not entry.readable:
            yield f"mds2.unreadable-answer={written}"
        if entry is not first and entry.answer not in (first.answer, DeclaredAnswer.BLANK):
            yield f"mds2.answered-twice={written}"
    asked = (
        {question.id for question in load_questions().values() if question.edition is edition}
        if edition is Edition.HN_2019
        else set(load_old_form().questions.values())
    )
    if missing := len(asked - set(chosen)):
        yield f"mds2.missing-questions={missing}"
    if blank := sum(entry.answer is DeclaredAnswer.BLANK for entry in chosen.values()):
        yield f"mds2.blank-answers={blank}"
