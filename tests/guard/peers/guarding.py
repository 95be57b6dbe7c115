"""A guard as its users start it, `leadapron guard run POLICY`, as a process of its own between real peers."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from msgspec import json

from leadapron.guard.shell import NAME, ask
from leadapron.model.errors import UsageError
from leadapron.model.events import Event
from leadapron.store import Workspace, read_segment

E = TypeVar("E", bound=Event)
SECONDS = 30
PATIENT = (b"CANARY", b"19010203", b"3680043.10.777777")
"""What stands in names, identifiers, accession numbers, birth dates and UIDs of everything these tests send."""
ALL = """
[[rule]]
name = "all"
from = ["any"]
allow = "any"
wide_queries = true
"""


def listener(name: str, upstream: int | str, *, speaks: str = "dicom", more: str = "") -> str:
    """One listener of a policy, on a port that the system chooses; `upstream` may be a port of this machine."""
    behind = f"127.0.0.1:{upstream}" if isinstance(upstream, int) else upstream
    return f"""
[[listener]]
name = "{name}"
speaks = "{speaks}"
listen = "127.0.0.1:0"
upstream = "{behind}"
fail = "closed"
{more}
"""


def leadapron(*words: str | Path, fails: bool = False) -> str:
    """The command line, to its end; what it said."""
    done = subprocess.run(
        [sys.executable, "-m", "leadapron", *map(str, words)], capture_output=True, text=True, timeout=SECONDS
    )
    said = done.stdout + done.stderr
    assert (done.returncode != 0) is fails, said
    return said


class Guarding:
    """One guard, its policy, and what it records. `text` is the policy without its [guard] table; `key` is made for the
    quarantine where it is given."""

    def __init__(self, folder: Path, text: str, *, metrics: str = "", key: Path | None = None) -> None:
        self.folder, self.policy, self.log = folder, folder / "guard.toml", folder / "log"
        self.state, self.workspace = folder / "state", folder / "workspace"
        self._head = '[guard]\nname = "peers"\nstate = "state"\nworkspace = "workspace"\n'
        self._head += f'metrics = "{metrics}"\n' if metrics else ""
        self.metrics, self.told = metrics, ""
        self.policy.write_text(self._head + text)
        if key is not None:
            leadapron("guard", "quarantine", "init", self.policy, key)
        with self.log.open("wb") as log:
            command = [sys.executable, "-m", "leadapron", "guard", "run", str(self.policy)]
            self._process = subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ, "LC_ALL": "C.UTF-8"})
        self._ports = {each["name"]: int(each["listens"].rpartition(":")[2]) for each in self._standing()["listeners"]}

    def _standing(self) -> dict[str, Any]:
        for _ in range(600):
            assert self._process.poll() is None, self.log.read_text()
            try:
                return self.status()
            except UsageError:
                time.sleep(0.05)
        raise AssertionError(self.log.read_text())

    def port(self, name: str = "front") -> int:
        """Of one listener."""
        return self._ports[name]

    def status(self) -> dict[str, Any]:
        """What it says of itself when asked."""
        return ask(self.state / NAME, {"do": "status"})

    def reload(self, text: str) -> None:
        """Another policy, taken up at once. UsageError: the guard refuses it."""
        self.policy.write_text(self._head + text)
        ask(self.state / NAME, {"do": "reload"})

    # ------------------------------------------------------------ what it records
    def journal(self) -> list[Event]:
        """Every event so far, while it runs."""
        segments = sorted((self.state / "journal").iterdir())
        return [event for segment in segments for event in read_segment(segment)]

    @contextmanager
    def watched(self) -> Iterator[Seen]:
        """What happens from here on."""
        yield Seen(self, len(self.journal()))

    def stop(self) -> list[Event]:
        """End it as a service manager does; all events of its workspace."""
        if self._process.poll() is None:
            self.told += json.encode(self.status()).decode()
            self._process.send_signal(signal.SIGTERM)
        assert self._process.wait(SECONDS) == 0, self.log.read_text()
        return list(Workspace.open(self.workspace).events())

    def leaks(self, words: Iterable[bytes] = PATIENT) -> list[str]:
        """Files, events and answers with one of these words: after `stop`."""
        things = {str(path.relative_to(self.folder)): path.read_bytes() for path in files(self.folder)}
        things["events"] = json.encode(list(Workspace.open(self.workspace).events()))
        things["told"] = self.told.encode()
        return [f"{word!r} in {name}" for name, content in things.items() for word in words if word in content]


class Seen:
    """Events after a mark."""

    def __init__(self, guard: Guarding, mark: int) -> None:
        self._guard, self._mark = guard, mark

    def __call__(self, kind: type[E], number: int = 1, where: Callable[[E], bool] = lambda event: True) -> list[E]:
        """Those of a kind, once there are so many: an association is told when it is over."""
        for _ in range(200):
            found = [event for event in self._guard.journal()[self._mark :] if isinstance(event, kind)]
            chosen = [event for event in found if where(event)]
            if len(chosen) >= number:
                break
            time.sleep(0.02)
        return chosen


def files(folder: Path) -> list[Path]:
    """All files below."""
    return [path for path in sorted(folder.rglob("*")) if path.is_file()]
