"""A run of whole elements without its private ones (PS3.5 §7.8). Public elements stay byte by byte.

Sequences that lose nothing stay as they are; of those that do, known lengths are written anew.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from leadapron.guard.inspect.layout import MAX_DEPTH
from leadapron.guard.inspect.writing import IMPLICIT, LONG_VR, SHORT_VR, UNDEFINED, Writing, writing


class CannotStripError(Exception):
    """The bytes are not whole elements."""


class _Element(Struct, frozen=True):
    """Where an element lies."""

    tag: int
    vr: bytes
    start: int
    body: int
    length: int

    @property
    def private(self) -> bool:
        """Odd group (PS3.5 §7.8); also those that no one may use (0001, FFFF, …)."""
        return bool(self.tag >> 16 & 1)


class Stripper:
    """Takes out private elements but those of some creators. Blocks reserved at the top stay known between calls."""

    def __init__(self, transfer_syntax: str, keep: Iterable[str]) -> None:
        self._writing = writing(transfer_syntax)
        self._keep = frozenset(name.strip().encode("ascii", "replace") for name in keep)
        self._reserved: set[int] = set()

    def strip(self, data: bytes, *, pixels: bool) -> bytes:
        """`pixels`: the data end with the header of (7FE0,0010)."""
        tail = (8 if self._writing.implicit else 12) if pixels else 0
        run = _Run(data, self._keep)
        position, kept = run.elements(0, len(data) - tail, self._writing, self._reserved)
        if position + 8 <= len(data) - tail:  # a few bytes at the end are padding
            raise CannotStripError
        return kept + data[position:]


class _Run:
    """One run of bytes."""

    def __init__(self, data: bytes, keep: frozenset[bytes]) -> None:
        self._data = data
        self._keep = keep
        self._depth = 0

    def elements(self, position: int, end: int, written: Writing, reserved: set[int]) -> tuple[int, bytes]:
        """Elements up to `end` or an item delimiter: where they end, and what is left of them."""
        first = position
        kept: list[bytes] = []
        counts: list[int] = []
        changed = False
        while position + 8 <= end:
            element = self._header(position, end, written)
            if element.tag == 0xFFFE_E00D:
                break
            position, piece = self._element(element, end, written)
            if element.private and not self._stays(element, reserved):
                changed = True
                continue
            if element.tag & 0xFFFF == 0 or element.tag == 0x0008_0001:
                counts.append(len(kept))
            changed = changed or len(piece) != position - element.start
            kept.append(piece)
        if not changed:
            return position, self._data[first:position]
        for index in counts:
            kept[index] = b""
        return position, b"".join(kept)

    def _header(self, position: int, end: int, written: Writing) -> _Element:
        data = self._data
        if position + 8 > end:
            raise CannotStripError
        tag, length = written.plain(data, position)
        number = written.tag(tag)
        if written.implicit or number >> 16 == 0xFFFE:
            return _Element(number, b"", position, position + 8, length)
        _, vr, length = written.explicit(data, position)
        if vr in SHORT_VR:
            return _Element(number, vr, position, position + 8, length)
        if vr not in LONG_VR or position + 12 > end:
            raise CannotStripError
        (length,) = written.long(data, position + 8)
        return _Element(number, vr, position, position + 12, length)

    def _stays(self, element: _Element, reserved: set[int]) -> bool:
        """Does a private element belong to a creator whose elements stay (PS3.5 §7.8.1)?"""
        low = element.tag & 0xFFFF
        if 0x10 <= low <= 0xFF:
            name = self._data[element.body : element.body + min(element.length, 64)].strip(b" \0")
            block = element.tag & 0xFFFF_0000 | low << 8
            (reserved.add if name in self._keep else reserved.discard)(block)
            return block in reserved
        return element.tag & 0xFFFF_FF00 in reserved

    def _element(self, element: _Element, end: int, written: Writing) -> tuple[int, bytes]:
        """Where the next element starts, and what is left of this one."""
        start, body, length = element.start, element.body, element.length
        inner = IMPLICIT if element.vr == b"UN" else written
        holds = element.vr == b"SQ" or (
            element.vr in (b"", b"UN") and (length == UNDEFINED or self._data[body : body + 4] == inner.item_bytes)
        )
        if length != UNDEFINED and body + length > end:
            raise CannotStripError
        if length == UNDEFINED and not holds:
            after = self._fragments(body, end, written)
            return after, self._data[start:after]
        if not holds or length == 0:
            return body + length, self._data[start : body + length]
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise CannotStripError
        after, items = self._items(body, end if length == UNDEFINED else body + length, length == UNDEFINED, inner)
        self._depth -= 1
        if len(items) == after - body:
            return after, self._data[start:after]
        head = self._data[start:body] if length == UNDEFINED else self._sized(start, body, len(items), written)
        return after, head + items

    def _items(self, position: int, end: int, open_: bool, written: Writing) -> tuple[int, bytes]:
        """Items up to `end`, or up to and with the delimiter that closes an open sequence (PS3.5 §7.5)."""
        kept: list[bytes] = []
        while position < end:
            item = self._header(position, end, written)
            if item.tag == 0xFFFE_E0DD and item.length == 0:
                kept.append(self._data[position : item.body])
                position = item.body
                if open_:
                    return position, b"".join(kept)
                continue
            if item.tag != 0xFFFE_E000:
                raise CannotStripError
            position, piece = self._item(item, end, written)
            kept.append(piece)
        if open_:
            raise CannotStripError
        return position, b"".join(kept)

    def _item(self, item: _Element, end: int, written: Writing) -> tuple[int, bytes]:
        known = item.length != UNDEFINED
        limit = item.body + item.length if known else end
        if limit > end:
            raise CannotStripError
        after, content = self.elements(item.body, limit, written, set())
        closing = b""
        if after < limit or not known:  # an item delimiter, also where an item of known length has one
            if self._header(after, limit, written).length or (known and after + 8 != limit):
                raise CannotStripError
            closing = self._data[after : after + 8]
            after += 8
        if len(content) + len(closing) == after - item.body:
            return after, self._data[item.start : after]
        head = self._data[item.start : item.body]
        if known:
            head = self._sized(item.start, item.body, len(content) + len(closing), written)
        return after, head + content + closing

    def _fragments(self, position: int, end: int, written: Writing) -> int:
        """Behind the fragments of an encapsulated value (PS3.5 A.4)."""
        while position < end:
            item = self._header(position, end, written)
            position = item.body + item.length
            if item.tag == 0xFFFE_E0DD and item.length == 0:
                return position
            if item.tag != 0xFFFE_E000 or position > end:
                break
        raise CannotStripError

    def _sized(self, start: int, body: int, length: int, written: Writing) -> bytes:
        """A header with its four-byte length written anew."""
        return self._data[start : body - 4] + written.pack_long(length)
