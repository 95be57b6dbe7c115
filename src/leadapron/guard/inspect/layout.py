"""Where the elements of a data set lie, followed as its bytes come (PS3.5 §7), to know what is pixel data.

Pixel data are found by walking to them, never by searching: a tag written inside another value opens no blind spot.
What cannot be walked is called lost; whoever reads this then treats everything that follows as unknown.
"""

from __future__ import annotations

from enum import Enum, IntEnum, auto

from msgspec import Struct

from leadapron.guard.inspect.writing import IMPLICIT, LONG_VR, SHORT_VR, UNDEFINED, writing
from leadapron.guard.inspect.writing import Writing as _Writing
from leadapron.see.wire.dicom.pdu import uid_text

MAX_DEPTH = 64
"""Sequences within sequences. Reports nest about ten deep; readers that recurse fail at a few hundred."""
MAX_ELEMENTS = 2_000_000
"""Of one object, nested ones and items included. A multi-frame image of 10,000 frames has about 600,000."""
SLACK = 1
"""Bytes by which the last value may be shorter than it says: some writers count an odd value's padding, but omit it."""

_JUMPED = LONG_VR - {b"SQ", b"UN"}
_PIXEL_VR = frozenset({b"OB", b"OW", b"UN"})
_NEVER = 1 << 62
_MAX_UID = 64
DOUBTFUL = "?"


class Border(Enum):
    """Why a walk stopped before the end of its bytes."""

    NONE = auto()
    NATIVE = auto()
    """The value of (7FE0,0010), of known length, starts here."""
    FRAGMENTS = auto()
    """The encapsulated value of (7FE0,0010) starts here (PS3.5 A.4)."""
    PIXELS_END = auto()
    """The value is over; for fragments, with the delimiter that ends them."""
    LOST = auto()
    """What follows is no element."""
    HOSTILE = auto()
    """`Layout.hostile` says what no sound writer makes."""


class _Kind(IntEnum):
    """What a container holds."""

    ELEMENTS = auto()
    ITEMS = auto()
    FRAGMENTS = auto()
    PIXEL_FRAGMENTS = auto()
    PIXELS = auto()


_FRAGMENTED = (_Kind.FRAGMENTS, _Kind.PIXEL_FRAGMENTS)


class _Level(Struct, frozen=True):
    """One container around the current place."""

    kind: _Kind
    end: int
    """From the start of the object; never behind that of the container around it."""
    open: bool
    """Of undefined length: a delimiter ends it."""
    writing: _Writing


