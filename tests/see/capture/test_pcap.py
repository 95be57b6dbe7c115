"""The pcap format: every variant, and what broken files do."""

from __future__ import annotations

import random
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadapron.see.capture import MAX_RECORD
from leadapron.see.capture.batch import BATCH_PACKETS
from tests.see.capture.builder import ETHERNET, RAW_IP, START, Frame, frames, pcap
from tests.see.capture.reading import anomaly_names, read


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("nano", [False, True])
def test_both_byte_orders_and_both_clocks(order: str, nano: bool) -> None:
    written = [Frame(b"a" * 60, START + 123_456_789), Frame(b"", START), Frame(b"b" * 9, START, original=900)]
    packets, capture = read(pcap(written, order=order, nano=nano, link_type=RAW_IP))
    unit = 1 if nano else 1_000
    assert [packet.data for packet in packets] == [frame.data for frame in written]
    assert [packet.time for packet in packets] == [frame.time // unit * unit for frame in written]
    assert {packet.link_type for packet in packets} == {RAW_IP}
    assert (capture.truncated, capture.complete) == (1, True)


def test_the_upper_half_of_the_link_type_is_not_part_of_it() -> None:
    packets, _ = read(pcap(frames(1), link_type=0x5400_0000 | ETHERNET))
    assert packets[0].link_type == ETHERNET


def test_a_capture_without_packets_is_a_capture() -> None:
    packets, capture = read(pcap([]))
    assert packets == []
    assert capture.complete


def test_many_packets_come_in_several_batches() -> None:
    count = 2 * BATCH_PACKETS + 5
    packets, capture = read(pcap(frames(count, size=20)))
    assert [int.from_bytes(packet.data[:4], "big") for packet in packets] == list(range(count))
    assert capture.complete


@pytest.mark.parametrize("order", ["<", ">"])
def test_cut_anywhere_the_whole_packets_are_delivered(order: str, tmp_path: Path) -> None:
    data = pcap(frames(4), order=order)
    path = tmp_path / "cut.pcap"
    for end in range(4, len(data)):
        path.write_bytes(data[:end])
        for source in (path, data[:end]):
            packets, capture = read(source)
            assert len(packets) == max(0, end - 24) // 76
            whole = end >= 24 and (end - 24) % 76 == 0
            assert capture.complete == whole
            assert anomaly_names(capture) == ([] if whole else ["capture.cut-off"])


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("length", [0xFFFF_FFFF, 0x7FFF_FFFF, MAX_RECORD + 1])
def test_after_an_absurd_length_reading_goes_on(order: str, length: int, tmp_path: Path) -> None:
    data = bytearray(pcap(frames(3_000), order=order))
    struct.pack_into(order + "I", data, 24 + 76 * 1_000 + 8, length)
    path = tmp_path / "absurd.pcap"
    path.write_bytes(data)
    for source in (path, bytes(data)):
        packets, capture = read(source)
        assert len(packets) == 2_999
        assert anomaly_names(capture) == ["capture.record-length"]
        assert capture.anomalies[0].packet == 1_000
        assert capture.complete
        assert capture.truncated == 0


def test_an_absurd_first_length_is_survived() -> None:
    data = bytearray(pcap(frames(100)))
    struct.pack_into("<I", data, 24 + 8, 0xFFFF_FFFF)
    assert len(read(bytes(data))[0]) == 99


def test_random_bytes_under_a_valid_header_end_quickly() -> None:
    packets, capture = read(pcap([]) + random.Random(1).randbytes(10_000_000))
    assert len(packets) < 10
    assert not capture.complete
    assert anomaly_names(capture)[-1] == "capture.record-length"


def test_a_length_field_of_4_gigabytes_in_every_record_is_given_up() -> None:
    record = struct.pack("<IIII", START // 10**9, 0, 60, 60) + bytes(60)
    broken = struct.pack("<IIII", START // 10**9, 0, 0xFFFF_FFFF, 60)
    packets, capture = read(pcap([]) + (record * 3 + broken) * 2_000)
    assert len(packets) >= 300
    assert not capture.complete
    assert len(capture.anomalies) < 200


@given(junk=st.binary(max_size=2_000), order=st.sampled_from("<>"))
def test_any_bytes_after_a_header_never_raise(junk: bytes, order: str) -> None:
    packets, _ = read(pcap([], order=order) + junk)
    assert sum(len(packet.data) for packet in packets) <= len(junk)


@given(data=st.data())
def test_any_change_of_a_sound_file_never_raises(data: st.DataObject) -> None:
    content = bytearray(pcap(frames(6), nano=data.draw(st.booleans())))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(4, len(content) - 1))] = data.draw(st.integers(0, 255))
    packets, _ = read(bytes(content))
    assert sum(len(packet.data) for packet in packets) <= len(content)
