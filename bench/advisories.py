"""Reading CSAF documents: CPU per document and peak memory, beside csaf-lib on the same files.

    python -m bench.advisories [FOLDER] [--synthetic N] [--scratch FOLDER]

`FOLDER` (by default the samples of the tests) must load without a problem. N synthetic documents are derived from the
samples, each with its own identifiers, versions and flaws. Each program runs alone, in a fresh process, one document
at a time, and reports the CPU of its loop (after one round over the samples) and the greatest memory of the process.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

SAMPLES = Path(__file__).parents[1] / "tests/know/advisories/samples"


class Run(Struct, frozen=True, kw_only=True):
    """One program over one folder."""

    documents: int
    problems: int
    facts: int
    """Products and flaws seen, so that nobody gains by reading less."""
    cpu_seconds: float
    peak_megabytes: float


# ---------------------------------------------------------------- what is measured
def ours(folder: Path) -> Iterator[int]:
    """Everything: two passes, editions compared, identifiers checked; -1 for a problem."""
    from leadapron.know.advisories import Problem, read_advisories

    for read in read_advisories(folder):
        yield -1 if isinstance(read, Problem) else len(read.products) + len(read.vulnerabilities)


def peer_reads(folder: Path, *, check: bool = False) -> Iterator[int]:
    """csaf-lib makes its objects, and where asked runs its mandatory tests of the standard; it knows CSAF 2.0 alone."""
    models, verification = import_module("csaf_lib.models"), import_module("csaf_lib.verification")
    for path in _documents(folder):
        try:
            document = models.CSAFVEX.from_file(path)
            if check:
                verification.Verifier(document).run_csaf_compliance()
        except (ValueError, LookupError, TypeError, AttributeError):
            yield -1
            continue
        yield len(_leaves(document.product_tree.branches)) + len(document.vulnerabilities)


PROGRAMS: dict[str, Callable[[Path], Iterator[int]]] = {
    "leadapron": ours,
    "csaf-lib, reading": peer_reads,
    "csaf-lib, reading and checking": partial(peer_reads, check=True),
}


def _documents(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.json"))


def _leaves(branches: list[Any]) -> list[Any]:
    return [leaf for each in branches for leaf in ([each.product] if each.product else _leaves(each.branches))]


def run_here(program: str, folder: Path) -> Run:
    """In this process, which should do nothing else."""
    for _ in PROGRAMS[program](SAMPLES):
        pass  # imports, and caches that a program fills once
    reader = PROGRAMS[program](folder)
    documents = problems = facts = 0
    start = time.process_time()
    for found in reader:
        documents += 1
        problems += found < 0
        facts += max(0, found)
    spent = time.process_time() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Run(documents=documents, problems=problems, facts=facts, cpu_seconds=spent, peak_megabytes=peak)


def run_alone(program: str, folder: Path) -> Run:
    """In a process of its own."""
    command = [sys.executable, "-m", "bench.advisories", str(folder), "--run", program]
    finished = subprocess.run(command, capture_output=True, check=True)
    return msgspec.json.decode(finished.stdout, type=Run)


# ---------------------------------------------------------------- synthetic documents
def synthesise(folder: Path, count: int, seed: int = 7) -> None:
    """`count` documents, in folders of a thousand."""
    chance = random.Random(seed)
    models = [json.loads(path.read_bytes()) for path in sorted(SAMPLES.glob("icsma-*.json"))]
    for number in range(count):
        document = json.loads(json.dumps(chance.choice(models)))
        document["document"]["tracking"]["id"] = f"SYN-{number:06}"
        for branch in _version_branches(document["product_tree"]["branches"]):
            branch["name"] = f"<= {chance.randrange(20)}.{chance.randrange(10)}.{chance.randrange(100)}"
        for flaw in document["vulnerabilities"]:
            flaw["cve"] = f"CVE-{chance.randrange(2000, 2026)}-{chance.randrange(10_000, 99_999)}"
        place = folder / f"{number // 1_000:03}"
        place.mkdir(parents=True, exist_ok=True)
        (place / f"syn-{number:06}.json").write_text(json.dumps(document, indent=2), encoding="utf-8")


def _version_branches(branches: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for branch in branches:
        if "product" in branch:
            yield branch
        yield from _version_branches(branch.get("branches", []))


# ---------------------------------------------------------------- the table
def table(folder: Path) -> str:
    """Markdown: one row a program."""
    size = sum(path.stat().st_size for path in _documents(folder))
    lines = [
        f"\n{len(_documents(folder))} documents, {size / 1e6:.1f} MB\n",
        "| program | documents | problems | products and flaws | CPU ms per document | peak MB |",
        "|-|-|-|-|-|-|",
    ]
    for program in PROGRAMS:
        if program != "leadapron" and not find_spec("csaf_lib"):
            lines.append(f"| {program} | not installed: `pip install csaf-lib` | | | | |")
            continue
        run = run_alone(program, folder)
        each = 1_000 * run.cpu_seconds / max(1, run.documents)
        lines.append(
            f"| {program} | {run.documents} | {run.problems} | {run.facts} | {each:.2f} | {run.peak_megabytes:.0f} |"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", default=SAMPLES)
    parser.add_argument("--synthetic", type=int, default=0, metavar="N")
    parser.add_argument("--scratch", type=Path, default=Path("build/bench/advisories"))
    parser.add_argument("--run", choices=PROGRAMS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.run:
        print(msgspec.json.encode(run_here(options.run, options.folder)).decode())
        return
    print(table(options.folder))
    if options.synthetic:
        shutil.rmtree(options.scratch, ignore_errors=True)
        synthesise(options.scratch, options.synthetic)
        print(table(options.scratch))


if __name__ == "__main__":
    main()
