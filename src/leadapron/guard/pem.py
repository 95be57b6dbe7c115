"""Certificates, keys and revocation lists from PEM files: read, checked, and refused with what to do about it.

Every error is a UsageError that names the file. Nothing here opens a connection.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes, PublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from cryptography.x509.oid import NameOID

from leadapron.model.errors import UsageError

MAX_FILE = 4 << 20
"""Bytes of a PEM file: a bundle of all public authorities is about 200 KB."""

RSA_BITS = 2048
EC_BITS = 256
"""Least key lengths (PS3.15 B.13; RFC 9325 §4.5)."""

WEAK_HASHES = frozenset({"md5", "sha1"})
"""Not to be used in signatures of certificates (RFC 9155; PS3.15 B.13 asks for SHA-256 or better)."""

CERTIFICATE = b"-----BEGIN CERTIFICATE-----"
REVOKED = b"-----BEGIN X509 CRL-----"
PRIVATE = b"PRIVATE KEY-----"


def read_file(path: str | Path, what: str) -> bytes:
    """The file's bytes; `what` names it in the error, such as `certificate`."""
    try:
        with Path(path).open("rb") as file:
            data = file.read(MAX_FILE + 1)
    except FileNotFoundError as error:
        raise UsageError(f"{path}: the {what} file is not there") from error
    except IsADirectoryError as error:
        raise UsageError(f"{path}: is a folder, not a {what} file") from error
    except OSError as error:
        raise UsageError(f"{path}: the {what} file cannot be read ({error.strerror})") from error
    if len(data) > MAX_FILE:
        raise UsageError(f"{path}: larger than {MAX_FILE >> 20} MB, which no {what} file is")
    return data


def read_certificates(path: str | Path) -> list[x509.Certificate]:
    """All certificates of a PEM file in their order: the own one comes first, then those that vouch for it."""
    data = read_file(path, "certificate")
    if CERTIFICATE not in data:
        raise UsageError(
            f"{path}: holds no PEM certificate (`{CERTIFICATE.decode()}`); a DER file becomes PEM by"
            f" `openssl x509 -inform der -in FILE -out {path}`"
        )
    try:
        return x509.load_pem_x509_certificates(data)
    except ValueError as error:
        raise UsageError(f"{path}: a certificate in it is damaged ({error})") from error


def read_revoked(path: str | Path) -> list[x509.CertificateRevocationList]:
    """The revocation lists (RFC 5280 §5) of a PEM file that may also hold certificates; empty if there are none."""
    lists = []
    for part in read_file(path, "revocation list").split(REVOKED)[1:]:
        try:
            lists.append(x509.load_pem_x509_crl(REVOKED + part))
        except ValueError as error:
            raise UsageError(f"{path}: a revocation list in it is damaged ({error})") from error
    return lists


def read_key(path: str | Path) -> PrivateKeyTypes:
    """A private key that nobody else can read and that no person has to unlock."""
    data = read_file(path, "key")
    if PRIVATE not in data:
        raise UsageError(f"{path}: holds no private key in PEM form (`-----BEGIN PRIVATE KEY-----`)")
    state = os.stat(path)
    # systemd hands out credentials as root's, mode 0440, and an access list that shows as the group's right.
    shared = state.st_mode & (stat.S_IRWXO | (0 if state.st_gid == 0 else stat.S_IRWXG))
    if shared:
        raise UsageError(
            f"{path}: other accounts can read or change this private key"
            f" (mode {stat.S_IMODE(state.st_mode):04o}); `chmod 600 {path}`, and give it to the account"
            " that the guard runs as"
        )
    try:
        return load_pem_private_key(data, password=None)
    except TypeError as error:
        raise UsageError(
            f"{path}: the key is locked with a passphrase, and the guard starts without a person; unlock a"
            f" copy with `openssl pkey -in {path} -out FILE` and `chmod 600 FILE`"
        ) from error
    except ValueError as error:
        raise UsageError(f"{path}: the private key in it is damaged ({error})") from error


def check_identity(chain: list[x509.Certificate], key: PrivateKeyTypes, certificate_file: str, key_file: str) -> None:
    """The key belongs to the first certificate, and both are strong enough (PS3.15 B.13)."""
    own = chain[0]
    if spki(own.public_key()) != spki(key.public_key()):
        raise UsageError(
            f"{key_file}: is not the key of {certificate_file} ({common_name(own.subject) or 'no name'}); "
            "a certificate comes with the key it was made for, and its own certificate must be the first"
            " in the file"
        )
    weak = weakness(own)
    if weak:
        raise UsageError(
            f"{certificate_file}: {weak}; have a new one made (`leadapron guard ca issue`, or the hospital's PKI)"
        )


def check_dates(certificates: Iterable[x509.Certificate], path: str | Path, now: datetime) -> None:
    """Valid at `now`; both errors say when, because a wrong clock is as likely as an old certificate."""
    for certificate in certificates:
        name = common_name(certificate.subject) or "a certificate"
        begin, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
        if now > end:
            raise UsageError(
                f"{path}: {name} expired on {day(end)}; renew it (this machine says that today is {day(now)})"
            )
        if now < begin:
            raise UsageError(
                f"{path}: {name} is valid from {day(begin)} only, and this machine says that today is"
                f" {day(now)}; check its clock"
            )


def is_valid(certificate: x509.Certificate, now: datetime) -> bool:
    return certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc


def weakness(certificate: x509.Certificate) -> str:
    """What is too weak about it, as an English phrase; empty when nothing is."""
    key = certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        if key.key_size < RSA_BITS:
            return f"its RSA key has {key.key_size} bits, and at least {RSA_BITS} are needed"
    elif isinstance(key, ec.EllipticCurvePublicKey):
        if key.curve.key_size < EC_BITS:
            return f"its elliptic curve {key.curve.name} is below {EC_BITS} bits"
    elif not isinstance(key, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey):
        return "its key is neither RSA nor an elliptic curve"
    hashing = certificate.signature_hash_algorithm
    if hashing is not None and hashing.name in WEAK_HASHES and certificate.subject != certificate.issuer:
        return f"it is signed with {hashing.name.upper()}, and at least SHA-256 is needed"
    return ""


def common_name(name: x509.Name) -> str:
    """Its last CN, which is the most specific one (RFC 6125 §1.8)."""
    found = name.get_attributes_for_oid(NameOID.COMMON_NAME)
    value = found[-1].value if found else ""
    return value if isinstance(value, str) else value.decode("latin-1")


def spki(key: PublicKeyTypes) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def day(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d")
