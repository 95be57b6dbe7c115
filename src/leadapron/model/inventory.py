"""What follows from events: devices, who talks to whom, and how busy the scanners are."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from msgspec import Struct, field

from leadapron.model.events import Service, Transport
from leadapron.model.findings import Confidence, EventRef


class Role(StrEnum):
    """What a device does on the network, from its behaviour."""

    MODALITY = "modality"
    PACS = "pacs"
    WORKSTATION = "workstation"
    RIS = "ris"
    INTERFACE_ENGINE = "interface_engine"
    PRINTER = "printer"
    SERVER = "server"
    OFFICE = "office"
    NETWORK = "network"
    EXTERNAL = "external"
    UNKNOWN = "unknown"


class Component(Struct, frozen=True):
    """Software inside a device, as it names itself (toolkit, web server, SSH …); `evidence` is the raw identifier."""

    name: str
    version: str
    evidence: str


class Contradiction(Struct, frozen=True):
    """Two sources disagree on one attribute: both are shown, neither wins."""

    attribute: str
    values: tuple[str, ...]


class Asset(Struct, frozen=True, kw_only=True):
    """A device. Every attribute is what was observed; empty means not seen. Tuples are sorted."""

    id: str
    addresses: tuple[str, ...] = ()
    mac: str = ""
    macs: tuple[str, ...] = ()
    mac_vendor: str = ""
    hostnames: tuple[str, ...] = ()
    ae_titles: tuple[str, ...] = ()
    """AE titles this device calls itself: calling titles it used, and called titles it answered to."""
    roles: tuple[Role, ...] = ()
    modalities: tuple[str, ...] = ()
    manufacturer: str = ""
    model: str = ""
    software_versions: tuple[str, ...] = ()
    serial_hash: str = ""
    station_names: tuple[str, ...] = ()
    os: str = ""
    os_version: str = ""
    components: tuple[Component, ...] = ()
    zone: str = ""
    external: bool = False
    services: tuple[str, ...] = ()
    """`service/port` it answered on."""
    systems_behind: int = 1
    """More than one: several makers' identities or host names come from this one address (a gateway or NAT)."""
    contradictions: tuple[Contradiction, ...] = ()
    clock_offset: int | None = None
    """Seconds its clock is ahead (+) or behind (−), where it told its time and zone."""
    sends_syslog: bool = False
    confidence: Confidence = Confidence.SEEN
    first_seen: datetime
    last_seen: datetime
    evidence: Mapping[str, tuple[EventRef, ...]] = field(default_factory=dict)
    """Facet (`first`, `identity`, `os`, `clock`, `arp` …) → where to look; at most a few references each."""

    @property
    def label(self) -> str:
        """Shortest name a person recognises: station, host (without its domain) or AE title, else an address."""
        if self.station_names:
            return self.station_names[0]
        if self.hostnames:
            return self.hostnames[0].partition(".")[0]
        return next(iter((*self.ae_titles, *self.addresses)), self.mac or self.id)


