"""The department's papers: written from the scenario, wrong where papers.toml says so, and shipped as written."""

import csv
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from lab import papers, scenario
from leadapron.rules import load_rules

DEPARTMENT = scenario.load(papers.LAB / "department.toml")
TOLD = papers.load_papers()


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("papers")
    papers.write(DEPARTMENT, TOLD, folder)
    return folder


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def cells(path: Path) -> list[tuple[Any, ...]]:
    sheet = load_workbook(path).worksheets[0]
    return list(sheet.iter_rows(values_only=True))


def test_the_register_has_its_planted_errors(written: Path) -> None:
    register = {(row["AE title"], row["IP address"]) for row in rows(written / papers.REGISTER)}
    assert ("READ04", "10.20.30.44") in register  # moved
    assert ("OLDPACS", "10.20.20.99") in register  # dead
    assert {address for title, address in register if title == "US_ROOM"} == {"10.20.10.31", "10.20.10.32"}
    assert not {"FINDSCU", "TEMPSCP", "SECR01"} & {title for title, _ in register}


def test_the_asset_list_has_its_planted_errors(written: Path) -> None:
    listed = {row["Device"]: row for row in rows(written / papers.ASSETS)}
    assert "EPIQ7-32" not in listed
    assert listed["MR03"]["IP address"] not in {address for one in DEPARTMENT.devices for address in one.addresses}
    assert [name for name, row in listed.items() if not row["Owner"]] == ["CT02", "VNA01"]
    assert [name for name, row in listed.items() if not row["End of support"]] == ["DRX-41", "INFX-71"]


def test_the_shipped_papers_are_those_that_the_lab_writes(written: Path) -> None:
    shipped = {path.name for path in papers.SHIPPED.iterdir()}
    assert shipped == {path.name for path in written.iterdir()}
    for name in sorted(shipped):
        ours, theirs = written / name, papers.SHIPPED / name
        if name.endswith(".xlsx"):
            assert cells(ours) == cells(theirs), f"{name}: python -m lab.papers"
            assert theirs.stat().st_size < 60_000
        else:
            assert ours.read_bytes() == theirs.read_bytes(), f"{name}: python -m lab.papers"


def test_what_they_reveal_is_about_devices_or_names_in_the_papers() -> None:
    known = {device.name for device in DEPARTMENT.devices} | {row.name for row in TOLD.assets.extra}
    titles = {service.ae_title for device in DEPARTMENT.devices for service in device.services}
    titles |= {device.ae_title for device in DEPARTMENT.devices} | {row.ae_title for row in TOLD.register.extra}
    expect = TOLD.expect
    for row in (*expect.must, *expect.must_not, *expect.may):
        assert set(row.subjects) <= known | titles, row
    must = {(row.rule, name) for row in expect.must for name in row.subjects}
    assert not must & {(row.rule, name) for row in expect.must_not for name in row.subjects}
    assert not expect.not_flows


def test_must_be_found_by_rules_that_exist() -> None:
    assert {row.rule for row in TOLD.expect.must} <= {rule.name for rule in load_rules()}
