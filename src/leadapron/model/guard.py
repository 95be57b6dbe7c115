"""The guard's words: who asks (peer), for what (operation), what was decided, and the policy that decides.

A policy is one file: listeners (where the guard stands), rules in order (the first whose conditions hold decides; its
bounds are checked next), and where records go. What no rule allows is denied.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Protocol as Interface

from msgspec import Struct, field


class Speech(StrEnum):
    """What a listener speaks."""

    DICOM = "dicom"
    DICOMWEB = "dicomweb"
    HL7 = "hl7"


class Task(StrEnum):
    """What a peer may be allowed to do: one word for DIMSE, DICOMweb and HL7 alike (PS3.4, PS3.18, HL7 v2)."""

    ECHO = "echo"
    STORE = "store"
    """C-STORE, STOW-RS."""
    FIND = "find"
    """C-FIND on patients and studies, QIDO-RS."""
    WORKLIST = "worklist"
    """C-FIND on the Modality Worklist."""
    MOVE = "move"
    GET = "get"
    """C-GET, WADO-RS, WADO-URI."""
    MPPS = "mpps"
    """N-CREATE, N-SET and N-GET of a Modality Performed Procedure Step."""
    COMMIT = "commit"
    """Storage Commitment: N-ACTION and its N-EVENT-REPORT."""
    PRINT = "print"
    NORMALISED = "normalised"
    """Any other N-service."""
    DELETE = "delete"
    """DELETE over DICOMweb, N-DELETE outside print."""
    MESSAGE = "message"
    """An HL7 v2 message."""


class Action(StrEnum):
    """What a rule does with what it matches."""

    ALLOW = "allow"
    DENY = "deny"
    """Refuse in words that the peer understands (A-ASSOCIATE-RJ, DIMSE status, HTTP status, HL7 AR)."""
    HOLD = "hold"
    """Keep the object in quarantine for a person; the sender is told to try again later."""
    TARPIT = "tarpit"
    """Let the peer wait, then refuse."""


class Reason(StrEnum):
    """Why a decision is what it is (words: content/guard/words.toml)."""

    RULE = "rule"
    """A rule says so, and nothing spoke against it."""
    NO_RULE = "no-rule"
    BREAK_GLASS = "break-glass"
    CALLING_TITLE = "calling-title"
    CALLED_TITLE = "called-title"
    NO_CONTEXT = "no-context"
    """Every presentation context was refused."""
    TRANSFER_SYNTAX = "transfer-syntax"
    SIZE = "size"
    RATE = "rate"
    WIDE_QUERY = "wide-query"
    QUERY_LEVEL = "query-level"
    RESULTS = "results"
    """More matches than the rule allows."""
    DESTINATION = "destination"
    IDENTITY = "identity"
    CONTENT = "content"
    """Inspection found something."""
    PROTOCOL = "protocol"
    """The bytes break the standard or a limit."""
    LIMIT = "limit"
    """Connections, associations, memory or idle time of the listener."""
    UPSTREAM = "upstream"
    """What stands behind the guard cannot be reached."""
    BLIND = "blind"
    """The guard cannot judge (inspection or quarantine failed)."""


class Tls(Struct, frozen=True, kw_only=True):
    """One side's TLS (PS3.15 Annex B.12, B.13). Paths are absolute once read."""

    certificate: str = ""
    key: str = ""
    authorities: str = ""
    """PEM file of CAs: of clients (then a certificate is demanded), or of the upstream (empty: those of the system)."""
    profile: str = "bcp195"
    """`bcp195` (B.12: TLS 1.2 and 1.3), `bcp195-modified` (B.13: its stricter list)."""
    name: str = ""
    """Upstream only: the host name its certificate must hold, where it is not the address."""


class Limits(Struct, frozen=True, kw_only=True):
    """Of one listener. Sizes in bytes, times in seconds."""

    connections: int = 512
    connections_per_peer: int = 64
    handshake: float = 15.0
    """TLS and the whole association request (or HTTP head, HL7 start) must have come by then."""
    idle: float = 600.0
    """Without a byte in either direction, inside an association."""
    stall: float = 60.0
    """Inside a message (PDU, command, object, HL7 message), without a byte."""
    pdu: int = 1 << 20
    associate: int = 256 * 1024
    memory: int = 8 << 20
    """Held of one connection: half-read headers, held chunks, evidence."""


