"""Stored objects under a policy: looked at as they stream by, held, kept, rewritten, measured, told in the ledger."""

from __future__ import annotations

import struct
from io import BytesIO

import pytest
from msgspec import structs
from pydicom import dcmread

from leadapron.guard.inspect.rewrite import Rewriter
from leadapron.model.events import DicomAssociation
from leadapron.model.guard import Action, Query, Rate, Rule, Task
from tests.guard.dicom.playbook import CLIENT, LISTENER, MARK, SERVER, Guarded, Quarantine, Script, guarded, sent
from tests.guard.dicom.test_association import provider_abort
from tests.guard.dicom.test_messages import FIRST, STUDY_ROOT_GET, SUB_STORE, answers, opened
from tests.see.wire import dicom_bytes as d

LOOK = Rule(name="look", line=1, query=Query(wide=True))
LEDGER = structs.replace(LISTENER, ledger=True)
OPEN = structs.replace(LISTENER, fail="open")
BEHIND_PIXELS = (0x7FE1_0010, "LO", MARK)


def image(*more: tuple[int, str, bytes], pixels: int = 100_000, syntax: str = d.EXPLICIT) -> bytes:
    """A CT with these elements behind its pixels."""
    return d.image(syntax=syntax, pixels=pixels) + d.data_set(more, syntax)


def storing(data: bytes, *, size: int = 16378, status: int = 0, message: int = 1) -> Script:
    return [
        (CLIENT, d.command(0x0001, d.CT_IMAGE, data_set=True, message=message)),
        (CLIENT, d.values(1, data, command=False, size=size)),
        (SERVER, d.command(0x8001, d.CT_IMAGE, status=status, message=message)),
    ]


HELLO: Script = [
    (CLIENT, d.associate_rq(contexts=((d.CT_IMAGE, (d.EXPLICIT,)),))),
    (SERVER, d.associate_ac(accepted=(d.EXPLICIT,))),
]


def stored(stream: bytes) -> list[tuple[bytes, bool]]:
    """Data sets in a stream of PDUs, and whether each is complete, by the arithmetic of PS3.8 alone."""
    found: list[tuple[bytes, bool]] = []
    position = 0
    while position + 6 <= len(stream):
        end = position + 6 + struct.unpack_from(">I", stream, position + 2)[0]
        if stream[position] == 4:
            at = position + 6
            while at + 6 <= min(end, len(stream)):
                size = struct.unpack_from(">I", stream, at)[0]
                control = stream[at + 5]
                if control & 1:
                    found.append((b"", False))
                else:
                    found[-1] = (found[-1][0] + stream[at + 6 : at + 4 + size], control & 2 != 0)
                at += 4 + size
        position = end
    return found


# ---------------------------------------------------------------- inspection
PDF = b"1.2.840.10008.5.1.4.1.1.104.1"


@pytest.mark.parametrize(
    ("classes", "sound"),
    [
        ([d.CT_IMAGE.encode() + b"\0"], True),
        ([], True),
        ([PDF], False),
        ([d.CT_IMAGE.encode() + b"\0", PDF], False),
        ([b"1." * 40], False),
    ],
)
@pytest.mark.parametrize("inspect", ["header", "off"])
def test_an_object_is_what_its_sender_called_it(classes: list[bytes], sound: bool, inspect: str) -> None:
    data = d.data_set([(0x0008_0016, "UI", each) for each in classes], d.EXPLICIT) + image()
    rule = structs.replace(LOOK, inspect=inspect, sop_classes=(d.CT_IMAGE,))
    quarantine = Quarantine()
    guard = guarded([*HELLO, *storing(data)], rule, quarantine=quarantine, cut=3000)
    assert [complete for _, complete in stored(guard.to_server)] == [sound]
    assert guard.refusals == ([] if sound else [("protocol", "sop-class")])
    assert len(quarantine.kept) == (0 if sound or inspect == "off" else 1)


MPPS, COLOUR_BOX, PRINT = "1.2.840.10008.3.1.2.3.3", "1.2.840.10008.5.1.1.4.1", "1.2.840.10008.5.1.1.18"


def creating(sop_class: str, data: bytes) -> Script:
    return [
        (CLIENT, d.command(0x0140, sop_class, data_set=True)),
        (CLIENT, d.values(1, data, command=False, size=1000)),
    ]


