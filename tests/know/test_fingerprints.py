from __future__ import annotations

from pathlib import Path

import pytest

from leadapron.know import load_fingerprints
from leadapron.model.errors import ContentError

IMPLEMENTATIONS = "class_uid\tversion_name\tproduct\n"
VENDORS = "prefix\tvendor\n"


def tables(folder: Path, implementations: str = "", vendors: str = "") -> Path:
    (folder / "implementations.tsv").write_text(IMPLEMENTATIONS + implementations)
    (folder / "mac_vendors.tsv").write_text(VENDORS + vendors)
    return folder


def test_shipped_tables_name_toolkits_and_makers() -> None:
    fingerprints = load_fingerprints()
    assert {"DCMTK", "pynetdicom", "dcm4che"} <= {pattern.product for pattern in fingerprints.implementations}
    assert fingerprints.mac_vendors["001d4a"] == "Carestream Health, Inc."
    assert len(fingerprints.mac_vendors) > 1000


def test_a_folder_of_ones_own(tmp_path: Path) -> None:
    fingerprints = load_fingerprints(tables(tmp_path, "1.2.3\tX(\\d)\tExample\n", "00aabb\tMaker\n"))
    assert fingerprints.implementations[0].product == "Example"
    assert fingerprints.mac_vendors == {"00aabb": "Maker"}


@pytest.mark.parametrize(
    ("implementations", "vendors", "place"),
    [
        ("1.2.3\tX(\tExample\n", "", "implementations.tsv, line 2"),
        ("\t\tExample\n", "", "implementations.tsv, line 2"),
        ("1.2.3\tX\tExample\textra\n", "", "implementations.tsv, line 2"),
        ("", "00aabb\tMaker\n00AABB\tMaker\n", "mac_vendors.tsv, line 3"),
    ],
    ids=["expression", "nothing", "columns", "prefix"],
)
def test_a_bad_row_is_named(tmp_path: Path, implementations: str, vendors: str, place: str) -> None:
    with pytest.raises(ContentError, match=place):
        load_fingerprints(tables(tmp_path, implementations, vendors))


def test_a_missing_table_and_a_wrong_header_are_named(tmp_path: Path) -> None:
    with pytest.raises(ContentError, match=r"implementations\.tsv"):
        load_fingerprints(tmp_path)
    tables(tmp_path)
    (tmp_path / "mac_vendors.tsv").write_text("mac\tname\n")
    with pytest.raises(ContentError, match=r"mac_vendors\.tsv, line 1"):
        load_fingerprints(tmp_path)
