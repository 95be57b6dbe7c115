"""Opening: made whole, never replaced, never misread."""

from __future__ import annotations

import sqlite3
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, inspect, text

from leadapron.store.decisions import Decisions, DecisionsError
from leadapron.store.decisions.database import FILE, open_engine
from leadapron.store.decisions.tables import Table

NOW = datetime(2026, 11, 24, tzinfo=UTC)


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """A workspace with one decision; the file."""
    with Decisions.open(tmp_path) as decisions:
        decisions.assign("a-1", by="Ada", at=NOW, owner="Bob")
        decisions.accept("f-1", name="Ada", reason="r", expires=date(2027, 1, 1), at=NOW)
    return tmp_path / FILE


def test_the_migrations_make_the_tables_of_the_model(place: Path | str) -> None:
    engine, _ = open_engine(place)
    with engine.connect() as connection:
        found = inspect(connection)
        for name, table in Table.metadata.tables.items():
            columns = {one["name"]: one["nullable"] for one in found.get_columns(name)}
            assert columns == {one.name: bool(one.nullable) for one in table.columns}, name
            indexed = {tuple(one["column_names"]) for one in found.get_indexes(name)}
            assert indexed == {tuple(column.name for column in one.columns) for one in table.indexes}, name
    engine.dispose()


def test_only_the_owner_may_read_the_file(kept: Path) -> None:
    assert kept.stat().st_mode & 0o077 == 0


def test_nothing_half_made_is_left_behind(kept: Path) -> None:
    assert {path.name for path in kept.parent.iterdir()} <= {FILE, f"{FILE}-wal", f"{FILE}-shm"}


@pytest.mark.parametrize("content", [b"", b"not a database at all" * 100], ids=["empty", "foreign"])
def test_a_damaged_file_is_said_to_be_and_left_as_it_is(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE).write_bytes(content)
    with pytest.raises(DecisionsError, match=r"decisions\.sqlite: damaged .* restore it from a copy"):
        Decisions.open(tmp_path)
    assert (tmp_path / FILE).read_bytes() == content


def test_another_programs_database_is_not_touched(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / FILE) as connection:
        connection.execute("CREATE TABLE theirs (x)")
    connection.close()
    with pytest.raises(DecisionsError, match="not a database of Leadapron's decisions"):
        Decisions.open(tmp_path)


def test_a_newer_programs_decisions_are_not_misread(place: Path | str) -> None:
    engine, _ = open_engine(place)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(DecisionsError, match="newer Leadapron"):
        Decisions.open(place)


def test_an_unknown_word_in_a_row_is_told(kept: Path) -> None:
    with sqlite3.connect(kept) as connection:
        connection.execute("UPDATE assignment SET status = 'dreaming'")
    connection.close()
    with Decisions.open(kept.parent) as decisions, pytest.raises(DecisionsError, match="dreaming"):
        decisions.decided()


def test_a_file_that_another_program_holds_is_waited_for_then_told(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("leadapron.store.decisions.database.BUSY_SECONDS", 0)
    other = sqlite3.connect(kept, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with Decisions.open(kept.parent) as decisions:
        assert decisions.history("a-1"), "readers do not wait"
        with pytest.raises(DecisionsError, match="another program"):
            decisions.assign("a-1", by="Ada", at=NOW)
    other.close()


@pytest.mark.parametrize(
    ("where", "told"),
    [
        ("mysql://someone:secret@host/name", "PostgreSQL"),
        ("sqlite:///elsewhere", "PostgreSQL"),
        ("not a url", "expected postgresql://"),
        ("postgresql://someone:secret@127.0.0.1:1/name", "127.0.0.1:1"),
    ],
)
def test_a_place_that_cannot_be_used_is_told_without_its_password(where: str, told: str) -> None:
    if where.startswith("postgresql"):
        pytest.importorskip("psycopg", reason="PostgreSQL's driver psycopg is not installed")
    with pytest.raises(DecisionsError, match=told) as error:
        Decisions.open(where)
    assert "secret" not in str(error.value)


def test_a_folder_that_is_missing_is_told(tmp_path: Path) -> None:
    with pytest.raises(DecisionsError, match="no such folder"):
        Decisions.open(tmp_path / "nowhere")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_file_with_changed_bytes_is_read_or_refused(kept: Path, data: st.DataObject) -> None:
    """Never another error, whatever is broken."""
    whole = kept.read_bytes() if not (backup := kept.with_suffix(".copy")).exists() else backup.read_bytes()
    backup.write_bytes(whole)
    broken = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 8))):
        broken[data.draw(st.integers(0, len(broken) - 1))] = data.draw(st.integers(0, 255))
    for left in (f"{FILE}-wal", f"{FILE}-shm"):
        kept.with_name(left).unlink(missing_ok=True)
    kept.write_bytes(broken[: data.draw(st.integers(1, len(broken)))] if data.draw(st.booleans()) else broken)
    try:
        with Decisions.open(kept.parent) as decisions:
            decisions.decided()
            decisions.changes([])
            decisions.assign("a-1", by="Ada", at=NOW)
    except DecisionsError:
        pass


def test_sqlite_really_waits_at_the_start_of_a_write(kept: Path) -> None:
    """The journal keeps readers free of writers."""
    engine = create_engine(f"sqlite:///{kept}")
    with engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
    engine.dispose()
