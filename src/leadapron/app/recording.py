"""What a sensor that never stops has seen: into a journal at once, into the workspace in a process of its own."""

from __future__ import annotations

import asyncio
import multiprocessing
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

from leadapron.model.errors import LeadapronError
from leadapron.model.events import Event, GuardNotice
from leadapron.store import Journal, Workspace, read_segment

REST_EVERY = 60.0
"""Seconds between two Parquet files of what is in the journal."""
TASKS = 60
"""Parquet files that one process writes."""
SEGMENT_EVENTS = 20_000
SEGMENT_AGE = timedelta(hours=1)
MOST_WAITING = 200_000
"""Events kept in memory while the journal cannot be written; beyond, they are counted as lost."""


def _pool() -> ProcessPoolExecutor:
    """One process, made anew after an hour: what Arrow has once allocated it does not give back."""
    return ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"), max_tasks_per_child=TASKS)


class Recorder:
    """Takes events from the loop that moves images, and brings them to the workspace without holding it up."""

    def __init__(self, folder: Path, workspace: Path, sensor: str, alarm: Callable[[GuardNotice], None]) -> None:
        """`folder` holds the journal. `alarm` is told when it or the workspace cannot be written."""
        self._journal = Journal(folder)
        self._workspace, self._sensor, self._alarm = workspace, sensor, alarm
        self._waiting: list[Event] = []
        self._scheduled = self._failing = self._unwritable = False
        self._started = datetime.now(UTC)
        self._rested = 0
        """Events of the current segment that are in the workspace."""
        self._task: asyncio.Task[None] | None = None
        self._pool = _pool()
        self.lost = 0

    @property
    def waiting(self) -> int:
        """Events that are not in the workspace yet."""
        return len(self._waiting) + max(0, self._journal.events - self._rested)

    def record(self, event: Event) -> None:
        """Take one event; it is in the journal when the loop comes round."""
        if len(self._waiting) >= MOST_WAITING:
            self.lost += 1
            return
        self._waiting.append(event)
        if not self._scheduled:
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self._write)

    def _write(self) -> None:
        self._scheduled = False
        if not self._waiting:
            return
        now = datetime.now(UTC)
        try:
            if self._journal.segment is None:
                self._started, self._rested = now, 0
            self._journal.append(self._waiting, now)
        except OSError as error:
            self._cannot_write(error, now)
            return
        self._waiting.clear()
        if self._failing:
            self._failing = False
            lost, self.lost = self.lost, 0
            self._tell("journal.written", f"lost {lost}" if lost else "", now)

    def _cannot_write(self, error: OSError, now: datetime) -> None:
        """Tell once, and try again with each new event and each rest."""
        if not self._failing:
            self._failing = True
            self._tell("journal.full", error.strerror or "", now)

    def _tell(self, name: str, detail: str, now: datetime) -> None:
        """To whoever watches, and for later."""
        notice = self._notice(name, detail, now)
        self._alarm(notice)
        self.record(notice)

    def _notice(self, name: str, detail: str, now: datetime) -> GuardNotice:
        return GuardNotice(ts=now, sensor=self._sensor, packet=0, name=name, alarm=True, detail=detail)

    async def start(self) -> None:
        """Begin to bring events to rest, those first that an earlier run left."""
        self._task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        while True:
            await self.rest()
            await asyncio.sleep(REST_EVERY)

    async def rest(self) -> None:
        """Everything in the journal into the workspace; complete segments are removed after it."""
        self._write()
        journal = self._journal
        aged = datetime.now(UTC) - self._started > SEGMENT_AGE
        if journal.segment is not None and (journal.events >= SEGMENT_EVENTS or aged):
            journal.roll()
        for segment in journal.left():
            if await self._absorb(segment):
                segment.unlink(missing_ok=True)
        if journal.segment is not None and journal.events > self._rested:
            events = journal.events
            if await self._absorb(journal.segment):
                self._rested = events

    async def _absorb(self, segment: Path) -> bool:
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(self._pool, absorb, self._workspace, segment, f"{self._sensor}:{segment.stem}")
        except BrokenExecutor:
            self._pool = _pool()
            return False
        except (LeadapronError, OSError) as error:
            if not self._unwritable:
                self._unwritable = True
                self._tell("workspace.unwritable", type(error).__name__, datetime.now(UTC))
            return False
        self._unwritable = False
        return True

    async def stop(self) -> None:
        """Bring all to rest, once more."""
        if self._task is not None:
            self._task.cancel()
        self._write()
        self._journal.roll()
        await self.rest()
        self._pool.shutdown()
        if self._waiting:  # the disk is still full
            self._alarm(self._notice("journal.lost", f"lost {self.lost + len(self._waiting)}", datetime.now(UTC)))


def absorb(workspace: Path, segment: Path, source: str) -> int:
    """The events of a segment become a workspace's, in place of what an earlier call wrote of it; returns how many."""
    events = list(read_segment(segment))
    if events:
        Workspace.open(workspace).keep(source, events)
    return len(events)
