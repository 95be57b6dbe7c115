"""A workspace: one folder that holds all that was observed, and the key that keeps its pseudonyms its own.

workspace.toml                                            format version
key                                                       32 secret bytes, readable by the owner only
events/<kind>/day=YYYY-MM-DD/<source>-NNNN.parquet        events (docs/adr/0001)
"""

from __future__ import annotations

import os
import secrets
import tempfile
import tomllib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from typing import TypeVar, overload

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from leadapron.model.events import Event
from leadapron.store.columns import rows
from leadapron.store.errors import WorkspaceError
from leadapron.store.schema import KINDS, kind_of
from leadapron.store.writer import EventFile, Writer, event_files, slug

FORMAT = 1
"""Raised when older programs could misread what newer ones write."""
KEY_BYTES = 32
SLICE_ROWS = 1024
"""Rows turned into events at once: bounds memory while reading."""

E = TypeVar("E", bound=Event)


class Workspace:
    """An open workspace. Made by `create`, `open` or `ephemeral`."""

    def __init__(self, path: Path, key: bytes) -> None:
        self.path = path
        self.key = key
        """Secret of the pseudonyms: without it, a hashed identifier cannot be compared with one of another place."""
        self._events = path / "events"
        # Arrow's default allocator keeps freed memory for itself: a sensor must stay small.
        pa.set_memory_pool(pa.system_memory_pool())

    @classmethod
    def create(cls, path: Path) -> Workspace:
        """A new workspace in a folder that is missing or empty."""
        if path.exists() and (not path.is_dir() or any(path.iterdir())):
            raise WorkspaceError(f"{path}: exists and is not an empty folder; name another place for the workspace")
        return cls._make(path, secrets.token_bytes(KEY_BYTES))

    @classmethod
    def open(cls, path: Path) -> Workspace:
        """A workspace that exists."""
        settings = path / "workspace.toml"
        try:
            found = tomllib.loads(settings.read_text(encoding="utf-8")).get("format")
            key = (path / "key").read_bytes()
        except FileNotFoundError as error:
            message = f"{path}: no workspace here ({error.filename} is missing); `assess --workspace` makes one"
            raise WorkspaceError(message) from error
        except OSError as error:
            raise WorkspaceError(f"{path}: the workspace cannot be read ({error.strerror})") from error
        except ValueError as error:
            raise WorkspaceError(f"{settings}: damaged ({error})") from error
        if found != FORMAT:
            raise WorkspaceError(f"{path}: workspace format {found}, this program reads {FORMAT}; update Leadapron")
        if len(key) != KEY_BYTES:
            raise WorkspaceError(f"{path / 'key'}: damaged; restore it from a copy, or start a new workspace")
        return cls(path, key)

    @classmethod
    def open_or_create(cls, path: Path) -> Workspace:
        """The workspace at `path`, made if there is none."""
        return cls.open(path) if (path / "workspace.toml").exists() else cls.create(path)

    @classmethod
    @contextmanager
    def ephemeral(cls, seed: bytes) -> Iterator[Workspace]:
        """A workspace that is gone afterwards. Its key follows from `seed`, so that equal input gives equal output."""
        with tempfile.TemporaryDirectory(prefix="leadapron-") as folder:
            key = blake2b(seed, digest_size=KEY_BYTES, person=b"ephemeral key").digest()
            yield cls._make(Path(folder), key)

    @classmethod
    def _make(cls, path: Path, key: bytes) -> Workspace:
        try:
            path.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(path / "key", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(key)
            (path / "workspace.toml").write_text(f"format = {FORMAT}\n", encoding="utf-8")
        except OSError as error:
            raise WorkspaceError(f"{path}: a workspace cannot be made here ({error.strerror})") from error
        return cls(path, key)

    def writer(self, source_id: str) -> Writer:
        """Takes the events of one source, such as a capture or the files of a rotating one."""
        return Writer(self._events, source_id)

    def keep(self, source_id: str, events: Iterable[Event]) -> None:
        """Write all events of one source, in place of earlier ones, or change nothing."""
        self.writer(source_id).replace(events)

    def remove(self, source_id: str) -> None:
        """Forget what was written of one source."""
        Writer(self._events, source_id).remove()

    @overload
    def events(self, *, source: str | None = None) -> Iterator[Event]: ...
    @overload
    def events(self, kind: type[E], /, *kinds: type[E], source: str | None = None) -> Iterator[E]: ...
    def events(self, *kinds: type[Event], source: str | None = None) -> Iterator[Event]:
        """Events of the given kinds (all if none), of one writer's source or all, always in the same order.

        By source, then chunk by chunk as written, kinds in the order of the model within a chunk.
        """
        wanted = {kind_of(kind) for kind in kinds} if kinds else set(KINDS)
        chosen = None if source is None else slug(source)
        names = tuple(KINDS)
        for file in sorted(event_files(self._events)):
            if names[file.rank] in wanted and chosen in (None, file.source):
                yield from _read(file)


def _read(file: EventFile) -> Iterator[Event]:
    """Events of one file; WorkspaceError if it is damaged or holds something else."""
    event_type = tuple(KINDS.values())[file.rank]
    try:
        metadata = pq.read_metadata(file.path)
        columns = (metadata.schema.column(index) for index in range(metadata.num_columns))
        # Texts are read as dictionaries, so that each distinct one is decoded once.
        texts = [column.path for column in columns if column.physical_type == "BYTE_ARRAY"]
        table = pq.ParquetFile(file.path, metadata=metadata, read_dictionary=texts).read(use_threads=False)
        for start in range(0, table.num_rows, SLICE_ROWS):
            yield from msgspec.convert(rows(table.slice(start, SLICE_ROWS)), list[event_type])  # type: ignore[valid-type]
    except (pa.ArrowException, OSError, ValueError, msgspec.ValidationError) as error:
        reason = str(error).partition("\n")[0]
        raise WorkspaceError(f"{file.path}: damaged, or not written by Leadapron ({reason}); remove it") from error
