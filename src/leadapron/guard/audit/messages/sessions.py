"""What peers did, a connection at a time: queries, transfers and, where nothing else says so, the association itself.

PS3.15 wants a message to tell of one patient at most: transfers are told a study at a time, which is at most that.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from leadapron.guard.audit.messages.codes import Codes
from leadapron.guard.audit.messages.message import AuditMessage, AuditObject, ClassCount, Outcome, Participant
from leadapron.model.events import (
    DicomAssociation,
    DicomOperation,
    DicomOutcome,
    Hl7Session,
    Session,
    StudySeen,
)

REPORT, SECURITY_RESOURCE, QUERY = 3, 13, 24
"""ParticipantObjectTypeCodeRole (PS3.15 A.5.1.2.2)."""

MOST_OBJECTS = 24
"""Of one message: a peer may name any number of SOP classes."""

LONGEST_UID = 64
"""Characters (PS3.5 §9.1); what is longer is no UID, and would make long messages."""

NOT_FAILED = ("0x0000", "0x0001", "0x0107", "0x0116", "0xB", "0xFE00", "0xFF0")
"""Beginnings of DIMSE statuses: success, warnings, cancelled, pending (PS3.7 Annex C)."""


def peers(
    codes: Codes, event: Session, calling: str, called: str, *, from_server: bool = False
) -> tuple[Participant, Participant]:
    """Source and destination of what was moved or asked; the client is the requestor of whatever happened."""
    client = Participant(
        user_id=calling or event.client.ip,
        alternative_id=f"AETITLES={calling}" if calling else "",
        requestor=True,
        role=codes.roles.destination if from_server else codes.roles.source,
        address=event.client.ip,
    )
    server = Participant(
        user_id=called or event.server.ip,
        alternative_id=f"AETITLES={called}" if called else "",
        role=codes.roles.source if from_server else codes.roles.destination,
        address=event.server.ip,
    )
    return (server, client) if from_server else (client, server)


def association(codes: Codes, event: DicomAssociation) -> list[AuditMessage]:
    """Queries, moves and transfers of an association, each once; else, or refused, that it was there."""
    messages: list[AuditMessage] = []
    for operation in event.operations:
        if operation.command == "C-FIND":
            messages += _queries(codes, event, operation)
        elif operation.command == "C-MOVE":
            messages += _moves(codes, event, operation)
    for by_client in (True, False):
        stores = [one for one in event.operations if one.command == "C-STORE" and one.by_client is by_client]
        if stores:
            messages += _transfers(codes, event, stores, by_client=by_client)
    if not messages:
        messages.append(_association_itself(codes, event))
    return messages


def _association_itself(codes: Codes, event: DicomAssociation) -> AuditMessage:
    """Node Authentication, which PS3.15 A.5.3.11 has for successes too."""
    done = [f"{operation.command} x{operation.requests}" for operation in event.operations[:MOST_OBJECTS]]
    ended = event.reject_reason or event.abort_source
    description = "; ".join([event.outcome.value + (f" {ended}" if ended else ""), *done])
    good = event.accepted and event.outcome in (DicomOutcome.RELEASED, DicomOutcome.OPEN)
    return AuditMessage(
        ts=event.ts,
        event=codes.events.alert,
        types=(codes.types["node"],),
        action="E",
        outcome=Outcome.SUCCESS if good else Outcome.MINOR,
        description=description,
        participants=peers(codes, event, event.calling_ae_title, event.called_ae_title),
        objects=(connection(codes, event),),
    )


def connection(codes: Codes, event: Session) -> AuditObject:
    """By which a message is found again among the guard's events."""
    return AuditObject(id=event.uid, id_type=codes.objects.connection, role=SECURITY_RESOURCE, name="connection")


def outcomes(operation: DicomOperation) -> list[tuple[Outcome, int]]:
    """PS3.15 Table A.5.2-1: one message for what succeeded, one for what failed. How many of each, unless none."""
    failed = sum(count for status, count in operation.statuses.items() if not status.startswith(NOT_FAILED))
    failed = min(failed, operation.requests)
    counted = ((Outcome.SUCCESS, operation.requests - failed), (Outcome.MINOR, failed))
    return [(outcome, count) for outcome, count in counted if count]


def failures(operation: DicomOperation) -> str:
    """The statuses that say so."""
    bad = [f"{status} x{count}" for status, count in operation.statuses.items() if not status.startswith(NOT_FAILED)]
    return "; ".join(bad[:MOST_OBJECTS])


def _queries(codes: Codes, event: DicomAssociation, operation: DicomOperation) -> Iterator[AuditMessage]:
    """PS3.15 Table A.5.3.10-1, without the keys of the query, which may name a patient."""
    for outcome, count in outcomes(operation):
        details = [("TransferSyntax", _transfer_syntax(event, operation.sop_class)), ("Requests", str(count))]
        details += [("MatchesInConnection", str(event.find_matches)), ("WideInConnection", str(event.wide_finds))]
        asked = AuditObject(
            id=operation.sop_class,
            id_type=codes.objects.class_,
            role=REPORT,
            query=True,
            details=(*(pair for pair in details if pair[1]), ("Connection", event.uid)),
        )
        yield AuditMessage(
            ts=event.ts,
            event=codes.events.query,
            action="E",
            outcome=outcome,
            description=failures(operation) if outcome else "",
            participants=peers(codes, event, event.calling_ae_title, event.called_ae_title),
            objects=(asked,),
        )


