"""How many exams hang on each device, roughly: what the integer program minimises in their place."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from leadapron.model.department import HOURS_OF_WEEK, Chain, Department, DeviceClass
from leadapron.model.scenarios import ON_BACKUPS, Scenario


class Weights(Struct, frozen=True, kw_only=True, eq=False):
    """Exams, by place of a device in `Department.nodes`."""

    alone: NDArray[np.float64]
    """Lost when this device falls: a scanner's own, and those of steps only it can do."""
    together: tuple[tuple[tuple[int, ...], float], ...]
    """Lost when all these devices fall: any one of them would do."""


def weights(department: Department, scenario: Scenario) -> Weights:
    """A modality's exams are shared out evenly over its scanners; a step weighs what cannot be done without it."""
    places = {node.id: place for place, node in enumerate(department.nodes)}
    alone = np.zeros(len(places))
    together = []
    for chain in department.chains:
        rate = sum(chain.per_hour) / HOURS_OF_WEEK
        for scanner in chain.scanners:
            place = places[scanner]
            alone[place] += rate / len(chain.scanners) * _outage(department, scenario, (place,))
        for group, kept in _steps(chain, places):
            exams = rate * (1.0 - kept) * _outage(department, scenario, group)
            if len(group) == 1:
                alone[group[0]] += exams
            elif exams > 0:
                together.append((group, exams))
    return Weights(alone=alone, together=tuple(together))


def _steps(chain: Chain, places: dict[str, int]) -> Iterable[tuple[tuple[int, ...], float]]:
    for need in chain.needs:
        if need.nodes:
            yield tuple(sorted({places[node] for node in need.nodes})), need.kept


def _outage(department: Department, scenario: Scenario, group: tuple[int, ...]) -> float:
    """Hours until the first of them works again."""
    return min(_restored(department.nodes[place].kind, scenario) for place in group)


def _restored(kind: DeviceClass, scenario: Scenario) -> float:
    if kind not in scenario.stops:
        return 0.0
    delay = scenario.recovery.get(kind)
    hours = delay.median if delay else 0.0
    if kind in ON_BACKUPS:
        hours *= 1.0 + scenario.backups_lost * (scenario.backups_factor - 1.0)
    return max(scenario.contained, 0.0) + hours
