"""NTP (RFC 5905): what time a host believes it is.

Modern clients fill their transmit timestamp with a random number (draft-ietf-ntp-data-minimization): such a packet
shows by its other fields, all empty, and its time is believed only where chance could hardly have hit it.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from leadapron.model.events import ClockReading, Event, Service
from leadapron.see.wire.dissector import Datagram, DatagramProtocol

PORT = 123
SIZE = 48
SYMMETRIC_ACTIVE, SYMMETRIC_PASSIVE, CLIENT, SERVER, BROADCAST, CONTROL, PRIVATE = range(1, 8)
TIME_MODES = frozenset((SYMMETRIC_ACTIVE, SYMMETRIC_PASSIVE, CLIENT, SERVER, BROADCAST))
UNSYNCHRONISED = 3
MAX_STRATUM = 15
MINIMISED_PRECISION = 0x20

EPOCH = datetime(1900, 1, 1, tzinfo=UTC)
ERA = 1 << 32
"""Seconds after which the timestamp starts again (2036, RFC 5905 §6)."""
PLAUSIBLE = timedelta(days=3653)
PLAUSIBLE_BARE = timedelta(hours=3)
"""For packets that hold nothing but a transmit timestamp: a random one falls in here once in 200,000 times."""


def dissect(datagram: Datagram) -> list[Event] | None:
    """The sender's clock, if the packet tells it."""
    data = datagram.payload
    if not data:
        return None
    mode, version, leap = data[0] & 7, data[0] >> 3 & 7, data[0] >> 6
    if not 1 <= version <= 4:
        return None
    if mode in (CONTROL, PRIVATE):
        return [] if len(data) >= 8 else None
    if mode not in TIME_MODES or len(data) < SIZE or data[1] > MAX_STRATUM + 1:
        return None
    stratum, transmit = data[1], int.from_bytes(data[40:44], "big")
    synchronised = leap != UNSYNCHRONISED and 1 <= stratum <= MAX_STRATUM
    if transmit == 0 or (mode != CLIENT and not synchronised):
        return []
    bare = not any(data[4:40])
    if mode == CLIENT and bare and data[3] == MINIMISED_PRECISION:
        return []
    offset = _offset(transmit, datagram.ts)
    if abs(offset) > (PLAUSIBLE_BARE if mode == CLIENT and bare else PLAUSIBLE).total_seconds():
        return []
    return [
        ClockReading(
            ts=datagram.ts,
            sensor=datagram.sensor,
            packet=datagram.packet,
            ip=datagram.source.ip,
            source=Service.NTP,
            offset=offset,
        )
    ]


def _offset(transmit: int, now: datetime) -> int:
    """Seconds that a timestamp is ahead of `now`, in the era that brings it nearest."""
    elapsed = int((now - EPOCH).total_seconds())
    return (transmit - elapsed + ERA // 2) % ERA - ERA // 2


PROTOCOL = DatagramProtocol(service=Service.NTP, ports=(PORT,), dissect=dissect)
