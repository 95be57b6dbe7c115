"""Events of one source → Parquet files, a chunk at a time, each file complete the moment it has its name."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import date, datetime
from hashlib import blake2b
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from leadapron.model.events import Event
from leadapron.store.errors import WorkspaceError
from leadapron.store.schema import KINDS, kind_of, schema_of

CHUNK_EVENTS = 4096
"""Events held before they are written: bounds memory, and what a killed run can lose."""
_NAME = re.compile(r"(?P<source>.+)-(?P<chunk>\d{4,})\.parquet")


class EventFile(NamedTuple):
    """One Parquet file of a workspace; sorts in the order in which events are read back."""

    source: str
    chunk: int
    rank: int
    """Position of its kind in `KINDS`."""
    day: str
    path: Path


def slug(source_id: str) -> str:
    """A source's name as part of file names: readable, safe anywhere, and different for different sources."""
    words = re.sub(r"[^A-Za-z0-9.]+", "_", source_id).strip("._")[:40]
    return f"{words or 'source'}-{blake2b(source_id.encode(), digest_size=4).hexdigest()}"


def event_files(folder: Path) -> Iterator[EventFile]:
    """All event files under a workspace's `events` folder, unsorted; WorkspaceError names one that is not ours."""
    order = {kind: rank for rank, kind in enumerate(KINDS)}
    for path in folder.glob("*/day=*/*.parquet"):
        match = _NAME.fullmatch(path.name)
        kind = path.parent.parent.name
        if path.name.startswith("."):
            continue
        if match is None or kind not in order:
            raise WorkspaceError(f"{path}: not an event file of this version; move it out of the workspace")
        yield EventFile(match["source"], int(match["chunk"]), order[kind], path.parent.name, path)


class Writer:
    """Takes the events of one source, in any order of kinds.

    What an earlier run wrote of the same source disappears when the first new chunk is written. Use it as a context
    manager: leaving it, even by an exception, keeps what was written so far; `abort` throws it away.
    """

    def __init__(self, folder: Path, source_id: str) -> None:
        self._folder = folder
        self._slug = slug(source_id)
        self._pending: list[Event] = []
        self._chunk = 0
        self.events = 0
        """Events taken so far."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.commit()

    def write(self, event: Event) -> None:
        """Take one event; every `CHUNK_EVENTS` of them become files."""
        self._pending.append(event)
        if len(self._pending) >= CHUNK_EVENTS:
            self._flush()

    def commit(self) -> None:
        """Write what is pending. More events may follow; committing twice does no harm."""
        self._flush()

    def replace(self, events: Iterable[Event]) -> None:
        """Write all events of the source, in place of what was there; when that fails, what was there stays.

        Files take their names last event first, so that the event which announces the others comes when they are there.
        """
        drafts: list[tuple[Path, Path]] = []
        try:
            for event in events:
                self._pending.append(event)
                if len(self._pending) >= CHUNK_EVENTS:
                    drafts.extend(self._drafts())
            drafts.extend(self._drafts())
            for draft, path in reversed(drafts):
                _named(draft, path)
            self._remove_others({path for _, path in drafts})
        finally:
            self._pending.clear()
            for draft, _ in drafts:
                draft.unlink(missing_ok=True)

    def abort(self) -> None:
        """Forget what is pending and remove what was written."""
        self._pending.clear()
        if self._chunk:
            self.remove()
            self._chunk = 0
        self.events = 0

    def _flush(self) -> None:
        if not self._pending:
            return
        try:
            self._write_chunk()
        finally:
            # What could not be written is not tried again: half of it may lie there already.
            self._pending.clear()

    def _write_chunk(self) -> None:
        if not self._chunk:
            self.remove()
        for draft, path in self._drafts():
            _named(draft, path)

    def _drafts(self) -> Iterator[tuple[Path, Path]]:
        """Write what is pending beside its place: each file, and the name it will have."""
        self._chunk += 1
        groups: dict[tuple[type[Event], date], list[Event]] = defaultdict(list)
        for event in self._pending:
            groups[type(event), event.ts.date()].append(event)
        self._pending.clear()
        for (event_type, day), events in groups.items():
            yield self._draft(event_type, day, events)
            self.events += len(events)

    def _draft(self, event_type: type[Event], day: date, events: list[Event]) -> tuple[Path, Path]:
        folder = self._folder / kind_of(event_type) / f"day={day.isoformat()}"
        path = folder / f"{self._slug}-{self._chunk:04d}.parquet"
        draft = folder / f".{path.name}.{os.getpid()}.tmp"  # two programs may write the same source
        plain = msgspec.to_builtins(events, builtin_types=(datetime,))
        table = pa.Table.from_pylist(plain, schema=schema_of(event_type))
        try:
            folder.mkdir(parents=True, exist_ok=True)
            pq.write_table(table, draft, compression="zstd", store_schema=False)
        except OSError as error:
            with suppress(OSError):
                draft.unlink(missing_ok=True)
            raise _unwritable(path, error) from error
        return draft, path

    def remove(self) -> None:
        """Remove what is there of this source, written by this run or an earlier one."""
        self._remove_others(set())

    def _remove_others(self, kept: set[Path]) -> None:
        for file in event_files(self._folder):
            if file.source == self._slug and file.path not in kept:
                file.path.unlink(missing_ok=True)


def _named(draft: Path, path: Path) -> None:
    """Give a finished file its name."""
    try:
        draft.replace(path)
    except OSError as error:
        raise _unwritable(path, error) from error


def _unwritable(path: Path, error: OSError) -> WorkspaceError:
    return WorkspaceError(f"{path}: cannot be written ({error.strerror}); free space or rights?")