def test_what_an_n_service_brings_is_looked_at_and_measured_too() -> None:
    hostile = d.data_set([(0x0040_0254, "LO", b"CHEST"), (0x0040_0280, "ST", MARK + bytes(3000))])
    script = [*opened(MPPS), *creating(MPPS, hostile)]
    quarantine = Quarantine()
    guard = guarded(script, LOOK, quarantine=quarantine)
    assert [reason for reason, _ in guard.refusals] == ["content"]
    assert [complete for _, complete in stored(guard.to_server)] == [False]
    assert len(quarantine.kept) == 1
    assert guarded(script, structs.replace(LOOK, inspect="off")).to_server == sent(script, CLIENT)
    small = guarded(script, structs.replace(LOOK, inspect="off", object_size=2000))
    assert small.refusals == [("size", "")]
    guard = guarded(script, structs.replace(LOOK, inspect="off"), listener=LEDGER)
    assert [type(event) for event in guard.events if "Object" in type(event).__name__] == []


def test_pixels_on_their_way_to_a_printer_are_not_looked_at() -> None:
    script = [*opened(PRINT), *creating(COLOUR_BOX, d.data_set([(0x2020_0111, "SQ", MARK * 100)]))]
    assert guarded(script, LOOK).to_server == sent(script, CLIENT)


@pytest.mark.parametrize("cut", [None, 1000, (12, 5000)])
def test_an_object_with_something_behind_its_pixels_is_never_complete_upstream(cut: int | None) -> None:
    script = [*HELLO, *storing(image(BEHIND_PIXELS))]
    quarantine = Quarantine()
    guard = guarded(script, LOOK, cut=cut, quarantine=quarantine)
    assert [(reason, name.split(".")[-1]) for reason, name in guard.refusals] == [("content", "hostile_mark")]
    ((data, complete),) = stored(guard.to_server)
    assert not complete
    assert MARK not in guard.to_server
    assert image().startswith(data[:1000])
    assert guard.to_server.endswith(provider_abort(0))
    assert guard.to_client == script[1][1] + provider_abort(0)
    (denied,) = [event for event in guard.decisions if event.action == "deny"]
    assert (denied.rule, denied.task, denied.sop_class, denied.evidence) == ("look", "store", d.CT_IMAGE, "evidence-1")
    assert MARK in quarantine.kept["evidence-1"]
    assert guard.objects == []


def test_what_is_found_early_stops_the_object_there() -> None:
    early = d.data_set([(0x0008_0008, "CS", MARK)], d.EXPLICIT) + image(pixels=2_000_000)
    guard = guarded([*HELLO, *storing(early)], structs.replace(LOOK, inspect="whole"))
    assert guard.refusals[0][0] == "content"
    assert len(guard.to_server) < len(early)


def test_a_clean_object_goes_on_to_the_byte() -> None:
    script = [*HELLO, *storing(image()), *storing(image(pixels=0), message=2), *storing(image(), size=50, message=3)]
    for rule in (LOOK, structs.replace(LOOK, inspect="whole"), structs.replace(LOOK, inspect="off")):
        guard = guarded(script, rule, cut=977)
        assert guard.to_server == sent(script, CLIENT)
        assert guard.refusals == []


def test_in_shadow_a_finding_is_told_once_and_the_object_goes_on() -> None:
    script = [*HELLO, *storing(image(BEHIND_PIXELS))]
    guard = guarded(script, structs.replace(LOOK, shadow=True))
    assert guard.to_server == sent(script, CLIENT)
    assert [(event.reason, event.enforced) for event in guard.decisions if event.action == "deny"] == [
        ("content", False)
    ]


def test_a_rule_that_denies_in_shadow_blocks_nothing_whatever_it_finds() -> None:
    script = [*HELLO, *storing(image(BEHIND_PIXELS))]
    guard = guarded(script, structs.replace(LOOK, action=Action.DENY, shadow=True))
    assert guard.to_server == sent(script, CLIENT)
    told = {(event.reason, event.enforced) for event in guard.decisions if event.action == "deny"}
    assert told == {("rule", False), ("content", False)}


def test_a_finding_stays_one_where_quarantine_is_full() -> None:
    guard = guarded([*HELLO, *storing(image(BEHIND_PIXELS))], LOOK, quarantine=Quarantine(full=True))
    assert guard.refusals[0][0] == "content"
    assert not stored(guard.to_server)[0][1]
    assert [event.evidence for event in guard.decisions if event.action == "deny"] == [""]


@pytest.mark.parametrize("cut", [None, 800])
@pytest.mark.parametrize("early", [True, False])
def test_a_rule_that_holds_hits_keeps_the_whole_object(early: bool, cut: int | None) -> None:
    quarantine = Quarantine()
    rule = structs.replace(LOOK, on_hit=Action.HOLD)
    data = d.data_set([(0x0008_0008, "CS", MARK)], d.EXPLICIT) + image() if early else image(BEHIND_PIXELS)
    script = [*HELLO, *storing(image()), *storing(data, message=2)[:2]]
    guard = guarded(script, rule, cut=cut, quarantine=quarantine)
    assert quarantine.kept == {"evidence-2": data}
    assert quarantine.forgotten == 1
    assert [(event.action, event.evidence) for event in guard.decisions if event.reason == "content"] == [
        ("hold", "evidence-2")
    ]
    assert [complete for _, complete in stored(guard.to_server)] == [True, False]
    assert guard.to_server.endswith(provider_abort(0))
    assert guard.to_client.endswith(provider_abort(0))
    told = Guarded(rule, quarantine=Quarantine()).play(script)
    told.conversation.to_client.pop()
    assert answers(told, script) == [("C-STORE", 2, 0xA700)]


