"""Events as the guard records them, for tests; no patient."""

from datetime import UTC, datetime, timedelta
from typing import Any

from leadapron.model.events import (
    DicomAssociation,
    DicomOperation,
    DicomOutcome,
    Endpoint,
    GuardDecision,
    GuardNotice,
    Hl7Session,
    Hl7Traffic,
    Implementation,
    PresentationContext,
    StudySeen,
)

WHEN = datetime(2026, 11, 24, 8, 30, 0, 250_000, tzinfo=UTC)
CT_STORAGE = "1.2.840.10008.5.1.4.1.1.2"
STUDY_FIND = "1.2.840.10008.5.1.4.1.2.2.1"
STUDY_MOVE = "1.2.840.10008.5.1.4.1.2.2.2"
VERIFICATION = "1.2.840.10008.1.1"

SESSION: dict[str, Any] = {
    "ts": WHEN,
    "sensor": "guard:north",
    "packet": 0,
    "uid": "Cx1",
    "client": Endpoint(ip="10.1.2.3", port=50000),
    "server": Endpoint(ip="10.9.9.9", port=11112),
    "end": WHEN + timedelta(seconds=2),
}


def operation(command: str, sop_class: str, count: int = 1, *, client: bool = True, **statuses: int) -> DicomOperation:
    told = {key.removeprefix("s"): value for key, value in statuses.items()} or {"0x0000": count}
    return DicomOperation(command, sop_class, client, count, told)


def association(*operations: DicomOperation, **more: Any) -> DicomAssociation:
    settings: dict[str, Any] = {
        "calling_ae_title": "CT1",
        "called_ae_title": "PACS",
        "outcome": DicomOutcome.RELEASED,
        "accepted": True,
        "requestor": Implementation(),
        "acceptor": Implementation(),
        "operations": operations,
    }
    return DicomAssociation(**(SESSION | settings | more))


def decision(**more: Any) -> GuardDecision:
    settings: dict[str, Any] = {
        "listener": "pacs",
        "policy": "sha256:12ab",
        "action": "deny",
        "reason": "calling-title",
        "enforced": True,
        "calling_ae_title": "EVIL",
        "called_ae_title": "PACS",
    }
    return GuardDecision(**(SESSION | settings | more))


def notice(name: str, **more: Any) -> GuardNotice:
    return GuardNotice(ts=WHEN, sensor="guard:north", packet=0, name=name, **more)


def request(task: str, command: str, **more: Any) -> GuardDecision:
    """One that DICOMweb was let through with."""
    settings: dict[str, Any] = {"calling_ae_title": "", "called_ae_title": "", "action": "allow", "reason": "rule"}
    return decision(**(settings | {"task": task, "command": command} | more))


def hl7() -> Hl7Session:
    sent = Hl7Traffic(True, "ORM^O01", "RIS", "HOSPITAL", "PACS", "RADIOLOGY", "2.5", 3)
    return Hl7Session(**SESSION, traffic=(sent,), messages=3)


ECHO = association(operation("C-ECHO", VERIFICATION))
STORE = association(
    operation("C-STORE", CT_STORAGE, 200),
    studies=(StudySeen("5f1d3c9a", "CT", 200),),
    objects=200,
)
FIND = association(
    operation("C-FIND", STUDY_FIND, 2),
    contexts=(PresentationContext(STUDY_FIND, ("1.2.840.10008.1.2",), "1.2.840.10008.1.2", 0),),
    find_matches=14,
)
MOVE = association(operation("C-MOVE", STUDY_MOVE), move_destinations=("VIEWER",))

EVERY = (
    ECHO,
    STORE,
    FIND,
    MOVE,
    association(operation("C-STORE", CT_STORAGE, 3, s0x0000=1, s0xA700=2)),
    association(outcome=DicomOutcome.REJECTED, accepted=False, reject_reason="1.1.3"),
    decision(),
    decision(reason="identity", task="", user="dupont"),
    decision(reason="content", action="hold", task="store", detail="eicar", evidence="2026/x.bin", rule="ct"),
    decision(reason="rate", enforced=False, count=12),
    decision(reason="break-glass", action="allow", person="Dr A. Martin"),
    notice("guard.started"),
    notice("guard.stopped"),
    notice("policy.loaded", detail="sha256:12ab"),
    notice("break-glass.opened", person="Dr A. Martin", until="2026-11-24T09:00:00Z", alarm=True),
    notice("audit.full", alarm=True, detail="100 of 100 bytes are taken"),
    request("find", "GET /studies", count=4, user="dupont"),
    request("get", "GET /studies/{uid}"),
    request("store", "POST /studies", sop_class=CT_STORAGE, count=3),
    request("delete", "DELETE /studies/{uid}"),
    request("echo", "OPTIONS /"),
    hl7(),
)
