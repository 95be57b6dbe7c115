"""Immutable facts seen at a time by a sensor: the only input of every judgement.

Each kind is one frozen struct; its name, snake-cased, is its tag (`kind`) and the name of its Parquet data set.
Times are aware UTC. Nothing here can hold a patient's name, identifier or birth date.
"""

from __future__ import annotations

from leadapron.model.events.base import (
    Anomaly,
    ArpBinding,
    CaptureQuality,
    Connection,
    Endpoint,
    Event,
    Fact,
    Service,
    Session,
    Sighting,
    Transport,
)
from leadapron.model.events.declared import (
    LISTS,
    ComponentDeclared,
    Declaration,
    DeclaredAnswer,
    DeviceDeclared,
    DocumentAdded,
    DocumentType,
    ExploitabilityDeclared,
    FormAnswer,
    ProcedureAnswer,
    ProcedureAnswered,
    TitleDeclared,
    ZoneDeclared,
)
from leadapron.model.events.dicom import (
    DatasetSource,
    DicomAssociation,
    DicomOperation,
    DicomOutcome,
    Implementation,
    PresentationContext,
    StudySeen,
)
from leadapron.model.events.facts import (
    ClockReading,
    DhcpSeen,
    NameQuery,
    NameSeen,
    SnmpSeen,
    SyslogSeen,
)
from leadapron.model.events.guard import GUARD_SENSOR, GuardDecision, GuardNotice, ObjectPassed
from leadapron.model.events.sessions import (
    BannerSession,
    Certificate,
    Hl7Session,
    Hl7Traffic,
    HttpApi,
    HttpExchange,
    HttpSession,
    RdpSession,
    SmbSession,
    TlsSession,
)

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
    | DocumentAdded
    | FormAnswer
    | ComponentDeclared
    | ExploitabilityDeclared
    | DeviceDeclared
    | TitleDeclared
    | ZoneDeclared
    | ProcedureAnswered
    | GuardDecision
    | ObjectPassed
    | GuardNotice
)
"""The closed set of event kinds."""

EVENT_KINDS: tuple[type[Event], ...] = AnyEvent.__args__

__all__ = [
    "EVENT_KINDS",
    "GUARD_SENSOR",
    "LISTS",
    "Anomaly",
    "AnyEvent",
    "ArpBinding",
    "BannerSession",
    "CaptureQuality",
    "Certificate",
    "ClockReading",
    "ComponentDeclared",
    "Connection",
    "DatasetSource",
    "Declaration",
    "DeclaredAnswer",
    "DeviceDeclared",
    "DhcpSeen",
    "DicomAssociation",
    "DicomOperation",
    "DicomOutcome",
    "DocumentAdded",
    "DocumentType",
    "Endpoint",
    "Event",
    "ExploitabilityDeclared",
    "Fact",
    "FormAnswer",
    "GuardDecision",
    "GuardNotice",
    "Hl7Session",
    "Hl7Traffic",
    "HttpApi",
    "HttpExchange",
    "HttpSession",
    "Implementation",
    "NameQuery",
    "NameSeen",
    "ObjectPassed",
    "PresentationContext",
    "ProcedureAnswer",
    "ProcedureAnswered",
    "RdpSession",
    "Service",
    "Session",
    "Sighting",
    "SmbSession",
    "SnmpSeen",
    "StudySeen",
    "SyslogSeen",
    "TitleDeclared",
    "TlsSession",
    "Transport",
    "ZoneDeclared",
]
