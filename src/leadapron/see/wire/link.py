"""Link layers: from a captured frame to the network packet inside it, by pcap LINKTYPE."""

from __future__ import annotations

from msgspec import Struct

ETHERNET, NULL, RAW, LOOP, LINUX_SLL, IPV4, IPV6, LINUX_SLL2 = 1, 0, 101, 108, 113, 228, 229, 276
_RAW_ALIASES = frozenset({12, 14, RAW})
"""Old link-type numbers that some systems write for raw IP."""

IPV4_TYPE, IPV6_TYPE, ARP_TYPE = 0x0800, 0x86DD, 0x0806
VLAN_TYPES = frozenset({0x8100, 0x88A8, 0x9100, 0x9200})
MAX_TAGS = 4
"""802.1Q tags stacked on one frame."""


class Frame(Struct):
    """A network packet inside a frame: it starts at `start`. Addresses are 6 raw bytes, empty where there are none."""

    ethertype: int
    start: int
    vlan: int
    source: bytes
    destination: bytes


class Undecodable(Struct, frozen=True):
    """Why a frame could not be used; `reason` goes into the quality of the capture."""

    reason: str


def open_frame(link_type: int, data: bytes) -> Frame | Undecodable:
    """The network packet in a frame of the given LINKTYPE."""
    size = len(data)
    if link_type == ETHERNET:
        if size < 14:
            return Undecodable("frame-short")
        return _tags(data, 12, 0, data[6:12], data[:6])
    if link_type in _RAW_ALIASES or link_type in (IPV4, IPV6):
        if not size:
            return Undecodable("frame-short")
        return Frame(IPV6_TYPE if data[0] >> 4 == 6 else IPV4_TYPE, 0, 0, b"", b"")
    if link_type in (NULL, LOOP):
        return _loopback(data)
    if link_type == LINUX_SLL:
        if size < 16:
            return Undecodable("frame-short")
        return _tags(data, 14, 0, data[6:12] if data[5] == 6 else b"", b"")
    if link_type == LINUX_SLL2:
        if size < 20:
            return Undecodable("frame-short")
        source = data[12:18] if data[11] == 6 else b""
        ethertype = data[0] << 8 | data[1]
        if ethertype in VLAN_TYPES and size >= 24:
            return _tags(data, 22, (data[20] & 15) << 8 | data[21], source, b"")
        return Frame(ethertype, 20, 0, source, b"")
    return Undecodable(f"link-type-{link_type}")


def _loopback(data: bytes) -> Frame | Undecodable:
    """BSD loopback: an address family in the byte order of the machine that captured it."""
    if len(data) < 4:
        return Undecodable("frame-short")
    family = data[0] or data[3]
    if family == 2:
        return Frame(IPV4_TYPE, 4, 0, b"", b"")
    if family in (10, 24, 28, 30):
        return Frame(IPV6_TYPE, 4, 0, b"", b"")
    return Undecodable("loopback-family")


def _tags(data: bytes, position: int, vlan: int, source: bytes, destination: bytes) -> Frame | Undecodable:
    """Follow stacked VLAN tags from the ethertype at `position`; the innermost tag names the VLAN."""
    for _ in range(MAX_TAGS + 1):
        if position + 2 > len(data):
            return Undecodable("frame-short")
        ethertype = data[position] << 8 | data[position + 1]
        if ethertype not in VLAN_TYPES:
            return Frame(ethertype, position + 2, vlan, source, destination)
        if position + 4 > len(data):
            return Undecodable("frame-short")
        vlan = (data[position + 2] & 15) << 8 | data[position + 3]
        position += 4
    return Undecodable("vlan-depth")
