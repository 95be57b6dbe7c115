from __future__ import annotations

import io
import time
import zipfile
from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadapron.know.documents import workbooks
from leadapron.know.documents.tables import MAX_TABLE_ROWS, read_table, word_of
from leadapron.know.documents.workbooks import MAX_FILE
from leadapron.model.errors import SourceError
from tests.know.documents.workbooks import part, with_parts, workbook

ROWS = [("Name", "IP address", "AE title"), ("CT1", "10.20.10.11", "CT01"), ("MR1", "10.20.10.12", "MR01")]
SHEET = "xl/worksheets/sheet1.xml"
LAUGHS = b"""<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>
<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData/></worksheet>"""
RELATIONS = """<?xml version="1.0"?><Relationships
xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1"
Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/{}" Target="{}" TargetMode="External"/>
</Relationships>"""


def texts(data: bytes, name: str = "list.csv") -> list[tuple[str, ...]]:
    return [row.cells for row in read_table(data, name).rows]


def test_a_csv_file_and_a_workbook_of_the_same_table_read_alike() -> None:
    from_csv = read_table("\n".join(",".join(row) for row in ROWS).encode(), "list.csv")
    from_workbook = read_table(workbook(("Devices", ROWS)), "list.xlsx")
    assert from_csv.headers == from_workbook.headers == ROWS[0]
    assert [row.cells for row in from_csv.rows] == [row.cells for row in from_workbook.rows] == ROWS[1:]
    assert from_csv.place(from_csv.rows[1]) == "list.csv, line 3"
    assert from_workbook.place(from_workbook.rows[1], 0) == "list.xlsx, sheet 'Devices', row 3, column 'Name'"


# ---------------------------------------------------------------- CSV
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "latin-1", "cp1252"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_encoding_and_separator_are_found_out(encoding: str, separator: str) -> None:
    lines = (["Équipement", "Adresse IP"], ["Échographe nº 1", "10.1.1.1"], ["Mammographe été", "10.1.1.2"])
    data = "\r\n".join(separator.join(line) for line in lines).encode(encoding)
    table = read_table(data, "liste.csv")
    assert table.headers == ("Équipement", "Adresse IP")
    assert [row.cells for row in table.rows] == [tuple(line) for line in lines[1:]]


def test_french_excel_with_commas_inside_values() -> None:
    data = "Nom;Adresse IP;Remarque\nIRM;10.1.1.1, 10.1.1.2;salle 3, coût 4,5 M€\n".encode("cp1252")
    assert texts(data) == [("IRM", "10.1.1.1, 10.1.1.2", "salle 3, coût 4,5 M€")]


def test_the_separator_can_be_said_in_the_first_line() -> None:
    table = read_table(b"sep=|\r\nName|Port\r\nCT1|104\r\n", "list.csv")
    assert [(row.number, row.cells) for row in table.rows] == [(3, ("CT1", "104"))]


def test_titles_above_the_headers_and_lines_within_values() -> None:
    data = b'Device list 2026\n\nDepartment,Radiology\nName,IP address,Room\nCT1,10.1.1.1,"3\nleft"\nMR1,10.1.1.2,4\n'
    table = read_table(data, "list.csv", known={"name", "ip address"})
    assert table.headers == ("Name", "IP address", "Room")
    assert [(row.number, row.cells[0]) for row in table.rows] == [(5, "CT1"), (7, "MR1")]


def test_what_looks_like_a_formula_is_data_and_our_own_apostrophe_goes() -> None:
    assert texts(b"Name,Note\n=1+1,-5\n'=cmd,'quoted\n") == [("=1+1", "-5"), ("=cmd", "'quoted")]


def test_short_rows_are_filled_and_long_ones_named() -> None:
    assert texts(b"a,b,c\n1,2\n1,2,3,,\n") == [("1", "2", ""), ("1", "2", "3")]
    with pytest.raises(SourceError, match=r"list\.csv, line 3: 4 values for 3 columns"):
        read_table(b"a,b,c\n1,2,3\n1,2,3,4\n", "list.csv")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b'a,b\n1,2\n"3,4\n5,6\n', "line 3.*quotation marks"),
        (b"only one line", "no table found"),
        (b"", "no table found"),
        (b"\x00\x01\x02\x03" * 99, "neither a workbook nor text"),
        (b"a,b\n" + b"x" * 200_000 + b",1\n", "line 2"),
        (",".join(map(str, range(300))).encode() + b"\n1,2\n", "300 columns, at most 256"),
    ],
    ids=["quotes", "no rows", "empty", "binary", "huge cell", "wide"],
)
def test_what_is_no_table_is_refused_with_its_place(data: bytes, message: str) -> None:
    with pytest.raises(SourceError, match=message):
        read_table(data, "list.csv")


