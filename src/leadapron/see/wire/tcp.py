"""The table of TCP connections: who opened what, when a connection is over, and how many may be open at once."""

from __future__ import annotations

from collections.abc import Callable

from leadapron.see.wire.context import CaptureContext
from leadapron.see.wire.dissector import STOP
from leadapron.see.wire.streams import ACK, FIN, MASK, RST, SYN, Half, TcpConnection

SECOND = 1_000_000_000
SWEEP_INTERVAL = 5 * SECOND
MAX_HALVES = 65_536
"""Two per connection. Beyond, the oldest connections that never got an answer are closed first."""
IDLE_TIMEOUT = 3600 * SECOND
HALF_OPEN_TIMEOUT = 60 * SECOND
LINGER = 10 * SECOND
"""A closed connection is remembered this long, so that late copies of its packets do not count as a new one."""
MAX_WINDOW = 1 << 24
"""Sequence numbers farther apart than this belong to different connections; windows beyond it are not met."""


class TcpTable:
    """Connections by direction key; the packet engine looks halves up in `halves` itself."""

    def __init__(self, context: CaptureContext, see_link: Callable[[TcpConnection, Half, bytes, int], None]) -> None:
        self.context = context
        self.halves: dict[bytes, Half] = {}
        self._see_link = see_link
        self._read_tail: Callable[[int], tuple[int, int]] | None = None
        self._clock = 0
        self._swept = 0

    def enter(self, read_tail: Callable[[int], tuple[int, int]] | None) -> None:
        """A batch begins. `read_tail` gives sequence number and payload length of the packet at an offset of it."""
        self._read_tail = read_tail

    def packet(
        self, key: bytes, seq: int, flags: int, ack: int, data: bytes, size: int, link: bytes, vlan: int
    ) -> None:
        """Any TCP packet. `data` is what was captured of `size` payload bytes; `link` the link header, if
        Ethernet, and `vlan` its innermost tag."""
        half = self.halves.get(key)
        if flags & SYN:
            half = self._opening(half, key, seq, flags, ack)
            seq = (seq + 1) & MASK
            self._see_link(half.conn, half, link, vlan)
        elif half is None:
            if size <= 0 or flags & RST:
                return
            half = self._midstream(key, seq, ack, flags)
            self._see_link(half.conn, half, link, vlan)
        self.ongoing(half, seq, flags, data, size)

    def ongoing(self, half: Half, seq: int, flags: int, data: bytes, size: int) -> None:
        """A packet of a known connection: its payload, then its end."""
        conn = half.conn
        if conn.closed:
            return
        half.last = self.context.offset
        if size > 0:
            conn.segment(half, seq, data, size)
        if flags & RST:
            self._reset(conn, half, seq)
        elif flags & FIN:
            half.fin = (seq + size) & MASK
            half.saw(half.fin, half.fin)
            other = conn.halves[1 - half.side]
            if other.fin is not None and not (half.is_behind() or other.is_behind()):
                self.close(conn)

    def _reset(self, conn: TcpConnection, half: Half, seq: int) -> None:
        """A reset ends a connection only from where its sender can be (RFC 9293 §3.10.7.4): anyone can forge others."""
        self._note_unread(half)
        if half.high is not None and MAX_WINDOW < (seq - half.high) & MASK < MASK - MAX_WINDOW:
            return
        if half is conn.halves[1] and not conn.answered and not half.size():
            conn.refused = True
        self.close(conn)

    def _opening(self, half: Half | None, key: bytes, seq: int, flags: int, ack: int) -> Half:
        first = (seq + 1) & MASK
        answer = flags & ACK != 0
        opening = (ack - 1) & MASK if answer else seq
        if half is not None and half.conn.isn != opening and _ports_used_again(half, opening, answer=answer):
            self.close(half.conn)
            half = None
        if half is None:
            conn = self._new(key, opener=not answer, syn=True)
            half = self.halves[key]
            conn.isn = opening
            peer = conn.halves[1 - half.side]
            peer.midstream = False
            if answer:
                peer.want = ack
        conn = half.conn
        if answer and not conn.closed:
            conn.answered = True
        if half.want is None:
            half.want, half.midstream = first, False
        if half.high is None:
            half.first = half.high = first
        return half

    def _midstream(self, key: bytes, seq: int, ack: int, flags: int) -> Half:
        source_port, destination_port = key[-4] << 8 | key[-3], key[-2] << 8 | key[-1]
        conn = self._new(key, opener=source_port >= destination_port, syn=False)
        half = self.halves[key]
        half.want = seq
        if flags & ACK:
            conn.halves[1 - half.side].want = ack
        return half

    def _new(self, key: bytes, *, opener: bool, syn: bool) -> TcpConnection:
        if len(self.halves) >= MAX_HALVES:
            self._make_room()
        conn = TcpConnection(self.context, key, opener=opener, syn=syn)
        for half in conn.halves:
            self.halves[half.key] = half
        return conn

    def close(self, conn: TcpConnection) -> None:
        """Finish a connection; its halves stay for a while and drop what still comes."""
        conn.close()
        for half in conn.halves:
            if half.want is not None:
                half.want = (half.want + STOP) & MASK

    def _note_unread(self, half: Half) -> None:
        if half.unread >= 0 and self._read_tail is not None:
            seq, size = self._read_tail(half.unread)
            half.saw(seq, (seq + size) & MASK)
            half.last = max(half.last, half.unread)
            half.unread = -1

    def sweep(self) -> None:
        """After each batch: note what was dropped unread, and let go of what is over."""
        context = self.context
        for half in self.halves.values():
            if half.unread >= 0:
                self._note_unread(half)
            if half.last >= 0:
                half.conn.catch_up()
        now = self._clock = max(self._clock, context.now_ns())
        if now - self._swept >= SWEEP_INTERVAL:
            self._swept = now
            self._time_out(now)

    def _time_out(self, now: int) -> None:
        for key, half in list(self.halves.items()):
            conn = half.conn
            idle = now - conn.last_ns
            if conn.closed:
                if idle > LINGER:
                    self._forget(key, conn)
            elif idle > _patience(conn):
                self.close(conn)

    def _make_room(self) -> None:
        """Free a tenth of the table: closed connections, then unanswered ones, then the oldest."""
        goal = MAX_HALVES - MAX_HALVES // 10
        for hopeless in (_is_closed, _is_unanswered, _is_any):
            for key, half in list(self.halves.items()):
                if len(self.halves) <= goal:
                    return
                if hopeless(half.conn):
                    half.conn.close()
                    self._forget(key, half.conn)

    def _forget(self, key: bytes, conn: TcpConnection) -> None:
        """Drop a half, and the circle of references that would leave it to the garbage collector."""
        del self.halves[key]
        conn.halves = ()

    def finish(self) -> None:
        """The capture is over."""
        for half in list(self.halves.values()):
            half.conn.close()
        self.halves.clear()


