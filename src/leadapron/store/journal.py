"""Events on their way to rest: what a sensor that never stops has seen since its last Parquet file.

A segment is a file of records, each its length (4 bytes, big-endian), the CRC-32 of its content (4 bytes) and the event
as MessagePack. What was appended survives the end of the program by any means; a torn last record is told, not read.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from struct import Struct
from zlib import crc32

import msgspec

from leadapron.model.events import AnyEvent, Event
from leadapron.store.errors import WorkspaceError

MAX_RECORD = 16 * 1024 * 1024
"""Bytes of one event; a longer length is damage."""
_HEAD = Struct(">II")
_SUFFIX = ".events"
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(AnyEvent).decode


class Journal:
    """A folder of segments that one program appends to."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file = -1
        self._segments = 0
        self.segment: Path | None = None
        """The one being written."""
        self.events = 0
        """In it."""
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise WorkspaceError(f"{folder}: cannot be made ({error.strerror}); free space or rights?") from error

    def append(self, events: Iterable[Event], now: datetime) -> None:
        """Write events at the end; they are the system's from here on. OSError: none of them is written."""
        if self.segment is None:
            self._start(now)
        records = bytearray()
        count = 0
        for event in events:
            content = _encode(event)
            records += _HEAD.pack(len(content), crc32(content))
            records += content
            count += 1
        end = os.lseek(self._file, 0, os.SEEK_END)
        view = memoryview(records)
        try:
            while view:
                view = view[os.write(self._file, view) :]
        except OSError:
            os.ftruncate(self._file, end)
            raise
        self.events += count

    def _start(self, now: datetime) -> None:
        self._segments += 1
        name = f"{now:%Y%m%dT%H%M%S}-{os.getpid()}-{self._segments:06d}"
        path = self._folder / f"{name}{_SUFFIX}"
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        self.segment, self.events = path, 0

    def roll(self) -> None:
        """The segment is complete; the next event starts another."""
        if self.segment is not None:
            os.close(self._file)
            self.segment, self.events = None, 0

    def left(self) -> list[Path]:
        """Segments that are complete, also those that an earlier run could not finish, oldest first."""
        return sorted(path for path in self._folder.glob(f"*{_SUFFIX}") if path != self.segment)


def read_segment(path: Path) -> Iterator[Event]:
    """The events of a segment, up to its end or to the first record that is torn or damaged."""
    with path.open("rb") as file:
        while len(head := file.read(_HEAD.size)) == _HEAD.size:
            length, check = _HEAD.unpack(head)
            content = file.read(length) if length <= MAX_RECORD else b""
            if len(content) != length or crc32(content) != check:
                return
            try:
                yield _decode(content)
            except msgspec.MsgspecError:
                return
