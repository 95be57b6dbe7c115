"""Rows of cells → the answers, notes and opening lines of an MDS2 form.

Columns are found by what stands in them, not by where they stand: the question numbers by their shape, the answers
by being answers most often. So a moved, merged or translated form is read like the original.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache

from msgspec import Struct

from leadapron.know.documents.mds2_cells import (
    Numbering,
    QuestionNumber,
    bare,
    cell_answer,
    is_tick,
    kept,
    note_numbers,
    question_number,
)
from leadapron.know.documents.mds2_questions import AnswerKind, load_questions, load_words
from leadapron.know.documents.workbooks import Formula, value_of
from leadapron.model.events import DeclaredAnswer

MAX_ID_COLUMN = 8
"""Question numbers stand in one of the first columns."""
_NOTE_ROW = re.compile(r"(?:note|hinweis|remarque|anmerkung|nota)\s*#?\s*(\d{1,3})\s*[.:)-]?\s*(.*)", re.I | re.S)
_NUMBERED_LINE = re.compile(r"\(?(\d{1,3})\s*[.:)]\s+(\S.*)")
_TICKABLE = (DeclaredAnswer.YES, DeclaredAnswer.NO, DeclaredAnswer.NOT_APPLICABLE)


class Line(Struct, frozen=True):
    """One row; `place` is its row in a sheet, line in a text, or page of a PDF, from 1."""

    place: int
    cells: tuple[str, ...]


class Entry(Struct, frozen=True):
    """One answered question as written. `note` is the cell beside the answer, or what the answer adds itself."""

    place: int
    number: QuestionNumber
    answer: DeclaredAnswer
    text: str = ""
    note: str = ""
    readable: bool = True
    """False: the answer cell says something that is no answer; it stands in `text`."""


class NoteText(Struct, frozen=True):
    """A numbered note below the questions."""

    place: int
    number: int
    text: str


class Grid(Struct, frozen=True, kw_only=True):
    """What was found in one sheet or table."""

    entries: tuple[Entry, ...] = ()
    notes: tuple[NoteText, ...] = ()
    facts: Mapping[str, str]
    """`manufacturer`, `product`, `software_version`, `document`, `dated` → as written."""


class _Columns(Struct, frozen=True):
    number: int
    answer: int
    notes: tuple[int, ...]
    ticks: Mapping[int, DeclaredAnswer]


def read_grid(lines: Sequence[Line], where: str) -> Grid:
    """What the rows hold; `where` names file and sheet for errors. Raises `SourceError` only for a formula that
    would have to be read."""
    ids, numbered = _numbered(lines)
    asked = {index for index, _ in numbered}
    others = [(index, line) for index, line in enumerate(lines) if index not in asked]
    entries: tuple[Entry, ...] = ()
    if numbered:
        columns = _columns([lines[index].cells for index, _ in numbered], ids, [line for _, line in others])
        entries = tuple(_entry(lines[index], number, columns, where) for index, number in numbered)
    first = min(asked, default=len(lines))
    heads = [line for index, line in others if index < max(first, 1)]
    return Grid(entries=entries, notes=tuple(_notes(others, asked)), facts=_facts(heads))


def known_questions(lines: Sequence[Line]) -> int:
    """How many rows ask a question we know."""
    return sum(bool(number.question) for _, number in _numbered(lines)[1])


# ---------------------------------------------------------------- columns
def _numbered(lines: Sequence[Line]) -> tuple[int, list[tuple[int, QuestionNumber]]]:
    """The column of numbers, and index and number of each row that asks a question: of all columns and both
    numberings, the one with most known numbers."""
    found: dict[tuple[int, Numbering], list[tuple[int, QuestionNumber]]] = {}
    for index, line in enumerate(lines):
        for column, cell in enumerate(line.cells[:MAX_ID_COLUMN]):
            number = question_number(cell) if cell else None
            if number is not None:
                found.setdefault((column, number.numbering), []).append((index, number))
    known = {key: sum(bool(number.question) for _, number in rows) for key, rows in found.items()}
    best = max(known, key=lambda key: (known[key], -key[0]), default=None)
    if best is None or not known[best]:
        return 0, []
    return best[0], found[best]


def _columns(rows: Sequence[tuple[str, ...]], ids: int, others: Sequence[Line]) -> _Columns:
    votes: Counter[int] = Counter()
    ticks: Counter[int] = Counter()
    for cells in rows:
        for column in range(ids + 1, len(cells)):
            ticks[column] += is_tick(cells[column])
            read = cell_answer(cells[column])
            votes[column] += read is not None and read.answer is not DeclaredAnswer.BLANK
    heads = _tick_heads(others, ids)
    if sum(ticks[column] for column in heads) > max(votes.values(), default=0):
        answer = max(heads)
        return _Columns(ids, answer, _note_columns(others, answer, rows), heads)
    answer = max(votes, key=lambda column: (votes[column], -column), default=ids + 1)
    if not votes[answer]:  # only questions that want text, as on the first page of a PDF
        answer = min(ids + 2, max(map(len, rows)) - 1)
    return _Columns(ids, answer, _note_columns(others, answer, rows), {})


def _tick_heads(others: Iterable[Line], ids: int) -> Mapping[int, DeclaredAnswer]:
    """Columns headed "Yes", "No" and "N/A", each alone."""
    for line in others:
        heads = {}
        for column in range(ids + 1, len(line.cells)):
            read = cell_answer(line.cells[column])
            if read is not None and read.answer in _TICKABLE and not read.rest:
                heads[column] = read.answer
        if len(set(heads.values())) == len(heads) >= 2:
            return heads
    return {}


def _note_columns(others: Iterable[Line], answer: int, rows: Sequence[tuple[str, ...]]) -> tuple[int, ...]:
    """Columns right of the answers that are headed as notes; else the next one, unless it maps to frameworks."""
    named, mapped = set(), set()
    for line in others:
        for column in range(answer + 1, len(line.cells)):
            head = bare(line.cells[column])
            if head in _heads("note"):
                named.add(column)
            elif head.startswith(_heads("mapping")):
                mapped.add(column)
    beside = answer + 1
    if not named and beside not in mapped and any(len(cells) > beside for cells in rows):
        return (beside,)
    return tuple(sorted(named - mapped))


@cache
def _heads(kind: str) -> tuple[str, ...]:
    return tuple(load_words().columns[kind])


# ---------------------------------------------------------------- answers
def _entry(line: Line, number: QuestionNumber, columns: _Columns, where: str) -> Entry:
    def text(column: int) -> str:
        if column >= len(line.cells):
            return ""
        return value_of(line.cells[column], f"{where}, cell {_letters(column)}{line.place}").strip()

    note = " ".join(cell for column in columns.notes if (cell := text(column)) and not _empty(cell))
    if columns.ticks:
        ticked = [answer for column, answer in columns.ticks.items() if is_tick(text(column))]
        if len(ticked) != 1:
            said = " ".join(cell for column in columns.ticks if (cell := text(column)))
            return entry_of(line.place, number, said if not ticked else "/".join(ticked), note)
        return Entry(line.place, number, ticked[0], note=note)
    return entry_of(line.place, number, text(columns.answer), note)


def entry_of(place: int, number: QuestionNumber, cell: str, note: str) -> Entry:
    """The answer in one cell, with the note beside it."""
    question = load_questions().get(number.question)
    if question is not None and question.kind is AnswerKind.TEXT:
        if _empty(cell):
            return Entry(place, number, DeclaredAnswer.NOTE if note else DeclaredAnswer.BLANK, note=note)
        return Entry(place, number, DeclaredAnswer.NOTE, text=cell, note=note)
    read = cell_answer(cell)
    if read is None:
        return Entry(place, number, DeclaredAnswer.NOTE, text=cell, note=note, readable=False)
    if read.answer is DeclaredAnswer.NOTE:
        return Entry(place, number, DeclaredAnswer.NOTE, note=" ".join(filter(None, (read.rest, note))))
    if read.answer is DeclaredAnswer.BLANK and note:
        return Entry(place, number, DeclaredAnswer.NOTE, note=note)
    if note_numbers(read.rest, alone=False):
        return Entry(place, number, read.answer, note=" ".join(filter(None, (read.rest, note))))
    return Entry(place, number, read.answer, text=read.rest, note=note)


def _empty(cell: str) -> bool:
    read = cell_answer(cell)
    return read is not None and read.answer is DeclaredAnswer.BLANK


def _letters(column: int) -> str:
    """The column's name in a spreadsheet: A, B … Z, AA."""
    name = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(ord("A") + rest) + name
    return name


