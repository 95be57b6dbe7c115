"""Fixtures of the tests of feeds: a certificate authority, names that lead to loopback, a quick connection."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import trustme
from pysequoia import Tsk

from leadapron.know.feeds.snapshots import KnowledgeStore
from leadapron.know.feeds.web import Connection
from tests.know.feeds.servers import Site, site

HOST = "vendor.example"
NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy and no authorities from the machine that runs the tests; `*.example` is this machine."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    resolve = socket.getaddrinfo

    def local(host: Any, *rest: Any, **named: Any) -> Any:
        text = host.decode() if isinstance(host, bytes) else str(host)
        return resolve("127.0.0.1" if text.endswith(".example") else host, *rest, **named)

    monkeypatch.setattr(socket, "getaddrinfo", local)


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


def server_context(authority: trustme.CA, *names: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names).configure_cert(context)
    return context


@pytest.fixture(scope="session")
def context(authority: trustme.CA) -> ssl.SSLContext:
    return server_context(authority, HOST, f"www.{HOST}", "other.example")


@pytest.fixture
def vendor(context: ssl.SSLContext) -> Iterator[Site]:
    """A site with nothing on it yet."""
    with site(context, {}) as running:
        yield running


@pytest.fixture
def base(vendor: Site) -> str:
    return f"https://{HOST}:{vendor.port}"


@pytest.fixture
def connection(authority: trustme.CA, tmp_path: Path) -> Connection:
    ca = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(ca))
    return Connection(
        ca=ca, connect_seconds=2, silence_seconds=1, total_seconds=1.5, tries=2, backoff_seconds=0.01, parallel=2
    )


@pytest.fixture(scope="session")
def key() -> Tsk:
    return Tsk.generate("Example PSIRT <psirt@vendor.example>")


@pytest.fixture
def store(tmp_path: Path) -> KnowledgeStore:
    return KnowledgeStore(tmp_path / "knowledge")
