"""Advisories read by a person."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from leadapron.know.matching import load_overlay
from leadapron.know.matching.constraints import Constraint, parse_constraint
from leadapron.know.matching.overlay import Spelling, read_overlay
from leadapron.model.errors import ContentError

FILE = """
id = "ICSMA-24-163-01"
title = "MicroDicom DICOM Viewer"
publisher = "CISA"
published = 2024-06-11
updated = 2024-06-11
[[vulnerabilities]]
cve = "CVE-2024-33606"
[[products]]
vendor = "MicroDicom"
product = "DICOM Viewer"
constraint = "<2024.2"
also = ["MicroDicom"]
fixed = "2024.2"
"""


def test_a_file(tmp_path: Path) -> None:
    (tmp_path / "icsma-24-163-01.toml").write_text(FILE, "utf-8")
    found = read_overlay(tmp_path)
    (advisory,) = found.advisories
    assert advisory.curated
    assert advisory.published == date(2024, 6, 11)
    assert (advisory.products[0].constraint, advisory.products[0].fixed) == ("<2024.2", "2024.2")
    assert found.spellings == (Spelling("MicroDicom", "DICOM Viewer", "MicroDicom"),)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("title", "titel", "titel"),
        ('fixed = "2024.2"', 'fixd = "2024.2"', "fixd"),
        ('constraint = "<2024.2"', 'constraint = ""', "open"),
        ('fixed = "2024.2"', 'cves = ["CVE-2024-1"]', "CVE-2024-1"),
        ('fixed = "2024.2"', 'status = "odd"', "status"),
        ("CVE-2024-33606", "CVE-33606", "CVE-33606"),
        ("2024-06-11", "yesterday", "TOML"),
        ('vendor = "MicroDicom"', 'vendor = ""', "vendor"),
    ],
)
def test_a_wrong_file_is_named(tmp_path: Path, old: str, new: str, said: str) -> None:
    (tmp_path / "x.toml").write_text(FILE.replace(old, new), "utf-8")
    with pytest.raises(ContentError, match=said) as raised:
        load_overlay(tmp_path)
    assert str(raised.value).startswith("x.toml")


def test_one_file_for_each_advisory(tmp_path: Path) -> None:
    for name in ("a.toml", "b.toml"):
        (tmp_path / name).write_text(FILE, "utf-8")
    with pytest.raises(ContentError, match="two files"):
        load_overlay(tmp_path)


def test_no_folder_holds_nothing(tmp_path: Path) -> None:
    assert load_overlay(tmp_path / "absent") == ()


def test_every_shipped_constraint_is_understood() -> None:
    unread = [
        (advisory.id, scope.constraint)
        for advisory in load_overlay()
        for scope in advisory.products
        if scope.constraint and not isinstance(parse_constraint(scope.constraint), Constraint)
    ]
    assert unread == []
