"""HTTPS with limits: of size, of time, of where a redirect may lead, of how often a failure is tried again.

TLS is always verified. What is asked for is public, so no credentials are ever sent.
"""

from __future__ import annotations

import asyncio
import os
import ssl
import zlib
from pathlib import Path
from types import TracebackType

import certifi
import httpx
from msgspec import Struct

from leadapron import __version__
from leadapron.know.feeds.addresses import first_line, host_of, need_https, same_site
from leadapron.model.errors import SourceError, UsageError

MAX_REDIRECTS = 5
MAX_WAIT = 30.0
"""Seconds that a server may ask us to wait before another try."""

_AGAIN = {429, 500, 502, 503, 504}
_REDIRECTS = {301, 302, 303, 307, 308}


class Connection(Struct, frozen=True, kw_only=True):
    """How this computer reaches the Internet."""

    ca: Path | None = None
    """Certificate authorities to trust besides the system's, as PEM: those of a proxy that opens TLS."""
    proxy: str | None = None
    """Address of the proxy; without it, that of the environment (`HTTPS_PROXY`, `NO_PROXY`)."""
    environment: bool = True
    """Whether the environment's proxy counts."""
    parallel: int = 4
    """Requests at a time."""
    connect_seconds: float = 15.0
    silence_seconds: float = 30.0
    """Longest wait for the next byte."""
    total_seconds: float = 300.0
    """Longest time of one request, so that a server which drips bytes does not hold us for ever."""
    tries: int = 3
    backoff_seconds: float = 0.5
    """Wait before the second try; it doubles for each next one."""


DIRECT = Connection()
"""As the environment says."""


class Page(Struct, frozen=True, kw_only=True):
    """What a server answered."""

    url: str
    """After redirects."""
    data: bytes
    etag: str = ""
    last_modified: str = ""


class MissingPageError(SourceError):
    """The server says that there is no such document (404, 410)."""


class UnreachableError(SourceError):
    """No answer, or none that helps, after several tries: the network's trouble, not the document's."""


class Web:
    """A client for one update. `hosts` are those that may be asked, and redirected to; more may be added."""

    def __init__(self, connection: Connection, hosts: set[str]) -> None:
        self.hosts = hosts
        self._connection = connection
        self._client = httpx.AsyncClient(
            verify=trusted_authorities(connection.ca),
            proxy=_proxy(connection.proxy),
            trust_env=connection.environment,
            follow_redirects=False,
            timeout=httpx.Timeout(connection.silence_seconds, connect=connection.connect_seconds),
            limits=httpx.Limits(max_connections=connection.parallel),
            headers={"User-Agent": f"leadapron/{__version__}", "Accept": "*/*", "Accept-Encoding": "gzip"},
        )

    async def __aenter__(self) -> Web:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose()

    async def get(self, url: str, limit: int) -> Page:
        """The document at `url`, at most `limit` bytes; SourceError names the address and what went wrong."""
        page = await self.get_newer(url, limit)
        if page is None:
            raise UnreachableError(f"{url}: the server answered 304 to a plain question")
        return page

    async def get_newer(self, url: str, limit: int, *, etag: str = "", last_modified: str = "") -> Page | None:
        """As `get`; None when the server says that nothing changed since."""
        headers = {"If-None-Match": etag} if etag else {}
        if last_modified:
            headers["If-Modified-Since"] = last_modified
        here = need_https(url)
        for _ in range(MAX_REDIRECTS + 1):
            if not same_site(host_of(here), self.hosts):
                raise SourceError(f"{url}: leads to {host_of(here)}, a host that nobody named; allow it if it is right")
            answer = await self._patiently(here, limit, headers)
            if not isinstance(answer, str):
                return answer
            here = self._target(here, answer)
        raise SourceError(f"{url}: more than {MAX_REDIRECTS} redirects; refused")

    def _target(self, here: str, location: str) -> str:
        try:
            target = str(httpx.URL(here).join(location))
        except (httpx.InvalidURL, ValueError) as error:
            raise SourceError(f"{here}: redirects to something that is no address") from error
        if not target.startswith("https://"):
            raise SourceError(f"{here}: redirects to {target[:200]}, which is not https; refused")
        return need_https(target)

    async def _patiently(self, url: str, limit: int, headers: dict[str, str]) -> Page | str | None:
        """One answer, tried again after failures that may pass."""
        wait = self._connection.backoff_seconds
        for attempt in range(1, self._connection.tries + 1):
            try:
                async with asyncio.timeout(self._connection.total_seconds):
                    return await self._once(url, limit, headers)
            except _TryLaterError as later:
                reason, pause = f"the server answered {later.status}", max(wait, later.seconds)
            except (httpx.TimeoutException, TimeoutError):
                reason, pause = "no complete answer in time", wait
            except httpx.ProxyError as error:
                raise UnreachableError(f"{url}: the proxy refused ({first_line(error)}); check --proxy") from error
            except (httpx.TransportError, zlib.error) as error:
                if _is_certificate_problem(error):
                    raise UnreachableError(
                        f"{url}: its certificate is not trusted ({first_line(error)}); "
                        "if a proxy of yours opens TLS, name its authority with --ca"
                    ) from error
                reason, pause = first_line(error) or type(error).__name__, wait
            if attempt < self._connection.tries:
                await asyncio.sleep(min(pause, MAX_WAIT))
            wait *= 2
        raise UnreachableError(f"{url}: not reached after {self._connection.tries} tries ({reason})")

    async def _once(self, url: str, limit: int, headers: dict[str, str]) -> Page | str | None:
        """A page, the target of a redirect, or None for "not modified"."""
        async with self._client.stream("GET", url, headers=headers) as response:
            status = response.status_code
            if status in _REDIRECTS and "location" in response.headers:
                return str(response.headers["location"])
            if status == httpx.codes.NOT_MODIFIED:
                return None
            if status in _AGAIN:
                raise _TryLaterError(status, response.headers.get("retry-after", ""))
            if status in (httpx.codes.NOT_FOUND, httpx.codes.GONE):
                raise MissingPageError(f"{url}: there is no such document (answer {status})")
            if status != httpx.codes.OK:
                raise SourceError(f"{url}: the server refused (answer {status})")
            return Page(
                url=url,
                data=await _body(response, url, limit),
                etag=response.headers.get("etag", ""),
                last_modified=response.headers.get("last-modified", ""),
            )


