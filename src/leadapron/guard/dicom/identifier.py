"""What an identifier asks for (C-FIND, C-MOVE, C-GET), read so that no archive can read it wider (PS3.4 C.4, C.6).

What cannot be read with certainty is wide. Values are tested, never decoded or kept.
"""

from __future__ import annotations

from typing import NamedTuple

from leadapron.guard.policy.narrowing import narrows, says_something
from leadapron.see.wire.dicom.conduct import QUERY_MODELS
from leadapron.see.wire.dicom.dataset import (
    DEFLATED,
    ITEM,
    ITEM_END,
    MAX_DEPTH,
    SEQUENCE_END,
    UNDEFINED,
    Encoding,
    End,
    inflate,
)
from leadapron.see.wire.dicom.pdu import text

UNREADABLE = "?"
"""Level of an identifier that names none, or none that can be read: no rule names it."""
MAX_IDENTIFIER = 48 * 1024
"""Bytes of an identifier that are read, inflated or not: a list of more than 700 UIDs."""

_LEVEL = 0x0008_0052
_MAX_LEVEL = 16
_DELIMITERS = 0xFFFE
"""Group of items and of what ends them."""
_NOT_A_KEY = frozenset({0x0008_0005, 0x0008_0052, 0x0008_0201})


class Question(NamedTuple):
    """What may be judged of a query."""

    wide: bool
    level: str


def read_identifier(data: bytes, transfer_syntax: str, *, command: str, sop_class: str) -> Question:
    """Of a whole identifier, as sent. A retrieval without a unique key is against the standard (PS3.4 C.4.2.1.4.1),
    but some archives then send all they have."""
    if transfer_syntax == DEFLATED:
        data = inflate(data, MAX_IDENTIFIER)
        if len(data) >= MAX_IDENTIFIER:
            return Question(True, UNREADABLE)
    keys = _top_level(data, Encoding(transfer_syntax, data))
    if keys is None:
        return Question(True, UNREADABLE)
    level = keys.get(_LEVEL, b"")
    said = text(level).upper() if len(level) <= _MAX_LEVEL else ""
    if command != "C-FIND" or sop_class in QUERY_MODELS:
        narrow = any(narrows(tag, value) for tag, value in keys.items())
    else:
        narrow = any(tag & 0xFFFF and says_something(value) for tag, value in keys.items() if tag not in _NOT_A_KEY)
    return Question(not narrow, said or UNREADABLE)


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
