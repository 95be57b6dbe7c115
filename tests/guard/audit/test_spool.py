"""The spool loses nothing: not when the reader is away, not when the writer is killed, not when the disk is full."""

import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
from itertools import accumulate
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadapron.guard.audit.spool import HEADER, SMALLEST, Spool, SpoolFullError
from leadapron.model.errors import UsageError

PLENTY = 1 << 30


def everything(spool: Spool, number: int = 0, most: int = 1000) -> list[tuple[int, bytes]]:
    found: list[tuple[int, bytes]] = []
    while batch := spool.read(number, most):
        found += batch
        number = batch[-1][0] + 1
    return found


def fill(spool: Spool) -> int:
    """Records of 1006 bytes until there is no room for another; returns how many."""
    for kept in range(100_000):
        try:
            spool.append(b"%06d" % kept + bytes(1000))
        except SpoolFullError:
            return kept
    raise AssertionError("the spool took everything")


def segments(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.spool"))


def test_records_wait_in_order_until_they_are_confirmed(tmp_path: Path) -> None:
    spool = Spool(tmp_path, PLENTY)
    assert [spool.append(text) for text in (b"one", b"two", b"three")] == [0, 1, 2]
    assert spool.read(0, 1000) == [(0, b"one"), (1, b"two"), (2, b"three")]
    spool.confirm(2)
    assert spool.waiting == 1
    spool.close()

    again = Spool(tmp_path, PLENTY)
    assert again.confirmed == 2
    assert everything(again, again.confirmed) == [(2, b"three")]
    assert again.append(b"four") == 3
    again.close()


def test_delivered_segments_are_removed(tmp_path: Path) -> None:
    spool = Spool(tmp_path, 16 * SMALLEST)
    payload = b"x" * 1000
    for _ in range(300):
        spool.append(payload)
    assert len(segments(tmp_path)) > 3
    assert len(everything(spool)) == 300
    spool.confirm(300)
    assert len(segments(tmp_path)) == 1
    assert spool.size == segments(tmp_path)[0].stat().st_size
    spool.close()


def test_a_full_spool_keeps_the_oldest_and_takes_again_what_fits(tmp_path: Path) -> None:
    spool = Spool(tmp_path, 2 * SMALLEST)
    kept = fill(spool)
    with pytest.raises(SpoolFullError, match="bytes are taken"):
        spool.append(bytes(1006))
    assert spool.size <= 2 * SMALLEST
    assert [int(payload[:6]) for _, payload in everything(spool)] == list(range(kept))
    spool.confirm(kept)
    assert spool.append(b"after") == kept
    assert everything(spool, kept) == [(kept, b"after")]
    spool.close()


def test_one_process_at_a_time(tmp_path: Path) -> None:
    spool = Spool(tmp_path, PLENTY)
    with pytest.raises(UsageError, match="another guard"):
        Spool(tmp_path, PLENTY)
    spool.close()
    Spool(tmp_path, PLENTY).close()


@given(st.lists(st.binary(max_size=60).map(lambda payload: payload + b"x"), max_size=12), st.data())
def test_any_torn_end_is_cut_and_what_was_whole_stays(payloads: list[bytes], data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        spool = Spool(folder, PLENTY)
        for payload in payloads:
            spool.append(payload)
        spool.close()
        (file,) = segments(folder)
        cut = data.draw(st.integers(0, file.stat().st_size))
        os.truncate(file, cut)
        if data.draw(st.booleans()):
            with file.open("ab") as end:
                end.write(bytes(data.draw(st.integers(1, 40))))  # as some file systems leave after a power cut
        ends = [0, *accumulate(HEADER.size + len(payload) for payload in payloads)]
        whole = sum(end <= cut for end in ends[1:])
        torn = file.stat().st_size - ends[whole]
        again = Spool(folder, PLENTY)
        assert [payload for _, payload in everything(again)] == payloads[:whole]
        assert again.torn == torn
        assert again.append(b"next") == whole
        assert everything(again, whole) == [(whole, b"next")]
        again.close()


@given(st.integers(0, 10_000), st.integers(1, 255))
def test_a_flipped_byte_costs_what_is_behind_it_in_its_segment_and_no_more(place: int, flip: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        spool = Spool(folder, 16 * SMALLEST)
        for number in range(150):
            spool.append(b"%06d" % number + bytes(994))
        spool.confirm(0)
        first, second, *_ = segments(folder)
        following = int(second.stem)
        with first.open("r+b") as file:
            file.seek(place)
            byte = file.read(1)
            file.seek(place)
            file.write(bytes([byte[0] ^ flip]))
        bad = place // (HEADER.size + 1000)
        for _ in range(2):  # read twice, counted once
            numbers = [number for number, _ in everything(spool)]
            assert numbers == [*range(bad), *range(following, 150)]
        assert spool.damaged == following - bad
        spool.close()


def test_a_cursor_ahead_of_the_records_uses_no_number_twice(tmp_path: Path) -> None:
    """After a power cut: the last records were sent and confirmed, but had not come to the disk."""
    spool = Spool(tmp_path, PLENTY)
    for _ in range(5):
        spool.append(b"x")
    spool.confirm(5)
    spool.close()
    os.truncate(segments(tmp_path)[0], 3 * (HEADER.size + 1))
    again = Spool(tmp_path, PLENTY)
    assert again.append(b"new") == 5
    assert everything(again, again.confirmed) == [(5, b"new")]
    again.close()


def test_a_broken_cursor_sends_again(tmp_path: Path) -> None:
    spool = Spool(tmp_path, PLENTY)
    spool.append(b"x")
    spool.confirm(1)
    spool.close()
    (tmp_path / "cursor").write_text("?")
    again = Spool(tmp_path, PLENTY)
    assert everything(again, again.confirmed) == [(0, b"x")]
    again.close()


def test_a_disk_that_refuses_leaves_no_half_record(tmp_path: Path) -> None:
    """By the limit of file sizes, in a child: as ENOSPC does, it cuts a record in the middle."""
    script = f"""
import resource
from pathlib import Path
from leadapron.guard.audit.spool import Spool
spool = Spool(Path({str(tmp_path)!r}), 1 << 30)
resource.setrlimit(resource.RLIMIT_FSIZE, (5000, resource.RLIM_INFINITY))
kept = refused = 0
for _ in range(8):
    try:
        spool.append(bytes(900)); kept += 1
    except OSError:
        refused += 1
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
spool.append(b"after")
print(kept, refused, [len(payload) for _, payload in spool.read(0, 100000)])
"""
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=30)
    assert run.stdout.strip() == f"5 3 {[900] * 5 + [5]}"
    again = Spool(tmp_path, PLENTY)
    assert again.torn == 0
    assert len(everything(again)) == 6
    again.close()
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY


WRITER = """
import os, sys
from pathlib import Path
from leadapron.guard.audit.spool import Spool
spool = Spool(Path(sys.argv[1]), 1 << 30)
said = os.open(sys.argv[2], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
while True:
    number = spool.next
    spool.append(b"%d " % number + bytes(number * 37 % 5000))
    os.write(said, b"%d\\n" % number)
    if number % 50 == 0:
        spool.sync()
        spool.confirm(max(0, number - 400))
"""


def test_a_writer_killed_anywhere_loses_nothing_it_said_it_kept(tmp_path: Path) -> None:
    chance = random.Random(5)
    folder, said = tmp_path / "spool", tmp_path / "said"
    for _ in range(6):
        said.write_bytes(b"")
        writer = subprocess.Popen([sys.executable, "-c", WRITER, str(folder), str(said)])
        while not said.stat().st_size:
            assert writer.poll() is None
            time.sleep(0.005)
        time.sleep(chance.uniform(0.0, 0.2))
        writer.send_signal(signal.SIGKILL)
        writer.wait()
        last = int(said.read_bytes().rpartition(b"\n")[0].rpartition(b"\n")[2])
        spool = Spool(folder, PLENTY)
        assert spool.next in (last + 1, last + 2)  # kept, but killed before it could say so
        found = everything(spool, spool.confirmed, 1 << 20)
        assert [number for number, _ in found] == list(range(spool.confirmed, spool.next))
        assert all(payload == b"%d " % number + bytes(number * 37 % 5000) for number, payload in found)
        spool.close()
