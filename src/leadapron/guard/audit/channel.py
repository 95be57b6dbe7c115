"""One connection to a syslog collector: TLS (RFC 5425), or plain TCP for a collector on this machine (RFC 6587)."""

from __future__ import annotations

import re
import select
import socket
import ssl
import time
from types import TracebackType
from typing import Self

from leadapron.guard.tls import client_context, upstream_name
from leadapron.model.errors import UsageError
from leadapron.model.guard import Tls

TIMEOUT = 10.0
"""Seconds for a connection, a handshake, and for the other side to take what is sent."""
UNANSWERED = 15.0
"""Seconds without an acknowledgement of TCP after which the connection is given up (RFC 5482)."""
PORT = 6514
"""syslog over TLS (RFC 5425 §4.1)."""

_ADDRESS = re.compile(r"(?:\[(?P<six>[^\]]+)\]|(?P<host>[^:\[\]]+))(?::(?P<port>\d{1,5}))?")


def parse_address(text: str) -> tuple[str, int]:
    """`host:port`, `[v6]:port`; UsageError otherwise."""
    match = _ADDRESS.fullmatch(text.strip())
    if match is None or int(match["port"] or PORT) > 65535:
        raise UsageError(f"audit collector `{text}`: write `host:port` or `[address]:port`")
    return match["six"] or match["host"], int(match["port"] or PORT)


def connect(address: str, tls: Tls | None) -> Channel:
    """OSError: not reached, or not trusted. UsageError: the address or the certificates are wrong."""
    host, port = parse_address(address)
    context = client_context(tls) if tls else None  # read anew each time: certificates are renewed
    plain = socket.create_connection((host, port), timeout=TIMEOUT)
    try:
        _notice_silence(plain)
        if context is None or tls is None:
            return Channel(plain)
        return Channel(context.wrap_socket(plain, server_hostname=upstream_name(tls, host)))
    except BaseException:
        plain.close()
        raise


def _notice_silence(plain: socket.socket) -> None:
    """A collector that lost its power says nothing: TCP has to find out, and before `delivery.RESEND` is over."""
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, seconds in (("TCP_KEEPIDLE", 5), ("TCP_KEEPINTVL", 5), ("TCP_KEEPCNT", 2)):
        if hasattr(socket, name):
            plain.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), seconds)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(UNANSWERED * 1000))


class Channel:
    """Bytes out, and whether the other side is still there. One thread only."""

    def __init__(self, link: socket.socket) -> None:
        self._link = link

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._link.close()

    def send(self, data: bytes) -> None:
        """OSError: the connection is over, and how much of `data` arrived is not known."""
        self._link.settimeout(TIMEOUT)
        self._link.sendall(data)

    def check(self, seconds: float) -> None:
        """Waits so long, or until the other side ends: then ConnectionError. What it says is read and dropped."""
        readable, _, _ = select.select([self._link], [], [], seconds)
        if readable and self._read(0.0) == b"":
            raise ConnectionResetError("the collector closed the connection")

    def finish(self) -> bool:
        """Ends in order. True: the other side ended too, after it had read all (had it not, TCP would say reset)."""
        deadline = time.monotonic() + 2.0
        try:
            if isinstance(self._link, ssl.SSLSocket):
                self._link.settimeout(2.0)
                self._link.unwrap()
                return True
            self._link.shutdown(socket.SHUT_WR)
            while time.monotonic() < deadline:
                if self._read(deadline - time.monotonic()) == b"":
                    return True
        except ssl.SSLEOFError:
            return True
        except OSError:
            return False
        return False

    def _read(self, seconds: float) -> bytes | None:
        """What there is; empty at the end of the stream, None for nothing yet."""
        self._link.settimeout(max(seconds, 0.0))
        try:
            return self._link.recv(4096)
        except (ssl.SSLWantReadError, BlockingIOError, TimeoutError):
            return None