class Listener(Struct, frozen=True, kw_only=True):
    """Where the guard stands: an address, and what is behind it."""

    name: str
    speaks: Speech
    listen: str
    """`address:port`, `[address]:port`."""
    upstream: tuple[str, ...]
    """In order of preference (HTTP: a URL)."""
    fail: str
    """`closed` or `open`: what happens to what the guard cannot judge."""
    routes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Called AE title → upstreams, where they differ from `upstream`."""
    tls: Tls | None = None
    upstream_tls: Tls | None = None
    limits: Limits = Limits()
    ledger: bool = True
    """Write a keyed digest of each object (ObjectPassed)."""
    tokens: Mapping[str, str] = field(default_factory=dict)
    """DICOMweb: `issuer`, `audience`, `keys` (URL or file of a JWKS); empty: no bearer token is asked for."""


class Rate(Struct, frozen=True, kw_only=True):
    """So much in a sliding period. `what`: associations, objects, bytes, queries, messages."""

    what: str
    amount: int
    seconds: int


class Hours(Struct, frozen=True, kw_only=True):
    """Local time of the guard: days 0 (Monday) to 6, minutes of the day; `end` < `start` runs over midnight."""

    days: frozenset[int]
    start: int
    end: int


class Query(Struct, frozen=True, kw_only=True):
    """Bounds of C-FIND and QIDO-RS."""

    wide: bool = False
    """May a query, or a request to retrieve, name no narrowing key (all empty or wildcards)?"""
    levels: tuple[str, ...] = ()
    """PATIENT, STUDY, SERIES, IMAGE; empty: any."""
    results: int = 0
    """Most matches; 0: no limit."""


class Rule(Struct, frozen=True, kw_only=True):
    """Conditions (all must hold; an empty one always does), then bounds, which only an allowing rule has."""

    name: str
    line: int
    """In the policy file, from 1."""
    action: Action = Action.ALLOW
    shadow: bool = False
    """Decide and record, never block."""
    # conditions
    listeners: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    """Networks (CIDR) or addresses; key `from`."""
    certificates: tuple[str, ...] = ()
    """Patterns of the client certificate's names: `CN=…`, a DNS name, or `sha256:…` of the whole."""
    calling: tuple[str, ...] = ()
    """AE titles; `*` and `?` are wildcards. HL7: sending `application` or `application@facility`."""
    called: tuple[str, ...] = ()
    """AE titles; HL7: receiving application."""
    users: tuple[str, ...] = ()
    """User identity (PS3.7 D.3.3.7) or token subject."""
    tasks: frozenset[Task] = frozenset()
    """Key `allow`, `deny`, `hold` or `tarpit`, which also gives the action; `any` is empty."""
    sop_classes: tuple[str, ...] = ()
    """UIDs (names and the word `storage` are resolved when read)."""
    destinations: tuple[str, ...] = ()
    """C-MOVE destinations."""
    messages: tuple[str, ...] = ()
    """HL7 message types: `ORU`, `ORM^O01`."""
    hours: tuple[Hours, ...] = ()
    # bounds
    transfer_syntaxes: tuple[str, ...] = ()
    query: Query | None = None
    object_size: int = 0
    """Bytes of one object or HL7 message; 0: no limit."""
    rates: tuple[Rate, ...] = ()
    identity: bool = False
    """A user identity (PS3.7 D.3.3.7) or a token is demanded."""
    inspect: str = "header"
    """`header` (all but native pixel data), `whole`, `off`."""
    on_hit: Action = Action.DENY
    """What happens to an object in which inspection found something: deny (abort, evidence kept) or hold."""
    strip_private: bool = False
    keep_private: tuple[str, ...] = ()
    """Private creators whose elements stay when `strip_private`."""


class Audit(Struct, frozen=True, kw_only=True):
    """Where the record of who did what goes (PS3.15 A.5, IHE ATNA ITI-20)."""

    syslog: str = ""
    """`host:port`; empty: nothing is sent."""
    tls: Tls | None = None
    """None: plain TCP (RFC 6587 octet counting), for a collector on this machine only."""
    form: str = "dicom"
    """`dicom` (PS3.15 A.5 XML) or `fhir` (AuditEvent JSON)."""
    spool: int = 10 << 30
    """Bytes kept on disk while the collector is away."""
    source: str = "leadapron-guard"


