"""DIMSE command sets (PS3.7 §6.3, Annex E): always Implicit VR Little Endian, always small."""

from __future__ import annotations

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
_RESPONSE = 0x8000
_NO_DATA_SET = 0x0101


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
                data_set = number != _NO_DATA_SET
            elif element == 0x0900:
                status = number
    name = COMMANDS.get(code & ~_RESPONSE) if code >= 0 else None
    if name is None:
        return None
    return Command(name, code & _RESPONSE != 0, sop_class, message_id, status, destination, data_set)
