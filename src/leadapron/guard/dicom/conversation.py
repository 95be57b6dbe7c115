"""One guarded DICOM connection (PS3.8): the association asked for, agreed, used and ended, under a policy."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import structs

from leadapron.guard.conversation import Bytes, Conversation, Ending, Surroundings
from leadapron.guard.dicom.exchange import MAX_UNANSWERED, TARPIT, Agreed, Exchange
from leadapron.guard.dicom.objects import Instruments
from leadapron.guard.dicom.phases import INVALID_VALUE, NOT_SPECIFIED, Breach, Phase, following
from leadapron.guard.dicom.proposal import Proposal, completed, narrowed, read_proposal, titles_fault
from leadapron.guard.dicom.records import Records
from leadapron.guard.dicom.stream import Stream, Verdict
from leadapron.guard.dicom.words import WRONG_VERSION, abort, reject, rejection
from leadapron.model.guard import Action, Decision, Reason
from leadapron.see.wire.dicom.pdu import FIXED_PART, HEADER, PduType, text
from leadapron.see.wire.dissector import Side


class DicomConversation(Conversation):
    """Both directions of one connection. `streams` split the bytes, an `Exchange` decides messages; here is what
    belongs to the association as such."""

    def __init__(self, surroundings: Surroundings, instruments: Instruments) -> None:
        super().__init__(surroundings)
        limits = surroundings.listener.limits
        most = min(limits.pdu, limits.memory // 4)
        self._most = most
        self._streams = (
            Stream(Side.CLIENT, self, self.to_server, most),
            Stream(Side.SERVER, self, self.to_client, most),
        )
        for stream in self._streams:
            stream.most_associate = min(limits.associate, limits.memory // 4)
        self._instruments = instruments
        self._records = Records(surroundings)
        self._phase = Phase.IDLE
        self._request: Proposal | None = None
        self._kept: dict[int, tuple[str, ...]] = {}
        """Proposed presentation contexts that went on, with their transfer syntaxes."""
        self._exchange: Exchange | None = None
        self._after_wait: list[Callable[[], object]] = []

    # ---------------------------------------------------------------- what the shell tells
    def receive(self, side: Side, data: bytes) -> None:
        if self.ending is None:
            try:
                self._streams[side].feed(data)
            except Breach as breach:
                self._broken(breach)

    def closed(self, side: Side) -> None:
        if self.ending is None:
            self._end(NOT_SPECIFIED, silent=side)

    def unreachable(self) -> None:
        if self.ending is None:
            self._records.decided(Decision(action=Action.DENY, reason=Reason.UPSTREAM))
            self._reject(rejection(Reason.UPSTREAM))

    def resumed(self) -> None:
        self.wait = 0.0
        waiting, self._after_wait = self._after_wait, []
        if self.ending is None:
            for say in waiting:
                say()

    def expire(self) -> None:
        if self.ending is None:
            self._records.decided(Decision(action=Action.DENY, reason=Reason.LIMIT), detail="dicom.time")
            self._end(NOT_SPECIFIED)

    def finish(self) -> None:
        if self._exchange is not None:
            self._exchange.finish()
            self._exchange = None
        self._records.finish()
        for stream in self._streams:
            stream.leave()

    # ---------------------------------------------------------------- what the shell asks
    @property
    def busy(self) -> bool:
        client, server = self._streams
        return client.busy or server.busy

    @property
    def opened(self) -> bool:
        return self._phase is not Phase.IDLE

    @property
    def pending(self) -> int:
        """Requests that were not answered yet: draining may wait for them too."""
        return self._exchange.pending if self._exchange is not None else 0

    @property
    def held(self) -> int:
        """Bytes kept here, outlets aside."""
        return self._streams[0].held + self._streams[1].held

    # ---------------------------------------------------------------- what the streams ask
    @property
    def over(self) -> bool:
        return self.ending is not None or (self.wait > 0 and self._phase is Phase.OVER)

    def legal(self, side: Side, kind: int) -> None:
        following(self._phase, side, kind)

    def command(self, stream: Stream, data: bytes) -> Verdict:
        if self._exchange is None:
            raise Breach("dicom.pdu-order")
        return self._exchange.command(stream, data)

    def control(self, stream: Stream, pdu: bytes) -> list[Bytes] | None:
        """A whole PDU of association control."""
        kind = pdu[0]
        phase = following(self._phase, stream.side, kind)
        association, body = self._records.association, pdu[HEADER:]
        frames: list[Bytes] | None = None
        if kind == PduType.ASSOCIATE_RQ:
            frames = self._requested(pdu)
            phase = self._phase if self.over else phase
        elif kind == PduType.ASSOCIATE_AC:
            frames = self._answered(pdu)
        elif kind == PduType.ASSOCIATE_RJ:
            association.rejected(body)
        elif kind == PduType.ABORT:
            association.aborted(body)
        elif kind == PduType.RELEASE_RQ:
            stream.releases = True
        elif kind == PduType.RELEASE_RP and phase is Phase.OVER:
            association.released()
        self._phase = phase
        if phase is Phase.OVER and not self.wait:
            self.ending = Ending.CLOSE
        return frames

    # ---------------------------------------------------------------- A-ASSOCIATE
    def _requested(self, pdu: bytes) -> list[Bytes] | None:
        """A-ASSOCIATE-RQ: admit the peer, and see which of its presentation contexts may go on."""
        surroundings, records, body = self.surroundings, self._records, pdu[HEADER:]
        proposal = read_proposal(body[FIXED_PART:])
        records.association.requested(body, proposal.items)
        if proposal.faults or titles_fault(body):
            raise Breach(proposal.faults[0] if proposal.faults else "dicom.title", INVALID_VALUE)
        if not body[1] & 1:
            records.decided(Decision(action=Action.DENY, reason=Reason.PROTOCOL), detail="dicom.version")
            return self._reject(WRONG_VERSION)
        peer = records.peer = structs.replace(
            records.peer,
            called=text(body[4:20]),
            calling=text(body[20:36]),
            user=proposal.user or records.peer.user,
            user_kind=proposal.user_kind or records.peer.user_kind,
        )
        surroundings.peer = peer
        decision = surroundings.judge.admit(peer)
        records.decided(decision)
        if not decision.passes:
            return self._refused(decision)
        asked = {context.id: context for context in proposal.items.contexts}
        offer = surroundings.judge.offer
        for context in asked.values():
            if syntaxes := offer(peer, context.abstract_syntax, context.transfer_syntaxes):
                self._kept[context.id] = syntaxes
        if not self._kept:
            records.decided(Decision(action=Action.DENY, reason=Reason.NO_CONTEXT, rule=decision.rule))
            return self._reject(rejection(Reason.NO_CONTEXT))
        self._request = proposal
        listener = surroundings.listener
        self.dial = listener.routes.get(peer.called, listener.upstream)
        if all(self._kept.get(context.id) == context.transfer_syntaxes for context in asked.values()):
            return None
        return [narrowed(pdu, proposal, self._kept)]

    def _refused(self, decision: Decision) -> list[Bytes]:
        answer = rejection(decision.reason)
        if decision.action is not Action.TARPIT:
            return self._reject(answer)
        self._phase = Phase.OVER
        self._delayed(lambda: self._reject(answer))
        return []

    def _reject(self, answer: tuple[int, int, int]) -> list[Bytes]:
        """A-ASSOCIATE-RJ instead of asking the server, and the end."""
        pdu = reject(*answer)
        self.to_client.append(pdu)
        self._records.association.rejected(pdu[HEADER:])
        self._phase, self.ending = Phase.OVER, Ending.CLOSE
        return []

    def _answered(self, pdu: bytes) -> list[Bytes] | None:
        """A-ASSOCIATE-AC: what was agreed must have been asked for."""
        request, kept = self._request, self._kept
        body = pdu[HEADER:]
        answer = read_proposal(body[FIXED_PART:])
        if request is None or answer.faults:
            raise Breach(answer.faults[0] if answer.faults else "dicom.pdu-order", INVALID_VALUE)
        asked = {context.id: context.abstract_syntax for context in request.items.contexts}
        contexts: dict[int, tuple[str, str]] = {}
        for context in answer.items.contexts:
            syntax = context.transfer_syntaxes[0] if context.transfer_syntaxes else ""
            if context.id not in kept or (context.result == 0 and syntax not in kept[context.id]):
                raise Breach("dicom.context", INVALID_VALUE)
            if context.result == 0:
                contexts[context.id] = (asked[context.id], syntax)
        removed = asked.keys() - kept.keys()
        if removed:
            pdu = completed(pdu, answer, request, removed)
            body = pdu[HEADER:]
        self._records.association.answered(body, read_proposal(body[FIXED_PART:]).items if removed else answer.items)
        self._agree(contexts, request, answer)
        return [pdu] if removed else None

    def _agree(self, contexts: dict[int, tuple[str, str]], request: Proposal, answer: Proposal) -> None:
        client, server = self._streams
        client.most = min(self._most, answer.items.max_pdu or self._most)
        server.most = min(self._most, request.items.max_pdu or self._most)
        agreed = Agreed(
            contexts=contexts,
            window=answer.items.async_operations or MAX_UNANSWERED,
            most_to_server=answer.items.max_pdu,
        )
        self._exchange = Exchange(
            self.surroundings,
            self._records,
            self._instruments,
            agreed,
            self._streams,
            lambda pdu: self._delayed(lambda: server.inject(pdu)),
        )

    # ---------------------------------------------------------------- the end
    def _delayed(self, say: Callable[[], object]) -> None:
        """Let the peer wait before it is answered."""
        self.wait = TARPIT
        self._after_wait.append(say)

    def _broken(self, breach: Breach) -> None:
        """A peer broke the standard, or something must not be completed: end both sides in words."""
        decision = breach.decision or Decision(action=Action.DENY, reason=breach.reason)
        self._records.decided(decision, breach.operation, breach.detail, breach.evidence)
        if self._phase is Phase.IDLE:
            self.to_client.append(abort(breach.abort))
            self._records.association.aborted(abort(breach.abort)[HEADER:])
        self._end(breach.abort)

    def _end(self, reason: int, silent: Side | None = None) -> None:
        """A-ABORT both ways, but not to a side that is gone, was never asked, or waits for the rest of a PDU."""
        pdu = abort(reason)
        client, server = self._streams
        if silent is not Side.CLIENT and not server.broken_off and self._phase is not Phase.IDLE:
            self.to_client.append(pdu)
        if silent is not Side.SERVER and not client.broken_off and self._phase not in (Phase.IDLE, Phase.OVER):
            self.to_server.append(pdu)
        if self._phase not in (Phase.IDLE, Phase.OVER):
            self._records.association.aborted(pdu[HEADER:])
        self._phase, self.ending = Phase.OVER, Ending.CLOSE
