"""One TCP connection of a relay: reads when it may, keeps what cannot be written yet, and ends in one of two ways."""

from __future__ import annotations

import socket
from collections import deque
from collections.abc import Sequence
from typing import Protocol

from leadapron.guard.conversation import Bytes
from leadapron.guard.shell.poller import GONE, READABLE, WRITABLE, Poller
from leadapron.see.wire.dissector import Side

READ = 256 * 1024
"""Bytes asked for at once: the more, the fewer system calls; beyond this nothing is gained."""
MOST_OWED = 256 * 1024
"""Bytes waiting for a peer that does not read, from which on nothing more is read from it either: it asks for more
answers than it takes."""
_PIECES = 512
"""Buffers given to one sendmsg (Linux: IOV_MAX is 1024)."""
_RESET = (1).to_bytes(4, "little") + bytes(4)
"""`struct linger`: on, 0 seconds."""


class Owner(Protocol):
    """Whoever the bytes are for."""

    def received(self, side: Side, data: bytes) -> None:
        """Bytes came."""

    def ended(self, side: Side) -> None:
        """Nothing more will come."""

    def connected(self, link: Link) -> None:
        """A link that was dialled stands, its TLS included."""

    def unconnected(self, link: Link) -> None:
        """A link that was dialled does not come about."""

    def secured(self, link: Link) -> None:
        """TLS with the client stands."""

    def flushed(self) -> None:
        """All that waited was written."""

    def fault(self, error: Exception) -> None:
        """A defect."""


