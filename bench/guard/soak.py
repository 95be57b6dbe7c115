"""The guard under mixed load for as long as one likes: does its memory stay where it is, and does nothing get lost?

    python -m bench.guard.soak [--minutes 30] [--box NAME] [--folder DIR]

Scanners store and verify, in clear and by TLS, beside peers that are refused, stall, abort and talk nonsense. Writes
build/bench/soak.csv and soak.svg; exit code 1 if memory grew or a well-behaved peer was let down.
"""

from __future__ import annotations

import argparse
import csv
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final

from msgspec import Struct

from bench.guard import boxes, load, objects, pdus
from bench.guard.__main__ import site
from bench.guard.boxes import Box, Site
from bench.guard.load import LoadError, Sender, Target
from bench.guard.processes import cpu_seconds, family, open_files, resident_bytes

SAMPLES: Final = 360
"""Of a whole run, at least `_SHORTEST` seconds apart."""
_SHORTEST: Final = 1.0
_PAUSE: Final = 0.1
"""Seconds between two visits of one peer: the machine is not to be filled, memory is what is measured."""
_GROWTH: Final = 1.10
"""Most that memory may be at the end of what it was when all had warmed up."""
_SLACK: Final = 16e6
"""Bytes: growth below this is no growth."""


class Sample(Struct, frozen=True):
    """One look at the box. `done` and `failed` count visits of well-behaved peers, `bad` those of the others."""

    seconds: float
    resident: int
    cpu: float
    files: int
    done: int
    failed: int
    bad: int


class Tally:
    """What peers report, from their threads."""

    def __init__(self) -> None:
        self.done = self.bad = 0
        self.failures: list[str] = []
        self._lock = threading.Lock()

    def visit(self, peer: Callable[[], None], *, good: bool) -> None:
        """One visit. That a bad peer fails is as it should be."""
        try:
            peer()
        except (OSError, LoadError) as error:
            if good:
                with self._lock:
                    self.failures.append(f"{type(error).__name__}: {error}"[:200])
                return
        with self._lock:
            if good:
                self.done += 1
            else:
                self.bad += 1


def peers(box: Box, ground: Site) -> list[tuple[Callable[[], None], bool]]:
    """Each with whether it behaves well."""
    plain = Target(port=box.plain)
    tls = Target(port=box.tls, authority=str(ground.authority))
    scan, film = (objects.make(size)[0] for size in (objects.Size.CT, objects.Size.CR))
    scans = Sender.of(scan, max_pdu=16384, count=20)
    films = Sender.of(film, max_pdu=131072, count=2)
    return [
        (lambda: _discard(scans.send(plain)), True),
        (lambda: _discard(films.send(plain)), True),
        (lambda: _discard(scans.send(tls)), True),
        (lambda: _discard(load.echo_one_by_one(plain, 20)), True),
        (lambda: _discard(load.echo_one_by_one(tls, 5)), True),
        (lambda: _stranger(plain), False),
        (lambda: _leaves(plain, scans), False),
        (lambda: _says(plain, b"GET / HTTP/1.1\r\n\r\n"), False),
        (lambda: _says(plain, b"\x04\x00\xff\xff\xff\xff" + bytes(100)), False),
        (lambda: _says(plain, scans.request[:50]), False),
        (lambda: _says(tls, b"\x16\x03\x01\x00\x05hello"), False),
    ]


def soak(box: Box, ground: Site, seconds: float) -> tuple[list[Sample], list[str]]:
    """The curve, and how well-behaved peers failed."""
    tally, over = Tally(), threading.Event()

    def keep_visiting(peer: Callable[[], None], good: bool) -> None:
        while not over.wait(_PAUSE):
            tally.visit(peer, good=good)

    threads = [threading.Thread(target=keep_visiting, args=one) for one in peers(box, ground)]
    for thread in threads:
        thread.start()
    samples, start = [_sample(box, 0.0, tally)], time.monotonic()
    try:
        while (passed := time.monotonic() - start) < seconds:
            time.sleep(min(max(seconds / SAMPLES, _SHORTEST), seconds - passed))
            samples.append(_sample(box, time.monotonic() - start, tally))
    finally:
        over.set()
        for thread in threads:
            thread.join()
    return samples, tally.failures


