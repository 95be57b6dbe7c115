import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadapron.model.events import ClockReading, Event, SyslogSeen
from leadapron.see.wire.dissector import Match
from leadapron.see.wire.syslog import MAX_HEAD, PROTOCOL, SyslogDissector
from tests.see.wire.hostile import Script, check_datagram, check_stream, encoded, mutated, recognises_foreign, scripts
from tests.see.wire.playbook import CLIENT, datagram, play

MODERN = (
    b"<110>1 2026-11-24T08:00:30.5+00:00 pacs01 storescp 77 audit - \xef\xbb\xbf<AuditMessage><canary/></AuditMessage>"
)
OLD = b"<38>Nov 24 08:00:00 ct1 sshd[812]: Failed password for canary"


def dissected(payload: bytes) -> list[Event]:
    events = PROTOCOL.dissect(datagram(payload, 5140, 514))
    assert events is not None
    return events


def test_audit_message_of_a_dicom_node() -> None:
    seen, clock = dissected(MODERN)
    assert isinstance(seen, SyslogSeen)
    assert (seen.ip, seen.collector, seen.application, seen.audit) == ("192.0.2.1", "192.0.2.2", "storescp", True)
    assert isinstance(clock, ClockReading)
    assert clock.offset == 30
    assert b"canary" not in encoded([seen, clock])


@pytest.mark.parametrize(
    ("message", "application"),
    [
        (OLD, "sshd"),
        (b"<13>Nov  4 08:00:00 system: ok", "system"),
        (b"<13>Nov  4 08:00:00 fe80::1 su: canary", "su"),
        (b"<13>kernel: canary", "kernel"),
        (b"<13>canary text without a tag", ""),
        (b"<13>1 - - - - - - canary", ""),
    ],
)
def test_tag_of_older_messages(message: bytes, application: str) -> None:
    [seen] = dissected(message)
    assert isinstance(seen, SyslogSeen)
    assert (seen.application, seen.audit) == (application, False)
    assert b"canary" not in encoded([seen])


def test_other_bytes_on_the_port_are_not_syslog() -> None:
    for payload in (b"hello", b"<999>x", b"<>x"):
        assert PROTOCOL.dissect(datagram(payload, 5140, 514)) is None


COUNTED: Script = [(CLIENT, b"%d %s" % (len(MODERN), MODERN) + b"%d %s" % (len(OLD), OLD))]
LINES: Script = [(CLIENT, OLD + b"\n" + MODERN + b"\n" + OLD + b"x" * 2 * MAX_HEAD + b"\n" + OLD + b"\n")]


@pytest.mark.parametrize("script", [COUNTED, LINES])
def test_over_tcp(script: Script) -> None:
    events = play(SyslogDissector, script)
    found = {(event.application, event.audit) for event in events if isinstance(event, SyslogSeen)}
    assert found == {("storescp", True), ("sshd", False)}
    assert [event.offset for event in events if isinstance(event, ClockReading)] == [30]
    assert b"canary" not in encoded(events)


def test_recognition() -> None:
    assert SyslogDissector.recognise(CLIENT, COUNTED[0][1]) is Match.YES
    assert SyslogDissector.recognise(CLIENT, LINES[0][1]) is Match.YES
    assert SyslogDissector.recognise(CLIENT, b"123 <") is Match.MORE
    assert SyslogDissector.recognise(CLIENT, b"123 hello") is Match.NO
    assert SyslogDissector.recognise(CLIENT, b"<html>") is Match.NO
    assert recognises_foreign(SyslogDissector) == []


@given(scripts(COUNTED, LINES), st.integers(1, 40))
def test_hostile_streams(script: Script, cut: int) -> None:
    check_stream(SyslogDissector, script, cut)


@given(mutated([MODERN, OLD]))
def test_hostile_datagrams(payload: bytes) -> None:
    check_datagram(PROTOCOL.dissect, payload, 5140, 514)
