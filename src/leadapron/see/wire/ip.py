"""IPv4 and IPv6 (RFC 791, RFC 8200): headers, options, extension headers, fragments put together again."""

from __future__ import annotations

from msgspec import Struct

from leadapron.see.wire.link import Undecodable

TCP, UDP, GRE, IP_IN_IP, IPV6_IN_IP, ICMPV6 = 6, 17, 47, 4, 41, 58
MAX_EXTENSION_HEADERS = 16
MAX_DATAGRAMS = 1024
"""Datagrams that are being put together at one time."""
MAX_DATAGRAM = 65_535
MAX_PENDING = 16 * 1024 * 1024
"""Bytes of all datagrams that are being put together."""
REMEMBERED = 1024
"""Finished datagrams whose pieces, mirrored twice, begin no new one."""
MAX_PIECES = 256
"""Fragments of one datagram; the smallest legal IPv4 MTU makes 120 of the longest."""
MIRROR_WINDOW = 200_000_000
"""Nanoseconds within which equal pieces are one that was mirrored twice."""
FRAGMENT_TIMEOUT = 30_000_000_000
"""Nanoseconds after its first fragment (RFC 791 suggests 15 to 120 s)."""

_HOP_BY_HOP, _ROUTING, _FRAGMENT, _DESTINATION, _AUTHENTICATION, _MOBILITY = 0, 43, 44, 60, 51, 135
_SKIPPED_HEADERS = frozenset({_HOP_BY_HOP, _ROUTING, _DESTINATION, _MOBILITY})


class Packet(Struct):
    """What an IP packet carries. `addresses` is source then destination, raw; `size` is the payload's true length,
    which exceeds `len(payload)` where the capture cut it."""

    protocol: int
    addresses: bytes
    ttl: int
    payload: bytes
    size: int
    identification: int


class Fragment(Struct):
    """One piece of a datagram."""

    packet: Packet
    offset: int
    more: bool


def open_packet(data: bytes) -> Packet | Fragment | Undecodable:
    """The IP packet that starts at the first byte of `data`; bytes after its end are link padding."""
    if not data:
        return Undecodable("ip-header")
    version = data[0] >> 4
    if version == 4:
        return _open4(data)
    if version == 6:
        return _open6(data)
    return Undecodable("ip-version")


def _open4(data: bytes) -> Packet | Fragment | Undecodable:
    header = (data[0] & 15) * 4
    if header < 20 or len(data) < header:
        return Undecodable("ip-header")
    total = data[2] << 8 | data[3]
    if not total:
        total = len(data)  # segmentation offload leaves the length to the network card
    if total < header:
        return Undecodable("ip-header")
    flags = data[6] << 8 | data[7]
    packet = Packet(
        data[9], data[12:20], data[8], data[header:total], total - header, data[4] << 8 | data[5]
    )  # fmt: skip
    if flags & 0x3FFF:
        return Fragment(packet, (flags & 0x1FFF) * 8, flags & 0x2000 != 0)
    return packet


def _open6(data: bytes) -> Packet | Fragment | Undecodable:
    if len(data) < 40:
        return Undecodable("ip-header")
    following, position = data[6], 40
    declared = data[4] << 8 | data[5]
    end = 40 + declared if declared else len(data)
    fragment: tuple[int, int] | None = None
    for _ in range(MAX_EXTENSION_HEADERS):
        if following in _SKIPPED_HEADERS or following == _AUTHENTICATION:
            if position + 2 > len(data):
                return Undecodable("ip-header")
            unit = 4 if following == _AUTHENTICATION else 8
            length = (data[position + 1] + (2 if unit == 4 else 1)) * unit
            following = data[position]
            position += length
        elif following == _FRAGMENT:
            if position + 8 > len(data):
                return Undecodable("ip-header")
            flags = data[position + 2] << 8 | data[position + 3]
            fragment = flags, int.from_bytes(data[position + 4 : position + 8], "big")
            following = data[position]
            position += 8
            break
        else:
            break
    else:
        return Undecodable("ip-extension-headers")
    if position > end:
        return Undecodable("ip-header")
    packet = Packet(
        following, data[8:40], data[7], data[position:end], end - position, fragment[1] if fragment else 0
    )  # fmt: skip
    if fragment and fragment[0] & 0xFFF9:
        return Fragment(packet, fragment[0] & 0xFFF8, fragment[0] & 1 != 0)
    return packet


_Key = tuple[bytes, int, int]
"""Addresses, protocol, identification."""


class Reassembly:
    """Fragments of datagrams; what was there first wins, so a later overlap cannot rewrite it."""

    def __init__(self) -> None:
        self._pending: dict[_Key, _Datagram] = {}
        self._done: dict[_Key, int] = {}
        """Finished datagrams → when they began."""
        self._size = 0
        self.lost = 0
        """Datagrams given up."""
        self.overlaps = 0

    def add(self, fragment: Fragment, now: int) -> Packet | None:
        """The whole packet once its last missing piece arrives. `now` in nanoseconds."""
        packet = fragment.packet
        key = packet.addresses, packet.protocol, packet.identification
        began = self._done.get(key)
        if began is not None and now - began <= MIRROR_WINDOW:
            return None
        datagram = self._pending.get(key)
        if datagram is not None and now - datagram.started > FRAGMENT_TIMEOUT:
            self._forget(key)
            self.lost += 1
            datagram = None
        if datagram is None:
            datagram = self._pending[key] = _Datagram(now)
        before = datagram.size
        if not datagram.add(fragment):
            self.overlaps += 1
        self._size += datagram.size - before
        payload = datagram.whole()
        if payload is None:
            self._make_room()
            return None
        self._forget(key)
        self._remember(key, datagram.started)
        return Packet(packet.protocol, packet.addresses, packet.ttl, payload, len(payload), packet.identification)

    def finish(self) -> None:
        """Count what never became whole."""
        self.lost += len(self._pending)
        self._pending.clear()
        self._size = 0

    def _forget(self, key: _Key) -> None:
        self._size -= self._pending.pop(key).size

    def _remember(self, key: _Key, began: int) -> None:
        if len(self._done) >= REMEMBERED:
            del self._done[next(iter(self._done))]
        self._done[key] = began

    def _make_room(self) -> None:
        while len(self._pending) > MAX_DATAGRAMS or self._size > MAX_PENDING:
            self._forget(next(iter(self._pending)))
            self.lost += 1


class _Datagram:
    __slots__ = ("_parts", "_total", "size", "started")

    def __init__(self, started: int) -> None:
        self.started = started
        self.size = 0
        """Bytes kept."""
        self._parts: dict[int, bytes] = {}
        self._total = -1

    def add(self, fragment: Fragment) -> bool:
        """False where the piece repeats an offset with other bytes, or does not fit a datagram."""
        piece = fragment.packet.payload
        if fragment.offset + len(piece) > MAX_DATAGRAM or len(self._parts) >= MAX_PIECES:
            return False
        if not fragment.more and self._total < 0:
            self._total = fragment.offset + len(piece)
        if fragment.offset in self._parts:
            return self._parts[fragment.offset] == piece
        self._parts[fragment.offset] = piece
        self.size += len(piece)
        return True

    def whole(self) -> bytes | None:
        if self._total < 0:
            return None
        joined = bytearray()
        for offset in sorted(self._parts):
            if offset > len(joined):
                return None
            joined += self._parts[offset][len(joined) - offset :]
        return bytes(joined[: self._total]) if len(joined) >= self._total else None
