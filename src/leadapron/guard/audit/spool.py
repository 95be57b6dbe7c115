"""Messages on disk until they are delivered: in order, each with its number, none lost when the program ends anyhow.

A folder of segments (`00000000000000000042.spool`: its first record's number), each a sequence of records: length
(4 bytes), CRC-32 of number and payload (4 bytes), payload. Records are only ever appended. `cursor` says from which
number on nothing is known to be delivered; segments wholly before it are removed. What a power cut or the end of the
program left of a last record is cut off when the spool is opened, and counted.
"""

from __future__ import annotations

import fcntl
import os
import re
import threading
from bisect import bisect_right
from collections import deque
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from struct import Struct as Layout
from zlib import crc32

from leadapron.model.errors import LeadapronError, UsageError

HEADER = Layout(">II")
LONGEST = 1 << 20
"""Bytes of one payload."""
SEGMENT = 4 << 20
"""Bytes after which a new segment begins; one is read again whole after a broken connection, at most."""
SMALLEST = 64 << 10
"""Bytes of a segment, in a small spool: what is delivered is given back a segment at a time."""

NAME = re.compile(r"(\d{20})\.spool")


class SpoolFullError(LeadapronError):
    """The record would take more bytes than the spool may; it was not taken."""


class Spool:
    """One writer, one reader (they may be two threads), one process at a time."""

    def __init__(self, folder: Path, limit: int) -> None:
        """Opens what an earlier run left. `limit`: bytes of all segments. UsageError: another process has it."""
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._folder, self._limit = folder, limit
        self._segment_size = max(min(SEGMENT, limit // 16), min(SMALLEST, limit // 2))
        self._lock = threading.Lock()
        self._guard = _lock_file(folder)
        self.torn = 0
        """Bytes cut off the end when it was opened."""
        self.damaged = 0
        """Records that could not be read back, as far as they could be counted."""
        self._sizes: dict[int, int] = {}
        """First number of each segment, in order → its bytes."""
        self.size = 0
        """Bytes of all segments."""
        self.confirmed = self._read_cursor()
        self.next = 0
        """Number of the next record."""
        self._file = -1
        self._dirty = False
        self._spoiled = False
        """Part of a refused record could not be taken back: nothing may follow it."""
        self._missed = 0
        """Records before this number were counted, if damaged."""
        self._open()
        self._reading = _Position(self._file_of(self._last), self._last, 0, self._last)

    # opening

    def _open(self) -> None:
        for path in self._folder.iterdir():
            match = NAME.fullmatch(path.name)
            if match:
                self._sizes[int(match[1])] = path.stat().st_size
        self._sizes = dict(sorted(self._sizes.items()))
        self.size = sum(self._sizes.values())
        if self._sizes:
            self.next = self._recover(self._last)
            self.confirmed = max(self.confirmed, next(iter(self._sizes)))
        if not self._sizes or self.next < self.confirmed:
            # After a power cut the cursor may be ahead: its numbers are taken, since their records were sent.
            self.next = max(self.next, self.confirmed)
            self._begin()
        else:
            self._file = os.open(self._file_of(self._last), os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
        self._remove_delivered()

    def _recover(self, first: int) -> int:
        """Cuts what is torn off the last segment; returns the number after its last good record."""
        path = self._file_of(first)
        data = path.read_bytes()
        good = deque(_records(data, first), maxlen=1)
        number, end = good.pop()[:2] if good else (first, 0)
        if end < len(data):
            self.torn = len(data) - end
            os.truncate(path, end)
            self.size -= self.torn
        self._sizes[first] = end
        return number

    def _read_cursor(self) -> int:
        """An unreadable cursor says that nothing was delivered: then all that is left is sent again."""
        try:
            return int((self._folder / "cursor").read_text("ascii").strip())
        except (OSError, ValueError):
            return 0

    @property
    def _last(self) -> int:
        return next(reversed(self._sizes))

    def _file_of(self, first: int) -> Path:
        return self._folder / f"{first:020d}.spool"

    @property
    def waiting(self) -> int:
        """Records not known to be delivered."""
        return self.next - self.confirmed

    # writing

    def append(self, payload: bytes) -> int:
        """Takes one record and returns its number. It survives the end of the program now, a power cut after `sync`.

        SpoolFullError: no room. OSError: the disk refused it; nothing of it stays.
        """
        if not 0 < len(payload) <= LONGEST:
            raise SpoolFullError(f"{len(payload)} bytes are no record")
        with self._lock:
            need = HEADER.size + len(payload)
            if self._spoiled or (self._sizes[self._last] and self._sizes[self._last] + need > self._segment_size):
                self._begin()
                self._remove_delivered()
            if self.size + need > self._limit and not self._make_room(need):
                raise SpoolFullError(f"{self.size} of {self._limit} bytes are taken")
            self._write(HEADER.pack(len(payload), _checksum(self.next, payload)) + payload)
            self.next += 1
            return self.next - 1

    def _make_room(self, need: int) -> bool:
        """Gives back the segment being written, if all of it was delivered."""
        if self.confirmed == self.next and self._sizes[self._last]:
            self._begin()
            self._remove_delivered()
        return self.size + need <= self._limit

    def _write(self, data: bytes) -> None:
        before, written = self._sizes[self._last], 0
        try:
            while written < len(data):
                written += os.write(self._file, data[written:])
        except OSError:
            self._spoiled = written > 0
            os.ftruncate(self._file, before)
            self._spoiled = False
            raise
        self._sizes[self._last] = before + len(data)
        self.size += len(data)
        self._dirty = True

    def _begin(self) -> None:
        """A new segment, for records from `next` on."""
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
        file = os.open(self._file_of(self.next), flags, 0o600)
        if self._file >= 0:
            if self._dirty:
                os.fsync(self._file)
            os.close(self._file)
        self._file = file
        self._sizes[self.next] = 0
        self._spoiled = False
        _sync_folder(self._folder)

    def sync(self) -> None:
        """What was appended survives a power cut from now on."""
        with self._lock:
            if not self._dirty:
                return
            self._dirty = False
            file = os.dup(self._file)
        try:
            os.fsync(file)
        finally:
            os.close(file)

    # reading

    def read(self, number: int, most: int) -> list[tuple[int, bytes]]:
        """Records from `number` on, with their numbers: about `most` bytes, at least one if there is one.

        A jump in the numbers means that records between could not be read (`damaged` counts them).
        """
        with self._lock:
            firsts, following = list(self._sizes), self.next
        number = max(number, firsts[0])
        found: list[tuple[int, bytes]] = []
        taken = 0
        while number < following and taken < most:
            place = bisect_right(firsts, number)
            end = firsts[place] if place < len(firsts) else following
            for at, payload in self._read_segment(number, firsts[place - 1], end, most - taken):
                found.append((at, payload))
                taken += len(payload)
                number = at + 1
            if taken < most and number < end:
                self.damaged += max(0, end - max(number, self._missed))
                number = self._missed = end
        return found

    def _read_segment(self, number: int, first: int, end: int, most: int) -> list[tuple[int, bytes]]:
        """Records of one segment from `number` to before `end`."""
        if self._reading.number != number or self._reading.first != first:
            self._reading = _Position(self._file_of(first), first, 0, first)
        found: list[tuple[int, bytes]] = []
        taken = 0
        while taken < most and self._reading.number < end:
            payload = self._reading.take()
            if payload is None:
                break
            if self._reading.number > number:
                found.append((self._reading.number - 1, payload))
                taken += len(payload)
        return found

    # delivery

    def confirm(self, number: int) -> None:
        """Records before `number` are delivered. OSError: the cursor could not be written; they are sent again."""
        with self._lock:
            if number <= self.confirmed:
                return
            self.confirmed = number
            self._remove_delivered()
        new = self._folder / "cursor.new"
        with new.open("w", encoding="ascii") as file:
            file.write(f"{number}\n")
            file.flush()
            os.fsync(file.fileno())
        new.replace(self._folder / "cursor")
        _sync_folder(self._folder)

    def _remove_delivered(self) -> None:
        firsts = list(self._sizes)
        for first, following in pairwise(firsts):
            if following > self.confirmed:
                break
            self._file_of(first).unlink(missing_ok=True)
            self.size -= self._sizes.pop(first)

    def close(self) -> None:
        """All that was appended is on the disk."""
        self.sync()
        self._reading.close()
        os.close(self._file)
        os.close(self._guard)


class _Position:
    """Where in a segment the reader is."""

    def __init__(self, path: Path, first: int, offset: int, number: int) -> None:
        self._path, self.first, self.number = path, first, number
        self._offset = offset
        self._data = b""
        self._taken = 0
        self._file = -1

    def take(self) -> bytes | None:
        """The next payload; None if it is not there, or not as it was written."""
        payload = self._next()
        if payload is None and self._data:
            # What was read ahead may have been taken back since, when the disk refused the rest of it.
            self._offset, self._taken, self._data = self._offset + self._taken, 0, b""
            payload = self._next()
        return payload

    def _next(self) -> bytes | None:
        header = self._bytes(HEADER.size)
        if header is None:
            return None
        length, checksum = HEADER.unpack(header)
        payload = self._bytes(HEADER.size + length) if 0 < length <= LONGEST else None
        if payload is None:
            return None
        payload = payload[HEADER.size :]
        if _checksum(self.number, payload) != checksum:
            return None
        self._taken += HEADER.size + length
        self.number += 1
        return payload

    def _bytes(self, count: int) -> bytes | None:
        """So many from here on, without taking them."""
        if len(self._data) - self._taken < count:
            self._fill(count)
        here = self._data[self._taken : self._taken + count]
        return here if len(here) == count else None

    def _fill(self, count: int) -> None:
        if self._file < 0:
            try:
                self._file = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
            except FileNotFoundError:
                return
        self._data = self._data[self._taken :]
        self._offset, self._taken = self._offset + self._taken, 0
        more = os.pread(self._file, max(count, 64 << 10), self._offset + len(self._data))
        self._data += more

    def close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def __del__(self) -> None:
        self.close()


def _records(data: bytes, first: int) -> Iterator[tuple[int, int, bytes]]:
    """Good records from the beginning: (number after it, offset after it, payload)."""
    offset, number = 0, first
    while offset + HEADER.size <= len(data):
        length, checksum = HEADER.unpack_from(data, offset)
        end = offset + HEADER.size + length
        payload = data[offset + HEADER.size : end]
        if not 0 < length <= LONGEST or end > len(data) or _checksum(number, payload) != checksum:
            return
        offset, number = end, number + 1
        yield number, offset, payload


def _checksum(number: int, payload: bytes) -> int:
    """The number goes in, so that a record in the wrong place is no good one."""
    return crc32(payload, number & 0xFFFF_FFFF)


def _lock_file(folder: Path) -> int:
    file = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(file)
        raise UsageError(f"{folder}: another guard writes its audit spool here; give each its own `state`") from error
    return file


def _sync_folder(folder: Path) -> None:
    """Names of files survive a power cut too."""
    file = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(file)
    finally:
        os.close(file)
