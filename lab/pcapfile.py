"""Capture files, read and written plainly: enough for the lab's own captures and their mangled copies.

It shares nothing with Leadapron's reader on purpose: a mistake common to both would hide from the tests.
"""

import io
import struct
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

import zstandard

ETHERNET = 1
_MICRO, _NANO = 0xA1B2C3D4, 0xA1B23C4D
_SECTION, _INTERFACE, _PACKET = 0x0A0D0D0A, 1, 6
_BYTE_ORDER = 0x1A2B3C4D
_TIME_RESOLUTION = 9  # option of an interface block
_SNAPLEN = 262_144


class CaptureError(ValueError):
    """The file is no capture this module can read; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Packet:
    """One frame: time in nanoseconds since 1970, bytes, true length on the wire, link type, interface number."""

    at: int
    data: bytes
    length: int
    link: int = ETHERNET
    interface: int = 0

    def with_data(self, data: bytes) -> "Packet":
        """The same packet, re-wrapped: the length on the wire grows or shrinks as the bytes do."""
        return replace(self, data=data, length=self.length + len(data) - len(self.data))

    def cut(self, snap: int) -> "Packet":
        """The same packet, of which only `snap` bytes were kept."""
        return replace(self, data=self.data[:snap])


def read(path: Path) -> list[Packet]:
    """Every packet of a pcap or pcapng file, plain, gzip or zstd, in file order. Raises CaptureError."""
    content = path.read_bytes()
    if content[:2] == b"\x1f\x8b":
        content = zlib.decompress(content, wbits=31)
    elif content[:4] == b"\x28\xb5\x2f\xfd":
        content = zstandard.ZstdDecompressor().stream_reader(content, read_across_frames=True).read()
    if len(content) >= 24 and content[:4] == _SECTION.to_bytes(4, "big"):
        return list(_read_pcapng(io.BytesIO(content)))
    return list(_read_pcap(content))


def _read_pcap(content: bytes) -> Iterator[Packet]:
    for order in "<>":
        magic = struct.unpack_from(order + "I", content.ljust(4, b"\0"))[0]
        if magic in (_MICRO, _NANO):
            break
    else:
        raise CaptureError("neither pcap nor pcapng")
    scale = 1 if magic == _NANO else 1000
    link = struct.unpack_from(order + "I", content, 20)[0]
    place = 24
    while place + 16 <= len(content):
        seconds, fraction, kept, length = struct.unpack_from(order + "IIII", content, place)
        data = content[place + 16 : place + 16 + kept]
        if len(data) < kept:
            return  # cut off in the middle of a packet
        yield Packet(at=seconds * 1_000_000_000 + fraction * scale, data=data, length=length, link=link)
        place += 16 + kept


def _read_pcapng(stream: BinaryIO) -> Iterator[Packet]:
    order, interfaces = "<", list[tuple[int, int]]()
    while len(head := stream.read(8)) == 8:
        kind = struct.unpack(order + "I", head[:4])[0]
        if kind == _SECTION:
            mark = stream.read(4)
            order = "<" if mark == _BYTE_ORDER.to_bytes(4, "little") else ">"
            stream.seek(-4, io.SEEK_CUR)
            interfaces = []
        size = struct.unpack(order + "I", head[4:])[0]
        body = stream.read(size - 12)
        if size < 12 or len(body) < size - 12:
            return  # cut off in the middle of a block
        stream.read(4)
        if kind == _INTERFACE:
            interfaces.append((struct.unpack_from(order + "H", body)[0], _ticks(body[8:], order)))
        elif kind == _PACKET:
            number, high, low, kept, length = struct.unpack_from(order + "IIIII", body)
            link, ticks = interfaces[number]
            at = (high << 32 | low) * 1_000_000_000 // ticks
            yield Packet(at=at, data=body[20 : 20 + kept], length=length, link=link, interface=number)


def _ticks(options: bytes, order: str) -> int:
    """Ticks a second of an interface's clock (default: microseconds)."""
    place = 0
    while place + 4 <= len(options):
        code, size = struct.unpack_from(order + "HH", options, place)
        if code == _TIME_RESOLUTION:
            value = options[place + 4]
            return int(2 ** (value & 0x7F)) if value & 0x80 else int(10**value)
        place += 4 + size + (-size % 4)
    return 1_000_000


def write(path: Path, packets: Iterable[Packet], link: int = ETHERNET) -> int:
    """Write a pcap with nanoseconds, one interface; return how many packets it holds."""
    count = 0
    with path.open("wb") as stream:
        stream.write(struct.pack("<IHHiIII", _NANO, 2, 4, 0, 0, _SNAPLEN, link))
        for packet in packets:
            seconds, fraction = divmod(packet.at, 1_000_000_000)
            stream.write(struct.pack("<IIII", seconds, fraction, len(packet.data), packet.length))
            stream.write(packet.data)
            count += 1
    return count
