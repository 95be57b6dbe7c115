"""Plans for tests."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from leadapron.assess import assess
from leadapron.assess.plan import load_actions, plan
from leadapron.model.events import ProcedureAnswer
from leadapron.model.findings import Confidence, Finding, Harm, Severity, Subject, SubjectType
from leadapron.model.picture import Picture
from leadapron.model.plan import Acceptance, Decided, Plan, PlannedAction
from leadapron.model.procedures import AnswerState, Area, Basis, Question, QuestionState, Who
from leadapron.rules.samples import picture_of
from tests.assess.builders import rules

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
ACTIONS = load_actions()

PACS_AND_PEERS: dict[str, Any] = {
    "assets": [
        {"id": "pacs", "roles": ["pacs"], "zone": "z2"},
        *({"id": f"ct{number}", "roles": ["modality"], "zone": "z1"} for number in range(14)),
    ],
    "flows": [
        {"client": f"ct{number}", "server": "pacs", "service": "dicom", "port": 104, "operations": {"C-STORE-RQ": 1},
         "objects": 1, "associations": 1, "accepted": 1}
        for number in range(14)
    ],
}  # fmt: skip
"""An archive to which fourteen scanners send in clear."""


def judged(sample: dict[str, Any], *names: str) -> tuple[Picture, tuple[Finding, ...]]:
    """A sample's picture, and the findings of the named rules on it."""
    picture = picture_of(sample)
    return picture, assess(picture, rules(*names), now=NOW)


def planned(sample: dict[str, Any], *names: str, **more: Any) -> Plan:
    """The plan of a sample for the findings of the named rules."""
    picture, findings = judged(sample, *names)
    return plan(picture, findings, ACTIONS, now=NOW, **more)


def finding(rule: str, asset: str = "ct", **more: Any) -> Finding:
    """A finding on a device."""
    given: dict[str, Any] = {
        "rule": rule,
        "subject": Subject(type=SubjectType.ASSET, id=asset, label=asset.upper()),
        "severity": Severity.MEDIUM,
        "harm": (Harm.AVAILABILITY,),
        "confidence": Confidence.SEEN,
        "params": {},
        "reasons": (),
        "evidence": (),
    }
    return Finding(**given | more)


def of(plan_: Plan, action: str) -> list[PlannedAction]:
    """Its actions of that name."""
    return [one for one in plan_.actions if one.action == action]


def accepted(*covers: str, days: int = 30, **more: Any) -> Decided:
    """One acceptance that holds for some days."""
    given: dict[str, Any] = {
        "id": 1, "target": covers[0], "covers": covers, "name": "Ada Byron", "reason": "replaced in spring",
        "expires": NOW.date() + timedelta(days=days), "at": NOW - timedelta(days=60),
    }  # fmt: skip
    return Decided(acceptances=(Acceptance(**given | more),))


def state(name: str, answer: AnswerState, *, against: tuple[str, ...] = (), **more: Any) -> QuestionState:
    """How a question stands; `against` are findings that contradict it."""
    given: dict[str, Any] = {
        "id": name, "number": 1, "area": Area.BACKUP, "who": Who.IT, "valid_days": 365, "weight": 3, "hours": 8.0,
        "controls": {}, "texts": {},
    }  # fmt: skip
    basis = Basis(
        message="against.net-flat", params={}, answer=ProcedureAnswer.NO, sure=Confidence.SEEN, findings=against
    )
    return QuestionState(
        question=Question(**given | more), state=answer, against=(basis,) if answer is AnswerState.CONTRADICTED else ()
    )


def day(text: str) -> date:
    """An ISO date."""
    return date.fromisoformat(text)
