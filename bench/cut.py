"""The search of the best measures: its gap to an exhaustive search on small departments, and its time on a large one.

    python -m bench.cut [--cases N] [--measures N] [--nodes N] [--folder DIR]

The gap is of expected exams lost, on the runs the search sees: what the search misses, without the noise of few runs.
"""

from __future__ import annotations

import argparse
import platform
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from bench.sites import WORM, site
from leadapron.model.department import Department
from leadapron.model.measures import Measure, Method
from leadapron.whatif.cut import best, candidates
from leadapron.whatif.cut.choice import Effort, Finder
from leadapron.whatif.cut.search import NOTHING, affordable, options, shortlist, thinned
from leadapron.whatif.cut.worlds import Budget, Worlds
from leadapron.whatif.simulate import losses

RUNS = 150
SEED = 11


class Case(Struct, frozen=True, kw_only=True, eq=False):
    """A department so small that every set of measures can be tried."""

    department: Department
    measures: tuple[Measure, ...]
    budget: Budget


class Gap(Struct, frozen=True, kw_only=True):
    """Expected exams lost after the best set of each search."""

    seed: int
    devices: int
    measures: int
    sets: int
    """That fit the budget."""
    tried: int
    """By the search."""
    before: float
    least: float
    """Of all sets."""
    found: float
    method: Method
    """Which search found it."""

    @property
    def share(self) -> float:
        """Of what the best set saves, how much is missed."""
        return (self.found - self.least) / (self.before - self.least) if self.before > self.least else 0.0


def small_case(seed: int, *, measures: int = 12, runs: int = RUNS) -> Case:
    """Some twenty devices; promising measures and some others, their hours drawn; a budget for less than half of it."""
    department = site(14 + seed % 12, seed, open_share=0.35 + 0.05 * (seed % 10))
    offered = candidates(department, WORM, ())
    worlds = _worlds(department, offered, runs)
    everything = thinned(worlds, frozenset(range(len(offered))))
    chance = np.random.default_rng(seed)
    promising = shortlist(worlds, (), everything, options(offered), most=measures - measures // 3)
    others = [index for index in chance.permutation(len(offered)).tolist() if index not in promising]
    kept = sorted((*promising, *others[: measures // 3]))
    chosen = tuple(replace(offered[index], hours=round(float(chance.uniform(1.0, 12.0)), 1)) for index in kept)
    share = (0.2, 0.3, 0.4)[seed % 3]
    return Case(department=department, measures=chosen, budget=Budget(hours=share * sum(one.hours for one in chosen)))


def _worlds(department: Department, measures: Sequence[Measure], runs: int) -> Worlds:
    return Worlds(department, WORM, measures, runs=runs, seed=SEED, play=losses)


def gap(seed: int, *, measures: int = 12, runs: int = RUNS) -> Gap:
    """One comparison, on the same runs. The search may not fall back on trying everything."""
    case = small_case(seed, measures=measures, runs=runs)
    worlds, every = (_worlds(case.department, case.measures, runs) for _ in range(2))
    sets = affordable(case.measures, case.budget, 2 ** len(case.measures)) or ()
    finder = Finder(worlds, case.department, WORM, seed=SEED, effort=Effort(exhaustive=0))
    found, method = finder.sets(case.budget)[0]
    return Gap(
        seed=seed,
        devices=len(case.department.nodes),
        measures=len(case.measures),
        sets=len(sets),
        tried=worlds.played,
        before=every.mean(NOTHING),
        least=min(every.mean(chosen) for chosen in sets),
        found=worlds.mean(found),
        method=method,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=40)
    parser.add_argument("--measures", type=int, default=12, help="at most, in each small department")
    parser.add_argument("--nodes", type=int, default=320, help="devices of the large one, about")
    parser.add_argument("--folder", type=Path, default=Path("build/bench"))
    given = parser.parse_args()
    gaps = []
    for seed in range(given.cases):
        gaps.append(gap(seed, measures=given.measures))
        print(f"case {seed + 1}: missed {gaps[-1].share:.2%} of what can be saved", file=sys.stderr)
    timed = [_large(given.nodes, share) for share in (0.5, 1.0)]
    _print(gaps, timed)
    given.folder.mkdir(parents=True, exist_ok=True)
    report = {"python": platform.python_version(), "machine": platform.machine(), "gaps": gaps, "large": timed}
    (given.folder / "cut.json").write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=2))


class Large(Struct, frozen=True, kw_only=True):
    """One search on a whole site."""

    devices: int
    measures: int
    open_share: float
    hours: float
    seconds: float
    cpu_seconds: float
    before: float
    after: float
    method: Method


def _large(nodes: int, share: float) -> Large:
    department = site(nodes, 3, open_share=share)
    offered = candidates(department, WORM, ())
    losses(department, WORM, runs=1, seed=0)  # compiles
    wall, cpu = time.perf_counter(), time.process_time()
    found = best(department, WORM, offered, hours=40.0, runs=1000, seed=SEED)
    return Large(
        devices=len(department.nodes),
        measures=len(offered),
        open_share=share,
        hours=40.0,
        seconds=round(time.perf_counter() - wall, 1),
        cpu_seconds=round(time.process_time() - cpu, 1),
        before=found.before.mean,
        after=found.after.mean,
        method=found.method,
    )


def _print(gaps: Sequence[Gap], timed: Sequence[Large]) -> None:
    print("| case | devices | measures | sets | tried | lost before | least | found | missed | by |")
    print("|-|-|-|-|-|-|-|-|-|-|")
    for one in gaps:
        print(
            f"| {one.seed + 1} | {one.devices} | {one.measures} | {one.sets} | {one.tried} | {one.before:.0f} "
            f"| {one.least:.1f} | {one.found:.1f} | {one.share:.2%} | {one.method} |"
        )
    exact = sum(one.share < 1e-9 for one in gaps)
    print(f"\nBest set found in {exact} of {len(gaps)}; worst miss {max((one.share for one in gaps), default=0):.2%}\n")
    print("| devices | measures | passages open | hours | seconds | CPU seconds | lost before | after | by |")
    print("|-|-|-|-|-|-|-|-|-|")
    for large in timed:
        print(
            f"| {large.devices} | {large.measures} | {large.open_share:.0%} | {large.hours:g} | {large.seconds} "
            f"| {large.cpu_seconds} | {large.before:.0f} | {large.after:.0f} | {large.method} |"
        )


if __name__ == "__main__":
    main()
