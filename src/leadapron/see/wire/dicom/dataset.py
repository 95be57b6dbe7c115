"""The head of a data set, walked without decoding what could name a patient (PS3.5 §7).

Only the elements listed here are ever turned into text; everything else is jumped over by its length.
"""

from __future__ import annotations

import zlib
from enum import Enum
from typing import Literal

from msgspec import Struct

from leadapron.see.wire.dicom.pdu import text, uid_text

IMPLICIT_LITTLE = "1.2.840.10008.1.2"
EXPLICIT_BIG = "1.2.840.10008.1.2.2"
DEFLATED = "1.2.840.10008.1.2.1.99"

HEAD_STEPS = (2048, 4096, 8192, 16384)
"""Bytes of a data set to look at, in growing steps until the study is found; more is never read."""
MAX_DEPTH = 8
"""Nested sequences walked; deeper ones end the walk."""
MAX_TEXT = 64
"""Characters kept of one value (the longest VR used here, LO)."""

_MODALITY, _MANUFACTURER, _STATION = 0x0008_0060, 0x0008_0070, 0x0008_1010
_MODEL, _SERIAL, _SOFTWARE, _STUDY = 0x0008_1090, 0x0018_1000, 0x0018_1020, 0x0020_000D
_WANTED = frozenset({_MODALITY, _MANUFACTURER, _STATION, _MODEL, _SERIAL, _SOFTWARE, _STUDY})
_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFE_E000, 0xFFFE_E00D, 0xFFFE_E0DD
_UNDEFINED = 0xFFFF_FFFF
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


class _End(Enum):
    """Why a walk stopped."""

    DATA = "the bytes ended"
    BROKEN = "the bytes are not a data set"


class _Encoding:
    """How elements are written under one transfer syntax (PS3.5 §7.1, Annex A).

    Where the negotiation was not seen the first element tells: an explicit one names its VR in two capitals.
    """

    def __init__(self, transfer_syntax: str, data: bytes) -> None:
        if transfer_syntax:
            self.explicit = transfer_syntax != IMPLICIT_LITTLE
        else:
            self.explicit = data[4:6].isalpha() and data[4:6].isupper()
        self.order: Literal["big", "little"] = "big" if transfer_syntax == EXPLICIT_BIG else "little"

    def element(self, data: bytes, position: int) -> tuple[int, int, int, bool] | _End:
        """Tag, value offset, value length and whether the VR is SQ of the element at `position`."""
        if position + 8 > len(data):
            return _End.DATA
        order = self.order
        group = int.from_bytes(data[position : position + 2], order)
        tag = group << 16 | int.from_bytes(data[position + 2 : position + 4], order)
        if not self.explicit or group == 0xFFFE:
            return tag, position + 8, int.from_bytes(data[position + 4 : position + 8], order), False
        vr = data[position + 4 : position + 6]
        if not vr.isalpha() or not vr.isupper():
            return _End.BROKEN
        if vr not in _LONG_VR:
            return tag, position + 8, int.from_bytes(data[position + 6 : position + 8], order), False
        if position + 12 > len(data):
            return _End.DATA
        return tag, position + 12, int.from_bytes(data[position + 8 : position + 12], order), vr == b"SQ"


def inflate(data: bytes, limit: int) -> bytes:
    """At most `limit` bytes of a deflated data set (PS3.5 Annex A.5); what is broken ends it."""
    try:
        return zlib.decompressobj(-15).decompress(data, limit)
    except zlib.error:
        return b""


def read_head(data: bytes, transfer_syntax: str) -> tuple[Head, bool]:
    """The maker and study of an object from its first bytes; True when more bytes could not add anything."""
    if transfer_syntax == DEFLATED:
        data = inflate(data, HEAD_STEPS[-1])
    encoding = _Encoding(transfer_syntax, data)
    found: dict[int, str] = {}
    position, previous, done = 0, -1, False
    while True:
        step = encoding.element(data, position)
        if isinstance(step, _End):
            done = step is _End.BROKEN
            break
        tag, start, length, _ = step
        if tag > _STUDY or tag <= previous:
            done = True
            break
        previous = tag
        if length == _UNDEFINED:
            end = _skip_sequence(data, start, encoding, 0)
            if isinstance(end, _End):
                done = end is _End.BROKEN
                break
            position = end
            continue
        position = start + length
        if tag in _WANTED:
            if position > len(data):
                break
            found[tag] = _value(tag, data[start:position])
    return _head(found), done


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


def _skip_sequence(data: bytes, position: int, encoding: _Encoding, depth: int) -> int | _End:
    """Offset after a sequence of undefined length whose first item starts at `position` (PS3.5 §7.5)."""
    if depth >= MAX_DEPTH:
        return _End.BROKEN
    while True:
        step = encoding.element(data, position)
        if isinstance(step, _End):
            return step
        tag, start, length, _ = step
        if tag == _SEQUENCE_END:
            return start
        if tag != _ITEM:
            return _End.BROKEN
        if length != _UNDEFINED:
            position = start + length
            continue
        end = _skip_item(data, start, encoding, depth)
        if isinstance(end, _End):
            return end
        position = end


def _skip_item(data: bytes, position: int, encoding: _Encoding, depth: int) -> int | _End:
    while True:
        step = encoding.element(data, position)
        if isinstance(step, _End):
            return step
        tag, start, length, _ = step
        if tag == _ITEM_END:
            return start
        if length == _UNDEFINED:
            end = _skip_sequence(data, start, encoding, depth + 1)
            if isinstance(end, _End):
                return end
            position = end
        else:
            position = start + length


def is_wide_query(data: bytes, transfer_syntax: str) -> bool:
    """Does a C-FIND identifier name no narrowing key: every value empty or made of wildcards (PS3.4 C.2.2.2)?

    Values are only tested for being empty or wildcards; they are never decoded or kept.
    """
    if transfer_syntax == DEFLATED:
        data = inflate(data, HEAD_STEPS[-1])
    encoding = _Encoding(transfer_syntax, data)
    position, elements = 0, 0
    while True:
        step = encoding.element(data, position)
        if isinstance(step, _End):
            return step is _End.DATA and elements > 0 and position >= len(data)
        tag, start, length, sequence = step
        elements += 1
        if length == _UNDEFINED or sequence:
            # Items and delimiters are walked as elements: an inner value narrows as an outer one does.
            position = start
            continue
        if tag in (_ITEM, _ITEM_END, _SEQUENCE_END):
            position = start
            continue
        position = start + length
        if position > len(data):
            return False
        if tag not in _NOT_A_KEY and tag & 0xFFFF and data[start:position].strip(b" \0*?"):
            return False