class _TryLaterError(Exception):
    """The server is busy or out of order for now."""

    def __init__(self, status: int, retry_after: str) -> None:
        super().__init__(status)
        self.status = status
        self.seconds = float(retry_after) if retry_after.isascii() and retry_after.isdecimal() else 0.0


async def _body(response: httpx.Response, url: str, limit: int) -> bytes:
    """The body, unpacked here: httpx would unpack a whole chunk, of whatever size it grows to."""
    encoding = response.headers.get("content-encoding", "identity").lower()
    if encoding not in ("identity", "gzip", "x-gzip"):
        raise SourceError(f"{url}: sent in an encoding that was not asked for ({encoding[:20]})")
    unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16) if "gzip" in encoding else None
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += unpacker.decompress(chunk, limit + 1 - len(body)) if unpacker else chunk
        if len(body) > limit:
            raise SourceError(f"{url}: larger than {_size(limit)}; refused")
    if unpacker and not unpacker.eof:
        raise zlib.error("cut short")
    return bytes(body)


def _size(limit: int) -> str:
    return f"{limit >> 20} MB" if limit >= 1 << 20 else f"{limit} bytes"


def trusted_authorities(ca: Path | None) -> ssl.SSLContext:
    """The system's authorities (or `SSL_CERT_FILE`'s), and those of `ca`; httpx's own set where a system has none."""
    context = ssl.create_default_context()
    paths = ssl.get_default_verify_paths()
    named = os.environ.get("SSL_CERT_FILE") or os.environ.get("SSL_CERT_DIR")
    if not named and not paths.cafile and not (paths.capath and os.listdir(paths.capath)):
        context.load_verify_locations(certifi.where())
    if ca is not None:
        try:
            context.load_verify_locations(ca)
        except (OSError, ssl.SSLError) as error:
            raise UsageError(f"{ca}: no certificates of authorities in PEM ({first_line(error)})") from error
    return context


def _proxy(address: str | None) -> httpx.Proxy | None:
    if address is None:
        return None
    try:
        return httpx.Proxy(address)
    except (httpx.InvalidURL, ValueError) as error:
        # The address may hold a password: it is not repeated.
        raise UsageError("--proxy: not an address such as http://proxy.example:3128") from error


def _is_certificate_problem(error: BaseException) -> bool:
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, ssl.SSLCertVerificationError):
            return True
        seen = seen.__cause__ or seen.__context__
    return False
