"""Facts about hosts: names, addresses asked for, clocks, logs, SNMP agents."""

from __future__ import annotations

from leadapron.model.events.base import Fact, Service, kind_tag


class DhcpSeen(Fact, frozen=True, kw_only=True, tag_field="kind", tag=kind_tag):
    """A host asked for an address (RFC 2131): its own MAC, name, vendor class and parameter list."""

    mac: str
    hostname: str = ""
    vendor_class: str = ""
    parameters: str = ""
    """Option 55 as decimal numbers joined by commas: a fingerprint of the client software."""
    requested_ip: str = ""
    message: str = ""


class NameSeen(Fact, frozen=True, kw_only=True, tag_field="kind", tag=kind_tag):
    """A name was tied to an address (DNS A/AAAA/PTR answers, mDNS, LLMNR, NetBIOS)."""

    name: str
    ip: str
    source: Service
    role: str = ""
    """NetBIOS suffix meaning (`workstation`, `server`, `domain-controller` …) or mDNS service type, else empty."""


class NameQuery(Fact, frozen=True, kw_only=True, tag_field="kind", tag=kind_tag):
    """A host asked a name server for a name outside (kept to explain traffic to the internet)."""

    ip: str
    server: str
    name: str


class ClockReading(Fact, frozen=True, kw_only=True, tag_field="kind", tag=kind_tag):
    """A device told its time: `offset` is its clock minus the capture's, in whole seconds."""

    ip: str
    source: Service
    offset: int
    zone_known: bool = True
    """False where the time came without a zone (HL7 MSH-7): only the part below a quarter of an hour is meaningful."""


class SyslogSeen(Fact, frozen=True, kw_only=True, tag_field="kind", tag=kind_tag):
    """A device sent logs to a collector; `audit` when they are DICOM audit messages (PS3.15 A.5)."""

    ip: str
    collector: str
    application: str = ""
    audit: bool = False


class SnmpSeen(Fact, frozen=True, kw_only=True, tag_field="kind", tag=kind_tag):
    """SNMP between a manager and an agent; the community itself is never kept."""

    manager: str
    agent: str
    version: str
    default_community: bool
    answered: bool = False
    system_description: str = ""
