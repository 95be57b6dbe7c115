"""A small, tidy department, and what tests change in it."""

from __future__ import annotations

from typing import Any

from leadapron.model.findings import Confidence, Finding, Severity, Subject, SubjectType
from leadapron.model.picture import Picture
from leadapron.model.segmentation import Allow, Segmentation, Zone
from leadapron.rules.samples import picture_of

WORKLIST = "1.2.840.10008.5.1.4.31"
PLAN = [
    {"zone": "scanners", "network": "10.0.1.0/24"},
    {"zone": "servers", "network": "10.0.2.0/24"},
    {"zone": "reading", "network": "10.0.3.0/24"},
    {"zone": "office", "network": "10.0.4.0/24"},
]
DEVICES: dict[str, tuple[str, str]] = {
    "ct1": ("10.0.1.1", "modality"), "ct2": ("10.0.1.2", "modality"), "mr1": ("10.0.1.3", "modality"),
    "us1": ("10.0.1.4", "modality"), "pacs": ("10.0.2.1", "pacs"), "ris": ("10.0.2.2", "ris"),
    "engine": ("10.0.2.3", "interface_engine"), "dns": ("10.0.2.4", "server"), "ws1": ("10.0.3.1", "workstation"),
    "ws2": ("10.0.3.2", "workstation"), "pc1": ("10.0.4.1", "office"), "pc2": ("10.0.4.2", "office"),
    "partner": ("198.51.100.7", "external"), "visitor": ("10.0.9.9", "unknown"), "switch": ("10.0.1.254", "network"),
}  # fmt: skip
MODALITIES = {"ct1": ["CT"], "ct2": ["CT"], "mr1": ["MR"], "us1": ["US"]}


def flow(client: str, server: str, service: str, port: int, times: int = 9, **more: Any) -> dict[str, Any]:
    """`times` conversations spread over the hour; the addresses are the devices' unless given."""
    starts = [3600 * number // times for number in range(times)]
    made: dict[str, Any] = {
        "client": client, "server": server, "service": service, "port": port, "connections": times,
        "answered": times, "starts": starts, "last_seen": starts[-1], "id": f"{client}>{server}:{port}",
        "transport": "udp" if service in ("dns", "ntp", "dhcp", "snmp", "syslog", "netbios", "mdns") else "tcp",
    }  # fmt: skip
    return made | more


def stores(client: str, server: str = "pacs", objects: int = 90, **more: Any) -> dict[str, Any]:
    """A scanner sends its images."""
    return flow(client, server, "dicom", 104, operations={"C-STORE": objects}, objects=objects, **more)


def asks(client: str, **more: Any) -> dict[str, Any]:
    """A scanner asks for its worklist."""
    return flow(client, "ris", "dicom", 2000, operations={"C-FIND": 9}, sop_classes={WORKLIST: 9}, **more)


def picture(*flows: dict[str, Any], plan: list[dict[str, str]] | None = None, **sample: Any) -> Picture:
    """The devices that these flows name, in the zones of the plan."""
    named = {end for one in flows for end in (one["client"], one["server"])} | set(sample.pop("also", ()))
    assets = [
        {
            "id": name,
            "addresses": [DEVICES[name][0]],
            "roles": [DEVICES[name][1]],
            "modalities": MODALITIES.get(name, []),
            "external": DEVICES[name][1] == "external",
        }
        for name in sorted(named)
    ]
    return picture_of({"assets": assets, "flows": list(flows), "zones": PLAN if plan is None else plan, **sample})


def exams(modality: str, count: int, *devices: str, objects: int) -> dict[str, Any]:
    """One cell of the utilisation table."""
    return {
        "modality": modality, "hour": "2026-01-05T09:00:00Z", "exams": count, "objects": objects,
        "devices": list(devices),
    }  # fmt: skip


def finding(
    rule: str, *flows: str, asset: str = "x", sure: Confidence = Confidence.LIKELY, reasons: tuple[str, ...] = ()
) -> Finding:
    """What a rule found, on these flows."""
    return Finding(
        rule=rule,
        subject=Subject(type=SubjectType.ASSET, id=asset, label=asset),
        severity=Severity.MEDIUM,
        harm=(),
        confidence=sure,
        params={},
        reasons=reasons,
        evidence=(),
        flows=flows,
    )


def rule_of(segmentation: Segmentation, flow_id: str) -> Allow:
    """The one rule that rests on a flow."""
    (rule,) = [rule for rule in segmentation.rules if flow_id in rule.flows]
    return rule


ZONES = (
    Zone(name="scanners", networks=("10.0.1.0/24",)),
    Zone(name="servers", networks=("10.0.2.0/24", "2001:db8:2::/64")),
    Zone(name="vault", networks=("10.0.2.128/25",)),
)
