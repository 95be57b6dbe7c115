"""Opens the database of decisions: made whole or not at all, checked, brought up to this version, never replaced.

A new SQLite file is made under another name and appears at its place in one step, so an empty file there is damage,
not a beginning. A damaged file is an error; nothing is ever started afresh over it.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from leadapron.model.errors import UsageError
from leadapron.store.decisions.tables import Table

FILE = "decisions.sqlite"
BUSY_SECONDS = 10
"""How long one program waits for another that is writing."""

WRITES = "leadapron_writes"
"""Execution option of connections that will write: SQLite then locks at once, so that two writers wait in turn."""

_ALEMBIC = Lock()
"""Alembic keeps what it works on in a global: one thread at a time."""

_MIGRATION_LOCK = 0x1EADA
"""Any number of our own: PostgreSQL lets one program at a time bring the tables up to date."""


class DecisionsError(UsageError):
    """The decisions cannot be read or written; names the place and says what to do."""


@contextmanager
def told_plainly(place: str) -> Iterator[None]:
    """Database errors as ours: the driver's first line, without the statement and its values."""
    try:
        yield
    except DBAPIError as error:
        reason = str(error.orig).partition("\n")[0]
        if "locked" in reason:
            raise DecisionsError(f"{place}: another program holds the decisions; try again in a moment") from error
        if _is_damage(reason):
            raise DecisionsError(_damaged(place, reason)) from error
        raise DecisionsError(
            f"{place}: the decisions cannot be read or written ({reason}); check that you may write there, or keep "
            "them elsewhere with --decisions"
        ) from error
    except (ValueError, TypeError) as error:
        # A word, a date or a number that is none: the file was changed by something else, or by a newer version.
        raise DecisionsError(
            f"{place}: holds what this version cannot read ({error}); restore it from a copy"
        ) from error


def open_engine(where: Path | str) -> tuple[Engine, str]:
    """An engine on decisions of this version, and the name of the place for messages.

    `where` is a workspace folder, or a database URL.
    """
    url, path = _url(where)
    place = str(path) if path else url.render_as_string(hide_password=True)
    if path:
        _check(path)
        if not path.exists():
            _make(path)
    with told_plainly(place):
        engine = _engine(url)
        try:
            _bring_up_to_date(engine, place)
        except BaseException:
            engine.dispose()
            raise
    return engine, place


def _url(where: Path | str) -> tuple[URL, Path | None]:
    if isinstance(where, Path):
        path = where / FILE
        if not where.is_dir():
            raise DecisionsError(f"{where}: no such folder; name a workspace")
        return _file_url(path), path
    try:
        url = make_url(where)
        backend = url.get_backend_name()
        url.get_dialect()
    except (ArgumentError, NoSuchModuleError) as error:
        raise DecisionsError("the database URL cannot be read; expected postgresql://user@host/name") from error
    if backend != "postgresql":
        raise DecisionsError(f"decisions cannot be kept in {backend}; name a workspace folder or a PostgreSQL URL")
    return url, None


def _file_url(path: Path) -> URL:
    return URL.create("sqlite", database=str(path.absolute()))


def _engine(url: URL) -> Engine:
    try:
        engine = create_engine(
            url, connect_args={"timeout": BUSY_SECONDS} if url.get_backend_name() == "sqlite" else {}
        )
    except ModuleNotFoundError as error:
        raise DecisionsError(f"the driver {error.name} is not installed; install leadapron[postgresql]") from error
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare)
        event.listen(engine, "begin", _begin)
    return engine


def _prepare(connection: Any, _record: object) -> None:
    """SQLite's driver begins transactions late and not for tables; `_begin` does it instead."""
    connection.isolation_level = None
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA synchronous = FULL")


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get(WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _make(path: Path) -> None:
    """A new file, complete before it has its name. When two programs make it at once, the first stays."""
    draft = path.with_name(f".{path.name}-{secrets.token_hex(8)}")
    try:
        with told_plainly(str(path)):
            engine = _engine(_file_url(draft))
            _upgrade(engine)
            engine.dispose()
            # Kept in the file itself: readers no longer wait for writers.
            engine = _engine(_file_url(draft))
            with engine.connect() as connection:
                connection.connection.driver_connection.execute("PRAGMA journal_mode = WAL")  # type: ignore[union-attr]
            engine.dispose()
        draft.chmod(0o600)
        _give_name(draft, path)
    except OSError as error:
        raise DecisionsError(f"{path}: cannot be written ({error.strerror}); free space or rights?") from error
    finally:
        for left in path.parent.glob(f"{draft.name}*"):
            with suppress(OSError):
                left.unlink()


def _give_name(draft: Path, path: Path) -> None:
    try:
        os.link(draft, path)
    except FileExistsError:
        return
    except OSError:
        # A file system without links (FAT, some shares).
        if not path.exists():
            draft.rename(path)


def _check(path: Path) -> None:
    """A file that is there must be whole."""
    try:
        if not path.exists():
            return
        if not path.is_file() or path.stat().st_size == 0:
            raise DecisionsError(_damaged(str(path), "it is empty" if path.is_file() else "it is not a file"))
        if not os.access(path, os.W_OK):
            raise DecisionsError(f"{path}: may not be written by you; ask its owner for the right")
    except OSError as error:
        raise DecisionsError(f"{path}: cannot be read ({error.strerror})") from error


def _bring_up_to_date(engine: Engine, place: str) -> None:
    known = {script.revision for script in _scripts().walk_revisions()}
    newest = _scripts().get_current_head()
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            result = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar()
            if result != "ok":
                raise DecisionsError(_damaged(place, str(result).partition("\n")[0]))
        found = MigrationContext.configure(connection).get_current_revision()
        tables = set(inspect(connection).get_table_names())
    if found is not None and found not in known:
        raise DecisionsError(f"{place}: written by a newer Leadapron (version {found}); update this one")
    if found is None and (engine.dialect.name == "sqlite" or tables & set(Table.metadata.tables)):
        raise DecisionsError(
            f"{place}: not a database of Leadapron's decisions; move it away, or restore it from a copy"
        )
    if found != newest:
        _upgrade(engine)


def _upgrade(engine: Engine) -> None:
    with engine.connect().execution_options(**{WRITES: True}) as connection, connection.begin():
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_MIGRATION_LOCK})")
        config = _config()
        config.attributes["connection"] = connection
        with _ALEMBIC:
            command.upgrade(config, "head")


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())


def _is_damage(reason: str) -> bool:
    return any(word in reason for word in ("malformed", "not a database", "disk image", "corrupt"))


def _damaged(place: str, reason: str) -> str:
    return f"{place}: damaged ({reason}); restore it from a copy, or move it away to start without earlier decisions"
