"""Tables that people keep, as CSV or XLSX, read with their row numbers so that every complaint names a place.

A hospital's list was made by some spreadsheet program in some language: the encoding, the separator, and where the
headers stand are found out, not asked for. Nothing in a cell is ever computed: values that start like a formula in
CSV are data.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from itertools import chain, islice

from msgspec import Struct

from leadapron.know.documents.untrusted import check_size
from leadapron.know.documents.workbooks import MAX_FILE, open_workbook, sheet_rows, value_of, visible_sheets
from leadapron.model.errors import SourceError

__all__ = ["MAX_TABLE_ROWS", "Row", "Table", "csv_rows", "is_workbook", "open_workbook", "read_table", "word_of"]

MAX_TABLE_ROWS = 100_000
"""Rows that hold something: more than any hospital has devices."""
MAX_COLUMNS = 256
HEADER_WITHIN = 40
"""Rows among which the headers are looked for, below titles and notes."""
SNIFFED_ROWS = 60
_SEPARATORS = (";", ",", "\t", "|")
_FORMULA_STARTS = ("=", "+", "-", "@")
_SEPARATOR_LINE = re.compile(r"\A(?:sep|SEP)=(.)\r?\n")
"""First line by which some programs tell Excel the separator."""

Numbered = tuple[int, tuple[str, ...]]


class Row(Struct, frozen=True):
    """One row below the headers; `number` is its line in a CSV file or its row in a sheet."""

    number: int
    cells: tuple[str, ...]


class Table(Struct, frozen=True, kw_only=True):
    """A table as found: every row has one cell for each header."""

    name: str
    """File, and sheet if there are several."""
    headers: tuple[str, ...]
    rows: tuple[Row, ...]
    sheet: str = ""
    unit: str = "line"

    def place(self, row: Row, column: int | None = None) -> str:
        """Where a person finds it."""
        where = f"{self.name}, {self.unit} {row.number}"
        return where if column is None else f"{where}, column {self.headers[column]!r}"

    def text(self, row: Row, column: int) -> str:
        """A cell's text; SourceError when it holds a formula."""
        return value_of(row.cells[column], self.place(row, column))


def is_workbook(data: bytes) -> bool:
    """Does it look like a spreadsheet program's own format (a ZIP archive, or the old compound file)?"""
    return data.startswith((b"PK\x03\x04", b"PK\x05\x06", b"\xd0\xcf\x11\xe0"))


def word_of(header: str) -> str:
    """A header reduced to what it says: small letters and digits without accents, single spaces between."""
    bare = unicodedata.normalize("NFKD", header.replace("°", " ").replace("º", " ")).casefold()
    bare = "".join(char for char in bare if not unicodedata.combining(char))
    return " ".join(re.findall(r"[^\W_]+", bare))


def read_table(data: bytes, name: str, *, known: Collection[str] = ()) -> Table:
    """The table in a CSV file, or in the first sheet of a workbook that holds one.

    `known` are the header words (`word_of`) that the caller understands: with them, titles above the headers and
    sheets beside the right one are told apart surely.
    """
    words = frozenset(known)
    if is_workbook(data):
        return _from_workbook(data, name, words)
    return _table(csv_rows(data, name), name, words, unit="line") or _no_table(name)


def csv_rows(data: bytes, name: str) -> Iterator[Numbered]:
    """Line number (from 1) and cells of each record of a CSV file that holds something."""
    check_size(data, MAX_FILE, name, "keep only the table")
    return _csv_rows(_decoded(data, name), name)


def _no_table(name: str) -> Table:
    raise SourceError(f"{name}: no table found; a row of column names with rows below it is needed")


def _from_workbook(data: bytes, name: str, words: frozenset[str]) -> Table:
    workbook = open_workbook(data, name)
    found = []
    for sheet in visible_sheets(workbook):
        table = _table(sheet_rows(sheet, name), f"{name}, sheet {sheet.title!r}", words, unit="row", sheet=sheet.title)
        if table is not None:
            if _known(table.headers, words) >= 2:
                return table
            found.append(table)
    return found[0] if found else _no_table(name)


# ---------------------------------------------------------------- CSV
def _decoded(data: bytes, name: str) -> str:
    """Text in the encoding it was saved in: as its mark says, else UTF-8 where it is that, else Windows' Latin."""
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
        if data.startswith(mark):
            text = data[len(mark) :].decode(encoding, "replace")
            break
    else:
        zeros = (data[0:200:2].count(0), data[1:200:2].count(0))
        if max(zeros) * 4 > min(len(data), 200):
            text = data.decode("utf-16-be" if zeros[0] > zeros[1] else "utf-16-le", "replace")
        else:
            text = _eight_bit(data)
    if "\x00" in text or text.count("�") > 4 + len(text) // 20:
        raise SourceError(f"{name}: neither a workbook nor text; save the table as .xlsx or as CSV (UTF-8)")
    return text


