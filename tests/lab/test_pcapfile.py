"""The lab's own capture reader and writer."""

import gzip
import struct
from pathlib import Path

import pytest

from lab import pcapfile
from lab.pcapfile import CaptureError, Packet

FRAME = bytes(range(60))


def block(kind: int, body: bytes, order: str = "<") -> bytes:
    body += bytes(-len(body) % 4)
    size = struct.pack(order + "I", len(body) + 12)
    return struct.pack(order + "I", kind) + size + body + size


def pcapng(order: str) -> bytes:
    """Two interfaces: microseconds by default, and nanoseconds."""
    section = block(0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1), order)
    micro = block(1, struct.pack(order + "HHI", 1, 0, 0), order)
    nano = block(1, struct.pack(order + "HHI", 1, 0, 0) + struct.pack(order + "HHB3xHH", 9, 1, 9, 0, 0), order)
    stamp = 1_700_000_000_123_456
    first = struct.pack(order + "IIIII", 0, stamp >> 32, stamp & 0xFFFFFFFF, 60, 80) + FRAME
    exact = stamp * 1000 + 789
    second = struct.pack(order + "IIIII", 1, exact >> 32, exact & 0xFFFFFFFF, 60, 60) + FRAME
    return section + micro + nano + block(6, first, order) + block(6, second, order)


@pytest.mark.parametrize("order", ["<", ">"])
def test_several_interfaces_become_one_list(tmp_path: Path, order: str) -> None:
    path = tmp_path / "two.pcapng"
    path.write_bytes(pcapng(order))

    assert pcapfile.read(path) == [
        Packet(at=1_700_000_000_123_456_000, data=FRAME, length=80, interface=0),
        Packet(at=1_700_000_000_123_456_789, data=FRAME, length=60, interface=1),
    ]


def test_a_compressed_capture_cut_in_mid_packet_gives_what_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "cut.pcap"
    pcapfile.write(path, [Packet(at=5, data=FRAME, length=60), Packet(at=6, data=FRAME, length=60)])
    path.write_bytes(gzip.compress(path.read_bytes()[:-10]))

    assert pcapfile.read(path) == [Packet(at=5, data=FRAME, length=60)]


def test_microseconds_and_the_other_byte_order(tmp_path: Path) -> None:
    path = tmp_path / "old.pcap"
    head = struct.pack(">IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
    path.write_bytes(head + struct.pack(">IIII", 7, 9, 60, 60) + FRAME)

    assert pcapfile.read(path) == [Packet(at=7_000_009_000, data=FRAME, length=60)]


def test_what_is_no_capture_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "letter.txt"
    path.write_text("Dear colleague, please find enclosed nothing.")

    with pytest.raises(CaptureError, match="neither pcap nor pcapng"):
        pcapfile.read(path)
