"""DIMSE command sets (PS3.7 §6.3, Annex E): always Implicit VR Little Endian, always small."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from functools import lru_cache
from struct import Struct as Layout

from msgspec import Struct

from leadapron.see.wire.dicom.pdu import text, uid_text

MAX_COMMAND = 16 * 1024
"""Bytes of one command set; real ones stay below 500."""

COMMANDS = {
    0x0001: "C-STORE",
    0x0010: "C-GET",
    0x0020: "C-FIND",
    0x0021: "C-MOVE",
    0x0030: "C-ECHO",
    0x0100: "N-EVENT-REPORT",
    0x0110: "N-GET",
    0x0120: "N-SET",
    0x0130: "N-ACTION",
    0x0140: "N-CREATE",
    0x0150: "N-DELETE",
    0x0FFF: "C-CANCEL",
}
"""Command Field without the response bit (PS3.7 Annex E.1-1)."""

PENDING = (0xFF00, 0xFF01)
"""Statuses that announce one more result (PS3.4 C.4.1.1.4)."""
RESPONSE = 0x8000
"""Bit of the Command Field."""
NO_DATA_SET = 0x0101
"""Command Data Set Type of a message without one; any other value announces one."""
GROUP_LENGTH = 0x0000


class Element(IntEnum):
    """Elements of group 0000 by element number (PS3.7 Annex E.1)."""

    AFFECTED_CLASS = 0x0002
    REQUESTED_CLASS = 0x0003
    FIELD = 0x0100
    MESSAGE_ID = 0x0110
    ANSWERED_ID = 0x0120
    DESTINATION = 0x0600
    DATA_SET = 0x0800
    STATUS = 0x0900
    ERROR_COMMENT = 0x0902
    AFFECTED_INSTANCE = 0x1000
    REQUESTED_INSTANCE = 0x1001


_NUMBERS = (Element.FIELD, Element.MESSAGE_ID, Element.ANSWERED_ID, Element.DATA_SET, Element.STATUS)
_HEADER = Layout("<HHI").unpack_from
"""Group, element, length."""
_SHORT = 112
"""Bytes of a command set that names no instance."""


class Command(Struct, frozen=True):
    """What a command set says; `message_id` is the request's in both, `status` is -1 in requests and where unseen."""

    name: str
    response: bool
    sop_class: str
    message_id: int
    status: int
    move_destination: str
    data_set: bool


def parse_command(data: bytes, *, whole: bool = True) -> Command | None:
    """The command in `data`, or None where its elements do not fit or it has no known Command Field.

    Of one that is not `whole` its first elements are read, and a data set is taken to follow.
    """
    position, end = 0, len(data)
    code = status = message_id = -1
    sop_class = destination = ""
    data_set = not whole
    while position < end:
        if position + 8 > end or data[position] or data[position + 1]:
            if whole:
                return None
            break
        element = data[position + 2] | data[position + 3] << 8
        length = int.from_bytes(data[position + 4 : position + 8], "little")
        position += 8
        if length > end - position:
            if whole:
                return None
            break
        value = data[position : position + length]
        position += length
        if element in (0x0002, 0x0003):
            sop_class = uid_text(value)
        elif element == 0x0600:
            destination = text(value[:16])
        elif length == 2:
            number = value[0] | value[1] << 8
            if element == 0x0100:
                code = number
            elif element in (0x0110, 0x0120):
                message_id = number
            elif element == 0x0800:
                data_set = number != NO_DATA_SET
            elif element == 0x0900:
                status = number
    name = COMMANDS.get(code & ~RESPONSE) if code >= 0 else None
    if name is None:
        return None
    return Command(name, code & RESPONSE != 0, sop_class, message_id, status, destination, data_set)


def strict_elements(data: bytes) -> dict[int, bytes] | None:
    """Element numbers and values of a command set that every reader reads alike, or None for any other.

    Group 0000 only, in ascending order and so none twice, a right group length first, numbers of two bytes, nothing
    after the last element (PS3.7 §6.3.1).
    """
    elements: dict[int, bytes] = {}
    position, end, previous = 0, len(data), -1
    while position + 8 <= end:
        group, element, length = _HEADER(data, position)
        start = position + 8
        position = start + length
        if group or element <= previous or position > end:
            return None
        elements[element] = data[start:position]
        previous = element
    if position != end or elements.get(GROUP_LENGTH) != (end - 12).to_bytes(4, "little", signed=True):
        return None
    for number in _NUMBERS:
        if number in elements and len(elements[number]) != 2:
            return None
    return elements


def strict_command(data: bytes) -> tuple[Command, Mapping[int, bytes]] | None:
    """What `parse_command` and `strict_elements` say of a command set, where both say something.

    Devices repeat what is short: echoes, answers, the commands of queries. Those are read once; longer ones name an
    instance, which seldom comes twice.
    """
    return _remembered(data) if len(data) <= _SHORT else _strict_command(data)


def _strict_command(data: bytes) -> tuple[Command, Mapping[int, bytes]] | None:
    elements = strict_elements(data)
    if elements is None or 0x0100 not in elements:
        return None
    get = elements.get
    code = _number(elements[0x0100])
    name = COMMANDS.get(code & ~RESPONSE)
    if name is None:
        return None
    # Of two elements that say the same, the later counts, as for the tolerant parser.
    sop_class, message_id = get(0x0003, get(0x0002)), get(0x0120, get(0x0110))
    status, destination, data_set = get(0x0900), get(0x0600), get(0x0800)
    command = Command(
        name,
        code & RESPONSE != 0,
        uid_text(sop_class) if sop_class else "",
        _number(message_id) if message_id else -1,
        _number(status) if status else -1,
        text(destination[:16]) if destination else "",
        data_set is not None and _number(data_set) != NO_DATA_SET,
    )
    return command, elements


_remembered = lru_cache(maxsize=1024)(_strict_command)


def _number(value: bytes) -> int:
    return value[0] | value[1] << 8
