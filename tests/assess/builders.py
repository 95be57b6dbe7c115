"""Inventories for tests of the assessment."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from leadapron.assess import assess
from leadapron.model.findings import Finding
from leadapron.model.inventory import Inventory
from leadapron.model.picture import Picture
from leadapron.rules import Rule, load_rules
from leadapron.rules.samples import picture_of

NOW = datetime(2026, 11, 24, tzinfo=UTC)
RULES = load_rules()


def rules(*names: str) -> tuple[Rule, ...]:
    """Packaged rules by name, all when none is named."""
    return tuple(rule for rule in RULES if not names or rule.name in names)


def judge(inventory: Inventory | None = None, *names: str, **sample: Any) -> tuple[Finding, ...]:
    """Findings of the named rules on an inventory, or on a sample given by keywords."""
    picture = Picture(inventory=inventory) if inventory else picture_of(sample)
    return assess(picture, rules(*names), now=NOW)


def names_of(findings: tuple[Finding, ...]) -> list[str]:
    """Rule names, in order."""
    return [finding.rule for finding in findings]


def ref(packet: int, kind: str = "dicom_association") -> dict[str, Any]:
    """An event reference of a sample."""
    return {"sensor": "s", "packet": packet, "ts": "2026-01-05T09:00:00Z", "kind": kind}


WELL_RUN: dict[str, Any] = {
    "assets": [
        {"id": "ct", "roles": ["modality"], "zone": "z1", "addresses": ["10.0.1.1"], "ae_titles": ["CT_A"],
         "sends_syslog": True, "clock_offset": 0},
        {"id": "mr", "roles": ["modality"], "zone": "z1", "addresses": ["10.0.1.2"], "ae_titles": ["MR_A"],
         "sends_syslog": True, "clock_offset": -1},
        {"id": "pacs", "roles": ["pacs"], "zone": "z2", "addresses": ["10.0.2.1"], "ae_titles": ["ARC_A"],
         "sends_syslog": True, "clock_offset": 1, "os": "Windows", "os_version": "10.0.20348"},
        {"id": "vna", "roles": ["pacs"], "zone": "z2", "addresses": ["10.0.2.2"], "ae_titles": ["ARC_B"],
         "sends_syslog": True},
        {"id": "ws", "roles": ["workstation"], "zone": "z3", "addresses": ["10.0.3.1"]},
        {"id": "engine", "roles": ["interface_engine"], "zone": "z2", "sends_syslog": True},
        {"id": "ris", "roles": ["ris"], "zone": "z2"},
        {"id": "dns", "roles": ["server"], "zone": "z4"},
        {"id": "resolver", "external": True, "roles": ["external"]},
        {"id": "pc", "roles": ["office"], "zone": "z5"},
    ],
    "flows": [
        *({"client": scanner, "server": archive, "service": "dicom-tls", "port": 2762, "encrypted": True,
           "tls_versions": ["TLS 1.3"], "tls_ciphers": ["TLS_AES_256_GCM_SHA384"], "mutual": True, "connections": 9,
           "starts": [0, 300, 600, 900, 1200, 1500, 1800, 2100, 2400]}
          for scanner in ("ct", "mr") for archive in ("pacs", "vna")),
        {"client": "ws", "server": "pacs", "service": "https", "port": 443, "encrypted": True,
         "tls_versions": ["TLS 1.3"]},
        {"client": "pc", "server": "pacs", "service": "https", "port": 443, "encrypted": True,
         "tls_versions": ["TLS 1.2"], "tls_ciphers": ["TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"]},
        {"client": "ris", "server": "engine", "service": "tls", "port": 2575, "encrypted": True,
         "tls_versions": ["TLS 1.3"]},
        {"client": "ws", "server": "vna", "service": "smb", "port": 445, "encrypted": True,
         "smb_dialects": ["SMB 3.1.1"], "signing_required": True, "shares": ["IPC$", "EXPORT"]},
        {"client": "ct", "server": "dns", "service": "ntp", "transport": "udp", "port": 123, "connections": 9,
         "starts": [0, 64, 128, 192, 256, 320, 384, 448, 512]},
        {"client": "dns", "server": "resolver", "service": "ntp", "transport": "udp", "port": 123, "connections": 9},
        {"client": "dns", "server": "resolver", "service": "dns", "transport": "udp", "port": 53, "connections": 9},
        {"client": "dns", "server": "ct", "service": "ssh", "port": 22, "encrypted": True},
        {"client": "pc", "server": "resolver", "service": "https", "port": 443, "encrypted": True},
    ],
    "utilisation": [
        {"modality": "CT", "hour": "2026-01-05T09:00:00Z", "exams": 6, "objects": 600, "devices": ["ct"]},
    ],
}  # fmt: skip
"""A department that does what guidance asks."""
