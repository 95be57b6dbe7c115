"""Spoiled copies of captures: what changes is what the name says, and nothing else."""

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab import mangle, pcapfile
from lab.mangle import Kind
from lab.pcapfile import Packet

INNER = bytes.fromhex("aabbccddeeff112233445566") + b"\x08\x00"


def packets(count: int, size: int = 300) -> list[Packet]:
    seeded = random.Random(4)
    frames = [INNER + seeded.randbytes(size - 14) for _ in range(count)]
    return [
        Packet(at=number * 1_000_000, data=frame, length=size, interface=number % 2)
        for number, frame in enumerate(frames)
    ]


def test_a_copy_with_losses_keeps_the_order_and_most_packets(tmp_path: Path) -> None:
    source = tmp_path / "clean.pcap"
    pcapfile.write(source, packets(2000))

    kept = mangle.mangle(Kind.LOSS, pcapfile.read(source))

    assert 1950 < len(kept) < 2000
    assert [packet.at for packet in kept] == sorted(packet.at for packet in kept)
    assert {packet.data for packet in kept} < {packet.data for packet in packets(2000)}


@pytest.mark.parametrize("kind", list(Kind))
def test_every_kind_gives_the_same_copy_each_time_and_times_never_go_back(kind: Kind) -> None:
    first, second = (mangle.mangle(kind, packets(500)) for _ in range(2))

    assert first == second
    assert [packet.at for packet in first] == sorted(packet.at for packet in first)


def test_reordering_moves_packets_and_loses_none() -> None:
    clean = packets(2000)

    moved = mangle.reorder(clean)

    assert sorted(packet.data for packet in moved) == sorted(packet.data for packet in clean)
    late = sum(a.data != b.data for a, b in zip(clean, moved, strict=True))
    assert 0 < late < 600


def test_a_late_start_keeps_the_second_half() -> None:
    assert mangle.cut(packets(101)) == packets(101)[50:]


def test_snapping_keeps_the_length_on_the_wire() -> None:
    for packet in mangle.snap(packets(200, size=1500)):
        assert 96 <= len(packet.data) <= 256
        assert packet.length == 1500


def test_vlan_tags_name_the_mirrored_interface() -> None:
    tagged = mangle.vlan(packets(4))

    assert [packet.data[12:16].hex() for packet in tagged] == ["81000064", "81000065"] * 2
    assert [packet.data[:12] + packet.data[16:] for packet in tagged] == [packet.data for packet in packets(4)]
    assert all(packet.length == 304 for packet in tagged)


@pytest.mark.parametrize(
    ("kind", "overhead", "protocol"), [(Kind.GRE, 38, 47), (Kind.ERSPAN, 50, 47), (Kind.VXLAN, 50, 17)]
)
def test_tunnels_carry_the_whole_frame_in_a_sound_ip_packet(kind: Kind, overhead: int, protocol: int) -> None:
    for clean, wrapped in zip(packets(10), mangle.mangle(kind, packets(10)), strict=True):
        header = wrapped.data[14:34]
        assert wrapped.data[overhead:] == clean.data
        assert header[9] == protocol
        assert int.from_bytes(header[2:4], "big") == len(wrapped.data) - 14
        assert sum(int.from_bytes(header[n : n + 2], "big") for n in range(0, 20, 2)) % 0xFFFF == 0


@given(st.lists(st.tuples(st.integers(0, 2**60), st.binary(max_size=300)), max_size=30))
def test_what_is_written_is_read_back(tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[int, bytes]]) -> None:
    path = tmp_path_factory.mktemp("capture") / "any.pcap"
    clean = [Packet(at=at, data=data, length=len(data) + 3) for at, data in rows]

    pcapfile.write(path, clean)

    assert pcapfile.read(path) == clean
