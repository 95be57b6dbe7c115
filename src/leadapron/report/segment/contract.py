"""Segmentation as published documents: who may talk to whom, and what that would have stopped."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from msgspec import Struct

from leadapron.model.events import Service, Transport
from leadapron.model.segmentation import Standing, Zone

SEGMENTATION: Literal["leadapron.segmentation/1"] = "leadapron.segmentation/1"
REHEARSAL: Literal["leadapron.rehearsal/1"] = "leadapron.rehearsal/1"
"""Names and major versions; a field may be added within a version, never removed or changed."""


class RuleEntry(Struct, frozen=True, kw_only=True):
    """Who may open connections to whom."""

    id: str
    source_zone: str
    target_zone: str
    sources: tuple[str, ...]
    """Addresses; empty: the whole zone."""
    targets: tuple[str, ...]
    source_names: tuple[str, ...]
    """Devices at these addresses, in the same order; the address where no name is known."""
    target_names: tuple[str, ...]
    transport: Transport
    ports: tuple[int, ...]
    """Empty: every port."""
    service: Service
    service_name: str
    standing: Standing
    standing_name: str
    reason: str
    """Why someone must answer for it, or why it is refused, in words."""
    text: str
    """The rule in words."""
    flows: tuple[str, ...]
    connections: int
    first_seen: datetime | None
    last_seen: datetime | None


class AdviceEntry(Struct, frozen=True, kw_only=True):
    """One piece of guidance checked."""

    text: str
    zones: tuple[str, ...]


class SegmentationDocument(Struct, frozen=True, kw_only=True):
    """All rules between zones. What none of them allows is refused; inside a zone nothing is filtered."""

    schema: Literal["leadapron.segmentation/1"]
    version: str
    """Version of Leadapron that made it."""
    language: str
    """Language of its sentences."""
    generated: datetime
    answer: tuple[str, ...]
    limits: tuple[str, ...]
    zones: tuple[Zone, ...]
    rules: tuple[RuleEntry, ...]
    advice: tuple[AdviceEntry, ...]

    def of(self, standing: Standing) -> tuple[RuleEntry, ...]:
        """Rules of one standing."""
        return tuple(rule for rule in self.rules if rule.standing is standing)


class BlockedEntry(Struct, frozen=True, kw_only=True):
    """A past flow that the rules would have refused."""

    flow: str
    client: str
    server: str
    service: Service
    service_name: str
    port: int
    connections: int
    exams: int
    """Exams that went over it and over no flow that passes."""
    modality: str
    new: bool
    """None of its kind was in the traffic the rules were learned from."""
    suspect: str
    """Why it looks like an attack, in words: refusing it is meant. Empty: it looks legitimate."""


class RehearsalDocument(Struct, frozen=True, kw_only=True):
    """Past traffic replayed against rules, before anyone enforces them."""

    schema: Literal["leadapron.rehearsal/1"]
    version: str
    language: str
    generated: datetime
    answer: tuple[str, ...]
    limits: tuple[str, ...]
    flows: int
    """Between zones; those inside one are not filtered."""
    passed: int
    asked: int
    """Of those that passed, by a rule that someone must still answer for."""
    blocked: tuple[BlockedEntry, ...]
    """Most exams first."""
    exams: int
    exams_blocked: int
    by_modality: Mapping[str, int]
    by_device: Mapping[str, int]
    """Exams that would have failed, by scanner."""
    suspects_passed: tuple[str, ...]
    """Ids of flows that would pass although they look like an attack."""
    questions: tuple[RuleEntry, ...]
    """Rules that someone must answer for: until then they let through."""
    unknown: tuple[str, ...]
    """Addresses in no zone of the rules."""
    unused: tuple[RuleEntry, ...]
    """Rules nothing used."""
