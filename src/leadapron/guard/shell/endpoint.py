"""`/metrics`, `/health` and `/ready` over plain HTTP: three pages, no parameters, bounded in every way.

Meant for loopback or the network of management. It runs in the guard's own event loop, so that an answer to `/health`
proves that the loop turns.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from http import HTTPStatus

import msgspec

from leadapron.guard.shell.health import Vitals, findings
from leadapron.guard.shell.metrics import CONTENT_TYPE, Metrics

MAX_HEAD = 8192
"""Bytes of a request's head."""
PATIENCE = 5.0
"""Seconds until a whole head must have come."""
MAX_CONNECTIONS = 16

JSON = "application/json"


class Pages:
    """What is answered to a path."""

    def __init__(self, read: Callable[[], Vitals]) -> None:
        self._read = read
        self._metrics = Metrics(read)

    def answer(self, path: str) -> tuple[HTTPStatus, str, bytes]:
        """Status, content type, body."""
        if path == "/metrics":
            return HTTPStatus.OK, CONTENT_TYPE, self._metrics.page()
        if path == "/health":
            return HTTPStatus.OK, JSON, b'{"alive":true}\n'
        if path == "/ready":
            found = findings(self._read())
            good = not any(finding.stops for finding in found)
            status = HTTPStatus.OK if good else HTTPStatus.SERVICE_UNAVAILABLE
            return status, JSON, msgspec.json.encode({"ready": good, "findings": found}) + b"\n"
        return HTTPStatus.NOT_FOUND, "text/plain", b"/metrics /health /ready\n"


class Endpoint:
    """The port of monitoring."""

    def __init__(self, read: Callable[[], Vitals]) -> None:
        self._pages = Pages(read)
        self._server: asyncio.Server | None = None
        self._open = 0

    async def start(self, host: str, port: int) -> int:
        """Listen; returns the port, which for 0 the system chose. OSError where it cannot."""
        self._server = await asyncio.start_server(self._serve, host, port, limit=MAX_HEAD)
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._open >= MAX_CONNECTIONS:
            writer.close()
            return
        self._open += 1
        try:
            async with asyncio.timeout(PATIENCE):
                head = await reader.readuntil(b"\r\n\r\n")
                writer.write(self._respond(head))
                await writer.drain()
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError, OSError):
            pass
        finally:
            self._open -= 1
            writer.close()

    def _respond(self, head: bytes) -> bytes:
        method, _, rest = head.partition(b"\r\n")[0].decode("latin-1").partition(" ")
        target, _, version = rest.partition(" ")
        if not version.startswith("HTTP/1."):
            status, kind, body = HTTPStatus.BAD_REQUEST, "text/plain", b""
        elif method not in ("GET", "HEAD"):
            status, kind, body = HTTPStatus.METHOD_NOT_ALLOWED, "text/plain", b""
        else:
            status, kind, body = self._pages.answer(target.partition("?")[0])
        answer = (
            f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
            "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n"
        )
        return answer.encode("latin-1") + (b"" if method == "HEAD" else body)
