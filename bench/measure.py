"""Run a program to its end and say what it cost: CPU seconds of it and its children, peak anonymous memory."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

POLL = 0.05
"""Seconds between looks at a program's memory."""


class Cost(Struct, frozen=True):
    """What one run took. `cpu` in seconds, `anonymous` in megabytes (0 where the run was too short)."""

    cpu: float
    anonymous: float
    output: str
    failure: str = ""
    """Why the cost is not that of a whole run; empty when all went well."""


def measure(command: Sequence[str], *, timeout: float, output: Path) -> Cost:
    """Run `command`; what it prints goes to the file `output`. It is ended after `timeout` seconds of wall time."""
    start, peak, timed_out = time.monotonic(), 0, False
    with output.open("wb") as sink:
        process = subprocess.Popen(command, stdout=sink, stderr=subprocess.DEVNULL)
        while True:
            pid, status, usage = os.wait4(process.pid, os.WNOHANG)
            if pid:
                break
            peak = max(peak, _anonymous(process.pid))
            if time.monotonic() - start > timeout and not timed_out:
                process.kill()
                timed_out = True
            time.sleep(POLL)
    process.returncode = os.waitstatus_to_exitcode(status)
    text = output.read_bytes()[:2000].decode("utf-8", "replace").strip()
    failure = f"exit code {process.returncode}" if process.returncode else ""
    if timed_out:
        failure = f"stopped after {timeout:g} s"
    return Cost(
        cpu=usage.ru_utime + usage.ru_stime,
        anonymous=peak / 1024,
        output=text,
        failure=failure,
    )


def _anonymous(pid: int) -> int:
    """Anonymous resident kilobytes of a process (Linux); mapped files do not count."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    for line in status.splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1])
    return 0
