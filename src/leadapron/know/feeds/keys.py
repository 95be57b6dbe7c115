"""Ed25519 keys of offline bundles: one makes them, the other pins the public half.

A fingerprint is the SHA-256 of the public key as `openssl pkey -pubout -outform DER` writes it, so that two people on
the telephone can compare it with tools they have.
"""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from leadapron.know.feeds.snapshots import KnowledgeStore
from leadapron.know.files import write_whole
from leadapron.model.errors import SourceError, UsageError

MAX_PEM = 16 << 10
"""Bytes; an Ed25519 key takes 120."""


def fingerprint(key: Ed25519PublicKey) -> str:
    """64 hexadecimal digits."""
    return hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


def spaced(fingerprint: str) -> str:
    """In groups of four, to be read aloud."""
    return " ".join(fingerprint[start : start + 4] for start in range(0, len(fingerprint), 4))


def make_key(private_path: Path) -> tuple[Path, str]:
    """A new key: the private half at `private_path`, which only its owner can read, the public half beside it.

    Returns the public file and its fingerprint. UsageError when a file is there already: keys are not overwritten.
    """
    key = Ed25519PrivateKey.generate()
    public_path = private_path.with_name(f"{private_path.stem}.pub.pem")
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    public = public_pem(key.public_key())
    if public_path.exists():
        raise UsageError(f"{public_path}: is there already; keys are not overwritten")
    _create(private_path, private, mode=0o600)
    _create(public_path, public, mode=0o644)
    return public_path, fingerprint(key.public_key())


def public_pem(key: Ed25519PublicKey) -> bytes:
    """The key as PEM."""
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def _create(path: Path, data: bytes, *, mode: int) -> None:
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
    except FileExistsError as error:
        raise UsageError(f"{path}: is there already; keys are not overwritten") from error
    except OSError as error:
        raise UsageError(f"{path}: cannot be written ({error.strerror})") from error


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_PEM)
    except OSError as error:
        raise SourceError(f"{path}: cannot be read ({error.strerror})") from error


def read_private_key(path: Path) -> Ed25519PrivateKey:
    """SourceError for no Ed25519 key in PEM, or for one that others can read."""
    data = _read(path)
    try:
        key = load_pem_private_key(data, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise SourceError(f"{path}: not a private key in PEM without passphrase") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise SourceError(f"{path}: not an Ed25519 key; make one with `leadapron knowledge keygen`")
    if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise SourceError(f"{path}: others can read this private key; do `chmod 600` on it, or make a new one")
    return key


def read_public_key(path: Path) -> Ed25519PublicKey:
    """SourceError for no Ed25519 public key in PEM."""
    try:
        key = load_pem_public_key(_read(path))
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise SourceError(f"{path}: not a public key in PEM") from error
    if not isinstance(key, Ed25519PublicKey):
        raise SourceError(f"{path}: not an Ed25519 key")
    return key


def signed_by(key: Ed25519PublicKey, signature: bytes, data: bytes) -> bool:
    """Whether `signature` is that key's of `data`."""
    try:
        key.verify(signature, data)
    except InvalidSignature:
        return False
    return True


def trust(store: KnowledgeStore, public_path: Path) -> str:
    """Pin a public key: bundles signed by it are believed from now on. Its fingerprint, to be compared aloud."""
    key = read_public_key(public_path)
    name = fingerprint(key)
    write_whole(_folder(store) / f"{name}.pem", public_pem(key))
    return name


def trusted_keys(store: KnowledgeStore) -> dict[str, Ed25519PublicKey]:
    """The pinned keys by fingerprint."""
    keys = (read_public_key(path) for path in sorted(_folder(store).glob("*.pem")))
    return {fingerprint(key): key for key in keys}


def _folder(store: KnowledgeStore) -> Path:
    return store.folder / "trusted"
