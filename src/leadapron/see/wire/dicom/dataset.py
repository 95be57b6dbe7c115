"""The head of a data set, walked without decoding what could name a patient (PS3.5 §7).

Only the elements listed here are ever turned into text; everything else is jumped over by its length.
"""

from __future__ import annotations

import zlib
from enum import Enum
from typing import Literal, NamedTuple

from msgspec import Struct

from leadapron.see.wire.dicom.pdu import text, uid_text

IMPLICIT_LITTLE = "1.2.840.10008.1.2"
EXPLICIT_BIG = "1.2.840.10008.1.2.2"
DEFLATED = "1.2.840.10008.1.2.1.99"

HEAD_STEP = 2048
"""Bytes of an object that are gathered before they are looked at."""
MAX_HEAD = 64 * 1024
"""Bytes of an object that are looked at before the rest may pass; what was jumped over does not count."""
MAX_INFLATED = 1024 * 1024
"""Bytes that the looked-at part of a deflated object may become."""
MAX_QUERY = 16 * 1024
"""Bytes of a query that are looked at; a longer one is not called wide."""
MAX_DEPTH = 8
"""Nested sequences walked; deeper ones end the walk."""
MAX_VALUE = 1024
"""Bytes of a wanted value; a longer one is broken and passed."""
MAX_TEXT = 64
"""Characters kept of one value (the longest VR used here, LO)."""

_MODALITY, _MANUFACTURER, _STATION = 0x0008_0060, 0x0008_0070, 0x0008_1010
_MODEL, _SERIAL, _SOFTWARE, _STUDY = 0x0008_1090, 0x0018_1000, 0x0018_1020, 0x0020_000D
_WANTED = frozenset({_MODALITY, _MANUFACTURER, _STATION, _MODEL, _SERIAL, _SOFTWARE, _STUDY})
ITEM, ITEM_END, SEQUENCE_END = 0xFFFE_E000, 0xFFFE_E00D, 0xFFFE_E0DD
UNDEFINED = 0xFFFF_FFFF
_LONG_VR = frozenset({b"OB", b"OW", b"SQ", b"UN", b"UT", b"OF", b"OD", b"OL", b"UC", b"UR", b"OV", b"SV", b"UV"})
_CHARACTER_SET, _QUERY_LEVEL, _TIMEZONE = 0x0008_0005, 0x0008_0052, 0x0008_0201
_NOT_A_KEY = frozenset({_CHARACTER_SET, _QUERY_LEVEL, _TIMEZONE})


class Head(Struct, frozen=True):
    """What the head of an object tells of its maker. `study` and `serial` are still identifiers: hash at once."""

    modality: str = ""
    manufacturer: str = ""
    model: str = ""
    software_versions: str = ""
    station_name: str = ""
    serial: str = ""
    study: str = ""


class End(Enum):
    """Why a walk stopped."""

    DATA = "the bytes ended"
    BROKEN = "the bytes are not a data set"


class Element(NamedTuple):
    """An element's header: its value starts at `start`; `vr` is empty where it is not written."""

    tag: int
    start: int
    length: int
    vr: bytes


class Encoding:
    """How elements are written under one transfer syntax (PS3.5 §7.1, Annex A).

    Where the negotiation was not seen the first element tells: an explicit one names its VR in two capitals.
    """

    def __init__(self, transfer_syntax: str, data: bytes) -> None:
        if transfer_syntax:
            self.explicit = transfer_syntax != IMPLICIT_LITTLE
        else:
            self.explicit = data[4:6].isalpha() and data[4:6].isupper()
        self.order: Literal["big", "little"] = "big" if transfer_syntax == EXPLICIT_BIG else "little"

    def element(self, data: bytes, position: int) -> Element | End:
        """Header of the element at `position`."""
        if position + 8 > len(data):
            return End.DATA
        order = self.order
        group = int.from_bytes(data[position : position + 2], order)
        tag = group << 16 | int.from_bytes(data[position + 2 : position + 4], order)
        if not self.explicit or group == 0xFFFE:
            return Element(tag, position + 8, int.from_bytes(data[position + 4 : position + 8], order), b"")
        vr = data[position + 4 : position + 6]
        if not vr.isalpha() or not vr.isupper():
            return End.BROKEN
        if vr not in _LONG_VR:
            return Element(tag, position + 8, int.from_bytes(data[position + 6 : position + 8], order), vr)
        if position + 12 > len(data):
            return End.DATA
        return Element(tag, position + 12, int.from_bytes(data[position + 8 : position + 12], order), vr)


INSIDE_UNKNOWN = Encoding(IMPLICIT_LITTLE, b"")
"""Items inside a value of VR UN are implicit, whatever is around them (PS3.5 §6.2.2)."""


def inflate(data: bytes, limit: int) -> bytes:
    """At most `limit` bytes of a deflated data set (PS3.5 Annex A.5); what is broken ends it."""
    try:
        return zlib.decompressobj(-15).decompress(data, limit)
    except zlib.error:
        return b""


