"""A wire that is listened to: what real peers say to each other, before and behind a guard."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Line:
    """One connection: all bytes from its client and from its server."""

    def __init__(self) -> None:
        self.client, self.server = bytearray(), bytearray()

    @property
    def request(self) -> bytes:
        """The first PDU of the client (PS3.8 §9.3.2)."""
        return bytes(self.client[: 6 + int.from_bytes(self.client[2:6], "big")])

    @property
    def answer(self) -> bytes:
        """The first PDU of the server."""
        return bytes(self.server[: 6 + int.from_bytes(self.server[2:6], "big")])


class Tap:
    """Carries each connection to `upstream`, a port of this machine, and keeps a copy."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.upstream = 0
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self._threads: list[threading.Thread] = []

    def accept(self) -> None:
        """Until the listening socket is shut."""
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(client,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, client: socket.socket) -> None:
        line = Line()
        self.lines.append(line)
        with client, socket.create_connection(("127.0.0.1", self.upstream)) as server:
            back = threading.Thread(target=_carry, args=(server, client, line.server), daemon=True)
            back.start()
            _carry(client, server, line.client)
            back.join()

    def end(self) -> None:
        """Wait for every connection to be over."""
        self._listening.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(10)
        self._listening.close()


def _carry(source: socket.socket, target: socket.socket, kept: bytearray) -> None:
    """All of one direction. Its end is passed on."""
    target.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        while data := source.recv(1 << 16):
            kept += data
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        for each in (source, target):
            each.close()


@contextmanager
def tapped(upstream: int = 0) -> Iterator[Tap]:
    """A tap at work. `upstream` may be set later."""
    tap = Tap()
    tap.upstream = upstream
    thread = threading.Thread(target=tap.accept, daemon=True)
    thread.start()
    try:
        yield tap
    finally:
        tap.end()
        thread.join(10)