def growth(samples: Sequence[Sample]) -> tuple[float, float, bool]:
    """Median memory when warm (second tenth) and at the end (last tenth), bytes; is it bounded?"""
    tenth = max(1, len(samples) // 10)
    warm = statistics.median(one.resident for one in samples[tenth : 2 * tenth] or samples[:1])
    last = statistics.median(one.resident for one in samples[-tenth:])
    return warm, last, last <= max(warm * _GROWTH, warm + _SLACK)


def curve(samples: Sequence[Sample], title: str) -> str:
    """Memory over time as SVG."""
    width, height, left, bottom = 900, 320, 70, 40
    longest = max(samples[-1].seconds, 1e-9)
    most = max(one.resident for one in samples) * 1.1 or 1.0
    places = [
        (
            left + one.seconds / longest * (width - left - 10),
            height - bottom - one.resident / most * (height - bottom - 30),
        )
        for one in samples
    ]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    ticks = "".join(
        f'<text x="{left - 6}" y="{height - bottom - share * (height - bottom - 30) + 4:.0f}" text-anchor="end">'
        f"{share * most / 1e6:.0f} MB</text>"
        for share in (0, 0.25, 0.5, 0.75, 1)
    )
    hours = "".join(
        f'<text x="{left + share * (width - left - 10):.0f}" y="{height - 16}" text-anchor="middle">'
        f"{share * longest / 60:.1f} min</text>"
        for share in (0, 0.25, 0.5, 0.75)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}"'
        ' font-family="sans-serif" font-size="12">'
        f'<rect width="100%" height="100%" fill="white"/><text x="{left}" y="18" font-size="14">{title}</text>'
        f'<path d="M{left},30V{height - bottom}H{width - 10}" fill="none" stroke="#888"/>{ticks}{hours}'
        f'<polyline points="{line}" fill="none" stroke="#06c" stroke-width="1.5"/></svg>\n'
    )


def write(samples: Sequence[Sample], name: str, folder: Path) -> None:
    """The curve as a table and as a picture."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "soak.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(Sample.__struct_fields__)
        writer.writerows([getattr(one, field) for field in Sample.__struct_fields__] for one in samples)
    (folder / "soak.svg").write_text(curve(samples, f"resident memory of {name} under mixed load"))


def _sample(box: Box, seconds: float, tally: Tally) -> Sample:
    pids = family(box.pids[0])
    return Sample(
        round(seconds, 1),
        resident_bytes(pids),
        round(cpu_seconds(pids), 2),
        open_files(pids),
        tally.done,
        len(tally.failures),
        tally.bad,
    )


def _stranger(target: Target) -> None:
    with target.connect() as connection:
        load.associate(connection, pdus.associate_rq(pdus.VERIFICATION, "NOBODY", "SINK", 16384))


def _leaves(target: Target, sender: Sender) -> None:
    """In the middle of an object."""
    with target.connect() as connection:
        load.associate(connection, sender.request)
        connection.sendall(sender.blob[: len(sender.blob) // 2])


def _says(target: Target, what: bytes) -> None:
    """Something that is no association, and then nothing for a second."""
    with Target(port=target.port).connect() as connection:
        connection.sendall(what)
        connection.settimeout(1)
        connection.recv(4096)


def _discard(_: object) -> None:
    """A peer's figures, which do not matter here."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--box", default=boxes.GUARD, choices=(boxes.HAPROXY, boxes.NGINX, boxes.GUARD))
    parser.add_argument("--folder", type=Path, default=Path("build/bench"))
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="soak-guard-") as scratch,
        site(Path(scratch)) as ground,
        boxes.start(options.box, ground) as box,
    ):
        samples, failures = soak(box, ground, options.minutes * 60)
    write(samples, box.name, options.folder)
    warm, last, bounded = growth(samples)
    busiest = max((later.cpu - sooner.cpu) / (later.seconds - sooner.seconds) for sooner, later in pairwise(samples))
    print(
        f"{box.name}: {samples[-1].done} visits well, {len(failures)} let down, {samples[-1].bad} bad peers; "
        f"memory {warm / 1e6:.0f} MB warm, {last / 1e6:.0f} MB at the end; {samples[-1].files} files open; "
        f"busiest {busiest:.0%} of a core"
    )
    for failure in sorted(set(failures))[:10]:
        print(f"  {failures.count(failure)} × {failure}")
    return 0 if bounded and not failures else 1


if __name__ == "__main__":
    sys.exit(main())