def test_what_was_found_is_kept_even_if_the_sender_breaks_off() -> None:
    quarantine = Quarantine()
    early = d.data_set([(0x0008_0008, "CS", MARK)], d.EXPLICIT) + image()
    script = [*HELLO, (CLIENT, sent(storing(early), CLIENT)[:90_000])]
    guard = Guarded(structs.replace(LOOK, on_hit=Action.HOLD), quarantine=quarantine).play(script)
    guard.conversation.closed(CLIENT)
    guard.finish()
    assert list(quarantine.kept) == ["evidence-1"]
    assert [event.evidence for event in guard.decisions if event.action == "hold"] == ["evidence-1"]


def test_an_object_that_ends_before_its_last_value_does_is_refused() -> None:
    assert guarded([*HELLO, *storing(image()[:-1000])], LOOK).refusals == [("protocol", "length-beyond")]


# ---------------------------------------------------------------- held objects
@pytest.mark.parametrize("cut", [None, 700])
def test_a_held_object_goes_into_quarantine_and_the_sender_may_come_again(cut: int | None) -> None:
    quarantine = Quarantine()
    hold = Rule(name="hold", line=1, action=Action.HOLD, tasks=frozenset({Task.STORE}))
    contexts = Rule(name="get", line=2, tasks=frozenset({Task.GET}))
    script = [*HELLO, *storing(image())[:2]]
    guard = guarded(script, hold, contexts, cut=cut, quarantine=quarantine)
    assert guard.to_server == script[0][1]
    assert answers(guard, script) == [("C-STORE", 1, 0xA700)]
    assert quarantine.kept == {"evidence-1": image()}
    (held,) = [event for event in guard.decisions if event.action == "hold"]
    assert (held.reason, held.evidence) == ("rule", "evidence-1")
    full = guarded(script, hold, contexts, quarantine=Quarantine(full=True))
    assert answers(full, script) == [("C-STORE", 1, 0xA700)]
    assert full.refusals == [("blind", "")]
    lax = structs.replace(LISTENER, fail="open")
    passed = guarded(script, hold, contexts, listener=lax, quarantine=Quarantine(full=True))
    assert passed.to_server == sent(script, CLIENT)
    assert [(each.action, each.reason, each.rule) for each in passed.decisions[1:]] == [("allow", "blind", "hold")]


def test_an_object_that_never_ends_leaves_nothing_open() -> None:
    for rule in (structs.replace(LOOK, on_hit=Action.HOLD), Rule(name="h", line=1, action=Action.HOLD)):
        quarantine = Quarantine()
        guard = Guarded(rule, Rule(name="get", line=2, tasks=frozenset({Task.GET})), quarantine=quarantine)
        guard.play([*HELLO, (CLIENT, sent(storing(image()), CLIENT)[:50_000])])
        guard.conversation.closed(CLIENT)
        guard.finish()
        assert (quarantine.kept, quarantine.forgotten) == ({}, len(quarantine.opened))


# ---------------------------------------------------------------- size and volume
def test_an_object_too_long_for_its_rule_is_never_complete() -> None:
    guard = guarded([*HELLO, *storing(image())], structs.replace(LOOK, object_size=50_000), cut=999)
    assert guard.refusals == [("size", "")]
    ((data, complete),) = stored(guard.to_server)
    assert len(data) <= 50_000
    assert not complete
    script = [*HELLO, *storing(image())]
    assert guarded(script, structs.replace(LOOK, object_size=len(image()))).to_server == sent(script, CLIENT)


def test_bytes_beyond_the_volume_are_never_complete() -> None:
    rule = structs.replace(LOOK, rates=(Rate(what="bytes", amount=150_000, seconds=3600),))
    guard = guarded([*HELLO, *storing(image()), *storing(image(), message=2)], rule)
    assert guard.refusals == [("rate", "")]
    assert [complete for _, complete in stored(guard.to_server)] == [True, False]


# ---------------------------------------------------------------- rewriting
PRIVATE = ((0x0009_0010, "LO", b"SOMEBODY"), (0x0009_1001, "LO", b"SECRET OF A MAKER"))


