"""The few BER rules that LDAP and SNMP need (ITU-T X.690 §8.1), bounded: definite lengths, one-byte tags."""

from __future__ import annotations

from typing import NamedTuple

INTEGER, OCTET_STRING, OBJECT_IDENTIFIER, ENUMERATED, SEQUENCE = 0x02, 0x04, 0x06, 0x0A, 0x30
MAX_HEADER = 6
"""Bytes of a tag and a length of at most four bytes."""


class BerError(ValueError):
    """Not the encoding that was expected, or cut off."""


class Element(NamedTuple):
    """A tag and where its value lies in the data; `end` may lie beyond what was captured."""

    tag: int
    start: int
    end: int


def header(data: bytes, position: int) -> Element | None:
    """Tag and length at `position`; None while they are incomplete. Raises BerError on forms not used here."""
    if len(data) < position + 2:
        return None
    tag, size = data[position], data[position + 1]
    if tag & 0x1F == 0x1F or size == 0x80 or size > 0x84:
        raise BerError
    if size < 0x80:
        return Element(tag, position + 2, position + 2 + size)
    start = position + 2 + (size & 0x7F)
    if len(data) < start:
        return None
    return Element(tag, start, start + int.from_bytes(data[position + 2 : start], "big"))


def element(data: bytes, position: int, end: int, tag: int = 0) -> Element:
    """The element at `position`, which must be complete before `end` (and be a `tag`), else BerError."""
    found = header(data[:end], position)
    if found is None or found.end > end or (tag and found.tag != tag):
        raise BerError
    return found


def integer(data: bytes, position: int, end: int, tag: int = INTEGER) -> tuple[int, int]:
    """Value of the integer at `position`, of at most eight bytes, and where it ends."""
    found = element(data, position, end, tag)
    if not 1 <= found.end - found.start <= 8:
        raise BerError
    return int.from_bytes(data[found.start : found.end], "big", signed=True), found.end
