"""Whom to call behind the guard: in order of preference, but what was down a moment ago comes last."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Callable, Iterable, Sequence

from leadapron.guard.shell.counters import Counters

CONNECT = 3.0
"""Seconds until an upstream counts as down, its TLS included."""
DOWN = 10.0
"""Seconds for which it is then asked after the others."""
RESOLVE_EVERY = 30.0
"""Seconds between two look-ups of upstreams that are named."""
_LOOK_UP = 5.0

Address = tuple[socket.AddressFamily, tuple[str, int] | tuple[str, int, int, int]]


def split_address(said: str) -> tuple[str, int]:
    """`host:port` or `[address]:port`."""
    host, _, port = said.rpartition(":")
    return host.strip("[]"), int(port)


def literal(host: str, port: int) -> Address | None:
    """The socket address of an IP address; None if it is a name."""
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(family, host)
        except OSError:
            continue
        return family, ((host, port) if family is socket.AF_INET else (host, port, 0, 0))
    return None


class Upstreams:
    """Addresses of all upstreams, and which of them are down."""

    def __init__(self, counters: Counters, steady: Callable[[], float]) -> None:
        self._counters, self._steady = counters, steady
        self._down: dict[str, float] = {}
        self._known: dict[str, Address | None] = {}

    def ordered(self, wanted: Sequence[str]) -> list[str]:
        """Those to try, in order. What is down is tried too, last: it may be back."""
        if not self._down:
            return list(wanted)
        now = self._steady()
        return sorted(wanted, key=lambda one: self._down.get(one, 0.0) > now)

    def failed(self, upstream: str) -> None:
        """It could not be reached."""
        self._counters.upstream_failures[upstream] += 1
        self._down[upstream] = self._steady() + DOWN

    def answered(self, upstream: str) -> None:
        """It was reached."""
        if self._down:
            self._down.pop(upstream, None)

    @property
    def down(self) -> tuple[str, ...]:
        """Those that could not be reached when they were last tried."""
        return tuple(self._down)

    def connect(self, upstream: str) -> socket.socket | None:
        """A socket that is connecting; None if that failed at once."""
        address = self._known.get(upstream)
        if address is None:
            address = self._known[upstream] = literal(*split_address(upstream))
            if address is None:
                return None
        family, place = address
        sock = None
        try:
            sock = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if sock.connect_ex(place) in (0, errno.EINPROGRESS):
                return sock
        except OSError:  # no file numbers, no memory: as if it were down
            pass
        if sock is not None:
            sock.close()
        return None

    async def resolve(self, upstreams: Iterable[str]) -> None:
        """Look up those that are names. What cannot be found keeps its last address."""
        named = [one for one in dict.fromkeys(upstreams) if literal(*split_address(one)) is None]
        await asyncio.gather(*(self._resolve(one) for one in named))

    async def _resolve(self, upstream: str) -> None:
        host, port = split_address(upstream)
        loop = asyncio.get_running_loop()
        try:
            found = await asyncio.wait_for(loop.getaddrinfo(host, port, type=socket.SOCK_STREAM), _LOOK_UP)
        except (OSError, TimeoutError):
            return
        address = literal(str(found[0][4][0]), port)
        if address is not None:
            self._known[upstream] = address
