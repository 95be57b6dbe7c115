"""The content of one block, split into headers to be judged and text to be passed on.

Receivers differ in where they see a message begin: batches have several in one block (HL7 v2.5 §2.10.3), some engines
cut at any MSH, some at any 0x0B. So whatever one of them could take for a header is given out as one and judged.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum, auto
from typing import Final

from leadapron.guard.hl7.header import MAX_HEADER, UnreadableError
from leadapron.see.wire.hl7 import MARK, SEGMENT_END

_BATCH: Final = re.compile(rb"(?:FHS|BHS)" + MARK)
_LINE_ENDS: Final = re.compile(rb"[\r\n]+")
_NAME: Final = b"MSH"
_ANY: Final = re.compile(rb"MSH" + MARK)
_ENCODED: Final = re.compile(rb"MSH(" + MARK + rb")" + MARK + rb"{1,5}\1")
_BLANK, _NEW_LINE = 0x20, 0x85
"""What may stand before a header: control characters, the line end of ISO 8859, and blanks. Behind a blank it must look
like one: reports tell of MSH, the hormone."""
_LOOKAHEAD: Final = 12
"""Bytes of text kept back: `_ENCODED` (10 at most) and the byte before it."""


class Part(Enum):
    """What a piece of content is."""

    TEXT = auto()
    HEADER = auto()
    """One whole segment, without its end, that opens a message or stands where one must."""


class Content:
    """Keeps no more than a header that has not ended, or the last few bytes of text."""

    def __init__(self) -> None:
        self._kept = b""
        self._in_header = True
        self._before = 0
        """Bytes of the block without a message, so far."""
        self._separators = {b"|"}
        """Field separators of the headers met."""

    def feed(self, piece: bytes, *, last: bool = False) -> Iterator[tuple[Part, bytes]]:
        """The parts in order; joined they are the bytes as they came. UnreadableError for a header without end."""
        data = self._kept + piece
        at = 0
        while at < len(data):
            taken = self._header(data, at, last=last) if self._in_header else self._text(data, at, last=last)
            if taken is None:
                break
            part, end = taken
            yield part, data[at:end]
            at = end
        self._kept = data[at:]

    def _header(self, data: bytes, at: int, *, last: bool) -> tuple[Part, int] | None:
        blank = _LINE_ENDS.match(data, at)
        if blank:
            self._spend(blank.end() - at)
            return Part.TEXT, blank.end()
        found = SEGMENT_END.search(data, at)
        if found is None and not last:
            if self._before + len(data) - at > MAX_HEADER:
                raise UnreadableError("hl7.header-length")
            return None
        end = found.start() if found else len(data)
        self._spend(end - at)
        if _BATCH.match(data, at, end):
            return Part.TEXT, end
        self._in_header, self._before = False, 0
        self._separators.add(data[at + 3 : at + 4])
        return Part.HEADER, end

    def _text(self, data: bytes, at: int, *, last: bool) -> tuple[Part, int] | None:
        place = data.find(_NAME, at)
        while place >= 0:
            if self._opens(data, place):
                self._in_header = True
                return (Part.TEXT, place) if place > at else self._header(data, at, last=last)
            place = data.find(_NAME, place + 1)
        end = len(data) if last else len(data) - _LOOKAHEAD
        return (Part.TEXT, end) if end > at else None

    def _opens(self, data: bytes, place: int) -> bool:
        """Could a receiver take this for a header? Without looking at the first byte kept: it was judged before."""
        before = data[place - 1] if place else 0xFF
        if before < _BLANK or before == _NEW_LINE:
            return _ANY.match(data, place) is not None
        if before != _BLANK:
            return False
        return data[place + 3 : place + 4] in self._separators or _ENCODED.match(data, place) is not None

    def _spend(self, size: int) -> None:
        self._before += size
        if self._before > MAX_HEADER:
            raise UnreadableError("hl7.header-length")
