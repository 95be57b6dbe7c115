"""Captures from files, streams and folders."""

from __future__ import annotations

import bz2
import gzip
import io
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, cast

import pytest
import zstandard

from leadapron.model.errors import SourceError
from leadapron.see.capture import find_captures, open_capture
from tests.see.capture.builder import START, Frame, frames, pcap, pcapng
from tests.see.capture.reading import anomaly_names, read


def test_a_capture_is_read_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "hour.pcap"
    path.write_bytes(pcap(frames(3)))

    packets, capture = read(path)

    assert [packet.time - START for packet in packets] == [0, 1_000_000, 2_000_000]
    assert [packet.data[:4] for packet in packets] == [b"\0\0\0\0", b"\0\0\0\1", b"\0\0\0\2"]
    assert (capture.packets, capture.truncated, capture.drops, capture.complete) == (3, 0, 0, True)
    assert capture.size == capture.position == path.stat().st_size
    assert not capture.anomalies


Compress = Callable[[bytes], bytes]


def _multi(data: bytes, compress: Compress) -> bytes:
    half = len(data) // 2
    return compress(data[:half]) + compress(data[half:])


def _pzstd(data: bytes) -> bytes:
    return b"\x50\x2a\x4d\x18\x04\0\0\0\1\2\3\4" + zstandard.compress(data)


COMPRESSIONS: dict[str, Compress] = {
    "plain": lambda data: data,
    "gzip": gzip.compress,
    "gzip, two members": lambda data: _multi(data, gzip.compress),
    "gzip, padded": lambda data: gzip.compress(data) + bytes(512),
    "zstd": zstandard.compress,
    "zstd, two frames": lambda data: _multi(data, zstandard.compress),
    "zstd, skippable frame first": _pzstd,
}


@pytest.mark.parametrize("compression", COMPRESSIONS)
@pytest.mark.parametrize("write", [pcap, pcapng])
def test_compression_is_told_by_content_and_changes_nothing(
    tmp_path: Path, write: Callable[..., bytes], compression: str
) -> None:
    plain = write(frames(20_000, size=400))
    path = tmp_path / "misnamed.txt"
    path.write_bytes(COMPRESSIONS[compression](plain))

    expected, _ = read(plain)
    from_file, capture = read(path)
    from_stream, streamed = read(path.read_bytes())

    assert len(expected) == 20_000
    assert from_file == from_stream == expected
    assert capture.complete
    assert streamed.complete
    assert not capture.anomalies
    assert not streamed.anomalies
    assert capture.size == path.stat().st_size
    assert streamed.size is None
    padding = 512 if "padded" in compression else 0
    assert capture.size - padding <= capture.position <= capture.size


class Trickle(io.RawIOBase):
    """A pipe that gives a few bytes at a time and cannot seek."""

    def __init__(self, data: bytes) -> None:
        self.rest = data

    def readable(self) -> bool:
        return True

    def readinto(self, target: Any) -> int:
        piece, self.rest = self.rest[: min(len(target), 7)], self.rest[7:]
        target[: len(piece)] = piece
        return len(piece)


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_a_stream_may_give_few_bytes_at_a_time(compression: str) -> None:
    data = COMPRESSIONS[compression](pcapng(frames(50)))
    with open_capture(cast(BinaryIO, Trickle(data)), "pipe") as capture:
        assert sum(len(batch) for batch in capture) == 50
    assert capture.complete


def test_standard_input_is_a_stream(tmp_path: Path) -> None:
    path = tmp_path / "a.pcap"
    path.write_bytes(pcap(frames(5)))
    script = (
        "import sys; from leadapron.see.capture import open_capture; "
        "print(sum(len(b) for b in open_capture(sys.stdin.buffer, '-')))"
    )
    with path.open("rb") as stdin, subprocess.Popen(["cat"], stdin=stdin, stdout=subprocess.PIPE) as pipe:
        answer = subprocess.run([sys.executable, "-c", script], stdin=pipe.stdout, capture_output=True, check=True)
    assert answer.stdout.strip() == b"5"


def test_a_named_pipe_is_a_stream(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(pcap(frames(5)),))
    writer.start()
    packets, capture = read(pipe)
    writer.join()
    assert len(packets) == 5
    assert capture.size is None


def test_fingerprints_tell_captures_apart(tmp_path: Path) -> None:
    path = tmp_path / "a.pcap"
    path.write_bytes(pcap(frames(5)))
    first = open_capture(path, "a").fingerprint
    assert len(first) == 32
    assert open_capture(path, "again").fingerprint == first
    with path.open("ab") as stream:
        stream.write(bytes(1))
    assert open_capture(path, "longer").fingerprint != first
    one = open_capture(io.BytesIO(pcap(frames(5))), "-").fingerprint
    assert one == open_capture(io.BytesIO(pcap(frames(5))), "-").fingerprint
    assert one != open_capture(io.BytesIO(pcap(frames(6))), "-").fingerprint