class Layout:
    """Follows one data set: `walk` takes each piece of it, and after a border what is left of the piece."""

    def __init__(self, transfer_syntax: str) -> None:
        self.border = Border.NONE
        self.lost = False
        """Nothing more is known of where elements lie."""
        self.hostile = ""
        """`nesting`, `elements`, `length-beyond`: a structure that no sound writer makes."""
        self.sop_class = ""
        """SOP Class UID (0008,0016); `?`: several, or none that is a UID."""
        self.instance = ""
        """SOP Instance UID (0008,0018) as written: hash at once."""
        self.study = ""
        self.series = ""
        """Study Instance UID (0020,000D) as written: hash at once."""
        self.length = 0
        """Of native pixel data, at their border."""
        self.at = 0
        """Bytes of the object that are settled."""
        self.rest = b""
        """A header, or a UID, that is not whole yet."""
        self._level = _Level(_Kind.ELEMENTS, _NEVER, True, writing(transfer_syntax))
        self._around: list[_Level] = []
        self._next = 0
        """Where the next header is, from the start of the object."""
        self._elements = 0
        self._pixels_seen = False

    def walk(self, data: memoryview) -> tuple[memoryview | bytes, memoryview]:
        """What is settled, up to the next border (see `border`), and what of `data` is behind that border.

        A header that is not whole yet is kept until it is: `rest` has its beginning.
        """
        self.border = Border.NONE
        if self.lost or self._next >= self.at + len(data):
            self.at += len(data)
            return data, data[:0]
        whole = memoryview(self.rest + data) if self.rest else data
        position = self._follow(whole, self.at, self._next - self.at)
        self._next = self.at + position
        settled, behind = whole[:position], whole[position:]
        self.at += len(settled)
        if self.border is not Border.NONE:
            self.rest = b""
            return settled, behind
        self.rest = bytes(behind)
        return settled, behind[:0]

    def skip(self, size: int) -> None:
        """So much of a native value went by elsewhere; once that is all of it, `walk` goes on behind it."""
        self.at += size
        if self.at == self._level.end:
            self._next = self.at
            self._leave()

    def end(self) -> None:
        """The object is over: a value that reaches beyond it is hostile (or cut off)."""
        if self.lost:
            return
        ends = [level.end for level in (self._level, *self._around) if level.end != _NEVER]
        if max(self._next, *ends, 0) > self.at + len(self.rest) + SLACK or len(self.rest) >= 8:
            self.hostile = "length-beyond"

    def _follow(self, data: memoryview, start: int, position: int) -> int:
        """Walk until a border or until bytes lack. Places are relative to `data`, which begins at `start`."""
        while self.border is Border.NONE:
            level = self._level
            end = level.end - start
            if level.kind is _Kind.ELEMENTS:
                position = (self._implicit if level.writing.implicit else self._explicit)(data, position, end)
            if level.kind is _Kind.PIXELS:
                position = end
                if end > len(data):
                    break
            if position >= end:
                position = end
                self._leave()
            elif position + 8 > len(data):
                break
            elif self._elements >= MAX_ELEMENTS:
                self._is_hostile("elements")
            else:
                following = self._step(data, start, position)
                if following < 0:
                    break
                position = position if self.lost else following
        return position

    def _explicit(self, data: memoryview, position: int, end: int) -> int:
        """Pass elements that need no thought; returns the place of the first that does. The hot loop."""
        written, size = self._level.writing, len(data)
        unpack, special = written.explicit, written.special
        last = min(size - 8, end - 1)
        count = -1
        for count in range(MAX_ELEMENTS - self._elements):  # noqa: B007 (wanted after the loop)
            if position > last:
                break
            tag, vr, length = unpack(data, position)
            if tag in special:
                break
            if vr in SHORT_VR:
                position += 8 + length
            elif vr in _JUMPED and position + 12 <= size:
                (length,) = written.long(data, position + 8)
                if length == UNDEFINED:
                    break
                position += 12 + length
            else:
                break
        else:
            count += 1
        self._elements += count
        return position

    def _implicit(self, data: memoryview, position: int, end: int) -> int:
        """As `_explicit`. Without a VR, a sequence of known length is told by the item that it starts with."""
        written = self._level.writing
        unpack, special, item = written.triple, written.special, written.item
        last = min(len(data) - 12, end - 1)
        count = -1
        for count in range(MAX_ELEMENTS - self._elements):  # noqa: B007 (wanted after the loop)
            if position > last:
                break
            tag, length, first = unpack(data, position)
            if tag in special or length == UNDEFINED or first == item:
                break
            position += 8 + length
        else:
            count += 1
        self._elements += count
        return position

    def _step(self, data: memoryview, start: int, position: int) -> int:
        """Take the one header at `position`; returns the next one's place, or -1 where bytes lack."""
        level = self._level
        tag, length = level.writing.plain(data, position)
        if level.kind is _Kind.ELEMENTS and tag not in level.writing.delimiters:
            return self._element(data, start, position)
        self._elements += 1
        body = position + 8
        if tag == level.writing.item and level.kind is not _Kind.ELEMENTS:
            if level.kind in _FRAGMENTED:
                return self._broken(start) if length == UNDEFINED else body + length
            return self._enter(_Kind.ELEMENTS, start + body, length, body)
        closing = level.writing.item_end if level.kind is _Kind.ELEMENTS else level.writing.items_end
        if tag != closing or length:
            return self._broken(start)
        # Some writers end items of known length with a delimiter all the same: it is passed.
        if level.open and self._around:
            self._leave()
        return body

    def _element(self, data: memoryview, start: int, position: int) -> int:
        """One element's header, in full."""
        written = self._level.writing
        body = position + 8
        if written.implicit:
            vr = b""
            tag, length = written.plain(data, position)
        else:
            tag, vr, length = written.explicit(data, position)
            if vr in LONG_VR:
                body = position + 12
                if body > len(data):
                    return -1
                (length,) = written.long(data, position + 8)
            elif vr not in SHORT_VR:
                return self._broken(start)
        if tag in written.wanted and not self._around:
            if tag == written.pixels:
                if not self._pixels_seen and (written.implicit or vr in _PIXEL_VR):
                    self._elements += 1
                    return self._pixels(start + body, length, body)
            elif length <= _MAX_UID:
                if body + length > len(data):
                    return -1
                self._uid(tag, bytes(data[body : body + length]))
            elif tag == written.sop_class:
                self.sop_class = DOUBTFUL
        return self._value(data, start, body, length, vr)

    def _value(self, data: memoryview, start: int, body: int, length: int, vr: bytes) -> int:
        """Jump over a value, or go into it if it holds items."""
        if length == UNDEFINED and vr in _JUMPED:
            kind = _Kind.FRAGMENTS
        elif length == UNDEFINED or vr == b"SQ":
            kind = _Kind.ITEMS
        else:
            if length < 8 or vr not in (b"", b"UN"):
                self._elements += 1
                return body + length
            if body + 4 > len(data):
                return -1
            if data[body : body + 4] != self._level.writing.item_bytes:
                self._elements += 1
                return body + length
            kind = _Kind.ITEMS
        self._elements += 1
        return self._enter(kind, start + body, length, body, inside_unknown=vr == b"UN")

    def _pixels(self, begin: int, length: int, body: int) -> int:
        self._pixels_seen = True
        self.length = 0 if length == UNDEFINED else length
        self.border = Border.FRAGMENTS if length == UNDEFINED else Border.NATIVE
        return self._enter(_Kind.PIXEL_FRAGMENTS if length == UNDEFINED else _Kind.PIXELS, begin, length, body)

    def _uid(self, tag: int, raw: bytes) -> None:
        writing = self._level.writing
        if tag == writing.sop_class:
            said = uid_text(raw)
            self.sop_class = said if self.sop_class in ("", said) else DOUBTFUL
        elif tag == writing.instance:
            self.instance = self.instance or uid_text(raw)
        elif tag == writing.series:
            self.series = self.series or uid_text(raw)
        else:
            self.study = self.study or uid_text(raw)

    def _enter(self, kind: _Kind, begin: int, length: int, body: int, *, inside_unknown: bool = False) -> int:
        """Into a container, whose value begins at `begin` of the object and at `body` of the data."""
        level = self._level
        end = level.end if length == UNDEFINED else min(level.end, begin + length)
        # Items inside a value of VR UN are implicit, whatever is around them (PS3.5 §6.2.2).
        written = IMPLICIT if inside_unknown else level.writing
        self._around.append(level)
        self._level = _Level(kind, end, length == UNDEFINED, written)
        if len(self._around) > 2 * MAX_DEPTH:
            self._is_hostile("nesting")
        return body

    def _leave(self) -> None:
        """Out of a container."""
        if self._level.kind in (_Kind.PIXELS, _Kind.PIXEL_FRAGMENTS):
            self.border = Border.PIXELS_END
        self._level = self._around.pop()

    def _broken(self, start: int) -> int:
        """What is here is no element: go on behind the innermost container of known length, if there is one."""
        if self._level.end != _NEVER:
            return self._level.end - start
        self.lost, self.border = True, Border.LOST
        return 0

    def _is_hostile(self, what: str) -> None:
        self.hostile, self.lost, self.border = what, True, Border.HOSTILE
