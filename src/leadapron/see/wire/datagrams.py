"""UDP: datagrams to dissectors by port, and conversations added up per client, server and server port."""

from __future__ import annotations

from collections import deque

from leadapron.model.events import Connection, Endpoint, Service, Transport
from leadapron.see.wire.context import CaptureContext
from leadapron.see.wire.dissector import Datagram, DatagramProtocol

SECOND = 1_000_000_000
MAX_CONVERSATIONS = 50_000
IDLE_TIMEOUT = 600 * SECOND
MIRROR_WINDOW = SECOND // 5
"""Two equal datagrams within this time are one that was mirrored twice."""
MAX_RECENT = 4096


class _Conversation:
    __slots__ = ("client", "client_bytes", "datagrams", "last", "packet", "sensor", "server", "server_bytes", "service",
                 "start", "vlan")  # fmt: skip

    def __init__(self, client: Endpoint, server: Endpoint, start: int, sensor: str, packet: int, vlan: int) -> None:
        self.client, self.server = client, server
        self.sensor = sensor
        self.start = self.last = start
        self.packet = packet
        self.vlan = vlan
        self.client_bytes = self.server_bytes = self.datagrams = 0
        self.service = Service.UNKNOWN


class UdpTable:
    """Conversations of one capture."""

    def __init__(self, context: CaptureContext, protocols: tuple[DatagramProtocol, ...]) -> None:
        self.context = context
        self._by_port: dict[int, list[DatagramProtocol]] = {}
        for protocol in protocols:
            for port in protocol.ports:
                self._by_port.setdefault(port, []).append(protocol)
        self._open: dict[tuple[bytes, int], _Conversation] = {}
        self._recent: dict[tuple[bytes, int, bytes], int] = {}
        self._order: deque[tuple[bytes, int, bytes]] = deque()
        self.duplicates = 0

    def packet(
        self, addresses: bytes, identification: int, payload: bytes, size: int, macs: tuple[str, str], vlan: int
    ) -> None:
        """A UDP header and payload in `payload`, `size` bytes long on the wire."""
        if len(payload) < 8:
            self.context.undecodable["udp-header"] += 1
            return
        now = self.context.now_ns()
        if self._mirrored(addresses, identification, payload, now):
            self.duplicates += 1
            return
        source_port = payload[0] << 8 | payload[1]
        destination_port = payload[2] << 8 | payload[3]
        half = len(addresses) // 2
        source = Endpoint(ip=self.context.address(addresses[:half]), port=source_port, mac=macs[0])
        destination = Endpoint(ip=self.context.address(addresses[half:]), port=destination_port, mac=macs[1])
        service = self._dissect(source, destination, payload[8:], now)
        forward = self._is_forward(addresses, source_port, destination_port)
        client, server = (source, destination) if forward else (destination, source)
        key = (addresses if forward else addresses[half:] + addresses[:half], server.port)
        conversation = self._open.get(key)
        if conversation is None:
            if len(self._open) >= MAX_CONVERSATIONS:
                self._close(next(iter(self._open)))
            conversation = _Conversation(client, server, now, self.context.sensor, self.context.packet_number(), vlan)
            self._open[key] = conversation
        if service is not Service.UNKNOWN:
            conversation.service = service
        conversation.last = max(conversation.last, now)
        conversation.datagrams += 1
        if forward:
            conversation.client_bytes += max(0, size - 8)
        else:
            conversation.server_bytes += max(0, size - 8)

    def _dissect(self, source: Endpoint, destination: Endpoint, payload: bytes, now: int) -> Service:
        candidates = self._by_port.get(destination.port) or self._by_port.get(source.port)
        if not candidates or not payload:
            return Service.UNKNOWN
        context = self.context
        datagram = Datagram(
            source=source,
            destination=destination,
            payload=payload,
            ts=context.moment(now),
            packet=context.packet_number(),
            sensor=context.sensor,
            pseudonym=context.pseudonym,
        )
        for protocol in candidates:
            events = protocol.dissect(datagram)
            if events is not None:
                for event in events:
                    context.emit(event)
                return protocol.service
        return Service.UNKNOWN

    def _is_forward(self, addresses: bytes, source_port: int, destination_port: int) -> bool:
        """Does this datagram go from client to server? A known port is the server's; else who spoke first asked."""
        to_known, from_known = destination_port in self._by_port, source_port in self._by_port
        if to_known and from_known and source_port != destination_port:
            return destination_port < source_port
        if to_known != from_known:
            return to_known
        half = len(addresses) // 2
        if (addresses, destination_port) in self._open:
            return True
        return (addresses[half:] + addresses[:half], source_port) not in self._open

    def _mirrored(self, addresses: bytes, identification: int, payload: bytes, now: int) -> bool:
        key = (addresses, identification, payload[:64])
        seen = self._recent.get(key)
        self._recent[key] = now
        if seen is not None:
            return abs(now - seen) <= MIRROR_WINDOW
        self._order.append(key)
        if len(self._order) > MAX_RECENT:
            self._recent.pop(self._order.popleft(), None)
        return False

    def sweep(self, now: int) -> None:
        """Report conversations that have been silent for long."""
        for key, conversation in list(self._open.items()):
            if now - conversation.last > IDLE_TIMEOUT:
                self._close(key)

    def finish(self) -> None:
        """The capture is over."""
        for key in list(self._open):
            self._close(key)

    def _close(self, key: tuple[bytes, int]) -> None:
        conversation = self._open.pop(key)
        self.context.emit(
            Connection(
                ts=self.context.moment(conversation.start),
                sensor=conversation.sensor,
                packet=conversation.packet,
                uid=f"udp-{conversation.client.ip}-{conversation.server.ip}-{key[1]}-{conversation.start // SECOND}",
                client=conversation.client,
                server=conversation.server,
                end=self.context.moment(conversation.last),
                transport=Transport.UDP,
                service=conversation.service,
                answered=conversation.server_bytes > 0,
                established=conversation.server_bytes > 0 and conversation.client_bytes > 0,
                refused=False,
                midstream=False,
                client_bytes=conversation.client_bytes,
                server_bytes=conversation.server_bytes,
                vlan=conversation.vlan,
                connections=conversation.datagrams,
            )
        )
