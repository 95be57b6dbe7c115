from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadapron.know.documents.columns import ColumnMemory
from leadapron.know.documents.recognise import read_document
from leadapron.model.errors import SourceError, UsageError
from leadapron.model.events import Declaration, DocumentAdded, DocumentType, FormAnswer
from tests.know.documents.workbooks import with_parts, workbook

NOW = datetime(2026, 11, 24, tzinfo=UTC)
FORM = [
    ("Question ID", "Question", "Answer", "See note"),
    *((f"SAHD-{number}", "Is it so?", "Yes", "") for number in range(1, 12)),
]
CSV_FORM = "\n".join(",".join(line) for line in FORM).encode()
BILL = json.dumps({"bomFormat": "CycloneDX", "specVersion": "1.4", "components": [{"name": "dcmtk"}]}).encode()


def read(data: bytes, name: str, kind: DocumentType | None = None) -> list[Declaration]:
    return read_document(data, name, kind=kind, asset="CT01", ts=NOW, key=b"k")


@pytest.mark.parametrize(
    ("data", "name", "kind"),
    [
        (BILL, "bom.json", DocumentType.SBOM),
        (b"Name,IP address,Serial\nCT,10.1.1.1,1\n", "list.csv", DocumentType.ASSETS),
        (b"AET;Port\nCT01;104\n", "export.txt", DocumentType.AE_REGISTER),
        (b"[[zones]]\nname = 'Imaging'\nnetwork = '10.1.0.0/16'\n", "plan.toml", DocumentType.ZONES),
        (workbook(("S", [("Zone", "Network"), ("Imaging", "10.1.0.0/16")])), "plan.xlsx", DocumentType.ZONES),
        (workbook(("MDS2", FORM)), "form.xlsx", DocumentType.MDS2),
        (CSV_FORM, "form.csv", DocumentType.MDS2),
    ],
)
def test_a_document_is_recognised_by_its_content(data: bytes, name: str, kind: DocumentType) -> None:
    document, *rest = read(data, name)
    assert isinstance(document, DocumentAdded)
    assert (document.type, document.sensor, document.packet) == (kind, name, 0)
    assert len(rest) == document.records > 0
    assert {(each.asset, each.ts) for each in rest} == {("CT01", NOW)}
    assert read(data, name, kind) == [document, *rest]


def test_forms_keep_their_answers() -> None:
    assert sum(isinstance(each, FormAnswer) for each in read(CSV_FORM, "form.csv")) == 11


def test_columns_can_be_named_and_are_remembered(tmp_path: Path) -> None:
    memory = ColumnMemory(tmp_path / "columns.toml")
    data = b"Label;Wert;Tor\nx;CT01;104\n"
    told = {"ae_title": "Wert", "port": "Tor"}
    document = read_document(data, "x.csv", ts=NOW, key=b"", columns=told, memory=memory)[0]
    assert isinstance(document, DocumentAdded)
    assert document.type is DocumentType.AE_REGISTER
    assert read_document(data, "x.csv", ts=NOW, key=b"", memory=memory)[0] == document
    with pytest.raises(UsageError, match="read as sbom, which has no columns"):
        read_document(BILL, "x.json", ts=NOW, key=b"", columns=told)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", r"x\.csv: empty"),
        (b"  \n", r"x\.csv: empty"),
        (b"a,b\n1,2\n", "neither an asset list, an AE register nor a network plan"),
        (b"a,b\n" + b"1,2\n" * 7_000, "neither an asset list"),
        (b'{"a": 1}', "JSON of another kind"),
        (with_parts(workbook(("MDS2", FORM)), {"xl/vbaProject.bin": b"x"}), "macros"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00", "neither a workbook nor text"),
    ],
)
def test_what_is_none_of_them_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(SourceError, match=message):
        read(data, "x.csv")


@given(st.binary(max_size=300), st.sampled_from([None, *DocumentType]))
def test_any_bytes_are_read_or_refused(data: bytes, kind: DocumentType | None) -> None:
    if kind is DocumentType.MDS2 and data.lstrip()[:5] == b"%PDF-":
        return  # read in a process of its own: see the tests of MDS2
    try:
        read(b"a;b\n" + data, "x", kind)
    except SourceError:
        pass
