"""Keyed digests of one object as its bytes pass: the ledger that the archive is compared with later.

The digest of the pixel data is BLAKE3 of the value of (7FE0,0010): native samples as sent, or all fragments from the
first item to the delimiter that ends them, both included. That of the data set is over all bytes (those that a
deflated one inflates to), where the pixel value is replaced by its digest: nothing is read twice.
"""

from __future__ import annotations

from collections.abc import Callable

from blake3 import blake3

from leadapron.guard.conversation import Bytes


class Digests:
    """Takes bytes in order; `pixels_begin` and `pixels_end` say which are pixel data."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._dataset = blake3(key=key)
        self._pixels: blake3 | None = None
        self._within = False
        self.update: Callable[[Bytes], object] = self._dataset.update
        """The hasher of what comes now: called for each piece of pixel data, so without detour."""

    def pixels_begin(self) -> None:
        self._pixels, self._within = blake3(key=self._key), True
        self.update = self._pixels.update

    def pixels_end(self) -> None:
        if self._within and self._pixels:
            self._dataset.update(self._pixels.digest())
            self._within = False
            self.update = self._dataset.update

    def end(self) -> tuple[str, str]:
        """Digests of pixel data (empty if there were none) and of the data set, hexadecimal."""
        self.pixels_end()
        return self._pixels.hexdigest() if self._pixels else "", self._dataset.hexdigest()


class NoDigests(Digests):
    """Where no ledger is kept."""

    def __init__(self) -> None:
        self.update = _ignore

    def pixels_begin(self) -> None: ...

    def pixels_end(self) -> None: ...

    def end(self) -> tuple[str, str]:
        return "", ""


def _ignore(_: Bytes) -> None: ...
