"""One run of a scenario, chosen because it is typical, and what the department looks like at any hour of it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from leadapron.model.department import Chain, Department
from leadapron.model.errors import UsageError
from leadapron.model.exercise import ModalityState, State
from leadapron.model.scenarios import Course, Scenario, Spread
from leadapron.whatif.effect import Effect, effect
from leadapron.whatif.engine import batch_size, compile_graph, entries, spread

Floats = NDArray[np.float64]


class Play(Struct, frozen=True, kw_only=True, eq=False):
    """The run that is played. Arrays are in the order of the department's nodes, hours from the scenario's start."""

    department: Department
    scenario: Scenario
    run: int
    entry: int | None
    """The device where it began."""
    came: Effect
    """Of this run alone."""
    lost: float
    exams_lost: Spread
    """Of all runs."""

    @property
    def stops(self) -> Floats:
        """When each device no longer works; infinite: it goes on."""
        hours: Floats = self.came.down.stops[0]
        return hours

    @property
    def works(self) -> Floats:
        """When each works again."""
        hours: Floats = self.came.down.works[0]
        return hours

    @property
    def ended(self) -> float:
        """When defenders ended the spread."""
        return float(self.came.down.ended[0])

    @property
    def normal(self) -> float:
        """When everything works and the backlog is done."""
        return float(self.came.normal[0])

    @property
    def records(self) -> float:
        """Studies on devices that the attacker held."""
        held = self.came.down.reached[0]
        return sum(node.records for node, hold in zip(self.department.nodes, held, strict=True) if hold)

    def at(self, hour: float) -> State:
        """The department at an hour."""
        down = self.came.down_at(hour)[0]
        nodes = {node.id: number for number, node in enumerate(self.department.nodes)}
        return State(
            down=int(down.sum()),
            devices=len(down),
            lost=float(self.came.lost_until(hour)[0]),
            modalities=tuple(
                ModalityState(
                    modality=chain.modality,
                    scanners=len(chain.scanners),
                    working=sum(not down[nodes[scanner]] for scanner in chain.scanners),
                    lost=float(tally.lost(1, hour)[0]),
                )
                for chain, tally in zip(self.department.chains, self.came.tallies, strict=True)
            ),
        )

    def index(self, chain: Chain) -> list[int]:
        """Numbers of a chain's scanners."""
        nodes = {node.id: number for number, node in enumerate(self.department.nodes)}
        return [nodes[scanner] for scanner in chain.scanners]


def typical(department: Department, scenario: Scenario, *, runs: int, seed: int) -> Play:
    """The run whose exams lost are nearest to the median, of several the first; of a theft, whose studies at risk are.

    UsageError: no runs, or no device fits the scenario's entry.
    """
    if runs < 1:
        raise UsageError(f"exercise: at least one run is needed, not {runs}")
    records = np.array([node.records for node in department.nodes])
    lost, harm = np.empty(runs), np.empty(runs)
    for first, hours, _ in _played(department, scenario, 0, runs, seed):
        came = effect(department, scenario, hours, seed=seed, first_run=first)
        lost[first : first + len(hours)] = came.lost
        harm[first : first + len(hours)] = came.down.reached @ records if scenario.course is Course.THEFT else came.lost
    run = int(np.argmin(np.abs(harm - np.median(harm))))
    _, hours, entry = next(_played(department, scenario, run, 1, seed))
    p5, p50, p95 = (float(value) for value in np.quantile(lost, (0.05, 0.5, 0.95)))
    return Play(
        department=department,
        scenario=scenario,
        run=run,
        entry=entry,
        came=effect(department, scenario, hours, seed=seed, first_run=run),
        lost=float(lost[run]),
        exams_lost=Spread(mean=float(lost.mean()), p5=p5, p50=p50, p95=p95),
    )


def _played(
    department: Department, scenario: Scenario, first: int, runs: int, seed: int
) -> Iterator[tuple[int, NDArray[np.float32], int | None]]:
    """First run, hours at which devices fall, and the entry of the first run, batch by batch."""
    graph = compile_graph(department, scenario)
    if scenario.course is Course.OUTAGE:
        size = batch_size(graph)
        for at in range(first, first + runs, size):
            rows = min(size, first + runs - at)
            yield at, np.full((rows, graph.nodes), np.inf, dtype=np.float32), None
        return
    starts = entries(department, scenario)
    for batch in spread(graph, entries=starts, runs=runs, seed=seed, horizon=scenario.horizon, first_run=first):
        yield batch.first_run, batch.hours, int(batch.entry[0])
