"""The effect of fallen devices, one run at a time and hour by hour: slow, plain, and written from the definitions.

Delays must be fixed (no spread) and shares 0 or 1, so that nothing is drawn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, inf

from leadapron.model.department import Chain, Department, DeviceClass, Need
from leadapron.model.scenarios import Course, Scenario

SERVERS = {DeviceClass.PACS, DeviceClass.RIS, DeviceClass.DIRECTORY, DeviceClass.SERVER}


@dataclass
class Reference:
    """One run."""

    reached: set[str]
    down: Mapping[str, tuple[float, float]]
    """Device → from when to when it does not work."""
    lost: Mapping[str, float]
    urgent_lost: float
    diverted: float


def reference(department: Department, scenario: Scenario, hours: Sequence[float]) -> Reference:
    fall = {node.id: hour for node, hour in zip(department.nodes, hours, strict=True)}
    kind = {node.id: node.kind for node in department.nodes}
    began, cut, alarm = _ending(scenario, fall, kind)
    spreads = scenario.course is not Course.OUTAGE
    reached = {name for name, hour in fall.items() if spreads and hour <= cut}
    ended = max(cut - began, 0.0)
    if scenario.course is Course.THEFT:
        stopped = {}
    elif scenario.course is Course.OUTAGE:
        stopped = {name: 0.0 for name in fall if kind[name] in scenario.stops}
    else:
        stopped = {name: max(fall[name] - began, 0.0) for name in reached if kind[name] in scenario.stops}
    down = {}
    for one in DeviceClass:
        queue = sorted(
            (name for name in stopped if kind[name] is one), key=lambda name: (-_hang(department, name), name)
        )
        free = [ended] * (scenario.engineers.get(one) or len(queue))
        for name in queue:
            who = free.index(min(free))
            free[who] += _work(scenario, one)
            down[name] = (stopped[name], free[who])
    if scenario.shutdown == 1 and alarm:
        for name in fall.keys() - reached - stopped.keys():
            if kind[name] not in scenario.spared:
                down[name] = (ended, ended + scenario.shutdown_back.median)
    lost: dict[str, float] = {}
    urgent = 0.0
    for chain in department.chains:
        missed, missed_urgent = _missed(chain, scenario, down)
        lost[chain.modality] = lost.get(chain.modality, 0.0) + missed - scenario.diverted * missed_urgent
        urgent += missed_urgent
    return Reference(
        reached=reached,
        down=down,
        lost=lost,
        urgent_lost=urgent * (1 - scenario.diverted),
        diverted=urgent * scenario.diverted,
    )


def _ending(
    scenario: Scenario, fall: Mapping[str, float], kind: Mapping[str, DeviceClass]
) -> tuple[float, float, bool]:
    """When the clock starts, the last hour at which something falls, and whether anybody notices."""
    first = min((hour for name, hour in fall.items() if kind[name] in scenario.stops), default=inf)
    if scenario.course is Course.OUTAGE:
        return 0.0, scenario.contained, True
    if scenario.course is Course.THEFT:
        return 0.0, min(scenario.contained, scenario.horizon), True
    if scenario.course is Course.WORM:
        cut = min(first + scenario.contained, scenario.horizon)
        return 0.0, cut, first <= cut
    began = min(scenario.dwell.median, scenario.horizon)
    cut = max(0.0, min(began + scenario.contained, scenario.horizon))
    return began, cut, first <= cut


def _work(scenario: Scenario, kind: DeviceClass) -> float:
    factor = scenario.backups_factor if kind in SERVERS and scenario.backups_lost == 1 else 1.0
    return scenario.recovery[kind].median * factor if kind in scenario.recovery else 0.0


def _hang(department: Department, name: str) -> float:
    weight = 0.0
    for chain in department.chains:
        for names, share in [(chain.scanners, 1.0), *((need.nodes, 1 - need.kept) for need in chain.needs)]:
            if name in names:
                weight += sum(chain.per_hour) * share / len(names)
    return weight


def _missed(chain: Chain, scenario: Scenario, down: Mapping[str, tuple[float, float]]) -> tuple[float, float]:
    ends = [end for _, end in down.values()] + [scenario.roles_back.median]
    start = scenario.weekday * 24 + scenario.hour
    marks = {0.0, *(time for pair in down.values() for time in pair), *ends}
    marks |= {hour - start for hour in range(ceil(start), ceil(start + max(ends)) + 1)}
    times = sorted(mark for mark in marks if mark >= 0)
    missed = urgent = 0.0
    for here, there in pairwise(times):
        middle = (here + there) / 2
        working = 1.0
        if chain.scanners:
            up = [name for name in chain.scanners if not _is_down(name, middle, down)]
            working = len(up) / len(chain.scanners)
        lost = [need.kept for need in chain.needs if not _is_met(need, scenario, middle, down)]
        working *= min(lost, default=1.0)
        due = (there - here) * chain.per_hour[int(start + middle) % 168]
        missed += due * (1 - working)
        urgent += due * max(0.0, chain.urgent - working)
    return missed, urgent


def _is_down(name: str, hour: float, down: Mapping[str, tuple[float, float]]) -> bool:
    return name in down and down[name][0] <= hour < down[name][1]


def _is_met(need: Need, scenario: Scenario, hour: float, down: Mapping[str, tuple[float, float]]) -> bool:
    if need.role in scenario.roles and hour < scenario.roles_back.median:
        return False
    return not need.nodes or any(not _is_down(name, hour, down) for name in need.nodes)
