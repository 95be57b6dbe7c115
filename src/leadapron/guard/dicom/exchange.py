"""DIMSE between two sides (PS3.7): each request is decided before it goes on, each response belongs to one."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from msgspec import Struct, structs

from leadapron.guard.conversation import Surroundings
from leadapron.guard.dicom.identifier import MAX_IDENTIFIER, UNREADABLE, Question, read_identifier
from leadapron.guard.dicom.objects import Case, Instruments, Request
from leadapron.guard.dicom.passages import ObjectPassage, QuarantinePassage, RewritingPassage
from leadapron.guard.dicom.phases import UNEXPECTED_PARAMETER, Breach
from leadapron.guard.dicom.records import Records
from leadapron.guard.dicom.services import belongs
from leadapron.guard.dicom.stream import Passage, Stream, Verdict
from leadapron.guard.dicom.words import (
    INVALID_INSTANCE,
    NO_SUCH_SOP_CLASS,
    NOT_AUTHORISED,
    OUT_OF_RESOURCES,
    answer,
    cancel,
    status,
)
from leadapron.guard.policy import task_of
from leadapron.model.guard import Action, Decision, Operation, Reason, Task
from leadapron.see.wire.dicom.dataset import is_wide_query
from leadapron.see.wire.dicom.dimse import PENDING, Command, Element, strict_command
from leadapron.see.wire.dissector import Side

MAX_UNANSWERED = 128
"""Requests under way of one side, where no smaller window was agreed (PS3.7 D.3.3.3)."""
MAX_RELAYED = 64 << 20
"""Bytes of a data set that is not looked at: of a response, or an identifier too long to be read."""
TARPIT = 20.0
"""Seconds that a peer waits for the refusal of what a rule lets it wait for."""

_BROKEN = Decision(action=Action.DENY, reason=Reason.PROTOCOL)
_WITH_DATA_SET = frozenset({"C-STORE", "C-FIND", "C-MOVE", "C-GET"})
_WITHOUT_DATA_SET = frozenset({"C-ECHO", "C-CANCEL", "N-GET", "N-DELETE"})
_IDENTIFYING = frozenset({"C-FIND", "C-MOVE", "C-GET"})
"""Their data set names what is asked for; they are answered in many responses, and may be cancelled."""
_ALTERNATIVES = ((Element.AFFECTED_CLASS, Element.REQUESTED_CLASS),
                 (Element.AFFECTED_INSTANCE, Element.REQUESTED_INSTANCE),
                 (Element.MESSAGE_ID, Element.ANSWERED_ID))  # fmt: skip
"""Of each pair a request has one: two readers could each take another."""
_UIDS = (Element.AFFECTED_CLASS, Element.REQUESTED_CLASS, Element.AFFECTED_INSTANCE, Element.REQUESTED_INSTANCE)
_UID = re.compile(rb"[0-9.]{1,64}[\0 ]?")
MAX_UID = 65
"""Bytes of a UID in a response, padding included (PS3.5 §9.1): what is longer may be meant for the reader's buffer."""
_TITLE = re.compile(rb"[\x20-\x5b\x5d-\x7e]{1,16}\0?")


class Relay(Passage):
    """A data set that goes on, whatever it holds, unless it is longer than any sound one: an old console may read an
    answer into memory."""

    def __init__(self) -> None:
        self._left = MAX_RELAYED

    def expect(self, size: int) -> None:
        self._left -= size
        if self._left < 0:
            raise Breach("dicom.data-set-length", reason=Reason.LIMIT)

    def end(self) -> Verdict:
        return Verdict.PASS


class Swallow(Passage):
    """A data set that goes nowhere; then its request is answered."""

    verdict = Verdict.DROP
    sends = False

    def __init__(self, then: Callable[[], None] | None = None) -> None:
        self._then = then

    def end(self) -> Verdict:
        if self._then is not None:
            self._then()
        return Verdict.DROP


class QueryPassage(Passage):
    """An identifier that is read before it goes on. One too long to be read is judged as wide, and not held."""

    verdict = Verdict.HOLD
    cuts = False
    sends = False

    def __init__(self, judge: Callable[[bytes | None], Passage]) -> None:
        self._identifier = bytearray()
        self._judge = judge
        """Given the whole identifier, or None where it is too long: what becomes of it."""
        self._after: Passage | None = None

    def expect(self, size: int) -> None:
        if self._after is None and len(self._identifier) + size > MAX_IDENTIFIER:
            self._after = self._judge(None)
            self.verdict = self._after.verdict
            self.sends = self._after.sends

    def feed(self, data: memoryview) -> None:
        if self._after is None:
            self._identifier += data

    def end(self) -> Verdict:
        return (self._after or self._judge(bytes(self._identifier))).end()


