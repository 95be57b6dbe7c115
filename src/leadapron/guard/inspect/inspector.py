"""One object looked at as it streams by: what it holds that it should not, and its digests."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from msgspec import Struct

from leadapron.guard.conversation import Bytes
from leadapron.guard.inspect.digests import Digests, NoDigests
from leadapron.guard.inspect.inflation import Inflation, InflationError
from leadapron.guard.inspect.layout import Border, Layout
from leadapron.guard.inspect.rules import ContentRules, Hit, ScanFailedError
from leadapron.guard.inspect.windows import Windows
from leadapron.guard.inspect.writing import DEFLATED
from leadapron.model.guard import Reason

MAX_HEAD = 64 * 1024
"""Bytes of the beginning of an object that are kept as evidence of what is found later on."""


class Depth(StrEnum):
    """How much is looked at (`Rule.inspect`)."""

    HEADER = "header"
    """All but native pixel data, which chance makes match anything."""
    WHOLE = "whole"
    OFF = "off"
    """Nothing; digests are made all the same."""


class Finding(Struct, frozen=True):
    """What speaks against an object: `reason` is CONTENT (a rule matched), PROTOCOL (a structure that no sound writer
    makes) or BLIND (it could not be judged)."""

    name: str
    """Id of the rule, or `nesting`, `elements`, `length-beyond`, `deflate-bomb`, `deflate-broken`, `sop-class`,
    `scan-failed`."""
    reason: Reason
    offset: int
    """Bytes from the start of the object (of what it inflates to)."""


class Inspector:
    """Takes one data set, cut anywhere. `finding` is set as soon as something is known, at the latest by `end`.

    Hostile bytes never raise; what is held never exceeds one block of 1 MiB, the evidence, and the piece that is fed.
    """

    def __init__(
        self, transfer_syntax: str, rules: ContentRules | None, *, depth: Depth = Depth.HEADER, key: bytes | None = None
    ) -> None:
        self.finding: Finding | None = None
        self.sop_class = ""
        """What the object was announced as, and so judged as: it must be nothing else. Empty: nobody said."""
        self.pixel_digest = ""
        self.dataset_digest = ""
        self._depth = depth if rules else Depth.OFF
        self._windows = Windows(rules) if rules and depth is not Depth.OFF else None
        self._digests = Digests(key) if key else NoDigests()
        self._layout = Layout(transfer_syntax)
        self._inflation = Inflation() if transfer_syntax == DEFLATED else None
        self._native = 0
        """Bytes of native pixel data still to come, which only the digest sees."""
        self._head = b""

    @property
    def instance(self) -> str:
        """SOP Instance UID as written: an identifier, hash at once."""
        return self._layout.instance

    @property
    def study(self) -> str:
        """Study Instance UID as written: an identifier, hash at once."""
        return self._layout.study

    @property
    def series(self) -> str:
        """Series Instance UID as written: an identifier, for comparing only."""
        return self._layout.series

    @property
    def beginning(self) -> bytes | None:
        """Up to 64 KiB from the start of the object (of what it inflates to), as far as they were looked at; None
        where nothing is looked at."""
        return self._head if self._windows else None

    @property
    def evidence(self) -> tuple[tuple[int, bytes], ...]:
        """Of a finding: the beginning of the object and the block it is in, each with its place in the object."""
        if not self.finding or not self._windows:
            return ()
        block = (self._windows.block_start, self._windows.block)
        return (block,) if block[0] == 0 else ((0, self._head), block)

    def feed(self, data: Bytes) -> None:
        """The next bytes of the object."""
        size = len(data)
        if self._inflation is not None:
            self._inflate(self._inflation, memoryview(data))
        elif size < self._native:
            self._native -= size
            self._digests.update(data)
        else:
            self._take(memoryview(data))

    @property
    def bulk(self) -> int:
        """Bytes to come that only digests see: native pixel data, but for their last byte, which ends them."""
        return max(self._native - 1, 0) if self._inflation is None else 0

    def feed_bulk(self, size: int, pieces: Iterable[memoryview]) -> None:
        """As `feed` with each of the pieces, together `size` bytes: at most `bulk`."""
        self._native -= size
        self._digests.update_all(pieces)

    def end(self) -> Finding | None:
        """The object is over."""
        if self._inflation:
            try:
                self._inflation.end()
            except InflationError as error:
                self._found(Finding(str(error), Reason.PROTOCOL, self._layout.at))
        self._pass(self._layout.rest)
        self._look()
        if self._native:
            self._layout.skip(self._layout.length - self._native)
        self._layout.end()
        if self._layout.hostile:
            self._found(Finding(self._layout.hostile, Reason.PROTOCOL, self._layout.at))
        if self.sop_class and self._layout.sop_class not in ("", self.sop_class):
            self.finding = self.finding or Finding("sop-class", Reason.PROTOCOL, 0)
        if self._inflation is None or not self._inflation.failed:
            self.pixel_digest, self.dataset_digest = self._digests.end()
        return self.finding

    def _inflate(self, inflation: Inflation, data: memoryview) -> None:
        try:
            for piece in inflation.feed(data):
                self._take(memoryview(piece))
        except InflationError as error:
            self._found(Finding(str(error), Reason.PROTOCOL, self._layout.at))

    def _take(self, data: memoryview) -> None:
        """Bytes that are not all native pixel data."""
        if self._native:
            data = self._pass_native(data)
        while len(data):
            settled, data = self._layout.walk(data)
            self._pass(bytes(settled))
            border = self._layout.border
            if border is not Border.NONE:
                data = self._cross(border, data)

    def _pass(self, piece: bytes) -> None:
        """Bytes whose place in the object is known."""
        self._digests.update(piece)
        if self._windows and not self.finding:
            self._scan(self._windows, piece)

    def _cross(self, border: Border, data: memoryview) -> memoryview:
        """Over a border; returns what is left of the bytes behind it."""
        if border is Border.PIXELS_END:
            self._digests.pixels_end()
            return data
        passes = border is Border.NATIVE and self._depth is not Depth.WHOLE
        self._look(lost=border is Border.LOST, skipped=self._layout.length if passes else 0)
        if border is Border.HOSTILE:
            self._found(Finding(self._layout.hostile, Reason.PROTOCOL, self._layout.at))
        elif border is not Border.LOST:
            self._digests.pixels_begin()
        if passes:
            self._native = self._layout.length
            return self._pass_native(data)
        return data

    def _pass_native(self, data: memoryview) -> memoryview:
        """Native pixel data, which may end here; returns what is behind them."""
        size = min(self._native, len(data))
        self._digests.update(data[:size])
        self._native -= size
        if not self._native:
            self._layout.skip(self._layout.length)
            self._digests.pixels_end()
        return data[size:]

    def _scan(self, windows: Windows, piece: bytes) -> None:
        if windows.at == len(self._head) < MAX_HEAD:
            self._head += piece[: MAX_HEAD - len(self._head)]
        try:
            hit = windows.add(piece)
        except ScanFailedError:
            self._blind(windows)
        else:
            self._matched(windows, hit)

    def _look(self, *, lost: bool = False, skipped: int = 0) -> None:
        """At what was gathered up to a border."""
        if self._windows is None or self.finding:
            return
        try:
            hit = self._windows.lost() if lost else self._windows.border(skipped)
        except ScanFailedError:
            self._blind(self._windows)
        else:
            self._matched(self._windows, hit)

    def _matched(self, windows: Windows, hit: Hit | None) -> None:
        if hit:
            self._found(Finding(hit.rule, Reason.CONTENT, windows.block_start + hit.offset))

    def _blind(self, windows: Windows) -> None:
        self._found(Finding("scan-failed", Reason.BLIND, windows.block_start))

    def _found(self, finding: Finding) -> None:
        """The first finding counts."""
        if self._windows:
            self.finding = self.finding or finding
