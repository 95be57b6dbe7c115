"""Keyed digests of one object as its bytes pass: the ledger that the archive is compared with later.

The digest of the pixel data is BLAKE3 of the value of (7FE0,0010): native samples as sent, or all fragments from the
first item to the delimiter that ends them, both included. That of the data set is over all bytes (those that a
deflated one inflates to), where the pixel value is replaced by its digest: nothing is read twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from blake3 import blake3

from leadapron.guard.conversation import Bytes

BLOCK = 64 * 1024
"""Bytes of pixel data that are hashed at once: in pieces as PDUs cut them, BLAKE3 takes four times as long."""


class Digests:
    """Takes bytes in order; `pixels_begin` and `pixels_end` say which are pixel data."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._dataset = blake3(key=key)
        self._pixels: blake3 | None = None
        self._block = memoryview(b"")
        self._held = 0
        self.update: Callable[[Bytes], object] = self._dataset.update
        """What takes the bytes that come now."""

    def pixels_begin(self) -> None:
        self._pixels, self._block = blake3(key=self._key), memoryview(bytearray(BLOCK))
        self.update = self._gather

    def pixels_end(self) -> None:
        if self._block and self._pixels:
            self._pixels.update(self._block[: self._held])
            self._dataset.update(self._pixels.digest())
            self._block = memoryview(b"")
            self.update = self._dataset.update

    def update_all(self, pieces: Iterable[memoryview]) -> None:
        """Takes the bytes of all of them."""
        self.update(b"".join(pieces))

    def end(self) -> tuple[str, str]:
        """Digests of pixel data (empty if there were none) and of the data set, hexadecimal."""
        self.pixels_end()
        return self._pixels.hexdigest() if self._pixels else "", self._dataset.hexdigest()

    def _gather(self, data: Bytes) -> None:
        end = self._held + len(data)
        if end < BLOCK:
            self._block[self._held : end] = data
            self._held = end
        else:
            self._hash(memoryview(data))

    def _hash(self, data: memoryview) -> None:
        """Pixel data that fill the block."""
        if self._pixels is None:
            return
        if self._held:
            room = BLOCK - self._held
            self._block[self._held :] = data[:room]
            self._pixels.update(self._block)
            data = data[room:]
        whole = len(data) - len(data) % BLOCK
        if whole:
            self._pixels.update(data[:whole])
        self._held = len(data) - whole
        self._block[: self._held] = data[whole:]


class NoDigests(Digests):
    """Where no ledger is kept."""

    def __init__(self) -> None:
        self.update = _ignore

    def pixels_begin(self) -> None: ...

    def pixels_end(self) -> None: ...

    def update_all(self, pieces: Iterable[memoryview]) -> None: ...

    def end(self) -> tuple[str, str]:
        return "", ""


def _ignore(_: Bytes) -> None: ...
