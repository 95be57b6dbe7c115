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


class InflationError(Exception):
    """`deflate-bomb` or `deflate-broken`."""


class Inflation:
    """One deflated object."""

    def __init__(self) -> None:
        self._inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        self._taken = 0
        self._made = 0

    def feed(self, data: memoryview) -> Iterator[bytes]:
        """What the bytes inflate to; what follows the end of the deflated stream comes as it is."""
        while len(data):
            size = PIECE - self._taken % PIECE  # always the same pieces, however the bytes came
            piece, data = data[:size], data[size:]
            self._taken += len(piece)
            if self._inflater.eof:
                yield bytes(piece)
            else:
                yield from self._inflate(piece)

    def end(self) -> None:
        """A stream that does not end is broken."""
        if self._taken and not self._inflater.eof:
            raise InflationError("deflate-broken")

    def _inflate(self, piece: memoryview) -> Iterator[bytes]:
        allowed = FREE + RATIO * -(-self._taken // PIECE) * PIECE
        waiting: memoryview | bytes = piece
        full = True
        while full:
            try:
                made = self._inflater.decompress(waiting, STEP)
            except zlib.error as error:
                raise InflationError("deflate-broken") from error
            self._made += len(made)
            if self._made > allowed:
                yield made[: allowed - self._made]
                raise InflationError("deflate-bomb")
            if made:
                yield made
            waiting = self._inflater.unconsumed_tail
            full = not self._inflater.eof and (bool(waiting) or len(made) == STEP)
        if self._inflater.unused_data:
            yield self._inflater.unused_data
