"""TCP connections from the packets of any capture: lossy, reordered, mirrored twice, one-sided or begun mid-stream.

Each half keeps `want`, the next sequence number its dissector needs. What ends at or before `want` is dropped after
one subtraction, so payload that nobody reads costs no reassembly and its loss does no harm.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from leadapron.model.events import Anomaly, Connection, Endpoint, Event, Service, Transport
from leadapron.see.wire.dissector import STOP, Dissector, Match, Side

if TYPE_CHECKING:
    from leadapron.see.wire.context import CaptureContext

MASK, HALF = 0xFFFF_FFFF, 0x8000_0000
FIN, SYN, RST, ACK = 1, 2, 4, 16

MAX_EARLY_SEGMENTS = 256
"""Segments kept of one half while an earlier one is missing; then the hole is taken for a loss."""
MAX_EARLY_BYTES = 1 << 20
MAX_HEAD = 4096
"""First bytes of a half within which its protocol must show."""
MAX_RECOGNITION_TRIES = 64
"""Segments of a half that begins mid-stream looked at before it stays unknown."""
MAX_STREAM_ANOMALIES = 16
"""Distinct anomalies reported of one connection."""


class Half:
    """One direction of a connection."""

    # Defaults of the class, as in `TcpConnection`: making a half must be cheap.
    dissector: Dissector | None = None
    """Who reads this half; None while its protocol is not known."""
    ignored = False
    """Nothing is wanted of this half any more."""
    want: int | None = None
    """Sequence number of the next byte that is wanted."""
    pending = b""
    """Bytes that the dissector wants to see again with more."""
    early: dict[int, bytes] | None = None
    """Segments that came before what must precede them: sequence number → bytes."""
    early_bytes = 0
    first: int | None = None
    """Sequence number of the first payload byte."""
    high: int | None = None
    """Sequence number after the last payload byte seen."""
    fin: int | None = None
    """Sequence number of the end that this side announced."""
    last = -1
    """Offset in the current batch of the last packet whose time is not yet noted."""
    unread = -1
    """Offset in the current batch of the last packet that was dropped unread, whose bytes are not yet counted."""
    midstream = True
    tries = 0

    def __init__(self, conn: TcpConnection, side: Side, key: bytes) -> None:
        self.conn = conn
        self.side = side
        self.key = key

    def saw(self, start: int, end: int) -> None:
        """Account for payload bytes `start` … `end`."""
        if self.first is None or self.high is None:
            self.first, self.high = start, end
        elif (end - self.high) & MASK < HALF:
            self.high = end

    def is_behind(self) -> bool:
        """Are bytes wanted that lie before the announced end?"""
        return self.want is not None and self.fin is not None and 0 < (self.fin - self.want) & MASK < HALF

    def size(self) -> int:
        """Payload bytes by sequence arithmetic."""
        return 0 if self.first is None or self.high is None else (self.high - self.first) & MASK


class TcpConnection:
    """A connection and, once its bytes are recognised, the dissector that reads them (see `Conversation`)."""

    # Defaults of the class: a connection is made for every packet of a scan, so making one must be cheap.
    dissector: Dissector | None = None
    isn: int | None = None
    """Initial sequence number of the client, where it was seen."""
    vlan = gaps = 0
    answered = refused = swapped = closed = False
    _uid = ""
    _start: datetime | None = None
    _end: datetime | None = None
    _ends: tuple[Endpoint, Endpoint] | None = None
    _anomalies: dict[str, list[int | str]] | None = None

    def __init__(self, context: CaptureContext, key: bytes, *, opener: bool, syn: bool) -> None:
        """`key` holds the first packet's source, destination and ports; `opener`: is its sender the client?"""
        self.context = context
        self.start_ns = self.last_ns = context.now_ns()
        self.packet = context.packet_number()
        self.sensor = context.sensor
        mirrored = reverse(key)
        client_key, server_key = (key, mirrored) if opener else (mirrored, key)
        self.halves: tuple[Half, ...] = Half(self, Side.CLIENT, client_key), Half(self, Side.SERVER, server_key)
        self.syn = syn
        self.macs = ["", ""]

    # ------------------------------------------------------------ what dissectors may ask (Conversation)
    @property
    def client(self) -> Endpoint:
        return self._endpoints()[self.swapped]

    @property
    def server(self) -> Endpoint:
        return self._endpoints()[not self.swapped]

    def _endpoints(self) -> tuple[Endpoint, Endpoint]:
        if self._ends is None:
            client, server = self.halves
            endpoint = self.context.endpoint
            self._ends = endpoint(client.key, self.macs[0]), endpoint(server.key, self.macs[1])
        return self._ends

    def learn_mac(self, side: Side, mac: str) -> None:
        """The first MAC seen behind a side stays its MAC."""
        if not self.macs[side]:
            self.macs[side] = mac
            self._ends = None

    @property
    def uid(self) -> str:
        """Same in every capture of this connection where its opening was seen; else of this capture only."""
        if not self._uid:
            origin = self.start_ns.to_bytes(8, "big") if self.isn is None else self.isn.to_bytes(4, "big")
            self._uid = (self.halves[0].key + origin).hex()
        return self._uid

    @property
    def start(self) -> datetime:
        if self._start is None:
            self._start = self.context.moment(self.start_ns)
        return self._start

    def now(self) -> datetime:
        if self._end is not None:
            return self._end
        self.catch_up()
        return self.context.moment(self.last_ns)

    def catch_up(self) -> None:
        """Turn the places of the halves' last packets into a time, while their batch is at hand."""
        for half in self.halves:
            if half.last >= 0:
                self.last_ns = max(self.last_ns, self.context.time_at(half.last))
                half.last = -1

    def current_packet(self) -> int:
        return self.context.packet_number()

    def emit(self, event: Event) -> None:
        self.context.emit(event)

    def pseudonym(self, value: str) -> str:
        return self.context.pseudonym(value)

    def swap_sides(self) -> None:
        self.swapped = not self.swapped

    def anomaly(self, name: str, detail: str = "") -> None:
        if self._anomalies is None:
            self._anomalies = {}
        known = self._anomalies.get(name)
        if known is not None:
            known[0] = int(known[0]) + 1
        elif len(self._anomalies) < MAX_STREAM_ANOMALIES:
            self._anomalies[name] = [1, detail, self.context.packet_number(), self.context.now_ns()]

    # ------------------------------------------------------------ bytes
    def segment(self, half: Half, seq: int, data: bytes, size: int) -> None:
        """Payload of `size` bytes at `seq`, of which `data` was captured."""
        end = (seq + size) & MASK
        high = half.high
        if high is None:
            half.first, half.high = seq, end
        elif (end - high) & MASK < HALF:
            half.high = end
        want = half.want
        if want is None:
            want = half.want = seq
        if want == seq and len(data) == size and not half.pending:
            dissector = half.dissector
            used = dissector.feed(half.side, data) if dissector is not None else self._unbound(half, data)
            if used == size:
                half.want = end
            elif used > size:
                half.want = (end + min(used - size, STOP)) & MASK
            else:
                self._leave(half, data[used:] if used else data, end)
        else:
            skip = (want - seq) & MASK
            if skip >= HALF:
                self._keep_early(half, seq, data)
                return
            self._in_order(half, data, skip, end, size)
        if half.early:
            self._drain(half)

    def _in_order(self, half: Half, data: bytes, skip: int, end: int, size: int) -> None:
        captured = len(data)
        if skip < captured:
            self._deliver(half, data[skip:], (end - size + captured) & MASK)
        if captured < size:
            want = half.want or 0
            missing = (end - want) & MASK
            if 0 < missing < HALF:
                self._lose(half, missing)

    def _deliver(self, half: Half, data: bytes, end: int) -> None:
        """Hand bytes that end at sequence number `end` to the reader, with what it left before."""
        if half.pending:
            data = half.pending + data
        dissector = half.dissector
        used = dissector.feed(half.side, data) if dissector is not None else self._unbound(half, data)
        surplus = used - len(data)
        if surplus >= 0:
            half.pending = b""
            half.want = (end + min(surplus, STOP)) & MASK
            return
        self._leave(half, data[used:] if used else data, end)

    def _leave(self, half: Half, rest: bytes, end: int) -> None:
        """The reader wants to see `rest` again with what comes at `end`."""
        half.want = end
        limit = self.dissector.max_pending if self.dissector is not None else MAX_HEAD
        if len(rest) > limit:
            self.anomaly("stream.pending-limit", f"{len(rest)} bytes of one message")
            self._stop(half, end)
        else:
            half.pending = rest

    def _stop(self, half: Half, end: int) -> None:
        half.pending, half.dissector, half.ignored = b"", None, True
        half.want = (end + STOP) & MASK

    def _keep_early(self, half: Half, seq: int, data: bytes) -> None:
        early = half.early
        if early is None:
            early = half.early = {}
        known = early.get(seq)
        if half.first is not None and 0 < (half.first - seq) & MASK < HALF:
            half.first = seq
        if known is None or len(known) < len(data):
            more = len(data) - (len(known) if known else 0)
            half.early_bytes += more
            self.context.early_bytes += more
            early[seq] = data
        if len(early) > MAX_EARLY_SEGMENTS or half.early_bytes > MAX_EARLY_BYTES or self.context.crowded():
            self._hole(half)

    def _drain(self, half: Half) -> None:
        """Deliver kept segments for as long as they join up."""
        early, start = half.early or {}, half.want or 0
        for seq in sorted(early, key=lambda seq: (seq - start + HALF) & MASK):
            skip = ((half.want or 0) - seq) & MASK
            if skip >= HALF:
                return
            data = early.pop(seq)
            half.early_bytes -= len(data)
            self.context.early_bytes -= len(data)
            if skip < len(data):
                self._deliver(half, data[skip:], (seq + len(data)) & MASK)
        half.early = None

    def _hole(self, half: Half) -> None:
        """What is missing is lost for good: go on from the first kept segment."""
        if not half.early:
            return
        want = half.want or 0
        seq = min(half.early, key=lambda start: (start - want) & MASK)
        self._lose(half, (seq - want) & MASK)
        self._drain(half)

    def _lose(self, half: Half, size: int) -> None:
        """Tell the dissector of `size` lost bytes and go on where it wants."""
        self.gaps += 1
        half.pending = b""
        want = ((half.want or 0) + size) & MASK
        if self.dissector is None:
            half.midstream, half.want = True, want
            return
        skip = self.dissector.gap(half.side, size)
        if skip >= STOP:
            self._stop(half, want)
        else:
            half.want = (want + skip) & MASK

    # ------------------------------------------------------------ recognition by content
    def _unbound(self, half: Half, data: bytes) -> int:
        """Find the dissector for a half that has none yet."""
        if half.ignored:
            return len(data) + STOP
        if self.dissector is not None:
            return self._bind(half, self.dissector, data)
        undecided = False
        for candidate in self.context.protocols:
            answer = (candidate.recognise_midstream if half.midstream else candidate.recognise)(half.side, data)
            if answer is Match.YES:
                self.dissector = candidate(self)
                return self._bind(half, self.dissector, data)
            if answer is Match.MORE:
                undecided = True
        if undecided and len(data) < MAX_HEAD:
            return 0
        half.tries += 1
        if half.midstream and half.tries < MAX_RECOGNITION_TRIES:
            return len(data)
        half.ignored = True  # until the other side is recognised
        return len(data) + STOP

    def _bind(self, half: Half, dissector: Dissector, data: bytes) -> int:
        """Let the dissector read this half from here on, and the other half when it speaks."""
        half.dissector = dissector
        if half.midstream:
            dissector.begin_midstream(half.side)
        other = self.halves[1 - half.side]
        if other.ignored and other.dissector is None:
            other.ignored, other.want, other.midstream = False, None, True
        return dissector.feed(half.side, data)

    # ------------------------------------------------------------ the end
    def close(self) -> None:
        """Deliver what is kept, let the dissector say what it knows, and report the connection."""
        if self.closed:
            return
        self.closed = True
        self._end = end = self.now()
        for half in self.halves:
            while half.early:
                self._hole(half)
        if self.dissector is not None:
            self.dissector.close()
        if self._anomalies:
            self._report(self._anomalies)
        client, server = self.halves if not self.swapped else (self.halves[1], self.halves[0])
        client_bytes, server_bytes = client.size(), server.size()
        self.context.gaps += self.gaps
        self.emit(
            Connection(
                ts=self.start,
                sensor=self.sensor,
                packet=self.packet,
                uid=self.uid,
                client=self.client,
                server=self.server,
                end=end,
                transport=Transport.TCP,
                service=self.dissector.service if self.dissector is not None else Service.UNKNOWN,
                answered=self.answered or server_bytes > 0 or self._client_was_answered(),
                established=client_bytes > 0 and server_bytes > 0,
                refused=self.refused,
                midstream=not self.syn,
                client_bytes=client_bytes,
                server_bytes=server_bytes,
                vlan=self.vlan,
                gaps=self.gaps,
            )
        )
        self.dissector = None
        for half in self.halves:
            half.dissector, half.ignored = None, True
            half.pending = b""

    def _client_was_answered(self) -> bool:
        """A client that opened, spoke and closed in good order had an answer, though the capture has none of it."""
        client = self.halves[0]
        return self.syn and client.fin is not None and client.size() > 0

    def _report(self, anomalies: dict[str, list[int | str]]) -> None:
        for name, (count, detail, packet, moment) in anomalies.items():
            self.context.emit(
                Anomaly(
                    ts=self.context.moment(int(moment)),
                    sensor=self.context.sensor,
                    packet=int(packet),
                    name=name,
                    client=self.client,
                    server=self.server,
                    uid=self.uid,
                    count=int(count),
                    detail=str(detail),
                )
            )
        self.context.anomalies += sum(int(entry[0]) for entry in anomalies.values())


def reverse(key: bytes) -> bytes:
    """The key of the other direction: addresses (8 or 32 bytes) and ports (4) exchanged."""
    size = len(key) // 2 - 2
    return key[size : 2 * size] + key[:size] + key[-2:] + key[-4:-2]
