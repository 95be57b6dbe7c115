"""Load: peers that prepared all they will say and only send it. Blocking sockets for objects, epoll for many echoes."""

from __future__ import annotations

import selectors
import socket
import ssl
import statistics
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from msgspec import Struct

from bench.guard import pdus
from bench.guard.objects import Item

TIMEOUT: Final = 60.0
_ECHO: Final = pdus.request_command(pdus.ECHO_RQ, pdus.VERIFICATION)


class LoadError(Exception):
    """A peer did not get the answer it should have had; the figure would be worth nothing."""


class Target(Struct, frozen=True, kw_only=True):
    """Where load goes. `authority`: PEM file of the CA of a TLS front; empty: no TLS."""

    port: int
    authority: str = ""

    def connect(self) -> socket.socket:
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=TIMEOUT)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if not self.authority:
            return connection
        context = ssl.create_default_context(cafile=Path(self.authority))
        return context.wrap_socket(connection, server_hostname="localhost")


class Burst(Struct, frozen=True, kw_only=True):
    """One measured burst. `latencies` in seconds: of each object or association."""

    seconds: float
    operations: int
    bytes: int
    latencies: tuple[float, ...] = ()

    @property
    def median(self) -> float:
        return statistics.median(self.latencies)


class Sender(Struct, frozen=True, kw_only=True):
    """One association's worth of ready bytes: the same object `count` times."""

    request: bytes
    blob: bytes
    size: int
    count: int

    @classmethod
    def of(cls, item: Item, *, max_pdu: int, count: int, called: str = "SINK") -> Sender:
        command = pdus.request_command(pdus.STORE_RQ, item.sop_class, item.instance)
        return cls(
            request=pdus.associate_rq(item.sop_class, "BENCH_SCU", called, max_pdu),
            blob=command + pdus.data_pdus(item.data, max_pdu),
            size=len(item.data),
            count=count,
        )

    def send(self, target: Target) -> list[float]:
        """The time each object took until its answer."""
        took = []
        with target.connect() as connection:
            associate(connection, self.request)
            for _ in range(self.count):
                start = time.perf_counter()
                connection.sendall(self.blob)
                expect(connection, 4)
                took.append(time.perf_counter() - start)
            release(connection)
        return took


def store(target: Target, sender: Sender, associations: int) -> Burst:
    """So many associations at once, each with all of the sender's objects."""
    took: list[float] = []
    start = time.perf_counter()
    in_parallel([lambda: took.extend(sender.send(target))] * associations)
    seconds = time.perf_counter() - start
    count = associations * sender.count
    return Burst(seconds=seconds, operations=count, bytes=count * sender.size, latencies=tuple(took))


def echo_one_by_one(target: Target, count: int) -> Burst:
    """Associations with one C-ECHO, each after the other: what a single verification takes."""
    request = pdus.associate_rq(pdus.VERIFICATION, "BENCH_SCU", "SINK", 16384)
    took = []
    start = time.perf_counter()
    for _ in range(count):
        began = time.perf_counter()
        with target.connect() as connection:
            associate(connection, request)
            connection.sendall(_ECHO)
            expect(connection, 4)
            release(connection)
        took.append(time.perf_counter() - began)
    return Burst(seconds=time.perf_counter() - start, operations=count, bytes=0, latencies=tuple(took))


def echo_together(target: Target, count: int, clients: int) -> Burst:
    """`count` associations with one C-ECHO, `clients` of them at any time. Without TLS."""
    request = pdus.associate_rq(pdus.VERIFICATION, "BENCH_SCU", "SINK", 16384)
    script = ((2, _ECHO), (4, pdus.RELEASE_RQ), (6, b""))
    took: list[float] = []
    with selectors.DefaultSelector() as selector:
        started = 0
        start = time.perf_counter()
        for _ in range(min(clients, count)):
            _begin(selector, target, request)
            started += 1
        while len(took) < count:
            ready = selector.select(TIMEOUT)
            if not ready:
                raise LoadError("no answer to a C-ECHO")
            for key, _ in ready:
                connection = key.fileobj
                assert isinstance(connection, socket.socket)
                visit: _Visit = key.data
                if not visit.advance(connection, script):
                    continue
                took.append(time.perf_counter() - visit.began)
                selector.unregister(connection)
                connection.close()
                if started < count:
                    _begin(selector, target, request)
                    started += 1
        seconds = time.perf_counter() - start
    return Burst(seconds=seconds, operations=count, bytes=0, latencies=tuple(took))


def hold(target: Target, count: int) -> list[socket.socket]:
    """Associations that say nothing more."""
    request = pdus.associate_rq(pdus.VERIFICATION, "BENCH_SCU", "SINK", 16384)
    held = []
    for _ in range(count):
        connection = target.connect()
        associate(connection, request)
        held.append(connection)
    return held


class _Visit:
    """One association of `echo_together`."""

    def __init__(self) -> None:
        self.began = time.perf_counter()
        self._step = 0
        self._seen = b""

    def advance(self, connection: socket.socket, script: tuple[tuple[int, bytes], ...]) -> bool:
        """Answer what came by the script; True at its end."""
        self._seen += connection.recv(65536)
        kind, answer = script[self._step]
        if len(self._seen) < 6 or len(self._seen) < 6 + int.from_bytes(self._seen[2:6], "big"):
            if not self._seen:
                raise LoadError("the connection of a C-ECHO was closed")
            return False
        if self._seen[0] != kind:
            raise LoadError(f"PDU type {self._seen[0]} where {kind} was expected")
        self._seen = b""
        self._step += 1
        if answer:
            connection.sendall(answer)
        return self._step == len(script)


def _begin(selector: selectors.BaseSelector, target: Target, request: bytes) -> None:
    visit = _Visit()
    connection = target.connect()
    connection.sendall(request)
    selector.register(connection, selectors.EVENT_READ, visit)


def associate(connection: socket.socket, request: bytes) -> None:
    connection.sendall(request)
    expect(connection, 2)


def release(connection: socket.socket) -> None:
    connection.sendall(pdus.RELEASE_RQ)
    expect(connection, 6)


def expect(connection: socket.socket, kind: int) -> bytes:
    """The next PDU, which must be of this type."""
    header = _exactly(connection, 6)
    body = _exactly(connection, int.from_bytes(header[2:6], "big"))
    if header[0] != kind:
        raise LoadError(f"PDU type {header[0]} where {kind} was expected")
    return body


def _exactly(connection: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        try:
            more = connection.recv(size - len(data))
        except ConnectionResetError as error:
            raise LoadError("the connection was reset before its answer") from error
        if not more:
            raise LoadError("the connection was closed before its answer")
        data += more
    return data


def in_parallel(jobs: list[Callable[[], None]]) -> None:
    """Each in a thread of its own; the first failure is raised when all are over."""
    failures: list[BaseException] = []

    def run(job: Callable[[], None]) -> None:
        try:
            job()
        except (OSError, LoadError) as error:
            failures.append(error)

    threads = [threading.Thread(target=run, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise LoadError(str(failures[0])) from failures[0]
