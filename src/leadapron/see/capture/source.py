"""Where a capture's bytes come from: a mapped file, or blocks of a stream, decompressed on the way."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, BinaryIO, cast

import zstandard

BLOCK = 4 * 1024 * 1024
"""Bytes presented at once from a stream; also the most that decompression makes at once."""

COMPRESSED_BLOCK = 1024 * 1024
ZSTD_PIECE = 128 * 1024
"""The largest zstd block (RFC 8878 §3.1.1.2.4): what is lost when one is damaged."""

MAX_ZSTD_WINDOW = 128 * 1024 * 1024
"""Memory that a zstd file may ask for; `zstd --long=28` and above ask for more."""

FINGERPRINT_END = 1024 * 1024
STREAM_HEAD = 64 * 1024

GZIP_MAGIC = b"\x1f\x8b"
ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
ZSTD_SKIPPABLE = b"\x2a\x4d\x18"
"""Bytes 2 to 4 of a frame that says something about the others (pzstd writes one first)."""


class ByteSource:
    """Reads a binary stream in full pieces, counts what was read, and knows the stream's first bytes."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.position = 0
        self.failure = ""
        """Why the bytes ended early, as an anomaly's name; empty while all is well."""
        self.head = self._fill(STREAM_HEAD)
        self._unread = self.head

    def read(self, size: int = BLOCK) -> bytes:
        """The next `size` bytes; fewer at the end only, or where the medium failed."""
        piece, self._unread = self._unread[:size], self._unread[size:]
        if len(piece) < size:
            piece += self._fill(size - len(piece))
        self.position += len(piece)
        return piece

    def blocks(self) -> Iterator[bytes]:
        """The decompressed bytes, in blocks of at most `BLOCK`."""
        if self.head.startswith(GZIP_MAGIC):
            return self._gunzip()
        if self.head.startswith(ZSTD_MAGIC) or self.head[1:4] == ZSTD_SKIPPABLE:
            return self._unzstd()
        return iter(self.read, b"")

    def close(self) -> None:
        self._stream.close()

    def _fill(self, size: int) -> bytes:
        pieces: list[bytes] = []
        try:
            while size > 0 and (piece := self._stream.read(size)):
                pieces.append(piece)
                size -= len(piece)
        except OSError:
            self.failure = "capture.unreadable"
        return b"".join(pieces)

    def _gunzip(self) -> Iterator[bytes]:
        """Members of a gzip file (RFC 1952). Damaged data are decoded up to the damage, in ever smaller pieces."""
        decoder, pending, piece = zlib.decompressobj(wbits=31), b"", BLOCK
        while piece:
            pending = pending or self.read(COMPRESSED_BLOCK)
            if decoder.eof:
                pending += self.read(2 - len(pending)) if len(pending) < 2 else b""
                if not pending.startswith(GZIP_MAGIC):
                    return  # zeros or anything else after the last member means nothing
                decoder = zlib.decompressobj(wbits=31)
            before = decoder.copy()
            try:
                made = decoder.decompress(pending, piece) if pending else decoder.flush()
            except zlib.error:
                decoder, piece = before, piece // 64
                continue
            if made:
                yield made
            if not pending and not decoder.eof:
                break
            pending = decoder.unused_data if decoder.eof else decoder.unconsumed_tail
        self.failure = self.failure or "capture.compression"

    def _unzstd(self) -> Iterator[bytes]:
        """Frames of a zstd file (RFC 8878). What a cut-off one lacks shows in the capture itself."""
        decoder = zstandard.ZstdDecompressor(max_window_size=MAX_ZSTD_WINDOW)
        source = cast(IO[bytes], self)  # only `read` is used
        reader = decoder.stream_reader(source, read_size=COMPRESSED_BLOCK, read_across_frames=True, closefd=False)
        going = True
        while going:
            pieces: list[bytes] = []
            try:
                while len(pieces) < BLOCK // ZSTD_PIECE and (piece := reader.read(ZSTD_PIECE)):
                    pieces.append(piece)
                going = bool(pieces)
            except zstandard.ZstdError:
                self.failure = self.failure or "capture.compression"
                going = False
            if pieces:
                yield b"".join(pieces)


def fingerprint_of_file(path: Path, size: int) -> str:
    """Tells captures apart without reading all: hash of size, first and last MiB."""
    with path.open("rb") as stream:
        first = stream.read(FINGERPRINT_END)
        stream.seek(max(0, size - FINGERPRINT_END))
        return _digest(size.to_bytes(8, "little") + first + stream.read(FINGERPRINT_END))


def fingerprint_of_stream(head: bytes) -> str:
    """As far as a stream can be told without waiting for its end: hash of its first 64 KiB."""
    return _digest(head)


def _digest(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=16).hexdigest()