def test_memory_stays_bounded_under_a_decompression_bomb() -> None:
    bomb = pcap([]) + pcap([Frame(bytes(200_000))])[24:] * 1_500
    script = (
        "import re, sys; from leadapron.see.capture import open_capture; "
        "n = sum(len(b) for b in open_capture(sys.stdin.buffer, '-')); "
        "print(n, int(re.search(r'VmHWM:\\s+(\\d+)', open('/proc/self/status').read())[1]) // 1024)"
    )
    for compressed in (gzip.compress(bomb), zstandard.compress(bomb)):
        assert len(compressed) < len(bomb) // 100
        answer = subprocess.run([sys.executable, "-c", script], input=compressed, capture_output=True, check=True)
        count, megabytes = map(int, answer.stdout.split())
        assert count == 1_500
        assert megabytes < 150


@pytest.mark.parametrize("compress", [gzip.compress, zstandard.compress])
@pytest.mark.parametrize("kept", [0.3, 0.9])
def test_cut_off_compressed_data_deliver_what_there_is(compress: Compress, kept: float) -> None:
    data = compress(pcap([Frame(os.urandom(400), START) for _ in range(5_000)]))
    packets, capture = read(data[: int(len(data) * kept)])
    assert len(packets) > 5_000 * kept - 600  # a zstd block or a deflate block may be lost
    assert not capture.complete
    assert capture.anomalies


def test_damaged_gzip_data_deliver_what_lies_before_the_damage() -> None:
    data = bytearray(gzip.compress(pcap(frames(1_000))))
    data[-8] ^= 0xFF  # the checksum
    packets, capture = read(bytes(data))
    assert len(packets) >= 999
    assert "capture.compression" in anomaly_names(capture)


REFUSED = {
    "is empty": b"",
    "is a text file": b"08:00 the scanner is up\n" * 10,
    "unpack it first": bz2.compress(b"x"),
    "is a DICOM file": bytes(128) + b"DICM",
    "convert it": b"snoop\0\0\0" + bytes(20),
    "is not a capture": bytes(range(256)),
}


@pytest.mark.parametrize("reason", REFUSED)
def test_what_is_not_a_capture_is_refused_in_one_sentence(tmp_path: Path, reason: str) -> None:
    path = tmp_path / "given"
    path.write_bytes(REFUSED[reason])
    for source in (path, io.BytesIO(REFUSED[reason])):
        with pytest.raises(SourceError, match=reason) as refused:
            open_capture(source, "given")
        assert str(refused.value).startswith("given ")
        assert "\n" not in str(refused.value)


def test_compressed_text_is_refused_too() -> None:
    for compress in (gzip.compress, zstandard.compress):
        with pytest.raises(SourceError, match="is a text file"):
            open_capture(io.BytesIO(compress(b"hello\n" * 100)), "given")
    with pytest.raises(SourceError, match="cannot be read"):
        open_capture(io.BytesIO(b"\x1f\x8b\x08" + bytes(range(50))), "given")


def test_missing_and_unreadable_sources_are_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="does not exist"):
        open_capture(tmp_path / "none", "none")
    with pytest.raises(SourceError, match="is a folder"):
        open_capture(tmp_path, "folder")
    with pytest.raises(SourceError, match="does not exist"):
        find_captures(tmp_path / "none")


def test_a_forbidden_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "secret.pcap"
    path.write_bytes(pcap(frames(1)))
    path.chmod(0)
    user = os.geteuid()
    try:
        if user == 0:
            os.seteuid(65534)  # root may read every file
        with pytest.raises(SourceError, match="may not be read"):
            open_capture(path, "secret.pcap")
    finally:
        os.seteuid(user)


def test_a_failing_disk_ends_the_capture() -> None:
    class Failing(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell() > 70_000:
                raise OSError(5, "input/output error")
            return super().read(size)

    with open_capture(Failing(pcap(frames(5_000))), "disk") as capture:
        assert sum(len(batch) for batch in capture) > 800
    assert not capture.complete
    assert "capture.unreadable" in anomaly_names(capture)


def test_a_folder_gives_its_captures_in_order_of_time(tmp_path: Path) -> None:
    deep = tmp_path / "day" / "night"
    deep.mkdir(parents=True)
    second = 1_000_000_000
    (tmp_path / "a.pcap").write_bytes(pcap([Frame(b"x" * 60, START + 2 * second)]))
    (tmp_path / "b.dump").write_bytes(gzip.compress(pcapng([Frame(b"x" * 60, START + second)])))
    (deep / "c").write_bytes(zstandard.compress(pcap([Frame(b"x" * 60, START)])))
    (deep / "d.pcap").write_bytes(pcap([Frame(b"x" * 60, START + 2 * second)]))
    (tmp_path / "notes.txt").write_text("not a capture")
    (tmp_path / ".hidden.pcap").write_bytes(pcap(frames(1)))
    (deep / "loop").symlink_to(tmp_path)
    (deep / "again.pcap").symlink_to(deep / "c")
    (deep / "nowhere").symlink_to(deep / "missing")

    found = find_captures(tmp_path)

    assert [path.resolve().name for path in found] == ["c", "b.dump", "a.pcap", "d.pcap"]
    assert find_captures(tmp_path / "a.pcap") == [tmp_path / "a.pcap"]


def test_a_folder_without_captures_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("not a capture")
    with pytest.raises(SourceError, match="no capture among the 1 files"):
        find_captures(tmp_path)
