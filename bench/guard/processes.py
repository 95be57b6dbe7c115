"""Child processes of a benchmark: started, waited for until they listen, weighed, ended by their own number."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_START: Final = 20.0
"""Seconds within which a child listens on all its ports."""
_TICK: Final = os.sysconf("SC_CLK_TCK")
_USER, _SYSTEM, _PARENT = 11, 12, 1
"""Positions in /proc/PID/stat behind the program's name (proc(5))."""


class StartError(Exception):
    """A child did not come up."""


def free_ports(count: int) -> list[int]:
    """Ports of 127.0.0.1 that nobody uses at the moment."""
    holders = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [int(holder.getsockname()[1]) for holder in holders]
    for holder in holders:
        holder.close()
    return ports


@contextmanager
def child(
    words: Sequence[str], ports: Sequence[int], log: Path, environment: Mapping[str, str] | None = None
) -> Iterator[int]:
    """The number of a running child that listens on `ports`; what it prints goes to `log`. Ended when left."""
    with log.open("ab") as output:
        process = subprocess.Popen(words, stdout=output, stderr=output, env=environment)
        try:
            for port in ports:
                _await(process, port, log)
            yield process.pid
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def python(module: str, *words: object) -> list[str]:
    """The command that runs one of our modules."""
    return [sys.executable, "-m", module, *map(str, words)]


def family(pid: int) -> list[int]:
    """A process and all that it started, as far as they live."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            fields = _stat(int(entry.name))
            if fields:
                parents.setdefault(int(fields[_PARENT]), []).append(int(entry.name))
    found = [pid]
    for one in found:
        found.extend(parents.get(one, ()))
    return found


def cpu_seconds(pids: Sequence[int]) -> float:
    """User and system time of all threads: the finer of ticks (10 ms, ended threads too) and of living threads (ns)."""
    total = 0.0
    for pid in pids:
        fields = _stat(pid)
        if not fields:
            continue
        ticks = (int(fields[_USER]) + int(fields[_SYSTEM])) / _TICK
        living = sum(int(_text(path).partition(" ")[0] or 0) for path in Path(f"/proc/{pid}/task").glob("*/schedstat"))
        total += max(ticks, living / 1e9)
    return total


def resident_bytes(pids: Sequence[int]) -> int:
    """Resident memory, shared pages counted in each process."""
    pages = sum(int((_text(Path(f"/proc/{pid}/statm")).split() or ["0", "0"])[1]) for pid in pids)
    return pages * os.sysconf("SC_PAGE_SIZE")


def open_files(pids: Sequence[int]) -> int:
    """Descriptors, sockets among them."""
    return sum(1 for pid in pids for _ in Path(f"/proc/{pid}/fd").glob("*"))


def _await(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + _START
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise StartError(f"{process.args!r} does not listen on {port}: {log.read_text(errors='replace')[-2000:]}")


def _stat(pid: int) -> list[str]:
    return _text(Path(f"/proc/{pid}/stat")).rpartition(")")[2].split()


def _text(path: Path) -> str:
    """Empty where the process is gone."""
    try:
        return path.read_text()
    except OSError:
        return ""
