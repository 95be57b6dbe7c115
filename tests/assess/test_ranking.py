"""Harm first, then ease, then effort; each step of the severity is told."""

from __future__ import annotations

from typing import Any

import pytest

from leadapron.assess import rank_words
from leadapron.assess.ranking import effort_points
from leadapron.model.content import LANGUAGES
from leadapron.model.findings import Severity
from tests.assess.builders import RULES, judge, names_of

CELL = {"modality": "CT", "hour": "2026-01-05T09:00:00Z", "exams": 6, "objects": 60, "devices": ["ct"]}


def smb(**more: Any) -> dict[str, Any]:
    return {"service": "smb", "port": 445, "smb_dialects": ["SMB 1"], **more}


def test_a_scanner_that_makes_exams_comes_first() -> None:
    worst, other = judge(
        None,
        "smb1",
        flows=[smb(server="ct", server_roles=["modality"]), smb(server="pc", server_roles=["office"])],
        utilisation=[CELL],
    )
    assert (worst.subject.id, worst.severity) == ("ct", Severity.CRITICAL)
    assert (other.subject.id, other.severity) == ("pc", Severity.MEDIUM)
    assert "rank.exams=6" in worst.rank_reason
    assert "rank.not-imaging" in other.rank_reason
    assert worst.score > other.score


def test_an_archive_counts_the_exams_of_its_scanners() -> None:
    stores = {"client": "ct", "client_roles": ["modality"], "server": "pacs", "server_roles": ["pacs"]}
    findings = judge(
        None,
        "smb1",
        flows=[{**stores, "service": "dicom", "port": 104, "accepted": 1}, smb(client="x", server="pacs")],
        utilisation=[CELL],
    )
    assert [finding.severity for finding in findings] == [Severity.CRITICAL]
    assert "rank.exams=6" in findings[0].rank_reason


def test_exams_of_an_hour_are_shared_among_the_scanners_that_made_them() -> None:
    (finding,) = judge(
        None,
        "smb1",
        flows=[smb(server="ct", server_roles=["modality"])],
        utilisation=[{**CELL, "devices": ["ct", "ct2"]}],
    )
    assert "rank.exams=3" in finding.rank_reason


def test_secrecy_alone_is_not_moved_by_exams() -> None:
    asset = {"id": "ct", "roles": ["modality"], "ae_titles": ["ANY-SCP"]}
    (finding,) = judge(None, "dcm-default-aet", assets=[asset], utilisation=[CELL])
    assert finding.severity is Severity.LOW


def test_from_outside_is_worse() -> None:
    inside, outside = (
        judge(None, "rdp-open", flows=[{"service": "rdp", "port": 3389, "security": ["tls"], "server_roles": ["pacs"],
                                        "client_external": external}])[0]
        for external in (False, True)
    )  # fmt: skip
    assert (inside.severity, outside.severity) == (Severity.MEDIUM, Severity.HIGH)
    assert "rank.outside" in outside.rank_reason


def test_what_is_only_possible_is_never_critical() -> None:
    (finding,) = judge(
        None,
        "os-eol",
        assets=[{"id": "ct", "roles": ["modality"], "os": "Windows", "os_version": "10.0.17763"}],
        utilisation=[CELL],
    )
    assert finding.severity is Severity.MEDIUM
    assert {"rank.possible", "rank.exams=6"} <= set(finding.rank_reason)


def test_at_equal_severity_harm_to_patients_precedes_secrecy() -> None:
    findings = judge(
        None,
        "dcm-clear",
        "dcm-no-user",
        flows=[{"service": "dicom", "port": 104, "accepted": 1, "operations": {"C-FIND": 1}, "user_identity": [0]}],
    )
    assert names_of(findings) == ["dcm-clear", "dcm-no-user"]
    assert findings[0].severity is findings[1].severity


@pytest.mark.parametrize(("hours", "points"), [(0.5, 9), (1, 9), (2, 8), (3, 7), (8, 6), (40, 3), (10_000, 0)])
def test_effort(hours: float, points: int) -> None:
    assert effort_points(hours) == points


def test_every_reason_has_words() -> None:
    words = rank_words()
    for rule in RULES:
        for sample in rule.samples.fires:
            for finding in judge(None, rule.name, **sample):
                for reason in finding.rank_reason:
                    message = reason if reason in words["en"] else reason.partition("=")[0]
                    assert all(message in words[language] for language in LANGUAGES), reason
