"""Who may talk to whom: rules that allow what was seen, and their rehearsal on past traffic. All else is refused."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from msgspec import Struct, field

from leadapron.model.events import Service, Transport


class Zone(Struct, frozen=True, kw_only=True):
    """A segment with its networks (CIDR, IPv4 or IPv6); the first matching, longest network wins."""

    name: str
    networks: tuple[str, ...]


class Standing(StrEnum):
    """How sure a rule is."""

    KEEP = "keep"
    """Seen in regular use."""
    ASK = "ask"
    """Rare or odd, perhaps legitimate (monthly quality control, a maker's visit): someone must say. Not enforced
    as refused without an answer: exports allow it and mark it."""
    REFUSE = "refuse"
    """A person said no, or it looks like an attack: listed, never exported as allowed."""


class Allow(Struct, frozen=True, kw_only=True):
    """Devices or a whole zone may open connections to devices or a whole zone, on ports.

    `sources` and `targets` are addresses; empty means every address of the zone.
    """

    id: str
    source_zone: str
    target_zone: str
    sources: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    transport: Transport
    ports: tuple[int, ...]
    """Of the server; sorted. Empty: every port (only where a person wrote it so)."""
    service: Service
    standing: Standing = Standing.KEEP
    reason: str = ""
    """Message id of why it must be asked about or is refused (words: `content/whatif/words/segment.toml`)."""
    params: Mapping[str, str | float] = field(default_factory=dict)
    flows: tuple[str, ...] = ()
    """Ids of the flows it rests on."""
    connections: int = 0
    first_seen: datetime | None = None
    last_seen: datetime | None = None


class Advice(Struct, frozen=True, kw_only=True):
    """One piece of guidance checked: message id with parameters, and the zones it is about."""

    message: str
    params: Mapping[str, str | float] = field(default_factory=dict)
    zones: tuple[str, ...] = ()


class Segmentation(Struct, frozen=True, kw_only=True):
    """All rules of a department between zones. Inside a zone nothing is filtered."""

    zones: tuple[Zone, ...]
    rules: tuple[Allow, ...]
    advice: tuple[Advice, ...] = ()


class Blocked(Struct, frozen=True, kw_only=True):
    """A past flow that the rules would have refused."""

    flow: str
    client: str
    """Label."""
    server: str
    service: Service
    port: int
    connections: int
    exams: int
    """Exams that went over it and over no flow that passes."""
    modality: str = ""
    new: bool
    """None of its kind was in the traffic the rules were learned from."""
    suspect: str = ""
    """Message id of why it looks like an attack: refusing it is meant. Empty: it looks legitimate."""


class Rehearsal(Struct, frozen=True, kw_only=True):
    """Past traffic replayed against rules, before anyone enforces them."""

    flows: int
    """Between zones; those inside one are not filtered."""
    passed: int
    asked: int = 0
    """Of those that passed, by a rule that someone must still answer for."""
    blocked: tuple[Blocked, ...]
    """Most exams first."""
    exams: int
    """In that traffic."""
    exams_blocked: int
    by_modality: Mapping[str, int]
    """Exams that would have failed."""
    by_device: Mapping[str, int] = field(default_factory=dict)
    """The same, by the scanner's label."""
    unknown: tuple[str, ...]
    """Addresses in no zone of the rules."""
    unused: tuple[str, ...]
    """Ids of rules nothing used."""
    suspects_passed: tuple[str, ...] = ()
    """Ids of flows that pass although they look like an attack."""
