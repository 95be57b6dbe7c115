"""A certificate authority for one department that has none: a folder with a key, what it issued, and what it revoked.

    authority.pem   what peers trust            issued/ct-1.pem   certificate to take to the device, with its key
    authority.key   to be kept away from all    issued/ct-1.key
    authority.crl   what is revoked             register/…        every certificate ever issued, by serial number

Where the hospital has a PKI, use that. The certificates follow RFC 5280; nothing is looked up on line.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from enum import StrEnum
from ipaddress import ip_address
from pathlib import Path

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
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from msgspec import Struct

from leadapron.guard import pem
from leadapron.guard.tls import HOST_NAME
from leadapron.model.errors import UsageError

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

LEAST_PASSPHRASE = 12
"""Characters."""
MOST_YEARS = 30
BACKDATED = timedelta(days=1)
"""Certificates begin a day early: clocks of old consoles are seldom right."""
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
"""Of a device: file name and common name alike."""


class KeyKind(StrEnum):
    """What devices can use: nearly all know P-256; some of before 2012 know RSA only."""

    EC_P256 = "ec-p256"
    RSA_2048 = "rsa-2048"
    RSA_3072 = "rsa-3072"


class Usage(StrEnum):
    """The part a device plays (RFC 5280 §4.2.1.12). Most DICOM devices both call and answer."""

    BOTH = "both"
    CLIENT = "client"
    SERVER = "server"


PURPOSES = {
    Usage.BOTH: (ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH),
    Usage.CLIENT: (ExtendedKeyUsageOID.CLIENT_AUTH,),
    Usage.SERVER: (ExtendedKeyUsageOID.SERVER_AUTH,),
}


class Issued(Struct, frozen=True, kw_only=True):
    """One certificate of this authority."""

    name: str
    serial: str
    """Hexadecimal, as OpenSSL prints it."""
    usage: Usage
    hosts: tuple[str, ...]
    begin: datetime
    end: datetime
    revoked: datetime | None = None
    certificate: Path
    """File; the key lies beside the current one in `issued/`."""


class Authority:
    """An authority's folder, opened. What signs asks for the passphrase; what only reads does not."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.certificate_file = folder / "authority.pem"
        self.key_file = folder / "authority.key"
        self.revoked_file = folder / "authority.crl"
        self._issued = folder / "issued"
        self._register = folder / "register"
        if not self.certificate_file.exists():
            raise UsageError(f"{folder}: holds no authority; make one with `leadapron guard ca create`")
        self.certificate = pem.read_certificates(self.certificate_file)[0]

    @classmethod
    def create(
        cls,
        folder: Path,
        name: str,
        *,
        now: datetime,
        passphrase: str,
        years: int = 15,
        kind: KeyKind = KeyKind.EC_P256,
    ) -> Authority:
        """A new authority in an empty or new folder. An empty passphrase leaves its key unlocked: the caller must have
        asked for that in so many words."""
        if passphrase and len(passphrase) < LEAST_PASSPHRASE:
            raise UsageError(
                f"the passphrase has fewer than {LEAST_PASSPHRASE} characters; whoever has the key and"
                " guesses it can be any device"
            )
        if not 0 < years <= MOST_YEARS:
            raise UsageError(f"an authority may live 1 to {MOST_YEARS} years, not {years}")
        if not name.strip() or len(name) > 64 or not name.isprintable():
            raise UsageError("the authority needs a name of 1 to 64 printable characters, such as `Radiology North`")
        if folder.exists() and any(folder.iterdir()):
            raise UsageError(f"{folder}: is not empty; an authority is made in a folder of its own")
        for path in (folder, folder / "issued", folder / "register"):
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
        key = _new_key(kind)
        certificate = _authority_certificate(key, name, now, years)
        locked = BestAvailableEncryption(passphrase.encode()) if passphrase else NoEncryption()
        _write(folder / "authority.key", key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, locked), mode=0o600)
        _write(folder / "authority.pem", certificate.public_bytes(Encoding.PEM))
        authority = cls(folder)
        authority._write_revoked(key, {}, now)
        return authority

    def issue(
        self,
        name: str,
        *,
        now: datetime,
        passphrase: str = "",
        hosts: Iterable[str] = (),
        days: int = 730,
        usage: Usage = Usage.BOTH,
        kind: KeyKind = KeyKind.EC_P256,
    ) -> Issued:
        """A key and certificate for a device. `hosts`: the addresses and names by which it is called; a device that
        answers needs at least one."""
        if not NAME.fullmatch(name):
            raise UsageError(f"`{name}` cannot be a device's name: use letters, digits, `-`, `_` and `.`, at most 63")
        if (self._issued / f"{name}.pem").exists():
            raise UsageError(f"{self._issued / name}.pem: there is one already; `renew` it, or choose another name")
        alternatives = _alternatives(hosts)
        if usage is not Usage.CLIENT and not alternatives:
            raise UsageError(f"{name} is to answer calls: name the addresses or host names by which it is called")
        return self._sign(name, alternatives, usage, kind, now=now, days=days, passphrase=passphrase)

    def renew(self, name: str, *, now: datetime, passphrase: str = "", days: int = 730) -> Issued:
        """A new key and certificate with the same names. The old one stays valid until it ends or is revoked, so that
        the device can be changed at a quiet hour."""
        current = self._current(name)
        old = pem.read_certificates(current.certificate)[0]
        kind = KeyKind.EC_P256
        public = old.public_key()
        if isinstance(public, rsa.RSAPublicKey):
            kind = KeyKind.RSA_3072 if public.key_size > 2048 else KeyKind.RSA_2048
        return self._sign(
            name, _alternatives(current.hosts), current.usage, kind, now=now, days=days, passphrase=passphrase
        )

    def revoke(self, name: str, *, now: datetime, passphrase: str = "") -> tuple[Issued, ...]:
        """Put all certificates of a device, or the one of a serial number, on the list. Where the guard finds the new
        list beside its authorities (`authority.crl`), they are refused within two minutes."""
        wanted = name.lower().removeprefix("0x").replace(":", "").lstrip("0")
        found = [entry for entry in self.issued() if name == entry.name or wanted == entry.serial.lower().lstrip("0")]
        if not found:
            raise UsageError(f"{self.folder}: issued nothing to `{name}`; `leadapron guard ca list` shows what it did")
        revoked = self._revoked()
        for entry in found:
            revoked.setdefault(int(entry.serial, 16), now)
        self._write_revoked(self._key(passphrase), revoked, now)
        serials = {entry.serial for entry in found}
        return tuple(entry for entry in self.issued() if entry.serial in serials)

    def issued(self) -> tuple[Issued, ...]:
        """Everything ever issued, by name, the newest of a name first."""
        revoked = self._revoked()
        entries = [_read_issued(path, revoked) for path in self._register.glob("*.pem")]
        return tuple(sorted(entries, key=lambda entry: (entry.name, -entry.begin.timestamp(), entry.serial)))

    def _current(self, name: str) -> Issued:
        path = self._issued / f"{name}.pem"
        if not NAME.fullmatch(name) or not path.exists():
            raise UsageError(f"{self.folder}: issued nothing to `{name}`; `leadapron guard ca list` shows what it did")
        return _read_issued(path, self._revoked())

    def _sign(
        self,
        name: str,
        alternatives: list[x509.GeneralName],
        usage: Usage,
        kind: KeyKind,
        *,
        now: datetime,
        days: int,
        passphrase: str,
    ) -> Issued:
        end = now + timedelta(days=days)
        if days < 1:
            raise UsageError(f"a certificate lives at least one day, not {days}")
        if end > self.certificate.not_valid_after_utc:
            raise UsageError(
                f"{self.certificate_file}: the authority itself ends on"
                f" {pem.day(self.certificate.not_valid_after_utc)}; choose fewer days"
            )
        signer, key = self._key(passphrase), _new_key(kind)
        certificate = _device_certificate(self.certificate, signer, key, name, alternatives, usage, now, end)
        content = certificate.public_bytes(Encoding.PEM)
        _write(self._register / f"{certificate.serial_number:040X}.pem", content)
        secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        _write(self._issued / f"{name}.key", secret, mode=0o600)
        _write(self._issued / f"{name}.pem", content)
        return self._current(name)

    def _key(self, passphrase: str) -> Key:
        data = pem.read_file(self.key_file, "key")
        try:
            key = load_pem_private_key(data, passphrase.encode() if b"ENCRYPTED" in data else None)
        except (ValueError, TypeError) as error:
            raise UsageError(f"{self.key_file}: the passphrase does not open it") from error
        if not isinstance(key, Key) or pem.spki(key.public_key()) != pem.spki(self.certificate.public_key()):
            raise UsageError(f"{self.key_file}: is not the key of {self.certificate_file}")
        return key

    def _revoked(self) -> dict[int, datetime]:
        lists = pem.read_revoked(self.revoked_file)
        return {entry.serial_number: entry.revocation_date_utc for revoked in lists for entry in revoked}

    def _write_revoked(self, key: Key, revoked: dict[int, datetime], now: datetime) -> None:
        """The list is good for as long as the authority: one that nobody renewed would stop every device."""
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.certificate.subject)
            .last_update(now - BACKDATED)
            .next_update(self.certificate.not_valid_after_utc)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
            .add_extension(x509.CRLNumber(int(now.timestamp())), critical=False)
        )
        for serial, when in sorted(revoked.items()):
            entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(when)
            builder = builder.add_revoked_certificate(entry.build())
        _write(self.revoked_file, builder.sign(key, SHA256()).public_bytes(Encoding.PEM))


