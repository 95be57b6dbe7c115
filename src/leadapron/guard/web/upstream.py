"""The server behind: requests are written anew, to the first address that answers."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Callable
from typing import Final

import aiohttp
from multidict import CIMultiDict
from yarl import URL

from leadapron.guard.tls import client_context, upstream_name
from leadapron.guard.web.heads import MAX_LINE
from leadapron.guard.web.wiring import refuse
from leadapron.model.events import Endpoint
from leadapron.model.guard import Listener, Reason, Tls

READ_SIZE: Final = 256 * 1024
"""Bytes held of one answer before the server behind has to wait."""
CONNECT_TIME: Final = 10.0
"""Seconds for one address."""
IDLE_TIME: Final = 20.0
"""Seconds a connection without requests is kept."""

Content = Callable[[], AsyncIterator[bytes]]


class Upstream:
    """Connections to the server behind one listener. Those that carry a body in are never used again: a request that
    must end in the middle leaves nothing behind that a next one could be taken for."""

    def __init__(self, listener: Listener, context: ssl.SSLContext | None = None) -> None:
        self._listener = listener
        self._urls = tuple(URL(url) for url in listener.upstream)
        secured = any(url.scheme == "https" for url in self._urls)
        self._context = context or (client_context(listener.upstream_tls or Tls()) if secured else None)
        self._asking: aiohttp.ClientSession | None = None
        self._sending: aiohttp.ClientSession | None = None

    @property
    def prefix(self) -> str:
        """Path of the service, which is the same before and behind the guard."""
        return self._urls[0].path.rstrip("/")

    def start(self) -> None:
        """Inside a running loop."""
        self._asking, self._sending = self._session(keep=True), self._session(keep=False)

    async def stop(self) -> None:
        """Ends all connections."""
        for session in (self._asking, self._sending):
            if session is not None:
                await session.close()

    async def ask(
        self, method: str, target: str, fields: CIMultiDict[str], content: Content | None = None
    ) -> aiohttp.ClientResponse:
        """The head of the answer; its body is still to be read. Refused if no address answers."""
        session = self._asking if content is None else self._sending
        if session is None:
            raise refuse(Reason.UPSTREAM, "web.stopped")
        for url in self._urls:
            try:
                return await session.request(
                    method,
                    url.origin().join(URL(target, encoded=True)),
                    headers=fields,
                    data=content() if content else None,
                    auth=aiohttp.BasicAuth(url.user, url.password or "") if url.user else None,
                    allow_redirects=False,
                    server_hostname=self._name(url),
                )
            except aiohttp.ClientConnectorError:
                continue
        raise refuse(Reason.UPSTREAM, "web.unreachable")

    def _name(self, url: URL) -> str | None:
        if url.scheme != "https":
            return None
        return upstream_name(self._listener.upstream_tls or Tls(), url.host or "")

    def _session(self, *, keep: bool) -> aiohttp.ClientSession:
        context = self._context if self._context is not None else True
        if keep:
            connector = aiohttp.TCPConnector(limit=0, ssl=context, keepalive_timeout=IDLE_TIME)
        else:
            connector = aiohttp.TCPConnector(limit=0, ssl=context, force_close=True)
        return aiohttp.ClientSession(
            connector=connector,
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            read_bufsize=READ_SIZE,
            max_line_size=MAX_LINE,
            max_field_size=MAX_LINE,
            skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_TIME),
            trust_env=False,
        )


def answered_from(response: aiohttp.ClientResponse) -> Endpoint | None:
    """Address of the server that answered; None if the connection is already over."""
    transport = response.connection.transport if response.connection is not None else None
    peer = transport.get_extra_info("peername") if transport is not None else None
    return Endpoint(ip=peer[0], port=peer[1]) if peer else None
