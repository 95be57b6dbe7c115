"""Build packets and whole TCP conversations for tests of the packet engine."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from ipaddress import ip_address

from leadapron.model.events import Event
from leadapron.see.wire.engine import Engine

ETHERNET = 1
SYN, ACK, FIN, RST, PSH = 2, 16, 1, 4, 8
T0 = 1_795_000_000 * 1_000_000_000
MAC = {"client": bytes.fromhex("020000000001"), "server": bytes.fromhex("020000000002")}
CLIENT, SERVER = ("192.0.2.1", 50000), ("192.0.2.2", 11112)


class ListBatch:
    """Packets in one bytes object, a millisecond apart unless told otherwise."""

    def __init__(self, packets: Sequence[bytes], link_type: int = ETHERNET, first: int = 1, start: int = T0,
                 step: int = 1_000_000) -> None:  # fmt: skip
        self.link_type, self.first_packet = link_type, first
        self.offsets: list[int] = []
        self.lengths = [len(packet) for packet in packets]
        self.buffer = b"".join(packets)
        position = 0
        for length in self.lengths:
            self.offsets.append(position)
            position += length
        self._times = {offset: start + index * step for index, offset in enumerate(self.offsets)}

    def time(self, offset: int) -> int:
        return self._times[offset]


def run(packets: Sequence[bytes], link_type: int = ETHERNET, *, batch: int = 0, step: int = 1_000_000) -> list[Event]:
    """All events of some packets, fed in batches of `batch` (0: one)."""
    events: list[Event] = []
    engine = Engine("test", events.append, b"key")
    size = batch or len(packets) or 1
    for start in range(0, len(packets), size):
        part = packets[start : start + size]
        engine.feed(ListBatch(part, link_type, start + 1, T0 + start * step, step))
    engine.finish()
    return events


def tcp(source: tuple[str, int], target: tuple[str, int], seq: int, flags: int, payload: bytes = b"", ack: int = 0,
        options: bytes = b"") -> bytes:  # fmt: skip
    """A TCP segment."""
    offset = (5 + len(options) // 4) << 4
    ports = struct.pack(">HH", source[1], target[1])
    return ports + struct.pack(">IIBBHHH", seq % 2**32, ack % 2**32, offset, flags, 8192, 0, 0) + options + payload


def udp(source: tuple[str, int], target: tuple[str, int], payload: bytes) -> bytes:
    """A UDP datagram."""
    return struct.pack(">HHHH", source[1], target[1], 8 + len(payload), 0) + payload


def ipv4(source: str, target: str, protocol: int, payload: bytes, *, ttl: int = 64, identification: int = 0,
         fragment: int = 0, options: bytes = b"") -> bytes:  # fmt: skip
    """An IPv4 packet; `fragment` is the flags and offset word."""
    header = 20 + len(options)
    return (
        bytes((0x40 | header // 4, 0))
        + struct.pack(">HHHBBH", header + len(payload), identification, fragment, ttl, protocol, 0)
        + ip_address(source).packed + ip_address(target).packed + options + payload
    )  # fmt: skip


def ipv6(source: str, target: str, protocol: int, payload: bytes, *, ttl: int = 64) -> bytes:
    """An IPv6 packet; `payload` starts with extension headers where `protocol` says so."""
    head = struct.pack(">IHBB", 6 << 28, len(payload), protocol, ttl)
    return head + ip_address(source).packed + ip_address(target).packed + payload


def ethernet(payload: bytes, *, ethertype: int = 0x0800, tags: Iterable[tuple[int, int]] = (),
             source: bytes = MAC["client"], target: bytes = MAC["server"]) -> bytes:  # fmt: skip
    """An Ethernet frame; `tags` are (type, VLAN id)."""
    stacked = b"".join(struct.pack(">HH", kind, vlan) for kind, vlan in tags)
    return target + source + stacked + struct.pack(">H", ethertype) + payload


def frame(source: tuple[str, int], target: tuple[str, int], seq: int, flags: int, payload: bytes = b"", ack: int = 0,
          ttl: int = 64) -> bytes:  # fmt: skip
    """A whole Ethernet + IPv4 + TCP frame between the usual two hosts."""
    from_client = source == CLIENT
    return ethernet(
        ipv4(source[0], target[0], 6, tcp(source, target, seq, flags, payload, ack), ttl=ttl),
        source=MAC["client" if from_client else "server"],
        target=MAC["server" if from_client else "client"],
    )


class Talk:
    """A TCP conversation as a list of Ethernet frames."""

    def __init__(self, client: tuple[str, int] = CLIENT, server: tuple[str, int] = SERVER, isn: int = 1000) -> None:
        self.client, self.server = client, server
        self.seq = {client: isn, server: isn + 5_000_000}
        self.frames: list[bytes] = []

    def _add(self, source: tuple[str, int], flags: int, payload: bytes = b"") -> None:
        target = self.server if source == self.client else self.client
        self.frames.append(frame(source, target, self.seq[source], flags, payload, self.seq[target]))
        self.seq[source] += len(payload) + (1 if flags & (SYN | FIN) else 0)

    def open(self) -> Talk:
        self._add(self.client, SYN)
        self._add(self.server, SYN | ACK)
        self._add(self.client, ACK)
        return self

    def send(self, payload: bytes, size: int = 1400) -> Talk:
        """The client sends."""
        for start in range(0, len(payload), size):
            self._add(self.client, ACK | PSH, payload[start : start + size])
        return self

    def answer(self, payload: bytes, size: int = 1400) -> Talk:
        """The server sends."""
        for start in range(0, len(payload), size):
            self._add(self.server, ACK | PSH, payload[start : start + size])
        return self

    def close(self) -> Talk:
        self._add(self.client, FIN | ACK)
        self._add(self.server, FIN | ACK)
        self._add(self.client, ACK)
        return self
