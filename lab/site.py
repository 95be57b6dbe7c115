"""A running lab: hosts, the processes and servers they run, and the journal of what they really did."""

import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from lab import machine, namespaces
from lab.certificates import Authority
from lab.namespaces import LabError

if TYPE_CHECKING:
    from lab.scenario import Device, Scenario
    from lab.services import AnyService

# A private /run and /var/log, host name and process tree: daemons with fixed pid files run many times side by side.
# The shell stays the tree's first process: some daemons (vsftpd) stop when they are it.
_DAEMON = f"""hostname "$0"; mount -t tmpfs tmpfs /run; mount -t tmpfs tmpfs /var/log
mkdir -p /run/sshd /run/samba /run/xrdp /run/vsftpd/empty /var/log/samba /var/log/nginx
{machine.MOUNT}; "$@"; exit $?"""
_CLIENT = f'hostname "$0"; {machine.MOUNT}; exec "$@"'


class Record(msgspec.Struct, kw_only=True):
    """One thing that was done on the network, as its doer saw it; truth is derived from these."""

    at: float
    client: str
    server: str
    service: str
    port: int
    encrypted: bool = False
    calling: str = ""
    called: str = ""
    operations: dict[str, int] = {}
    objects: int = 0
    makes: bool = False  # the client made the objects it sent
    answered: bool = True
    study: str = ""
    note: str = ""


class Host:
    """One device while the lab runs."""

    def __init__(self, site: "Site", device: "Device") -> None:
        self.site = site
        self.device = device
        self.name = device.name
        self.namespace = f"{site.prefix}-{device.name}"
        self.folder = site.folder / "hosts" / device.name
        self.folder.mkdir(parents=True, exist_ok=True)
        self.address = device.addresses[0]
        self._paths = 0

    def now(self) -> datetime:
        """What the device's clock shows (aware UTC)."""
        return datetime.now(UTC) + timedelta(seconds=self.device.clock_offset)

    def inside(self) -> Any:
        return namespaces.inside(self.namespace)

    def service(self, protocol: str, port: int = 0) -> "AnyService":
        """The service of this device that speaks `protocol`. Raises LabError when it has none."""
        for service in self.device.services:
            if service.protocol == protocol and port in (0, service.port):
                return service
        raise LabError(f"{self.name} has no {protocol} service {port or ''}")

    def fresh_path(self, stem: str) -> Path:
        """A path in this device's folder that no other activity has."""
        self._paths += 1
        return self.folder / f"{stem}-{self._paths}"

    def spawn(self, *words: str, environment: dict[str, str] | None = None) -> "subprocess.Popen[bytes]":
        """Start a daemon in this device; it is killed with everything under it when the lab stops."""
        shell = ["unshare", "--mount", "--uts", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c"]
        log = (self.folder / f"{Path(words[0]).name}.log").open("ab")
        with self.inside():
            process = subprocess.Popen(
                [*shell, _DAEMON, self.device.hostname or self.name, *words],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                env=self.site.environment(environment, self.device.clock_offset),
            )
        self.site.processes.append(process)
        return process

    def run(self, *words: str, text: str = "", timeout: float = 40) -> str:
        """Run a client program in this device; return its output, whatever its exit code (clients are refused too)."""
        with self.inside():
            try:
                done = subprocess.run(
                    ["unshare", "--mount", "--uts", "sh", "-c", _CLIENT, self.device.hostname or self.name, *words],
                    input=text.encode(),
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    timeout=timeout,
                    cwd=self.folder,
                    env=self.site.environment({}, self.device.clock_offset),
                    check=False,
                )
            except subprocess.TimeoutExpired as error:
                return f"timeout: {error}"
        return done.stdout.decode("utf-8", "replace")


class Site:
    """Everything that runs, by device name, and the journal."""

    def __init__(self, scenario: "Scenario", folder: Path, pace: float, prefix: str) -> None:
        self.scenario = scenario
        self.folder = folder
        self.pace = pace
        self.prefix = prefix
        self.authority = Authority(folder / "certificates")
        self.processes: list[subprocess.Popen[bytes]] = []
        self.closers: list[Callable[[], object]] = []
        self.journal: list[Record] = []
        self.problems: list[str] = []
        self._lock = threading.Lock()
        self._counters: dict[str, int] = {}
        self.hosts = {device.name: Host(self, device) for device in scenario.devices}

    def environment(self, extra: dict[str, str] | None, clock_offset: float) -> dict[str, str]:
        """What programs of a device may know of the machine the lab runs on: next to nothing."""
        values = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/nonexistent", "LC_ALL": "C.UTF-8"}
        values |= {"LAB_ETC": str(self.folder / "etc")}
        if clock_offset:
            values |= {"LD_PRELOAD": "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1"}
            values |= {"FAKETIME": f"{clock_offset:+.0f}", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
        return values | (extra or {})

    def note(self, **fields: Any) -> None:
        """Write one line of the journal."""
        with self._lock:
            self.journal.append(Record(at=time.time(), **fields))

    def number(self, series: str) -> int:
        """1, 2, 3 … for exams, patients and messages."""
        with self._lock:
            self._counters[series] = self._counters.get(series, 0) + 1
            return self._counters[series]

    def pause(self, seconds: float) -> None:
        """Wait `seconds` of scenario time."""
        time.sleep(seconds / self.pace)

    def host(self, name: str) -> Host:
        self.scenario.device(name)
        return self.hosts[name]

    def stop(self) -> None:
        """Stop every server and process the lab started."""
        for close in reversed(self.closers):
            close()
        for process in reversed(self.processes):
            process.kill()
        for process in self.processes:
            process.wait(timeout=10)


@contextmanager
def stopping(site: Site) -> Iterator[Site]:
    try:
        yield site
    finally:
        site.stop()
