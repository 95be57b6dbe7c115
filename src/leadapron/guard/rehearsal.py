"""Past traffic through the guard: the very conversations that guard live connections, driven by a capture.

Every answer is recorded and none is carried out, so what was said in reply on the day still fits. Give `protocols` to
the capture engine; the `Rehearsal` adds up what would have been refused.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import tzinfo

from msgspec.structs import replace

from leadapron.guard.conversation import Conversation as Guarded
from leadapron.guard.conversation import Surroundings
from leadapron.guard.policy import Book, judge
from leadapron.model.events import DicomAssociation, Endpoint, Event, GuardDecision
from leadapron.model.guard import (
    Action,
    Answer,
    Answered,
    Decision,
    Judge,
    Listener,
    Moment,
    Operation,
    Peer,
    Policy,
    Replay,
    Speech,
)
from leadapron.see.wire.dicom import DicomDissector
from leadapron.see.wire.dissector import STOP, Conversation, Dissector, Match, Side
from leadapron.see.wire.hl7 import Hl7Dissector

Opening = Callable[[Surroundings], Guarded]
"""Makes a guarded conversation."""
MAX_ROWS = 10_000
"""Different answers that are told apart; the rest is counted."""
_NO_KEY = bytes(32)


class Rehearsal:
    """Adds up the answers of one policy to one capture."""

    def __init__(self, policy: Policy, zone: tzinfo) -> None:
        self._policy = policy
        self._book = Book()
        self._zone = zone
        self._shadows = {rule.name for rule in policy.rules if rule.shadow}
        self._rows: dict[Answer, Answered] = {}
        self._refused: dict[str, list[Answered]] = {}
        """Connection → rows of what was refused on it, until its end tells its studies."""
        self.connections = 0
        """Guarded ones."""
        self.refused = 0
        """Of them, those in which something would have been refused."""
        self.unguarded: Counter[str] = Counter()
        """Server with DICOM or HL7 that no listener stands before → connections."""
        self.unread = 0
        """Connections of which bytes are missing in the capture: judged up to there."""
        self.untold = 0
        """Answers beyond `MAX_ROWS`."""

    @property
    def result(self) -> Replay:
        """All that was added up."""
        rows = sorted(self._rows.values(), key=lambda row: (not row.answer.refuses, -row.count, row.first))
        return Replay(
            policy=self._policy.name,
            digest=self._policy.digest,
            connections=self.connections,
            refused=self.refused,
            unguarded=dict(self.unguarded),
            unread=self.unread,
            untold=self.untold,
            rows=tuple(rows),
        )

    def protocols(self, dicom: Opening, hl7: Opening) -> tuple[type[Dissector], ...]:
        """The dissectors that the capture engine needs."""
        rehearsal = self

        class Dicom(_Guarded, DicomDissector):
            opening = staticmethod(dicom)
            speaks = Speech.DICOM
            owner = rehearsal

        class Hl7(_Guarded, Hl7Dissector):
            opening = staticmethod(hl7)
            speaks = Speech.HL7
            owner = rehearsal

        return Dicom, Hl7

    def listener(self, speaks: Speech, server: Endpoint) -> Listener | None:
        """The listener that stands, or would stand, before a server."""
        address = f"[{server.ip}]:{server.port}" if ":" in server.ip else f"{server.ip}:{server.port}"
        for listener in self._policy.listeners:
            behind = (*listener.upstream, *(one for route in listener.routes.values() for one in route))
            if listener.speaks is speaks and address in (*behind, listener.listen):
                return replace(listener, ledger=False)
        self.unguarded[address] += 1
        return None

    def judge(self, listener: Listener, clock: Callable[[], Moment]) -> Judge:
        """The policy's own judge, whose answers are recorded and not carried out."""
        return _Shadow(judge(self._policy, listener, self._book, clock, self._zone))

    def take(self, event: Event) -> None:
        """What a guarded conversation recorded."""
        if isinstance(event, GuardDecision):
            self._decided(event)
        elif isinstance(event, DicomAssociation):
            for row in self._refused.pop(event.uid, ()):
                row.studies += len(event.studies)

    def over(self, uid: str) -> None:
        """A connection ended."""
        self._refused.pop(uid, None)

    def _decided(self, event: GuardDecision) -> None:
        answer = Answer(
            listener=event.listener,
            client=event.client.ip,
            calling=event.calling_ae_title,
            called=event.called_ae_title,
            task=event.task,
            command=event.command,
            sop_class=event.sop_class,
            destination=event.destination,
            action=event.action,
            reason=event.reason,
            rule=event.rule,
            detail=event.detail,
            shadow=event.rule in self._shadows,
        )
        row = self._rows.get(answer)
        if row is None:
            if len(self._rows) >= MAX_ROWS:
                self.untold += event.count
                return
            row = self._rows[answer] = Answered(answer=answer, count=0, first=event.ts, connection=event.uid)
        row.count += event.count
        if answer.refuses:
            rows = self._refused.get(event.uid)
            if rows is None:
                rows = self._refused[event.uid] = []
                self.refused += 1
            if row not in rows:
                rows.append(row)


