"""What is told of one HL7 connection: decisions (equal ones counted), and the session of what was let through."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from msgspec.structs import replace

from leadapron.guard.conversation import Surroundings
from leadapron.model.events import Endpoint, Event, GuardDecision
from leadapron.model.guard import Action, Decision, Operation, Peer
from leadapron.see.wire.dissector import Side
from leadapron.see.wire.hl7 import Hl7Dissector

MAX_KINDS: Final = 64
"""Different decisions counted before they are told."""


class Decisions:
    """The first refusal of a kind is told at once; what else is equal is counted and told at the end."""

    def __init__(self, surroundings: Surroundings) -> None:
        self._surroundings = surroundings
        self._started = now(surroundings)
        self._server = surroundings.server
        self._counted: dict[GuardDecision, GuardDecision] = {}
        """Without times, server and count → with times and count."""

    def add(self, peer: Peer, decision: Decision, operation: Operation | None = None, detail: str = "") -> None:
        """One answer of the judge, or of the guard itself."""
        event = self._event(peer, decision, operation, detail)
        at = now(self._surroundings)
        counted = self._counted.get(event)
        if counted is not None:
            self._counted[event] = replace(counted, end=at, count=counted.count + 1)
            return
        if len(self._counted) >= MAX_KINDS:
            self.finish()
        told = decision.action is not Action.ALLOW
        self._counted[event] = replace(event, ts=at, end=at, count=0 if told else 1)
        if told:
            self._record(replace(event, ts=at, end=at))

    def finish(self) -> None:
        """Tell what was counted."""
        counted, self._counted = self._counted, {}
        for event in counted.values():
            if event.count:
                self._record(event)

    def _record(self, event: GuardDecision) -> None:
        self._surroundings.record(replace(event, server=self._surroundings.server))

    def _event(self, peer: Peer, decision: Decision, operation: Operation | None, detail: str) -> GuardDecision:
        surroundings = self._surroundings
        return GuardDecision(
            ts=self._started,
            end=self._started,
            sensor=surroundings.sensor,
            packet=0,
            uid=surroundings.uid,
            client=surroundings.client,
            server=self._server,
            listener=peer.listener,
            policy=surroundings.policy_digest,
            action=decision.action,
            reason=decision.reason,
            enforced=not decision.shadow,
            rule=decision.rule.name if decision.rule else "",
            task=operation.task if operation else "",
            command=operation.command if operation else "",
            calling_ae_title=peer.calling,
            called_ae_title=peer.called,
            certificate=peer.certificate,
            user=peer.user,
            detail=detail,
            person=decision.person,
        )


class Witness:
    """Reads what was let through as a sensor behind the guard would, and tells the same session at the end.

    It is the conversation of the sensor's own dissector (see.wire.dissector).
    """

    def __init__(self, surroundings: Surroundings) -> None:
        self._surroundings = surroundings
        self.start = now(surroundings)
        self.packet = 0
        self._left = dict.fromkeys(Side, b"")
        self._skip = dict.fromkeys(Side, 0)
        self._dissector = Hl7Dissector(self)

    def see(self, side: Side, data: bytes) -> None:
        """Bytes that were passed on from `side`."""
        if self._skip[side] >= len(data):
            self._skip[side] -= len(data)
            return
        given = self._left[side] + data[self._skip[side] :]
        used = self._dissector.feed(side, given)
        self._skip[side] = max(0, used - len(given))
        self._left[side] = given[used:]

    def finish(self) -> None:
        """Tell the session, if there was a message."""
        self._dissector.close()

    @property
    def client(self) -> Endpoint:
        return self._surroundings.client

    @property
    def server(self) -> Endpoint:
        return self._surroundings.server

    @property
    def uid(self) -> str:
        return self._surroundings.uid

    @property
    def sensor(self) -> str:
        return self._surroundings.sensor

    def now(self) -> datetime:
        return now(self._surroundings)

    def current_packet(self) -> int:
        return 0

    def emit(self, event: Event) -> None:
        self._surroundings.record(event)

    def anomaly(self, name: str, detail: str = "") -> None:
        """What is let through is whole: only answers of the server are looser, and they are its own affair."""

    def swap_sides(self) -> None:
        """Who opened the connection is known."""

    def pseudonym(self, value: str) -> str:
        return self._surroundings.pseudonym(value)


def now(surroundings: Surroundings) -> datetime:
    """The time of day, aware."""
    return datetime.fromtimestamp(surroundings.clock().wall, UTC)
