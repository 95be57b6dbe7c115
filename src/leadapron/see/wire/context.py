"""What the parts of one capture run share: where we are, whom to tell, and the limits that span connections."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from ipaddress import IPv6Address
from typing import Any, Protocol

from leadapron.model.events import Endpoint, Event, Fact
from leadapron.model.pseudonyms import pseudonym
from leadapron.see.wire.dissector import Dissector

MAX_EARLY_TOTAL = 64 << 20
"""Bytes of out-of-order segments kept over all connections."""
MAX_FACTS = 32_768
"""Distinct facts remembered so as to write each once; beyond, memory starts anew and facts may repeat."""
MAX_ADDRESSES = 32_768

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class PacketBatch(Protocol):
    """Packets of one link type lying in one buffer (see `see.capture`)."""

    link_type: int
    first_packet: int
    buffer: Any
    offsets: list[int]
    lengths: list[int]

    def time(self, offset: int) -> int:
        """Nanoseconds since the epoch of the packet at `offset`."""


class CaptureContext:
    """Clock, packet numbers, names of addresses, and the way out for events, of one capture."""

    def __init__(
        self, sensor: str, emit: Callable[[Event], None], key: bytes, protocols: tuple[type[Dissector], ...]
    ) -> None:
        self.sensor = sensor
        self.protocols = protocols
        self.offset = 0
        self.early_bytes = 0
        self.gaps = 0
        self.anomalies = 0
        self.undecodable: Counter[str] = Counter()
        self._batch: PacketBatch | None = None
        self._key = key
        self._out = emit
        self._facts: set[tuple[Any, ...]] = set()
        self._addresses: dict[bytes, str] = {}

    def enter(self, batch: PacketBatch) -> None:
        """The packets from here on are those of `batch`."""
        self._batch = batch

    def now_ns(self) -> int:
        """Time of the current packet, in nanoseconds since the epoch."""
        return self._batch.time(self.offset) if self._batch is not None else 0

    def time_at(self, offset: int) -> int:
        """Time of another packet of the current batch."""
        return self._batch.time(offset) if self._batch is not None else 0

    def packet_number(self) -> int:
        """Number of the current packet, from 1."""
        batch = self._batch
        return batch.first_packet + bisect_left(batch.offsets, self.offset) if batch is not None else 0

    def moment(self, nanoseconds: int) -> datetime:
        """An aware UTC time, to the microsecond."""
        return _EPOCH + timedelta(0, 0, nanoseconds // 1000)

    def emit(self, event: Event) -> None:
        """Hand an event on; a fact that was already told is not told again."""
        if isinstance(event, Fact):
            key = (type(event), *(getattr(event, name) for name in event.__struct_fields__ if name not in _WHERE))
            if key in self._facts:
                return
            if len(self._facts) >= MAX_FACTS:
                self._facts.clear()
            self._facts.add(key)
        self._out(event)

    def pseudonym(self, value: str) -> str:
        """Keyed hash of an identifier: equal only within one workspace."""
        return pseudonym(value, self._key)

    def crowded(self) -> bool:
        """Are too many out-of-order bytes waiting, over all connections?"""
        return self.early_bytes > MAX_EARLY_TOTAL

    def address(self, raw: bytes) -> str:
        """Text of a raw IPv4 or IPv6 address."""
        known = self._addresses.get(raw)
        if known is None:
            if len(self._addresses) >= MAX_ADDRESSES:
                self._addresses.clear()
            known = ".".join(map(str, raw)) if len(raw) == 4 else str(IPv6Address(raw))
            self._addresses[raw] = known
        return known

    def endpoint(self, key: bytes, mac: str) -> Endpoint:
        """The sender named by a conversation key (source, destination, ports)."""
        size = len(key) // 2 - 2
        return Endpoint(ip=self.address(key[:size]), port=key[-4] << 8 | key[-3], mac=mac)


_WHERE = frozenset({"ts", "sensor", "packet"})
