"""Hashes and OpenPGP signatures of downloaded documents (CSAF 2.0 §7.1.18 and §7.1.19), and the keys they need.

A provider's keys are pinned: those of the first contact, or those that a person gave, are kept in the knowledge
folder, and a key that appears later is not trusted until a person says so.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from pathlib import Path

from pysequoia import Cert, Sig, verify

from leadapron.know.feeds.addresses import first_line
from leadapron.know.files import write_whole
from leadapron.model.errors import SourceError, UsageError

MAX_KEY = 1 << 20
"""Bytes of a public key; one with many certifications takes some 100 kB."""
MAX_SIGNATURE = 64 << 10
MAX_HASH = 4 << 10
MAX_CERTIFICATES = 100

_ALGORITHMS = {".sha256": hashlib.sha256, ".sha512": hashlib.sha512}
_DIGEST = re.compile(rb"\A\\?([0-9a-fA-F]{64,128})(?:\s|\Z)")


def check_hash(data: bytes, hash_file: bytes, name: str) -> None:
    """`hash_file` begins with the digest of `data`, as `sha256sum` writes it; `name` tells the algorithm.

    SourceError when it does not.
    """
    algorithm = _ALGORITHMS.get(Path(name).suffix)
    found = _DIGEST.match(hash_file.lstrip())
    if algorithm is None or found is None:
        raise SourceError(f"{name}: not a SHA-256 or SHA-512 hash file")
    if not hmac.compare_digest(algorithm(data).hexdigest().encode(), found.group(1).lower()):
        raise SourceError(f"{name}: the document is not the one that was hashed")


def read_certificates(data: bytes, name: str) -> dict[str, Cert]:
    """OpenPGP certificates (public keys) by fingerprint in capitals; SourceError when there is none."""
    try:
        certificates = Cert.split_bytes(data)
    except RuntimeError as error:
        raise SourceError(f"{name}: not a public OpenPGP key ({first_line(error)})") from error
    if not 0 < len(certificates) <= MAX_CERTIFICATES:
        raise SourceError(f"{name}: {len(certificates)} public OpenPGP keys; 1 to {MAX_CERTIFICATES} are expected")
    return {certificate.fingerprint.upper(): certificate for certificate in certificates}


def check_signature(data: bytes, signature: bytes, certificates: Mapping[str, Cert], name: str) -> str:
    """Fingerprint of the certificate of `certificates` that signed `data`; SourceError when none did."""
    try:
        result = verify(bytes=data, store=lambda _: list(certificates.values()), signature=Sig.from_bytes(signature))
    except RuntimeError as error:
        raise SourceError(f"{name}: no valid signature by a key that is trusted here ({first_line(error)})") from error
    return str(result.valid_sigs[0].certificate).upper()


class Pins:
    """The signing keys of one provider that this installation trusts: one file each in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def load(self) -> dict[str, Cert]:
        """What is pinned; a damaged file is an error, for without it anything could be pinned again."""
        pinned: dict[str, Cert] = {}
        for path in sorted(self._folder.glob("*.asc")):
            try:
                pinned |= read_certificates(path.read_bytes(), str(path))
            except OSError as error:
                raise UsageError(f"{path}: cannot be read ({error.strerror})") from error
        return pinned

    def add(self, certificates: Mapping[str, Cert]) -> None:
        """Pin certificates; one that is held already takes in what is new (a later expiry, a revocation)."""
        held = self.load()
        for fingerprint, certificate in certificates.items():
            known = held.get(fingerprint)
            merged = known.merge(certificate) if known else certificate
            if known and bytes(merged) == bytes(known):
                continue
            write_whole(self._folder / f"{fingerprint}.asc", str(merged).encode("ascii"))
