"""Dated judgements and what they rest on. Codes and parameters only: words are looked up when a report is made."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from enum import StrEnum

from msgspec import Struct


class Severity(StrEnum):
    """How much it matters here, worst first."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFO = "info"


WORST_FIRST = tuple(Severity)


def worst(severities: Iterable[Severity | None]) -> Severity | None:
    """The worst of those there are; None when there is none."""
    return min((one for one in severities if one), key=WORST_FIRST.index, default=None)


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


SUREST_FIRST = tuple(Confidence)


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


class Citation(Struct, frozen=True, kw_only=True):
    """What a source other than the network says: an advisory, a document, an answer. `quote` is its own few words."""

    source: str
    """Advisory id, document name, or question id."""
    quote: str
    dated: date | None = None
    """Day the source says it of: how old the word is."""
    url: str = ""
    place: str = ""
    """Where in the source: a question's identifier, a row."""


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
    citations: tuple[Citation, ...] = ()
    """What it rests on besides packets."""
    score: float = 0.0
    """Rank, higher first; see `assess.ranking`."""
    rank_reason: tuple[str, ...] = ()
    """Message ids of what moved the rank."""

    @property
    def id(self) -> str:
        """The same weakness of the same subject keeps its id from one assessment to the next."""
        key = "\0".join((self.rule, self.subject.type, self.subject.id))
        return "f-" + hashlib.sha256(key.encode("utf-8")).hexdigest()[:12]
