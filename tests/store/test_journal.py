"""Events survive the end of the program by any means, and a torn record costs only itself."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadapron.model.events import Event, GuardNotice
from leadapron.store.journal import Journal, read_segment

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)


def notices(count: int) -> list[Event]:
    return [
        GuardNotice(ts=NOW, sensor="guard:one", packet=0, name="guard.started", detail=str(n)) for n in range(count)
    ]


def test_what_was_appended_is_read_back(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal")
    journal.append(notices(2), NOW)
    journal.append(notices(1), NOW)
    assert journal.left() == []
    assert journal.events == 3
    journal.roll()
    (segment,) = journal.left()
    assert list(read_segment(segment)) == [*notices(2), *notices(1)]
    journal.append(notices(1), NOW)
    assert journal.left() == [segment]


def test_a_killed_program_loses_nothing_it_had_appended(tmp_path: Path) -> None:
    script = (
        "import sys, datetime; from pathlib import Path; from leadapron.store.journal import Journal\n"
        "from leadapron.model.events import GuardNotice\n"
        "now = datetime.datetime(2026, 11, 24, 8, tzinfo=datetime.UTC); journal = Journal(Path(sys.argv[1]))\n"
        "for n in range(1000):\n"
        "    journal.append([GuardNotice(ts=now, sensor='s', packet=0, name='x', detail=str(n))], now)\n"
        "print('ready', flush=True); sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        os.kill(process.pid, signal.SIGKILL)
    (segment,) = Journal(tmp_path).left()
    assert [event.detail for event in read_segment(segment) if isinstance(event, GuardNotice)] == [
        str(n) for n in range(1000)
    ]


@given(cut=st.integers(0, 400), flip=st.integers(0, 400), value=st.integers(0, 255))
@settings(max_examples=200, deadline=None)
def test_damage_never_raises_and_keeps_what_came_before(
    tmp_path_factory: pytest.TempPathFactory, cut: int, flip: int, value: int
) -> None:
    journal = Journal(tmp_path_factory.mktemp("journal"))
    journal.append(notices(3), NOW)
    segment = journal.segment
    assert segment is not None
    journal.roll()
    whole = segment.read_bytes()
    damaged = bytearray(whole)
    if flip < len(damaged):
        damaged[flip] = value
    segment.write_bytes(damaged[: len(whole) - min(cut, len(whole))])
    read = list(read_segment(segment))
    intact = min(flip, len(whole) - min(cut, len(whole)))
    assert read[: intact // (len(whole) // 3)] == notices(3)[: intact // (len(whole) // 3)]


def test_a_full_disk_leaves_whole_records(tmp_path: Path) -> None:
    """The limit of a file's size stands for a full disk: the record that does not fit leaves no half."""
    script = (
        "import sys, datetime, resource, signal; from pathlib import Path\n"
        "from leadapron.store.journal import Journal; from leadapron.model.events import GuardNotice\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN); resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "now = datetime.datetime(2026, 11, 24, 8, tzinfo=datetime.UTC); journal = Journal(Path(sys.argv[1]))\n"
        "for n in range(100):\n"
        "    try: journal.append([GuardNotice(ts=now, sensor='s', packet=0, name='x', detail=str(n))], now)\n"
        "    except OSError: print(n, journal.events); break\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=True, timeout=60
    )
    failed, events = map(int, ran.stdout.split())
    (segment,) = Journal(tmp_path).left()
    assert events == failed == len(list(read_segment(segment))) > 0
