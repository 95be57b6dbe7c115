"""Command line of the lab."""

import argparse
import signal
import sys
from pathlib import Path
from types import FrameType

from lab.namespaces import LabError

MANGLERS = ("loss", "reorder", "duplicate", "vlan", "cut", "gre", "vxlan", "erspan", "snap")


def _build(options: argparse.Namespace) -> int:
    from lab import build, scenario

    built = build.build(scenario.load(options.scenario), options.out, pace=options.pace, keep=options.keep)
    for problem in built.problems:
        print(f"problem: {problem}", file=sys.stderr)
    print(built.capture)
    return 0


def _mangle(options: argparse.Namespace) -> int:
    from lab import mangle, pcapfile

    try:
        packets = pcapfile.read(options.source)
    except (OSError, pcapfile.CaptureError) as error:
        raise LabError(f"{options.source}: {error}") from error
    count = pcapfile.write(options.target, mangle.mangle(mangle.Kind(options.kind), packets))
    print(f"{options.target}: {count} of {len(packets)} packets")
    return 0


def _publish(options: argparse.Namespace) -> int:
    from lab import publish, scenario, truth

    try:
        publish.publish(scenario.load(options.scenario), options.folder)
    except truth.DisagreementError as error:
        raise LabError(f"the journal and the capture disagree:\n{error}") from error
    return 0


def _restate(options: argparse.Namespace) -> int:
    from lab import publish, scenario

    try:
        publish.restate(scenario.load(options.scenario))
    except OSError as error:
        raise LabError(f"{options.scenario}: not published yet ({error})") from error
    return 0


def _bulk(options: argparse.Namespace) -> int:
    from lab import bulk

    kind = bulk.Kind(options.kind)
    size = bulk.make(kind, options.out, megabytes=options.megabytes, count=options.count, titles=options.ae_titles)
    print(f"{options.out}: {size / 1e6:.0f} MB")
    return 0


def _canaries(options: argparse.Namespace) -> int:
    from lab import patients

    options.out.write_text("\n".join(patients.canaries()) + "\n")
    return 0


def parser() -> argparse.ArgumentParser:
    main = argparse.ArgumentParser(prog="python -m lab", description="A real imaging department in namespaces.")
    commands = main.add_subparsers(required=True)
    build = commands.add_parser("build", help="run a scenario and capture it (Linux, root)")
    build.add_argument("scenario", type=Path)
    build.add_argument("--out", type=Path, required=True, help="folder of the capture")
    build.add_argument("--pace", type=float, default=1.0, help="run so many times faster than written")
    build.add_argument("--keep", action="store_true", help="keep configurations and logs of the servers")
    build.set_defaults(run=_build)
    mangle = commands.add_parser("mangle", help="a copy of a capture, spoiled as real mirrors spoil them")
    mangle.add_argument("kind", choices=MANGLERS)
    mangle.add_argument("source", type=Path)
    mangle.add_argument("target", type=Path)
    mangle.set_defaults(run=_mangle)
    publish = commands.add_parser("publish", help="commit a run: compressed capture, truth and provenance")
    publish.add_argument("scenario", type=Path)
    publish.add_argument("folder", type=Path, help="what `build` wrote")
    publish.set_defaults(run=_publish)
    restate = commands.add_parser("restate", help="carry a scenario's expectations into its committed truth")
    restate.add_argument("scenario", type=Path)
    restate.set_defaults(run=_restate)
    bulk = commands.add_parser("bulk", help="a big capture for benchmarks (Linux, root)")
    bulk.add_argument("--kind", choices=("store", "associations"), required=True)
    bulk.add_argument("--megabytes", type=int, default=550)
    bulk.add_argument("--count", type=int, default=16_000)
    bulk.add_argument("--ae-titles", type=int, default=400)
    bulk.add_argument("--out", type=Path, required=True)
    bulk.set_defaults(run=_bulk)
    canaries = commands.add_parser("canaries", help="list every string of the lab's patients")
    canaries.add_argument("--out", type=Path, default=Path(__file__).with_name("canaries.txt"))
    canaries.set_defaults(run=_canaries)
    return main


def _stop(number: int, _frame: FrameType | None) -> None:
    """Leave by the front door when told to stop, so that namespaces and servers go too."""
    sys.exit(128 + number)


def main() -> int:
    signal.signal(signal.SIGTERM, _stop)
    options = parser().parse_args()
    try:
        return int(options.run(options))
    except LabError as error:
        print(f"lab: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