class Agreed(Struct, frozen=True, kw_only=True):
    """What A-ASSOCIATE settled."""

    contexts: dict[int, tuple[str, str]]
    """Accepted ones: abstract and transfer syntax."""
    window: int
    """Requests that the client may have under way."""
    most_to_server: int
    """Bytes after the header of the longest P-DATA-TF that the server takes; 0: no limit."""


class Exchange:
    """All messages of one association."""

    def __init__(
        self,
        surroundings: Surroundings,
        records: Records,
        instruments: Instruments,
        agreed: Agreed,
        streams: tuple[Stream, Stream],
        delay: Callable[[bytes], None],
    ) -> None:
        self._surroundings, self._records, self._instruments = surroundings, records, instruments
        self._agreed, self._streams = agreed, streams
        self._delay = delay
        """Sends a refusal after the time in the tarpit."""
        self._unanswered: tuple[dict[int, Request], dict[int, Request]] = ({}, {})
        """By who asked: message id → request."""

    @property
    def pending(self) -> int:
        """Requests that were not answered yet."""
        return len(self._unanswered[0]) + len(self._unanswered[1])

    def command(self, stream: Stream, data: bytes) -> Verdict:
        """A whole command set, on `stream.context`."""
        if stream.context not in self._agreed.contexts:
            raise Breach("dicom.context", UNEXPECTED_PARAMETER)
        read = strict_command(data)
        if read is None:
            raise Breach("dicom.command-set", UNEXPECTED_PARAMETER)
        command, elements = read
        if command.response:
            return self._response(stream, command, elements)
        self._records.association.conduct.command(command, by_client=stream.side is Side.CLIENT)
        if _is_doubtful(elements) or command.name in (_WITHOUT_DATA_SET if command.data_set else _WITH_DATA_SET):
            raise Breach("dicom.command-set", UNEXPECTED_PARAMETER)
        if (Element.ANSWERED_ID if command.name == "C-CANCEL" else Element.MESSAGE_ID) not in elements:
            raise Breach("dicom.command-set", UNEXPECTED_PARAMETER)
        return self._cancel(stream, command) if command.name == "C-CANCEL" else self._request(stream, command, elements)

    def finish(self) -> None:
        """The association is over: what is under way will not be answered."""
        for request in self._unanswered[Side.CLIENT].values():
            if request.entry is not None:
                self._records.passed(request.entry, -1)
        for stream in self._streams:
            if stream.passage is not None:
                stream.passage.dismiss()

    # ---------------------------------------------------------------- requests
    def _request(self, stream: Stream, command: Command, elements: Mapping[int, bytes]) -> Verdict:
        asked = self._unanswered[stream.side]
        window = self._agreed.window if stream.side is Side.CLIENT else MAX_UNANSWERED
        if command.message_id in asked or len(asked) >= window:
            raise Breach("dicom.window", UNEXPECTED_PARAMETER)
        abstract_syntax, transfer_syntax = self._agreed.contexts[stream.context]
        request = Request(
            command=command,
            context=stream.context,
            elements=elements,
            operation=Operation(
                task=task_of(command.name, command.sop_class),
                command=command.name,
                sop_class=command.sop_class,
                transfer_syntax=transfer_syntax,
                destination=command.move_destination,
            ),
        )
        if fault := _fault(command, elements, abstract_syntax):
            outcome, detail = fault
            self._records.decided(_BROKEN, request.operation, detail)
            return self._begin(stream, request, self._refusal(stream, request, outcome, Reason.PROTOCOL))
        if stream.side is Side.SERVER and command.name != "N-EVENT-REPORT":
            return self._begin(stream, request, self._brought(stream, request))
        if command.name in _IDENTIFYING:
            stream.passage = QueryPassage(lambda identifier: self._query(stream, request, identifier))
            return Verdict.HOLD
        return self._begin(stream, request, self._decided(stream, request))

    def _begin(self, stream: Stream, request: Request, passage: Passage) -> Verdict:
        """Of the command itself: it goes on if its message does. Without a data set the message is over."""
        if not request.command.data_set:
            return passage.end()
        stream.passage = passage
        return Verdict.PASS if passage.sends else Verdict.DROP

    def _decided(self, stream: Stream, request: Request) -> Passage:
        """Ask the judge: what becomes of the data set?"""
        records = self._records
        request.decision = decision = self._surroundings.judge.decide(records.peer, request.operation)
        stores = request.command.name == "C-STORE"
        if decision.action is Action.HOLD and stores and not decision.passes:
            case = self._case(stream, request, stored=True)
            evidence = case.open_evidence("")
            if evidence is not None or self._surroundings.listener.fail != "open":
                return QuarantinePassage(evidence, lambda name: self._kept(stream, request, name))
            request.decision = decision = structs.replace(decision, action=Action.ALLOW, reason=Reason.BLIND)
        if decision.passes:
            records.decided(decision, request.operation)
            self._unanswered[stream.side][request.command.message_id] = request
            if not stores and (stream.side is Side.SERVER or request.command.name in _IDENTIFYING):
                return Relay()
            return self._object(stream, request, stored=stores)
        records.decided(decision, request.operation)
        return self._refusal(stream, request, status(decision.reason), decision.reason)

    def _brought(self, stream: Stream, request: Request) -> Passage:
        """The server brings an object that a C-GET asked for (PS3.4 C.4.3.2); nothing else is its to ask."""
        gets = [asked for asked in self._unanswered[Side.CLIENT].values() if asked.operation.task is Task.GET]
        if request.command.name != "C-STORE" or not gets:
            raise Breach("dicom.unasked", UNEXPECTED_PARAMETER)
        request.operation = structs.replace(request.operation, task=Task.GET)
        request.decision = decision = self._surroundings.judge.decide(self._records.peer, request.operation)
        if decision.action is not Action.ALLOW:
            self._records.decided(decision, request.operation)
        if not decision.passes:
            return self._refusal(stream, request, status(decision.reason), decision.reason)
        self._unanswered[Side.SERVER][request.command.message_id] = request
        return self._object(stream, request, stored=False)

    def _case(self, stream: Stream, request: Request, *, stored: bool) -> Case:
        return Case(
            surroundings=self._surroundings,
            records=self._records,
            instruments=self._instruments,
            transfer_syntax=self._agreed.contexts[request.context][1],
            request=request,
            stored=stored,
            answer=lambda: self._answer(stream, request, OUT_OF_RESOURCES, Reason.CONTENT),
        )

    def _object(self, stream: Stream, request: Request, *, stored: bool) -> Passage:
        case = self._case(stream, request, stored=stored)
        rule = case.rule
        if rule is None or not rule.strip_private or rule.shadow or not stored:
            return ObjectPassage(case)
        rewriter = self._instruments.rewriter(case.transfer_syntax, rule.keep_private)
        return RewritingPassage(case, rewriter, stream.emit, self._agreed.most_to_server)

    def _kept(self, stream: Stream, request: Request, name: str) -> None:
        """A held object is in quarantine, or, without a name, could not be kept."""
        decision = request.decision
        reason = decision.reason if name else Reason.BLIND
        self._records.decided(structs.replace(decision, reason=reason), request.operation, evidence=name)
        self._answer(stream, request, OUT_OF_RESOURCES, reason)

    def _query(self, stream: Stream, request: Request, identifier: bytes | None) -> Passage:
        """A request whose identifier was read, or is too long to be."""
        command = request.command
        transfer_syntax = self._agreed.contexts[request.context][1]
        if identifier is None:
            question = Question(wide=True, level=UNREADABLE)
        else:
            question = read_identifier(identifier, transfer_syntax, command=command.name, sop_class=command.sop_class)
            if command.name == "C-FIND":
                wide = is_wide_query(identifier, transfer_syntax)
                self._records.association.conduct.queries.asked(command, wide=wide)
        if request.operation.task is not Task.WORKLIST:
            request.operation = structs.replace(request.operation, wide=question.wide, level=question.level)
        passage = self._decided(stream, request)
        rule = request.decision.bounding
        if command.name == "C-FIND" and rule is not None and rule.query is not None:
            request.most_matches = rule.query.results
        return passage

    # ---------------------------------------------------------------- refusals
    def _refusal(self, stream: Stream, request: Request, outcome: int, reason: Reason) -> Passage:
        return Swallow(lambda: self._answer(stream, request, outcome, reason))

    def _answer(self, stream: Stream, request: Request, outcome: int, reason: Reason) -> None:
        """Answer a request in the place of the side that it was for."""
        pdu = self._response_to(stream.side, request, outcome, reason)
        if request.decision.action is Action.TARPIT and stream.side is Side.CLIENT:
            self._delay(pdu)
        else:
            self._streams[stream.side.other].inject(pdu)

    def _response_to(self, asker: Side, request: Request, outcome: int, reason: Reason) -> bytes:
        command = request.command
        response = Command(command.name, True, command.sop_class, command.message_id, outcome, "", False)
        self._records.association.conduct.command(response, by_client=asker is Side.SERVER)
        return answer(request.context, request.elements, outcome, reason)

    # ---------------------------------------------------------------- responses
    def _response(self, stream: Stream, command: Command, elements: Mapping[int, bytes]) -> Verdict:
        asked = self._unanswered[stream.side.other]
        request = asked.get(command.message_id)
        known = request is not None and (request.command.name, request.context) == (command.name, stream.context)
        pending = command.status in PENDING
        if request is None or not known or Element.ANSWERED_ID not in elements or command.status < 0:
            raise Breach("dicom.unasked", UNEXPECTED_PARAMETER)
        if any(len(elements.get(tag, b"")) > MAX_UID for tag in _UIDS):
            raise Breach("dicom.uid", UNEXPECTED_PARAMETER)
        if pending and command.name not in _IDENTIFYING:
            raise Breach("dicom.command-set", UNEXPECTED_PARAMETER)
        if not pending:
            del asked[command.message_id]
        if request.capped or (pending and self._is_too_many(request)):
            if command.data_set:
                stream.passage = Swallow()
            if not pending:
                stream.emit(self._response_to(stream.side.other, request, OUT_OF_RESOURCES, Reason.RESULTS))
            return Verdict.DROP
        self._records.association.conduct.command(command, by_client=stream.side is Side.CLIENT)
        if request.entry is not None and not pending:
            self._records.passed(request.entry, command.status)
        if command.data_set:
            stream.passage = Relay()
        return Verdict.PASS

    def _is_too_many(self, request: Request) -> bool:
        """One more match: does it go beyond what the rule allows? Then the server is told to stop, once."""
        if not request.most_matches:
            return False
        request.matches += 1
        rule = request.decision.rule
        if request.matches <= request.most_matches or rule is None:
            return False
        decision = Decision(action=Action.DENY, reason=Reason.RESULTS, rule=rule, shadow=rule.shadow)
        self._records.decided(decision, request.operation)
        if rule.shadow:
            request.most_matches = 0
            return False
        request.capped = True
        if not request.cancelled:
            request.cancelled = True
            self._streams[Side.CLIENT].inject(cancel(request.context, request.elements[Element.MESSAGE_ID]))
        return True

    def _cancel(self, stream: Stream, command: Command) -> Verdict:
        """C-CANCEL goes on once, and only for what is under way: it may well come after the last response."""
        request = self._unanswered[stream.side].get(command.message_id)
        if request is None or request.command.name not in _IDENTIFYING or request.context != stream.context:
            return Verdict.DROP
        if request.cancelled:
            return Verdict.DROP
        request.cancelled = True
        return Verdict.PASS


def _is_doubtful(elements: Mapping[int, bytes]) -> bool:
    """Does a request hold both elements of a pair?"""
    return any(one in elements and other in elements for one, other in _ALTERNATIVES)


def _fault(command: Command, elements: Mapping[int, bytes], abstract_syntax: str) -> tuple[int, str] | None:
    """What is wrong with a request that can still be answered: the status that says so, and its name."""
    if not belongs(command.sop_class, abstract_syntax):
        return NO_SUCH_SOP_CLASS, "dicom.sop-class"
    for tag in _UIDS:
        uid = elements.get(tag)
        if uid and not _UID.fullmatch(uid):
            return INVALID_INSTANCE, "dicom.uid"
    destination = elements.get(Element.DESTINATION)
    if destination is not None and not _TITLE.fullmatch(destination):
        return NOT_AUTHORISED, "dicom.title"
    return None
