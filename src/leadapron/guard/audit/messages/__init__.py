"""Events as DICOM audit messages (PS3.15 A.5.3) and as FHIR AuditEvent. Pure.

`AuditMessages` says which messages an event is worth; `to_xml` and `to_fhir` write one.
"""

from __future__ import annotations

from leadapron.guard.audit.messages import alerts, sessions, web
from leadapron.guard.audit.messages.codes import Codes, read_codes
from leadapron.guard.audit.messages.fhir import to_fhir
from leadapron.guard.audit.messages.message import AuditMessage, Outcome
from leadapron.guard.audit.messages.xml import to_xml
from leadapron.model.events import (
    DicomAssociation,
    DicomOutcome,
    Event,
    GuardDecision,
    GuardNotice,
    Hl7Session,
)
from leadapron.model.guard import Action

__all__ = ["AuditMessage", "AuditMessages", "Outcome", "read_codes", "to_fhir", "to_xml"]

REMEMBERED = 4096
"""Connections whose refusal was told, so that their rejected association is not told again."""


class AuditMessages:
    """Events of one guard → audit messages."""

    def __init__(self, guard: str, codes: Codes | None = None) -> None:
        """`guard` names the reporting process."""
        self._guard, self._codes = guard, codes or read_codes()
        self._told: dict[str, None] = {}

    def of(self, event: Event) -> list[AuditMessage]:
        """What an event is worth: none for what the message of another event tells."""
        if isinstance(event, DicomAssociation):
            if event.outcome is DicomOutcome.REJECTED and event.uid in self._told:
                return []
            return sessions.association(self._codes, event)
        if isinstance(event, GuardDecision):
            if not event.task and event.enforced and event.action != Action.ALLOW:
                self._remember(event.uid)
            return self._decision(event)
        if isinstance(event, GuardNotice):
            return alerts.notice(self._codes, self._guard, event)
        if isinstance(event, Hl7Session):
            return sessions.hl7(self._codes, event)
        return []

    def _decision(self, event: GuardDecision) -> list[AuditMessage]:
        """DICOMweb is told from decisions: its sessions are not seen inside TLS, and know no user."""
        told = alerts.decision(self._codes, self._guard, event)
        if event.action == Action.ALLOW and web.is_request(event):
            told.append(web.request(self._codes, event))
        return told

    def _remember(self, uid: str) -> None:
        self._told[uid] = None
        if len(self._told) > REMEMBERED:
            del self._told[next(iter(self._told))]
