"""Deflated data sets (PS3.5 A.5) opened a bounded step at a time."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

STEP = 256 * 1024
"""Bytes that are inflated at once."""
PIECE = 16 * 1024
"""Deflated bytes that are taken at once."""
FREE = 16 << 20
"""Bytes that any object may inflate to."""
RATIO = 128
"""Bytes that each further deflated one may become. Black images shrink a thousandfold, but are small."""
TRAILER = 9
"""Bytes behind the deflated stream that mean nothing: a zero that makes the length even (PS3.5 A.5), the checksum and
length of gzip or zlib that some writers leave."""


class InflationError(Exception):
    """`deflate-bomb` or `deflate-broken`."""


class Inflation:
    """One deflated object. Once an error was raised, nothing more comes."""

    def __init__(self) -> None:
        self.failed = False
        self._inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        self._taken = 0
        self._made = 0
        self._trailer: bytes | None = b""

    def feed(self, data: memoryview) -> Iterator[bytes]:
        """What the bytes inflate to; what follows the end of the deflated stream comes as it is, unless it is short."""
        while len(data) and not self.failed:
            size = PIECE - self._taken % PIECE  # always the same pieces, however the bytes came
            piece, data = data[:size], data[size:]
            self._taken += len(piece)
            if self._inflater.eof:
                yield self._behind(bytes(piece))
            else:
                yield from self._open(piece)

    def end(self) -> None:
        """A stream that does not end is broken."""
        if self._taken and not self._inflater.eof and not self.failed:
            self._fails("deflate-broken")

    def _open(self, piece: memoryview) -> Iterator[bytes]:
        allowed = FREE + RATIO * -(-self._taken // PIECE) * PIECE
        for made in self._inflate(piece):
            self._made += len(made)
            if self._made > allowed:
                yield made[: allowed - self._made]
                self._fails("deflate-bomb")
            yield made
        if self.failed:
            raise InflationError("deflate-broken")
        if self._inflater.unused_data:
            yield self._behind(self._inflater.unused_data)

    def _behind(self, data: bytes) -> bytes:
        if self._trailer is None:
            return data
        self._trailer += data
        if len(self._trailer) <= TRAILER:
            return b""
        data, self._trailer = self._trailer, None
        return data

    def _inflate(self, piece: memoryview) -> Iterator[bytes]:
        """One piece; what is broken is inflated up to there."""
        before, made, full = self._inflater.copy(), 0, True
        waiting: memoryview | bytes = piece
        while full:
            try:
                inflated = self._inflater.decompress(waiting, STEP)
            except zlib.error:
                self.failed = True
                yield _rescued(before, piece)[made:]
                return
            made += len(inflated)
            if inflated:
                yield inflated
            waiting = self._inflater.unconsumed_tail
            full = not self._inflater.eof and (bool(waiting) or len(inflated) == STEP)

    def _fails(self, name: str) -> None:
        self.failed = True
        raise InflationError(name)


def _rescued(inflater: zlib._Decompress, piece: memoryview) -> bytes:
    """What a piece holds before it is broken: zlib gives nothing of a call that fails."""
    made = bytearray()
    try:
        for index in range(len(piece)):
            made += inflater.decompress(piece[index : index + 1])
    except zlib.error:
        pass
    return bytes(made)
