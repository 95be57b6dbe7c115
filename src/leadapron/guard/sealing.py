"""Bytes sealed for someone who is not here: written with a public key, read with the private one only.

    seal = b"leadapron-sealed-1\\n" + key (80 bytes) + chunks

`key` is the file's own random key, encrypted by HPKE (RFC 9180: X25519, HKDF-SHA256, AES-256-GCM). Each chunk is
AES-256-GCM under it, of 1 MiB but for the last. Its nonce is the chunk's number (11 bytes) and whether it is the last
(1 byte), so chunks can be neither left out, nor moved, nor cut off unseen. What stands before them is authenticated
with each.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from leadapron.model.errors import UsageError

CHUNK: Final = 1 << 20
"""Bytes sealed at once: what a writer holds in memory at most, and its piece."""
_MARK: Final = b"leadapron-sealed-1\n"
_TAG: Final = 16
_WRAPPED: Final = 80
_SUITE: Final = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


class Sealer:
    """Seals one file: `seal` gives what to write, beginning with the first call."""

    def __init__(self, public_key: X25519PublicKey) -> None:
        key = AESGCM.generate_key(256)
        self._cipher = AESGCM(key)
        self._head = _MARK + _SUITE.encrypt(key, public_key, _MARK)
        self._number = 0

    def seal(self, chunk: bytes, *, last: bool) -> bytes:
        """The next CHUNK bytes, or the last, fewer or none."""
        before = b"" if self._number else self._head
        sealed = self._cipher.encrypt(_nonce(self._number, last=last), chunk, self._head)
        self._number += 1
        return before + sealed


def unseal(file: BinaryIO, private_key: X25519PrivateKey, name: str) -> Iterator[bytes]:
    """The chunks of a sealed file, each once it is known to be whole. UsageError names `name`."""
    head = file.read(len(_MARK) + _WRAPPED)
    if not head.startswith(_MARK) or len(head) != len(_MARK) + _WRAPPED:
        raise UsageError(f"{name}: is not a sealed file")
    try:
        cipher = AESGCM(_SUITE.decrypt(head[len(_MARK) :], private_key, _MARK))
    except InvalidTag as error:
        raise UsageError(f"{name}: this private key does not open it") from error
    number, last = 0, False
    chunk = file.read(CHUNK + _TAG)
    while not last:
        following = file.read(CHUNK + _TAG)
        last = not following
        try:
            opened = cipher.decrypt(_nonce(number, last=last), chunk, head)
        except InvalidTag as error:
            raise UsageError(f"{name}: was changed or cut off; what came before is sound") from error
        yield opened
        chunk = following
        number += 1


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes((last,))
