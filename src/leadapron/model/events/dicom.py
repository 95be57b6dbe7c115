"""DICOM associations (PS3.7, PS3.8): who asked whom for what, and which devices made what was moved."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct, field

from leadapron.model.events.base import Session, kind_tag


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


class DicomAssociation(Session, frozen=True, kw_only=True, tag_field="kind", tag=kind_tag):
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
    tls: bool = False
    """It came over TLS, which the sensor (the guard) ended."""
