"""Immutable facts seen at a time by a sensor: the only input of every judgement.

Each kind is one frozen struct; its name, snake-cased, is its tag (`kind`) and the name of its Parquet data set.
Times are aware UTC. Nothing here can hold a patient's name, identifier or birth date.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from msgspec import Struct, field


def _tag(name: str) -> str:
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
    """TLS that carries HTTP: negotiated so (ALPN), or on a port registered for it. Given to flows, not to connections."""
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


class Event(Struct, frozen=True, kw_only=True, tag_field="kind", tag=_tag):
    """What every event says: when, by which sensor, and where in its capture (`packet` counts from 1)."""

    ts: datetime
    sensor: str
    packet: int


class Fact(Event, frozen=True, kw_only=True, tag_field="kind", tag=_tag):
    """An event that stays true: repeated sightings in one capture are written once."""


class Session(Event, frozen=True, kw_only=True, tag_field="kind", tag=_tag):
    """An event about one conversation. `uid` joins the events of one connection and is the same in every capture
    that saw it; `end` is the last packet's time."""

    uid: str
    client: Endpoint
    server: Endpoint
    end: datetime


class Connection(Session, frozen=True, kw_only=True, tag_field="kind", tag=_tag):
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


class Sighting(Fact, frozen=True, kw_only=True, tag_field="kind", tag=_tag):
    """An address sent from a MAC with a time-to-live; ttl 64, 128 or 255 means no router in between."""

    ip: str
    mac: str
    ttl: int
    vlan: int = 0


class ArpBinding(Fact, frozen=True, kw_only=True, tag_field="kind", tag=_tag):
    """A host claimed an address (ARP sender fields, RFC 826; IPv6 neighbour advertisement, RFC 4861)."""

    ip: str
    mac: str


class Implementation(Struct, frozen=True):
    """Toolkit that wrote the association (PS3.7 Annex D.3.3.2): evidence of a component, not of the device."""

    class_uid: str = ""
    version_name: str = ""


class PresentationContext(Struct, frozen=True):
    """One proposed context and its answer (PS3.8 §9.3.2.2, §9.3.3.2); `result` is -1 when no answer was seen."""

    abstract_syntax: str
    transfer_syntaxes: tuple[str, ...]
    accepted_transfer_syntax: str = ""
    result: int = -1


class DatasetSource(Struct, frozen=True):
    """The device that made an object, as its data set says (PS3.3 C.7.5.1): forwarded objects keep their maker's."""

    modality: str = ""
    manufacturer: str = ""
    model: str = ""
    software_versions: str = ""
    station_name: str = ""
    serial_hash: str = ""
    institution: bool = False


class StudySeen(Struct, frozen=True):
    """Objects of one study moved in an association; `study` is a keyed hash, of no use outside its workspace."""

    study: str
    modality: str
    objects: int
    source: int = -1
    """Index into the association's `sources`, or -1."""


class DicomOperation(Struct, frozen=True):
    """Requests of one command and SOP class by one side, and how they were answered (PS3.7 Annex C statuses)."""

    command: str
    sop_class: str
    by_client: bool
    requests: int
    statuses: Mapping[str, int] = field(default_factory=dict)


class DicomOutcome(StrEnum):
    """How an association ended, as far as was seen."""

    RELEASED = "released"
    ABORTED = "aborted"
    REJECTED = "rejected"
    UNANSWERED = "unanswered"
    OPEN = "open"


