import struct
from ipaddress import ip_address

import pytest
from hypothesis import given

from leadapron.model.events import Event, NameQuery, NameSeen, Service
from leadapron.see.wire.dissector import DatagramProtocol
from leadapron.see.wire.dns import DNS, LLMNR, MDNS, is_private
from tests.see.wire.hostile import check_datagram, mutated
from tests.see.wire.playbook import datagram


def name(text: str) -> bytes:
    return b"".join(bytes((len(label),)) + label.encode() for label in text.split(".") if label) + b"\0"


def question(text: str, kind: int = 1) -> bytes:
    return name(text) + struct.pack(">HH", kind, 1)


def record(owner: bytes, kind: int, data: bytes) -> bytes:
    return owner + struct.pack(">HHIH", kind, 1, 60, len(data)) + data


def message(questions: list[bytes], answers: list[bytes], *, response: bool = True) -> bytes:
    flags = 0x8180 if response else 0x0100
    return struct.pack(">6H", 1, flags, len(questions), len(answers), 0, 0) + b"".join(questions + answers)


def address(text: str) -> bytes:
    return ip_address(text).packed


def seen(payload: bytes, protocol: DatagramProtocol = DNS) -> list[Event]:
    port = protocol.ports[0]
    events = protocol.dissect(datagram(payload, port, port))
    assert events is not None
    return events


def pairs(events: list[Event]) -> list[tuple[str, str, str]]:
    return [(event.name, event.ip, event.role) for event in events if isinstance(event, NameSeen)]


POINTER = b"\xc0\x0c"
ANSWER = message(
    [question("pacs.hospital.lan")],
    [
        record(POINTER, 5, name("PACS01.hospital.lan")),
        record(name("pacs01.hospital.lan"), 1, address("10.20.0.5")),
        record(name("pacs01.hospital.lan"), 28, address("2001:db8::5")),
    ],
)
QUERY = message([question("Updates.Vendor.example.com")], [], response=False)
SERVICE = message(
    [],
    [
        record(name("_acr-nema._tcp.local"), 12, name("CT1._acr-nema._tcp.local")),
        record(name("CT1._acr-nema._tcp.local"), 33, struct.pack(">HHH", 0, 0, 104) + name("ct1.local")),
        record(name("ct1.local"), 1, address("192.168.7.9")),
    ],
)


def test_an_answer_ties_a_name_and_its_alias_to_a_private_address() -> None:
    assert pairs(seen(ANSWER)) == [("pacs01.hospital.lan", "10.20.0.5", ""), ("pacs.hospital.lan", "10.20.0.5", "")]


def test_a_question_for_a_name_outside() -> None:
    [event] = seen(QUERY)
    assert isinstance(event, NameQuery)
    assert (event.ip, event.server, event.name) == ("192.0.2.1", "192.0.2.2", "updates.vendor.example.com")


@pytest.mark.parametrize("local", ["ct1", "ct1.local", "pacs.hospital.lan", "5.0.20.10.in-addr.arpa", "bad name.com"])
def test_questions_for_local_names_are_not_kept(local: str) -> None:
    assert seen(message([question(local)], [], response=False)) == []


def test_a_reverse_answer() -> None:
    answer = message([question("5.0.20.10.in-addr.arpa", 12)], [record(POINTER, 12, name("pacs01.hospital.lan"))])
    assert pairs(seen(answer)) == [("pacs01.hospital.lan", "10.20.0.5", "")]
    nibbles = ".".join(reversed(address("fd00::1").hex()))
    answer = message([question(nibbles + ".ip6.arpa", 12)], [record(POINTER, 12, name("ct6.lan"))])
    assert pairs(seen(answer)) == [("ct6.lan", "fd00::1", "")]


def test_a_device_announces_its_service() -> None:
    events = seen(SERVICE, MDNS)
    assert pairs(events) == [("ct1.local", "192.168.7.9", ""), ("ct1.local", "192.168.7.9", "_acr-nema._tcp")]
    assert {event.source for event in events if isinstance(event, NameSeen)} == {Service.MDNS}


def test_link_local_multicast_answer() -> None:
    answer = message([question("CT01")], [record(POINTER, 1, address("10.0.0.9"))])
    assert pairs(seen(answer, LLMNR)) == [("ct01", "10.0.0.9", "")]


@pytest.mark.parametrize("public", ["8.8.8.8", "127.0.0.1", "192.0.2.7"])
def test_names_of_the_internet_are_left_out(public: str) -> None:
    assert seen(message([question("a.com")], [record(POINTER, 1, address(public))])) == []
    assert not is_private(public)


def test_pointer_loops_end() -> None:
    loop = struct.pack(">6H", 1, 0x8180, 1, 1, 0, 0) + b"\xc0\x0c\0\1\0\1"
    assert DNS.dissect(datagram(loop, 53, 53)) is None


def test_records_before_a_cut_stay_good() -> None:
    assert pairs(seen(ANSWER[:-10])) == [
        ("pacs01.hospital.lan", "10.20.0.5", ""),
        ("pacs.hospital.lan", "10.20.0.5", ""),
    ]


@given(mutated([ANSWER, QUERY, SERVICE]))
def test_hostile_bytes(payload: bytes) -> None:
    for protocol in (DNS, MDNS, LLMNR):
        check_datagram(protocol.dissect, payload, protocol.ports[0], 40000)