def test_a_million_rows_stop_early() -> None:
    data = b"Name,IP address\n" + b"CT,10.0.0.1\n" * 1_000_000
    start = time.process_time()
    with pytest.raises(SourceError, match=f"more than {MAX_TABLE_ROWS} rows"):
        read_table(data, "list.csv")
    assert time.process_time() - start < 3
    with pytest.raises(SourceError, match="at most 32 MB"):
        read_table(b"a,b\n" * (MAX_FILE // 4 + 1), "list.csv")


# ---------------------------------------------------------------- workbooks
def test_cells_read_as_people_write_them() -> None:
    rows = [("a", "b", "c", "d"), (104, 1.5, date(2027, 12, 31), True), (104.0, None, datetime(2027, 1, 2, 3, 4), "x")]  # noqa: DTZ001
    assert texts(workbook(("S", rows)), "list.xlsx") == [
        ("104", "1.5", "2027-12-31", "yes"),
        ("104", "", "2027-01-02 03:04:00", "x"),
    ]


def test_the_sheet_with_known_headers_is_taken_and_hidden_ones_are_not() -> None:
    data = workbook(("Read me", [("List of", "devices"), ("made in", "2026")]), ("Devices", ROWS))
    assert read_table(data, "list.xlsx", known=set(map(word_of, ROWS[0]))).sheet == "Devices"
    assert read_table(data, "list.xlsx").sheet == "Read me"
    hidden = part(data, "xl/workbook.xml").replace(b'name="Read me"', b'name="Read me" state="hidden"', 1)
    hidden = hidden.replace(b'state="visible"', b"", 1)
    assert read_table(with_parts(data, {"xl/workbook.xml": hidden}), "list.xlsx").sheet == "Devices"


def test_a_formula_is_refused_where_it_is_read_and_only_there() -> None:
    table = read_table(workbook(("S", [("Name", "Age"), ("CT1", "=YEAR(TODAY())-2015")])), "list.xlsx")
    assert table.text(table.rows[0], 0) == "CT1"
    with pytest.raises(SourceError, match=r"sheet 'S', row 2, column 'Age': holds a formula.*paste it as values"):
        table.text(table.rows[0], 1)


def test_a_wrong_dimension_hides_nothing() -> None:
    data = workbook(("S", ROWS))
    sheet = part(data, SHEET).replace(b'ref="A1:C3"', b'ref="A1:B2"')
    assert texts(with_parts(data, {SHEET: sheet}), "list.xlsx") == ROWS[1:]


def test_hyperlinks_are_harmless() -> None:
    data = workbook(("S", ROWS))
    links = RELATIONS.format("hyperlink", "mailto:biomed@hospital.example").encode()
    assert texts(with_parts(data, {"xl/worksheets/_rels/sheet1.xml.rels": links}), "list.xlsx") == ROWS[1:]


def _bomb() -> bytes:
    return with_parts(workbook(("S", ROWS)), {SHEET: b"<a>" + b" " * (40 << 20) + b"</a>"})


def _many_parts() -> bytes:
    return with_parts(workbook(("S", ROWS)), {f"xl/media/{n}.xml": b"" for n in range(3_000)})


def _encrypted() -> bytes:
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600) + "EncryptedPackage".encode("utf-16-le")


HOSTILE = {
    "macros": (lambda: with_parts(workbook(("S", ROWS)), {"xl/vbaProject.bin": b"x"}), "vbaProject.*macros"),
    "macro type": (
        lambda: with_parts(
            workbook(("S", ROWS)),
            {"[Content_Types].xml": b"<Types>application/vnd.ms-excel.sheet.macroEnabled.main+xml</Types>"},
        ),
        "a workbook with macros",
    ),
    "old macros": (lambda: with_parts(workbook(("S", ROWS)), {"xl/macrosheets/m.xml": b"<a/>"}), "macros"),
    "links": (
        lambda: with_parts(workbook(("S", ROWS)), {"xl/externalLinks/externalLink1.xml": b"<a/>"}),
        "links to other workbooks",
    ),
    "remote image": (
        lambda: with_parts(
            workbook(("S", ROWS)),
            {"xl/worksheets/_rels/sheet1.xml.rels": RELATIONS.format("image", "http://evil.example/x").encode()},
        ),
        r"sheet1\.xml\.rels: holds a link to another file \(image\)",
    ),
    "laughs": (lambda: with_parts(workbook(("S", ROWS)), {SHEET: LAUGHS}), r"sheet1\.xml: declares a document type"),
    "laughs in UTF-16": (
        lambda: with_parts(workbook(("S", ROWS)), {SHEET: LAUGHS.decode().replace("?>", "?>", 1).encode("utf-16")}),
        "declares a document type",
    ),
    "bomb": (_bomb, r"sheet1\.xml: unpacks to 40960 kB"),
    "parts": (_many_parts, "parts, at most 2000"),
    "old format": (lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), r"old \.xls format"),
    "password": (_encrypted, "protected by a password"),
    "cut off": (lambda: workbook(("S", ROWS))[:-300], "not a whole .xlsx"),
    "other ZIP": (lambda: with_parts(_zip(), {"readme.txt": b"hello"}), "damaged"),
    "broken sheet": (lambda: with_parts(workbook(("S", ROWS)), {SHEET: b"<worksheet"}), "damaged"),
}