class HeadReader:
    """Walks an object as its bytes come, until its maker and study are known or can no longer follow."""

    def __init__(self, transfer_syntax: str) -> None:
        self.done = False
        self.skip = 0
        """Bytes to pass before the next ones are wanted."""
        self._transfer_syntax = transfer_syntax
        self._encoding: Encoding | None = None
        self._within: list[tuple[int, Encoding]] = []
        """Sequences and items of undefined length around the current place: the tag that ends each, and how its
        elements are written."""
        self._found: dict[int, str] = {}
        self._previous = -1
        self._seen = 0
        self._rest = b""
        self._inflater = zlib.decompressobj(-15) if transfer_syntax == DEFLATED else None
        self._made = 0
        self._drop = 0
        """Inflated bytes to pass, as `skip` for plain ones."""

    @property
    def head(self) -> Head:
        """What is known so far."""
        return _head(self._found)

    def feed(self, data: bytes) -> None:
        """The next bytes, `skip` ones after the last."""
        self._seen += len(data)
        data = self._rest + (data if self._inflater is None else self._inflated(data, self._inflater))
        if self._encoding is None:
            self._encoding = Encoding(self._transfer_syntax, data)
        position = self._walk(data, self._encoding)
        self._rest = data[position:]
        if self._inflater is None:
            self.skip = max(0, position - len(data))
        else:
            self._drop += max(0, position - len(data))
        self.done = self.done or self._seen >= MAX_HEAD

    def _inflated(self, data: bytes, inflater: zlib._Decompress) -> bytes:
        """What deflated bytes hold (PS3.5 Annex A.5), less what may pass; broken or bloated ones end the walk."""
        try:
            data = inflater.decompress(data, MAX_INFLATED - self._made)
        except zlib.error:
            self.done = True
            return b""
        self._made += len(data)
        self.done = self._made >= MAX_INFLATED
        passed = min(self._drop, len(data))
        self._drop -= passed
        return data[passed:]

    def _walk(self, data: bytes, encoding: Encoding) -> int:
        """Take whole elements; returns where to go on, beyond `data` if a value reaches that far."""
        position = 0
        while position <= len(data):
            closing, inner = self._within[-1] if self._within else (0, encoding)
            element = inner.element(data, position)
            if isinstance(element, End):
                self.done = self.done or element is End.BROKEN
                break
            tag, start, length, _ = element
            if closing:
                position = self._inside(closing, inner, element)
                if self.done:
                    break
            elif tag > _STUDY or tag <= self._previous:
                self.done = True
                break
            elif length == UNDEFINED:
                self._previous = tag
                position = self._enter(SEQUENCE_END, inner, element)
            elif tag in _WANTED and length <= MAX_VALUE:
                if start + length > len(data):
                    break
                self._previous = tag
                position = start + length
                self._found[tag] = _value(tag, data[start:position])
                self.done = tag == _STUDY
            else:
                self._previous = tag
                position = start + length
        return position

    def _inside(self, closing: int, encoding: Encoding, element: Element) -> int:
        """One element inside a sequence or an item; returns where the next one starts (PS3.5 §7.5)."""
        tag, start, length, _ = element
        if tag == closing:
            self._within.pop()
            return start
        if closing == SEQUENCE_END and tag != ITEM:
            self.done = True
        elif length == UNDEFINED:
            return self._enter(ITEM_END if tag == ITEM else SEQUENCE_END, encoding, element)
        return start + length

    def _enter(self, closing: int, encoding: Encoding, element: Element) -> int:
        self._within.append((closing, INSIDE_UNKNOWN if element.vr == b"UN" else encoding))
        if len(self._within) > 2 * MAX_DEPTH:
            self.done = True
        return element.start


def _value(tag: int, raw: bytes) -> str:
    if tag == _STUDY:
        return uid_text(raw)
    return text(raw[:MAX_TEXT]).replace("\\", ", ")


def _head(found: dict[int, str]) -> Head:
    return Head(
        modality=found.get(_MODALITY, "")[:16],
        manufacturer=found.get(_MANUFACTURER, ""),
        model=found.get(_MODEL, ""),
        software_versions=found.get(_SOFTWARE, ""),
        station_name=found.get(_STATION, "")[:16],
        serial=found.get(_SERIAL, ""),
        study=found.get(_STUDY, ""),
    )


def is_wide_query(data: bytes, transfer_syntax: str) -> bool:
    """Does a C-FIND identifier name no narrowing key: every value empty or made of wildcards (PS3.4 C.2.2.2)?

    Values are only tested for being empty or wildcards; they are never decoded or kept.
    """
    if transfer_syntax == DEFLATED:
        data = inflate(data, MAX_QUERY)
    encoding = Encoding(transfer_syntax, data)
    position, elements = 0, 0
    while True:
        step = encoding.element(data, position)
        if isinstance(step, End):
            return step is End.DATA and elements > 0 and position >= len(data)
        tag, start, length, vr = step
        elements += 1
        if length == UNDEFINED or vr == b"SQ":
            # Items and delimiters are walked as elements: an inner value narrows as an outer one does.
            position = start
            continue
        if tag in (ITEM, ITEM_END, SEQUENCE_END):
            position = start
            continue
        position = start + length
        if position > len(data):
            return False
        if tag not in _NOT_A_KEY and tag & 0xFFFF and data[start:position].strip(b" \0*?"):
            return False
