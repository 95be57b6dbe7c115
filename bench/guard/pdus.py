"""The few DICOM bytes that load needs, built once and sent many times (PS3.7, PS3.8)."""

from __future__ import annotations

import struct

VERIFICATION = "1.2.840.10008.1.1"
EXPLICIT = "1.2.840.10008.1.2.1"
CONTEXT = 1
"""Presentation context identifier of the only context of each association."""

ECHO_RQ, STORE_RQ, RESPONSE = 0x0030, 0x0001, 0x8000
NO_DATA_SET = 0x0101
RELEASE_RQ = bytes((5, 0, 0, 0, 0, 4, 0, 0, 0, 0))
RELEASE_RP = bytes((6, 0, 0, 0, 0, 4, 0, 0, 0, 0))
ABORT = bytes((7, 0, 0, 0, 0, 4, 0, 0, 2, 0))

_APPLICATION_CONTEXT = b"1.2.840.10008.3.1.1.1"
_IMPLEMENTATION = b"1.2.826.0.1.3680043.10.1"
_TITLES = slice(6, 74)
_ITEMS = 74
_PDV = struct.Struct(">BxIIBB")


def item(kind: int, value: bytes) -> bytes:
    """Item or sub-item (PS3.8 §9.3.2)."""
    return struct.pack(">BxH", kind, len(value)) + value


def associate_rq(abstract_syntax: str, calling: str, called: str, max_pdu: int) -> bytes:
    """A-ASSOCIATE-RQ with one context."""
    context = bytes((CONTEXT, 0, 0, 0)) + item(0x30, abstract_syntax.encode()) + item(0x40, EXPLICIT.encode())
    titles = called.ljust(16).encode("ascii") + calling.ljust(16).encode("ascii")
    items = item(0x10, _APPLICATION_CONTEXT) + item(0x20, context) + _user_information(max_pdu)
    body = b"\0\1\0\0" + titles + bytes(32) + items
    return struct.pack(">BxI", 1, len(body)) + body


def associate_ac(request: bytes, max_pdu: int) -> bytes:
    """The answer to a whole A-ASSOCIATE-RQ: every context is accepted with its first transfer syntax."""
    items = item(0x10, _APPLICATION_CONTEXT)
    for kind, value in _items(request, _ITEMS):
        if kind == 0x20:
            transfer = next(syntax for tag, syntax in _items(value, 4) if tag == 0x40)
            items += item(0x21, bytes((value[0], 0, 0, 0)) + item(0x40, transfer))
    body = request[_TITLES] + items + _user_information(max_pdu)
    return struct.pack(">BxI", 2, len(body)) + body


def request_command(command: int, sop_class: str, instance: str = "") -> bytes:
    """One P-DATA-TF with a C-ECHO-RQ or C-STORE-RQ (PS3.7 §9.3)."""
    elements = _element(0x0002, _uid(sop_class)) + _number(0x0100, command) + _number(0x0110, 1)
    if instance:
        elements += _number(0x0700, 0) + _number(0x0800, 0) + _element(0x1000, _uid(instance))
    else:
        elements += _number(0x0800, NO_DATA_SET)
    return _command(CONTEXT, elements)


def response_command(command: int, context: int) -> bytes:
    """One P-DATA-TF that says success."""
    elements = _number(0x0100, command | RESPONSE) + _number(0x0120, 1) + _number(0x0800, NO_DATA_SET)
    return _command(context, elements + _number(0x0900, 0))


def command_field(command_set: bytes) -> int:
    """(0000,0100) of a command set that this module made."""
    at = command_set.index(b"\0\0\0\1\2\0\0\0")
    return int.from_bytes(command_set[at + 8 : at + 10], "little")


def data_pdus(data: bytes, max_pdu: int) -> bytes:
    """The data set in P-DATA-TF PDUs of one fragment each, `max_pdu` bytes without their header (PS3.8 D.1)."""
    room = max_pdu - 6
    out = bytearray()
    for start in range(0, len(data), room):
        piece = data[start : start + room]
        control = 2 if start + room >= len(data) else 0
        out += _PDV.pack(4, len(piece) + 6, len(piece) + 2, CONTEXT, control)
        out += piece
    return bytes(out)


def _user_information(max_pdu: int) -> bytes:
    return item(0x50, item(0x51, struct.pack(">I", max_pdu)) + item(0x52, _IMPLEMENTATION) + item(0x55, b"BENCH"))


def _items(data: bytes, at: int) -> list[tuple[int, bytes]]:
    found = []
    while at < len(data):
        kind, length = struct.unpack_from(">BxH", data, at)
        found.append((kind, data[at + 4 : at + 4 + length]))
        at += 4 + length
    return found


def _element(number: int, value: bytes) -> bytes:
    """Of group 0000, Implicit VR Little Endian."""
    return struct.pack("<HHI", 0, number, len(value)) + value


def _number(number: int, value: int) -> bytes:
    return _element(number, struct.pack("<H", value))


def _uid(text: str) -> bytes:
    return text.encode("ascii") + b"\0" * (len(text) % 2)


def _command(context: int, elements: bytes) -> bytes:
    body = struct.pack("<HHII", 0, 0, 4, len(elements)) + elements
    return _PDV.pack(4, len(body) + 6, len(body) + 2, context, 3) + body
