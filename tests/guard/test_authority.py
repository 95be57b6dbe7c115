"""A department's own authority: what it issues is good for OpenSSL and DCMTK, and what it revokes is refused."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import stat
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa

from leadapron.guard.authority import Authority, KeyKind, Usage
from leadapron.guard.tls import client_context, server_context
from leadapron.model.errors import UsageError
from leadapron.model.guard import Tls

NOW = datetime.now(UTC)
PASSPHRASE = "correct horse battery"

needs_openssl = pytest.mark.skipif(not shutil.which("openssl"), reason="openssl is not installed")
needs_dcmtk = pytest.mark.skipif(
    not (shutil.which("echoscu") and shutil.which("storescp")), reason="DCMTK is not installed"
)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority.create(tmp_path / "ca", "Radiology North", now=NOW, passphrase=PASSPHRASE)


def files(authority: Authority, name: str) -> Tls:
    issued = authority.folder / "issued"
    return Tls(
        certificate=str(issued / f"{name}.pem"),
        key=str(issued / f"{name}.key"),
        authorities=str(authority.certificate_file),
    )


def test_a_department_makes_certificates_for_its_devices(authority: Authority) -> None:
    authority.issue("guard", hosts=["10.0.0.1", "guard.hospital.example"], passphrase=PASSPHRASE, now=NOW)
    authority.issue("ct-1", hosts=["10.0.0.2"], passphrase=PASSPHRASE, now=NOW)
    authority.issue("viewer", usage=Usage.CLIENT, kind=KeyKind.RSA_2048, passphrase=PASSPHRASE, now=NOW)
    authority.revoke("ct-1", passphrase=PASSPHRASE, now=NOW)

    assert [(entry.name, entry.usage, entry.hosts, bool(entry.revoked)) for entry in authority.issued()] == [
        ("ct-1", "both", ("10.0.0.2",), True),
        ("guard", "both", ("guard.hospital.example", "10.0.0.1"), False),
        ("viewer", "client", (), False),
    ]
    assert server_context(files(authority, "guard"))
    assert client_context(files(authority, "viewer"))


def test_keys_are_for_their_owner_only(authority: Authority) -> None:
    authority.issue("ct-1", hosts=["ct-1"], passphrase=PASSPHRASE, now=NOW)
    for path in (authority.key_file, authority.folder / "issued" / "ct-1.key"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(authority.folder.stat().st_mode) == 0o700
    assert b"ENCRYPTED" in authority.key_file.read_bytes()


@pytest.mark.parametrize("kind", KeyKind)
def test_extensions_of_rfc_5280(tmp_path: Path, kind: KeyKind) -> None:
    authority = Authority.create(tmp_path / "ca", "North", now=NOW, passphrase="", kind=kind)
    issued = authority.issue("ct-1", hosts=["ct-1.example", "2001:db8::1"], kind=kind, now=NOW)
    root = authority.certificate.extensions
    assert root.get_extension_for_class(x509.BasicConstraints).value == x509.BasicConstraints(ca=True, path_length=0)
    assert root.get_extension_for_class(x509.BasicConstraints).critical
    device = x509.load_pem_x509_certificate(issued.certificate.read_bytes())
    extensions = device.extensions
    assert not extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert extensions.get_extension_for_class(x509.KeyUsage).value.digital_signature
    assert not extensions.get_extension_for_class(x509.KeyUsage).value.key_cert_sign
    identifier = extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier
    assert identifier == root.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    assert device.serial_number.bit_length() > 64
    device.verify_directly_issued_by(authority.certificate)
    assert issued.hosts == ("ct-1.example", "2001:db8::1")


def test_a_renewed_certificate_has_the_same_names_and_a_new_key(authority: Authority) -> None:
    first = authority.issue("ct-1", hosts=["ct-1"], kind=KeyKind.RSA_2048, passphrase=PASSPHRASE, now=NOW)
    old = x509.load_pem_x509_certificate(first.certificate.read_bytes())
    later = NOW + timedelta(days=700)
    second = authority.renew("ct-1", passphrase=PASSPHRASE, now=later)
    new = x509.load_pem_x509_certificate(second.certificate.read_bytes())

    assert (second.hosts, second.usage) == (first.hosts, first.usage)
    assert new.public_key() != old.public_key()
    assert isinstance(new.public_key(), rsa.RSAPublicKey)
    assert [entry.serial for entry in authority.issued()] == [second.serial, first.serial]
    server_context(files(authority, "ct-1"), later)
    authority.revoke(first.serial, passphrase=PASSPHRASE, now=later)
    assert [bool(entry.revoked) for entry in authority.issued()] == [False, True]


def test_what_a_person_did_wrong_is_said(authority: Authority, tmp_path: Path) -> None:
    wrong = partial(pytest.raises, UsageError)
    with wrong(match="fewer than 12 characters"):
        Authority.create(tmp_path / "other", "North", now=NOW, passphrase="short")
    with wrong(match="is not empty"):
        Authority.create(authority.folder, "North", now=NOW, passphrase=PASSPHRASE)
    with wrong(match="1 to 30 years"):
        Authority.create(tmp_path / "other", "North", now=NOW, passphrase=PASSPHRASE, years=31)
    with wrong(match="needs a name"):
        Authority.create(tmp_path / "other", " ", now=NOW, passphrase=PASSPHRASE)
    with wrong(match="holds no authority"):
        Authority(tmp_path)
    for name in ("../key", "", "a b", ".hidden", "x" * 64):
        with wrong(match="cannot be a device's name"):
            authority.issue(name, hosts=["x"], passphrase=PASSPHRASE, now=NOW)
    with wrong(match="the passphrase does not open it"):
        authority.issue("ct-1", hosts=["ct-1"], passphrase="wrong", now=NOW)
    with wrong(match="name the addresses"):
        authority.issue("ct-1", passphrase=PASSPHRASE, now=NOW)
    with wrong(match="neither an address nor a host name"):
        authority.issue("ct-1", hosts=["a b"], passphrase=PASSPHRASE, now=NOW)
    with wrong(match="authority itself ends"):
        authority.issue("ct-1", hosts=["ct-1"], days=6000, passphrase=PASSPHRASE, now=NOW)
    with wrong(match="at least one day"):
        authority.issue("ct-1", hosts=["ct-1"], days=0, passphrase=PASSPHRASE, now=NOW)
    authority.issue("ct-1", hosts=["ct-1"], passphrase=PASSPHRASE, now=NOW)
    with wrong(match="there is one already"):
        authority.issue("ct-1", hosts=["ct-1"], passphrase=PASSPHRASE, now=NOW)
    for unknown in ("ct-2", "", "../authority"):
        with wrong(match="issued nothing to"):
            authority.renew(unknown, passphrase=PASSPHRASE, now=NOW)
        with wrong(match="issued nothing to"):
            authority.revoke(unknown, passphrase=PASSPHRASE, now=NOW)


# -- OpenSSL and DCMTK judge ------------------------------------------------------------------------------------------


@needs_openssl
@pytest.mark.parametrize("kind", KeyKind)
def test_openssl_verifies_strictly(authority: Authority, kind: KeyKind) -> None:
    issued = authority.issue("ct-1", hosts=["ct-1.example", "10.0.0.2"], kind=kind, passphrase=PASSPHRASE, now=NOW)

    def verify(*more: str) -> str:
        command = ["openssl", "verify", "-x509_strict", "-CAfile", str(authority.certificate_file), *more]
        command += ["-crl_check", "-CRLfile", str(authority.revoked_file), str(issued.certificate)]
        run = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
        return run.stdout + run.stderr

    for purpose, name in (("sslserver", "ct-1.example"), ("sslclient", "ct-1.example")):
        assert "OK" in verify("-purpose", purpose, "-verify_hostname", name)
    assert "OK" in verify("-verify_ip", "10.0.0.2")
    assert "hostname mismatch" in verify("-verify_hostname", "other.example")
    authority.revoke("ct-1", passphrase=PASSPHRASE, now=NOW)
    assert "certificate revoked" in verify()
    command = ["openssl", "pkey", "-in", str(authority.key_file), "-passin", f"pass:{PASSPHRASE}", "-noout"]
    assert subprocess.run(command, capture_output=True, timeout=20, check=False).returncode == 0


@contextmanager
def storescp(tls: Tls, folder: Path) -> Iterator[int]:
    """DCMTK's archive behind TLS, on a free port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    folder.mkdir()
    command = ["storescp", "+tls", tls.key, tls.certificate, "+cf", tls.authorities, "-od", str(folder), str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(100):
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except OSError:
                time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait()


async def echo(tls: Tls, port: int, *more: str) -> int:
    command = ["echoscu", "+tls", tls.key, tls.certificate, "+cf", tls.authorities, *more, "127.0.0.1", str(port)]
    environment = {**os.environ, "TCP_NODELAY": "1"}
    quiet = asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(*command, env=environment, stdout=quiet, stderr=quiet)
    return await asyncio.wait_for(process.wait(), 20)


@asynccontextmanager
async def between(front: Tls, back: Tls, upstream: int) -> AsyncIterator[int]:
    """Ends TLS and begins it anew, as the guard does."""

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            writer.write(data)
        writer.close()

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        their_reader, their_writer = await asyncio.open_connection(
            "127.0.0.1", upstream, ssl=client_context(back), server_hostname="127.0.0.1"
        )
        await asyncio.gather(pump(reader, their_writer), pump(their_reader, writer), return_exceptions=True)

    server = await asyncio.start_server(meet, "127.0.0.1", 0, ssl=server_context(front))
    async with server:
        yield server.sockets[0].getsockname()[1]


@needs_dcmtk
@pytest.mark.parametrize("kind", [KeyKind.EC_P256, KeyKind.RSA_2048])
def test_dcmtk_echoes_over_tls_both_ways(authority: Authority, tmp_path: Path, kind: KeyKind) -> None:
    for name in ("pacs", "guard", "ct-1", "lost"):
        authority.issue(name, hosts=["127.0.0.1"], kind=kind, passphrase=PASSPHRASE, now=NOW)
    authority.revoke("lost", passphrase=PASSPHRASE, now=NOW)
    pacs, guard, scanner, lost = (files(authority, name) for name in ("pacs", "guard", "ct-1", "lost"))

    async def scene(archive: int) -> None:
        assert await echo(scanner, archive) == 0
        async with between(guard, guard, archive) as port:
            assert await echo(scanner, port) == 0
            assert await echo(scanner, port, "+px") == 0
            assert await echo(lost, port) != 0

    with storescp(pacs, tmp_path / "kept") as archive:
        asyncio.run(scene(archive))
