"""What a clean capture contains, read by other people's code: pynetdicom decodes, this module only joins segments.

It shares nothing with Leadapron, knows nothing of loss, and keeps everything in memory: it checks the truth
of the lab's own captures.
"""

import socket
import struct
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from io import BytesIO

from pydicom.dataset import Dataset
from pynetdicom.dsutils import decode
from pynetdicom.pdu import A_ASSOCIATE_AC, A_ASSOCIATE_RQ, P_DATA_TF

from lab.pcapfile import Packet

_SYN, _ACK = 0x02, 0x10
_RQ, _AC, _RJ, _DATA, _ABORT = 1, 2, 3, 4, 7
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
}


@dataclass(kw_only=True)
class Stream:
    """One TCP connection: who opened it, and the bytes each side sent."""

    client: str
    server: str
    port: int
    at: int
    first: int
    accepted: bool = False
    sent: bytearray = field(default_factory=bytearray)
    answered: bytearray = field(default_factory=bytearray)


def streams(packets: Sequence[Packet]) -> list[Stream]:
    """TCP connections that began in the capture. Segments seen twice, on two mirrors, count once."""
    table: dict[tuple[bytes, bytes], tuple[Stream, dict[bool, int]]] = {}
    found = []
    for packet in sorted(packets, key=lambda packet: packet.at):
        segment = _segment(packet.data)
        if segment is None:
            continue
        source, target, sequence, flags, payload = segment
        known = table.get((source, target))
        # The same SYN on another mirror has the same number; another number is a port used again.
        if flags & _SYN and not flags & _ACK and (known is None or known[0].first != sequence):
            stream = Stream(
                client=socket.inet_ntoa(source[:4]),
                server=socket.inet_ntoa(target[:4]),
                port=int.from_bytes(target[4:], "big"),
                at=packet.at,
                first=sequence,
            )
            table[source, target] = stream, {True: (sequence + 1) & 0xFFFFFFFF}
            found.append(stream)
        from_client = (source, target) in table
        entry = table.get((source, target)) or table.get((target, source))
        if entry is None:
            continue
        stream, expected = entry
        if flags & _SYN and flags & _ACK:
            stream.accepted = True
            expected.setdefault(False, (sequence + 1) & 0xFFFFFFFF)
        behind = (expected.get(from_client, sequence) - sequence) & 0xFFFFFFFF
        if behind < len(payload):
            (stream.sent if from_client else stream.answered).extend(payload[behind:])
            expected[from_client] = (sequence + len(payload)) & 0xFFFFFFFF
    return found


def _segment(frame: bytes) -> tuple[bytes, bytes, int, int, bytes] | None:
    """Endpoints (address and port), sequence number, flags and payload of a TCP segment over IPv4."""
    if frame[12:14] != b"\x08\x00" or len(frame) < 54 or frame[23] != socket.IPPROTO_TCP:
        return None
    start = 14 + (frame[14] & 0x0F) * 4
    end = 14 + int.from_bytes(frame[16:18], "big")
    sequence = int.from_bytes(frame[start + 4 : start + 8], "big")
    payload = frame[start + (frame[start + 12] >> 4) * 4 : end]
    source = frame[26:30] + frame[start : start + 2]
    target = frame[30:34] + frame[start + 2 : start + 4]
    return source, target, sequence, frame[start + 13], payload


@dataclass(kw_only=True)
class Association:
    """What pynetdicom read of one association."""

    stream: Stream
    calling: str
    called: str
    implementation: str
    version: str
    user: bool
    accepted: bool = False
    rejected: bool = False
    aborted: bool = False
    operations: Counter[str] = field(default_factory=Counter)
    studies: dict[str, Dataset] = field(default_factory=dict)
    destinations: list[str] = field(default_factory=list)


def associations(found: Sequence[Stream]) -> Iterator[Association]:
    """Every association that begins a connection in clear and that pynetdicom can decode."""
    for stream in found:
        if stream.sent[:2] != b"\x01\x00":
            continue
        try:
            request = A_ASSOCIATE_RQ()
            request.decode(next(_units(stream.sent))[1])
            information = request.user_information
        except (AssertionError, ValueError, struct.error, AttributeError, IndexError, KeyError):
            continue  # a malformed request on purpose
        if information is None:
            continue
        result = Association(
            stream=stream,
            calling=request.calling_ae_title.strip(),
            called=request.called_ae_title.strip(),
            implementation=str(information.implementation_class_uid or ""),
            version=(information.implementation_version_name or ""),
            user=information.user_identity is not None,
        )
        syntaxes: dict[int | None, str] = {}
        for kind, unit in [*_units(stream.answered), *_units(stream.sent)]:
            if kind == _AC:
                result.accepted = True
                answer = A_ASSOCIATE_AC()
                answer.decode(unit)
                syntaxes = {item.context_id: str(item.transfer_syntax) for item in answer.presentation_context}
            result.rejected |= kind == _RJ
            result.aborted |= kind == _ABORT
        for side in (stream.sent, stream.answered):
            _read_messages(side, syntaxes, result)
        yield result


def _units(content: bytearray) -> Iterator[tuple[int, bytes]]:
    """Protocol data units (PS3.8 §9.3): kind and bytes."""
    place = 0
    while place + 6 <= len(content):
        size = 6 + int.from_bytes(content[place + 2 : place + 6], "big")
        yield content[place], bytes(content[place : place + size])
        place += size


def _read_messages(content: bytearray, syntaxes: dict[int | None, str], result: Association) -> None:
    command, data, wanted = bytearray(), bytearray(), ""
    for kind, unit in _units(content):
        if kind != _DATA:
            continue
        pdu = P_DATA_TF()
        pdu.decode(unit)
        for item in pdu.presentation_data_value_items:
            carried = item.data or b"\x00"
            control, value = carried[0], carried[1:]
            (command if control & 1 else data).extend(value)
            if control == 3:
                message = decode(BytesIO(bytes(command)), True, True)
                command.clear()
                wanted = COMMANDS.get(message.CommandField, "")
                if wanted:
                    result.operations[wanted] += 1
                if wanted == "C-MOVE":
                    result.destinations.append(str(message.MoveDestination))
            elif control == 2:
                if wanted == "C-STORE":
                    implicit = syntaxes.get(item.context_id, "1.2.840.10008.1.2") == "1.2.840.10008.1.2"
                    stored = decode(BytesIO(bytes(data)), implicit, True)
                    result.studies.setdefault(str(stored.StudyInstanceUID), stored)
                data.clear()
