"""Drive one guarded conversation as the shell does, from a script of (side, bytes), cut in any way."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence

from leadapron.guard.conversation import Ending, Surroundings
from leadapron.guard.dicom import DicomConversation, Instruments, Suspect
from leadapron.guard.dicom.objects import Rewriter
from leadapron.guard.inspect.inspector import Depth, Inspector
from leadapron.guard.inspect.rules import ContentRules
from leadapron.guard.policy import Book
from leadapron.guard.policy import judge as judge_of
from leadapron.model.events import Endpoint, Event
from leadapron.model.events.guard import GuardDecision, ObjectPassed
from leadapron.model.guard import Judge, Listener, Moment, Peer, Policy, Query, Rule, Speech
from leadapron.see.wire.dissector import Side

CLIENT, SERVER = Side.CLIENT, Side.SERVER
Script = Sequence[tuple[Side, bytes]]
EVERYTHING = Rule(name="everything", line=1, inspect="off", query=Query(wide=True))
MARK = b"HOSTILE-MARK-FOR-TESTS"
RULES = ContentRules.load([("test.yar", 'rule hostile_mark { strings: $a = "HOSTILE-MARK-FOR-TESTS" condition: $a }')])
LISTENER = Listener(
    name="front", speaks=Speech.DICOM, listen="127.0.0.1:104", upstream=("192.0.2.2:104",), fail="closed", ledger=False
)


class Quarantine:
    """Keeps evidence in memory; `full` has no room."""

    def __init__(self, *, full: bool = False) -> None:
        self.full = full
        self.kept: dict[str, bytes] = {}
        self.opened: list[Suspect] = []
        self.forgotten = 0

    def open(self, suspect: Suspect) -> Writer:
        if self.full:
            raise OSError("no room")
        self.opened.append(suspect)
        return Writer(self, f"evidence-{len(self.opened)}")


class Writer:
    def __init__(self, quarantine: Quarantine, name: str) -> None:
        self.quarantine, self.name, self.data = quarantine, name, bytearray()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.data += data

    def commit(self) -> str:
        self.quarantine.kept[self.name] = bytes(self.data)
        return self.name

    def abort(self) -> None:
        self.quarantine.forgotten += 1


class Guarded:
    """One conversation, the clock standing still, with what it said and recorded."""

    def __init__(
        self,
        *rules: Rule,
        listener: Listener = LISTENER,
        quarantine: Quarantine | None = None,
        rewriter: Callable[[str, tuple[str, ...]], Rewriter] | None = None,
        judge: Judge | None = None,
    ) -> None:
        self.events: list[Event] = []
        self.moment = Moment(wall=1_795_507_200.0, steady=100.0)
        policy = Policy(listeners=(listener,), rules=rules or (EVERYTHING,))
        self.conversation = DicomConversation(
            Surroundings(
                peer=Peer(address="192.0.2.1", listener=listener.name),
                client=Endpoint(ip="192.0.2.1", port=50000, mac="02:00:00:00:00:01"),
                server=Endpoint(ip="192.0.2.2", port=11112, mac="02:00:00:00:00:02"),
                uid="0123456789abcdef",
                sensor="script",
                listener=listener,
                judge=judge or judge_of(policy, listener, Book(), lambda: self.moment),
                clock=lambda: self.moment,
                record=self.events.append,
                pseudonym=lambda value: hashlib.blake2b(value.encode(), digest_size=8).hexdigest(),
                digest_key=bytes(32),
            ),
            Instruments(
                inspector=lambda syntax, depth, digests: Inspector(
                    syntax, None if depth is Depth.OFF else RULES, depth=depth, key=bytes(32) if digests else None
                ),
                rewriter=rewriter or _no_rewriter,
                evidence=(quarantine or Quarantine()).open,
            ),
        )
        self.most_held = 0
        self.read = 0
        """Bytes to the server that somebody has read already."""

    def play(self, script: Iterable[tuple[Side, bytes]], cut: int | Sequence[int] | None = None) -> Guarded:
        """Feed a script until it ends or the conversation does."""
        for side, data in script:
            for piece in pieces(data, cut):
                if self.conversation.ending is None:
                    self.conversation.receive(side, piece)
                    self.most_held = max(self.most_held, self.conversation.held)
        return self

    def finish(self) -> Guarded:
        self.conversation.finish()
        return self

    @property
    def to_server(self) -> bytes:
        return b"".join(self.conversation.to_server)

    @property
    def to_client(self) -> bytes:
        return b"".join(self.conversation.to_client)

    @property
    def closed(self) -> bool:
        return self.conversation.ending is Ending.CLOSE

    @property
    def decisions(self) -> list[GuardDecision]:
        return [event for event in self.events if isinstance(event, GuardDecision)]

    @property
    def refusals(self) -> list[tuple[str, str]]:
        """Reason and detail of what was not allowed."""
        return [(event.reason, event.detail) for event in self.decisions if event.action != "allow"]

    @property
    def objects(self) -> list[ObjectPassed]:
        return [event for event in self.events if isinstance(event, ObjectPassed)]


def guarded(script: Script, *rules: Rule, cut: int | Sequence[int] | None = None, **others: object) -> Guarded:
    """A script played to its end."""
    return Guarded(*rules, **others).play(script, cut).finish()  # type: ignore[arg-type]


def sent(script: Script, side: Side) -> bytes:
    """All that one side says in a script."""
    return b"".join(data for who, data in script if who is side)


def pieces(data: bytes, cut: int | Sequence[int] | None) -> Iterable[bytes]:
    """`cut`: None = whole, n = pieces of n bytes, sequence = piece sizes used in rotation."""
    if cut is None:
        yield data
        return
    sizes = [cut] if isinstance(cut, int) else [size for size in cut if size > 0] or [1]
    position = turn = 0
    while position < len(data):
        size = sizes[turn % len(sizes)]
        yield data[position : position + size]
        position, turn = position + size, turn + 1


def _no_rewriter(transfer_syntax: str, keep: tuple[str, ...]) -> Rewriter:
    raise AssertionError("no rule of this test strips")
