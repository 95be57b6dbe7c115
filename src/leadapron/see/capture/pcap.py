"""The pcap format (draft-ietf-opsawg-pcap): one header, then records of 16 bytes and a packet each."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from itertools import repeat

from leadapron.see.capture.batch import BATCH_PACKETS, MAX_RECORD, Batch, Buffer
from leadapron.see.capture.walker import Walker

FILE_HEADER = 24
RECORD_HEADER = 16
SECOND = 1_000_000_000
DAY = 86_400

MAGICS = {
    b"\xd4\xc3\xb2\xa1": ("<", 1_000),
    b"\xa1\xb2\xc3\xd4": (">", 1_000),
    b"\x4d\x3c\xb2\xa1": ("<", 1),
    b"\xa1\xb2\x3c\x4d": (">", 1),
}
"""First four bytes → byte order and nanoseconds per unit of the fraction."""

CHAINED_RECORDS = 3
"""Records that must follow each other soundly before bytes in the middle of nowhere are taken for a record."""


class PcapBatch(Batch):
    """Packets whose time stands 16 bytes before them."""

    __slots__ = ("_unit", "_unpack")

    def __init__(
        self,
        link_type: int,
        first_packet: int,
        buffer: Buffer,
        offsets: list[int],
        lengths: list[int],
        stamp: struct.Struct,
        unit: int,
    ) -> None:
        super().__init__(link_type, first_packet, buffer, offsets, lengths)
        self._unpack = stamp.unpack_from
        self._unit = unit

    def time(self, offset: int) -> int:
        seconds, fraction = self._unpack(self.buffer, offset - RECORD_HEADER)
        return int(seconds * SECOND + fraction * self._unit)


class PcapWalker(Walker):
    """Walks the records of one pcap file."""

    def __init__(self, magic: bytes) -> None:
        super().__init__()
        self._order, self._unit = MAGICS[magic]
        # I and i on purpose: two C functions load the two fields, so that each walks the file in even steps and the
        # processor foresees the next header. With II, bulk transfers take nearly twice as long.
        self._sizes = struct.Struct(self._order + "8xIi")
        self._stamp = struct.Struct(self._order + "II")
        self._record = struct.Struct(self._order + "IIII")
        self._link_type = 0
        self._started = False
        self._seconds: int | None = None

    def walk(self, buffer: Buffer, *, final: bool) -> Iterator[Batch]:
        self.position = 0
        size = len(buffer)
        if not self._started:
            if size < FILE_HEADER:
                if final:
                    self.cut_off("the capture ends inside its first header")
                return
            (network,) = struct.unpack_from(self._order + "I", buffer, 20)
            self._started = True
            self._link_type = network & 0xFFFF  # the upper half tells of frame check sequences
            self.position = FILE_HEADER
        while not self.stopped:
            offsets, lengths, following = self._records(buffer, self.position)
            full = len(offsets) == BATCH_PACKETS
            broken = bool(lengths) and max(lengths) > MAX_RECORD
            if broken:
                first = next(index for index, length in enumerate(lengths) if length > MAX_RECORD)
                following = self._drop(buffer, offsets, lengths, first)
            elif following > size:
                following = self._drop(buffer, offsets, lengths, len(offsets) - 1)
                full = False
            self.position = following
            if offsets:
                yield self._batch(buffer, offsets, lengths)
            if broken:
                found = self._resume(buffer, following, final=final)
                if found is None:
                    return
                self.position = found
            elif not full:
                break
        if final and self.position < size:
            self.cut_off("the last packet is not whole")

    def _records(self, buffer: Buffer, position: int) -> tuple[list[int], list[int], int]:
        """Offsets and lengths of the next records, and where the one after them starts.

        The hot loop of every large capture: it checks nothing that can be checked for all records at once
        afterwards, and lets the end of the buffer end it.
        """
        offsets: list[int] = []
        lengths: list[int] = []
        add_offset, add_length, unpack = offsets.append, lengths.append, self._sizes.unpack_from
        truncated = 0
        try:
            for _ in repeat(None, BATCH_PACKETS):
                captured, original = unpack(buffer, position)
                position += 16
                add_offset(position)
                add_length(captured)
                position += captured
                if captured < original:
                    truncated += 1
        except struct.error:
            pass
        self.truncated += truncated
        return offsets, lengths, position

    def _drop(self, buffer: Buffer, offsets: list[int], lengths: list[int], first: int) -> int:
        """Take back the records from index `first` on; returns where the first of them starts."""
        start = offsets[first] - RECORD_HEADER
        for offset in offsets[first:]:
            captured, original = self._sizes.unpack_from(buffer, offset - RECORD_HEADER)
            self.truncated -= captured < original
        del offsets[first:], lengths[first:]
        return start

    def _batch(self, buffer: Buffer, offsets: list[int], lengths: list[int]) -> Batch:
        batch = PcapBatch(self._link_type, self.packets + 1, buffer, offsets, lengths, self._stamp, self._unit)
        self.packets += len(offsets)
        self._seconds = batch.time(offsets[-1]) // SECOND
        return batch

    def _search(self, buffer: Buffer, start: int, end: int) -> int | None:
        for match in self._header_pattern().finditer(bytes(buffer[start:end])):
            if self._sound(buffer, start + match.start()):
                return start + match.start()
        return None

    def _header_pattern(self) -> re.Pattern[bytes]:
        """Bytes that look like a record header near the last time seen: a quick sieve before `_sound`."""
        recent = b"."
        if self._seconds is not None:
            newest = self._seconds >> 24
            recent = b"[" + b"".join(b"\\x%02x" % max(0, min(255, newest + step)) for step in (-1, 0, 1)) + b"]"
        fraction = [b".", b".", b"[\\x00-\\x0f]", b"\\x00"] if self._unit > 1 else [b".", b".", b".", b"[\\x00-\\x3b]"]
        fields = [
            [b".", b".", b".", recent],
            fraction,
            [b".", b".", b"[\\x00-\\x04]", b"\\x00"],
            [b".", b".", b".", b"\\x00"],
        ]
        if self._order == ">":
            fields = [field[::-1] for field in fields]
        return re.compile(b"(?=" + b"".join(b"".join(field) for field in fields) + b")", re.DOTALL)

    def _sound(self, buffer: Buffer, position: int) -> bool:
        """Do sound records follow each other from `position` on, as far as the buffer tells?"""
        reference = self._seconds
        for link in range(CHAINED_RECORDS):
            if position == len(buffer):
                return link > 0
            if position + RECORD_HEADER > len(buffer):
                return link > 1
            seconds, fraction, captured, original = self._record.unpack_from(buffer, position)
            if not 0 < captured <= min(original, MAX_RECORD) or fraction * self._unit >= SECOND:
                return False
            if reference is not None and abs(seconds - reference) > DAY:
                return False
            reference = seconds
            position += RECORD_HEADER + captured
        return True