def _eight_bit(data: bytes) -> str:
    for encoding in ("utf-8", "cp1252"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return data.decode("latin-1")


def _csv_rows(text: str, name: str) -> Iterator[Numbered]:
    first = 1
    said = _SEPARATOR_LINE.match(text)
    if said:
        text, first = text[said.end() :], 2
    separator = said[1] if said and not said[1].isalnum() and said[1] not in "\"'" else _separator(text)
    return _records(text, separator, name, first)


def _separator(text: str) -> str:
    """The separator by which most of the first rows have one and the same width, the widest of such."""

    def score(separator: str) -> tuple[int, int]:
        widths: Counter[int] = Counter()
        try:
            reader = csv.reader(io.StringIO(text[: 1 << 18]), delimiter=separator)
            widths.update(len(row) for row in islice(reader, SNIFFED_ROWS) if len(row) > 1)
        except csv.Error:
            return (0, 0)
        width, times = max(widths.items(), key=lambda item: (item[1], item[0]), default=(0, 0))
        return (times, width)

    return max(_SEPARATORS, key=score)


def _records(text: str, separator: str, name: str, first: int) -> Iterator[Numbered]:
    """Line number and cells of each record that holds something."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    while True:
        line = first + reader.line_num
        try:
            row = next(reader, None)
        except csv.Error as error:
            raise SourceError(f"{name}, line {line}: {error}; are the quotation marks in pairs?") from error
        if row is None:
            return
        cells = tuple(_cell(cell) for cell in row)
        if any(cells):
            yield line, cells


def _cell(text: str) -> str:
    """A cell's text, without the apostrophe that our own files put before what looks like a formula."""
    text = text.strip()
    return text[1:] if text[:1] == "'" and text[1:].startswith(_FORMULA_STARTS) else text


# ---------------------------------------------------------------- headers
def _known(headers: Iterable[str], words: frozenset[str]) -> int:
    return sum(word_of(header) in words for header in headers)


def _table(rows: Iterator[Numbered], name: str, words: frozenset[str], *, unit: str, sheet: str = "") -> Table | None:
    """The table in these rows; None when no row can be the headers of another."""
    first = list(islice(rows, HEADER_WITHIN))
    start = _header_row(first, words)
    if start is None:
        return None
    headers = tuple(" ".join(cell.split()) for cell in first[start][1])
    if len(headers) > MAX_COLUMNS:
        raise SourceError(f"{name}, {unit} {first[start][0]}: {len(headers)} columns, at most {MAX_COLUMNS} are read")
    below: list[Row] = []
    for number, cells in chain(first[start + 1 :], rows):  # one by one: what is too long is left unread
        if len(below) >= MAX_TABLE_ROWS:
            raise SourceError(f"{name}, {unit} {number}: more than {MAX_TABLE_ROWS} rows; split the list")
        below.append(Row(number, _fitted(cells, headers, f"{name}, {unit} {number}", strict=unit == "line")))
    return Table(name=name, headers=headers, rows=tuple(below), sheet=sheet, unit=unit) if below else None


def _fitted(cells: tuple[str, ...], headers: tuple[str, ...], place: str, *, strict: bool) -> tuple[str, ...]:
    """As many cells as headers. In CSV a filled cell too many means that some value holds a bare separator, and
    then every later cell is in a wrong column; beside a sheet's table stand notes."""
    width = len(headers)
    if strict and any(cells[width:]):
        raise SourceError(
            f"{place}: {len(cells)} values for {width} columns; put values that hold the separator between "
            "quotation marks"
        )
    return cells[:width] + ("",) * (width - len(cells))


def _header_row(rows: list[Numbered], words: frozenset[str]) -> int | None:
    """Index of the row with most headers we know; if there are not two, the first that is nearly as wide as the
    widest and repeats nothing."""
    if words:
        scores = [_known(cells, words) for _, cells in rows]
        best = max(scores, default=0)
        if best >= 2:
            return scores.index(best)
    widest = max((_filled(cells) for _, cells in rows), default=0)
    for index, (_, cells) in enumerate(rows[:-1]):
        texts = [word_of(cell) for cell in cells if cell]
        if widest and len(texts) * 10 >= widest * 7 and len(set(texts)) == len(texts):
            return index
    return None


def _filled(cells: tuple[str, ...]) -> int:
    return sum(bool(cell) for cell in cells)
