"""The pcapng format: sections, interfaces and their clocks, all kinds of packet blocks, and broken files."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadapron.see.capture.batch import BATCH_PACKETS, LATEST
from tests.see.capture.builder import (
    ETHERNET,
    RAW_IP,
    START,
    Frame,
    block,
    enhanced,
    frames,
    interface,
    obsolete,
    pcapng,
    section,
    simple,
    statistics,
)
from tests.see.capture.reading import anomaly_names, read


@pytest.mark.parametrize("order", ["<", ">"])
def test_packets_of_one_interface(order: str) -> None:
    packets, capture = read(pcapng(frames(3), order=order))
    assert [packet.time - START for packet in packets] == [0, 1_000_000, 2_000_000]
    assert [packet.data for packet in packets] == [frame.data for frame in frames(3)]
    assert capture.complete
    assert not capture.anomalies


def test_sections_of_either_byte_order_follow_each_other() -> None:
    data = pcapng(frames(2)) + pcapng(frames(3), order=">") + pcapng(frames(1))
    packets, capture = read(data)
    assert len(packets) == 6
    assert {packet.time - START for packet in packets} == {0, 1_000_000, 2_000_000}
    assert capture.complete


CLOCKS = {
    "default": (None, None, 1_000_000, 0),
    "nanoseconds": (9, None, 10**9, 0),
    "seconds": (0, None, 1, 0),
    "binary": (0x80 | 30, None, 2**30, 0),
    "shifted": (9, 3_600, 10**9, 3_600),
    "shifted back": (6, -50, 10**6, -50),
}


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("clock", CLOCKS)
def test_interfaces_have_their_own_clocks(clock: str, order: str) -> None:
    resolution, shift, ticks, seconds = CLOCKS[clock]
    frame = Frame(b"x" * 60, START + 123_456_789)
    data = section(order) + interface(resolution=resolution, shift=shift, order=order)
    packets, _ = read(data + enhanced(frame, order=order, ticks=ticks, shift=seconds))
    assert 0 <= frame.time - packets[0].time <= 10**9 // ticks + 1


@pytest.mark.parametrize("resolution", [0, 127, 0xFF])
@pytest.mark.parametrize("shift", [-(2**63), 2**63 - 1])
def test_impossible_clocks_stay_within_what_stores_hold(resolution: int, shift: int) -> None:
    head = struct.pack("<IIIII", 0, 0xFFFF_FFFF, 0xFFFF_FFFF, 0, 0)
    packets, _ = read(section() + interface(resolution=resolution, shift=shift) + block(6, head))
    assert packets[0].time in (0, LATEST)


def test_interfaces_of_several_link_types_never_share_a_batch() -> None:
    data = section() + interface(ETHERNET) + interface(RAW_IP, resolution=9) + interface(ETHERNET)
    order = [0, 2, 0, 1, 1, 0, 2]
    for number, which in enumerate(order):
        frame = Frame(bytes([number]), START + number * 1_000, interface=which)
        data += enhanced(frame, ticks=10**9 if which == 1 else 10**6)
    packets, capture = read(data)
    assert [packet.data[0] for packet in packets] == list(range(7))
    assert [packet.link_type for packet in packets] == [RAW_IP if which == 1 else ETHERNET for which in order]
    assert [packet.time - START for packet in packets] == [number * 1_000 for number in range(7)]
    assert capture.complete


def test_an_interface_may_come_late() -> None:
    data = section() + interface() + enhanced(Frame(b"a"))
    data += interface() + enhanced(Frame(b"b", START, interface=1)) + enhanced(Frame(b"c"))
    assert [packet.data for packet in read(data)[0]] == [b"a", b"b", b"c"]


@pytest.mark.parametrize("order", ["<", ">"])
def test_simple_and_obsolete_packet_blocks(order: str) -> None:
    data = section(order) + interface(order=order, snap=50) + interface(RAW_IP, order=order)
    data += enhanced(Frame(b"a" * 9), order=order)
    data += simple(b"b" * 50, original=90, order=order) + simple(b"c" * 7, order=order)
    data += obsolete(Frame(b"d" * 60, START + 5_000, original=70, interface=1), order=order)
    data += obsolete(Frame(b"e" * 60, START + 6_000), order=order)
    data += enhanced(Frame(b"f", START + 7_000), order=order)
    packets, capture = read(data)
    assert [packet.data[:1] for packet in packets] == [b"a", b"b", b"c", b"d", b"e", b"f"]
    assert [len(packet.data) for packet in packets] == [9, 50, 7, 60, 60, 1]
    assert [packet.time - START for packet in packets] == [0, 0, 0, 5_000, 6_000, 7_000]
    assert [packet.link_type for packet in packets] == [ETHERNET] * 3 + [RAW_IP] + [ETHERNET] * 2
    assert capture.truncated == 2


def test_drops_are_the_last_totals_of_each_interface() -> None:
    data = pcapng(frames(1), interfaces=2)
    data += statistics(0, dropped=5, os_dropped=1) + statistics(0, dropped=7, os_dropped=1)
    data += statistics(1, dropped=2, os_dropped=2**64 - 1) + statistics(9, dropped=100, os_dropped=0)
    data += pcapng(frames(1), order=">") + statistics(0, dropped=10, os_dropped=0, order=">")
    assert read(data)[1].drops == 20


def test_unknown_blocks_are_skipped_however_long() -> None:
    data = pcapng(frames(2)) + block(0x0BAD, bytes(20_000_000)) + enhanced(Frame(b"late"))
    packets, capture = read(data)
    assert packets[-1].data == b"late"
    assert capture.complete


def test_a_block_skipped_beyond_the_end_is_a_cut_off() -> None:
    data = pcapng(frames(2)) + block(0x0BAD, bytes(20_000_000))
    packets, capture = read(data[:15_000_000])
    assert len(packets) == 2
    assert not capture.complete


def test_packets_of_an_undescribed_interface_are_named_and_skipped() -> None:
    data = section() + enhanced(Frame(b"a")) * 3 + interface() + enhanced(Frame(b"b"))
    packets, capture = read(data)
    assert [packet.data for packet in packets] == [b"b"]
    assert anomaly_names(capture) == ["capture.interface"]


def test_many_packets_come_in_several_batches(tmp_path: Path) -> None:
    count = 2 * BATCH_PACKETS + 5
    path = tmp_path / "many"
    path.write_bytes(pcapng(frames(count, size=20)))
    for source in (path, path.read_bytes()):
        packets, capture = read(source)
        assert [int.from_bytes(packet.data[:4], "big") for packet in packets] == list(range(count))
        assert capture.complete


@pytest.mark.parametrize("order", ["<", ">"])
def test_cut_anywhere_the_whole_packets_are_delivered(order: str, tmp_path: Path) -> None:
    head = len(pcapng([], order=order))
    data = pcapng(frames(3), order=order) + simple(b"last", order=order)
    starts = [head + 92, head + 2 * 92, head + 3 * 92, len(data)]
    path = tmp_path / "cut"
    for end in range(4, len(data)):
        path.write_bytes(data[:end])
        for source in (path, data[:end]):
            packets, capture = read(source)
            assert len(packets) == sum(start <= end for start in starts)
            assert capture.complete == (end in (28, head, *starts))


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("field", [4, 20])
def test_after_an_absurd_length_reading_goes_on(order: str, field: int, tmp_path: Path) -> None:
    data = bytearray(pcapng(frames(3_000), order=order))
    head = len(pcapng([], order=order))
    struct.pack_into(order + "I", data, head + 92 * 1_000 + field, 0xFFFF_FFF0)
    path = tmp_path / "absurd"
    path.write_bytes(data)
    for source in (path, bytes(data)):
        packets, capture = read(source)
        assert len(packets) == 2_999
        assert [(anomaly.name, anomaly.packet) for anomaly in capture.anomalies] == [("capture.record-length", 1_000)]
        assert capture.complete


@given(junk=st.binary(max_size=2_000), order=st.sampled_from("<>"))
def test_any_bytes_after_a_header_never_raise(junk: bytes, order: str) -> None:
    packets, _ = read(pcapng([], order=order) + junk)
    assert sum(len(packet.data) for packet in packets) <= len(junk)


@given(data=st.data())
def test_any_change_of_a_sound_file_never_raises(data: st.DataObject) -> None:
    content = bytearray(pcapng(frames(2)) + simple(b"x" * 9) + obsolete(Frame(b"y" * 60)))
    content += statistics(0, dropped=1, os_dropped=2) + pcapng(frames(2), order=">")
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(4, len(content) - 1))] = data.draw(st.integers(0, 255))
    packets, capture = read(bytes(content))
    assert sum(len(packet.data) for packet in packets) <= len(content)
    assert 0 <= capture.drops <= LATEST
