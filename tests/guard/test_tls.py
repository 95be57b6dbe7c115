"""TLS of PS3.15 B.12 and B.13: what is agreed, what is refused, and what a person is told about a wrong file."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import msgspec
import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from trustme import KeyType

from leadapron.guard.tls import CIPHERS, Profile, certificate_names, client_context, server_context, upstream_name
from leadapron.model.errors import UsageError
from leadapron.model.guard import Tls
from tests.guard.tls_files import NOW, days, shake, write_authority, write_identity


@pytest.fixture(scope="module")
def ca() -> trustme.CA:
    return trustme.CA(organization_name="Radiology")


@pytest.fixture
def identity(ca: trustme.CA, tmp_path: Path) -> Tls:
    return write_identity(ca, tmp_path, "guard")


def test_a_scanner_with_a_certificate_calls_the_guard(ca: trustme.CA, identity: Tls, tmp_path: Path) -> None:
    authorities = write_authority(ca, tmp_path / "ca.pem")
    server = server_context(msgspec.structs.replace(identity, authorities=authorities))
    scanner = write_identity(ca, tmp_path, "CT1", "ct1.hospital.example")
    client = client_context(msgspec.structs.replace(scanner, authorities=authorities))

    at_client, at_server = shake(client, server, "127.0.0.1")

    assert at_client.version() == "TLSv1.3"
    shown = at_server.getpeercert(binary_form=True)
    assert shown is not None
    assert certificate_names(shown) == ("sha256:" + sha256(shown).hexdigest(), "CN=CT1", "ct1.hospital.example")


@pytest.mark.parametrize("profile", Profile)
@pytest.mark.parametrize("key_type", KeyType)
def test_every_suite_of_a_profile_is_agreed_in_tls_1_2(
    ca: trustme.CA, tmp_path: Path, profile: Profile, key_type: KeyType
) -> None:
    files = write_identity(ca, tmp_path, "guard", key_type=key_type)
    server = server_context(msgspec.structs.replace(files, profile=profile))
    fitting = [suite for suite in CIPHERS[profile] if key_type.name in suite]
    assert fitting
    for suite in fitting:
        client = _client(ca, suite + ":@SECLEVEL=2")
        agreed = shake(client, server, "localhost")[0].cipher()
        assert agreed is not None
        assert agreed[0] == suite
    # Server preference: the client's order is turned around.
    client = _client(ca, ":".join(reversed(fitting)))
    agreed = shake(client, server, "localhost")[0].cipher()
    assert agreed is not None
    assert agreed[0] == fitting[0]


def _client(
    ca: trustme.CA, ciphers: str = "ALL:@SECLEVEL=0", version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_2
) -> ssl.SSLContext:
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    ca.configure_trust(client)
    client.maximum_version = version
    client.set_ciphers(ciphers)
    return client


@pytest.mark.parametrize("profile", Profile)
@pytest.mark.parametrize(
    "ciphers",
    [
        "AES128-GCM-SHA256",
        "ECDHE-RSA-AES128-SHA256",
        "ECDHE-ECDSA-AES256-SHA384",
        "DHE-RSA-AES128-GCM-SHA256",
        "aNULL",
        "ECDHE-ECDSA-AES128-CCM8:@SECLEVEL=0",
    ],
    ids=["no forward secrecy", "CBC", "CBC, elliptic", "finite field", "anonymous", "short tag"],
)
def test_suites_outside_the_profile_are_refused(ca: trustme.CA, tmp_path: Path, profile: Profile, ciphers: str) -> None:
    for key_type in KeyType:
        files = write_identity(ca, tmp_path, "guard", key_type=key_type)
        with pytest.raises(ssl.SSLError):
            shake(
                _client(ca, ciphers + ":@SECLEVEL=0"),
                server_context(msgspec.structs.replace(files, profile=profile)),
                "localhost",
            )


def test_tls_1_1_is_refused(ca: trustme.CA, identity: Tls) -> None:
    client = _client(ca)
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        client.minimum_version = ssl.TLSVersion.TLSv1
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        client.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises(ssl.SSLError):
        shake(client, server_context(identity), "localhost")


def test_an_old_session_does_not_come_back(ca: trustme.CA, identity: Tls) -> None:
    client = _client(ca, version=ssl.TLSVersion.TLSv1_3)
    at_client, _ = shake(client, server_context(identity), "localhost")
    assert at_client.session is None or not at_client.session.has_ticket


def test_a_client_without_a_certificate_or_from_elsewhere_is_refused(
    ca: trustme.CA, identity: Tls, tmp_path: Path
) -> None:
    server = server_context(msgspec.structs.replace(identity, authorities=write_authority(ca, tmp_path / "ca.pem")))
    with pytest.raises(ssl.SSLError, match=r"(?i)certificate"):
        shake(_client(ca), server, "localhost")
    stranger = _client(ca)
    trustme.CA().issue_cert("ct1.hospital.example", common_name="CT1").configure_cert(stranger)
    with pytest.raises(ssl.SSLError, match=r"(?i)certificate|unknown ca"):
        shake(stranger, server, "localhost")


def test_one_old_device_may_be_trusted_by_its_own_certificate(ca: trustme.CA, identity: Tls, tmp_path: Path) -> None:
    device = write_identity(trustme.CA(), tmp_path, "old")
    own = write_authority(ca, tmp_path / "ignored.pem")
    pinned = msgspec.structs.replace(identity, authorities=_first_certificate(device.certificate, tmp_path))
    client = client_context(msgspec.structs.replace(device, authorities=own))
    assert shake(client, server_context(pinned), "localhost")[1].getpeercert()


def _first_certificate(chain: str, folder: Path) -> str:
    first = x509.load_pem_x509_certificates(Path(chain).read_bytes())[0]
    path = folder / "pinned.pem"
    path.write_bytes(first.public_bytes(Encoding.PEM))
    return str(path)


def test_the_upstream_must_hold_its_name(ca: trustme.CA, tmp_path: Path) -> None:
    server = server_context(write_identity(ca, tmp_path, "pacs", "pacs.hospital.example"))
    tls = Tls(authorities=write_authority(ca, tmp_path / "ca.pem"), name="pacs.hospital.example")
    shake(client_context(tls), server, upstream_name(tls, "10.0.0.5"))
    with pytest.raises(ssl.SSLCertVerificationError, match="IP address mismatch"):
        shake(client_context(tls), server, upstream_name(msgspec.structs.replace(tls, name=""), "[2001:db8::5]"))


def test_a_revoked_certificate_is_refused(tmp_path: Path) -> None:
    ca = trustme.CA()
    good, lost = write_identity(ca, tmp_path, "good"), write_identity(ca, tmp_path, "lost")
    authorities = write_authority(ca, tmp_path / "ca.pem")
    _revoke(ca, lost.certificate, tmp_path / "ca.crl")
    server = server_context(msgspec.structs.replace(good, authorities=authorities))
    shake(client_context(msgspec.structs.replace(good, authorities=authorities)), server_context(good), "localhost")
    good_client, lost_client = _client(ca), _client(ca)
    good_client.load_cert_chain(good.certificate, good.key)
    lost_client.load_cert_chain(lost.certificate, lost.key)
    shake(good_client, server, "localhost")
    with pytest.raises(ssl.SSLError, match="certificate revoked"):
        shake(lost_client, server, "localhost")


def _revoke(ca: trustme.CA, certificate: str, path: Path, *, end: float = 7) -> None:
    leaf = x509.load_pem_x509_certificates(Path(certificate).read_bytes())[0]
    issuer = x509.load_pem_x509_certificates(ca.cert_pem.bytes())[0].subject
    signer = load_pem_private_key(ca.private_key_pem.bytes(), None)
    assert isinstance(signer, ec.EllipticCurvePrivateKey)
    entry = x509.RevokedCertificateBuilder().serial_number(leaf.serial_number).revocation_date(NOW).build()
    crl = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer)
        .last_update(days(-30))
        .next_update(days(end))
        .add_revoked_certificate(entry)
        .sign(signer, SHA256())
    )
    path.write_bytes(crl.public_bytes(Encoding.PEM))


def test_revocation_lists_that_would_stop_everybody_are_refused(tmp_path: Path) -> None:
    ca, other = trustme.CA(organization_name="One"), trustme.CA(organization_name="Two")
    files = write_identity(ca, tmp_path, "guard")
    bundle = tmp_path / "ca.pem"
    bundle.write_bytes(ca.cert_pem.bytes() + other.cert_pem.bytes())
    tls = msgspec.structs.replace(files, authorities=str(bundle))
    _revoke(ca, files.certificate, tmp_path / "ca.crl")
    with pytest.raises(UsageError, match=r"ca\.crl: has no revocation list of"):
        server_context(tls)
    write_authority(ca, bundle)
    server_context(tls)
    _revoke(ca, files.certificate, tmp_path / "ca.crl", end=-1)
    with pytest.raises(UsageError, match="fetch the new one"):
        server_context(tls, NOW)
    server_context(tls)
    (tmp_path / "ca.crl").write_text("-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n")
    with pytest.raises(UsageError, match="a revocation list in it is damaged"):
        server_context(tls)


# -- names of a certificate -------------------------------------------------------------------------------------------


def test_a_dns_name_cannot_pretend_to_be_another_kind_of_name() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "CT\n1")])
    hosts = ["CN=CT1", "sha256:" + "0" * 64, "*.hospital.example", "CT1.Hospital.Example.", "a b"]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(days(-1))
        .not_valid_after(days(1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts]), critical=False)
        .sign(key, SHA256())
    )
    der = certificate.public_bytes(Encoding.DER)
    assert certificate_names(der)[1:] == ("*.hospital.example", "ct1.hospital.example")


def test_what_is_no_certificate_has_its_digest_only() -> None:
    assert certificate_names(b"\x30\x03junk") == ("sha256:" + sha256(b"\x30\x03junk").hexdigest(),)


# -- wrong files ------------------------------------------------------------------------------------------------------


def _wrong(tls: Tls, *parts: str) -> None:
    with pytest.raises(UsageError) as error:
        server_context(tls, NOW)
    for part in parts:
        assert part in str(error.value)


def test_files_that_are_not_there(identity: Tls, tmp_path: Path) -> None:
    missing = str(tmp_path / "missing")
    _wrong(Tls(), "needs `certificate` and `key`")
    _wrong(msgspec.structs.replace(identity, certificate=missing), missing, "is not there")
    _wrong(msgspec.structs.replace(identity, key=missing), missing, "the key file is not there")
    _wrong(msgspec.structs.replace(identity, key=str(tmp_path)), str(tmp_path), "is a folder")
    _wrong(msgspec.structs.replace(identity, authorities=missing), missing, "is not there")
    _wrong(msgspec.structs.replace(identity, authorities=identity.key), identity.key, "holds no PEM certificate")
    _wrong(msgspec.structs.replace(identity, key=identity.certificate), identity.certificate, "holds no private key")
    _wrong(msgspec.structs.replace(identity, profile="ssl3"), "`ssl3` is not known; known are bcp195")
    with pytest.raises(UsageError, match="go together"):
        client_context(Tls(certificate=identity.certificate))


def test_a_key_that_others_can_read(identity: Tls) -> None:
    Path(identity.key).chmod(0o644)
    _wrong(identity, identity.key, "mode 0644", "chmod 600")


def test_a_key_of_another_certificate(ca: trustme.CA, identity: Tls, tmp_path: Path) -> None:
    other = write_identity(ca, tmp_path, "other")
    _wrong(msgspec.structs.replace(identity, key=other.key), other.key, "is not the key of", "guard")


def test_a_locked_key(identity: Tls, tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    locked = BestAvailableEncryption(b"passphrase")
    Path(identity.key).write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, locked))
    _wrong(identity, "locked with a passphrase", "openssl pkey")


def test_dates(ca: trustme.CA, tmp_path: Path) -> None:
    old = write_identity(ca, tmp_path, "old", begin=days(-20), end=days(-10))
    _wrong(old, "old.pem", "expired on", "renew it")
    early = write_identity(ca, tmp_path, "early", begin=days(10), end=days(20))
    _wrong(early, "early.pem", "valid from", "check its clock")
    server_context(old, days(-15))
    for files in (old, early):
        assert server_context(files)  # a guard starts all the same
        assert client_context(files)


def test_weak_keys(tmp_path: Path) -> None:
    key = rsa.generate_private_key(65537, 1024)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "old")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(days(-1))
        .not_valid_after(days(1))
        .sign(key, SHA256())
    )
    (tmp_path / "c.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    (tmp_path / "k.pem").touch(mode=0o600)
    (tmp_path / "k.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    _wrong(Tls(certificate=str(tmp_path / "c.pem"), key=str(tmp_path / "k.pem")), "RSA key has 1024 bits")


# -- a real peer ------------------------------------------------------------------------------------------------------


@contextmanager
def serving(context: ssl.SSLContext) -> Iterator[int]:
    """A port on loopback where one handshake after another is made."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            try:
                context.wrap_socket(connection, server_side=True).close()
            except OSError:
                connection.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield listening.getsockname()[1]
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join()


@pytest.mark.skipif(not shutil.which("openssl"), reason="openssl is not installed")
@pytest.mark.parametrize(
    ("arguments", "agreed"),
    [
        ("", "New, TLSv1.3, Cipher is TLS_AES_256_GCM_SHA384"),
        ("-tls1_2", "New, TLSv1.2, Cipher is ECDHE-ECDSA-AES128-GCM-SHA256"),
        ("-tls1_1 -cipher ALL:@SECLEVEL=0", "New, (NONE), Cipher is (NONE)"),
    ],
)
def test_openssl_agrees(ca: trustme.CA, identity: Tls, tmp_path: Path, arguments: str, agreed: str) -> None:
    authorities = write_authority(ca, tmp_path / "ca.pem")
    with serving(server_context(msgspec.structs.replace(identity, authorities=authorities))) as port:
        command = f"openssl s_client -connect 127.0.0.1:{port} -verify_return_error -verify_ip 127.0.0.1 {arguments}"
        files = ["-CAfile", authorities, "-cert", identity.certificate, "-key", identity.key]
        run = subprocess.run(command.split() + files, input="", capture_output=True, text=True, timeout=20, check=False)
    assert agreed in run.stdout
    assert "Compression: NONE" in run.stdout
