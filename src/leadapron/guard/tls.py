"""TLS as DICOM asks for it: the BCP 195 profiles of PS3.15 B.12 and B.13, for either side of the guard.

Both profiles: TLS 1.2 and 1.3, forward secrecy, authenticated encryption, the server's order of preference, no
renegotiation, no compression, no session tickets (a revoked certificate must not come back by an old session).
OpenSSL's security level 2 refuses RSA below 2048 bits and SHA-1 signatures of any peer.
"""

from __future__ import annotations

import re
import ssl
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from pathlib import Path

from cryptography import x509
from cryptography.x509.oid import NameOID

from leadapron.guard import pem
from leadapron.model.errors import UsageError
from leadapron.model.guard import Tls


class Profile(StrEnum):
    """The secure transport connection profiles of PS3.15 that are not retired."""

    BCP195 = "bcp195"
    """B.12, "BCP 195 RFC 8996, 9325"."""
    BCP195_MODIFIED = "bcp195-modified"
    """B.13, "Modified BCP 195 RFC 8996, 9325"."""


CIPHERS = {
    # RFC 9325 §4.2, the recommended suites of TLS 1.2; B.12 adds none.
    Profile.BCP195: (
        "ECDHE-ECDSA-AES128-GCM-SHA256",
        "ECDHE-RSA-AES128-GCM-SHA256",
        "ECDHE-ECDSA-AES256-GCM-SHA384",
        "ECDHE-RSA-AES256-GCM-SHA384",
    ),
    # B.13, the suites that a TLS 1.2 server shall support, without the two AES-CCM-8 ones: OpenSSL counts their
    # 64-bit tags as 64 bits of strength, and would have to accept weak keys of peers with them.
    Profile.BCP195_MODIFIED: (
        "ECDHE-ECDSA-AES256-GCM-SHA384",
        "ECDHE-RSA-AES256-GCM-SHA384",
        "ECDHE-ECDSA-AES256-CCM",
        "ECDHE-ECDSA-CHACHA20-POLY1305",
        "ECDHE-RSA-CHACHA20-POLY1305",
        "ECDHE-ECDSA-AES128-GCM-SHA256",
        "ECDHE-RSA-AES128-GCM-SHA256",
        "ECDHE-ECDSA-AES128-CCM",
    ),
}
"""TLS 1.2, in order. TLS 1.3 has OpenSSL's: AES-256-GCM, ChaCha20-Poly1305, AES-128-GCM, the first three of B.13."""

OPTIONS = (
    ssl.OP_NO_COMPRESSION
    | ssl.OP_NO_RENEGOTIATION
    | ssl.OP_NO_TICKET
    | ssl.OP_CIPHER_SERVER_PREFERENCE
    | ssl.OP_SINGLE_ECDH_USE
)

HOST_NAME = re.compile(r"(\*\.)?[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*\.?")
COMMON_NAME_LENGTH = 64
"""Characters (RFC 5280 Appendix A.1, ub-common-name)."""


def server_context(tls: Tls, now: datetime | None = None) -> ssl.SSLContext:
    """For a listener: proves itself with `certificate` and `key`; demands a client certificate when `authorities` is
    set. UsageError names the file that is wrong. What has ended, or begins later, is wrong only where `now` is given:
    a guard has to start all the same, because some of its peers look at no dates, and others use no TLS."""
    if not tls.certificate or not tls.key:
        raise UsageError("TLS on a listener needs `certificate` and `key`: the files by which the guard proves itself")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    _set_profile(context, tls)
    context.num_tickets = 0
    _prove(context, tls, now)
    if tls.authorities:
        _trust(context, tls.authorities, now)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def client_context(tls: Tls, now: datetime | None = None) -> ssl.SSLContext:
    """For an upstream: its certificate must come from `authorities` (else from one that this system trusts) and hold
    `upstream_name`; proves itself in turn when `certificate` and `key` are set. `now` as for `server_context`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    _set_profile(context, tls)
    if bool(tls.certificate) != bool(tls.key):
        raise UsageError("TLS to an upstream: `certificate` and `key` go together; set both or neither")
    if tls.certificate:
        _prove(context, tls, now)
    if tls.authorities:
        _trust(context, tls.authorities, now)
    else:
        context.load_default_certs(ssl.Purpose.SERVER_AUTH)
    return context


def upstream_name(tls: Tls, host: str) -> str:
    """What the upstream's certificate must hold, for `server_hostname`: the name set, else the address dialled."""
    return tls.name or host.strip("[]")


