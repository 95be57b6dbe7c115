"""What the guard refused, and what it says of itself (PS3.15 A.5.3.1, A.5.3.11, A.5.3.12)."""

from __future__ import annotations

from leadapron.guard.audit.messages.codes import Code, Codes, NoticeCode, reason_code
from leadapron.guard.audit.messages.message import AuditMessage, AuditObject, Outcome, Participant
from leadapron.guard.audit.messages.sessions import SECURITY_RESOURCE, connection, peers
from leadapron.model.events import GuardDecision, GuardNotice
from leadapron.model.guard import Action, Reason

DESCRIPTION = "Alert Description"
"""Type of the detail that PS3.15 Table A.5.3.11-1 asks for."""


def guard(codes: Codes, name: str, role: Code | None = None) -> Participant:
    """The guard as the process that reports."""
    return Participant(user_id=name, role=role or codes.roles.application)


def decision(codes: Codes, name: str, event: GuardDecision) -> list[AuditMessage]:
    """Refusals (also those only thought of, in shadow mode) and what passed under an opened glass.

    What a rule allowed is told by the message of its association, connection or request.
    """
    reason = Reason(event.reason)
    allowed = event.action == Action.ALLOW
    if allowed and reason is not Reason.BREAK_GLASS:
        return []
    entry = codes.reasons[reason]
    kind = codes.types[entry.type]
    login = entry.type == "login"
    outcome = Outcome(entry.outcome if event.enforced and not allowed else 0)
    description = _description(event)
    return [
        AuditMessage(
            ts=event.ts,
            event=codes.events.authentication if login else codes.events.alert,
            types=(kind, reason_code(codes, reason)),
            action="E",
            outcome=outcome,
            description=description,
            participants=_who_logged_in(codes, name, event) if login else _who(codes, name, event),
            objects=() if login else _subjects(codes, event, description),
        )
    ]


def _description(event: GuardDecision) -> str:
    """Which rule did what to which request, how often; never content."""
    parts = [
        event.action if event.enforced else f"shadow: {event.action}",
        f"rule {event.rule}" if event.rule else "",
        " ".join(filter(None, (event.task, event.command, event.sop_class))),
        f"to {event.destination}" if event.destination else "",
        event.detail,
        f"x{event.count}" if event.count > 1 else "",
    ]
    return "; ".join(filter(None, parts))


def _who(codes: Codes, name: str, event: GuardDecision) -> tuple[Participant, ...]:
    """Reporting: the guard. Performing, none the requestor of an alert: both peers, the user, who opened the glass."""
    client, server = peers(codes, event, event.calling_ae_title, event.called_ae_title)
    client = Participant(
        user_id=client.user_id,
        alternative_id=client.alternative_id,
        name=event.certificate,
        role=client.role,
        address=client.address,
    )
    people = [Participant(user_id=person) for person in (event.user, event.person) if person]
    return (guard(codes, name), client, server, *people)


def _who_logged_in(codes: Codes, name: str, event: GuardDecision) -> tuple[Participant, ...]:
    """PS3.15 Table A.5.3.12-1: the person claimed, with the network access point; the node that authenticates."""
    claimed = Participant(
        user_id=event.user or event.calling_ae_title or event.client.ip,
        alternative_id=f"AETITLES={event.calling_ae_title}" if event.calling_ae_title else "",
        name=event.certificate,
        requestor=True,
        address=event.client.ip or "?",
    )
    return (claimed, guard(codes, name))


def _subjects(codes: Codes, event: GuardDecision, description: str) -> tuple[AuditObject, ...]:
    details = [(DESCRIPTION, description), ("Policy", event.policy), ("Listener", event.listener)]
    subject = AuditObject(
        id=event.client.ip,
        id_type=codes.objects.node,
        role=SECURITY_RESOURCE,
        name=event.calling_ae_title or event.client.ip,
        details=tuple(pair for pair in details if pair[1]),
    )
    if not event.evidence:
        return (subject, connection(codes, event))
    evidence = AuditObject(
        id=event.evidence, id_type=codes.objects.evidence, role=SECURITY_RESOURCE, name=event.detail or "object"
    )
    return (subject, connection(codes, event), evidence)


def notice_code(codes: Codes, event: GuardNotice) -> NoticeCode | None:
    """By the longest known beginning of the notice's name; None: not worth a message."""
    known = [beginning for beginning in codes.notices if event.name.startswith(beginning)]
    if known:
        return codes.notices[max(known, key=len)]
    return NoticeCode(type="security", outcome=Outcome.MINOR) if event.alarm else None


def notice(codes: Codes, name: str, event: GuardNotice) -> list[AuditMessage]:
    """Application Activity for start and stop, else a Security Alert."""
    entry = notice_code(codes, event)
    if entry is None:
        return []
    people = [Participant(user_id=event.person, requestor=True, role=codes.roles.launcher)] if event.person else []
    parts = [event.name, event.listener, event.detail, f"until {event.until}" if event.until else ""]
    description = "; ".join(filter(None, parts))
    activity = entry.event == "activity"
    subject = AuditObject(
        id=name,
        id_type=codes.objects.node,
        role=SECURITY_RESOURCE,
        name=event.name,
        details=((DESCRIPTION, description),),
    )
    return [
        AuditMessage(
            ts=event.ts,
            event=codes.events.activity if activity else codes.events.alert,
            types=(codes.types[entry.type],),
            action="E",
            outcome=Outcome(entry.outcome),
            description=description,
            participants=(guard(codes, name), *people),
            objects=() if activity else (subject,),
        )
    ]
