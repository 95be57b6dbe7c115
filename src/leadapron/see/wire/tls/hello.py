"""The two hellos: what the client can do, what the server chose (RFC 8446 §4.1, RFC 5246 §7.4.1)."""

from __future__ import annotations

import re
from typing import Final

from msgspec import Struct

from leadapron.see.wire.tls.cursor import Cursor, TruncatedError, numbers, vectors
from leadapron.see.wire.tls.names import normal_version

SERVER_NAME: Final = 0x0000
SIGNATURE_ALGORITHMS: Final = 0x000D
ALPN: Final = 0x0010
PRE_SHARED_KEY: Final = 0x0029
SUPPORTED_VERSIONS: Final = 0x002B

MAX_ALPN_NAMES: Final = 8
MAX_EXTENSIONS: Final = 256

RETRY_RANDOM: Final = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")
"""The random of a ServerHello that is a HelloRetryRequest (RFC 8446 §4.1.3)."""

SSL2_VERSION: Final = 0x0002
_SSL2_CLIENT_HELLO: Final = 1
_SSL2_SERVER_HELLO: Final = 4

_HOST_NAME: Final = re.compile(rb"[A-Za-z0-9_.-]{1,253}")
_PROTOCOL_NAME: Final = re.compile(rb"[!-~]{1,32}")


class ClientHello(Struct, frozen=True, kw_only=True):
    """What a client offered, as numbers in the order it wrote them."""

    legacy_version: int
    versions: tuple[int, ...]
    """From supported_versions; empty where the extension is absent."""
    ciphers: tuple[int, ...]
    extensions: tuple[int, ...] = ()
    signature_algorithms: tuple[int, ...] = ()
    alpn: tuple[bytes, ...] = ()
    server_name: str = ""

    @property
    def highest_version(self) -> int:
        """The newest published version offered, 0 if none was."""
        return max((normal_version(number) for number in self.versions or (self.legacy_version,)), default=0)


class ServerHello(Struct, frozen=True, kw_only=True):
    """What the server chose."""

    version: int
    cipher: int
    retry: bool
    resumed: bool
    """TLS 1.3 only: a pre-shared key was taken. Older resumptions show in what the server leaves out."""
    alpn: tuple[bytes, ...]


def is_grease(number: int) -> bool:
    """One of the reserved numbers sent to keep servers tolerant (RFC 8701)."""
    return number & 0x0F0F == 0x0A0A and number >> 8 == number & 0xFF


def parse_client_hello(body: bytes) -> ClientHello:
    """A ClientHello without its message header. Raises TruncatedError."""
    cursor = Cursor(body)
    legacy_version = cursor.number(2)
    cursor.take(32)
    cursor.vector(1)
    ciphers = numbers(cursor.vector(2))
    cursor.vector(1)
    extensions = _extensions(cursor)
    found = dict(extensions)
    return ClientHello(
        legacy_version=legacy_version,
        versions=numbers(found.get(SUPPORTED_VERSIONS, b"")[1:]),
        ciphers=ciphers,
        extensions=tuple(number for number, _ in extensions),
        signature_algorithms=numbers(found.get(SIGNATURE_ALGORITHMS, b"")[2:]),
        alpn=_alpn(found.get(ALPN, b"")),
        server_name=_server_name(found.get(SERVER_NAME, b"")),
    )


def parse_server_hello(body: bytes) -> ServerHello:
    """A ServerHello or HelloRetryRequest without its message header. Raises TruncatedError."""
    cursor = Cursor(body)
    version = cursor.number(2)
    random = cursor.take(32)
    cursor.vector(1)
    cipher = cursor.number(2)
    cursor.take(1)
    found = dict(_extensions(cursor))
    chosen = numbers(found.get(SUPPORTED_VERSIONS, b""))
    return ServerHello(
        version=normal_version(chosen[0] if chosen else version),
        cipher=cipher,
        retry=random == RETRY_RANDOM,
        resumed=PRE_SHARED_KEY in found,
        alpn=_alpn(found.get(ALPN, b"")),
    )


def ssl2_hello_size(head: bytes) -> int:
    """Size in bytes of the SSL 2.0 client hello that starts here, 0 if none does.

    Old clients wrapped offers of newer versions in it (RFC 5246 appendix E.2), so all its lengths must agree.
    """
    if len(head) < 11 or not head[0] & 0x80 or head[2] != _SSL2_CLIENT_HELLO:
        return 0
    size = int.from_bytes(head[:2], "big") & 0x7FFF
    version, specs, session, challenge = numbers(head[3:11])
    plausible = version == SSL2_VERSION or 0x0300 <= version <= 0x0304
    consistent = specs and specs % 3 == 0 and session in (0, 16) and 16 <= challenge <= 32
    return size + 2 if plausible and consistent and size == 9 + specs + session + challenge else 0


def parse_ssl2_client_hello(message: bytes) -> ClientHello:
    """An SSL 2.0 client hello with its two-byte header. Raises TruncatedError."""
    cursor = Cursor(message)
    cursor.take(3)
    version = cursor.number(2)
    size = cursor.number(2)
    cursor.take(4)
    specs = cursor.take(size)
    kinds = [int.from_bytes(specs[at : at + 3], "big") for at in range(0, size, 3)]
    return ClientHello(legacy_version=version, versions=(), ciphers=tuple(kind for kind in kinds if kind <= 0xFFFF))


def is_ssl2_server_hello(head: bytes) -> bool:
    """A server that answers in SSL 2.0 itself: two-byte header, SERVER-HELLO, X.509, version 0.2."""
    return (
        len(head) >= 7
        and bool(head[0] & 0x80)
        and head[2] == _SSL2_SERVER_HELLO
        and head[3] <= 1
        and head[4] <= 1
        and head[5:7] == b"\x00\x02"
    )


def _extensions(cursor: Cursor) -> list[tuple[int, bytes]]:
    if cursor.left < 2:
        return []
    inner = Cursor(cursor.vector(2))
    found: list[tuple[int, bytes]] = []
    while inner.left >= 4:
        if len(found) == MAX_EXTENSIONS:
            raise TruncatedError
        found.append((inner.number(2), inner.vector(2)))
    return found


def _alpn(data: bytes) -> tuple[bytes, ...]:
    return tuple(vectors(data[2:], 1))[:MAX_ALPN_NAMES]


def alpn_names(names: tuple[bytes, ...]) -> tuple[str, ...]:
    """The protocol names that are readable text (reserved GREASE names are not)."""
    return tuple(name.decode("ascii") for name in names if _PROTOCOL_NAME.fullmatch(name))


def _server_name(data: bytes) -> str:
    """The first host name of a server_name list (RFC 6066 §3)."""
    cursor = Cursor(data[2:])
    if cursor.left < 3 or cursor.number(1) != 0:
        return ""
    size = cursor.number(2)
    name = cursor.take(min(size, cursor.left))
    return name.decode("ascii").lower() if _HOST_NAME.fullmatch(name) else ""
