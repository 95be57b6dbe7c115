"""The pcapng format (draft-ietf-opsawg-pcapng): sections of blocks, several interfaces each with its own clock."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from enum import IntEnum
from itertools import repeat
from typing import NamedTuple

from leadapron.see.capture.batch import BATCH_PACKETS, LATEST, MAX_RECORD, Batch, Buffer
from leadapron.see.capture.walker import Walker

MAGIC = b"\x0a\x0d\x0d\x0a"
SECOND = 1_000_000_000

MAX_BLOCK = MAX_RECORD + 64 * 1024
"""Bytes of a block that is read: the longest packet, and options."""

MAX_SKIPPED_BLOCK = 64 * 1024 * 1024
"""Bytes of a block that is skipped (decryption secrets, names, vendors' own)."""

MAX_INTERFACES = 4_096
"""Interfaces of one section; more are not kept."""

UNAVAILABLE = 2**64 - 1
"""A statistic that the capturing machine did not know (§4.6)."""


class BlockType(IntEnum):
    """The block types that are read (§4); all others are skipped."""

    INTERFACE = 1
    PACKET = 2
    SIMPLE = 3
    STATISTICS = 5
    ENHANCED = 6
    SECTION = 0x0A0D0D0A


SMALLEST = {
    BlockType.INTERFACE: 20,
    BlockType.PACKET: 32,
    BlockType.SIMPLE: 16,
    BlockType.STATISTICS: 24,
    BlockType.ENHANCED: 32,
    BlockType.SECTION: 28,
}
"""Bytes without which a block of this type is broken."""

READ_TYPES = frozenset(int(kind) for kind in SMALLEST)
PACKET_DATA = 28
"""Where the packet starts in an enhanced and in an obsolete packet block."""
SIMPLE_DATA = 12


class Interface(NamedTuple):
    """What an interface description block says of one interface."""

    link_type: int
    snap_length: int
    ticks: int
    """Units of its clock per second."""
    shift: int
    """Nanoseconds to add to its times."""

    def nanoseconds(self, high: int, low: int) -> int:
        ticks = high << 32 | low
        return max(0, min(LATEST, ticks * SECOND // self.ticks + self.shift))


class Order:
    """Everything that depends on a section's byte order."""

    def __init__(self, mark: str) -> None:
        self.mark = mark
        self.enhanced = struct.Struct(mark + "III8xII")
        self.packet = struct.Struct(mark + "8xHH8xII")
        self.pair = struct.Struct(mark + "II")
        self.word = struct.Struct(mark + "I")
        self.stamp = struct.Struct(mark + "III")
        self.option = struct.Struct(mark + "HH")
        self.interface = struct.Struct(mark + "8xHxxI")
        self.long = struct.Struct(mark + "Q")
        self.signed = struct.Struct(mark + "q")


ORDERS = {b"\x4d\x3c\x2b\x1a": Order("<"), b"\x1a\x2b\x3c\x4d": Order(">")}
"""Byte-order magic (§4.1) → byte order."""


class PcapngBatch(Batch):
    """Packets of one kind of packet block: interface and time stand 20 bytes before them, if anywhere."""

    __slots__ = ("_fixed_time", "_interface", "_interfaces", "_unpack")

    def __init__(
        self,
        link_type: int,
        first_packet: int,
        buffer: Buffer,
        offsets: list[int],
        lengths: list[int],
        *,
        stamp: struct.Struct,
        interfaces: list[Interface],
        interface: Interface | None = None,
        fixed_time: int | None = None,
    ) -> None:
        super().__init__(link_type, first_packet, buffer, offsets, lengths)
        self._unpack = stamp.unpack_from
        self._interfaces = interfaces
        self._interface = interface
        self._fixed_time = fixed_time

    def time(self, offset: int) -> int:
        if self._fixed_time is not None:
            return self._fixed_time
        number, high, low = self._unpack(self.buffer, offset - 20)
        return (self._interface or self._interfaces[number]).nanoseconds(high, low)


class Kind(NamedTuple):
    """What the packets of one batch have in common; `interface` matters to obsolete packet blocks only."""

    block: BlockType
    link_type: int
    interface: int


NO_KIND = Kind(BlockType.SECTION, -1, -1)
"""Before the first packet of a section."""


class Packet(NamedTuple):
    """Where a packet lies in its block, and what its batch must be like."""

    kind: Kind
    offset: int
    captured: int
    original: int


class _BrokenBlockError(Exception):
    """The block's own lengths contradict each other."""


class PcapngWalker(Walker):
    """Walks the blocks of one pcapng file."""

    def __init__(self) -> None:
        super().__init__()
        self._order = ORDERS[b"\x4d\x3c\x2b\x1a"]
        self._interfaces: list[Interface] = []
        self._kind = NO_KIND
        self._alike: set[int] = set()  # interfaces whose enhanced packet blocks fit the current batch
        self._offsets: list[int] = []
        self._lengths: list[int] = []
        self._last_time = 0
        self._sections = 0
        self._strangers: set[int] = set()
        self._drops: dict[tuple[int, int], int] = {}

    @property
    def drops(self) -> int:
        return min(LATEST, sum(self._drops.values()))

    @property
    def _pending(self) -> int:
        return len(self._offsets)

    def walk(self, buffer: Buffer, *, final: bool) -> Iterator[Batch]:
        position = 0
        while True:
            position = self._enhanced(buffer, position)
            if len(self._offsets) >= BATCH_PACKETS:
                yield self._batch(buffer)
            try:
                block = self._block(buffer, position, final=final)
                if block is None:
                    break
                packet = self._packet(buffer, position, *block)
            except _BrokenBlockError:
                found = self._resume(buffer, position, final=final)
                if found is None:
                    break
                position = found
                continue
            if self._offsets and (block[0] == BlockType.SECTION or (packet and packet.kind != self._kind)):
                yield self._batch(buffer)
            if packet is not None:
                self._add(packet)
            else:
                self._describe(buffer, position, *block)
            position += block[1]
        self.position = position
        if self._offsets:
            yield self._batch(buffer)
        if final and not self.stopped and position < len(buffer):
            self.cut_off("the last block is not whole")

    def _enhanced(self, buffer: Buffer, position: int) -> int:
        """Take enhanced packet blocks for the current batch until something else comes; returns where.

        The hot loop of every large capture: one unpack per block, no check that the block's own trailer could add.
        """
        offsets, lengths, alike = self._offsets, self._lengths, self._alike
        add_offset, add_length, unpack = offsets.append, lengths.append, self._order.enhanced.unpack_from
        before, truncated, captured, original = len(offsets), 0, 0, 0
        try:
            for _ in repeat(None, BATCH_PACKETS - before):
                block, length, interface, captured, original = unpack(buffer, position)
                if block != 6 or captured > length - 32 or length > MAX_BLOCK or interface not in alike:
                    break
                add_offset(position + 28)
                add_length(captured)
                position += length
                if captured != original and captured < original:
                    truncated += 1
        except struct.error:
            pass
        if position > len(buffer) and len(offsets) > before:  # only the last one can reach beyond the end
            position = offsets.pop() - PACKET_DATA
            truncated -= lengths.pop() < original
        self.truncated += truncated
        return position

    def _block(self, buffer: Buffer, position: int, *, final: bool) -> tuple[int, int] | None:
        """Type and length of the block at `position`; None when more bytes are needed."""
        rest = len(buffer) - position
        if rest < 12:
            return None
        kind, length = self._order.pair.unpack_from(buffer, position)
        if kind == BlockType.SECTION:
            order = ORDERS.get(buffer[position + 8 : position + 12])
            if order is None:
                raise _BrokenBlockError
            (length,) = order.word.unpack_from(buffer, position + 4)
        else:
            order = self._order
        read = kind in READ_TYPES
        if length < (SMALLEST[BlockType(kind)] if read else 12) or length > (MAX_BLOCK if read else MAX_SKIPPED_BLOCK):
            raise _BrokenBlockError
        if length > rest:
            return (kind, length) if not read and not final else None
        if order.word.unpack_from(buffer, position + length - 4)[0] != length:
            raise _BrokenBlockError
        return kind, length

    def _packet(self, buffer: Buffer, position: int, kind: int, length: int) -> Packet | None:
        """The packet in this block; None when it holds none or its interface was never described."""
        start, room = PACKET_DATA, length - 32
        if kind == BlockType.ENHANCED:
            _, _, number, captured, original = self._order.enhanced.unpack_from(buffer, position)
        elif kind == BlockType.PACKET:
            number, _, captured, original = self._order.packet.unpack_from(buffer, position)
        elif kind == BlockType.SIMPLE:
            (original,) = self._order.word.unpack_from(buffer, position + 8)
            start, room, number = SIMPLE_DATA, length - 16, 0
            snap_length = self._interfaces[0].snap_length if self._interfaces else 0
            captured = min(original, room, snap_length or room)
        else:
            return None
        if captured > room:
            raise _BrokenBlockError
        if number >= len(self._interfaces):
            if number not in self._strangers and len(self._strangers) < MAX_INTERFACES:
                self._strangers.add(number)
                self.note("capture.interface", f"packets of interface {number}, which the file never describes")
            return None
        own_interface = number if kind == BlockType.PACKET else -1
        batch_kind = Kind(BlockType(kind), self._interfaces[number].link_type, own_interface)
        return Packet(batch_kind, position + start, captured, original)

    def _describe(self, buffer: Buffer, position: int, kind: int, length: int) -> None:
        """Take what a block without packets says."""
        if kind == BlockType.SECTION:
            self._order = ORDERS[bytes(buffer[position + 8 : position + 12])]
            self._sections += 1
            self._interfaces = []
            self._strangers = set()
            self._kind = NO_KIND
            self._alike = set()
        elif kind == BlockType.INTERFACE:
            self._add_interface(buffer, position, length)
        elif kind == BlockType.STATISTICS:
            (number,) = self._order.word.unpack_from(buffer, position + 8)
            if number < len(self._interfaces):
                self._count_drops(buffer, position, length, number)

    def _add_interface(self, buffer: Buffer, position: int, length: int) -> None:
        """An interface description block (§4.2)."""
        if len(self._interfaces) >= MAX_INTERFACES:
            self.note("capture.interface", f"more than {MAX_INTERFACES} interfaces in one section")
            return
        link_type, snap_length = self._order.interface.unpack_from(buffer, position)
        ticks, shift = 1_000_000, 0
        for code, value in self._options(buffer, position + 16, position + length - 4):
            if code == 9 and len(value) == 1:  # if_tsresol
                ticks = 2 ** (value[0] & 0x7F) if value[0] & 0x80 else 10 ** value[0]
            elif code == 14 and len(value) == 8:  # if_tsoffset
                shift = self._order.signed.unpack(value)[0] * SECOND
        if (self._kind.block, self._kind.link_type) == (BlockType.ENHANCED, link_type):
            self._alike.add(len(self._interfaces))
        self._interfaces.append(Interface(link_type, snap_length, ticks, shift))

    def _count_drops(self, buffer: Buffer, position: int, length: int, number: int) -> None:
        """An interface statistics block (§4.6): running totals, so the last one of an interface stands."""
        drops = 0
        for code, value in self._options(buffer, position + 20, position + length - 4):
            if code in (5, 7) and len(value) == 8:  # isb_ifdrop, isb_osdrop
                (count,) = self._order.long.unpack(value)
                drops += count if count != UNAVAILABLE else 0
        if len(self._drops) < MAX_INTERFACES or (self._sections, number) in self._drops:
            self._drops[self._sections, number] = drops

    def _options(self, buffer: Buffer, position: int, end: int) -> Iterator[tuple[int, bytes]]:
        """Options of a block (§3.5), as far as they are sound."""
        while position + 4 <= end:
            code, length = self._order.option.unpack_from(buffer, position)
            position += 4
            if code == 0 or position + length > end:
                return
            yield code, buffer[position : position + length]
            position += length + (-length & 3)

    def _add(self, packet: Packet) -> None:
        """Take one packet outside the hot loop; the first of another kind makes ready for more of its kind."""
        if packet.kind != self._kind:
            self._kind = packet.kind
            same_link = [n for n, each in enumerate(self._interfaces) if each.link_type == packet.kind.link_type]
            self._alike = set(same_link) if packet.kind.block is BlockType.ENHANCED else set()
        self._offsets.append(packet.offset)
        self._lengths.append(packet.captured)
        self.truncated += packet.captured < packet.original

    def _batch(self, buffer: Buffer) -> Batch:
        """The packets gathered so far; a new batch begins."""
        kind = self._kind
        batch = PcapngBatch(
            kind.link_type,
            self.packets + 1,
            buffer,
            self._offsets,
            self._lengths,
            stamp=self._order.stamp,
            interfaces=self._interfaces,
            # An obsolete block's interface shares its field with a count; a simple block has neither it nor a time:
            # the last time seen before it stands in.
            interface=self._interfaces[kind.interface] if kind.block is BlockType.PACKET else None,
            fixed_time=self._last_time if kind.block is BlockType.SIMPLE else None,
        )
        self.packets += len(batch)
        self._offsets, self._lengths = [], []
        self._last_time = batch.time(batch.offsets[-1])
        return batch

    def _search(self, buffer: Buffer, start: int, end: int) -> int | None:
        """A block whose two lengths agree is sound: chance does not make them."""
        for match in self._header_pattern().finditer(bytes(buffer[start:end])):
            try:
                if self._block(buffer, start + match.start(), final=True) is not None:
                    return start + match.start()
            except _BrokenBlockError:
                continue
        return None

    def _header_pattern(self) -> re.Pattern[bytes]:
        """Bytes that look like the start of a block that is read."""
        known, length = b"[\\x01\\x02\\x03\\x05\\x06]\\0\\0\\0", b"..[\\x00-\\x05]\\0"
        if self._order.mark == ">":
            known, length = b"\\0\\0\\0[\\x01\\x02\\x03\\x05\\x06]", b"\\0[\\x00-\\x05].."
        return re.compile(b"(?=" + known + length + b"|" + re.escape(MAGIC) + b")", re.DOTALL)
