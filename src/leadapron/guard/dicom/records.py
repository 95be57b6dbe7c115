"""What is told of one association: decisions (equal ones counted), objects passed, and the association itself."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from leadapron.guard.conversation import Surroundings
from leadapron.guard.inspect import Inspector
from leadapron.model.events import Endpoint
from leadapron.model.events.guard import GuardDecision, ObjectPassed
from leadapron.model.guard import Action, Decision, Operation, Peer
from leadapron.see.wire.dicom.association import Association
from leadapron.see.wire.dicom.dataset import DEFLATED, Head, HeadReader

MAX_TOLD = 64
"""Refusals of one connection that are told at once and each for itself; further equal ones are counted."""
MAX_COUNTED = 1024
"""Different decisions of one connection that are counted; more are told at once."""


EXPLICIT_LITTLE = "1.2.840.10008.1.2.1"


class _Counted(Struct):
    """Equal decisions."""

    decision: Decision
    operation: Operation | None
    detail: str
    wall: float
    """UNIX seconds of the first."""
    server: Endpoint
    number: int = 0


class Heads:
    """Who made the objects of an association. Those of one series have one maker: it is read once."""

    def __init__(self) -> None:
        self._series = ("", "")
        self._head = Head()

    def of(self, inspector: Inspector, transfer_syntax: str) -> Head:
        """Of an object that has been looked at."""
        series = inspector.study, inspector.series
        if series != self._series or not all(series):
            reader = HeadReader(EXPLICIT_LITTLE if transfer_syntax == DEFLATED else transfer_syntax)
            reader.feed(inspector.beginning or b"")
            self._series, self._head = series, reader.head
        return self._head


class Records:
    """Turns what happens into events. `peer` grows as more is known."""

    def __init__(self, surroundings: Surroundings) -> None:
        self.peer: Peer = surroundings.peer
        self.association = Association(surroundings.pseudonym, self._time(surroundings), 0)
        self.heads = Heads()
        self._surroundings = surroundings
        self._told = 0
        self._counted: dict[tuple[object, ...], _Counted] = {}

    # ---------------------------------------------------------------- where and when (Association.event asks)
    @property
    def sensor(self) -> str:
        return self._surroundings.sensor

    @property
    def uid(self) -> str:
        return self._surroundings.uid

    @property
    def client(self) -> Endpoint:
        return self._surroundings.client

    @property
    def server(self) -> Endpoint:
        return self._surroundings.server

    def now(self) -> datetime:
        """The time, aware."""
        return self._time(self._surroundings)

    @staticmethod
    def _time(surroundings: Surroundings) -> datetime:
        return datetime.fromtimestamp(surroundings.clock().wall, UTC)

    # ---------------------------------------------------------------- decisions
    def decided(
        self, decision: Decision, operation: Operation | None = None, detail: str = "", evidence: str = ""
    ) -> None:
        """Tell a refusal at once, count what was allowed."""
        if evidence or (decision.action is not Action.ALLOW and self._told < MAX_TOLD):
            self._told += 1
            self._tell(self._first(decision, operation, detail), self.now(), evidence)
            return
        what = (operation.task, operation.command, operation.sop_class, operation.destination) if operation else None
        rule = decision.rule.name if decision.rule else ""
        key = (what, rule, decision.action, decision.reason, decision.shadow, decision.person, detail)
        counted = self._counted.get(key)
        if counted is not None:
            counted.number += 1
        elif len(self._counted) < MAX_COUNTED:
            self._counted[key] = self._first(decision, operation, detail)
        else:
            self._tell(self._first(decision, operation, detail), self.now())

    def _first(self, decision: Decision, operation: Operation | None, detail: str) -> _Counted:
        return _Counted(decision, operation, detail, self._surroundings.clock().wall, self.server, 1)

    def _tell(self, told: _Counted, end: datetime, evidence: str = "") -> None:
        decision, peer, surroundings = told.decision, self.peer, self._surroundings
        asked: dict[str, Any] = {}
        if operation := told.operation:
            asked = {
                "task": operation.task,
                "command": operation.command,
                "sop_class": operation.sop_class,
                "destination": operation.destination,
            }
        surroundings.record(
            GuardDecision(
                ts=datetime.fromtimestamp(told.wall, UTC),
                sensor=surroundings.sensor,
                packet=0,
                uid=surroundings.uid,
                client=surroundings.client,
                server=told.server,
                end=end,
                listener=surroundings.listener.name,
                policy=surroundings.policy_digest,
                action=decision.action,
                reason=decision.reason,
                enforced=not decision.shadow,
                rule=decision.rule.name if decision.rule else "",
                calling_ae_title=peer.calling,
                called_ae_title=peer.called,
                certificate=peer.certificate,
                user=peer.user,
                detail=told.detail,
                evidence=evidence,
                person=decision.person,
                count=told.number,
                **asked,
            )
        )

    # ---------------------------------------------------------------- objects
    def passed(self, entry: LedgerEntry, status: int) -> None:
        """An object went by, and was answered with that status (-1: not at all)."""
        surroundings = self._surroundings
        surroundings.record(
            ObjectPassed(
                ts=entry.ts,
                sensor=surroundings.sensor,
                packet=0,
                uid=surroundings.uid,
                client=surroundings.client,
                server=self.server,
                end=self.now(),
                listener=surroundings.listener.name,
                instance=entry.instance,
                study=entry.study,
                sop_class=entry.sop_class,
                transfer_syntax=entry.transfer_syntax,
                size=entry.size,
                pixel_digest=entry.pixel_digest,
                dataset_digest=entry.dataset_digest,
                calling_ae_title=self.peer.calling,
                called_ae_title=self.peer.called,
                status=status,
                altered=entry.altered,
            )
        )

    # ---------------------------------------------------------------- the end
    def finish(self) -> None:
        """Tell what was counted, and the association."""
        if self._counted:
            end = self.now()
            for counted in self._counted.values():
                self._tell(counted, end)
            self._counted.clear()
        if self.association.begun:
            event = self.association.event(self)
            if self._surroundings.listener.tls is not None:
                event = replace(event, tls=True)
            self._surroundings.record(event)
            self.association.begun = False


class LedgerEntry(Struct, frozen=True, kw_only=True):
    """One object that was passed on, until its answer comes. Identifiers are hashed already."""

    ts: datetime
    instance: str
    study: str
    sop_class: str
    transfer_syntax: str
    size: int
    pixel_digest: str
    dataset_digest: str
    altered: bool