def _is_closed(conn: TcpConnection) -> bool:
    return conn.closed


def _is_unanswered(conn: TcpConnection) -> bool:
    return not conn.answered


def _is_any(conn: TcpConnection) -> bool:
    return True


def _both_closed(conn: TcpConnection) -> bool:
    """Did both sides announce their end?"""
    return conn.halves[0].fin is not None and conn.halves[1].fin is not None


def _patience(conn: TcpConnection) -> int:
    """Nanoseconds of silence after which a connection is taken for over."""
    if _both_closed(conn):
        return LINGER  # what came before the end and is still missing was late at best
    return IDLE_TIMEOUT if conn.answered or not conn.syn else HALF_OPEN_TIMEOUT


def _ports_used_again(half: Half, opening: int, *, answer: bool) -> bool:
    """Does this SYN, sent by the side of `half`, open another connection than the one known between these ports?

    `opening` is the initial sequence number of whoever opened: that of the SYN, or the one that it answers.
    """
    conn = half.conn
    if conn.isn is None:
        # The opening was missed so far: it may only be late.
        opener = conn.halves[1 - half.side] if answer else half
        known = opener.first if opener.first is not None else opener.want
        return conn.closed or (known is not None and (known - opening - 1) & MASK > MAX_WINDOW)
    if half is conn.halves[0]:
        return not answer
    # Both ends may open at once (RFC 9293 §3.5), but only before a word was said.
    return answer or conn.closed or half.want is not None
