"""The head of a DICOM file (PS3.10 §7.1): read, and written anew from what was understood. Pure.

A preamble can make a file a program as well; private information in the File Meta Information can hold anything.
Neither goes on: the preamble becomes zeros, and of the File Meta Information its short, known elements stay.
"""

from __future__ import annotations

import re
import struct
from typing import Final

from msgspec import Struct

from leadapron.see.wire.dicom.dataset import DEFLATED, UNDEFINED, Element, Encoding, inflate

PREAMBLE: Final = 128
MAX_META: Final = 16 * 1024
"""Bytes of the File Meta Information."""

SOP_CLASS: Final = 0x0008_0016
MAX_INFLATED_HEAD: Final = 64 * 1024

_PREFIX: Final = b"DICM"
_LONG_VR: Final = frozenset({b"OB", b"OW", b"OF", b"SQ", b"UT", b"UN", b"UC", b"UR"})
_SHORT: Final = struct.Struct("<HH2sH")
_LONG: Final = struct.Struct("<HH2sHI")
_LONG_SIZE: Final = struct.Struct("<I")
_UID: Final = re.compile(rb"[0-9]+(?:\.[0-9]+)*")
_MOST: Final = 64
_KEPT: Final = {
    0x0001: b"OB",
    0x0002: b"UI",
    0x0003: b"UI",
    0x0010: b"UI",
    0x0012: b"UI",
    0x0013: b"SH",
    0x0016: b"AE",
    0x0017: b"AE",
    0x0018: b"AE",
}
"""Elements of group 0002 and their VR (PS3.10 Table 7.1-1)."""


class Part10Error(ValueError):
    """`web.part10-…`: what is wrong with the head."""


class FileHead(Struct, frozen=True):
    """The head of one file."""

    sop_class: str
    instance: str
    """An identifier: hash at once."""
    transfer_syntax: str
    rewritten: bytes
    """The head that goes on."""
    size: int
    """Bytes of the head as it came; the data set follows."""


def read_head(data: bytes) -> FileHead | None:
    """None while bytes lack; Part10Error as soon as it is known that this is no head."""
    start = PREAMBLE + len(_PREFIX)
    if len(data) < start + 12:
        if len(data) >= start and data[PREAMBLE:start] != _PREFIX:
            raise Part10Error("web.part10-prefix")
        return None
    if data[PREAMBLE:start] != _PREFIX:
        raise Part10Error("web.part10-prefix")
    group, element, vr, size = _SHORT.unpack_from(data, start)
    if (group, element, vr, size) != (2, 0, b"UL", 4):
        raise Part10Error("web.part10-group-length")
    (length,) = _LONG_SIZE.unpack_from(data, start + 8)
    if length > MAX_META:
        raise Part10Error("web.part10-length")
    begin, end = start + 12, start + 12 + length
    if len(data) < end + 2:  # and the first group of the data set
        return None
    if data[end : end + 2] == b"\x02\x00":
        raise Part10Error("web.part10-group-length")  # a reader that ignores the length would read on
    found = _elements(data, begin, end)
    values = [_uid(found, element) for element in (0x0002, 0x0003, 0x0010)]
    kept = b"".join(
        _SHORT.pack(2, element, _KEPT[element], len(value)) + value
        if _KEPT[element] != b"OB"
        else _LONG.pack(2, element, b"OB", 0, len(value)) + value
        for element, value in sorted(found.items())
    )
    rewritten = bytes(PREAMBLE) + _PREFIX + _SHORT.pack(2, 0, b"UL", 4) + _LONG_SIZE.pack(len(kept)) + kept
    return FileHead(values[0], values[1], values[2], rewritten, end)


def _elements(data: bytes, at: int, end: int) -> dict[int, bytes]:
    """Known elements of the File Meta Information and their values."""
    found: dict[int, bytes] = {}
    last = 0
    while at < end:
        if at + 8 > end:
            raise Part10Error("web.part10-element")
        group, element, vr, size = _SHORT.unpack_from(data, at)
        body = at + 8
        if vr in _LONG_VR:
            if at + 12 > end:
                raise Part10Error("web.part10-element")
            size = _LONG.unpack_from(data, at)[4]
            body = at + 12
        if group != 2 or element <= last or body + size > end:
            raise Part10Error("web.part10-element")
        last = element
        if element in _KEPT:
            if vr != _KEPT[element] or size > _MOST:
                raise Part10Error("web.part10-element")
            found[element] = data[body : body + size]
        at = body + size
    return found


def _uid(found: dict[int, bytes], element: int) -> str:
    value = found.get(element, b"").rstrip(b"\0 ")
    if not _UID.fullmatch(value):
        raise Part10Error("web.part10-uid")
    return value.decode("ascii")


def dataset_class(transfer_syntax: str, data: bytes) -> str:
    """SOP Class UID (0008,0016) in the first bytes of a data set; Part10Error if it is not among them."""
    if transfer_syntax == DEFLATED:
        data = inflate(data, MAX_INFLATED_HEAD)
    encoding, at, last = Encoding(transfer_syntax, data), 0, -1
    while isinstance(found := encoding.element(data, at), Element):
        if found.tag <= last or found.length == UNDEFINED or found.start + found.length > len(data):
            break
        if found.tag == SOP_CLASS:
            value = data[found.start : found.start + found.length].rstrip(b"\0 ")
            return value.decode("ascii") if _UID.fullmatch(value) and len(value) <= _MOST else ""
        last, at = found.tag, found.start + found.length
        if last > SOP_CLASS:
            break
    raise Part10Error("web.part10-class")
