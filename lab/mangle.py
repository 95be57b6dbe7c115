"""Captures spoiled the way real mirrors spoil them: pure functions from packets to packets."""

import random
import struct
from collections.abc import Callable, Sequence
from enum import StrEnum
from ipaddress import IPv4Address

from lab.pcapfile import Packet

_IPV4, _DOT1Q, _ERSPAN, _BRIDGED = 0x0800, 0x8100, 0x88BE, 0x6558
_UDP, _GRE = 17, 47
_VXLAN_PORT = 4789
_MIRROR_SOURCE, _MIRROR_TARGET = IPv4Address("192.0.2.1"), IPv4Address("192.0.2.2")
_OUTER = bytes.fromhex("0200000000020200000000010800")


class Kind(StrEnum):
    """What is done to the capture."""

    LOSS = "loss"
    REORDER = "reorder"
    DUPLICATE = "duplicate"
    VLAN = "vlan"
    CUT = "cut"
    GRE = "gre"
    VXLAN = "vxlan"
    ERSPAN = "erspan"
    SNAP = "snap"


def loss(packets: Sequence[Packet], share: float = 0.01, seed: int = 1) -> list[Packet]:
    """A mirror port that is too busy: a share of the packets never arrives."""
    seeded = random.Random(seed)
    return [packet for packet in packets if seeded.random() >= share]


def reorder(packets: Sequence[Packet], share: float = 0.02, seed: int = 1, reach: int = 8) -> list[Packet]:
    """A share of the packets arrives up to `reach` places late, with the later time: what a sensor would write."""
    seeded = random.Random(seed)
    # A packet keeps its place unless it is late; one that is late comes just after the packet it lands on.
    lateness = [seeded.randint(1, reach) + 0.5 if seeded.random() < share else 0 for _ in packets]
    places = [number + late for number, late in enumerate(lateness)]
    order = sorted(range(len(packets)), key=places.__getitem__)
    times = sorted(packet.at for packet in packets)
    return [_at(packets[number], at) for number, at in zip(order, times, strict=True)]


def _at(packet: Packet, at: int) -> Packet:
    return Packet(at=at, data=packet.data, length=packet.length, link=packet.link, interface=packet.interface)


def duplicate(packets: Sequence[Packet], share: float = 0.05, seed: int = 1) -> list[Packet]:
    """A share of the packets is seen twice, byte for byte, a few microseconds apart."""
    seeded = random.Random(seed)
    twice = []
    for packet in packets:
        twice.append(packet)
        if seeded.random() < share:
            twice.append(_at(packet, packet.at + seeded.randint(1_000, 20_000)))
    return twice


def cut(packets: Sequence[Packet], share: float = 0.5) -> list[Packet]:
    """The capture was started late: the first share of the packets is missing, in mid-stream."""
    return list(packets[int(len(packets) * share) :])


def snap(packets: Sequence[Packet], seed: int = 1, least: int = 96, most: int = 256) -> list[Packet]:
    """A sensor that keeps only the first bytes of each packet."""
    seeded = random.Random(seed)
    return [packet.cut(seeded.randint(least, most)) for packet in packets]


def vlan(packets: Sequence[Packet], identifier: int = 100) -> list[Packet]:
    """802.1Q tags, one VLAN for each mirrored interface (IEEE 802.1Q §9.6)."""
    tagged = []
    for packet in packets:
        tag = struct.pack("!HH", _DOT1Q, identifier + packet.interface)
        tagged.append(packet.with_data(packet.data[:12] + tag + packet.data[12:]))
    return tagged


def gre(packets: Sequence[Packet]) -> list[Packet]:
    """Transparent Ethernet in GRE (RFC 2784, RFC 1701): mirrors of virtual switches."""
    return [_wrapped(packet, _GRE, struct.pack("!HH", 0, _BRIDGED)) for packet in packets]


def erspan(packets: Sequence[Packet], session: int = 7) -> list[Packet]:
    """ERSPAN type II: GRE with a sequence number, then the session header (draft-foschiano-erspan)."""
    wrapped = []
    for number, packet in enumerate(packets):
        head = struct.pack("!HHI", 0x1000, _ERSPAN, number)
        # Version 1, then the VLAN; no priority; encapsulation "as mirrored" with the session; port index 0.
        session_header = struct.pack("!HHI", 1 << 12 | packet.interface, session, 0)
        wrapped.append(_wrapped(packet, _GRE, head + session_header))
    return wrapped


def vxlan(packets: Sequence[Packet], network: int = 4096) -> list[Packet]:
    """VXLAN (RFC 7348 §5): what cloud and campus mirrors send."""
    wrapped = []
    for packet in packets:
        head = struct.pack("!II", 0x08 << 24, (network + packet.interface) << 8)
        length = 8 + len(head) + packet.length
        datagram = struct.pack("!HHHH", 49152 + packet.interface, _VXLAN_PORT, length & 0xFFFF, 0)
        wrapped.append(_wrapped(packet, _UDP, datagram + head))
    return wrapped


def _wrapped(packet: Packet, protocol: int, head: bytes) -> Packet:
    """The frame inside an IPv4 packet of its own, whose length field tells what was on the wire."""
    total = 20 + len(head) + packet.length
    fields = (0x45, 0, total & 0xFFFF, 0, 0x4000, 64, protocol, 0, _MIRROR_SOURCE.packed, _MIRROR_TARGET.packed)
    outer = bytearray(struct.pack("!BBHHHBBH4s4s", *fields))
    outer[10:12] = _checksum(bytes(outer)).to_bytes(2, "big")
    return packet.with_data(_OUTER + bytes(outer) + head + packet.data)


def _checksum(header: bytes) -> int:
    """The Internet checksum (RFC 1071)."""
    total = sum(int.from_bytes(header[n : n + 2], "big") for n in range(0, len(header), 2))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


MANGLERS: dict[Kind, Callable[[Sequence[Packet]], list[Packet]]] = {
    Kind.LOSS: loss,
    Kind.REORDER: reorder,
    Kind.DUPLICATE: duplicate,
    Kind.VLAN: vlan,
    Kind.CUT: cut,
    Kind.GRE: gre,
    Kind.VXLAN: vxlan,
    Kind.ERSPAN: erspan,
    Kind.SNAP: snap,
}


def mangle(kind: Kind, packets: Sequence[Packet]) -> list[Packet]:
    """A spoiled copy of a capture, in the order a sensor would have written it."""
    return MANGLERS[kind](sorted(packets, key=lambda packet: packet.at))
