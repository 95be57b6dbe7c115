"""What the operating system gives this process: file numbers and memory."""

from __future__ import annotations

import os
import resource
from pathlib import Path

SHARE = 0.7
"""Of the machine's or the container's memory, above which nobody new is let in."""
_PAGE = resource.getpagesize()


def raise_files() -> int:
    """Allow as many open files as the administrator allows; each association takes two. The number allowed."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard == resource.RLIM_INFINITY or soft < hard:
        try:
            wanted = 1 << 20 if hard == resource.RLIM_INFINITY else hard
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        except (ValueError, OSError):
            pass
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


class Memory:
    """Resident bytes of this process. Its file stays open: it must be readable when no other can be opened."""

    def __init__(self) -> None:
        self._fd = os.open("/proc/self/statm", os.O_RDONLY | os.O_CLOEXEC)

    def used(self) -> int:
        """Now."""
        return int(os.pread(self._fd, 256, 0).split()[1]) * _PAGE

    def close(self) -> None:
        """The file, too."""
        os.close(self._fd)


def memory_ceiling() -> int:
    """Bytes above which the guard lets in nobody new, so that those who are in can finish."""
    return int(SHARE * min(_memory_of_machine(), _memory_of_group()))


def _memory_of_machine() -> int:
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemTotal:"):
            return int(line.split()[1]) * 1024
    return 1 << 62


def _memory_of_group() -> int:
    """Of the control group (cgroup v2, `memory.max`) of a container or service."""
    try:
        own = Path("/proc/self/cgroup").read_text().partition("::")[2].strip()
        for folder in (Path("/sys/fs/cgroup") / own.lstrip("/"), Path("/sys/fs/cgroup")):
            limit = folder / "memory.max"
            if limit.exists() and (said := limit.read_text().strip()).isdecimal():
                return int(said)
    except OSError:
        pass
    return 1 << 62
