"""Drive one guarded HL7 conversation as the shell does, from a script of (side, bytes), cut in any way."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

from leadapron.guard.conversation import Ending, Surroundings
from leadapron.guard.hl7 import Hl7Conversation
from leadapron.guard.inspect.rules import ContentRules
from leadapron.guard.policy import Book, judge
from leadapron.model.events import Endpoint, Event, GuardDecision, Hl7Session
from leadapron.model.guard import Action, Listener, Moment, Peer, Policy, Rule, Speech, Task
from leadapron.see.wire.dissector import Side

CLIENT, SERVER = Side.CLIENT, Side.SERVER
Script = Iterable[tuple[Side, bytes]]
CANARY = "ZYXWVUT"
MARK = "HOSTILE-MARK-FOR-TESTS"


def content_rules() -> ContentRules:
    """The shipped rules and one of the tests. Only the thread that made them may use them."""
    return ContentRules.load([("test.yar", f'rule hostile_mark {{ strings: $a = "{MARK}" condition: $a }}')])


RULES = content_rules()
LISTENER = Listener(name="hl7", speaks=Speech.HL7, listen="127.0.0.1:2575", upstream=("192.0.2.2:2575",), fail="closed")
ORDERS = Rule(
    name="orders",
    line=1,
    calling=("RIS",),
    called=("PACS",),
    tasks=frozenset({Task.MESSAGE}),
    messages=("ORM", "ORU^R01"),
)
EVERYTHING = Rule(name="everything", line=1, tasks=frozenset({Task.MESSAGE}))


def message(
    kind: str = "ORM^O01^ORM_O01",
    *more: str,
    sender: str = "RIS",
    receiver: str = "PACS",
    identifier: str = "7",
    version: str = "2.5.1",
    enhanced: str = "",
) -> bytes:
    """One message without its block."""
    header = (
        f"MSH|^~\\&|{sender}|RADIOLOGY|{receiver}|ARCHIVE|20261124080000||{kind}|{identifier}|P|{version}||{enhanced}"
    )
    patient = f"PID|1||{CANARY}1||{CANARY}^JOHN||19700101|M"
    return ("\r".join((header, patient, *more)) + "\r").encode()


def acknowledgement(code: str = "AA", identifier: str = "7") -> bytes:
    return f"MSH|^~\\&|PACS|ARCHIVE|RIS|RADIOLOGY|20261124080001||ACK^O01|1|P|2.5.1\rMSA|{code}|{identifier}\r".encode()


def block(content: bytes) -> bytes:
    return b"\x0b" + content + b"\x1c\r"


class Guarded:
    """One conversation, the clock standing still, with what it said and recorded."""

    def __init__(
        self, *rules: Rule, listener: Listener = LISTENER, content: ContentRules | None = None, reachable: bool = True
    ) -> None:
        self.events: list[Event] = []
        self.book = Book()
        self.moment = Moment(wall=1_795_507_200.0, steady=100.0)
        policy = Policy(listeners=(listener,), rules=rules or (ORDERS,))
        self.conversation = Hl7Conversation(
            Surroundings(
                peer=Peer(address="192.0.2.1", listener=listener.name),
                client=Endpoint(ip="192.0.2.1", port=50000),
                server=Endpoint(ip="192.0.2.9", port=2575),
                uid="0123456789abcdef",
                sensor="script",
                listener=listener,
                judge=judge(policy, listener, self.book, self.clock),
                clock=self.clock,
                record=self.events.append,
                pseudonym=lambda value: hashlib.blake2b(value.encode(), digest_size=8).hexdigest(),
                digest_key=bytes(32),
                policy_digest="policy",
            ),
            content,
        )
        self.reachable = reachable
        self.dialled: Sequence[str] = ()
        self.to_client = self.to_server = b""

    def clock(self) -> Moment:
        return self.moment

    def say(self, side: Side, data: bytes, cut: int | Sequence[int] | None = None) -> Guarded:
        """Bytes from one side, in pieces."""
        for piece in _pieces(data, cut):
            self.conversation.receive(side, piece)
            self.empty()
        return self

    def play(self, script: Script, cut: int | Sequence[int] | None = None) -> Guarded:
        for side, data in script:
            self.say(side, data, cut)
        return self

    def empty(self) -> None:
        """What the shell does after each call."""
        conversation = self.conversation
        if conversation.dial and not self.dialled:
            self.dialled = conversation.dial
            if self.reachable:
                conversation.connected(Endpoint(ip="192.0.2.2", port=2575))
            else:
                conversation.unreachable()
        self.to_client += b"".join(bytes(piece) for piece in conversation.to_client)
        self.to_server += b"".join(bytes(piece) for piece in conversation.to_server)
        conversation.to_client.clear()
        conversation.to_server.clear()

    def finish(self) -> Guarded:
        self.conversation.finish()
        self.empty()
        return self

    @property
    def ending(self) -> Ending | None:
        return self.conversation.ending

    @property
    def decisions(self) -> list[tuple[str, str, str, int]]:
        """Command (empty: the connection), action, reason, count; those told at once first."""
        return [
            (event.command, event.action, event.reason, event.count)
            for event in self.events
            if isinstance(event, GuardDecision)
        ]

    @property
    def refusals(self) -> list[tuple[str, str]]:
        """Reason and detail of what was not allowed."""
        return [
            (event.reason, event.detail)
            for event in self.events
            if isinstance(event, GuardDecision) and event.action != Action.ALLOW
        ]

    @property
    def session(self) -> Hl7Session | None:
        return next((event for event in self.events if isinstance(event, Hl7Session)), None)


def _pieces(data: bytes, cut: int | Sequence[int] | None) -> Iterable[bytes]:
    if cut is None:
        yield data
        return
    sizes = [cut] if isinstance(cut, int) else [size for size in cut if size > 0] or [1]
    position = turn = 0
    while position < len(data):
        size = sizes[turn % len(sizes)]
        yield data[position : position + size]
        position, turn = position + size, turn + 1