def certificate_names(der: bytes) -> tuple[str, ...]:
    """A client certificate's names in the forms that rules use: `sha256:…` of the whole, `CN=…`, DNS names.

    Only well-formed names are told: a DNS name of the form `CN=ct1` in a certificate must not pass for a common name.
    """
    names = ["sha256:" + sha256(der).hexdigest()]
    try:
        certificate = x509.load_der_x509_certificate(der)
        subjects = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        common = [str(attribute.value) for attribute in subjects]
        try:
            alternatives = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
            hosts = alternatives.get_values_for_type(x509.DNSName)
        except x509.ExtensionNotFound:
            hosts = []
    except ValueError:  # OpenSSL accepts certificates that are no valid DER: then only the whole identifies them
        return tuple(names)
    names += [f"CN={name}" for name in common if name.isprintable() and 0 < len(name) <= COMMON_NAME_LENGTH]
    names += [name.lower().rstrip(".") for name in hosts if HOST_NAME.fullmatch(name)]
    return tuple(dict.fromkeys(names))


def revocation_file(authorities: str) -> str:
    """The revocation list beside an authority file (`ca.pem` and `ca.crl`); empty if there is none."""
    path = Path(authorities).with_suffix(".crl")
    return str(path) if path.exists() and str(path) != authorities else ""


def _set_profile(context: ssl.SSLContext, tls: Tls) -> None:
    try:
        profile = Profile(tls.profile)
    except ValueError as error:
        known = ", ".join(Profile)
        raise UsageError(f"TLS profile `{tls.profile}` is not known; known are {known}") from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= OPTIONS
    context.set_ciphers(":".join(CIPHERS[profile]) + ":@SECLEVEL=2")


def _prove(context: ssl.SSLContext, tls: Tls, now: datetime | None) -> None:
    chain = pem.read_certificates(tls.certificate)
    pem.check_identity(chain, pem.read_key(tls.key), tls.certificate, tls.key)
    if now is not None:
        pem.check_dates(chain, tls.certificate, now)
    try:
        context.load_cert_chain(tls.certificate, tls.key)
    except (ssl.SSLError, OSError) as error:
        raise UsageError(f"{tls.certificate}: OpenSSL refuses it with {tls.key} ({error})") from error


def _trust(context: ssl.SSLContext, authorities: str, now: datetime | None) -> None:
    certificates = pem.read_certificates(authorities)
    if now is not None and not any(pem.is_valid(certificate, now) for certificate in certificates):
        pem.check_dates(certificates, authorities, now)
    beside = revocation_file(authorities)
    revoked = pem.read_revoked(authorities) + (pem.read_revoked(beside) if beside else [])
    try:
        context.load_verify_locations(authorities)
        if beside:
            context.load_verify_locations(beside)
    except (ssl.SSLError, OSError) as error:
        raise UsageError(f"{authorities}: OpenSSL refuses these authorities ({error})") from error
    # An intermediate authority, or the certificate of one old device itself, may be trusted without its root.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    if revoked:
        _check_revoked(certificates, revoked, beside or authorities, now)
        context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF


def _check_revoked(
    certificates: list[x509.Certificate], lists: list[x509.CertificateRevocationList], path: str, now: datetime | None
) -> None:
    """With one list, OpenSSL demands a current one of every issuer: what is missing would refuse good peers."""
    above = {certificate.issuer for certificate in certificates if certificate.issuer != certificate.subject}
    for certificate in certificates:
        own = [entry for entry in lists if entry.issuer == certificate.subject]
        name = pem.common_name(certificate.subject)
        if not own and certificate.subject not in above:
            raise UsageError(
                f"{path}: has no revocation list of {name}, so that all its certificates would be refused;"
                " add its list, or leave the lists out"
            )
        for entry in own:
            if not entry.is_signature_valid(certificate.public_key()):  # type: ignore[arg-type]
                raise UsageError(f"{path}: the revocation list of {name} is not signed by it")
            if now is not None and entry.next_update_utc is not None and entry.next_update_utc < now:
                raise UsageError(
                    f"{path}: the revocation list of {name} ended on {pem.day(entry.next_update_utc)};"
                    " fetch the new one, or all its certificates would be refused"
                )
