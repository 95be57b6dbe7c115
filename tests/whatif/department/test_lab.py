"""The bundled captures as departments: what a PACS administrator who knows these sites would expect."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from leadapron.app import assess_workspace, demo_papers, find_sources, ingest, load_world, seed_of
from leadapron.app.documents import add_document
from leadapron.model.assessment import Assessment
from leadapron.model.department import Basis, Chain, Department, DeviceClass, Role, Way
from leadapron.rules import load_rules
from leadapron.store import Workspace
from leadapron.whatif.department import build_department
from tests.whatif.department.pictures import messages, nodes

CAPTURES = Path(str(files("leadapron.content") / "captures"))
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
PARIS = ZoneInfo("Europe/Paris")


@cache
def assessed(name: str) -> tuple[Assessment, Assessment]:
    """What the capture alone tells, and what it tells with the department's papers."""
    sources = find_sources([str(CAPTURES / f"{name}.pcapng.zst")])
    with Workspace.ephemeral(seed_of(sources)) as workspace:
        ingest(workspace, sources)
        alone = assess_workspace(workspace, load_rules(), load_world(), now=NOW)
        if name != "department":
            return alone, alone
        for paper in demo_papers():
            add_document(workspace, paper, now=NOW)
        return alone, assess_workspace(workspace, load_rules(), load_world(), now=NOW)


def department(name: str, *, papers: bool = False) -> Department:
    found = assessed(name)[papers]
    return build_department(found.picture, found.findings, zone=PARIS)


@pytest.fixture(scope="module")
def badly_kept() -> Department:
    return department("department")


def steps(site: Department, chain: Chain) -> dict[Role, list[str]]:
    """Labels of the devices of each step."""
    labels = {node.id: node.label for node in site.nodes}
    return {need.role: sorted(labels[one] for one in need.nodes) for need in chain.needs}


def test_a_ct_exam_goes_where_the_administrator_says(badly_kept: Department) -> None:
    chains = {chain.modality: chain for chain in badly_kept.chains}
    labels = {node.id: node.label for node in badly_kept.nodes}
    assert sorted(labels[one] for one in chains["CT"].scanners) == ["CT02_STN", "CTAWP66301"]
    assert steps(badly_kept, chains["CT"]) == {
        Role.WORKLIST: ["ris01"],
        Role.STORAGE: ["pacs01"],
        Role.READING: ["READ01", "READ02", "READ03", "read04"],
        Role.REPORTING: ["dictation"],
    }
    assert steps(badly_kept, chains["XA"])[Role.STORAGE] == ["pacs01", "vna01"]
    assert Role.WORKLIST not in steps(badly_kept, chains["NM"])
    assert set(chains) == {"CR", "CT", "DX", "MR", "NM", "OT", "US", "XA"}


def test_devices_are_what_they_are(badly_kept: Department) -> None:
    found = {label: node.kind for label, node in nodes(badly_kept).items()}
    assert found["172.31.250.10"] is DeviceClass.GATEWAY
    assert found["raspberrypi"] is DeviceClass.OTHER, "a stranger that fetches images is no reading station"
    assert found["DRYSTAR5503"] is DeviceClass.OTHER
    assert {found[name] for name in ("SECR01", "SECR02", "SECR03")} == {DeviceClass.OFFICE}
    assert {found[name] for name in ("FILES01", "dictation", "dose01")} == {DeviceClass.SERVER}
    assert "TELERAD" not in found, "an outsider that only receives is no way in"


def test_weaknesses_are_those_found(badly_kept: Department) -> None:
    found = nodes(badly_kept)
    weak = {label: node.weak.get(Way.SMB, 0.0) for label, node in found.items()}
    worst = sorted(weak, key=lambda label: -weak[label])[:3]
    assert worst == ["CTAWP66301", "MRC25022", "FILES01"]
    assert found["MR01"].weak[Way.REMOTE] > 0.6, "VNC"
    assert found["pacs01"].weak[Way.DICOM] > 0.8
    assert found["pacs01"].exposed
    assert found["pacs01"].records > found["vna01"].records > 0


def test_who_reaches_whom_was_seen_or_is_assumed(badly_kept: Department) -> None:
    measured = {(one.source, one.target, one.way) for one in badly_kept.passages if one.basis is Basis.MEASURED}
    assert ("10.20.40.0/24", "10.20.10.0/24", Way.DICOM) in measured, "an office computer echoed a scanner"
    assert ("172.31.250.0/24", "10.20.10.0/24", Way.RDP) in measured
    assert ("10.20.40.0/24", "10.20.10.0/24", Way.SMB) not in measured, "tried, never answered"
    labels = {node.id: node.label for node in badly_kept.nodes}
    assert {(labels[one.source], labels[one.target]) for one in badly_kept.links} == {
        ("172.31.250.10", "CTAWP66301"),
        ("172.31.250.10", "DRX-EVO-3"),
        ("172.31.250.10", "MR01"),
    }


def test_twenty_minutes_do_not_tell_the_week(badly_kept: Department) -> None:
    chain = next(chain for chain in badly_kept.chains if chain.modality == "CT")
    assert chain.basis is Basis.SOURCED
    assert 4 < chain.per_hour[24 + 10] < 9, "two scanners on Tuesday at 10 h"
    assert chain.per_hour[24 * 6 + 3] < 1
    told = next(one for one in badly_kept.assumptions if one.message == "department.observed")
    assert told.params == {"hours": 0.34, "days": 1}


def test_papers_tell_what_traffic_does_not() -> None:
    site = department("department", papers=True)
    found = nodes(site)
    assert {node.zone for node in site.nodes} == {"modalities", "servers", "reading", "office", "vendor-dmz"}
    assert found["10.20.10.51"].modality == "MG"
    assert found["10.20.20.53"].kind is DeviceClass.DIRECTORY
    members = {link.target for link in site.links if link.way is Way.CREDENTIALS}
    assert found["READ01"].id in members


def test_a_well_run_department_is_told_in_spite_of_encryption() -> None:
    site = department("well_run")
    (chain,) = site.chains
    assert (chain.modality, len(chain.scanners)) == ("OT", 4)
    assert steps(site, chain) == {
        Role.WORKLIST: ["ris01"],
        Role.STORAGE: ["pacs01"],
        Role.READING: ["READ01", "READ02"],
        Role.REPORTING: [],
    }
    assert {"class-by-sealed", "class-by-name", "throughput-figure"} <= set(messages(site))
    weakest = max(value for node in site.nodes for way, value in node.weak.items() if way is not Way.CREDENTIALS)
    assert weakest < 0.2, "nothing was found"
