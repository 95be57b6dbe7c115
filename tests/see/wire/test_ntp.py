import struct

import pytest
from hypothesis import given

from leadapron.model.events import ClockReading, Service
from leadapron.see.wire.ntp import EPOCH, PROTOCOL
from tests.see.wire.hostile import check_datagram, mutated
from tests.see.wire.playbook import T0, datagram

NOW = int((T0 - EPOCH).total_seconds())
CLIENT, SERVER = 3, 4
YEAR = 365 * 86400


def packet(
    mode: int, transmit: int, *, stratum: int = 2, leap: int = 0, bare: bool = False, precision: int = 0xE9
) -> bytes:
    first = leap << 6 | 4 << 3 | mode
    if bare:
        return bytes((first, 0, 0, precision)) + bytes(36) + struct.pack(">II", transmit % 2**32, 99)
    return (
        bytes((first, stratum, 6, precision))
        + bytes(8)
        + b"\x0a\0\0\1"
        + struct.pack(">6I", 9, 0, 0, 0, 0, 0)
        + (struct.pack(">II", transmit % 2**32, 0))
    )


def offsets(payload: bytes) -> list[int]:
    events = PROTOCOL.dissect(datagram(payload, 123, 123))
    assert events is not None
    assert all(isinstance(e, ClockReading) and e.source is Service.NTP and e.ip == "192.0.2.1" for e in events)
    return [event.offset for event in events if isinstance(event, ClockReading)]


def test_a_device_tells_its_time_when_it_asks_for_the_time() -> None:
    assert offsets(packet(CLIENT, NOW + 2820)) == [2820]


def test_a_server_tells_its_time() -> None:
    assert offsets(packet(SERVER, NOW - 3)) == [-3]


def test_simple_client_is_believed_near_the_truth_only() -> None:
    assert offsets(packet(CLIENT, NOW + 2820, bare=True)) == [2820]
    assert offsets(packet(CLIENT, NOW + YEAR, bare=True)) == []


@pytest.mark.parametrize(
    "payload",
    [
        packet(CLIENT, NOW, bare=True, precision=0x20),
        packet(CLIENT, 0),
        packet(CLIENT, NOW - 26 * YEAR),
        packet(SERVER, NOW, stratum=0),
        packet(SERVER, NOW, stratum=16),
        packet(SERVER, NOW, leap=3),
        bytes((0x16,)) + bytes(11),
    ],
)
def test_what_is_no_reading(payload: bytes) -> None:
    assert offsets(payload) == []


def test_other_bytes_on_the_port_are_not_ntp() -> None:
    for payload in (b"\x00" * 48, b"\x23" * 20, b"\xff" * 48):
        assert PROTOCOL.dissect(datagram(payload, 123, 123)) is None


@given(mutated([packet(CLIENT, NOW), packet(SERVER, NOW)]))
def test_hostile_bytes(payload: bytes) -> None:
    check_datagram(PROTOCOL.dissect, payload, 123, 123)
