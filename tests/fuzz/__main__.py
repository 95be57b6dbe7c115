"""`python -m tests.fuzz [--seconds N] [TARGET...]`: with atheris where it is installed, else with the built-in loop."""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import subprocess
import sys
import traceback
from pathlib import Path

from tests.fuzz.mutation import Failure, check, fuzz
from tests.fuzz.targets import TARGETS, Target

CRASHES = Path("build") / "fuzz"


def main(arguments: list[str]) -> int:
    """Exit code 1 when a parser broke; its input is then kept in `build/fuzz`."""
    options = _parser().parse_args(arguments)
    chosen = [target for target in TARGETS if not options.target or target.name in options.target]
    if options.replay:
        for target in chosen:
            check(target, options.replay.read_bytes(), memory=True)
        return 0
    guided = not options.built_in and importlib.util.find_spec("atheris") is not None
    print("fuzzing with", "atheris" if guided else "the built-in mutations")
    share = options.seconds / len(chosen)
    run = _guided if guided else _built_in
    broken = [target.name for target in chosen if run(target, share, options.seed)]
    return 1 if broken else 0


def _parser() -> argparse.ArgumentParser:
    names = [target.name for target in TARGETS]
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description="Feed hostile bytes to every parser.")
    parser.add_argument("target", nargs="*", metavar="TARGET", choices=[*names, []], help=f"of {', '.join(names)}")
    parser.add_argument("--seconds", type=float, default=60, help="over all targets together (default 60)")
    parser.add_argument("--seed", type=int, default=0, help="same seed, same mutations (default 0)")
    parser.add_argument("--built-in", action="store_true", help="do without atheris")
    parser.add_argument("--replay", type=Path, metavar="FILE", help="run one kept input instead")
    return parser


def _built_in(target: Target, seconds: float, seed: int) -> bool:
    runs, failure = fuzz(target, seconds, seed)
    print(f"{target.name:14} {runs:8} inputs", "broken" if failure else "sound", flush=True)
    if failure:
        _keep(failure)
    return failure is not None


def _keep(failure: Failure) -> None:
    CRASHES.mkdir(parents=True, exist_ok=True)
    path = CRASHES / f"{failure.target}-{hashlib.blake2b(failure.data, digest_size=6).hexdigest()}"
    path.write_bytes(failure.data)
    traceback.print_exception(failure.error)
    print(f"kept in {path}; again with: python -m tests.fuzz {failure.target} --replay {path}")


def _guided(target: Target, seconds: float, seed: int) -> bool:
    CRASHES.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "tests.fuzz.guided", target.name, str(max(1, round(seconds))), str(seed)]
    broken = subprocess.run([*command, str(CRASHES)], check=False).returncode != 0
    print(f"{target.name:14}", "broken" if broken else "sound", flush=True)
    return broken


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
