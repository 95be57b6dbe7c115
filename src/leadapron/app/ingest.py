"""Sources → events in a workspace. Interrupting it keeps what was read and leaves the workspace usable."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from leadapron.app.sources import Piece, SourceGroup
from leadapron.model.events import Anomaly, CaptureQuality, Event
from leadapron.see.capture import Batch, Capture
from leadapron.see.wire.engine import Engine
from leadapron.store import Workspace, Writer

Progress = Callable[[int, int], None]
"""Called with bytes read so far and packets read so far, over all sources."""


def ingest(workspace: Workspace, sources: Sequence[SourceGroup], progress: Progress | None = None) -> bool:
    """Read all sources into the workspace. True when all was read, False when interrupted (Ctrl-C)."""
    done_bytes = done_packets = 0
    for group in sources:
        with workspace.writer(group.id) as writer:
            reading = _Reading(writer, workspace.key, progress, done_bytes, done_packets)
            try:
                reading.all(group)
            except KeyboardInterrupt:
                reading.finish(complete=False)
                return False
            reading.finish(complete=True)
        done_bytes, done_packets = reading.bytes, reading.packets
    return True


class _Reading:
    """One source group on its way through one engine."""

    def __init__(self, writer: Writer, key: bytes, progress: Progress | None, done_bytes: int, packets: int) -> None:
        self._writer = writer
        self._engine = Engine("", writer.write, key)
        self._progress = progress
        self.bytes, self.packets = done_bytes, packets
        self._open: tuple[Piece, Capture] | None = None
        self._first: datetime | None = None
        self._last: datetime | None = None
        self._size = 0
        self._before = self._counters()

    def all(self, group: SourceGroup) -> None:
        for piece, capture in group.captures():
            self._open = piece, capture
            self._first = self._last = None
            self._size = 0
            self._engine.context.sensor = piece.name
            start_bytes, start_packets = self.bytes, self.packets
            for batch in capture:
                self._engine.feed(batch)
                self._note(batch)
                self.bytes, self.packets = start_bytes + capture.position, start_packets + capture.packets
                if self._progress is not None:
                    self._progress(self.bytes, self.packets)
            self.bytes = start_bytes + piece.size
            if piece is not group.pieces[-1]:
                self._close_capture(complete=capture.complete)

    def finish(self, *, complete: bool) -> None:
        """Report what is still open, and the quality of the last capture."""
        self._engine.finish()
        if self._open is not None:
            self._close_capture(complete=complete and self._open[1].complete)

    def _note(self, batch: Batch) -> None:
        if not batch.offsets:
            return
        moment = self._engine.context.moment
        first, last = moment(batch.time(batch.offsets[0])), moment(batch.time(batch.offsets[-1]))
        self._first = first if self._first is None else min(self._first, first)
        self._last = last if self._last is None else max(self._last, last)
        self._size += sum(batch.lengths)

    def _close_capture(self, *, complete: bool) -> None:
        if self._open is None:
            return
        piece, capture = self._open
        self._open = None
        emit: Callable[[Event], None] = self._writer.write
        context = self._engine.context
        when = self._last or context.moment(0)
        for anomaly in capture.anomalies:
            emit(Anomaly(ts=when, sensor=piece.name, packet=anomaly.packet, name=anomaly.name, detail=anomaly.detail))
        before, now = self._before, self._counters()
        self._before = now
        emit(
            CaptureQuality(
                ts=when,
                sensor=piece.name,
                packet=capture.packets,
                source=piece.name,
                fingerprint=capture.fingerprint,
                packets=capture.packets,
                bytes=self._size,
                first=self._first,
                last=self._last,
                gaps=now["gaps"] - before["gaps"],
                truncated=capture.truncated,
                drops=capture.drops,
                duplicates=now["duplicates"] - before["duplicates"],
                anomalies=now["anomalies"] - before["anomalies"] + len(capture.anomalies),
                undecodable={
                    reason: now[reason] - before.get(reason, 0)
                    for reason in context.undecodable
                    if now[reason] > before.get(reason, 0)
                },
                complete=complete,
            )
        )

    def _counters(self) -> dict[str, int]:
        context = self._engine.context
        return {
            "gaps": context.gaps,
            "anomalies": context.anomalies,
            "duplicates": self._engine.udp.duplicates,
            **context.undecodable,
        }
