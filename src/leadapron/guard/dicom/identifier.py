"""What a C-FIND identifier asks for, read so that no archive can read it wider (PS3.4 C.2.2.2, C.6).

An archive ignores keys that it does not know, so only those that every archive matches on narrow a query; and what
cannot be read with certainty is wide. Values are tested, never decoded or kept.
"""

from __future__ import annotations

from typing import NamedTuple

from leadapron.see.wire.dicom.conduct import QUERY_MODELS
from leadapron.see.wire.dicom.dataset import (
    DEFLATED,
    ITEM,
    ITEM_END,
    MAX_DEPTH,
    MAX_QUERY,
    SEQUENCE_END,
    UNDEFINED,
    Encoding,
    End,
    inflate,
)
from leadapron.see.wire.dicom.pdu import text

UNREADABLE = "?"
"""Level of an identifier that names none, or none that can be read: no rule names it."""
MAX_RANGE = 31
"""Days of a range of dates that still narrows."""

_LEVEL, _STUDY_DATE = 0x0008_0052, 0x0008_0020
_ACCESSION, _PATIENT_NAME, _PATIENT_ID, _STUDY_ID = 0x0008_0050, 0x0010_0010, 0x0010_0020, 0x0020_0010
_STUDY, _SERIES, _INSTANCE = 0x0020_000D, 0x0020_000E, 0x0008_0018
_NARROWING = frozenset({_STUDY_DATE, _ACCESSION, _PATIENT_NAME, _PATIENT_ID, _STUDY_ID, _STUDY, _SERIES, _INSTANCE})
"""Unique and required keys of the patient and study levels and below, but for times (PS3.4 C.6.1, C.6.2)."""
_DELIMITERS = 0xFFFE
"""Group of items and of what ends them."""
_NOT_A_KEY = frozenset({0x0008_0005, 0x0008_0052, 0x0008_0201})
_EMPTY = b" \0*?^=\\-"
"""What a value may be made of and still match nearly anything: wildcards, and what divides names, lists and ranges."""


class Question(NamedTuple):
    """What may be judged of a query."""

    wide: bool
    level: str


def read_identifier(data: bytes, transfer_syntax: str, sop_class: str) -> Question:
    """Of a whole identifier, as sent."""
    if transfer_syntax == DEFLATED:
        data = inflate(data, MAX_QUERY)
        if len(data) >= MAX_QUERY:
            return Question(True, UNREADABLE)
    keys = _top_level(data, Encoding(transfer_syntax, data))
    if keys is None:
        return Question(True, UNREADABLE)
    level = text(keys.get(_LEVEL, b"")[:16]).upper() or UNREADABLE
    if sop_class in QUERY_MODELS:
        return Question(not any(_narrows(tag, value) for tag, value in keys.items() if tag in _NARROWING), level)
    narrow = any(tag & 0xFFFF and value.strip(_EMPTY) for tag, value in keys.items() if tag not in _NOT_A_KEY)
    return Question(not narrow, level)


def _narrows(tag: int, value: bytes) -> bool:
    """Does this key leave out most of an archive?"""
    if not value.strip(_EMPTY):
        return False
    if tag != _STUDY_DATE:
        return True
    dates = value.strip(b" \0").split(b"-")
    if len(dates) == 1:
        return len(dates[0]) == 8 and dates[0].isdigit()
    first, last = (_day(date.strip()) for date in dates[:2])
    return len(dates) == 2 and first > 0 and last > 0 and last - first < MAX_RANGE


def _day(date: bytes) -> int:
    """A date (PS3.5 DA) as a count of days that is never too small between two dates; 0 if it is none."""
    if len(date) != 8 or not date.isdigit():
        return 0
    number = int(date)
    return number // 10000 * 372 + number // 100 % 100 * 31 + number % 100


def _top_level(data: bytes, encoding: Encoding) -> dict[int, bytes] | None:
    """Tags and values outside sequences; None where the bytes are not a data set in ascending order (PS3.5 §7.1)."""
    keys: dict[int, bytes] = {}
    within: list[int] = []
    position, previous, end = 0, -1, len(data)
    while position < end:
        element = encoding.element(data, position)
        if isinstance(element, End) or len(within) > 2 * MAX_DEPTH:
            return None
        tag, position, length, vr = element
        if not within:
            if tag <= previous or tag >> 16 == _DELIMITERS:
                return None
            previous = tag
            keys[tag] = b"" if vr == b"SQ" or length == UNDEFINED else data[position : position + length]
        elif tag == within[-1]:
            within.pop()
            continue
        elif (within[-1] == SEQUENCE_END) != (tag == ITEM):
            return None
        if length != UNDEFINED:
            position += length
        elif vr == b"UN":
            return None  # what it holds is written in another way
        else:
            within.append(ITEM_END if tag == ITEM else SEQUENCE_END)
    return keys if position == end and not within else None
