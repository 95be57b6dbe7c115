"""Command line of the lab."""

import argparse
import sys
from pathlib import Path

from lab.namespaces import LabError


def _build(options: argparse.Namespace) -> int:
    from lab import build, scenario

    built = build.build(scenario.load(options.scenario), options.out, pace=options.pace, keep=options.keep)
    for problem in built.problems:
        print(f"problem: {problem}", file=sys.stderr)
    print(built.capture)
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
    canaries = commands.add_parser("canaries", help="list every string of the lab's patients")
    canaries.add_argument("--out", type=Path, default=Path(__file__).with_name("canaries.txt"))
    canaries.set_defaults(run=_canaries)
    return main


def main() -> int:
    options = parser().parse_args()
    try:
        return int(options.run(options))
    except LabError as error:
        print(f"lab: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
