"""What is measured: objects of two sizes in PDUs of two sizes, associations, TLS, a real toolkit, and idle ones."""

from __future__ import annotations

import hashlib
import os
import shutil
import socket
import subprocess
import time
from enum import StrEnum
from fnmatch import fnmatch
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from bench.guard import load, objects
from bench.guard.boxes import Box, Site
from bench.guard.load import Burst, LoadError, Sender, Target
from bench.guard.processes import cpu_seconds, resident_bytes
from bench.guard.sink import DIGEST

IDLE_ASSOCIATIONS: Final = 5000
_TOOLKIT_OBJECTS: Final = 31
_CLIENTS: Final = 8
_ENOUGH: Final = 0.5
"""Seconds that a toolkit must have sent for, to be measured beside its start."""
_SETTLE: Final = 0.05
"""Seconds after a burst within which a box writes what it has to write about it."""


class Kind(StrEnum):
    STORE = "store"
    ECHO_TOGETHER = "echo-together"
    ECHO_EACH = "echo-each"
    TOOLKIT = "toolkit"
    IDLE = "idle"


class Case(Struct, frozen=True, kw_only=True):
    """One row of work. `amount`: megabytes, associations or objects of one burst."""

    name: str
    kind: Kind
    amount: int
    size: objects.Size = objects.Size.CT
    max_pdu: int = 16384
    associations: int = 1
    tls: bool = False
    most_rounds: int = 1000


class Received(Struct, frozen=True, kw_only=True):
    """What the sink counted since it was last asked."""

    objects: int
    bytes: int
    echoes: int
    associations: int
    digests: tuple[str, ...]
    """SHA-256 of the data sets of associations that called DIGEST."""
    broken: tuple[str, ...]


class Measured(Struct, frozen=True, kw_only=True):
    """One burst through one box."""

    case: str
    box: str
    seconds: float = 0.0
    operations: int = 0
    bytes: int = 0
    cpu: float | None = None
    """CPU seconds of the box; None where nothing stood in between."""
    latency: float = 0.0
    """Median of one object or association, seconds."""
    resident: int = 0
    """Bytes, with the idle associations held."""
    resident_before: int = 0
    failure: str = ""


def _stores() -> list[Case]:
    shapes = ((objects.Size.CT, "ct"), (objects.Size.CR, "cr"))
    return [
        Case(
            name=f"{word}{max_pdu // 1024}k" + ("-8" if associations > 1 else ""),
            kind=Kind.STORE,
            amount=800 if associations == 1 else 1200,
            size=size,
            max_pdu=max_pdu,
            associations=associations,
        )
        for associations in (1, _CLIENTS)
        for size, word in shapes
        for max_pdu in (16384, 131072)
    ]


CASES: Final = (
    *_stores(),
    Case(name="echo-8", kind=Kind.ECHO_TOGETHER, amount=4000, associations=_CLIENTS),
    Case(name="echo", kind=Kind.ECHO_EACH, amount=1000),
    Case(name="tls-ct16k", kind=Kind.STORE, amount=500, tls=True),
    Case(name="tls-cr128k", kind=Kind.STORE, amount=500, size=objects.Size.CR, max_pdu=131072, tls=True),
    Case(name="tls-ct16k-8", kind=Kind.STORE, amount=600, associations=_CLIENTS, tls=True),
    Case(name="tls-echo", kind=Kind.ECHO_EACH, amount=200, tls=True),
    Case(name="dcmtk", kind=Kind.TOOLKIT, amount=_TOOLKIT_OBJECTS, most_rounds=2),
    Case(name="idle", kind=Kind.IDLE, amount=IDLE_ASSOCIATIONS, most_rounds=1),
)


def chosen(patterns: str) -> list[Case]:
    """`ct16k,echo*`; empty: all."""
    wanted = [pattern for pattern in patterns.split(",") if pattern]
    return [case for case in CASES if not wanted or any(fnmatch(case.name, pattern) for pattern in wanted)]


