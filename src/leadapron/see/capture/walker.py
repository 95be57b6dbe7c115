"""What the readers of all capture formats share: counters, anomalies, and going on after a broken record."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import NamedTuple

from leadapron.see.capture.batch import MAX_RECORD, Batch, Buffer

SEARCH_WINDOW = 1024 * 1024
"""Bytes after a broken record among which the next sound one is looked for."""

SEARCH_MARGIN = 4 * MAX_RECORD
"""Bytes beyond the window that are needed to judge a record found at its end."""

MAX_RESUMPTIONS = 100
"""Broken records after which a capture is given up."""

MAX_ANOMALIES = 1_000
"""Anomalies kept per capture."""


class CaptureAnomaly(NamedTuple):
    """Something wrong with the capture itself, at or before packet number `packet`."""

    name: str
    detail: str
    packet: int


class Walker(ABC):
    """Finds the packets of one capture in buffers that follow each other.

    `walk` yields the packets that lie whole in `buffer` and leaves in `position` where the next one starts:
    the caller presents the bytes from there on again, followed by more. A position beyond the buffer's end
    means that these bytes are not needed at all. `final` says that nothing follows.
    """

    def __init__(self) -> None:
        self.packets = 0
        self.truncated = 0
        self.complete = True
        self.anomalies: list[CaptureAnomaly] = []
        self.position = 0
        self.stopped = False
        self._resumptions = 0

    @property
    def _pending(self) -> int:
        """Packets found but not yet yielded."""
        return 0

    @property
    def drops(self) -> int:
        """Packets that the capturing machine says it lost."""
        return 0

    @abstractmethod
    def walk(self, buffer: Buffer, *, final: bool) -> Iterator[Batch]:
        """Yield the packets of `buffer`. Hostile bytes never raise."""

    @abstractmethod
    def _search(self, buffer: Buffer, start: int, end: int) -> int | None:
        """First place in [start, end) where a sound record begins."""

    def note(self, name: str, detail: str = "") -> None:
        """Keep an anomaly, unless there are far too many already."""
        if len(self.anomalies) < MAX_ANOMALIES:
            self.anomalies.append(CaptureAnomaly(name, detail, self.packets + self._pending))

    def cut_off(self, detail: str) -> None:
        """The capture ends before its last record does."""
        self.complete = False
        self.note("capture.cut-off", detail)

    def _resume(self, buffer: Buffer, position: int, *, final: bool) -> int | None:
        """Where to go on after the broken record at `position`; None to wait for more bytes or, `stopped`, to end."""
        size = len(buffer)
        if not final and size - position < SEARCH_WINDOW + SEARCH_MARGIN:
            return None
        self._resumptions += 1
        found = None
        if self._resumptions <= MAX_RESUMPTIONS:
            found = self._search(buffer, position + 1, min(size, position + SEARCH_WINDOW))
        if found is None:
            self.note("capture.record-length", "a record claims an impossible length; the rest was not read")
            self.complete = False
            self.stopped = True
        else:
            skipped = found - position
            self.note("capture.record-length", f"a record claims an impossible length; {skipped} bytes skipped")
        return found
