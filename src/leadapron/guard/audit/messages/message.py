"""An audit message as PS3.15 A.5.1 structures it, whatever it is then written as (XML, FHIR)."""

from __future__ import annotations

from datetime import datetime
from enum import IntEnum

from msgspec import Struct

from leadapron.guard.audit.messages.codes import Code


class Outcome(IntEnum):
    """EventOutcomeIndicator (PS3.15 Table A.5.2-1)."""

    SUCCESS = 0
    MINOR = 4
    SERIOUS = 8
    MAJOR = 12


class Participant(Struct, frozen=True, kw_only=True):
    """ActiveParticipant: who took part (PS3.15 A.5.2.1 to A.5.2.4)."""

    user_id: str
    alternative_id: str = ""
    """`AETITLES=…` for a DICOM application."""
    name: str = ""
    requestor: bool = False
    role: Code | None = None
    address: str = ""
    """IP address (NetworkAccessPointTypeCode 2)."""


class ClassCount(Struct, frozen=True):
    """SOPClass of an object's description: how many instances of which class; empty where there were several."""

    uid: str
    instances: int


class AuditObject(Struct, frozen=True, kw_only=True):
    """ParticipantObjectIdentification: what it was about. Always a system object: no person is ever known."""

    id: str
    id_type: Code
    role: int
    """ParticipantObjectTypeCodeRole: 3 report, 13 security resource, 24 query."""
    name: str = ""
    query: bool = False
    """Stands for a query: the keys themselves are never known, so that ParticipantObjectQuery is empty."""
    details: tuple[tuple[str, str], ...] = ()
    classes: tuple[ClassCount, ...] = ()


class AuditMessage(Struct, frozen=True, kw_only=True):
    """One message, without its source, which is the same for all."""

    ts: datetime
    event: Code
    action: str
    """C, R, U, D or E (create, read, update, delete, execute)."""
    participants: tuple[Participant, ...]
    types: tuple[Code, ...] = ()
    outcome: Outcome = Outcome.SUCCESS
    description: str = ""
    objects: tuple[AuditObject, ...] = ()
