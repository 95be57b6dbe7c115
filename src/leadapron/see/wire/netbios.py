"""NetBIOS names over UDP (RFC 1001 §14, RFC 1002 §4.2, §4.4): which host answers to which name, in which role."""

from __future__ import annotations

from leadapron.model.events import Event, NameSeen, Service
from leadapron.see.wire.dissector import Datagram, DatagramProtocol
from leadapron.see.wire.text import printable

NAME_PORT, DATAGRAM_PORT = 137, 138
NAME_SIZE = 34
"""Length byte, 32 half-ASCII characters, root label (RFC 1001 §14.1)."""
HEADER_SIZE = 12
MAX_ADDRESSES = 8
MAX_NODE_NAMES = 32

QUERY, REGISTRATION, REFRESH, REFRESH_OLD, MULTI_HOMED = 0, 5, 8, 9, 15
REGISTRATIONS = frozenset((REGISTRATION, REFRESH, REFRESH_OLD, MULTI_HOMED))
RESPONSE = 0x8000
TYPE_NB, TYPE_NBSTAT = 0x20, 0x21
GROUP = 0x8000
DATAGRAMS = range(0x10, 0x13)
DATAGRAM_HEADER = 14

ROLES = {
    0x00: "workstation",
    0x20: "server",
    0x1B: "domain-controller",
    0x1C: "domain-controller",
}
"""Suffixes that say what a host is; 0x03 is left out because it may be a user's name."""
GROUP_ROLES = frozenset((0x1C,))


def decode_name(data: bytes) -> tuple[str, int]:
    """Name and suffix of the encoded name at the start of `data`; ("", -1) if it is none."""
    encoded = data[1:33]
    if len(encoded) < 32 or data[0] != 32 or any(not 0x41 <= byte <= 0x50 for byte in encoded):
        return "", -1
    plain = bytes((encoded[i] - 0x41) << 4 | (encoded[i + 1] - 0x41) for i in range(0, 32, 2))
    return printable(plain[:15].rstrip(b" \0"), 15), plain[15]


def dissect(datagram: Datagram) -> list[Event] | None:
    """Names registered, answered or used as the sender of a datagram."""
    if DATAGRAM_PORT in (datagram.source.port, datagram.destination.port):
        return _datagram_service(datagram)
    return _name_service(datagram)


def _name_service(datagram: Datagram) -> list[Event] | None:
    data = datagram.payload
    if len(data) < HEADER_SIZE + NAME_SIZE:
        return None
    flags = _u16(data, 2)
    questions, answers, additional = _u16(data, 4), _u16(data, 6), _u16(data, 10)
    opcode = flags >> 11 & 0xF
    name, suffix = decode_name(data[HEADER_SIZE:])
    if suffix < 0 or max(questions, answers, additional) > 16:
        return None
    if flags & RESPONSE:
        return _answer(datagram, name, suffix) if answers and not questions and not flags & 0xF else []
    if opcode in REGISTRATIONS and questions == 1 and additional == 1:
        # The record's name is a pointer to the question's (RFC 1002 §4.2.2).
        record = HEADER_SIZE + NAME_SIZE + 4
        record += 2 if data[record : record + 1] >= b"\xc0" else NAME_SIZE
        return _addresses(datagram, name, suffix, record)
    return []


def _answer(datagram: Datagram, name: str, suffix: int) -> list[Event]:
    record = HEADER_SIZE + NAME_SIZE
    if _u16(datagram.payload, record) == TYPE_NBSTAT:
        return _node_status(datagram, record + 10)
    return _addresses(datagram, name, suffix, record)


def _addresses(datagram: Datagram, name: str, suffix: int, record: int) -> list[Event]:
    """NB record at `record` (its type): flags and address, six bytes each (RFC 1002 §4.2.1.3)."""
    data = datagram.payload
    size = _u16(data, record + 8)
    if _u16(data, record) != TYPE_NB:
        return []
    events: list[Event] = []
    entries = data[record + 10 : record + 10 + size]
    for i in range(0, min(len(entries), 6 * MAX_ADDRESSES) - 5, 6):
        ip = ".".join(str(byte) for byte in entries[i + 2 : i + 6])
        events += _seen(datagram, name, suffix, ip, group=bool(_u16(entries, i) & GROUP))
    return events


def _node_status(datagram: Datagram, position: int) -> list[Event]:
    """All names of the answering host, 18 bytes each (RFC 1002 §4.2.18)."""
    data = datagram.payload
    count = data[position] if position < len(data) else 0
    events: list[Event] = []
    for start in range(position + 1, position + 1 + 18 * min(count, MAX_NODE_NAMES), 18):
        entry = data[start : start + 18]
        if len(entry) < 18:
            break
        name = printable(entry[:15].rstrip(b" \0"), 15)
        group = bool(_u16(entry, 16) & GROUP)
        events += _seen(datagram, name, entry[15], datagram.source.ip, group=group)
    return events


def _datagram_service(datagram: Datagram) -> list[Event] | None:
    """The sender's own name and address stand before every datagram (RFC 1002 §4.4.1)."""
    data = datagram.payload
    if len(data) < DATAGRAM_HEADER + NAME_SIZE or data[0] not in DATAGRAMS:
        return None
    name, suffix = decode_name(data[DATAGRAM_HEADER:])
    if suffix < 0:
        return None
    return _seen(datagram, name, suffix, ".".join(str(byte) for byte in data[4:8]), group=False)


def _seen(datagram: Datagram, name: str, suffix: int, ip: str, *, group: bool) -> list[Event]:
    """An event, if the suffix says what the host is. A group's name is only of use for domain controllers."""
    role = ROLES.get(suffix)
    if role is None or not name or (group and suffix not in GROUP_ROLES) or ip == "0.0.0.0":  # noqa: S104
        return []
    return [
        NameSeen(
            ts=datagram.ts,
            sensor=datagram.sensor,
            packet=datagram.packet,
            name=name,
            ip=ip,
            source=Service.NETBIOS,
            role=role,
        )
    ]


def _u16(data: bytes, position: int) -> int:
    return int.from_bytes(data[position : position + 2], "big")


PROTOCOL = DatagramProtocol(service=Service.NETBIOS, ports=(NAME_PORT, DATAGRAM_PORT), dissect=dissect)