class _Shadow:
    """A judge whose every answer passes."""

    def __init__(self, judge: Judge) -> None:
        self._judge = judge

    def admit(self, peer: Peer) -> Decision:
        return _recorded(self._judge.admit(peer))

    def offer(self, peer: Peer, abstract_syntax: str, transfer_syntaxes: tuple[str, ...]) -> tuple[str, ...]:
        """A context that would be refused matters only where it is used, and then the operation is judged."""
        return transfer_syntaxes

    def decide(self, peer: Peer, operation: Operation) -> Decision:
        return _recorded(self._judge.decide(peer, operation))

    def passed(self, peer: Peer, decision: Decision, amount: int) -> Decision:
        return _recorded(self._judge.passed(peer, decision, amount))


def _recorded(decision: Decision) -> Decision:
    return decision if decision.action is Action.ALLOW else replace(decision, shadow=True)


class _Guarded(Dissector):
    """A dissector's place in the engine, with a guarded conversation in it."""

    opening: Callable[[Surroundings], Guarded]
    speaks: Speech
    owner: Rehearsal

    def __init__(self, conversation: Conversation) -> None:
        Dissector.__init__(self, conversation)
        self._guarded: Guarded | None = None
        listener = self.owner.listener(self.speaks, conversation.server)
        if listener is not None:
            self.owner.connections += 1
            self._guarded = self.opening(self._surroundings(conversation, listener))

    @classmethod
    def recognise_midstream(cls, side: Side, head: bytes) -> Match:
        """Whoever saw no opening cannot judge."""
        return Match.NO

    def feed(self, side: Side, data: bytes) -> int:
        guarded = self._guarded
        if guarded is None or guarded.ending is not None:
            return STOP
        guarded.receive(side, data)
        if guarded.dial:
            guarded.dial = ()
            guarded.connected(self.conversation.server)
        guarded.to_client.clear()
        guarded.to_server.clear()
        return len(data)

    def gap(self, side: Side, size: int) -> int:
        if self._guarded is not None:
            self.owner.unread += 1
            self._end()
        return STOP

    def close(self) -> None:
        self._end()

    def _end(self) -> None:
        guarded, self._guarded = self._guarded, None
        if guarded is not None:
            guarded.finish()
            self.owner.over(self.conversation.uid)

    def _surroundings(self, conversation: Conversation, listener: Listener) -> Surroundings:
        def clock() -> Moment:
            now = conversation.now().timestamp()
            return Moment(wall=now, steady=now)

        return Surroundings(
            peer=Peer(address=conversation.client.ip, listener=listener.name),
            client=conversation.client,
            server=conversation.server,
            uid=conversation.uid,
            sensor=conversation.sensor,
            listener=listener,
            judge=self.owner.judge(listener, clock),
            clock=clock,
            record=self.owner.take,
            pseudonym=conversation.pseudonym,
            digest_key=_NO_KEY,
        )
