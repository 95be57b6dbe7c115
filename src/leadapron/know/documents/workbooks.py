"""The one door for spreadsheets: a workbook is measured and searched for traps before openpyxl parses it.

What runs code or fetches from elsewhere is refused, not stripped: a person must see that a vendor's form held it.
"""

from __future__ import annotations

import io
import warnings
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any, Protocol, cast
from xml.etree.ElementTree import ParseError

from leadapron.know.documents.untrusted import LIBRARY_ERRORS, check_size, has_doctype, reason
from leadapron.model.errors import SourceError

if TYPE_CHECKING:
    from openpyxl import Workbook

MAX_FILE = 32 << 20
"""Bytes of a file, packed."""
MAX_UNPACKED = 48 << 20
"""Bytes of all its parts, unpacked: some 20,000 rows of 20 columns."""
MAX_PART = 4 << 20
"""Unpacked bytes of a part that is neither a sheet nor the table of strings: such are parsed slowly."""
MAX_RATIO = 300
"""Unpacked to packed bytes of one part above `SMALL_PART`; honest sheets stay below 100."""
SMALL_PART = 1 << 20
MAX_PARTS = 2_000
MAX_SHEETS = 100
MAX_ROWS = 1_048_576
"""Rows of a sheet, empty ones included: Excel's own limit."""
MAX_CELLS = 5_000_000
"""Cells of a sheet, empty ones between filled ones included."""
MAX_CELL = 32_767
"""Characters of a cell: Excel's own limit."""

PLAIN = "save it as a plain .xlsx workbook without macros or links, and add that"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""Compound File Binary Format: Excel 97 to 2003, or a workbook under a password."""
_LARGE_PARTS = ("xl/worksheets/", "xl/sharedstrings")
_TRAPS = (
    ("vbaproject", "macros"),
    ("xl/macrosheets/", "macros"),
    ("xl/externallinks/", "links to other workbooks"),
)
_RELATIONSHIP = "{http://schemas.openxmlformats.org/package/2006/relationships}Relationship"


class Sheet(Protocol):
    """What is used of a sheet that openpyxl opened read-only."""

    title: str
    sheet_state: str

    def reset_dimensions(self) -> None: ...
    def iter_rows(self) -> Iterator[tuple[Any, ...]]: ...


class Formula(str):
    """Text of a cell that computes its value: what it shows depends on who opens it, so it is no declaration.

    Harmless where nobody reads it; `value_of` refuses it.
    """

    __slots__ = ()


def value_of(cell: str, place: str) -> str:
    """A cell's text; SourceError when it is a formula. `place` names file, sheet and cell."""
    if isinstance(cell, Formula):
        raise SourceError(f"{place}: holds a formula; copy the column, paste it as values, and save the workbook")
    return cell


def open_workbook(data: bytes, name: str) -> Workbook:
    """The workbook in `data`, read-only. SourceError names the file and the part that must not be there."""
    _measure(data, name)
    from openpyxl import load_workbook  # heavy: only those who read a spreadsheet wait for it

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of features that reading leaves out
            workbook = load_workbook(io.BytesIO(data), read_only=True, keep_links=False)
    except (*LIBRARY_ERRORS, ParseError) as error:
        raise SourceError(f"{name}: the workbook is damaged ({reason(error)}); open it and save it again") from error
    if len(workbook.sheetnames) > MAX_SHEETS:
        raise SourceError(f"{name}: {len(workbook.sheetnames)} sheets, at most {MAX_SHEETS} are read")
    return workbook


def visible_sheets(workbook: Workbook) -> list[Sheet]:
    """Sheets of cells that a person sees, in their order."""
    return [sheet for sheet in cast("list[Sheet]", workbook.worksheets) if sheet.sheet_state == "visible"]


