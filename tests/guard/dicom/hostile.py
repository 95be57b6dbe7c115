"""Associations of hostile peers, made from bytes of chance, and all that must hold of the guard between them.

The same function serves the property tests and the fuzzer: each byte is a choice, so what fails can be made smaller.
"""

from __future__ import annotations

import struct

import msgspec

from leadapron.guard.inspect.rewrite import Rewriter
from leadapron.model.events import Anomaly, Event
from leadapron.model.guard import Action, Decision, Limits, Operation, Peer, Query, Reason, Rule, Task
from leadapron.see.wire.dicom import DicomDissector
from leadapron.see.wire.dissector import Side
from tests.guard.dicom.archive import Archive, Asked
from tests.guard.dicom.playbook import CLIENT, LISTENER, MARK, SERVER, Guarded
from tests.see.wire import dicom_bytes as d
from tests.see.wire.playbook import ScriptedConversation, play

STUDY_ROOT_GET, MPPS = "1.2.840.10008.5.1.4.1.2.2.3", "1.2.840.10008.3.1.2.3.3"
CLASSES = (d.CT_IMAGE, d.VERIFICATION, d.STUDY_ROOT_FIND, d.STUDY_ROOT_MOVE, STUDY_ROOT_GET, MPPS)
TIGHT = msgspec.structs.replace(LISTENER, limits=Limits(pdu=64 * 1024, memory=512 * 1024))
FAULTS = frozenset({"dicom.pdu-type", "dicom.pdu-length", "dicom.pdv-length", "dicom.item-length", "dicom.context-id",
                    "dicom.too-many-contexts", "dicom.too-many-items"})  # fmt: skip
"""Names of broken bytes that dissector and guard share; the guard's other ones are of order and doubt."""
MOST_HELD = 4 * 128 * 1024


class Choices:
    """A byte of chance for each choice; zeros once they are used up."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def below(self, number: int) -> int:
        self._at += 1
        return self._data[self._at - 1] % number if self._at <= len(self._data) else 0

    def once_in(self, number: int) -> bool:
        return self.below(number) == number - 1


class Dice:
    """A judge that allows by chance, the same question always alike, and remembers what it allowed."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.allowed: list[Asked] = []

    def admit(self, peer: Peer) -> Decision:
        return Decision(action=Action.ALLOW, reason=Reason.RULE)

    def offer(self, peer: Peer, abstract_syntax: str, transfer_syntaxes: tuple[str, ...]) -> tuple[str, ...]:
        return () if self.seed % 11 == 0 and abstract_syntax == MPPS else transfer_syntaxes

    def decide(self, peer: Peer, operation: Operation) -> Decision:
        roll = (self.seed ^ hash_of(operation)) % 8
        rule = Rule(
            name="dice",
            line=1,
            query=Query(wide=True, results=self.seed % 3 * 2),
            object_size=40_000,
            on_hit=Action.HOLD if self.seed & 1 else Action.DENY,
            strip_private=self.seed % 5 == 0,
        )
        if roll > 2:
            self.allowed.append(Asked(operation.command, operation.sop_class, operation.destination))
            return Decision(action=Action.ALLOW, reason=Reason.RULE, rule=rule)
        held = operation.task is Task.STORE and roll == 2
        return Decision(action=Action.HOLD if held else Action.DENY, reason=Reason.RULE, rule=rule)

    def passed(self, peer: Peer, decision: Decision, amount: int) -> Decision:
        if decision.rule is not None and amount > decision.rule.object_size:
            return Decision(action=Action.DENY, reason=Reason.SIZE, rule=decision.rule)
        return decision


def hash_of(operation: Operation) -> int:
    return sum((operation.command + operation.sop_class + operation.destination).encode())


# ---------------------------------------------------------------- what a peer says
def message(choices: Choices, number: int) -> tuple[bytes, bytes]:
    """A request and its data set (empty: none) on one of the contexts, with sound and less sound fragments."""
    index = choices.below(len(CLASSES))
    sop_class, context = CLASSES[index], 2 * index + 1
    if choices.once_in(24):
        context = choices.below(256)
    data = b""
    field, destination = (0x0001, 0x0030, 0x0020, 0x0021, 0x0010, 0x0140)[index], ""
    if index == 0:
        data = d.image(pixels=choices.below(256) * 200)
        if choices.once_in(6):
            data += d.data_set([(0x7FE1_0010, "LO", MARK)])
    elif index != 1:
        level = (0x0008_0052, "CS", (b"STUDY", b"IMAGE")[choices.below(2)])
        data = d.data_set([level, (0x0010_0020, "LO", (b"CANARYID42", b"*")[choices.below(2)])])
    if index == 3:
        destination = ("WS01", "WS02", "WS\\3")[choices.below(3)]
    said = d.command(
        field, sop_class, message=number, data_set=bool(data), destination=destination, context=context
    )  # fmt: skip
    if choices.once_in(8):
        content = said[12:]
        said = d.values(context, content, command=True, size=choices.below(40) + 1)
    size = (16378, 16378, 1000, 97, 8192)[choices.below(5)]
    return said, d.values(context, data, command=False, size=size) if data else b""