def _zip() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w"):
        pass
    return stream.getvalue()


@pytest.mark.parametrize("trap", HOSTILE)
def test_a_trap_is_refused_and_named(trap: str) -> None:
    made, message = HOSTILE[trap]
    with pytest.raises(SourceError, match=message):
        read_table(made(), "list.xlsx")


def test_two_parts_of_one_name_are_refused() -> None:
    stream = io.BytesIO(workbook(("S", ROWS)))
    with pytest.warns(UserWarning, match="Duplicate name"), zipfile.ZipFile(stream, "a") as archive:
        archive.writestr(SHEET, b"<a/>")
    with pytest.raises(SourceError, match="two parts have one name"):
        read_table(stream.getvalue(), "list.xlsx")


def test_rows_far_down_and_columns_far_out_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbooks, "MAX_ROWS", 10_000)
    monkeypatch.setattr(workbooks, "MAX_CELLS", 500_000)
    data = workbook(("S", ROWS))
    sheet = part(data, SHEET)
    far = b'<row r="99999999"><c r="A99999999" t="inlineStr"><is><t>x</t></is></c></row></sheetData>'
    wide = b"".join(
        b'<row r="%d"><c r="XFD%d" t="inlineStr"><is><t>x</t></is></c></row>' % (row, row) for row in range(4, 40)
    )
    for added in (far, wide + b"</sheetData>"):
        with pytest.raises(SourceError, match="too many cells"):
            read_table(with_parts(data, {SHEET: sheet.replace(b"</sheetData>", added)}), "list.xlsx")


# ---------------------------------------------------------------- properties
@given(st.binary(max_size=400))
def test_any_bytes_are_a_table_or_refused(data: bytes) -> None:
    for head in (b"", b"PK\x03\x04", b"a;b;c\n", b"\xff\xfe"):
        try:
            table = read_table(head + data, "x")
        except SourceError:
            continue
        assert all(len(row.cells) == len(table.headers) for row in table.rows)


@given(st.data())
def test_a_damaged_workbook_is_read_or_refused(data: st.DataObject) -> None:
    sound = workbook(("S", ROWS))
    name = data.draw(st.sampled_from(zipfile.ZipFile(io.BytesIO(sound)).namelist()))
    content = bytearray(part(sound, name))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at : at + data.draw(st.integers(0, 5))] = data.draw(st.binary(max_size=5))
    try:
        read_table(with_parts(sound, {name: bytes(content)}), "x.xlsx")
    except SourceError:
        pass


LETTER = st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp", "Zs"], exclude_characters="\ufffd")
WORD = st.text(LETTER, min_size=1, max_size=8)


@given(st.lists(st.tuples(WORD, WORD, WORD), min_size=1, max_size=5), st.sampled_from(",;\t"))
def test_a_quoted_table_survives(rows: list[tuple[str, str, str]], separator: str) -> None:
    lines = [("Name", "Port", "Room"), *rows]
    quoted = "\n".join(separator.join('"' + cell.replace('"', '""') + '"' for cell in line) for line in lines)
    expected = [tuple(cell[1:] if cell[0] == "'" and cell[1:2] in [*"=+-@"] else cell for cell in row) for row in rows]
    assert texts(quoted.encode("utf-8-sig")) == expected