class DicomAssociation(Session, frozen=True, kw_only=True, tag_field="kind", tag=_tag):
    """One association (PS3.8): who asked whom for what, what was agreed, done and moved."""

    calling_ae_title: str
    called_ae_title: str
    outcome: DicomOutcome
    accepted: bool
    requestor: Implementation
    acceptor: Implementation
    application_context: str = ""
    contexts: tuple[PresentationContext, ...] = ()
    max_pdu_client: int = 0
    max_pdu_server: int = 0
    user_identity: int = 0
    """0: none asked; else PS3.7 D.3.3.7.1: 1 name, 2 name and passcode, 3 Kerberos, 4 SAML, 5 JWT."""
    user_identity_confirmed: bool = False
    roles: tuple[str, ...] = ()
    """SOP classes for which an SCP role was negotiated by the requestor."""
    extended_negotiation: tuple[str, ...] = ()
    async_operations: int = 1
    reject_reason: str = ""
    """`result.source.reason` of A-ASSOCIATE-RJ (PS3.8 Table 9-21)."""
    abort_source: str = ""
    """`source.reason` of A-ABORT (PS3.8 Table 9-26)."""
    operations: tuple[DicomOperation, ...] = ()
    move_destinations: tuple[str, ...] = ()
    wide_finds: int = 0
    """C-FIND requests whose identifier holds no narrowing key (all empty or wildcards)."""
    find_matches: int = 0
    """Pending C-FIND responses that came back in total."""
    wide_find_matches: int = 0
    objects: int = 0
    object_bytes: int = 0
    transfer_syntaxes: tuple[str, ...] = ()
    """Transfer syntaxes that objects actually used."""
    sources: tuple[DatasetSource, ...] = ()
    studies: tuple[StudySeen, ...] = ()
    gaps: int = 0


class Hl7Traffic(Struct, frozen=True):
    """Messages of one kind on one connection, from MSH only (HL7 v2.5 §2.15.9); patient segments are never decoded."""

    by_client: bool
    message_type: str
    sending_application: str
    sending_facility: str
    receiving_application: str
    receiving_facility: str
    version: str
    messages: int
    acknowledgement: str = ""
    """MSA-1 of acknowledgements (AA, AE, AR, CA …), else empty."""


class Hl7Session(Session, frozen=True, kw_only=True, tag_field="kind", tag=_tag):
    """HL7 v2 over MLLP on one connection."""

    traffic: tuple[Hl7Traffic, ...]
    messages: int
    gaps: int = 0


class Certificate(Struct, frozen=True):
    """A server or client certificate seen in clear (TLS 1.2 and older)."""

    subject: str
    issuer: str
    not_before: datetime
    not_after: datetime
    self_signed: bool
    key_type: str
    key_bits: int
    signature_hash: str


class TlsSession(Session, frozen=True, kw_only=True, tag_field="kind", tag=_tag):
    """A TLS handshake: what was offered, chosen and shown. Versions are names: `SSL 3.0`, `TLS 1.0` … `TLS 1.3`."""

    offered_version: str = ""
    version: str = ""
    cipher: str = ""
    """IANA name of the chosen suite, or its number as `0xC02F`."""
    sni: str = ""
    alpn: tuple[str, ...] = ()
    ja4: str = ""
    certificate: Certificate | None = None
    client_certificate_requested: bool = False
    client_certificate: bool = False
    resumed: bool = False
    established: bool = False
    alert: str = ""


class HttpApi(StrEnum):
    """What an HTTP path is for, as far as its shape tells."""

    DICOMWEB = "dicomweb"
    FHIR = "fhir"
    ORTHANC = "orthanc"
    OTHER = "other"


class HttpExchange(Struct, frozen=True):
    """Requests of one shape: identifiers in the path are replaced, queries dropped."""

    method: str
    path: str
    api: HttpApi
    status: int
    """Response status, 0 when none was seen."""
    count: int
    credentials: str = ""
    """`basic`, `digest`, `bearer`, `cookie`, `form` …: a kind, never a value; empty when none was sent."""


class HttpSession(Session, frozen=True, kw_only=True, tag_field="kind", tag=_tag):
    """HTTP/1.x in clear on one connection."""

    exchanges: tuple[HttpExchange, ...]
    requests: int
    host: str = ""
    server_software: str = ""
    user_agent: str = ""
    challenged: bool = False
    """The server answered 401 at least once."""
    gaps: int = 0


class SmbSession(Session, frozen=True, kw_only=True, tag_field="kind", tag=_tag):
    """SMB negotiation and what NTLM reveals of both hosts; user names are never kept."""

    dialect: str = ""
    """`SMB 1`, `SMB 2.0.2`, `SMB 2.1`, `SMB 3.0`, `SMB 3.0.2`, `SMB 3.1.1`, or empty when none was agreed."""
    smb1_offered: bool = False
    signing_enabled: bool = False
    signing_required: bool = False
    encrypted: bool = False
    server_host: str = ""
    server_domain: str = ""
    server_dns_name: str = ""
    server_os: str = ""
    """OS version as told: NTLM `10.0.17763`, or the SMB 1 session-setup string `Windows 5.1`."""
    client_host: str = ""
    client_os: str = ""
    anonymous: bool = False
    """A session was granted to nobody in particular (null or guest)."""
    shares: tuple[str, ...] = ()