def _new_key(kind: KeyKind) -> Key:
    if kind is KeyKind.EC_P256:
        return ec.generate_private_key(ec.SECP256R1())
    return rsa.generate_private_key(65537, 2048 if kind is KeyKind.RSA_2048 else 3072)


def _key_usage(*, authority: bool, rsa_key: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        # Only the key exchange of TLS 1.2 without forward secrecy needs it, yet some old stacks refuse RSA without it.
        key_encipherment=not authority and rsa_key,
        key_cert_sign=authority,
        crl_sign=authority,
        content_commitment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _authority_certificate(key: Key, name: str, now: datetime, years: int) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATED)
        .not_valid_after(now + timedelta(days=round(365.25 * years)))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(authority=True, rsa_key=False), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, SHA256())
    )


def _device_certificate(
    authority: x509.Certificate,
    signer: Key,
    key: Key,
    name: str,
    alternatives: list[x509.GeneralName],
    usage: Usage,
    now: datetime,
    end: datetime,
) -> x509.Certificate:
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(authority.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(max(now - BACKDATED, authority.not_valid_before_utc))
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(authority=False, rsa_key=isinstance(key, rsa.RSAPrivateKey)), critical=True)
        .add_extension(x509.ExtendedKeyUsage(PURPOSES[usage]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
    )
    if alternatives:
        builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
    return builder.sign(signer, SHA256())


def _alternatives(hosts: Iterable[str]) -> list[x509.GeneralName]:
    names: list[x509.GeneralName] = []
    for host in dict.fromkeys(hosts):
        try:
            names.append(x509.IPAddress(ip_address(host.strip("[]"))))
        except ValueError:
            if len(host) > 253 or not HOST_NAME.fullmatch(host):
                raise UsageError(f"`{host}` is neither an address nor a host name") from None
            names.append(x509.DNSName(host.lower().rstrip(".")))
    return names


def _read_issued(path: Path, revoked: dict[int, datetime]) -> Issued:
    certificate = pem.read_certificates(path)[0]
    purposes = set(certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)
    return Issued(
        name=pem.common_name(certificate.subject),
        serial=f"{certificate.serial_number:X}",
        usage=next(usage for usage, oids in PURPOSES.items() if set(oids) == purposes),
        hosts=tuple(_hosts(certificate)),
        begin=certificate.not_valid_before_utc,
        end=certificate.not_valid_after_utc,
        revoked=revoked.get(certificate.serial_number),
        certificate=path,
    )


def _hosts(certificate: x509.Certificate) -> Iterator[str]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return
    yield from names.get_values_for_type(x509.DNSName)
    yield from (str(address) for address in names.get_values_for_type(x509.IPAddress))


def _write(path: Path, content: bytes, *, mode: int = 0o644) -> None:
    """All or nothing, and a secret is never readable by others, not even for a moment."""
    draft = path.with_name(f".{path.name}.new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        os.fchmod(file.fileno(), mode)
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(draft, path)
