import pytest
from hypothesis import given

from leadapron.model.events import SnmpSeen
from leadapron.see.wire.snmp import PROTOCOL
from tests.see.wire.ber_bytes import integer, tlv
from tests.see.wire.hostile import check_datagram, encoded, mutated
from tests.see.wire.playbook import datagram

SYS_DESCR = bytes((0x2B, 6, 1, 2, 1, 1, 1, 0))


def message(version: int, community: bytes, pdu: int, value: bytes = b"\x05\x00") -> bytes:
    bindings = tlv(0x30, tlv(0x30, tlv(6, SYS_DESCR) + value))
    return tlv(0x30, integer(version) + tlv(4, community) + tlv(pdu, integer(7) + integer(0) + integer(0) + bindings))


RESPONSE = message(1, b"public", 0xA2, tlv(4, b"AGFA DRYSTAR 5503\r\nfirmware 6.3" + b" x" * 100))
USM = tlv(4, tlv(0x30, tlv(4, b"") + integer(0) + integer(0) + tlv(4, b"canary") + tlv(4, b"") + tlv(4, b"")))
VERSION_3 = tlv(
    0x30, integer(3) + tlv(0x30, integer(1) + integer(65507) + tlv(4, b"\x07") + integer(3)) + USM + tlv(4, b"?")
)


def seen(payload: bytes, source_port: int, destination_port: int) -> SnmpSeen:
    events = PROTOCOL.dissect(datagram(payload, source_port, destination_port))
    assert events is not None
    [event] = events
    assert isinstance(event, SnmpSeen)
    return event


def test_agent_describes_itself_to_a_manager_with_the_default_community() -> None:
    event = seen(RESPONSE, 161, 40000)
    assert (event.agent, event.manager) == ("192.0.2.1", "192.0.2.2")
    assert (event.version, event.default_community, event.answered) == ("2c", True, True)
    assert event.system_description.startswith("AGFA DRYSTAR 5503 firmware 6.3")
    assert len(event.system_description) == 120


@pytest.mark.parametrize("pdu", [0xA0, 0xA1, 0xA3, 0xA5])
def test_requests_come_from_the_manager(pdu: int) -> None:
    event = seen(message(0, b"canary", pdu), 40000, 161)
    assert (event.manager, event.agent) == ("192.0.2.1", "192.0.2.2")
    assert (event.version, event.default_community, event.answered) == ("1", False, False)
    assert b"canary" not in encoded([event])


def test_traps_come_from_the_agent() -> None:
    assert seen(message(1, b"private", 0xA7), 40000, 162).agent == "192.0.2.1"


def test_version_3_has_no_community() -> None:
    event = seen(VERSION_3, 40000, 161)
    assert (event.version, event.manager, event.default_community) == ("3", "192.0.2.1", False)
    assert b"canary" not in encoded([event])


def test_other_bytes_on_the_port_are_not_snmp() -> None:
    assert PROTOCOL.dissect(datagram(b"GET / HTTP/1.0\r\n\r\n", 40000, 161)) is None
    assert PROTOCOL.dissect(datagram(RESPONSE[:-3], 161, 40000)) is None


@given(mutated([RESPONSE, VERSION_3, message(0, b"public", 0xA4)]))
def test_hostile_bytes(payload: bytes) -> None:
    check_datagram(PROTOCOL.dissect, payload, 40000, 161)
