"""What the fold keeps: one record per address and one per conversation of two addresses over a service and port."""

from __future__ import annotations

from bisect import insort
from collections import Counter
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, NamedTuple, TypeVar

from leadapron.model.events import Event, Implementation, Service, Transport
from leadapron.model.findings import EventRef
from leadapron.see.inventory.evidence import Evidence

MAX_STARTS = 256
"""Start times kept per flow (see `Flow.starts`)."""
MAX_DISTINCT = 1024
"""Distinct values kept of any one attribute of a record: titles, names, banners, SOP classes."""

T = TypeVar("T")
_NOTHING: frozenset[str] = frozenset()
"""Shared by the many flows that have nothing to tell."""

NEVER = datetime.max.replace(tzinfo=UTC)
ALWAYS = datetime.min.replace(tzinfo=UTC)


def add(values: set[T], value: T) -> None:
    """Add within the limit, so that no sender can make a record grow without end."""
    if len(values) < MAX_DISTINCT:
        values.add(value)


def count(values: Counter[T], value: T, number: int) -> None:
    """Count within the limit of distinct values."""
    if value in values or len(values) < MAX_DISTINCT:
        values[value] += number


class BannerKind(StrEnum):
    """Where a text that tells of software was found; see `software` for how far each is believed."""

    NTLM = "ntlm"
    SMB1 = "smb1"
    SSH = "ssh"
    FTP = "ftp"
    HTTP = "http"
    AGENT = "agent"
    DHCP = "dhcp"
    SNMP = "snmp"


class Host:
    """What one address showed, apart from its conversations."""

    __slots__ = ("banners", "clocks", "declared", "evidence", "first", "last", "spoke", "syslog", "told")

    def __init__(self) -> None:
        self.first, self.last = NEVER, ALWAYS
        self.spoke = False
        """It took part in a conversation: sent something that was answered, or answered."""
        self.declared: set[str] = set()
        """Names it gave itself (NTLM, DHCP, NetBIOS)."""
        self.told: set[str] = set()
        """Names others gave it (DNS)."""
        self.banners: set[tuple[BannerKind, str]] = set()
        self.clocks: list[int] = []
        self.syslog = False
        self.evidence = Evidence()

    def seen(self, start: datetime, end: datetime) -> None:
        if start < self.first:
            self.first = start
        if end > self.last:
            self.last = end

    def declare(self, name: str, event: Event) -> None:
        """The device named itself."""
        if name:
            add(self.declared, name)
            self.evidence.cite("hostname", event)

    def banner(self, kind: BannerKind, text: str, event: Event) -> None:
        """A text that tells of its software passed."""
        if text:
            add(self.banners, (kind, text))
            self.evidence.cite("os" if kind is not BannerKind.HTTP else "software", event)


class FlowKey(NamedTuple):
    """Two addresses, what they spoke, and where the server listened."""

    client: str
    server: str
    transport: Transport
    service: Service
    port: int


class Operation(NamedTuple):
    """A DIMSE command on a SOP class, and who asked."""

    command: str
    sop_class: str
    by_client: bool


class DicomRecord:
    """The associations of a flow."""

    __slots__ = (
        "aborted",
        "accepted",
        "accepted_syntaxes",
        "acceptors",
        "answered",
        "answered_titles",
        "associations",
        "called",
        "callers",
        "heard",
        "moves",
        "object_bytes",
        "objects",
        "operations",
        "proposed",
        "rejected",
        "requested",
        "sop_classes",
        "statuses",
        "syntaxes",
        "user_identity",
        "wide_finds",
        "wide_matches",
    )  # fmt: skip

    def __init__(self) -> None:
        self.associations = self.accepted = self.rejected = self.aborted = 0
        self.objects = self.object_bytes = self.wide_finds = self.wide_matches = 0
        self.callers: dict[str, set[Implementation]] = {}
        """Calling AE title → toolkits that used it."""
        self.heard: set[str] = set()
        """Calling AE titles that the server answered, if only by a rejection."""
        self.called: set[str] = set()
        self.answered_titles: set[str] = set()
        """Called AE titles of accepted associations."""
        self.acceptors: set[Implementation] = set()
        self.requested: set[Operation] = set()
        self.answered: set[Operation] = set()
        """Operations that ended well at least once."""
        self.operations: Counter[str] = Counter()
        self.sop_classes: Counter[str] = Counter()
        self.statuses: Counter[str] = Counter()
        self.syntaxes: set[str] = set()
        self.proposed: set[str] = set()
        self.accepted_syntaxes: set[str] = set()
        self.user_identity: set[int] = set()
        self.moves: set[str] = set()


class Hl7Record:
    """The HL7 messages of a flow; `forward` are those the client sent."""

    __slots__ = ("applications", "backward", "forward", "negative", "receivers", "sent", "types")

    def __init__(self) -> None:
        self.types: Counter[str] = Counter()
        self.sent: Counter[str] = Counter()
        """Message types without acknowledgements."""
        self.forward: set[tuple[str, str]] = set()
        """(message type, sending application) of what the client sent, acknowledgements apart."""
        self.backward: set[tuple[str, str]] = set()
        self.applications: set[str] = set()
        self.receivers: set[str] = set()
        self.negative = 0


