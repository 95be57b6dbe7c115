"""DICOMweb as the service it stands for (PS3.18), from what the guard let through; equal requests are counted."""

from __future__ import annotations

from leadapron.guard.audit.messages.codes import Codes
from leadapron.guard.audit.messages.message import AuditMessage, AuditObject, ClassCount, Participant
from leadapron.guard.audit.messages.sessions import QUERY, REPORT, SECURITY_RESOURCE, peers
from leadapron.model.events import GuardDecision
from leadapron.model.guard import Task

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"})
"""First words of a command by which DICOMweb is known from DIMSE and HL7."""

SEARCHES = frozenset({Task.FIND, Task.WORKLIST})


def is_request(event: GuardDecision) -> bool:
    """A DICOMweb request; of STOW-RS each object, not the request around them, which may have held none."""
    if event.command.partition(" ")[0] not in METHODS:
        return False
    return bool(event.task) and (event.task != Task.STORE or bool(event.sop_class))


def request(codes: Codes, event: GuardDecision) -> AuditMessage:
    """QIDO-RS is a query, DELETE an access, WADO-RS and STOW-RS are transfers; the rest is told as a connection."""
    kind, action, role = codes.events.transferred, "R", REPORT
    if event.task in SEARCHES:
        kind, action, role = codes.events.query, "E", QUERY
    elif event.task == Task.DELETE:
        kind, action = codes.events.accessed, "D"
    elif event.task not in (Task.GET, Task.STORE):
        return _other(codes, event)
    return AuditMessage(
        ts=event.end,
        event=kind,
        action=action,
        participants=_who(codes, event, from_server=event.task == Task.GET),
        objects=(_target(codes, event, role),),
    )


def _other(codes: Codes, event: GuardDecision) -> AuditMessage:
    return AuditMessage(
        ts=event.end,
        event=codes.events.alert,
        types=(codes.types["node"],),
        action="E",
        description=f"{event.task}; {event.command} x{event.count}",
        participants=_who(codes, event, from_server=False),
        objects=(_target(codes, event, SECURITY_RESOURCE),),
    )


def _who(codes: Codes, event: GuardDecision, *, from_server: bool) -> tuple[Participant, ...]:
    """Both ends, and the person whose token it was."""
    ends = peers(codes, event, "", "", from_server=from_server)
    return (*ends, Participant(user_id=event.user, requestor=True)) if event.user else ends


def _target(codes: Codes, event: GuardDecision, role: int) -> AuditObject:
    """The shape of the path, identifiers left out; the keys of a query are never known."""
    method, _, path = event.command.partition(" ")
    search = event.task in SEARCHES
    return AuditObject(
        id=path or "/",
        id_type=codes.objects.uri,
        role=role,
        name=method,
        query=search,
        details=(("Requests", str(event.count)), ("Connection", event.uid)),
        classes=(ClassCount(event.sop_class, event.count),) if event.task == Task.STORE else (),
    )
