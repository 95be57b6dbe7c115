"""Dated judgements and what they rest on. Codes and parameters only: words are looked up when a report is made."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from msgspec import Struct


class Severity(StrEnum):
    """How much it matters here, worst first."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFO = "info"


class Harm(StrEnum):
    """What an attacker takes: exams, truth of images and orders, secrecy, or a way onward."""

    AVAILABILITY = "availability"
    INTEGRITY = "integrity"
    CONFIDENTIALITY = "confidentiality"
    SPREAD = "spread"


class Confidence(StrEnum):
    """`seen`: the packets show it; `likely`: they point to it; `possible`: they are compatible with it, ask someone."""

    SEEN = "seen"
    LIKELY = "likely"
    POSSIBLE = "possible"


class SubjectType(StrEnum):
    """What a finding is about."""

    ASSET = "asset"
    FLOW = "flow"
    ZONE = "zone"
    NETWORK = "network"


class EventRef(Struct, frozen=True, kw_only=True):
    """Where a person can open the fact: the source's name, packet number (from 1) and time; `kind` names the event."""

    sensor: str
    packet: int
    ts: datetime
    kind: str


class Subject(Struct, frozen=True, kw_only=True):
    """The asset, flow or zone a finding is about. `label` is readable without the inventory at hand."""

    type: SubjectType
    id: str
    label: str
    addresses: tuple[str, ...] = ()


class Finding(Struct, frozen=True, kw_only=True):
    """One rule held for one subject. `params` fill the rule's sentences; `reasons` are `field=value` leaves of the
    matched condition, so that the match explains itself."""

    rule: str
    subject: Subject
    severity: Severity
    harm: tuple[Harm, ...]
    confidence: Confidence
    params: Mapping[str, str | int]
    reasons: tuple[str, ...]
    evidence: tuple[EventRef, ...]
    flows: tuple[str, ...] = ()
    """Ids of the flows it rests on."""
    score: float = 0.0
    """Rank, higher first; see `assess.ranking`."""
    rank_reason: tuple[str, ...] = ()
    """Message ids of what moved the rank."""
