"""Packet numbers, lengths and times equal tshark's on every kind of file."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.see.capture.builder import (
    RAW_IP,
    START,
    Frame,
    enhanced,
    frames,
    interface,
    obsolete,
    pcap,
    pcapng,
    section,
    statistics,
)
from tests.see.capture.reading import read

pytestmark = pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")

SLICED = [Frame(b"\0" * 40, START + 1, original=1_500), Frame(b"\0" * 60, START + 2)]

VARIANTS = {
    "little micro": pcap(frames(20)),
    "big micro": pcap(frames(20), order=">"),
    "little nano": pcap(frames(20, step=1_001), nano=True),
    "big nano": pcap(frames(20, step=1_001), nano=True, order=">"),
    "sliced": pcap(SLICED, nano=True),
    "pcapng little": pcapng(frames(20)),
    "pcapng big": pcapng(frames(20), order=">"),
    "sections": pcapng(frames(5)) + pcapng(frames(5), order=">"),
    "clocks": section()
    + interface(resolution=9, shift=3_600)
    + interface(RAW_IP, resolution=0x80 | 20)
    + enhanced(Frame(bytes(60), START + 123_456_789), ticks=10**9, shift=3_600)
    + enhanced(Frame(bytes(60), START + 500_000_000, interface=1), ticks=2**20)
    + statistics(0, dropped=4, os_dropped=0),
    "obsolete": section() + interface() + obsolete(Frame(bytes(60), START + 9_000)),
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_tshark_sees_the_same_packets(tmp_path: Path, variant: str) -> None:
    path = tmp_path / "capture"
    path.write_bytes(VARIANTS[variant])
    fields = ["-e", "frame.number", "-e", "frame.time_epoch", "-e", "frame.cap_len"]
    command = ["tshark", "-n", "-r", str(path), "-T", "fields", *fields]
    seen = []
    for line in subprocess.run(command, capture_output=True, check=True, text=True).stdout.splitlines():
        number, time, length = line.split("\t")
        seconds, fraction = time.split(".")
        seen.append((int(number), int(seconds) * 10**9 + int(fraction.ljust(9, "0")), int(length)))

    packets, capture = read(path)

    assert [(packet.number, packet.time, len(packet.data)) for packet in packets] == seen
    assert seen
    assert capture.complete
