"""The DICOMweb proxy of one listener."""

from __future__ import annotations

import asyncio
import ssl
from typing import Final

from aiohttp import web
from msgspec.structs import replace

from leadapron.guard.web.door import Door, Entrance
from leadapron.guard.web.exchange import Exchange, check_request, understood
from leadapron.guard.web.heads import SERVER, check_head
from leadapron.guard.web.routes import Body, route
from leadapron.guard.web.storing import Storing
from leadapron.guard.web.tokens import Tokens
from leadapron.guard.web.upstream import Upstream
from leadapron.guard.web.wiring import Refused, Wiring
from leadapron.model.guard import Action, Listener, Reason

TARPIT: Final = 20.0
"""Seconds a peer waits for its refusal."""
_STATUS: Final = {
    Reason.PROTOCOL: 400,
    Reason.SIZE: 413,
    Reason.RATE: 429,
    Reason.LIMIT: 503,
    Reason.UPSTREAM: 502,
    Reason.BLIND: 503,
}
_AGAIN: Final = {Reason.RATE: "60", Reason.LIMIT: "10", Reason.BLIND: "60"}
"""Seconds after which to try again."""
_AFTER_HOLD: Final = "600"
_CHALLENGES: Final = {"web.token-missing": "Bearer"}
TOKEN: Final = 5
"""`Peer.user_kind` of a bearer token."""


class WebGuard:
    """Listens, judges, forwards. `swap` changes the policy; requests that have begun keep theirs."""

    def __init__(
        self,
        listener: Listener,
        wiring: Wiring,
        *,
        tls: ssl.SSLContext | None = None,
        upstream_tls: ssl.SSLContext | None = None,
    ) -> None:
        self.listener = listener
        self._wiring = wiring
        self._tls = tls
        self._upstream = Upstream(listener, upstream_tls)
        self._tokens = self._read_tokens()
        self._entrance: Entrance | None = None
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listens from now on; OSError if the address is taken, UsageError if there are no keys for tokens."""
        if self._tokens is not None:
            await self._tokens.start()
        self._upstream.start()
        self._entrance = Entrance(self._handle, self.listener, lambda: self._wiring)
        host, _, port = self.listener.listen.rpartition(":")
        self._server = await asyncio.get_running_loop().create_server(
            self._entrance,
            host.strip("[]") or None,
            int(port),
            ssl=self._tls,
            ssl_handshake_timeout=self.listener.limits.handshake if self._tls else None,
        )

    @property
    def addresses(self) -> tuple[tuple[str, int], ...]:
        """Where it listens."""
        sockets = self._server.sockets if self._server else ()
        return tuple(socket.getsockname()[:2] for socket in sockets)

    @property
    def connections(self) -> int:
        """Clients that are connected now."""
        return self._entrance.inside if self._entrance else 0

    @property
    def accepted(self) -> int:
        """Connections that were let in since the start."""
        return self._entrance.accepted if self._entrance else 0

    def swap(self, wiring: Wiring) -> None:
        """A new policy: the next request is judged by it."""
        self._wiring = wiring

    async def stop(self, grace: float = 10.0) -> None:
        """Takes no more connections, lets requests end for `grace` seconds, then cuts them."""
        if self._server is not None:
            self._server.close()
        if self._entrance is not None:
            self._entrance.pre_shutdown()
            await self._entrance.shutdown(grace)
        await self._upstream.stop()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        door = request.protocol
        if not isinstance(door, Door) or door.visit is None:
            raise ConnectionResetError
        visit = door.visit
        visit.wiring = self._wiring
        fields = request.headers
        credentials = fields.get("Authorization", "").partition(" ")[0].lower()
        types = f"{fields.get('Content-Type', '')} {fields.get('Accept', '')}".lower()
        visit.asked(request.method, request.raw_path, types, credentials if credentials in ("basic", "bearer") else "")
        exchange = Storing(request, visit, self._wiring, self.listener, self._upstream)
        try:
            response = await self._understand(exchange)
        except Refused as refused:
            visit.decided(
                exchange.peer, exchange.operation, refused.decision, detail=refused.detail, evidence=refused.evidence
            )
            response = await self._refuse(exchange, refused)
        visit.answered(response.status, response.headers.get("Content-Type", ""))
        return response

    async def _understand(self, exchange: Storing) -> web.StreamResponse:
        request = exchange.request
        check_head(request.method, request.headers, has_body=request.can_read_body)
        found = understood(route(request.method, request.raw_path, self._upstream.prefix))
        check_request(request, found)
        if self._tokens is not None and request.method != "OPTIONS":  # a browser asks OPTIONS without its token
            user = await self._tokens.subject(request.headers.get("Authorization", ""))
            exchange.peer = replace(exchange.peer, user=user, user_kind=TOKEN)
        if found.body is Body.OBJECTS:
            return await exchange.store(found)
        if found.body is Body.ATTRIBUTES:
            return await exchange.submit(found)
        return await exchange.forward(found)

    def _read_tokens(self) -> Tokens | None:
        told = self.listener.tokens
        if not told:
            return None
        return Tokens(
            told.get("issuer", ""),
            told.get("audience", ""),
            told.get("keys", ""),
            trouble=lambda name: self._wiring.notice(name, self.listener.name),
            steady=lambda: self._wiring.clock().steady,
        )

    async def _refuse(self, exchange: Exchange, refused: Refused) -> web.StreamResponse:
        """Says no in HTTP; where the answer has begun, its end never comes."""
        decision = refused.decision
        if exchange.response is not None:
            if exchange.request.transport is not None:
                exchange.request.transport.abort()
            exchange.response.force_close()
            return exchange.response
        if decision.action is Action.TARPIT:
            await asyncio.sleep(TARPIT)
        status = refused.status or _STATUS.get(decision.reason, 403)
        again = _AGAIN.get(decision.reason, "")
        if decision.action is Action.HOLD:
            status, again = 503, _AFTER_HOLD
        said = {"refused_by": "leadapron", "reason": decision.reason, "detail": refused.detail}
        response = web.json_response(said, status=status, headers={"Retry-After": again} if again else None)
        response.headers["Server"] = SERVER
        if status == 401:
            response.headers["WWW-Authenticate"] = _CHALLENGES.get(refused.detail, 'Bearer error="invalid_token"')
        if exchange.request.can_read_body or decision.reason in (Reason.PROTOCOL, Reason.LIMIT):
            response.force_close()
        return response
