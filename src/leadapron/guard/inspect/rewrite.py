"""Private elements taken out of an object as it streams by; every other byte stays, and pixel data are never held."""

from __future__ import annotations

import zlib
from collections.abc import Iterable

from leadapron.guard.conversation import Bytes
from leadapron.guard.inspect.inflation import Inflation, InflationError
from leadapron.guard.inspect.inspector import Finding
from leadapron.guard.inspect.layout import Border, Layout
from leadapron.guard.inspect.strip import CannotStripError, Stripper
from leadapron.guard.inspect.writing import DEFLATED
from leadapron.model.guard import Reason

MAX_HELD = 8 << 20
"""Bytes before or after the pixel data that are held to be rewritten (`Limits.memory`)."""


class Rewriter:
    """Takes one data set, cut anywhere; gives what is to go on.

    Where it cannot judge (`finding`) it gives nothing more: what the policy wants out must not pass unseen. A caller
    that may fail open says so by `give_up`.
    """

    def __init__(self, transfer_syntax: str, keep_private: Iterable[str] = (), *, most: int = MAX_HELD) -> None:
        self.altered = False
        """Something was taken out."""
        self.finding: Finding | None = None
        self._layout = Layout(transfer_syntax)
        self._stripper = Stripper(transfer_syntax, keep_private)
        self._most = most
        self._held = bytearray()
        self._passing = False
        """Pixel data come, or it was given up."""
        self._over = False
        self._inflation = Inflation() if transfer_syntax == DEFLATED else None
        self._deflater = zlib.compressobj(wbits=-zlib.MAX_WBITS) if transfer_syntax == DEFLATED else None
        self._size = 0
        """Deflated bytes given."""

    def feed(self, data: Bytes) -> list[Bytes]:
        """The next bytes."""
        if self.finding and not self._passing:
            return []
        if self._inflation is None:
            return self._take(memoryview(data))
        pieces: list[Bytes] = []
        try:
            for inflated in self._inflation.feed(memoryview(data)):
                pieces += self._take(memoryview(inflated))
        except InflationError as error:
            self._found(str(error), Reason.PROTOCOL)
        return self._packed(pieces)

    def end(self) -> list[Bytes]:
        """The object is over."""
        self._over = True
        if self.finding and not self._passing:
            return []
        rest, self._layout.rest = self._layout.rest, b""
        if self._passing:
            return self._packed([rest])
        self._held += rest
        return self._packed(self._stripped(pixels=False))

    def give_up(self) -> list[Bytes]:
        """Let everything pass as it comes from now on, beginning with what is held."""
        held = bytes(self._held) + self._layout.rest
        self._held, self._layout.rest = bytearray(), b""
        self._layout.lost = self._passing = True
        return self._packed([held])

    def _take(self, data: memoryview) -> list[Bytes]:
        pieces: list[Bytes] = []
        while len(data):
            settled, data = self._layout.walk(data)
            if self._passing:
                pieces.append(settled)
            else:
                self._hold(settled)
            pieces += self._cross(self._layout.border)
        return pieces

    def _hold(self, settled: Bytes) -> None:
        self._held += settled
        if len(self._held) > self._most:
            self._found("too-large-to-rewrite", Reason.BLIND)

    def _cross(self, border: Border) -> list[Bytes]:
        if border in (Border.LOST, Border.HOSTILE):
            self._found("not-walkable", Reason.BLIND)
        elif border is Border.PIXELS_END:
            self._passing = False
        elif border is not Border.NONE and not self.finding:
            return self._stripped(pixels=True)
        return []

    def _stripped(self, *, pixels: bool) -> list[Bytes]:
        """What is held, rewritten; `pixels`: the header of the pixel data is its end, and their value follows."""
        held = bytes(self._held)
        try:
            kept = self._stripper.strip(held, pixels=pixels)
        except CannotStripError:
            self._found("not-walkable", Reason.BLIND)
            return []
        self._held, self._passing = bytearray(), pixels
        self.altered = self.altered or kept != held
        return [kept]

    def _packed(self, pieces: list[Bytes]) -> list[Bytes]:
        """As the transfer syntax wants it."""
        deflater = self._deflater
        if deflater is None:
            return pieces
        packed = b"".join(map(deflater.compress, pieces))
        if self._over and (self._passing or not self.finding):
            packed += deflater.flush()
            self._deflater = None
        self._size += len(packed)
        # An odd length gets one zero (PS3.5 A.5).
        return [packed + b"\0" * (self._size % 2 if self._deflater is None else 0)]

    def _found(self, name: str, reason: Reason) -> None:
        """What is not understood does not pass."""
        self.finding = self.finding or Finding(name, reason, self._layout.at)
        self._passing = False
