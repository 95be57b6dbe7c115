"""A small department by hand, for tests of the model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from leadapron.model.department import Department, Node
from leadapron.model.findings import Confidence, Finding, Severity, Subject, SubjectType
from leadapron.model.picture import Picture
from leadapron.rules.samples import picture_of

WORKLIST = "1.2.840.10008.5.1.4.31"

SITE: dict[str, Any] = {
    "assets": [
        {"id": "ct", "roles": ["modality"], "modalities": ["CT"], "zone": "scan", "addresses": ["10.0.1.1"]},
        {"id": "mr", "roles": ["modality"], "modalities": ["MR"], "zone": "scan", "addresses": ["10.0.1.2"]},
        {"id": "pacs", "roles": ["pacs"], "zone": "srv", "addresses": ["10.0.2.1"]},
        {"id": "ris", "roles": ["ris"], "zone": "srv", "addresses": ["10.0.2.2"]},
        {"id": "ws", "roles": ["workstation"], "zone": "read", "addresses": ["10.0.3.1"], "os": "Windows"},
        {"id": "pc", "roles": ["office"], "zone": "office", "addresses": ["10.0.4.1"], "os": "Windows"},
        {"id": "pc2", "roles": ["office"], "zone": "office", "addresses": ["10.0.4.2"]},
        {"id": "router", "roles": ["network"], "zone": "srv", "addresses": ["10.0.2.254"]},
    ],
    "flows": [
        {"client": "ct", "server": "ris", "service": "dicom", "port": 104, "operations": {"C-FIND": 4},
         "sop_classes": {WORKLIST: 4}},
        {"client": "ct", "server": "pacs", "service": "dicom", "port": 4242, "operations": {"C-STORE": 400}},
        {"client": "mr", "server": "pacs", "service": "dicom", "port": 4242, "operations": {"C-STORE": 200}},
        {"client": "ws", "server": "pacs", "service": "dicom", "port": 4242, "operations": {"C-FIND": 9, "C-MOVE": 9}},
        {"client": "pc", "server": "ris", "service": "https", "port": 443},
        {"client": "pc", "server": "ct", "service": "unknown", "port": 445, "answered": 0},
    ],
    "utilisation": [
        {"modality": "CT", "hour": "2026-01-05T09:00:00Z", "exams": 4, "objects": 400, "devices": ["ct"]},
    ],
    "sources": [
        {"name": "monday.pcap", "fingerprint": "f", "packets": 9, "bytes": 9, "complete": True,
         "first": "2026-01-05T09:00:00Z", "last": "2026-01-05T11:00:00Z"},
    ],
}  # fmt: skip
"""Two scanners, their servers, a reading room and an office; a Monday from 9 to 11 h UTC was captured."""


def site(**more: Any) -> Picture:
    """The small department with more of everything."""
    return picture_of({key: [*SITE.get(key, ()), *more.get(key, ())] for key in (SITE | more) if key != "declared"} | (
        {"declared": more["declared"]} if "declared" in more else {}
    ))  # fmt: skip


def finding(rule: str, asset: str, confidence: Confidence = Confidence.SEEN) -> Finding:
    """A rule that holds for a device."""
    return Finding(
        rule=rule,
        subject=Subject(type=SubjectType.ASSET, id=asset, label=asset),
        severity=Severity.HIGH,
        harm=(),
        confidence=confidence,
        params={},
        reasons=(),
        evidence=(),
    )


def nodes(department: Department) -> Mapping[str, Node]:
    """Label → node."""
    return {node.label: node for node in department.nodes}


def messages(department: Department) -> list[str]:
    """Ids of what is assumed, without the room's name."""
    return [one.message.removeprefix("department.") for one in department.assumptions]
