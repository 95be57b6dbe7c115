"""Sources → events in a workspace. Interrupting it keeps what was read and leaves the workspace usable."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime

from msgspec.structs import replace

from leadapron.app.interruption import Interruption
from leadapron.app.sources import Piece, SourceGroup
from leadapron.model.errors import SourceError
from leadapron.model.events import Anomaly, CaptureQuality
from leadapron.see.capture import Capture
from leadapron.see.wire.engine import Engine
from leadapron.store import Workspace, Writer

Progress = Callable[[int, int], None]
"""Called with bytes read so far and packets read so far, over all sources."""


def ingest(workspace: Workspace, sources: Sequence[SourceGroup], progress: Progress | None = None) -> bool:
    """Read all sources into the workspace. True when all was read, False when interrupted (Ctrl-C)."""
    interruption, meter = Interruption(), _Meter(progress)
    with interruption.watched():
        for group in sources:
            with workspace.writer(group.id) as writer:
                _Reading(writer, workspace.key, interruption, meter).read(group)
            if interruption.asked:
                return False
    return True


class _Meter:
    """Tells progress over all captures: those that are done, and a part of the open one."""

    def __init__(self, progress: Progress | None) -> None:
        self._progress = progress
        self._bytes = self._packets = 0

    def show(self, capture: Capture) -> None:
        if self._progress is not None:
            self._progress(self._bytes + capture.position, self._packets + capture.packets)

    def done(self, piece: Piece, capture: Capture) -> None:
        self._bytes += piece.size or capture.position
        self._packets += capture.packets


class _Reading:
    """One source group on its way through one engine."""

    def __init__(self, writer: Writer, key: bytes, interruption: Interruption, meter: _Meter) -> None:
        self._writer = writer
        self._engine = Engine("", writer.write, key)
        self._interruption = interruption
        self._meter = meter
        self._told: Counter[str] = Counter()
        """What the engine had counted when the last capture's quality was told."""

    def read(self, group: SourceGroup) -> None:
        """All captures in order, until Ctrl-C. What is open at the end counts for the last one."""
        last = group.pieces[-1]
        for piece in group.pieces:
            quality = self._read_piece(piece)
            over = piece is last or self._interruption.asked
            if over:
                self._engine.finish()
            self._tell(quality)
            if over:
                return

    def _read_piece(self, piece: Piece) -> CaptureQuality:
        """The capture's quality as far as it tells it itself. A file that is gone since it was found is said so."""
        context = self._engine.context
        context.sensor = piece.name
        try:
            with piece.open() as capture:
                return self._read_capture(piece, capture)
        except SourceError as error:
            now = context.moment(context.now_ns())
            self._writer.write(
                Anomaly(ts=now, sensor=piece.name, packet=0, name="capture.unreadable", detail=str(error))
            )
            return CaptureQuality(
                ts=now, sensor=piece.name, packet=0, source=piece.name, fingerprint="", anomalies=1, complete=False
            )

    def _read_capture(self, piece: Piece, capture: Capture) -> CaptureQuality:
        moment = self._engine.context.moment
        first: datetime | None = None
        last: datetime | None = None
        size = 0
        for batch in self._interruption.until_asked(iter(capture)):
            self._engine.feed(batch)
            if batch.offsets:
                start, end = moment(batch.time(batch.offsets[0])), moment(batch.time(batch.offsets[-1]))
                first = min(first or start, start)
                last = max(last or end, end)
                size += sum(batch.lengths)
            self._meter.show(capture)
        if piece.stopped:
            self._interruption.asked = True
        self._meter.done(piece, capture)
        when = last or moment(0)
        for anomaly in capture.anomalies:
            self._writer.write(
                Anomaly(ts=when, sensor=piece.name, packet=anomaly.packet, name=anomaly.name, detail=anomaly.detail)
            )
        return CaptureQuality(
            ts=when,
            sensor=piece.name,
            packet=capture.packets,
            source=piece.name,
            fingerprint=capture.fingerprint,
            packets=capture.packets,
            bytes=size,
            first=first,
            last=last,
            truncated=capture.truncated,
            drops=capture.drops,
            anomalies=len(capture.anomalies),
            complete=capture.complete and not self._interruption.asked,
        )

    def _tell(self, quality: CaptureQuality) -> None:
        """Write a capture's quality, with what the engine counted meanwhile."""
        context = self._engine.context
        counted = context.undecodable + Counter(
            gaps=context.gaps, anomalies=context.anomalies, duplicates=self._engine.udp.duplicates
        )
        new = counted - self._told
        self._told = counted
        self._writer.write(
            replace(
                quality,
                gaps=new["gaps"],
                duplicates=new["duplicates"],
                anomalies=quality.anomalies + new["anomalies"],
                undecodable={reason: new[reason] for reason in context.undecodable if new[reason]},
            )
        )
