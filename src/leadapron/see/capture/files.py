"""Open capture files and streams, and find the captures of a folder."""

from __future__ import annotations

import mmap
import os
import stat
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from leadapron.model.errors import SourceError
from leadapron.see.capture.batch import Batch
from leadapron.see.capture.recognise import WANTED, refusal, walker_for
from leadapron.see.capture.source import (
    GZIP_MAGIC,
    STREAM_HEAD,
    ZSTD_MAGIC,
    ZSTD_SKIPPABLE,
    ByteSource,
    fingerprint_of_file,
    fingerprint_of_stream,
)
from leadapron.see.capture.walker import CaptureAnomaly, Walker

FAILURES = {
    "capture.unreadable": "the medium failed; what follows was not read",
    "capture.compression": "the compressed data are cut off or damaged; what follows was not read",
}


class Capture:
    """One capture, read once from start to end: iterate over its batches. Its counters grow on the way.

    Memory stays bounded whatever the size: a mapped file's pages are given back behind the reader, a stream is
    held a few megabytes at a time. A batch must be read before the next one is asked for.
    """

    def __init__(
        self,
        name: str,
        walker: Walker,
        fingerprint: str,
        size: int | None,
        content: mmap.mmap | ByteSource,
        blocks: Iterator[bytes],
    ) -> None:
        self.name = name
        self.fingerprint = fingerprint
        """Same bytes, same fingerprint: 32 hexadecimal digits."""
        self.size = size
        """Bytes of the file as it lies there (compressed or not); None for a stream."""
        self._walker = walker
        self._content = content
        self._blocks = blocks
        self._position = 0

    @property
    def packets(self) -> int:
        """Packets read so far."""
        return self._walker.packets

    @property
    def truncated(self) -> int:
        """Packets of which the capture kept a part only (snap length)."""
        return self._walker.truncated

    @property
    def drops(self) -> int:
        """Packets that the capturing machine says it lost (pcapng interface statistics)."""
        return self._walker.drops

    @property
    def complete(self) -> bool:
        """False when the capture's end is missing or could not be read."""
        return self._walker.complete

    @property
    def anomalies(self) -> list[CaptureAnomaly]:
        """What was wrong with the capture itself."""
        return self._walker.anomalies

    @property
    def position(self) -> int:
        """Bytes of the file or stream read so far, as it lies there: out of `size` for a progress bar."""
        return self._content.position if isinstance(self._content, ByteSource) else self._position

    def __iter__(self) -> Iterator[Batch]:
        if isinstance(self._content, ByteSource):
            return self._from_stream(self._content)
        return self._from_map(self._content)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the file back (a mapped one goes when its last batch does)."""
        if isinstance(self._content, ByteSource):
            self._content.close()

    def _from_map(self, content: mmap.mmap) -> Iterator[Batch]:
        for batch in self._walker.walk(content, final=True):
            yield batch
            end = batch.offsets[-1] // mmap.PAGESIZE * mmap.PAGESIZE
            start = self._position // mmap.PAGESIZE * mmap.PAGESIZE
            if end > start:
                content.madvise(mmap.MADV_DONTNEED, start, end - start)
            self._position = batch.offsets[-1] + batch.lengths[-1]
        self._position = len(content)

    def _from_stream(self, source: ByteSource) -> Iterator[Batch]:
        walker, rest, skip = self._walker, b"", 0
        for block in self._blocks:
            if skip >= len(block):
                skip -= len(block)
                continue
            buffer = rest + block[skip:] if rest or skip else block
            yield from walker.walk(buffer, final=False)
            if walker.stopped:
                break
            rest, skip = buffer[walker.position :], max(0, walker.position - len(buffer))
        if source.failure:
            walker.complete = False
            walker.note(source.failure, FAILURES[source.failure])
        if skip:
            walker.cut_off("the last block is not whole")
        elif not walker.stopped:
            yield from walker.walk(rest, final=True)
        self.close()


def open_capture(source: Path | BinaryIO, name: str) -> Capture:
    """Open a capture file, or a binary stream that nothing was read from yet (it need not be seekable).

    Raises SourceError, with a sentence for the person who gave it, when there is no capture to read.
    """
    if not isinstance(source, Path):
        return _open_stream(ByteSource(source), name, fingerprint=None, size=None)
    try:
        state = source.stat()
        if stat.S_ISDIR(state.st_mode):
            raise SourceError(f"{name} is a folder, not a capture: {WANTED}")
        if not stat.S_ISREG(state.st_mode):
            return _open_stream(ByteSource(source.open("rb")), name, fingerprint=None, size=None)
        fingerprint = fingerprint_of_file(source, state.st_size)
        return _open_file(source, name, fingerprint, state.st_size)
    except FileNotFoundError:
        raise SourceError(f"{name} does not exist: check the path") from None
    except PermissionError:
        raise SourceError(f"{name} may not be read: ask for the right to read it") from None
    except OSError as error:
        raise SourceError(f"{name} cannot be read ({error.strerror}): copy it to a sound disk") from error


def find_captures(source: Path) -> list[Path]:
    """A file as it is; a folder's captures at any depth, by the time of their first packet, then by name.

    Captures are told by their first bytes. Hidden files and folders are left out, links are followed once.
    Raises SourceError when there is nothing.
    """
    if not source.is_dir():
        if not source.exists():
            raise SourceError(f"{source} does not exist: check the path")
        return [source]
    dated, refused = [], 0
    for path in _files_under(source, set()):
        try:
            with open_capture(path, str(path)) as capture:
                first = next(iter(capture), None)
        except SourceError:
            refused += 1
        else:
            dated.append((first.time(first.offsets[0]) if first else 0, str(path), path))
    if not dated:
        raise SourceError(f"no capture among the {refused} files of the folder {source}: {WANTED}")
    return [path for _, _, path in sorted(dated)]


def _open_file(path: Path, name: str, fingerprint: str, size: int) -> Capture:
    """A compressed file is a stream; a plain one is mapped."""
    stream = path.open("rb")
    head = stream.peek(4)[:4]
    if head.startswith((GZIP_MAGIC, ZSTD_MAGIC)) or head[1:4] == ZSTD_SKIPPABLE:
        return _open_stream(ByteSource(stream), name, fingerprint=fingerprint, size=size)
    with stream:
        walker = walker_for(head)
        if walker is None:
            raise SourceError(f"{name} {refusal(stream.read(STREAM_HEAD))}")
        content = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
    content.madvise(mmap.MADV_SEQUENTIAL)
    return Capture(name, walker, fingerprint, size, content, iter(()))


def _open_stream(source: ByteSource, name: str, *, fingerprint: str | None, size: int | None) -> Capture:
    blocks = source.blocks()
    head = b""
    while len(head) < STREAM_HEAD and (block := next(blocks, b"")):
        head += block
    walker = walker_for(head)
    if walker is None:
        source.close()
        if source.failure:
            raise SourceError(f"{name} cannot be read: {FAILURES[source.failure]}")
        raise SourceError(f"{name} {refusal(head)}")
    return Capture(
        name, walker, fingerprint or fingerprint_of_stream(source.head), size, source, chain((head,), blocks)
    )


def _files_under(folder: Path, seen: set[tuple[int, int]]) -> Iterator[Path]:
    """Plain files under a folder, each once however many links lead to it."""
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        return
    for entry in entries:
        if entry.name.startswith("."):
            continue
        try:
            state = entry.stat()
        except OSError:
            continue
        identity = (state.st_dev, state.st_ino)
        if identity in seen:
            continue
        seen.add(identity)
        if stat.S_ISDIR(state.st_mode):
            yield from _files_under(Path(entry.path), seen)
        elif stat.S_ISREG(state.st_mode):
            yield Path(entry.path)
