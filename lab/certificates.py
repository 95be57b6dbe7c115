"""Keys and certificates of the lab's own authority: good ones, and the bad ones departments really have."""

import ssl
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID


class Security(StrEnum):
    """How a TLS service of the lab is set up."""

    NONE = "none"
    GOOD = "good"  # TLS 1.2 or 1.3, certificate of the hospital's authority
    TLS12 = "tls12"  # TLS 1.2 only, same certificate: it travels in clear, so it can be judged
    MUTUAL = "mutual"  # TLS 1.2 or better, both sides show a certificate
    WEAK = "weak"  # TLS 1.0, self-signed and expired


class Authority:
    """The hospital's certificate authority for one lab run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Hospital Lab CA")])
        now = datetime.now(UTC)
        certificate = (
            _blank(self._name, self._name, self._key.public_key(), now - timedelta(days=400), now + timedelta(3650))
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .sign(self._key, hashes.SHA256())
        )
        self.path = folder / "ca.pem"
        self.path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))

    def issue(self, name: str, addresses: list[str], security: Security) -> tuple[Path, Path]:
        """Certificate and key files (PEM) for a host; made once."""
        weak = security is Security.WEAK
        stem = self.folder / f"{name}-{'weak' if weak else 'good'}"
        files = stem.with_suffix(".crt"), stem.with_suffix(".key")
        if files[0].exists():
            return files
        key = rsa.generate_private_key(public_exponent=65537, key_size=1024 if weak else 2048)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{name}.hospital.lab")])
        names: list[x509.GeneralName] = [x509.DNSName(f"{name}.hospital.lab")]
        names += [x509.IPAddress(ip_address(address)) for address in addresses]
        start = datetime.now(UTC) - timedelta(days=900 if weak else 30)
        blank = _blank(subject, subject if weak else self._name, key.public_key(), start, start + timedelta(days=365))
        blank = blank.add_extension(x509.SubjectAlternativeName(names), critical=False)
        certificate = blank.sign(key if weak else self._key, hashes.SHA256())
        files[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        files[1].write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.TraditionalOpenSSL,
                serialization.NoEncryption(),
            )
        )
        return files

    def context(self, name: str, addresses: list[str], security: Security, *, server: bool) -> ssl.SSLContext:
        """A TLS context of one side. The weak kind lowers OpenSSL's security level to 0 to reach TLS 1.0."""
        purpose = ssl.PROTOCOL_TLS_SERVER if server else ssl.PROTOCOL_TLS_CLIENT
        context = ssl.SSLContext(purpose)
        context.check_hostname = False
        if security is Security.WEAK:
            context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1
            context.set_ciphers("ALL:@SECLEVEL=0")
            context.verify_mode = ssl.CERT_NONE
        else:
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            if security is Security.TLS12:
                context.maximum_version = ssl.TLSVersion.TLSv1_2
            context.load_verify_locations(self.path)
            wants_peer = not server or security is Security.MUTUAL
            context.verify_mode = ssl.CERT_REQUIRED if wants_peer else ssl.CERT_NONE
        if server or security is Security.MUTUAL:
            context.load_cert_chain(*self.issue(name, addresses, security))
        return context


def _blank(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey | rsa.RSAPublicKey,
    start: datetime,
    end: datetime,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
    )
