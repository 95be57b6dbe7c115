"""What a person may name as a source, and what each is called afterwards."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

import pytest

from leadapron.app import demo_source, find_sources, seed_of
from leadapron.app.sources import LiveStream
from leadapron.model.errors import SourceError
from tests.app.captures import START, capture, echo


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    path = tmp_path / "trace.pcap"
    path.write_bytes(capture(echo().frames))
    return path


def test_a_file_is_a_source_by_its_name(trace: Path) -> None:
    (group,) = find_sources([str(trace)])
    (piece,) = group.pieces
    assert piece.name == "trace.pcap"
    assert group.size == piece.size == trace.stat().st_size
    with piece.open() as opened:
        assert sum(len(batch.offsets) for batch in opened) == len(echo().frames)


def test_the_same_content_is_the_same_source_whatever_its_name(trace: Path) -> None:
    copy = trace.with_name("copy.pcap")
    copy.write_bytes(trace.read_bytes())
    assert len(find_sources([str(trace), str(copy), str(trace)])) == 1
    assert seed_of(find_sources([str(trace)])) == seed_of(find_sources([str(copy)]))


def test_a_folder_is_one_source_in_order_of_time(tmp_path: Path, trace: Path) -> None:
    (tmp_path / "a.pcap").write_bytes(capture(echo().frames, start=START + 10**12))
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "deep" / "er" / "z é.pcap").write_bytes(capture(echo().frames, start=START - 10**12))
    (group,) = find_sources([str(tmp_path)])
    assert [piece.name for piece in group.pieces] == ["deep/er/z é.pcap", "trace.pcap", "a.pcap"]


def test_two_files_of_one_name_stay_apart_in_evidence(tmp_path: Path) -> None:
    paths = [tmp_path / day / "trace.pcap" for day in ("mon", "tue")]
    for number, path in enumerate(paths):
        path.parent.mkdir()
        path.write_bytes(capture(echo().frames, start=START + number * 10**12))
    names = [group.pieces[0].name for group in find_sources(list(map(str, paths)))]
    assert names[0] == "trace.pcap"
    assert names[1].startswith("trace.pcap (")


def test_a_named_pipe_is_opened_once(tmp_path: Path, trace: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    sender = threading.Thread(target=pipe.write_bytes, args=(trace.read_bytes(),))
    sender.start()
    (group,) = find_sources([str(pipe)])
    with group.pieces[0].open() as opened:
        assert sum(len(batch.offsets) for batch in opened) == len(echo().frames)
    sender.join()
    assert group.size == 0


def test_ctrl_c_is_the_end_of_a_stream() -> None:
    reading, writing = os.pipe()
    stream = LiveStream(reading)
    threading.Timer(0.2, signal.pthread_kill, [threading.main_thread().ident, signal.SIGINT]).start()
    assert stream.read(100) == b""
    assert stream.stopped
    os.write(writing, b"too late")
    assert stream.read(100) == b""
    os.close(writing)
    stream.close()


def test_the_demo_is_a_source() -> None:
    assert demo_source().pieces[0].name == "department.pcapng.zst"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "no source given"),
        (["-", "-"], "only once"),
        ([""], "empty name"),
        (["/does/not/exist.pcap"], "does not exist"),
    ],
)
def test_what_is_no_source_is_refused(arguments: list[str], words: str) -> None:
    with pytest.raises(SourceError, match=words):
        find_sources(arguments)


def test_a_file_that_is_gone_is_a_source_error(trace: Path) -> None:
    (group,) = find_sources([str(trace)])
    trace.unlink()
    with pytest.raises(SourceError, match=r"trace\.pcap does not exist"):
        group.pieces[0].open()