class Policy(Struct, frozen=True, kw_only=True):
    """One file, read and checked."""

    name: str = "guard"
    """The guard's name: its sensor is `guard:NAME`."""
    listeners: tuple[Listener, ...]
    rules: tuple[Rule, ...]
    audit: Audit = Audit()
    workspace: str = ""
    state: str = ""
    """Folder of quarantine, spool and control socket."""
    metrics: str = ""
    """`address:port` of metrics and health; empty: none."""
    content_rules: tuple[str, ...] = ()
    """Files of YARA rules beside the shipped ones."""
    digest: str = ""
    """Of the file it was read from, to tell which policy decided."""


class Peer(Struct, frozen=True, kw_only=True):
    """Who asks, as far as is known."""

    address: str
    listener: str
    calling: str = ""
    called: str = ""
    certificates: tuple[str, ...] = ()
    """Names of the client's certificate, in the forms that rules use."""
    user: str = ""
    user_kind: int = 0
    """PS3.7 D.3.3.7.1; 5 for a bearer token."""

    @property
    def certificate(self) -> str:
        """The client's certificate as people know it: its common name, else its digest; empty: none was shown."""
        return next((name for name in self.certificates if name.startswith("CN=")), next(iter(self.certificates), ""))


class Operation(Struct, frozen=True, kw_only=True):
    """One thing a peer asks for."""

    task: Task
    command: str = ""
    """DIMSE command, HTTP method and resource, or HL7 message type."""
    sop_class: str = ""
    transfer_syntax: str = ""
    destination: str = ""
    message: str = ""
    """HL7 message type, `ORU^R01`."""
    wide: bool = False
    level: str = ""


class Decision(Struct, frozen=True, kw_only=True):
    """The answer, and why."""

    action: Action
    reason: Reason
    rule: Rule | None = None
    """Which decided; None: no rule matched."""
    shadow: bool = False
    """Recorded, not enforced."""
    person: str = ""
    """Who opened the glass, if that is why."""

    @property
    def passes(self) -> bool:
        """Does the guard let it through?"""
        return self.action is Action.ALLOW or self.shadow

    @property
    def bounding(self) -> Rule | None:
        """The rule whose bounds hold from here on: none where someone broke the glass, or a rule only watches."""
        return self.rule if self.action is Action.ALLOW and self.reason is Reason.RULE else None


class Answer(Struct, frozen=True, kw_only=True):
    """What one peer was, or would have been, told about one kind of operation."""

    listener: str
    client: str
    calling: str
    called: str
    task: str
    command: str
    sop_class: str
    destination: str
    action: str
    reason: str
    rule: str
    detail: str
    shadow: bool
    """The policy itself has this rule in shadow: nothing would have been refused."""

    @property
    def refuses(self) -> bool:
        """Would something have failed?"""
        return self.action != Action.ALLOW and not self.shadow


class Answered(Struct, kw_only=True):
    """One answer of a replay, how often, and where to look."""

    answer: Answer
    count: int
    first: datetime
    connection: str
    """`uid` of the first connection."""
    studies: int = 0
    """Studies on the connections that would have been refused something."""


class Replay(Struct, frozen=True, kw_only=True):
    """Past traffic through a policy."""

    policy: str
    digest: str
    connections: int
    """That a listener stands before."""
    refused: int
    """Of them, those in which something would have been refused."""
    unguarded: Mapping[str, int]
    """Server that no listener stands before → its connections with DICOM or HL7."""
    unread: int
    """Connections of which bytes are missing in the capture: judged up to there."""
    untold: int
    """Answers left out because there were too many kinds."""
    rows: tuple[Answered, ...]
    """What would have been refused first, the most frequent first."""


class Moment(Struct, frozen=True, kw_only=True):
    """The time, twice: `wall` tells hours of the day (UNIX seconds), `steady` measures (never jumps)."""

    wall: float
    steady: float


class Judge(Interface):
    """What a guarded conversation may ask. One is made for each connection's listener (guard.policy)."""

    def admit(self, peer: Peer) -> Decision:
        """May this peer have an association (or connection, request) at all?"""

    def offer(self, peer: Peer, abstract_syntax: str, transfer_syntaxes: tuple[str, ...]) -> tuple[str, ...]:
        """Of a proposed presentation context: the transfer syntaxes that may go on (all, some, none), in order."""

    def decide(self, peer: Peer, operation: Operation) -> Decision:
        """May it do this now? Counts against the rates of the rule that decides."""

    def passed(self, peer: Peer, decision: Decision, amount: int) -> Decision:
        """So many bytes of what was decided came by: still allowed?"""
