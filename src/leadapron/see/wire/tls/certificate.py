"""A certificate in the few words that judge it."""

from __future__ import annotations

import warnings
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa
from cryptography.utils import CryptographyDeprecationWarning
from cryptography.x509.oid import NameOID

from leadapron.model.events import Certificate

MAX_NAME: Final = 128
"""Characters kept of a subject or issuer."""

_REFUSALS: Final = (ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion)
"""All that `cryptography` says of certificates that break the rules in its many ways."""


def parse_certificate(der: bytes) -> Certificate | None:
    """Judgement material of one DER certificate, or None if it cannot be read at all."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CryptographyDeprecationWarning)
        try:
            certificate = x509.load_der_x509_certificate(der)
            subject, issuer = certificate.subject, certificate.issuer
            not_before, not_after = certificate.not_valid_before_utc, certificate.not_valid_after_utc
        except _REFUSALS:
            return None
        key_type, key_bits = _key(certificate)
        return Certificate(
            subject=_name(subject),
            issuer=_name(issuer),
            not_before=not_before,
            not_after=not_after,
            self_signed=subject == issuer,
            key_type=key_type,
            key_bits=key_bits,
            signature_hash=_signature_hash(certificate),
        )


def _name(name: x509.Name) -> str:
    """Common name and organisation as RFC 4514 text; nothing else of a name is of use here."""
    kept = [attribute for attribute in name if attribute.oid in (NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME)]
    return x509.Name(kept).rfc4514_string()[:MAX_NAME]


def _key(certificate: x509.Certificate) -> tuple[str, int]:
    try:
        key = certificate.public_key()
    except _REFUSALS:
        return "unknown", 0
    match key:
        case rsa.RSAPublicKey():
            return "rsa", key.key_size
        case ec.EllipticCurvePublicKey():
            return "ec", key.key_size
        case dsa.DSAPublicKey():
            return "dsa", key.key_size
        case ed25519.Ed25519PublicKey():
            return "ed25519", 256
        case ed448.Ed448PublicKey():
            return "ed448", 456
        case _:
            return "unknown", 0


def _signature_hash(certificate: x509.Certificate) -> str:
    """`sha256`; empty for signatures that name no hash (Ed25519) and for unknown ones."""
    try:
        algorithm = certificate.signature_hash_algorithm
    except _REFUSALS:
        return ""
    return algorithm.name if algorithm else ""
