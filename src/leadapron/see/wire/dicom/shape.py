"""The shape of PDUs (PS3.8 §9.3): telling them from chance, at the start of a stream or anywhere in it."""

from __future__ import annotations

import re

from leadapron.see.wire.dicom.pdu import FIXED_PART, HEADER, PduType
from leadapron.see.wire.dissector import Match

_CANDIDATE = re.compile(rb"[\x01\x02\x04](?:\x00|\Z)|[\x05-\x07](?:\x00{4}\x04|\x00{0,4}\Z)")
"""Where a PDU may begin, as far as the bytes at hand tell."""
TITLES_END = 42
"""Bytes of an A-ASSOCIATE PDU up to the end of its AE titles."""
_LEAST = {1: TITLES_END, 2: TITLES_END, 4: 12, 5: HEADER, 6: HEADER, 7: HEADER}
"""PDU type → bytes that are needed to tell it from chance."""
_COMMAND = re.compile(rb"\x04\x00.{8}[\x01-\xff][\x01\x03]\x00\x00\x00\x00\x04\x00\x00\x00", re.DOTALL)
"""A P-DATA-TF PDU that starts a command set, which itself starts with its group length (PS3.7 Annex E.1)."""
_APPLICATION_CONTEXT = b"\x10\0\0\x151.2.840.10008.3.1.1.1"
"""First item of an A-ASSOCIATE PDU (PS3.8 §9.3.2.1)."""
_WITH_CONTEXT = HEADER + FIXED_PART + len(_APPLICATION_CONTEXT)
_TITLE_BYTES = bytes((0, *range(0x20, 0x7F)))

_DATA = int(PduType.DATA)


def find_pdu(data: bytes) -> tuple[int, bool]:
    """Where a PDU begins whose own lengths agree (chance would have to guess 32 bits), and whether there is one.

    Without one, the place up to which nothing can begin; waits at the first place that is not decided yet, so that
    the way the stream is cut changes nothing.
    """
    position = 0
    while match := _CANDIDATE.search(data, position):
        position = match.start()
        kind = data[position]
        if len(data) - position < _LEAST[kind]:
            return position, False
        if kind > _DATA:
            return position, True
        if kind == _DATA:
            verdict = Match.YES if _single_value_pdu(data, position) else Match.NO
        else:
            verdict = match_associate(data[position : position + _WITH_CONTEXT])
        if verdict is not Match.NO:
            return position, verdict is Match.YES
        position += 1
    return len(data), False


def holds_pdu(data: bytes) -> bool:
    """Does a P-DATA-TF PDU start these bytes, or a command anywhere in them?"""
    command = _COMMAND.search(data)
    return _single_value_pdu(data, 0) or (command is not None and _single_value_pdu(data, command.start()))


def match_associate(head: bytes) -> Match:
    """Protocol version 1, reserved bytes zero, AE titles printable (PS3.8 Tables 9-11, 9-17).

    Where somebody writes other bytes into a title, the application context has to follow where it belongs.
    """
    if (len(head) >= 8 and not head[7] & 1) or head[8:10] not in (b"", b"\0", b"\0\0"):
        return Match.NO
    if not head[10:TITLES_END].strip(_TITLE_BYTES):
        return Match.YES if len(head) >= TITLES_END else Match.MORE
    context = head[HEADER + FIXED_PART : _WITH_CONTEXT]
    if context == _APPLICATION_CONTEXT:
        return Match.YES
    return Match.MORE if _APPLICATION_CONTEXT.startswith(context) else Match.NO


def _single_value_pdu(data: bytes, position: int) -> bool:
    """A P-DATA-TF PDU that holds exactly one presentation-data-value, as almost all do."""
    if len(data) - position < 12 or data[position] != _DATA or data[position + 1]:
        return False
    length = int.from_bytes(data[position + 2 : position + 6], "big")
    value = int.from_bytes(data[position + 6 : position + 10], "big")
    return value + 4 == length and value >= 2 and data[position + 10] & 1 == 1 and data[position + 11] < 4