def _transfer_syntax(event: DicomAssociation, sop_class: str) -> str:
    for context in event.contexts:
        if context.abstract_syntax == sop_class and context.accepted_transfer_syntax:
            return context.accepted_transfer_syntax
    return ""


def _moves(codes: Codes, event: DicomAssociation, operation: DicomOperation) -> Iterator[AuditMessage]:
    """PS3.15 Table A.5.3.3-1: the archive begins to send to the destination, the caller is the third party."""
    source, caller = peers(codes, event, event.calling_ae_title, event.called_ae_title, from_server=True)
    third = Participant(
        user_id=caller.user_id, alternative_id=caller.alternative_id, requestor=True, address=caller.address
    )
    for title in event.move_destinations[:MOST_OBJECTS] or ("",):
        destination = Participant(
            user_id=title or "?",
            alternative_id=f"AETITLES={title}" if title else "",
            role=codes.roles.destination,
        )
        for outcome, count in outcomes(operation):
            yield AuditMessage(
                ts=event.ts,
                event=codes.events.begin,
                action="E",
                outcome=outcome,
                description=failures(operation) if outcome else "",
                participants=(source, destination, third),
                objects=(
                    AuditObject(
                        id=operation.sop_class,
                        id_type=codes.objects.class_,
                        role=REPORT,
                        name="C-MOVE",
                        details=(("Requests", str(count)), ("Connection", event.uid)),
                    ),
                ),
            )


def _transfers(
    codes: Codes, event: DicomAssociation, stores: Iterable[DicomOperation], *, by_client: bool
) -> Iterator[AuditMessage]:
    """PS3.15 Table A.5.3.7-1; `R`, since the guard does not know whether the receiver had the instances before."""
    good: list[ClassCount] = []
    bad: list[ClassCount] = []
    reasons: list[str] = []
    for operation in stores:
        for outcome, count in outcomes(operation):
            (bad if outcome else good).append(ClassCount(operation.sop_class[:LONGEST_UID], count))
        reasons.append(failures(operation))
    parts = [(Outcome.SUCCESS, objects) for objects in _moved(codes, event, good)] if good else []
    if bad:
        parts.append((Outcome.MINOR, _by_class(codes, event, bad)))
    for outcome, objects in parts:
        yield AuditMessage(
            ts=event.end,
            event=codes.events.transferred,
            action="R",
            outcome=outcome,
            description="; ".join(filter(None, reasons)) if outcome else "",
            participants=peers(codes, event, event.calling_ae_title, event.called_ae_title, from_server=not by_client),
            objects=objects,
        )


def _moved(codes: Codes, event: DicomAssociation, good: list[ClassCount]) -> Iterator[tuple[AuditObject, ...]]:
    """The studies, one a message; the SOP classes where no study is known."""
    if not event.studies:
        yield _by_class(codes, event, good)
    for study in event.studies:
        yield (_study(codes, event, study, good[0].uid if len(good) == 1 else ""),)


def _study(codes: Codes, event: DicomAssociation, study: StudySeen, sop_class: str) -> AuditObject:
    return AuditObject(
        id=study.study,
        id_type=codes.objects.study,
        role=REPORT,
        name=study.modality or "study",
        details=(("Connection", event.uid),),
        classes=(ClassCount(sop_class, study.objects),),
    )


def _by_class(codes: Codes, event: DicomAssociation, counts: list[ClassCount]) -> tuple[AuditObject, ...]:
    return tuple(
        AuditObject(
            id=count.uid,
            id_type=codes.objects.class_,
            role=REPORT,
            name="C-STORE",
            details=(("Connection", event.uid),),
            classes=(count,),
        )
        for count in counts[:MOST_OBJECTS]
    )


def hl7(codes: Codes, event: Hl7Session) -> list[AuditMessage]:
    """HL7 v2: who sent how many messages of which kind; whose they were about stays unread."""
    sent = next((one for one in event.traffic if one.by_client), None)
    names = ("", "")
    if sent is not None:
        names = (
            "|".join(filter(None, (sent.sending_application, sent.sending_facility))),
            "|".join(filter(None, (sent.receiving_application, sent.receiving_facility))),
        )
    kinds = [
        f"{one.message_type} {one.acknowledgement} x{one.messages}".replace("  ", " ")
        for one in event.traffic[:MOST_OBJECTS]
    ]
    return [_node(codes, event, *names, "; ".join(kinds))]


def _node(codes: Codes, event: Session, client: str, server: str, description: str) -> AuditMessage:
    source, destination = peers(codes, event, "", "")
    named = (
        Participant(user_id=client or source.user_id, requestor=True, role=source.role, address=source.address),
        Participant(user_id=server or destination.user_id, role=destination.role, address=destination.address),
    )
    return AuditMessage(
        ts=event.ts,
        event=codes.events.alert,
        types=(codes.types["node"],),
        action="E",
        description=description,
        participants=named,
        objects=(connection(codes, event),),
    )