class TlsRecord:
    """The TLS handshakes of a flow."""

    __slots__ = ("alpn", "ciphers", "expiries", "ja4", "mutual", "self_signed", "sessions", "sni", "versions", "weak")

    def __init__(self) -> None:
        self.sessions = self.mutual = 0
        self.versions: set[str] = set()
        self.ciphers: set[str] = set()
        self.sni: set[str] = set()
        self.ja4: set[str] = set()
        self.alpn: set[str] = set()
        self.expiries: set[datetime] = set()
        self.self_signed = self.weak = False


class HttpRecord:
    """The HTTP requests of a flow."""

    __slots__ = ("anonymous_ok", "answered_apis", "apis", "methods", "requests")

    def __init__(self) -> None:
        self.requests = 0
        self.methods: Counter[str] = Counter()
        self.apis: set[str] = set()
        self.answered_apis: set[str] = set()
        self.anonymous_ok: set[str] = set()


class SmbRecord:
    """The SMB sessions of a flow."""

    __slots__ = ("anonymous", "dialects", "shares", "signed", "unsigned")

    def __init__(self) -> None:
        self.dialects: set[str] = set()
        self.signed = self.unsigned = 0
        """Sessions that had to be signed, and those that need not."""
        self.anonymous = False
        self.shares: set[str] = set()


class FlowRecord:
    """All conversations of one `FlowKey`, added up."""

    __slots__ = (
        "answered",
        "bytes_to_client",
        "bytes_to_server",
        "connections",
        "credentials",
        "default_community",
        "dicom",
        "encrypted",
        "evidence",
        "first",
        "gaps",
        "hl7",
        "http",
        "last",
        "refused",
        "security",
        "sessions",
        "smb",
        "software",
        "spoken",
        "starts",
        "tls",
    )  # fmt: skip

    def __init__(self) -> None:
        self.first, self.last = NEVER, ALWAYS
        self.connections = self.answered = self.refused = self.gaps = 0
        self.bytes_to_server = self.bytes_to_client = 0
        self.sessions = self.spoken = self.encrypted = 0
        """Protocol sessions; those in which the server spoke that protocol; those whose content was protected."""
        self.starts: list[datetime] = []
        self.credentials = self.security = self.software = _NOTHING
        self.default_community = False
        self.dicom: DicomRecord | None = None
        self.hl7: Hl7Record | None = None
        self.tls: TlsRecord | None = None
        self.http: HttpRecord | None = None
        self.smb: SmbRecord | None = None
        self.evidence = Evidence()

    def seen(self, start: datetime, end: datetime) -> None:
        if start < self.first:
            self.first = start
        if end > self.last:
            self.last = end

    def tell(self, credentials: str = "", security: str = "", software: str = "") -> None:
        """Add to what is told of passwords in clear, negotiated security, and the server's software."""
        if credentials and credentials not in self.credentials and len(self.credentials) < MAX_DISTINCT:
            self.credentials |= {credentials}
        if security and security not in self.security and len(self.security) < MAX_DISTINCT:
            self.security |= {security}
        if software and software not in self.software and len(self.software) < MAX_DISTINCT:
            self.software |= {software}

    def started(self, moment: datetime) -> None:
        """Keep the earliest start times, in order."""
        starts = self.starts
        if len(starts) < MAX_STARTS:
            insort(starts, moment)
        elif moment < starts[-1]:
            insort(starts, moment)
            starts.pop()

    def absorb(self, other: FlowRecord) -> None:
        """Add another record of what turns out to be the same flow."""
        self.seen(other.first, other.last)
        for moment in other.starts:
            self.started(moment)
        _absorb(self, other, skip={"first", "last", "starts"})


class Attempt:
    """Tries that got nothing, a refusal, or no word: kept small, for a sweep or a flood makes many."""

    __slots__ = ("answered", "bytes", "count", "first", "gaps", "last", "reference", "refused")

    def __init__(self) -> None:
        self.count = self.answered = self.refused = self.bytes = self.gaps = 0
        self.first, self.last = NEVER, ALWAYS
        self.reference: EventRef | None = None
        """The earliest."""

    def record(self) -> FlowRecord:
        """As a flow in which the server took no part."""
        flow = FlowRecord()
        flow.seen(self.first, self.last)
        flow.connections, flow.answered, flow.refused = self.count, self.answered, self.refused
        flow.bytes_to_server, flow.gaps = self.bytes, self.gaps
        flow.started(self.first)
        if self.reference is not None:
            flow.evidence.merge({"first": (self.reference,)})
        return flow


def _absorb(target: Any, other: Any, skip: frozenset[str] | set[str] = frozenset()) -> None:
    """Slot by slot: numbers and counters add up, sets and mappings unite, flags are or-ed."""
    for slot in type(target).__slots__:
        if slot in skip:
            continue
        mine, theirs = getattr(target, slot), getattr(other, slot)
        if isinstance(theirs, Evidence):
            mine.merge(theirs)
        elif isinstance(theirs, Counter):
            mine.update(theirs)
        elif isinstance(theirs, set):
            mine |= theirs
        elif isinstance(theirs, frozenset):
            setattr(target, slot, mine | theirs)
        elif isinstance(theirs, dict):
            for key, values in theirs.items():
                mine.setdefault(key, set()).update(values)
        elif isinstance(theirs, bool):
            setattr(target, slot, mine or theirs)
        elif isinstance(theirs, int):
            setattr(target, slot, mine + theirs)
        elif theirs is not None:
            if mine is None:
                mine = type(theirs)()
                setattr(target, slot, mine)
            _absorb(mine, theirs)
