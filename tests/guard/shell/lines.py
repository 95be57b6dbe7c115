"""A protocol of lines, guarded: the smallest conversation that shows what the shell does. And a guard in a thread."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import uvloop

from leadapron.guard.conversation import Conversation, Ending, Surroundings
from leadapron.guard.shell import Guard
from leadapron.model.events import Event, GuardNotice
from leadapron.model.guard import Limits, Listener, Policy, Rule, Speech
from leadapron.see.wire.dissector import Side


class Lines(Conversation):
    """Lines pass; `no` is refused, `wait` waits, `bang` is a defect, `cut` resets, `big` is answered at once."""

    def __init__(self, surroundings: Surroundings) -> None:
        super().__init__(surroundings)
        self._held: dict[Side, bytes] = {Side.CLIENT: b"", Side.SERVER: b""}
        self._opened = self._dialled = False
        self.said: list[str] = []
        surroundings_of.append(surroundings)

    def receive(self, side: Side, data: bytes) -> None:
        *lines, self._held[side] = (self._held[side] + data).split(b"\n")
        for line in lines:
            self._line(side, line)

    def _line(self, side: Side, line: bytes) -> None:
        if side is Side.SERVER:
            self.to_client.append(line + b"\n")
            return
        self._opened = True
        if line == b"no":
            self.to_client.append(b"refused\n")
            self.ending = Ending.CLOSE
        elif line == b"cut":
            self.ending = Ending.RESET
        elif line == b"wait":
            self.wait = 0.5
        elif line == b"bang":
            raise KeyError("the name of a patient")
        elif line.startswith(b"big"):
            self.to_client.append(line.replace(b"b", b"p") + b"\n")
        else:
            if not self._dialled:
                self._dialled = True
                self.dial = self.surroundings.listener.upstream
            self.to_server.append(line + b"\n")

    def closed(self, side: Side) -> None:
        self.said.append(f"closed {side.name}")
        if side is Side.SERVER:
            self.ending = Ending.CLOSE

    def unreachable(self) -> None:
        self.to_client.append(b"nobody there\n")
        self.ending = Ending.CLOSE

    def resumed(self) -> None:
        self.to_client.append(b"waited\n")

    @property
    def busy(self) -> bool:
        return any(self._held.values())

    @property
    def opened(self) -> bool:
        return self._opened

    def expire(self) -> None:
        self.to_client.append(b"too late\n")
        self.ending = Ending.CLOSE

    def finish(self) -> None:
        self.surroundings.record(_notice(self.surroundings, "finished"))


surroundings_of: list[Surroundings] = []
"""Of the conversations made so far, in order."""


def _notice(surroundings: Surroundings, name: str) -> GuardNotice:
    return GuardNotice(ts=datetime.now(UTC), sensor="test", packet=0, name=name, detail=surroundings.uid)


class Standing:
    """A guard that runs in a thread of its own."""

    def __init__(self, guard: Guard, events: list[Event]) -> None:
        self.guard, self.events = guard, events
        self.error: BaseException | None = None
        self.loop: asyncio.AbstractEventLoop
        self._up = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        async def main() -> None:
            self.loop = asyncio.get_running_loop()
            running = asyncio.ensure_future(self.guard.run())
            standing = asyncio.ensure_future(self.guard.standing.wait())
            await asyncio.wait((running, standing), return_when=asyncio.FIRST_COMPLETED)
            self._up.set()
            standing.cancel()
            await running

        try:
            uvloop.run(main())
        except BaseException as error:  # noqa: BLE001 (told to the test)
            self.error = error
        self._up.set()

    def start(self) -> None:
        self._thread.start()
        assert self._up.wait(10)
        if self.error is not None:
            raise self.error

    def call(self, function: Callable[[], Any]) -> None:
        """In the guard's own thread."""
        done = threading.Event()
        self.loop.call_soon_threadsafe(lambda: (function(), done.set()))
        assert done.wait(5)

    def do(self, work: Any) -> Any:
        """A coroutine of the guard's."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(10)

    def join(self, timeout: float = 10) -> bool:
        """Has it stopped?"""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def port(self, listener: str = "front") -> int:
        return self.guard.addresses[listener].port

    def notices(self) -> list[str]:
        return [event.name for event in list(self.events) if isinstance(event, GuardNotice)]


@contextmanager
def standing(policy: Policy, **more: Any) -> Iterator[Standing]:
    """A guard for as long as the test needs it."""
    events: list[Event] = []
    more.setdefault("speakers", {Speech.DICOM: Lines})
    guard = Guard(policy, record=events.append, pseudonym=str, digest_key=bytes(32), drain=5.0, tick=0.05, **more)
    found = Standing(guard, events)
    found.start()
    try:
        yield found
    finally:
        for _ in range(2):
            try:
                found.loop.call_soon_threadsafe(guard.stop)
            except RuntimeError:  # it has stopped
                pass
        assert found.join()
        if found.error is not None:
            raise found.error


def policy_of(*upstream: str, state: str = "", limits: Limits | None = None, **more: Any) -> Policy:
    """One listener, `front`, that allows all."""
    listener = Listener(
        name="front",
        speaks=Speech.DICOM,
        listen="127.0.0.1:0",
        upstream=upstream,
        fail="closed",
        limits=limits or Limits(),
        **more,
    )
    return Policy(listeners=(listener,), rules=(Rule(name="all", line=1),), state=state, digest="d1")


@contextmanager
def echo_server(answer: Callable[[bytes], bytes] = lambda data: data) -> Iterator[str]:
    """Answers what it is sent, many connections at once; gives its address."""
    with socket.create_server(("127.0.0.1", 0), backlog=512) as server:
        threads: list[threading.Thread] = []

        def one(sock: socket.socket) -> None:
            with sock:
                try:
                    while data := sock.recv(1 << 16):
                        sock.sendall(answer(data))
                except OSError:
                    pass

        def serve() -> None:
            while True:
                try:
                    sock, _ = server.accept()
                except OSError:
                    return
                threads.append(threading.Thread(target=one, args=(sock,), daemon=True))
                threads[-1].start()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)
        thread.join(5)
        for thread in threads:
            thread.join(5)


def lines_of(sock: socket.socket, count: int) -> Sequence[bytes]:
    """So many lines that the guard sends; fewer if it ends before."""
    found = b""
    while found.count(b"\n") < count:
        data = sock.recv(1 << 16)
        if not data:
            break
        found += data
    return found.split(b"\n")[:-1]