class RdpSession(Session, frozen=True, kw_only=True, tag_field="kind", tag=_tag):
    """RDP connection request and confirm (MS-RDPBCGR 2.2.1.1-2): security offered and chosen."""

    requested: tuple[str, ...] = ()
    """Any of `rdp`, `tls`, `credssp`, `rdstls`, `credssp-ex`."""
    selected: str = ""
    failure: str = ""


class BannerSession(Session, frozen=True, kw_only=True, tag_field="kind", tag=_tag):
    """A text or remote-console protocol that names itself: SSH, FTP, Telnet, VNC, SMTP, databases."""

    service: Service
    server_banner: str = ""
    client_banner: str = ""
    login_seen: bool = False
    """Credentials were sent in clear (their value is never kept)."""
    login_accepted: bool = False
    security: str = ""
    """What the protocol chose: VNC `none`/`vnc-auth`/…, PostgreSQL `md5`/`scram`/`trust`/…, FTP `tls`."""
    encrypted: bool = False


class DhcpSeen(Fact, frozen=True, kw_only=True, tag_field="kind", tag=_tag):
    """A host asked for an address (RFC 2131): its own MAC, name, vendor class and parameter list."""

    mac: str
    hostname: str = ""
    vendor_class: str = ""
    parameters: str = ""
    """Option 55 as decimal numbers joined by commas: a fingerprint of the client software."""
    requested_ip: str = ""
    message: str = ""


class NameSeen(Fact, frozen=True, kw_only=True, tag_field="kind", tag=_tag):
    """A name was tied to an address (DNS A/AAAA/PTR answers, mDNS, LLMNR, NetBIOS)."""

    name: str
    ip: str
    source: Service
    role: str = ""
    """NetBIOS suffix meaning (`workstation`, `server`, `domain-controller` …) or mDNS service type, else empty."""


class NameQuery(Fact, frozen=True, kw_only=True, tag_field="kind", tag=_tag):
    """A host asked a name server for a name outside (kept to explain traffic to the internet)."""

    ip: str
    server: str
    name: str


class ClockReading(Fact, frozen=True, kw_only=True, tag_field="kind", tag=_tag):
    """A device told its time: `offset` is its clock minus the capture's, in whole seconds."""

    ip: str
    source: Service
    offset: int
    zone_known: bool = True
    """False where the time came without a zone (HL7 MSH-7): only the part below a quarter of an hour is meaningful."""


class SyslogSeen(Fact, frozen=True, kw_only=True, tag_field="kind", tag=_tag):
    """A device sent logs to a collector; `audit` when they are DICOM audit messages (PS3.15 A.5)."""

    ip: str
    collector: str
    application: str = ""
    audit: bool = False


class SnmpSeen(Fact, frozen=True, kw_only=True, tag_field="kind", tag=_tag):
    """SNMP between a manager and an agent; the community itself is never kept."""

    manager: str
    agent: str
    version: str
    default_community: bool
    answered: bool = False
    system_description: str = ""


class Anomaly(Event, frozen=True, kw_only=True, tag_field="kind", tag=_tag):
    """Bytes broke the standard or a named limit. `name` is `protocol.what`, e.g. `dicom.pdu-length`."""

    name: str
    client: Endpoint | None = None
    server: Endpoint | None = None
    uid: str = ""
    count: int = 1
    detail: str = ""


class CaptureQuality(Event, frozen=True, kw_only=True, tag_field="kind", tag=_tag):
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


AnyEvent = (
    Connection
    | Sighting
    | ArpBinding
    | DicomAssociation
    | Hl7Session
    | TlsSession
    | HttpSession
    | SmbSession
    | RdpSession
    | BannerSession
    | DhcpSeen
    | NameSeen
    | NameQuery
    | ClockReading
    | SyslogSeen
    | SnmpSeen
    | Anomaly
    | CaptureQuality
)
"""The closed set of event kinds."""

EVENT_KINDS: tuple[type[Event], ...] = AnyEvent.__args__
