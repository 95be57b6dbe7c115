import struct

from hypothesis import given

from leadapron.model.events import DhcpSeen
from leadapron.see.wire.dhcp import PROTOCOL
from tests.see.wire.hostile import check_datagram, mutated
from tests.see.wire.playbook import datagram

MAC = bytes.fromhex("00085d100031")


def dhcp(*options: tuple[int, bytes], operation: int = 1, ciaddr: bytes = bytes(4)) -> bytes:
    head = bytes((operation, 1, 6, 0)) + bytes(8) + ciaddr + bytes(12) + MAC + bytes(10 + 192) + b"\x63\x82\x53\x63"
    return head + b"".join(bytes((code, len(value))) + value for code, value in options) + b"\xff"


REQUEST = dhcp(
    (53, b"\3"), (12, b"LOGIQE9\0"), (60, b"MSFT 5.0"), (55, bytes((1, 3, 6, 15))), (50, bytes((10, 20, 10, 31)))
)


def dhcp6(kind: int, *options: tuple[int, bytes]) -> bytes:
    return bytes((kind, 1, 2, 3)) + b"".join(struct.pack(">HH", code, len(value)) + value for code, value in options)


SOLICIT = dhcp6(
    1,
    (1, b"\0\x01\0\x01\x2a\0\0\0" + MAC),
    (6, struct.pack(">HH", 23, 24)),
    (16, b"\0\0\x01\x37\0\x08MSFT 5.0"),
    (39, b"\0\x04CT01\x08hospital"),
)


def seen(payload: bytes, source_port: int = 68, destination_port: int = 67) -> DhcpSeen:
    events = PROTOCOL.dissect(datagram(payload, source_port, destination_port))
    assert events is not None
    [event] = events
    assert isinstance(event, DhcpSeen)
    return event


def test_a_device_introduces_itself() -> None:
    event = seen(REQUEST)
    assert event.mac == "00:08:5d:10:00:31"
    assert (event.hostname, event.vendor_class, event.parameters) == ("LOGIQE9", "MSFT 5.0", "1,3,6,15")
    assert (event.requested_ip, event.message) == ("10.20.10.31", "request")


def test_renewal_uses_the_address_it_has() -> None:
    assert seen(dhcp((53, b"\3"), ciaddr=bytes((10, 0, 0, 7)))).requested_ip == "10.0.0.7"


def test_full_name_in_text_and_in_dns_form() -> None:
    assert seen(dhcp((53, b"\1"), (81, b"\0\0\0ct01.hospital.lan"))).hostname == "ct01.hospital.lan"
    assert seen(dhcp((53, b"\1"), (81, b"\4\0\0\4ct01\x08hospital\0"))).hostname == "ct01.hospital"


def test_answers_of_servers_tell_nothing() -> None:
    assert PROTOCOL.dissect(datagram(dhcp((53, b"\5"), operation=2), 67, 68)) == []
    assert PROTOCOL.dissect(datagram(b"tftp?" * 60, 67, 68)) is None


def test_version_6() -> None:
    event = seen(SOLICIT, 546, 547)
    assert event.mac == "00:08:5d:10:00:31"
    assert (event.hostname, event.vendor_class, event.parameters) == ("CT01.hospital", "MSFT 5.0", "23,24")
    assert event.message == "solicit"


@given(mutated([REQUEST, SOLICIT]))
def test_hostile_bytes(payload: bytes) -> None:
    check_datagram(PROTOCOL.dissect, payload, 68, 67)
    check_datagram(PROTOCOL.dissect, payload, 546, 547)
