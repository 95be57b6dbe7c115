"""One run of a scenario, chosen because it is typical, and what the department looks like at any hour of it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from leadapron.model.department import Chain, Department
from leadapron.model.exercise import ModalityState, State
from leadapron.model.scenarios import Course, Estimate, Scenario
from leadapron.whatif.effect import Effect, effect
from leadapron.whatif.estimates import estimate
from leadapron.whatif.worlds import worlds

Floats = NDArray[np.float64]


class Play(Struct, frozen=True, kw_only=True, eq=False):
    """The run that is played. Arrays are in the order of the department's nodes, hours from the scenario's start."""

    department: Department
    numbers: Mapping[str, int]
    """Node id → its place in the arrays."""
    scenario: Scenario
    run: int
    entry: int | None
    """The device where it began."""
    came: Effect
    """Of this run alone."""
    lost: float
    exams_lost: Estimate
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
    def restored(self) -> float:
        """When everything works again."""
        return float(self.came.restored[0])

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
        return State(
            down=int(down.sum()),
            devices=len(down),
            lost=float(self.came.lost_until(hour)[0]),
            modalities=tuple(
                ModalityState(
                    modality=chain.modality,
                    scanners=len(chain.scanners),
                    working=sum(not down[number] for number in self.index(chain)),
                    lost=float(tally.lost(1, hour)[0]),
                )
                for chain, tally in zip(self.department.chains, self.came.tallies, strict=True)
            ),
        )

    def index(self, chain: Chain) -> list[int]:
        """Numbers of a chain's scanners."""
        return [self.numbers[scanner] for scanner in chain.scanners]


def typical(department: Department, scenario: Scenario, *, runs: int, seed: int) -> Play:
    """The run whose exams lost are nearest to the median, of several the first; of a theft, whose studies at risk are.

    UsageError: no runs, no device, or none fits the scenario's entry.
    """
    records = np.array([node.records for node in department.nodes])
    lost, harm = np.zeros(runs), np.zeros(runs)
    for first, hours in worlds(department, scenario, runs=runs, seed=seed):
        came = effect(department, scenario, hours, seed=seed, first_run=first)
        rows = slice(first, first + len(hours))
        lost[rows] = came.lost
        harm[rows] = came.down.reached @ records if scenario.course is Course.THEFT else came.lost
    run = int(np.argmin(np.abs(harm - np.median(harm))))
    _, hours = next(worlds(department, scenario, runs=1, seed=seed, first_run=run))
    return Play(
        department=department,
        numbers={node.id: number for number, node in enumerate(department.nodes)},
        scenario=scenario,
        run=run,
        entry=int(hours[0].argmin()) if hours[0].min() == 0 else None,
        came=effect(department, scenario, hours, seed=seed, first_run=run),
        lost=float(lost[run]),
        exams_lost=estimate(lost),
    )
