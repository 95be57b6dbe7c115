"""A guarded HL7 v2 connection (MLLP): each message is judged by its MSH before a byte of it goes on.

A receiver acts on the end of a block, so that end waits for the last verdict. A message of ordinary length waits whole:
refused, it leaves no trace upstream and the connection goes on. A longer one is passed on as it comes; refused late,
its block is never finished and both connections are closed. Only MSH is read, and MSA of answers.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from leadapron.guard.conversation import Conversation, Ending, Surroundings
from leadapron.guard.hl7.answers import refuse
from leadapron.guard.hl7.blocks import END, START, Blocks, Mark
from leadapron.guard.hl7.content import Part
from leadapron.guard.hl7.header import Header, UnreadableError, read_header
from leadapron.guard.hl7.message import HELD, Message
from leadapron.guard.hl7.records import Decisions, Witness
from leadapron.guard.inspect.rules import ContentRules
from leadapron.model.guard import Action, Decision, Operation, Reason, Task
from leadapron.see.wire.dissector import Side
from leadapron.see.wire.hl7 import MAX_MESSAGE

TARPIT: Final = 20.0
"""Seconds."""
MAX_OWED: Final = 64
"""Messages without an answer that are remembered, to keep the order of answers."""


class _RefusedError(Exception):
    """The block goes no further."""

    def __init__(self, decision: Decision) -> None:
        super().__init__(decision.reason)
        self.decision = decision


class Hl7Conversation(Conversation):
    """`rules` inspect what a message holds; None: no inspection."""

    def __init__(self, surroundings: Surroundings, rules: ContentRules | None = None) -> None:
        super().__init__(surroundings)
        self._rules = rules
        self._client, self._server = Blocks(), Blocks()
        self._message = Message()
        self._owed: deque[Header | bytes] = deque()
        """In the order of messages: headers that the server has to answer, and answers of our own that wait behind."""
        self._peer = surroundings.peer
        self._admitted = False
        self._route: Sequence[str] = ()
        self._opened = False
        self._refused = 0
        self._rest = b""
        """What came behind a message that waits in the tarpit, and its answer."""
        self._late: bytes | None = None
        self._answered = 0
        """Bytes of the server's block that is being received."""
        self._half_closed = False
        self._held_most = min(HELD, surroundings.listener.limits.memory // 2)
        self._decisions = Decisions(surroundings)
        self._witness = Witness(surroundings)

    # ---------------------------------------------------------------- what the shell tells
    def receive(self, side: Side, data: bytes) -> None:
        if self.ending is not None:
            return
        if side is Side.SERVER:
            self._from_server(data)
        elif self._late is not None:
            self._rest += data
        else:
            self._from_client(data)
        for outlet in (self.to_client, self.to_server):
            if len(outlet) > 1:  # in one piece: some engines take what comes at once for all
                outlet[:] = [b"".join(outlet)]

    def closed(self, side: Side) -> None:
        message = self._message
        if message.decision is not None and message.refusal is None:
            self._decisions.add(self._peer, _broken(), message.operation, "hl7.no-end")
        if side is Side.CLIENT and not self._client.inside and self._late is None and self._owed:
            self._half_closed = True  # some senders close their half and wait for the answer
            return
        self.ending = Ending.CLOSE

    def unreachable(self) -> None:
        self._decisions.add(self._peer, Decision(action=Action.DENY, reason=Reason.UPSTREAM))
        if self._message.header is not None:
            self._owed.append(self._message.header)
        for entry in self._owed:
            self.to_client.append(self._answer(entry, Reason.UPSTREAM) if isinstance(entry, Header) else entry)
        self._owed.clear()
        self.to_server.clear()
        self.ending = Ending.CLOSE

    def resumed(self) -> None:
        self.wait = 0.0
        late, self._late = self._late, None
        rest, self._rest = self._rest, b""
        if late is not None and self.ending is None:
            self._say(late)
            self._from_client(rest)

    @property
    def busy(self) -> bool:
        return self._client.inside or self._server.inside or bool(self._owed) or self._late is not None

    @property
    def opened(self) -> bool:
        return self._opened

    def expire(self) -> None:
        message = self._message
        self._decisions.add(self._peer, Decision(action=Action.DENY, reason=Reason.LIMIT), detail="hl7.time")
        if message.header is not None:
            self._tell(self._answer(message.header, message.refusal or Reason.LIMIT))
        self.ending = Ending.CLOSE

    def finish(self) -> None:
        self._decisions.finish()
        self._witness.finish()

    # ---------------------------------------------------------------- from the client
    def _from_client(self, data: bytes) -> None:
        at = 0
        while self.ending is None and self._late is None:
            step = self._client.next(data, at)
            if step is None:
                return
            mark, start, at = step
            match mark:
                case Mark.START:
                    pass
                case Mark.CONTENT:
                    self._content(data[start:at])
                case Mark.END:
                    self._end()
                case Mark.BROKEN:
                    self._unreadable(UnreadableError("hl7.framing"))
        self._rest = data[at:] if self.ending is None else b""

    def _content(self, piece: bytes, *, last: bool = False) -> None:
        """The next bytes of the block, or (`last`) its last verdicts."""
        message = self._message
        if message.refusal is not None:
            message.size += len(piece)
            if message.size > MAX_MESSAGE:
                self._unreadable(UnreadableError("hl7.no-end"))
            return
        try:
            for part, content in message.content.feed(piece, last=last):
                if part is Part.HEADER:
                    self._settle(message)
                    self._judge(message, read_header(content))
                self._carry(message, content)
            if last:
                self._settle(message)
                self._weigh(message, message.scan_rest(self.surroundings.listener))
        except UnreadableError as error:
            self._unreadable(error)
        except _RefusedError as refused:
            self._stop(message, refused.decision)

    def _judge(self, message: Message, header: Header) -> None:
        """One message's header: who asks for what, and may it?"""
        judge = self.surroundings.judge
        self._opened = True
        self._know(header)
        message.header, message.size, message.sized = header, 0, False
        message.operation = Operation(task=Task.MESSAGE, command=header.message, message=header.message)
        if not self._admitted:
            self._take(judge.admit(self._peer))
            self._admitted = True
            self.dial = self._route = self._way()
        message.decision = judge.decide(self._peer, message.operation)
        self._take(message.decision, message.operation)
        if self._way() != self._route:
            self._take(Decision(action=Action.DENY, reason=Reason.CALLED_TITLE), message.operation, "hl7.route")
        if self._rules is not None:
            message.inspect(self._rules)

    def _know(self, header: Header) -> None:
        """The peer under the names of this message; the same object while they stay the same (judges look it up)."""
        if (self._peer.calling, self._peer.called) != (header.calling, header.called):
            self._peer = self.surroundings.peer = replace(
                self.surroundings.peer, calling=header.calling, called=header.called
            )

    def _way(self) -> Sequence[str]:
        """What is behind the guard for the receiver that is named. A connection leads to one place."""
        listener = self.surroundings.listener
        return listener.routes.get(self._peer.called, listener.upstream)

    def _take(self, decision: Decision, operation: Operation | None = None, detail: str = "") -> None:
        """Record it; what does not pass ends the block."""
        self._decisions.add(self._peer, decision, operation, detail)
        if not decision.passes:
            raise _RefusedError(decision)

    def _carry(self, message: Message, piece: bytes) -> None:
        """Bytes of an allowed message: bounded, inspected, held or passed on."""
        message.size += len(piece)
        rule = message.decision.rule if message.decision else None
        if rule is not None and rule.object_size and message.size > rule.object_size:
            self._settle(message)
        self._weigh(message, message.scan(piece, self.surroundings.listener))
        if message.passing:
            self._pass(piece)
        elif message.hold(piece) > self._held_most and message.decision is not None:
            message.passing = True
            self._pass(START + message.take())

    def _settle(self, message: Message) -> None:
        """The message is over, or longer than its rule allows: is it still allowed, with so many bytes?"""
        if message.decision is None or message.sized:
            return
        message.sized = True
        decision = self.surroundings.judge.passed(self._peer, message.decision, message.size)
        if decision is not message.decision:
            self._take(decision, message.operation)

    def _weigh(self, message: Message, found: tuple[Decision, str] | None) -> None:
        """What inspection says."""
        if found is not None:
            self._take(found[0], message.operation, found[1])

    def _end(self) -> None:
        """The block is whole: the last verdicts, then its end goes on."""
        message = self._message
        self._content(b"", last=True)
        self._message = Message()
        if self.ending is not None or message.header is None:
            return
        if message.refusal is not None:
            self._reject(message, message.header, message.refusal)
            return
        self._pass((b"" if message.passing else START) + message.take() + END)
        if message.header.awaits:
            self._owe(message.header)

    def _pass(self, data: bytes) -> None:
        self.to_server.append(data)
        self._witness.see(Side.CLIENT, data)

    # ---------------------------------------------------------------- refusals
    def _stop(self, message: Message, decision: Decision) -> None:
        """The block goes no further. Where part of it is gone already, neither does the connection."""
        message.refusal = decision.reason
        message.tarpit = decision.action is Action.TARPIT
        message.drop()
        if message.passing and message.header is not None:
            self._tell(self._answer(message.header, decision.reason))
            self.ending = Ending.CLOSE

    def _unreadable(self, error: UnreadableError) -> None:
        """What breaks the standard ends the connection; its sender is told if it said enough of itself."""
        message = self._message
        if error.header is not None:
            self._know(error.header)
        self._opened = True
        self._decisions.add(self._peer, _broken(), detail=error.name)
        if (message.header is None and error.header is None) or message.refusal is not None:
            self.ending = Ending.CLOSE
            return
        message.header = error.header or message.header
        self._stop(message, _broken())
        message.fatal = True

    def _reject(self, message: Message, header: Header, reason: Reason) -> None:
        """The refused block has been swallowed: answer."""
        answer = self._answer(header, reason)
        if message.fatal:
            self._tell(answer)
            self.ending = Ending.CLOSE
        elif message.tarpit:
            self.wait, self._late = TARPIT, answer
        else:
            self._say(answer)

    def _answer(self, header: Header, reason: Reason) -> bytes:
        self._refused += 1
        return refuse(header, reason, self.surroundings.clock().wall, self._refused)

    def _say(self, answer: bytes) -> None:
        """Our own answer, behind those that the server still owes."""
        if self._owed or self._server.inside:
            self._owe(answer)
        else:
            self.to_client.append(answer)

    def _tell(self, answer: bytes) -> None:
        """Our last words, unless they would land inside the server's."""
        if not self._server.inside:
            self.to_client.append(answer)

    def _owe(self, entry: Header | bytes) -> None:
        self._owed.append(entry)
        if len(self._owed) > MAX_OWED:
            self._owed.popleft()  # a server that never answers: the order is lost, our answers are not
            self._flush()

    def _flush(self) -> None:
        while self._owed and not self._server.inside:
            entry = self._owed[0]
            if isinstance(entry, Header):
                return
            self._owed.popleft()
            self.to_client.append(entry)

    # ---------------------------------------------------------------- from the server
    def _from_server(self, data: bytes) -> None:
        """Answers pass as they come, in whole blocks of bounded size."""
        at = 0
        while self.ending is None:
            step = self._server.next(data, at)
            if step is None:
                return
            mark, start, at = step
            match mark:
                case Mark.START:
                    self._answered = 0
                    self._back(START)
                case Mark.CONTENT:
                    self._answered += at - start
                    if self._answered > MAX_MESSAGE:
                        self._unanswerable("hl7.answer-length")
                        return
                    self._back(data[start:at])
                case Mark.END:
                    self._back(END)
                    if self._owed and isinstance(self._owed[0], Header):
                        self._owed.popleft()
                    self._flush()
                    if self._half_closed and not self._owed:
                        self.ending = Ending.CLOSE
                case Mark.BROKEN:
                    self._unanswerable("hl7.answer-framing")

    def _unanswerable(self, name: str) -> None:
        self._decisions.add(self._peer, _broken(), detail=name)
        self.ending = Ending.CLOSE

    def _back(self, data: bytes) -> None:
        self.to_client.append(data)
        self._witness.see(Side.SERVER, data)


def _broken() -> Decision:
    return Decision(action=Action.DENY, reason=Reason.PROTOCOL)
