"""Where clients come in: aiohttp's server with the listener's limits, one visit for each connection."""

from __future__ import annotations

import asyncio
import logging
import secrets
import ssl
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any, Final, cast

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from leadapron.guard.defects import place_of
from leadapron.guard.tls import certificate_names
from leadapron.guard.web.heads import MAX_FIELDS, MAX_LINE, SERVER
from leadapron.guard.web.visit import Visit
from leadapron.guard.web.wiring import Wiring, refuse
from leadapron.model.events import Endpoint
from leadapron.model.guard import Listener, Peer, Reason

READ_SIZE: Final = 128 * 1024
"""Bytes held of one request before its client has to wait."""
LINGER: Final = 2.0
"""Seconds in which the rest of a refused request is read and forgotten, so that its client reads the refusal."""
_SILENT: Final = logging.getLogger("leadapron.guard.web.silent")
_SILENT.addHandler(logging.NullHandler())
_SILENT.propagate = False

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


class Door(RequestHandler):
    """One connection. What cannot be parsed is refused by aiohttp's parser and recorded here."""

    __slots__ = ("_entrance", "visit")

    def __init__(self, entrance: Entrance, **options: Any) -> None:
        super().__init__(entrance, **options)
        self._entrance = entrance
        self.visit: Visit | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.visit = self._entrance.enter(cast(asyncio.Transport, transport))  # uvloop's is none by inheritance
        if self.visit is None:
            self.force_close()

    def connection_lost(self, exc: BaseException | None) -> None:
        super().connection_lost(exc)
        if self.visit is not None:
            self._entrance.leave(self.visit)
            self.visit = None

    def handle_error(
        self, request: web.BaseRequest, status: int = 500, exc: BaseException | None = None, message: str | None = None
    ) -> web.StreamResponse:
        """Bytes that are no HTTP, an answer that failed after it began, or a defect of ours."""
        if request.writer.output_size > 0:
            self.force_close()
        if self.visit is not None and exc is not None and status >= 500 and not isinstance(exc, OSError):
            self.visit.wiring.notice("guard.fault", self.visit.peer.listener, f"{self.visit.uid} {place_of(exc)}")
        if self.visit is not None and status < 500:
            refused = refuse(Reason.PROTOCOL, "web.malformed")
            self.visit.decided(self.visit.peer, None, refused.decision, detail=refused.detail)
        response = web.json_response({"reason": Reason.PROTOCOL}, status=status)
        response.headers["Server"] = SERVER
        response.force_close()
        return response


class Entrance(web.Server):
    """Makes doors, and counts who is inside."""

    def __init__(self, handler: Handler, listener: Listener, wiring: Callable[[], Wiring]) -> None:
        super().__init__(handler)
        self._listener = listener
        self._wiring = wiring
        self._inside: Counter[str] = Counter()
        self.accepted = 0
        """Connections that were let in."""

    @property
    def inside(self) -> int:
        """Connections that are open."""
        return self._inside.total()

    def __call__(self) -> Door:
        limits = self._listener.limits
        return Door(
            self,
            loop=asyncio.get_running_loop(),
            keepalive_timeout=limits.handshake,
            logger=_SILENT,
            access_log=None,
            max_line_size=MAX_LINE,
            max_field_size=MAX_LINE,
            max_headers=MAX_FIELDS,
            lingering_time=LINGER,
            read_bufsize=READ_SIZE,
            auto_decompress=False,
        )

    def enter(self, transport: asyncio.Transport) -> Visit | None:
        """A connection came; None if there are too many."""
        client, server = _endpoint(transport, "peername"), _endpoint(transport, "sockname")
        names, tls = _tls(transport.get_extra_info("ssl_object"))
        peer = Peer(address=client.ip, listener=self._listener.name, certificates=names)
        visit = Visit(self._wiring(), peer, client, server, secrets.token_hex(8))
        visit.tls = tls
        limits = self._listener.limits
        if self._inside.total() >= limits.connections or self._inside[client.ip] >= limits.connections_per_peer:
            refused = refuse(Reason.LIMIT, "web.connections")
            visit.decided(peer, None, refused.decision, detail=refused.detail)
            return None
        self._inside[client.ip] += 1
        self.accepted += 1
        return visit

    def leave(self, visit: Visit) -> None:
        """A connection that came in is over."""
        self._inside[visit.client.ip] -= 1
        if not self._inside[visit.client.ip]:
            del self._inside[visit.client.ip]
        visit.close()


def _endpoint(transport: asyncio.Transport, side: str) -> Endpoint:
    address = transport.get_extra_info(side) or ("", 0)
    return Endpoint(ip=address[0], port=address[1])


def _tls(channel: ssl.SSLObject | None) -> tuple[tuple[str, ...], dict[str, Any] | None]:
    """Names of the client's certificate, and what an event tells of TLS; None in clear."""
    if channel is None:
        return (), None
    certificate = channel.getpeercert(binary_form=True)
    cipher = channel.cipher()
    told = {
        "version": (channel.version() or "").replace("TLSv", "TLS "),
        "cipher": cipher[0] if cipher else "",
        "client_certificate": certificate is not None,
        "client_certificate_requested": certificate is not None,
        "established": True,
    }
    return (certificate_names(certificate) if certificate else ()), told
