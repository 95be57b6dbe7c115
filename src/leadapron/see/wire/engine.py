"""Packets of one capture → events: the hot loop, and the way in for everything that is not plain IPv4 over Ethernet."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

from leadapron.model.events import ArpBinding, Event, Sighting
from leadapron.see.wire import ip, link, tunnels
from leadapron.see.wire.context import CaptureContext, PacketBatch
from leadapron.see.wire.datagrams import UdpTable
from leadapron.see.wire.dissector import DatagramProtocol, Dissector
from leadapron.see.wire.protocols import DATAGRAM_PROTOCOLS, STREAM_PROTOCOLS
from leadapron.see.wire.streams import HALF, MASK, SYN, Half, TcpConnection
from leadapron.see.wire.tcp import TcpTable

_CONTROL = 0x07
"""FIN, SYN or RST."""
_MIN_IP_TCP = 40
_PLAIN_LINKS = {link.ETHERNET: (14, 18, 22), link.LINUX_SLL: (16, 20)}
"""Link type → lengths of its header without and with VLAN tags; the ethertype is its last two bytes."""
_SAMPLE = 16
"""Packets of a batch looked at to learn whether it is VLAN-tagged."""
MAX_SIGHTINGS = 16_384


class Engine:
    """One capture (or several files of one sensor, in order of time). Feed batches, then `finish`."""

    def __init__(
        self,
        sensor: str,
        emit: Callable[[Event], None],
        key: bytes,
        protocols: tuple[type[Dissector], ...] = STREAM_PROTOCOLS,
        datagrams: tuple[DatagramProtocol, ...] = DATAGRAM_PROTOCOLS,
    ) -> None:
        """`key` (up to 64 bytes) makes the pseudonyms of studies and serial numbers."""
        self.context = CaptureContext(sensor, emit, key, protocols)
        self.tcp = TcpTable(self.context, self._see_link)
        self.udp = UdpTable(self.context, datagrams)
        self._fragments = ip.Reassembly()
        self._places: dict[tuple[bytes, bytes, int], str] = {}
        """(address, MAC, time-to-live) already sighted → text of the MAC."""
        self._header = 0
        """Length of the link header that the current batch's plain packets share."""
        self._tagged = False
        """Does it end in a VLAN tag?"""

    # ------------------------------------------------------------ batches
    def feed(self, batch: PacketBatch) -> None:
        """All packets of a batch, in order."""
        self.context.enter(batch)
        header = self._header = _header_length(batch)
        self._tagged = header > _PLAIN_LINKS.get(batch.link_type, (header,))[0]
        self.tcp.enter(_tail_reader(batch.buffer, header) if header else None)
        if header:
            self._feed_plain(batch, header)
        else:
            for offset, length in zip(batch.offsets, batch.lengths, strict=True):
                self._any_packet(batch, offset, length)
        if batch.offsets:
            self.context.offset = batch.offsets[-1]
            self.tcp.sweep()
            self.udp.sweep(self.context.now_ns())

    def _feed_plain(self, batch: PacketBatch, header: int) -> None:
        """The hot loop: IPv4 without options or fragments, TCP, behind a link header of fixed length."""
        buffer = batch.buffer
        unpack = _plain_fields(header)
        find = self.tcp.halves.get
        control, other = self._control, self._any_packet
        context = self.context
        least = header + _MIN_IP_TCP
        for offset, length in zip(batch.offsets, batch.lengths, strict=True):
            if length < least:
                other(batch, offset, length)
                continue
            ethertype, version, total, fragment, protocol, key, seq, data_offset, flags = unpack(buffer, offset)
            if ethertype != 0x0800 or version != 0x45 or protocol != 6 or fragment & 0x3FFF:
                other(batch, offset, length)
                continue
            start = 20 + ((data_offset >> 2) & 60)
            size = total - start if total else length - header - start
            if flags & _CONTROL:
                control(batch, offset, length, header + start, size, key, seq, flags)
                continue
            if size <= 0:
                continue
            half = find(key)
            if half is None:
                control(batch, offset, length, header + start, size, key, seq, flags)
                continue
            want = half.want
            if want is not None and (want - seq - size) & MASK < HALF:
                half.unread = offset
                continue
            context.offset = half.last = offset
            begin = offset + header + start
            data = buffer[begin : begin + size if header + start + size <= length else offset + length]
            half.conn.segment(half, seq, data, size)

    def _control(
        self, batch: PacketBatch, offset: int, length: int, headers: int, size: int, key: bytes, seq: int, flags: int
    ) -> None:
        """A plain TCP packet that opens or ends a connection, or belongs to none yet."""
        self.context.offset = offset
        buffer = batch.buffer
        if size > 0:
            begin = offset + headers
            data = buffer[begin : begin + size if headers + size <= length else offset + length]
        else:
            size, data = 0, b""
        half = self.tcp.halves.get(key)
        if half is None or flags & SYN:
            network = offset + self._header
            ack = int.from_bytes(buffer[network + 28 : network + 32], "big")
            vlan = (buffer[network - 4] & 15) << 8 | buffer[network - 3] if self._tagged else 0
            self.tcp.packet(key, seq, flags, ack, data, size, buffer[offset : network + 9], vlan)
        else:
            self.tcp.ongoing(half, seq, flags, data, size)

    # ------------------------------------------------------------ any packet
    def _any_packet(self, batch: PacketBatch, offset: int, length: int) -> None:
        self.context.offset = offset
        self._frame(batch.link_type, batch.buffer[offset : offset + length], 0)

    def _frame(self, link_type: int, data: bytes, depth: int) -> None:
        frame = link.open_frame(link_type, data)
        if isinstance(frame, link.Undecodable):
            self.context.undecodable[frame.reason] += 1
        elif frame.ethertype in (link.IPV4_TYPE, link.IPV6_TYPE):
            self._network(data[frame.start :], frame, depth)
        elif frame.ethertype == link.ARP_TYPE:
            self._arp(data[frame.start :])

    def _network(self, data: bytes, frame: link.Frame, depth: int) -> None:
        packet = ip.open_packet(data)
        if isinstance(packet, link.Undecodable):
            self.context.undecodable[packet.reason] += 1
            return
        if isinstance(packet, ip.Fragment):
            whole = self._fragments.add(packet, self.context.now_ns())
            if whole is None:
                return
            packet = whole
        if packet.protocol == ip.TCP:
            self._tcp(packet, frame)
        elif packet.protocol == ip.UDP:
            self._udp(packet, frame, depth)
        elif packet.protocol == ip.ICMPV6:
            self._neighbour(packet)
        else:
            inner = tunnels.open_ip_protocol(packet.protocol, packet.payload)
            if inner is not None:
                self._inside(inner, frame, depth)

    def _inside(self, inner: tunnels.Inner, frame: link.Frame, depth: int) -> None:
        if depth >= tunnels.MAX_DEPTH:
            self.context.undecodable["tunnel-depth"] += 1
        elif inner.ethernet:
            self._frame(link.ETHERNET, inner.data, depth + 1)
        else:
            self._network(inner.data, link.Frame(frame.ethertype, 0, frame.vlan, b"", b""), depth + 1)

    def _tcp(self, packet: ip.Packet, frame: link.Frame) -> None:
        payload = packet.payload
        if len(payload) < 20:
            self.context.undecodable["tcp-header"] += 1
            return
        start = (payload[12] >> 2) & 60
        if start < 20 or start > packet.size:
            self.context.undecodable["tcp-header"] += 1
            return
        key = packet.addresses + payload[:4]
        seq, ack = int.from_bytes(payload[4:8], "big"), int.from_bytes(payload[8:12], "big")
        link_header = frame.destination + frame.source + bytes((packet.ttl,)) if frame.source else b""
        self.tcp.packet(key, seq, payload[13], ack, payload[start:], packet.size - start, link_header, frame.vlan)

    def _udp(self, packet: ip.Packet, frame: link.Frame, depth: int) -> None:
        payload = packet.payload
        if len(payload) >= 8 and payload[2] << 8 | payload[3] in tunnels.VXLAN_PORTS:
            inner = tunnels.open_vxlan(payload[8:])
            if inner is not None:
                self._inside(inner, frame, depth)
                return
        macs = self._sighting(packet.addresses, frame.source, packet.ttl, frame.vlan), frame.destination.hex(":")
        self.udp.packet(packet.addresses, packet.identification, payload, packet.size, macs, frame.vlan)

    # ------------------------------------------------------------ who sits where
    def _see_link(self, conn: TcpConnection, half: Half, link_header: bytes, vlan: int) -> None:
        """Learn the sender's VLAN, MAC and hops from an opening packet. `link_header` ends with the TTL."""
        conn.vlan = conn.vlan or vlan
        if len(link_header) < 13:
            return
        conn.learn_mac(half.side, self._sighting(half.key[:-4], link_header[6:12], link_header[-1], vlan))

    def _sighting(self, ends: bytes, mac: bytes, ttl: int, vlan: int) -> str:
        """Note that the first of two addresses (`ends`) sent from a MAC; returns the MAC's text."""
        if not mac:
            return ""
        address = ends[: len(ends) // 2]
        place = (address, mac, ttl)
        known = self._places.get(place)
        if known is not None:
            return known
        if len(self._places) >= MAX_SIGHTINGS:
            self._places.clear()
        text = self._places[place] = mac.hex(":")
        context = self.context
        context.emit(
            Sighting(
                ts=context.moment(context.now_ns()),
                sensor=context.sensor,
                packet=context.packet_number(),
                ip=context.address(address),
                mac=text,
                ttl=ttl,
                vlan=vlan,
            )
        )
        return text

    def _arp(self, data: bytes) -> None:
        """RFC 826 for Ethernet and IPv4; probes (sender 0.0.0.0) claim nothing."""
        if len(data) < 28 or data[:6] != b"\0\x01\x08\0\x06\x04":
            self.context.undecodable["arp"] += 1
        elif data[14:18] != b"\0\0\0\0":
            self._binding(data[14:18], data[8:14])

    def _neighbour(self, packet: ip.Packet) -> None:
        """Neighbour advertisement with a target link-layer option (RFC 4861 §4.4)."""
        payload = packet.payload
        if len(payload) >= 32 and payload[0] == 136 and payload[24:26] == b"\x02\x01":
            self._binding(payload[8:24], payload[26:32])

    def _binding(self, address: bytes, mac: bytes) -> None:
        context = self.context
        context.emit(
            ArpBinding(
                ts=context.moment(context.now_ns()),
                sensor=context.sensor,
                packet=context.packet_number(),
                ip=context.address(address),
                mac=mac.hex(":"),
            )
        )

    # ------------------------------------------------------------ the end
    def finish(self) -> None:
        """The capture is over: everything still open is reported as it stands."""
        self.tcp.finish()
        self.udp.finish()
        self._fragments.finish()
        if self._fragments.lost:
            self.context.undecodable["fragment-lost"] += self._fragments.lost
        if self._fragments.overlaps:
            self.context.undecodable["fragment-overlap"] += self._fragments.overlaps


def _plain_fields(header: int) -> Callable[[Any, int], tuple[Any, ...]]:
    """Ethertype, version and IHL, total length, fragment, protocol, addresses and ports, sequence, offset, flags."""
    return struct.Struct(f">{header - 2}xHBxH2xHxB2x12sI4xBB").unpack_from


def _header_length(batch: PacketBatch) -> int:
    """Length of the link header that most packets of the batch share, or 0 where there is no such form."""
    lengths = _PLAIN_LINKS.get(batch.link_type)
    if not lengths:
        return 0
    step = max(1, len(batch.offsets) // _SAMPLE)
    votes = dict.fromkeys(lengths, 0)
    for offset, length in zip(batch.offsets[::step], batch.lengths[::step], strict=True):
        for header in lengths:
            if length < header:
                break
            ethertype = batch.buffer[offset + header - 2] << 8 | batch.buffer[offset + header - 1]
            if ethertype not in link.VLAN_TYPES:
                votes[header] += 1
                break
    return max(lengths, key=lambda header: votes[header])


def _tail_reader(buffer: Any, header: int) -> Callable[[int], tuple[int, int]]:
    unpack = _plain_fields(header)

    def read(offset: int) -> tuple[int, int]:
        fields = unpack(buffer, offset)
        size = fields[2] - 20 - ((fields[7] >> 2) & 60)
        return fields[6], max(0, size)

    return read
