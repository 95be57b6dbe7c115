"""The runs of a scenario, in batches: when each device falls if nobody stops it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from leadapron.model.department import Department
from leadapron.model.errors import UsageError
from leadapron.model.scenarios import Course, Scenario
from leadapron.whatif.engine import compile_graph, entries, spread

CELLS = 1_000_000
"""Devices times runs that are in memory at one time."""

MOST = 1000
"""Runs in a batch, so that progress can be told."""


def worlds(
    department: Department,
    scenario: Scenario,
    *,
    runs: int,
    seed: int,
    first_run: int = 0,
    until_contained: bool = False,
) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """Number of the first run and hours (runs, devices) of each batch. The same run of the same seed is the same world,
    whatever is changed in the department.

    With `until_contained` what falls after defenders ended the spread may be left out. UsageError: no run, no device,
    no place to begin.
    """
    if runs < 1:
        raise UsageError(f"{runs} runs: at least one is needed")
    if not department.nodes:
        raise UsageError("the department has no device: nothing can be attacked")
    size = max(1, min(MOST, CELLS // len(department.nodes)))
    if scenario.course is Course.OUTAGE:
        for first in range(first_run, first_run + runs, size):
            count = min(size, first_run + runs - first)
            yield first, np.full((count, len(department.nodes)), np.inf, dtype=np.float32)
        return
    starts = entries(department, scenario)
    horizon = scenario.horizon
    if until_contained and scenario.course is Course.WORM:
        kinds = {department.nodes[start].kind for start in starts}
        # The clock of defenders starts with the first device that stops: here that is the entry.
        horizon = min(horizon, scenario.contained) if kinds <= set(scenario.stops) else horizon
    for batch in spread(
        compile_graph(department, scenario),
        entries=starts,
        runs=runs,
        seed=seed,
        horizon=horizon,
        first_run=first_run,
        batch=size,
    ):
        if scenario.entry.shut:
            shut = np.array([node.id in scenario.entry.shut for node in department.nodes])
            batch.hours[shut[batch.entry]] = np.inf
        yield batch.first_run, batch.hours