@pytest.mark.parametrize(("cut", "most"), [(None, 16384), (100, 16384), (5000, 600)])
def test_private_elements_are_left_out_and_pixels_stay(cut: int | None, most: int) -> None:
    public = ((0x0010_0020, "LO", b"CANARYID42"), (0x7FE0_0010, "OW", bytes(range(256)) * 100))
    script = [
        HELLO[0],
        (SERVER, d.associate_ac(accepted=(d.EXPLICIT,), user=d.user_information(max_pdu=most))),
        *storing(d.data_set((*PRIVATE, *public), d.EXPLICIT), size=most - 6),
    ]
    guard = guarded(script, structs.replace(LOOK, strip_private=True), cut=cut, rewriter=Rewriter, listener=LEDGER)
    assert guard.refusals == []
    ((data, complete),) = stored(guard.to_server)
    assert complete
    read = dcmread(BytesIO(data), force=True)
    assert [element.tag for element in read if element.tag.is_private] == []
    assert read.PixelData == bytes(range(256)) * 100
    assert read.PatientID == "CANARYID42"
    position, stream = 0, guard.to_server
    while position < len(stream):
        length = struct.unpack_from(">I", stream, position + 2)[0]
        assert stream[position] != 4 or length <= most
        position += 6 + length
    (entry,) = guard.objects
    assert (entry.altered, entry.size) == (True, len(data))


def test_what_cannot_be_rewritten_goes_nowhere_unless_the_listener_fails_open() -> None:
    script = [*HELLO, *storing(d.data_set([PRIVATE[0]], d.EXPLICIT) + b"\x10\0\x10\0??" + bytes(40_000))]
    rule = structs.replace(LOOK, strip_private=True)
    guard = guarded(script, rule, rewriter=Rewriter)
    assert guard.refusals == [("blind", "not-walkable")]
    assert not stored(guard.to_server)[0][1]
    guard = guarded(script, rule, rewriter=Rewriter, listener=OPEN)
    assert guard.refusals == []
    assert stored(guard.to_server) == stored(sent(script, CLIENT))
    assert [event.detail for event in guard.decisions if event.reason == "blind"] == ["not-walkable"]


def test_in_shadow_nothing_is_left_out() -> None:
    script = [*HELLO, *storing(d.data_set(PRIVATE, d.EXPLICIT))]
    rule = structs.replace(LOOK, strip_private=True, shadow=True)
    assert guarded(script, rule, rewriter=Rewriter).to_server == sent(script, CLIENT)


# ---------------------------------------------------------------- the ledger
def test_each_object_is_told_with_the_answer_of_the_archive() -> None:
    script = [*HELLO, *storing(image()), *storing(image(pixels=10), message=2, status=0xA700)]
    guard = guarded(script, LOOK, listener=LEDGER)
    assert [(entry.status, entry.size, entry.altered) for entry in guard.objects] == [
        (0, len(image()), False),
        (0xA700, len(image(pixels=10)), False),
    ]
    first, second = guard.objects
    assert first.transfer_syntax == d.EXPLICIT
    assert len(first.pixel_digest) == len(first.dataset_digest) == 64
    assert first.pixel_digest != second.pixel_digest
    assert first.study == second.study != "1.2.826.0.1.1"
    again = guarded(script, LOOK, listener=LEDGER, cut=333).objects
    assert [entry.dataset_digest for entry in again] == [first.dataset_digest, second.dataset_digest]
    assert "CANARY" not in repr(guard.events)
    assert "1.2.826.0.1.1" not in repr(guard.events)


def test_an_object_without_an_answer_is_told_at_the_end() -> None:
    guard = guarded([*HELLO, *storing(image())[:2]], structs.replace(LOOK, inspect="off"), listener=LEDGER)
    assert [entry.status for entry in guard.objects] == [-1]


def test_objects_that_come_back_are_looked_at_and_not_told_in_the_ledger() -> None:
    script = [
        *opened(STUDY_ROOT_GET, d.CT_IMAGE),
        (CLIENT, d.command(0x0010, STUDY_ROOT_GET, data_set=True)),
        (CLIENT, d.values(1, d.data_set(FIRST), command=False)),
        *SUB_STORE[:1],
    ]
    clean = guarded([*script, *SUB_STORE[1:]], LOOK, listener=LEDGER)
    assert clean.to_client == sent([*script, *SUB_STORE[1:]], SERVER)
    assert clean.objects == []
    hostile = (SERVER, d.values(3, image(BEHIND_PIXELS, syntax=d.IMPLICIT), command=False))
    guard = guarded([*script, hostile], LOOK)
    assert guard.refusals[0][0] == "content"
    assert not stored(guard.to_client)[-1][1]


def test_the_association_counts_what_went_on() -> None:
    guard = guarded([*HELLO, *storing(image()), *storing(image(BEHIND_PIXELS), message=2)], LOOK)
    (association,) = [event for event in guard.events if isinstance(event, DicomAssociation)]
    assert (association.objects, association.object_bytes) == (1, len(image()))
    assert association.outcome == "aborted"