# ---------------------------------------------------------------- notes and opening lines
def _notes(others: Iterable[tuple[int, Line]], asked: set[int]) -> Iterator[NoteText]:
    """Numbered notes: "Note 3 | text" anywhere, "3 | text" and "3. text" below a line that says "Notes"."""
    below = -1
    for index, line in others:
        cells = [cell for cell in line.cells if cell and not isinstance(cell, Formula)]
        if below >= 0 and not asked.isdisjoint(range(below, index)):
            below = -1
        for position, cell in enumerate(cells):
            after = " ".join(cells[position + 1 :])
            if found := _NOTE_ROW.fullmatch(cell):
                text = found[2].strip() or after
                if text:
                    yield NoteText(line.place, int(found[1]), kept(text))
                break
            if bare(cell.splitlines()[0]).endswith("notes") and len(cell.splitlines()[0]) < 24:
                below = index
            if below >= 0:
                yield from _listed(line.place, cell, after)


def _listed(place: int, cell: str, after: str) -> Iterator[NoteText]:
    if cell.rstrip(".:)").isdecimal() and len(cell) < 5 and after:
        yield NoteText(place, int(cell.rstrip(".:)")), kept(after))
    for line in cell.splitlines():
        if found := _NUMBERED_LINE.fullmatch(line.strip()):
            yield NoteText(place, int(found[1]), kept(found[2]))


def _facts(heads: Sequence[Line]) -> dict[str, str]:
    """What the lines above the questions say: "Label | value", "Label: value", or the value below its label."""
    facts: dict[str, str] = {}
    for index, line in enumerate(heads):
        below = heads[index + 1].cells if index + 1 < len(heads) else ()
        for column, cell in enumerate(line.cells):
            label, value = _labelled(cell)
            kind = _labels().get(label)
            if kind is None or kind == "other" or kind in facts or isinstance(cell, Formula):
                continue
            beside = next((each for each in line.cells[column + 1 :] if each), "")
            under = below[column] if column < len(below) else ""
            for said in (value, beside, under):
                if said and not isinstance(said, Formula) and not _empty(said) and _labelled(said)[0] not in _labels():
                    facts[kind] = kept(said)
                    break
    return facts


def _labelled(cell: str) -> tuple[str, str]:
    """Label and value of a cell that holds both, on two lines or around a colon; else the cell as a label."""
    for mark in ("\n", ":"):
        label, found, value = cell.partition(mark)
        if found and value.strip() and bare(label) in _labels():
            return bare(label), value.strip()
    return bare(cell), ""


@cache
def _labels() -> Mapping[str, str]:
    return {label: kind for kind, labels in load_words().facts.items() for label in labels}
