"""The guard beside what could stand in its place, in interleaved rounds; a table and build/bench/guard.json.

    python -m bench.guard [--rounds N] [--only ct16k,echo*] [--boxes NAME...] [--folder DIR]

Everything runs on 127.0.0.1. Of a shared machine trust ratios within a round and CPU seconds, not rates. HAProxy has
one thread (`nbthread 1`), nginx one worker: the guard has one thread too. The relay gets a twentieth of the work.
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import msgspec

from bench.guard import boxes
from bench.guard.boxes import Box, Site
from bench.guard.cases import CASES, Case, Course, Measured, chosen
from bench.guard.processes import StartError, child, free_ports, python
from bench.guard.results import figures, table, verdicts


@contextmanager
def site(folder: Path) -> Iterator[Site]:
    """The sink and storescp, running."""
    folder.mkdir(parents=True, exist_ok=True)
    sink, control, scp = free_ports(3)
    pem, authority = boxes.certificate(folder)
    with ExitStack() as stack:
        stack.enter_context(child(python("bench.guard.sink", sink, control), (sink, control), folder / "sink.log"))
        if shutil.which("storescp") and shutil.which("storescu"):
            words = ["storescp", "--ignore", "--fork", str(scp)]
            stack.enter_context(child(words, (scp,), folder / "storescp.log"))
        else:
            scp = 0
        yield Site(folder=folder, sink=sink, control=control, scp=scp, pem=pem, authority=authority)


def run(cases: Sequence[Case], names: Sequence[str], rounds: int, folder: Path) -> tuple[list[Box], list[Measured]]:
    """Each round takes each case through each box in turn, so that all meet the machine in the same mood."""
    measured: list[Measured] = []
    with site(folder) as ground, ExitStack() as stack:
        course = Course(ground)
        running = list(_started(stack, names, ground, course))
        for number in range(1, rounds + 1):
            for case in cases:
                if number > case.most_rounds:
                    continue
                for box in running:
                    if not course.applies(case, box):
                        continue
                    one = course.run(case, box)
                    measured.append(one)
                    said = one.failure or f"{one.seconds:.2f} s, CPU {one.cpu or 0:.2f} s"
                    print(f"round {number}: {case.name}: {box.name}: {said}", file=sys.stderr)
    return running, measured


def _started(stack: ExitStack, names: Sequence[str], ground: Site, course: Course) -> Iterator[Box]:
    """Boxes that came up and pass on what they are given; the others are named."""
    for name in names:
        if not boxes.installed(name):
            print(f"{name} is not installed", file=sys.stderr)
            continue
        try:
            box = stack.enter_context(boxes.start(name, ground))
        except StartError as error:
            print(f"{name} did not start: {error}", file=sys.stderr)
            continue
        wrong = course.verify(box)
        if wrong:
            print(f"{name} is left out: {wrong}", file=sys.stderr)
            continue
        yield box


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="", help=f"of {','.join(case.name for case in CASES)}; * and ? are wildcards")
    parser.add_argument("--boxes", nargs="*", default=list(boxes.NAMES), choices=boxes.NAMES)
    parser.add_argument("--folder", type=Path, default=Path("build/bench"))
    return parser


def main() -> int:
    """Exit code 1 if a box failed or a target was missed."""
    options = _parser().parse_args()
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    with tempfile.TemporaryDirectory(prefix="bench-guard-") as scratch:
        running, measured = run(chosen(options.only), options.boxes, options.rounds, Path(scratch))
    found = figures(measured)
    judged = verdicts(found)
    report = {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "boxes": {box.name: box.version for box in running},
        "figures": found,
        "targets": judged,
        "bursts": measured,
    }
    options.folder.mkdir(parents=True, exist_ok=True)
    (options.folder / "guard.json").write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=2))
    print(table(found, judged))
    return 0 if all(one.met for one in judged) and not any(one.failures for one in found) else 1


if __name__ == "__main__":
    sys.exit(main())
