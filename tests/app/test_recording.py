"""Events reach the workspace without holding up the loop, and none is lost or doubled on the way."""

from __future__ import annotations

import asyncio
import resource
from datetime import UTC, datetime
from pathlib import Path

from leadapron.app.recording import Recorder, absorb
from leadapron.model.events import GuardNotice
from leadapron.store import Journal, Workspace

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)


def notice(number: int) -> GuardNotice:
    return GuardNotice(ts=NOW, sensor="guard:one", packet=0, name="guard.started", detail=str(number))


def told(workspace: Path) -> list[str]:
    return [event.detail for event in Workspace.open(workspace).events(GuardNotice)]


def test_events_are_in_the_workspace_after_a_rest_and_at_the_end(tmp_path: Path) -> None:
    Workspace.create(tmp_path / "w")

    async def run() -> None:
        recorder = Recorder(tmp_path / "journal", tmp_path / "w", "guard:one", lambda _: None)
        recorder.record(notice(1))
        await recorder.rest()
        assert told(tmp_path / "w") == ["1"]
        recorder.record(notice(2))
        await recorder.rest()
        assert told(tmp_path / "w") == ["1", "2"]
        recorder.record(notice(3))
        await recorder.stop()

    asyncio.run(run())
    assert told(tmp_path / "w") == ["1", "2", "3"]
    assert not list((tmp_path / "journal").iterdir())


def test_what_a_killed_run_left_is_brought_to_rest_by_the_next(tmp_path: Path) -> None:
    Workspace.create(tmp_path / "w")
    journal = Journal(tmp_path / "journal")
    journal.append([notice(1), notice(2)], NOW)
    segment = journal.segment
    assert segment is not None
    absorb(tmp_path / "w", segment, f"guard:one:{segment.stem}")  # killed before it could remove the segment
    with segment.open("ab") as file:
        file.write(b"\0\0\1")

    async def run() -> None:
        recorder = Recorder(tmp_path / "journal", tmp_path / "w", "guard:one", lambda _: None)
        await recorder.rest()
        recorder.record(notice(3))
        await recorder.stop()

    asyncio.run(run())
    assert told(tmp_path / "w") == ["1", "2", "3"]


def test_a_workspace_that_cannot_be_written_is_an_alarm_and_nothing_is_lost(tmp_path: Path) -> None:
    alarms: list[GuardNotice] = []

    async def run() -> None:
        recorder = Recorder(tmp_path / "journal", tmp_path / "w", "guard:one", alarms.append)
        recorder.record(notice(1))
        await recorder.rest()
        assert [alarm.name for alarm in alarms] == ["workspace.unwritable"]
        Workspace.create(tmp_path / "w")
        await recorder.stop()

    asyncio.run(run())
    names = [event.name for event in Workspace.open(tmp_path / "w").events(GuardNotice)]
    assert names == ["guard.started", "workspace.unwritable"]


def test_a_full_disk_is_an_alarm_and_nothing_is_lost(tmp_path: Path) -> None:
    Workspace.create(tmp_path / "w")
    alarms: list[GuardNotice] = []

    async def run() -> None:
        recorder = Recorder(tmp_path / "journal", tmp_path / "w", "guard:one", alarms.append)
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (500, before[1]))
        try:
            for number in range(20):
                recorder.record(notice(number))
                await asyncio.sleep(0)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        assert recorder.waiting > 20
        recorder.record(notice(20))
        await recorder.stop()

    asyncio.run(run())
    assert [alarm.name for alarm in alarms] == ["journal.full", "journal.written"]
    said = told(tmp_path / "w")
    assert [word for word in said if word.isdigit()] == [str(number) for number in range(21)]
    assert len(said) == 23