class Flow(Struct, frozen=True, kw_only=True):
    """Who talks to whom over which service: all conversations of one client, server, service and port, added up.

    Protocol attributes are unions over those conversations; empty means not seen or not that protocol.
    """

    id: str
    client: str
    server: str
    client_addresses: tuple[str, ...] = ()
    server_addresses: tuple[str, ...] = ()
    client_zone: str = ""
    server_zone: str = ""
    client_roles: tuple[Role, ...] = ()
    server_roles: tuple[Role, ...] = ()
    client_external: bool = False
    server_external: bool = False
    transport: Transport = Transport.TCP
    service: Service
    port: int
    encrypted: bool = False
    connections: int = 0
    answered: int = 0
    """Conversations in which the server took part; 0 means every attempt went unanswered or was refused."""
    refused: int = 0
    bytes_to_server: int = 0
    bytes_to_client: int = 0
    first_seen: datetime
    last_seen: datetime
    # DICOM
    calling_ae_titles: tuple[str, ...] = ()
    called_ae_titles: tuple[str, ...] = ()
    associations: int = 0
    accepted: int = 0
    rejected: int = 0
    aborted: int = 0
    operations: Mapping[str, int] = field(default_factory=dict)
    """DIMSE commands; HL7 message types without acknowledgements, and HTTP methods, on flows of those."""
    sop_classes: Mapping[str, int] = field(default_factory=dict)
    """SOP class UID → operations."""
    statuses: Mapping[str, int] = field(default_factory=dict)
    """`C-STORE 0x0000` → responses."""
    objects: int = 0
    object_bytes: int = 0
    transfer_syntaxes: tuple[str, ...] = ()
    proposed_transfer_syntaxes: tuple[str, ...] = ()
    accepted_transfer_syntaxes: tuple[str, ...] = ()
    """Those the server chose in answer: what it would take, used or not."""
    user_identity: tuple[int, ...] = ()
    """User-Identity-Types seen; 0 stands for an association without one."""
    wide_finds: int = 0
    wide_find_matches: int = 0
    move_destinations: tuple[str, ...] = ()
    requestor_implementations: tuple[str, ...] = ()
    acceptor_implementations: tuple[str, ...] = ()
    # HL7
    message_types: Mapping[str, int] = field(default_factory=dict)
    sending_applications: tuple[str, ...] = ()
    receiving_applications: tuple[str, ...] = ()
    negative_acknowledgements: int = 0
    # TLS
    tls_versions: tuple[str, ...] = ()
    tls_ciphers: tuple[str, ...] = ()
    sni: tuple[str, ...] = ()
    ja4: tuple[str, ...] = ()
    certificate_not_after: datetime | None = None
    certificate_self_signed: bool = False
    certificate_weak: bool = False
    mutual: bool = False
    # HTTP
    http_apis: tuple[str, ...] = ()
    http_requests: int = 0
    http_anonymous_ok: tuple[str, ...] = ()
    """APIs that answered 2xx to a request without credentials."""
    server_software: tuple[str, ...] = ()
    # credentials
    credentials_clear: tuple[str, ...] = ()
    """Kinds of credentials that crossed in clear (`basic`, `ftp`, `telnet` …)."""
    # SMB
    smb_dialects: tuple[str, ...] = ()
    signing_required: bool | None = None
    anonymous: bool = False
    shares: tuple[str, ...] = ()
    # RDP, VNC, databases
    security: tuple[str, ...] = ()
    # SNMP
    default_community: bool = False
    # quality
    anomalies: Mapping[str, int] = field(default_factory=dict)
    gaps: int = 0
    starts: tuple[datetime, ...] = ()
    """Start times of at most the first 256 conversations, for regularity."""
    evidence: Mapping[str, tuple[EventRef, ...]] = field(default_factory=dict)
    """Facet (`first`, `wide_find`, `move`, `credentials`, `anonymous`, `anomaly` …) → where to look."""

    @property
    def is_attempt(self) -> bool:
        """Nothing took it: no answer, a refusal, or an answer in another protocol. A server that accepted the
        connection and kept silent, or that only listens (syslog), did take it."""
        if self.answered or self.service is Service.SYSLOG:
            return False
        return self.transport is Transport.UDP or not self.bytes_to_server or self.bytes_to_client > 0


class UtilisationCell(Struct, frozen=True, kw_only=True):
    """Exams (distinct studies first stored by their maker) of one modality in one hour (UTC)."""

    modality: str
    hour: datetime
    exams: int
    objects: int
    devices: tuple[str, ...]
    """Asset ids."""


class Quality(Struct, frozen=True, kw_only=True):
    """How far the picture can be trusted."""

    packets: int = 0
    bytes: int = 0
    gaps: int = 0
    anomalies: Mapping[str, int] = field(default_factory=dict)
    undecodable: Mapping[str, int] = field(default_factory=dict)
    drops: int = 0
    truncated: int = 0
    duplicates: int = 0
    first: datetime | None = None
    last: datetime | None = None


class Source(Struct, frozen=True, kw_only=True):
    """One capture that was read."""

    name: str
    fingerprint: str
    packets: int
    bytes: int
    first: datetime | None
    last: datetime | None
    complete: bool


class Sweep(Struct, frozen=True, kw_only=True):
    """One client tried many addresses on one port, most of which did not answer."""

    client: str
    port: int
    targets: int
    answered: int
    addresses: tuple[str, ...]
    """A sample of the addresses tried."""
    first_seen: datetime
    last_seen: datetime
    evidence: tuple[EventRef, ...] = ()


class Inventory(Struct, frozen=True, kw_only=True):
    """Everything derived from the events of a workspace; a pure function of them."""

    assets: tuple[Asset, ...] = ()
    flows: tuple[Flow, ...] = ()
    utilisation: tuple[UtilisationCell, ...] = ()
    quality: Quality = Quality()
    sources: tuple[Source, ...] = ()
    arp_conflicts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Address → MACs that claimed it, where more than one did."""
    sweeps: tuple[Sweep, ...] = ()
    names_asked: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Asset id → outside names it asked for."""
