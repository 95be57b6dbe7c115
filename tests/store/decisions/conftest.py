"""The places where decisions can be kept. The whole folder runs on each; PostgreSQL where it is installed."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from leadapron.store.decisions import Decisions


def _programs() -> Path | None:
    """Where PostgreSQL's server programs are: Debian keeps them off the path."""
    found = [*Path("/usr/lib/postgresql").glob("*/bin/initdb"), *map(Path, filter(None, [shutil.which("initdb")]))]
    return max(found).parent if found else None


def _unprivileged() -> str | None:
    """Whom the server runs as: it refuses root."""
    if os.geteuid():
        return None
    return next((user.pw_name for user in pwd.getpwall() if user.pw_name in ("postgres", "nobody")), None)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """Options of a server of our own, reached through a socket in its folder."""
    pytest.importorskip("psycopg", reason="PostgreSQL's driver psycopg is not installed")
    programs = _programs()
    if programs is None:
        pytest.skip("PostgreSQL is not installed")
    user = _unprivileged()
    folder = Path(tempfile.mkdtemp(prefix="leadapron-"))
    if user:
        shutil.chown(folder, user)

    def run(program: str, *arguments: str) -> None:
        command = [str(programs / program), *arguments]
        subprocess.run(command, check=True, user=user, cwd=folder, stdout=subprocess.DEVNULL, env={"LC_ALL": "C"})

    data = str(folder / "data")
    try:
        run("initdb", "-D", data, "-U", "decider", "-A", "trust", "-E", "UTF8", "--no-sync")
        run("pg_ctl", "-D", data, "-w", "-l", str(folder / "log"), "-o", f"-k {folder} -c listen_addresses=''", "start")
        try:
            yield f"host={folder}&user=decider"
        finally:
            run("pg_ctl", "-D", data, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Path | str:
    """An empty place: a workspace folder, or the URL of a new database."""
    if request.param == "sqlite":
        return tmp_path
    import psycopg

    options = request.getfixturevalue("postgresql")
    name = f"d{uuid4().hex}"
    with psycopg.connect(options.replace("&", " ") + " dbname=postgres", autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    return f"postgresql:///{name}?{options}"


@pytest.fixture
def decisions(place: Path | str) -> Iterator[Decisions]:
    """Decisions, none taken yet."""
    with Decisions.open(place) as opened:
        yield opened