def damaged(choices: Choices, data: bytes) -> bytes:
    """One of the ways in which hostile peers lie."""
    way = choices.below(12)
    at = min(len(data) - 1, choices.below(256) * (1 + choices.below(8)))
    if way == 0:
        return data[:at] + bytes((data[at] ^ 1 << choices.below(8),)) + data[at + 1 :]
    if way == 1:
        return data[:2] + struct.pack(">I", choices.below(256) << 8 * choices.below(4)) + data[6:]
    if way == 2:
        return data[:6] + struct.pack(">I", choices.below(256) << 8 * choices.below(4)) + data[10:]
    if way == 3:
        return data[:at]
    if way == 4:
        return data + data
    if way == 5:
        return data[:at] + d.RELEASE_RQ + data[at:]
    if way == 6:
        return d.pdu(4, struct.pack(">IBB", 2, 1, choices.below(4))) * choices.below(200) + data
    if way == 7:
        return data[:11] + bytes((choices.below(256),)) + data[12:]
    if way == 8:
        return d.pdu(4, data[6:] + struct.pack(">IBB", 2 + choices.below(9), choices.below(16), choices.below(8)))
    if way == 9:
        return d.RELEASE_RQ + d.associate_rq() + data
    if way == 10:
        return d.pdu(choices.below(256), data[6:74])
    return d.command(0x0FFF, message=choices.below(9)) + data


def opening(choices: Choices) -> bytes:
    """An A-ASSOCIATE-RQ, now and then with very many contexts or items."""
    contexts = [(each, (d.IMPLICIT,)) for each in CLASSES]
    extra = b""
    if choices.once_in(8):
        contexts += [(f"{d.CT_IMAGE}.{number}", (d.EXPLICIT, d.IMPLICIT)) for number in range(122)]
    if choices.once_in(8):
        extra = d.item(0x56, struct.pack(">H", 9) + b"1.2.3.4.5" + bytes(60_000))
    if choices.once_in(4):
        extra += d.item(0x53, struct.pack(">HH", 3, 3))
    request = d.associate_rq(contexts=contexts, user=d.user_information(extra=extra))
    return damaged(choices, request) if choices.once_in(16) else request


# ---------------------------------------------------------------- what must hold
def play_hostile(data: bytes) -> frozenset[str]:
    """One association made of `data`; AssertionError where the guard breaks a promise. Returns what came of it."""
    choices = Choices(data)
    judge = Dice(choices.below(256))
    guard, archive = Guarded(judge=judge, listener=TIGHT, rewriter=Rewriter), Archive()
    said: list[tuple[Side, bytes]] = []

    def say(side: Side, words: bytes) -> None:
        while words:
            said.append((side, words))
            guard.play([(side, words)])
            words, side = archive.feed(_new(guard)), SERVER

    sound: list[bytes] = []
    say(CLIENT, opening(choices))
    for number in range(1, 2 + choices.below(6)):
        command, values = message(choices, number)
        words = command + values
        if choices.once_in(5):
            words = damaged(choices, words)
        else:
            sound.append(values)
        say(CLIENT, words)
        if choices.once_in(12):
            say(SERVER, damaged(choices, d.command(0x8030, d.VERIFICATION, message=number, status=0, context=3)))
    say(CLIENT, d.RELEASE_RQ if not choices.once_in(4) else d.ABORT)
    guard.finish()
    check(guard, archive, judge, said)
    _cut_elsewhere(data, guard, judge, said)
    _same_faults(guard, said)
    return frozenset({f"{reason} {detail}" for reason, detail in guard.refusals} | {a.name for a in archive.asked})


def _new(guard: Guarded) -> bytes:
    """What reached the server since the last time."""
    fresh = guard.to_server[guard.read :]
    guard.read += len(fresh)
    return fresh


def check(guard: Guarded, archive: Archive, judge: Dice, said: list[tuple[Side, bytes]]) -> None:
    """What the archive understood is what was allowed: no more, and in that order."""
    asked = [each for each in archive.asked if each.name != "C-CANCEL"]
    assert asked == judge.allowed[: len(asked)]
    assert len(judge.allowed) - len(asked) <= 1, "an allowed request got lost"
    assert guard.most_held <= MOST_HELD
    for stored in archive.objects:
        assert MARK not in stored
        assert len(stored) <= 40_000
    assert archive.rest == b"" or not archive.over
    encoded = msgspec.json.encode(guard.events)
    assert b"CANARY" not in encoded
    assert b"1.2.826.0.1.1" not in encoded
    _dissected(guard, archive)


def _dissected(guard: Guarded, archive: Archive) -> None:
    """The tolerant parser of captures reads the same requests from what reached the server, and nothing broken."""
    place = ScriptedConversation()
    dissector = DicomDissector(place)
    stream, position = guard.to_server, 0
    if not stream:
        return
    position = dissector.feed(CLIENT, stream)
    assert position >= len(stream) or archive.rest
    dissector.close()
    events: list[Event] = place.all_events
    (association,) = events
    counts = {(each.command, each.sop_class): each.requests for each in association.operations if each.requests}
    for name, sop_class in {(each.name, each.sop_class) for each in archive.asked}:
        assert counts[name, sop_class] == sum((a.name, a.sop_class) == (name, sop_class) for a in archive.asked)


def _cut_elsewhere(data: bytes, guard: Guarded, judge: Dice, said: list[tuple[Side, bytes]]) -> None:
    """However the bytes are cut, the same goes on and the same is told."""
    sizes = [1 + byte * (1 + byte % 7) for byte in data[-3:]] or [1]
    if sum(len(words) for _, words in said) / (sum(sizes) / len(sizes)) > 5000:
        sizes.append(4096)
    again = Guarded(judge=Dice(judge.seed), listener=TIGHT, rewriter=Rewriter).play(said, sizes).finish()
    assert (again.to_server, again.to_client) == (guard.to_server, guard.to_client)
    assert again.events == guard.events
    assert again.most_held <= MOST_HELD


def _same_faults(guard: Guarded, said: list[tuple[Side, bytes]]) -> None:
    """What the guard calls broken bytes, a capture of them calls so too."""
    broken = {detail for reason, detail in guard.refusals if reason == "protocol"} & FAULTS
    if broken:
        anomalies = {event.name for event in play(DicomDissector, said) if isinstance(event, Anomaly)}
        assert broken <= anomalies, (broken, anomalies)
