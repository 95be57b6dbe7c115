"""Certificates for tests, made by trustme (not by the code under test), and handshakes without sockets."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import trustme
from trustme import KeyType

from leadapron.model.guard import Tls

NOW = datetime.now(UTC)


def days(count: float) -> datetime:
    return NOW + timedelta(days=count)


def write_authority(ca: trustme.CA, path: Path) -> str:
    path.write_bytes(ca.cert_pem.bytes())
    return str(path)


def write_identity(
    ca: trustme.CA,
    folder: Path,
    name: str,
    *hosts: str,
    begin: datetime | None = None,
    end: datetime | None = None,
    key_type: KeyType = KeyType.ECDSA,
) -> Tls:
    """`name.pem` and `name.key` in `folder`."""
    made = ca.issue_cert(
        *(hosts or ("127.0.0.1", "localhost")), common_name=name, not_before=begin, not_after=end, key_type=key_type
    )
    certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
    certificate.write_bytes(b"".join(blob.bytes() for blob in made.cert_chain_pems))
    key.unlink(missing_ok=True)
    key.touch(mode=0o600)
    key.write_bytes(made.private_key_pem.bytes())
    return Tls(certificate=str(certificate), key=str(key))


def shake(client: ssl.SSLContext, server: ssl.SSLContext, name: str) -> tuple[ssl.SSLObject, ssl.SSLObject]:
    """Client's and server's end of a TLS connection through memory; SSLError if they do not agree."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = (
        client.wrap_bio(to_client, to_server, server_hostname=name),
        server.wrap_bio(to_server, to_client, server_side=True),
    )
    waiting = list(ends)
    for _ in range(10):
        for end in tuple(waiting):
            try:
                end.do_handshake()
                waiting.remove(end)
            except ssl.SSLWantReadError:
                pass
    assert not waiting, "the handshake does not end"
    return ends
