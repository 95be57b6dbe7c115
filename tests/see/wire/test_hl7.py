"""HL7 v2 over MLLP: normal exchanges, odd framing, batches, and patients that must not be seen."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadapron.model.events import Anomaly, ClockReading, Event, Hl7Session, Hl7Traffic, Service
from leadapron.see.wire import hl7
from leadapron.see.wire.dissector import STOP, Match, Side
from leadapron.see.wire.hl7 import Hl7Dissector
from tests.see.wire.playbook import CLIENT, SERVER, ScriptedConversation, play

Script = list[tuple[Side, bytes]]
CANARY = "ZYXWVUT"


def message(kind: str = "ORM^O01^ORM_O01", *more: str, time: str = "20261124080000+0000") -> bytes:
    header = f"MSH|^~\\&|RIS|RADIOLOGY|PACS|ARCHIVE|{time}|secret|{kind}|1|P|2.5.1"
    patient = f"PID|1||{CANARY}1||{CANARY}^JOHN||19700101|M"
    return ("\r".join((header, *more, patient)) + "\r").encode()


def acknowledgement(code: str = "AA") -> bytes:
    return f"MSH|^~\\&|PACS|ARCHIVE|RIS|RADIOLOGY|20261124100000||ACK^O01|1|P|2.5.1\rMSA|{code}|1\r".encode()


def block(content: bytes) -> bytes:
    return b"\x0b" + content + b"\x1c\r"


def session(events: Sequence[Event]) -> Hl7Session:
    (found,) = (event for event in events if isinstance(event, Hl7Session))
    return found


def named(events: Sequence[Event]) -> list[str]:
    return [event.name for event in events if isinstance(event, Anomaly)]


def test_an_order_and_its_acknowledgement() -> None:
    events = play(Hl7Dissector, [(CLIENT, block(message())), (SERVER, block(acknowledgement()))])
    seen = session(events)
    assert seen.messages == 2
    assert seen.traffic == (
        Hl7Traffic(
            by_client=True,
            message_type="ORM^O01",
            sending_application="RIS",
            sending_facility="RADIOLOGY",
            receiving_application="PACS",
            receiving_facility="ARCHIVE",
            version="2.5.1",
            messages=1,
        ),
        Hl7Traffic(
            by_client=False,
            message_type="ACK^O01",
            sending_application="PACS",
            sending_facility="ARCHIVE",
            receiving_application="RIS",
            receiving_facility="RADIOLOGY",
            version="2.5.1",
            messages=1,
            acknowledgement="AA",
        ),
    )
    clocks = [event for event in events if isinstance(event, ClockReading)]
    assert [(clock.ip, clock.offset, clock.zone_known) for clock in clocks] == [
        ("192.0.2.1", 0, True),
        ("192.0.2.2", 7200, False),
    ]
    assert {clock.source for clock in clocks} == {Service.HL7}
    assert not named(events)


def test_equal_messages_share_a_row() -> None:
    events = play(Hl7Dissector, [(CLIENT, block(message()) * 3 + block(message("ADT^A08")))])
    assert [(row.message_type, row.messages) for row in session(events).traffic] == [("ORM^O01", 3), ("ADT^A08", 1)]
    assert sum(isinstance(event, ClockReading) for event in events) == 1


@pytest.mark.parametrize(
    "stream",
    [
        block(message()) * 2,
        (b"\x0b" + message() + b"\x1c") * 2,
        (b"\x0b" + message() + b"\r\x1c\r\n") * 2,
        (b"\x0b\r\n" + message() + b"\x1c\r") * 2,
        (message() + b"\x1c\r") * 2,
        message() * 2,
        block(message().replace(b"\r", b"\n")) * 2,
        block(message().replace(b"\r", b"\r\n")) * 2,
        b"\r\n" + block(message()) * 2,
        block(message()) + b"\x0b" + message(),
    ],
)
def test_framing_as_it_is_met(stream: bytes) -> None:
    events = play(Hl7Dissector, [(CLIENT, stream)])
    assert session(events).messages == 2
    assert [row.message_type for row in session(events).traffic] == ["ORM^O01"]
    assert not named(events)
    for cut in (1, 3, [7, 1]):
        assert play(Hl7Dissector, [(CLIENT, stream)], cut=cut) == events


def test_a_message_without_end_block_ends_where_the_next_begins() -> None:
    events = play(Hl7Dissector, [(CLIENT, b"\x0b" + message() + block(message("ADT^A01")))])
    assert session(events).messages == 2
    assert named(events) == ["hl7.no-end"]


def test_a_batch_counts_its_messages() -> None:
    wrapped = (
        b"FHS|^~\\&|RIS\rBHS|^~\\&|RIS\r"
        + message()
        + b"MSH|^~\\&|RIS|||||||\r"
        + message("ADT^A08")
        + b"BTS|2\rFTS|1\r"
    )
    events = play(Hl7Dissector, [(CLIENT, block(wrapped) + block(message()))])
    assert [(row.message_type, row.messages) for row in session(events).traffic] == [
        ("ORM^O01", 2),
        ("", 1),
        ("ADT^A08", 1),
    ]


def test_a_header_inside_an_ordinary_message_is_text() -> None:
    events = play(Hl7Dissector, [(CLIENT, block(message("MDM^T02", "OBX|1|TX", "MSH|^~\\&|FAKE")))])
    assert session(events).messages == 1


def test_separators_are_those_of_the_message() -> None:
    other = b"MSH#*~\\&#RIS*1.2.3*ISO#*9.9*ISO#####ORU*R01*ORU_R01#1#P#2.3*X\rPID#1\r"
    (row,) = session(play(Hl7Dissector, [(CLIENT, block(other))])).traffic
    assert (row.message_type, row.version) == ("ORU^R01", "2.3")
    assert (row.sending_application, row.sending_facility, row.receiving_application) == ("RIS", "9.9", "")


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        ("Hôpital".encode(), "Hôpital"),
        ("Hôpital".encode("latin-1"), "Hôpital"),
        (b"A\x07B", "A B"),
        (b"x" * 99, "x" * 64),
    ],
)
def test_names_are_printable_and_short_in_any_character_set(raw: bytes, name: str) -> None:
    (row,) = session(play(Hl7Dissector, [(CLIENT, block(b"MSH|^~\\&|" + raw + b"|\rPID|\r"))])).traffic
    assert row.sending_application == name


@pytest.mark.parametrize("before", ["", "SFT|maker|1\r", "SFT|maker|1\rUAC|x\r"])
def test_the_acknowledgement_code_is_found_behind_optional_segments(before: str) -> None:
    answer = f"MSH|^~\\&|PACS||||||ORR^O02|1|P|2.5\r{before}MSA|AE|1|{CANARY}\rPID|{CANARY}\r".encode()
    script = [(SERVER, block(answer))]
    (row,) = session(play(Hl7Dissector, script)).traffic
    assert (row.message_type, row.acknowledgement) == ("ORR^O02", "AE")
    assert play(Hl7Dissector, script) == play(Hl7Dissector, script, cut=1)


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        ("20261124080005", (5, False)),
        ("20261124080005.1234", (5, False)),
        ("20261124090010.5+0100", (10, True)),
        ("20261124075959-0000", (-1, True)),
        ("20261124060000-0200", (0, True)),
        ("202611240800", None),
        ("20261324080000", None),
        ("20261124080060", None),
        ("20261124080000+9999", None),
        ("00000101000000", None),
        ("", None),
    ],
)
def test_clocks_are_read_where_they_are_precise(time: str, expected: tuple[int, bool] | None) -> None:
    events = play(Hl7Dissector, [(CLIENT, block(message(time=time)))])
    read = [(event.offset, event.zone_known) for event in events if isinstance(event, ClockReading)]
    assert read == ([] if expected is None else [expected])


def test_an_extreme_clock_is_still_a_number() -> None:
    assert play(Hl7Dissector, [(CLIENT, block(message(time="99991231235959-1200")))])
    assert play(Hl7Dissector, [(CLIENT, block(message(time="00010101000000+1200")))])


def test_a_gap_costs_a_message_and_no_more() -> None:
    conversation = ScriptedConversation()
    dissector = Hl7Dissector(conversation)
    stream = block(message())
    assert dissector.feed(CLIENT, stream + stream[:50]) == len(stream) + 1
    assert dissector.gap(CLIENT, 40) == 0
    rest = stream[90:] + block(message("ADT^A01"))
    assert dissector.feed(CLIENT, rest) == len(rest)
    dissector.close()
    seen = session(conversation.events)
    assert (seen.gaps, [row.message_type for row in seen.traffic]) == (1, ["ORM^O01", "ADT^A01"])
    assert not named(conversation.all_events)


def test_bytes_of_something_else_are_named_and_passed_over() -> None:
    script = [(CLIENT, block(message()) + b"GET / HTTP/1.1\r\n\r\n\x0bnoise" + block(message("ADT^A01")))]
    events = play(Hl7Dissector, script)
    assert session(events).messages == 2
    assert named(events) == ["hl7.framing"]
    assert play(Hl7Dissector, script, cut=1) == events


def test_a_block_without_header_is_named() -> None:
    events = play(Hl7Dissector, [(CLIENT, block(message()) + block(b"PID|1\r") + block(message()))])
    assert session(events).messages == 2
    assert named(events) == ["hl7.header"]


def test_kinds_beyond_the_limit_are_counted_together() -> None:
    stream = b"".join(block(message(f"ADT^A{number:02d}")) for number in range(hl7.MAX_ROWS + 6))
    traffic = session(play(Hl7Dissector, [(CLIENT, stream)])).traffic
    assert len(traffic) == hl7.MAX_ROWS + 1
    assert (traffic[-1].message_type, traffic[-1].messages) == (hl7.OVERFLOW, 6)


def test_a_header_without_end_is_cut() -> None:
    script = [(CLIENT, b"\x0bMSH|^~\\&|RIS|" + b"A" * 10_000 + b"\r\x1c\r" + block(message()))]
    events = play(Hl7Dissector, script)
    assert session(events).messages == 2
    assert named(events) == ["hl7.header-length"]
    assert play(Hl7Dissector, script, cut=[1000, 37]) == events


def test_a_message_without_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hl7, "MAX_MESSAGE", 5_000)
    endless = b"\x0b" + message() + b"OBX|" + b"A" * 20_000 + b"\x1c\r" + block(message())
    events = play(Hl7Dissector, [(CLIENT, endless)])
    assert session(events).messages == 1
    assert named(events) == ["hl7.no-end"]
    assert play(Hl7Dissector, [(CLIENT, endless)], cut=[97, 1]) == events
    dissector = Hl7Dissector(ScriptedConversation())
    assert dissector.feed(CLIENT, endless) == STOP


def test_a_long_message_leaves_nothing_waiting() -> None:
    dissector = Hl7Dissector(ScriptedConversation())
    piece = b"\x0b" + message() + b"OBX|" + b"A" * 1_000_000
    assert len(piece) - dissector.feed(CLIENT, piece) <= 8


def test_no_patient_is_ever_in_an_event() -> None:
    stream = block(message()) + message() + block(acknowledgement("AE")) + b"\x0b" + message()[:-10]
    events = play(Hl7Dissector, [(CLIENT, stream), (SERVER, stream)], cut=[11, 3])
    assert CANARY.encode() not in msgspec.json.encode(events)
    assert b"secret" not in msgspec.json.encode(events)


@pytest.mark.parametrize(
    ("head", "start", "midstream"),
    [
        (b"", Match.MORE, Match.MORE),
        (b"\x0b", Match.MORE, Match.MORE),
        (b"\x0bMSH", Match.MORE, Match.MORE),
        (b"\x0bMSH|", Match.YES, Match.MORE),
        (block(message()), Match.YES, Match.YES),
        (b"\x0bFHS|^~\\&|RIS", Match.YES, Match.YES),
        (b"\x0bBHS#*~\\&#RIS", Match.YES, Match.YES),
        (b"MSH|^~", Match.MORE, Match.NO),
        (message(), Match.YES, Match.NO),
        (b"\x0bMSHAPE|is|not|a|header", Match.NO, Match.NO),
        (b"\x0bPID|", Match.NO, Match.NO),
        (b"GET /MSH|^~\\& HTTP/1.1", Match.NO, Match.NO),
        (b"\x16\x03\x01", Match.NO, Match.NO),
        (b"\x01\x00\x00\x00", Match.NO, Match.NO),
    ],
)
def test_recognition(head: bytes, start: Match, midstream: Match) -> None:
    assert Hl7Dissector.recognise(CLIENT, head) is start
    assert Hl7Dissector.recognise_midstream(SERVER, head) is midstream


PIECES = st.sampled_from(
    [
        b"\x0b",
        b"\x1c\r",
        b"\r",
        b"MSH|^~\\&|RIS|F|PACS|G|20261124080000||ORM^O01|1|P|2.3",
        b"MSH",
        b"BHS|^~\\&|",
        b"MSA|AA|1",
        b"SFT|",
        b"PID|1||DOE",
        b"\rMSH|",
        b"\x00 ",
    ]
)
STREAMS = st.lists(st.one_of(PIECES, PIECES, st.binary(max_size=12)), max_size=30).map(b"".join)
SCRIPTS = st.lists(st.tuples(st.sampled_from([CLIENT, SERVER]), STREAMS), max_size=4)


@given(SCRIPTS, st.lists(st.integers(1, 40), min_size=1, max_size=4))
def test_never_raises_and_never_depends_on_cuts(script: Script, cut: list[int]) -> None:
    whole = play(Hl7Dissector, script)
    assert play(Hl7Dissector, script, cut=1) == whole
    assert play(Hl7Dissector, script, cut=cut) == whole
    assert "stream.pending-limit" not in named(whole)
