"""Network namespaces: made, entered and removed.

A thread may enter a namespace on its own (setns(2) acts on the calling thread), so servers written in
Python, real daemons and clients all start from the same process, each inside its device.
"""

import ctypes
import os
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

_CLONE_NEWNET = 0x40000000
_NAMESPACES = Path("/run/netns")
_libc = ctypes.CDLL(None, use_errno=True)


class LabError(Exception):
    """The lab could not be built or run; the message says what to do."""


def command(*words: str, timeout: float = 60) -> str:
    """Run a set-up command that must work; return what it printed. Raises LabError with its last words."""
    done = subprocess.run(words, capture_output=True, text=True, timeout=timeout, check=False)
    if done.returncode:
        raise LabError(f"{' '.join(words)}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


def ip_batch(lines: Sequence[str], namespace: str = "") -> None:
    """Run many `ip` sub-commands in one process (a lab needs hundreds)."""
    words = ["ip", *(["-n", namespace] if namespace else []), "-batch", "-"]
    done = subprocess.run(words, input="\n".join(lines), capture_output=True, text=True, check=False)
    if done.returncode:
        raise LabError(f"ip -batch: {done.stderr.strip()}")


def create(name: str, settings: Sequence[str] = ()) -> None:
    """Make a namespace with its loopback up; `settings` are sysctl assignments such as `net.ipv4.ip_forward=1`."""
    command("ip", "netns", "add", name)
    command("ip", "-n", name, "link", "set", "lo", "up")
    if settings:
        command("ip", "netns", "exec", name, "sysctl", "-qw", *settings)


def delete(name: str) -> None:
    """Remove a namespace; its interfaces go with it once the last process has left."""
    subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)


def _enter(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        if _libc.setns(descriptor, _CLONE_NEWNET):
            number = ctypes.get_errno()
            raise LabError(f"cannot enter {path}: {os.strerror(number)}")
    finally:
        os.close(descriptor)


@contextmanager
def inside(name: str) -> Iterator[None]:
    """The calling thread, and every thread and process it starts meanwhile, lives in the namespace."""
    own = Path(f"/proc/self/task/{threading.get_native_id()}/ns/net")
    before = os.open(own, os.O_RDONLY)
    _enter(_NAMESPACES / name)
    try:
        yield
    finally:
        _libc.setns(before, _CLONE_NEWNET)
        os.close(before)