def sheet_rows(sheet: Sheet, name: str) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Number (from 1) and cells as text of each row that holds something; empty cells at its end are left off."""
    place = f"{name}, sheet {sheet.title!r}"
    sheet.reset_dimensions()  # some programs write them wrong, and rows would be lost
    rows = sheet.iter_rows()
    cells = 0
    for number in range(1, MAX_ROWS + 2):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                row = next(rows, None)
        except (*LIBRARY_ERRORS, ParseError) as error:
            raise SourceError(
                f"{place}, after row {number - 1}: damaged ({reason(error)}); open it and save it again"
            ) from error
        if row is None:
            return
        cells += len(row)
        if cells > MAX_CELLS or number > MAX_ROWS:
            raise SourceError(f"{place}, row {number}: too many cells; keep only the table and save again")
        texts = [_text(cell, place, number) for cell in row]
        while texts and not texts[-1]:
            texts.pop()
        if texts:
            yield number, tuple(texts)


def _text(cell: Any, place: str, row: int) -> str:
    value = cell.value
    if value is None:
        return ""
    if cell.data_type == "f":
        return Formula(value) if isinstance(value, str) else Formula("=")
    text = _plain(value)
    if len(text) > MAX_CELL:
        raise SourceError(f"{place}, cell {cell.coordinate}: {len(text)} characters, at most {MAX_CELL} are read")
    return text


def _plain(value: object) -> str:
    """A value as people write it: whole numbers without a point, days as ISO dates."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(sep=" ", timespec="seconds")
    if isinstance(value, date):
        return value.isoformat()
    return str(value).strip()


# ---------------------------------------------------------------- before parsing
def _measure(data: bytes, name: str) -> None:
    """Refuse what a parser should not even see."""
    check_size(data, MAX_FILE, name, "keep only the table")
    if data.startswith(_OLE):
        if "EncryptedPackage".encode("utf-16-le") in data:
            raise SourceError(f"{name}: protected by a password; open it, take the password off and save it again")
        raise SourceError(f"{name}: the old .xls format of Excel; {PLAIN}")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = archive.infolist()
            _measure_parts(parts, name)
            for part in parts:
                _search(archive, part, name)
    except (zipfile.BadZipFile, *LIBRARY_ERRORS) as error:
        raise SourceError(f"{name}: not a whole .xlsx workbook ({reason(error)}); {PLAIN}") from error


def _measure_parts(parts: list[zipfile.ZipInfo], name: str) -> None:
    if len(parts) > MAX_PARTS:
        raise SourceError(f"{name}: {len(parts)} parts, at most {MAX_PARTS} are read; {PLAIN}")
    if len({part.filename.lower() for part in parts}) < len(parts):
        raise SourceError(f"{name}: two parts have one name; {PLAIN}")
    total = 0
    for part in parts:
        total += part.file_size
        large = part.filename.lower().startswith(_LARGE_PARTS)
        bomb = part.file_size > SMALL_PART and part.file_size > MAX_RATIO * max(part.compress_size, 1)
        if bomb or total > MAX_UNPACKED or (part.file_size > MAX_PART and not large and _is_xml(part)):
            raise SourceError(
                f"{name}, part {part.filename}: unpacks to {part.file_size >> 10} kB, too much to be read safely; "
                "keep only the table and save it again"
            )


def _is_xml(part: zipfile.ZipInfo) -> bool:
    return not part.filename.lower().endswith((".png", ".jpg", ".jpeg", ".emf", ".wmf", ".gif", ".tiff", ".bmp"))


def _search(archive: zipfile.ZipFile, part: zipfile.ZipInfo, name: str) -> None:
    path = part.filename.lower()
    for sign, what in _TRAPS:
        if sign in path:
            raise SourceError(f"{name}, part {part.filename}: holds {what}; {PLAIN}")
    if part.is_dir() or not _is_xml(part):
        return
    with archive.open(part) as stream:
        if has_doctype(iter(lambda: stream.read(1 << 14), b"")):
            raise SourceError(f"{name}, part {part.filename}: declares a document type or entities; {PLAIN}")
    if path.endswith(".rels"):
        _search_links(archive.read(part), f"{name}, part {part.filename}")
    elif path == "[content_types].xml" and b"macroEnabled" in archive.read(part):
        raise SourceError(f"{name}, part {part.filename}: a workbook with macros; {PLAIN}")


def _search_links(data: bytes, place: str) -> None:
    """External relationships (ECMA-376-2 §9.3) other than hyperlinks, which nothing follows by itself."""
    from defusedxml.ElementTree import fromstring

    for relation in fromstring(data).iter(_RELATIONSHIP):
        kind = relation.get("Type", "").rpartition("/")[2]
        if relation.get("TargetMode", "").lower() == "external" and kind != "hyperlink":
            raise SourceError(f"{place}: holds a link to another file ({kind or 'unnamed'}); {PLAIN}")