class Course:
    """All that is ready before the clock runs: objects, their PDUs, the toolkit's files."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._items = {size: objects.make(size) for size in objects.Size}

    def applies(self, case: Case, box: Box) -> bool:
        """Has this box what the case needs?"""
        match case.kind:
            case Kind.TOOLKIT:
                return bool(box.toolkit)
            case Kind.IDLE:
                return bool(box.pids) and box.share == 1.0
            case _:
                return bool(box.tls) if case.tls else bool(box.plain)

    def run(self, case: Case, box: Box) -> Measured:
        """One burst; what came at the sink must be what was sent, else it failed."""
        self._received()
        before = cpu_seconds(box.pids)
        try:
            burst, resident = self._burst(case, box)
            time.sleep(_SETTLE)
            cpu = cpu_seconds(box.pids) - before if box.pids else None
            self._check(case, burst)
        except (OSError, LoadError, subprocess.SubprocessError) as error:
            return Measured(case=case.name, box=box.name, failure=f"{type(error).__name__}: {error}"[:200])
        return Measured(
            case=case.name,
            box=box.name,
            seconds=burst.seconds,
            operations=burst.operations,
            bytes=burst.bytes,
            cpu=cpu,
            latency=burst.median if burst.latencies else 0.0,
            resident=resident[1],
            resident_before=resident[0],
        )

    def verify(self, box: Box) -> str:
        """Both objects, plain and by TLS, hashed at the sink: empty if they are what was sent, else what is wrong."""
        for tls in (False, True) if box.tls else (False,):
            for item, _ in self._items.values():
                for max_pdu in (16384, 131072):
                    self._received()
                    try:
                        Sender.of(item, max_pdu=max_pdu, count=2, called=DIGEST).send(self._target(box, tls=tls))
                    except (OSError, LoadError) as error:
                        return f"{type(error).__name__}: {error}"[:200]
                    if self._received().digests != (hashlib.sha256(item.data).hexdigest(),) * 2 and box.share == 1.0:
                        return f"bytes differ (PDUs of {max_pdu} bytes, {'with' if tls else 'without'} TLS)"
        return ""

    def _burst(self, case: Case, box: Box) -> tuple[Burst, tuple[int, int]]:
        target = self._target(box, tls=case.tls)
        amount = max(1, round(case.amount * box.share))
        match case.kind:
            case Kind.STORE:
                item = self._items[case.size][0]
                count = max(1, amount * 1_000_000 // len(item.data) // case.associations)
                sender = Sender.of(item, max_pdu=case.max_pdu, count=count)
                return load.store(target, sender, case.associations), (0, 0)
            case Kind.ECHO_TOGETHER:
                return load.echo_together(target, amount, case.associations), (0, 0)
            case Kind.ECHO_EACH:
                return load.echo_one_by_one(target, amount), (0, 0)
            case Kind.TOOLKIT:
                return self._toolkit(box.toolkit, case.amount), (0, 0)
            case Kind.IDLE:
                return self._idle(target, box, amount)

    def _check(self, case: Case, burst: Burst) -> None:
        received = self._received()
        if received.broken:
            raise LoadError(f"the sink could not read {received.broken[0]}")
        match case.kind:
            case Kind.STORE if (received.objects, received.bytes) != (burst.operations, burst.bytes):
                raise LoadError(f"{received.objects} objects of {burst.operations} came")
            case Kind.ECHO_EACH | Kind.ECHO_TOGETHER if received.echoes not in (
                0,
                burst.operations,
            ):
                raise LoadError(f"{received.echoes} C-ECHOs of {burst.operations} came")
            case Kind.IDLE if received.associations != burst.operations:
                raise LoadError(f"{received.associations} associations of {burst.operations} came")

    def _target(self, box: Box, *, tls: bool) -> Target:
        return Target(port=box.tls, authority=str(self._site.authority)) if tls else Target(port=box.plain)

    def _received(self) -> Received:
        """What came at the sink since the last look."""
        with socket.create_connection(("127.0.0.1", self._site.control), timeout=10) as asker:
            told = asker.makefile("rb").readline()
        return msgspec.json.decode(told, type=Received)

    def _toolkit(self, port: int, count: int) -> Burst:
        """DCMTK's storescu as it comes. The time of one object alone is taken off: starting it is not sending."""
        path = self._site.folder / "object.dcm"
        if not path.exists():
            objects.write_file(self._items[objects.Size.CT][1], path)
        alone, all_of_them = _storescu(port, [path]), _storescu(port, [path] * count)
        if all_of_them - alone < _ENOUGH:
            count *= 10
            all_of_them = _storescu(port, [path] * count)
        size = len(self._items[objects.Size.CT][0].data)
        return Burst(seconds=max(all_of_them - alone, 1e-6), operations=count - 1, bytes=size * (count - 1))

    def _idle(self, target: Target, box: Box, count: int) -> tuple[Burst, tuple[int, int]]:
        before = resident_bytes(box.pids)
        start = time.perf_counter()
        held = load.hold(target, count)
        seconds = time.perf_counter() - start
        time.sleep(1)
        after = resident_bytes(box.pids)
        for connection in held:
            connection.close()
        time.sleep(1)
        return Burst(seconds=seconds, operations=count, bytes=0), (before, after)


def _storescu(port: int, paths: list[Path]) -> float:
    """Wall time of one run, seconds. TCP_NODELAY is what DCMTK reads to switch Nagle's algorithm off."""
    program = shutil.which("storescu")
    assert program is not None
    environment = {name: value for name, value in os.environ.items() if name != "TCP_NODELAY"}
    start = time.perf_counter()
    words = [program, "-aec", "SINK", "-aet", "BENCH_SCU", "127.0.0.1", str(port), *map(str, paths)]
    done = subprocess.run(words, env=environment, capture_output=True, check=False, timeout=120)
    if done.returncode:
        raise LoadError(f"storescu: {done.stderr.decode(errors='replace').strip()[-200:]}")
    return time.perf_counter() - start