class Link:
    """One of a relay's two connections, without TLS."""

    __slots__ = (
        "_backlog",
        "_finishing",
        "_mute",
        "_owner",
        "_poller",
        "_recv",
        "_send",
        "closed",
        "connecting",
        "finished",
        "hung",
        "other",
        "owed",
        "paused",
        "readable",
        "side",
        "sock",
        "written",
    )

    def __init__(
        self, sock: socket.socket, side: Side, owner: Owner, poller: Poller, *, connecting: bool = False
    ) -> None:
        self.sock, self.side, self._owner, self._poller = sock, side, owner, poller
        self._recv, self._send = sock.recv, sock.send
        self.connecting = connecting
        self.other: Link | None = None
        self.paused = False
        """The owner wants nothing from this side now."""
        self.readable = False
        """There may be bytes that were not read."""
        self.hung = False
        """The peer has ended its direction, perhaps after bytes that were not read."""
        self.finished = False
        """Its end was read."""
        self.closed = False
        self._finishing = self._mute = False
        self._backlog: deque[memoryview] | None = None
        self.owed = 0
        """Bytes that wait to be written."""
        self.written = 0
        """Bytes that left, of those that once had to wait: a sign of life."""
        poller.watch(sock, self)

    # ------------------------------------------------------------ from the poller
    def ready(self, events: int) -> None:
        """As `Watcher`."""
        if self.closed:
            return
        if events & GONE:
            self.hung = True
        if self.connecting:
            self._try_connected(events)
            return
        if self.owed and events & WRITABLE:
            self._flush()
        if events & (READABLE | GONE):
            self.readable = True
            self.read()

    def again(self) -> None:
        """As `Watcher`."""
        if self.readable:
            self.read()

    def failed(self, error: Exception) -> None:
        """As `Watcher`."""
        self._owner.fault(error)

    def _try_connected(self, events: int) -> None:
        if events & GONE and (
            self.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) or not events & READABLE
        ):  # a connection that came about is told without GONE, unless it has ended already
            self._owner.unconnected(self)
        elif events & WRITABLE:
            self.connecting = False
            self.readable = bool(events & (READABLE | GONE))
            self.stand()

    def stand(self) -> None:
        """The TCP connection came about."""
        self._owner.connected(self)
        self.resume()

    # ------------------------------------------------------------ reading
    def resume(self) -> None:
        """Read again if something is left to read."""
        self.paused = False
        if self.readable:
            self._poller.later(self)

    def read(self) -> None:
        """Once, if the other side keeps up."""
        if self.paused or self.closed or self.connecting or self.owed > MOST_OWED:
            return
        other = self.other
        if other is not None and other.owed:
            return
        try:
            data = self._recv(READ)
        except (BlockingIOError, InterruptedError):
            self.readable = False
            return
        except OSError:
            data = b""
        if not data:
            self.end()
            return
        if self.hung or len(data) == READ:
            self._poller.later(self)
        else:
            self.readable = False
        self.take(data)

    def take(self, data: bytes) -> None:
        """Bytes were read."""
        self._owner.received(self.side, data)

    def end(self) -> None:
        """Nothing more will be read."""
        self.readable = False
        if not self.finished:
            self.finished = True
            self._owner.ended(self.side)

    def acknowledge(self) -> None:
        """Send the delayed acknowledgement now (tcp(7), TCP_QUICKACK): a peer with Nagle's algorithm waits for it
        in the middle of a message, up to 40 ms each time."""
        try:
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        except OSError:
            pass

    # ------------------------------------------------------------ writing
    def write(self, chunks: Sequence[Bytes]) -> None:
        """Send, or keep what the peer does not take yet. The chunks must not change any more."""
        if self._mute or self._finishing:
            return
        if self.owed:
            self._keep(chunks, 0)
            return
        if len(chunks) == 1:
            chunk = chunks[0]
            try:
                sent = self._send(chunk)
            except (BlockingIOError, InterruptedError):
                sent = 0
            except OSError:
                self._silence()
                return
            if sent != len(chunk):
                self._keep(chunks, sent)
        else:
            self._keep(chunks, 0)
            self._flush()

    def _keep(self, chunks: Sequence[Bytes], sent: int) -> None:
        if self._backlog is None:
            self._backlog = deque()
        for chunk in chunks:
            view = memoryview(chunk)
            if sent:
                view, sent = view[sent:], 0
            if view:
                self._backlog.append(view)
                self.owed += len(view)

    def _flush(self) -> None:
        backlog = self._backlog
        if backlog is None:
            return
        while backlog:
            pieces = [backlog[index] for index in range(min(len(backlog), _PIECES))]
            try:
                sent = self.sock.sendmsg(pieces)
            except (BlockingIOError, InterruptedError):
                return
            except OSError:
                self._silence()
                return
            self.owed -= sent
            self.written += sent
            while sent:
                first = backlog.popleft()
                if sent < len(first):
                    backlog.appendleft(first[sent:])
                    break
                sent -= len(first)
        self._backlog = None
        self._written_out()

    def _written_out(self) -> None:
        if self._finishing:
            self._shut()
        other = self.other
        if other is not None and other.readable and not other.paused:
            self._poller.later(other)
        if self.readable and not self.paused:
            self._poller.later(self)
        self._owner.flushed()

    def _silence(self) -> None:
        """The peer takes nothing any more. What it sent before may still be read, and then its end."""
        self._mute = True
        self._backlog, self.owed = None, 0
        self.readable = True
        self._poller.later(self)
        self._written_out()

    # ------------------------------------------------------------ ending
    def finish(self) -> None:
        """Tell the peer that nothing more comes, once all is written."""
        if not self._finishing:
            self._finishing = True
            if not self.owed:
                self._shut()

    def _shut(self) -> None:
        try:
            self.sock.shutdown(socket.SHUT_WR)
        except OSError:
            self._mute = True

    @property
    def idle(self) -> bool:
        """All is written, or nobody is left to take it."""
        return not self.owed

    def close(self, *, reset: bool = False) -> None:
        """End it now; with `reset` the peer learns that something broke, and waiting bytes are lost."""
        if self.closed:
            return
        self.closed = True
        self._backlog, self.owed = None, 0
        self.other = None
        if reset:
            try:
                self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            except OSError:
                pass
        self._poller.dispose(self.sock)
