import struct

from hypothesis import given

from leadapron.model.events import Event, NameSeen
from leadapron.see.wire.netbios import PROTOCOL, decode_name
from tests.see.wire.hostile import check_datagram, mutated
from tests.see.wire.playbook import datagram


def encode(name: str, suffix: int) -> bytes:
    plain = name.encode().ljust(15) + bytes((suffix,))
    return b"\x20" + bytes(0x41 + half for byte in plain for half in (byte >> 4, byte & 15)) + b"\0"


def registration(name: str, suffix: int, flags: int = 0) -> bytes:
    head = struct.pack(">6H", 1, 0x2910, 1, 0, 0, 1) + encode(name, suffix) + struct.pack(">HH", 0x20, 1)
    return head + b"\xc0\x0c" + struct.pack(">HHIHH4B", 0x20, 1, 300, 6, flags, 10, 20, 10, 11)


ANSWER = (
    struct.pack(">6H", 1, 0x8500, 0, 1, 0, 0)
    + encode("FILES01", 0x20)
    + struct.pack(">HHIHH4B", 0x20, 1, 300, 6, 0, 10, 20, 20, 70)
)
STATUS = (
    struct.pack(">6H", 1, 0x8400, 0, 1, 0, 0)
    + encode("*", 0)
    + struct.pack(">HHIHB", 0x21, 1, 0, 43, 2)
    + b"CT01           \x00\x04\x00"
    + b"HOSPITAL       \x00\x84\x00"
    + bytes(6)
)
ANNOUNCEMENT = (
    struct.pack(">BBH4BHHH", 0x11, 0x0A, 1, 10, 20, 10, 11, 138, 100, 0)
    + encode("CT01", 0x20)
    + encode("HOSPITAL", 0x1E)
    + b"\xffSMB%"
)


def pairs(payload: bytes, port: int = 137) -> list[tuple[str, str, str]]:
    events: list[Event] | None = PROTOCOL.dissect(datagram(payload, port, port))
    assert events is not None
    return [(event.name, event.ip, event.role) for event in events if isinstance(event, NameSeen)]


def test_a_host_registers_its_name() -> None:
    assert pairs(registration("CT01", 0)) == [("CT01", "10.20.10.11", "workstation")]


def test_a_host_answers_to_its_name() -> None:
    assert pairs(ANSWER) == [("FILES01", "10.20.20.70", "server")]


def test_a_host_lists_its_names_but_its_group_is_no_host() -> None:
    assert pairs(STATUS) == [("CT01", "192.0.2.1", "workstation")]


def test_a_host_announces_itself() -> None:
    assert pairs(ANNOUNCEMENT, 138) == [("CT01", "10.20.10.11", "server")]


def test_names_that_may_be_users_are_not_kept() -> None:
    assert pairs(registration("CANARY", 3)) == []


def test_domain_controllers_are_a_group_with_a_use() -> None:
    assert pairs(registration("HOSPITAL", 0x1C, 0x8000)) == [("HOSPITAL", "10.20.10.11", "domain-controller")]
    assert pairs(registration("HOSPITAL", 0x1E, 0x8000)) == []


def test_names_are_decoded_or_refused() -> None:
    assert decode_name(encode("PACS", 0x20)) == ("PACS", 0x20)
    assert decode_name(b"\x20" + b"z" * 33) == ("", -1)
    assert PROTOCOL.dissect(datagram(b"x" * 80, 137, 137)) is None


@given(mutated([registration("CT01", 0), ANSWER, STATUS, ANNOUNCEMENT]))
def test_hostile_bytes(payload: bytes) -> None:
    check_datagram(PROTOCOL.dissect, payload, 137, 137)
    check_datagram(PROTOCOL.dissect, payload, 138, 138)
