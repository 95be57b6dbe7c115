"""What all events share, and the events that need no protocol: connections, places, anomalies, quality."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from msgspec import Struct, field


def kind_tag(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


class Transport(StrEnum):
    """What carried the bytes."""

    TCP = "tcp"
    UDP = "udp"


class Service(StrEnum):
    """Application protocol as recognised from content (or, for a few UDP services, from content and port)."""

    DICOM = "dicom"
    HL7 = "hl7"
    HTTP = "http"
    TLS = "tls"
    HTTPS = "https"
    """TLS that carries HTTP: negotiated (ALPN), or on a port registered for it. Given to flows, not connections."""
    DICOM_TLS = "dicom-tls"
    """TLS on the port registered for DICOM over TLS (PS3.8 §9.1.1, 2762). Given to flows, not to connections."""
    SMB = "smb"
    RDP = "rdp"
    SSH = "ssh"
    FTP = "ftp"
    TELNET = "telnet"
    VNC = "vnc"
    SMTP = "smtp"
    LDAP = "ldap"
    POSTGRESQL = "postgresql"
    MYSQL = "mysql"
    MSSQL = "mssql"
    ORACLE = "oracle"
    MONGODB = "mongodb"
    REDIS = "redis"
    DNS = "dns"
    MDNS = "mdns"
    LLMNR = "llmnr"
    NETBIOS = "netbios"
    NTP = "ntp"
    DHCP = "dhcp"
    SYSLOG = "syslog"
    SNMP = "snmp"
    UNKNOWN = "unknown"


class Endpoint(Struct, frozen=True, kw_only=True):
    """One end of a conversation. `mac` is the frame's, which behind a router is the router's."""

    ip: str
    port: int = 0
    mac: str = ""


class Event(Struct, frozen=True, kw_only=True, tag_field="kind", tag=kind_tag):
    """What every event says: when, by which sensor, and where in its capture (`packet` counts from 1)."""

    ts: datetime
    sensor: str
    packet: int


class Fact(Event, frozen=True, kw_only=True, tag_field="kind", tag=kind_tag):
    """An event that stays true: repeated sightings in one capture are written once."""


class Session(Event, frozen=True, kw_only=True, tag_field="kind", tag=kind_tag):
    """An event about one conversation. `uid` joins the events of one connection and is the same in every capture
    that saw it; `end` is the last packet's time."""

    uid: str
    client: Endpoint
    server: Endpoint
    end: datetime


class Connection(Session, frozen=True, kw_only=True, tag_field="kind", tag=kind_tag):
    """One TCP connection, or all UDP datagrams between a client and one server port within an idle time.

    `answered`: the server sent something other than a refusal. `established`: both sides spoke.
    Bytes are payload bytes by sequence arithmetic, so a packet mirrored twice counts once.
    """

    transport: Transport
    service: Service
    answered: bool
    established: bool
    refused: bool
    midstream: bool
    client_bytes: int
    server_bytes: int
    vlan: int = 0
    gaps: int = 0
    connections: int = 1


class Sighting(Fact, frozen=True, kw_only=True, tag_field="kind", tag=kind_tag):
    """An address sent from a MAC with a time-to-live; ttl 64, 128 or 255 means no router in between."""

    ip: str
    mac: str
    ttl: int
    vlan: int = 0


class ArpBinding(Fact, frozen=True, kw_only=True, tag_field="kind", tag=kind_tag):
    """A host claimed an address (ARP sender fields, RFC 826; IPv6 neighbour advertisement, RFC 4861)."""

    ip: str
    mac: str


class Anomaly(Event, frozen=True, kw_only=True, tag_field="kind", tag=kind_tag):
    """Bytes broke the standard or a named limit. `name` is `protocol.what`, e.g. `dicom.pdu-length`."""

    name: str
    client: Endpoint | None = None
    server: Endpoint | None = None
    uid: str = ""
    count: int = 1
    detail: str = ""


class CaptureQuality(Event, frozen=True, kw_only=True, tag_field="kind", tag=kind_tag):
    """What one source held and what of it could not be used; one event at the end of each source."""

    source: str
    fingerprint: str
    packets: int = 0
    bytes: int = 0
    first: datetime | None = None
    last: datetime | None = None
    gaps: int = 0
    truncated: int = 0
    drops: int = 0
    duplicates: int = 0
    undecodable: Mapping[str, int] = field(default_factory=dict)
    """Reason → packets (`link-type-147`, `ip-header`, `fragment-lost` …)."""
    anomalies: int = 0
    complete: bool = True
    """False when reading stopped before the end (cut-off file, interrupted)."""
