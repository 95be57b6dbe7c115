"""Which number moves the answer most: each is tried at its lowest and highest plausible value, in the same worlds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
from msgspec import Struct
from msgspec.structs import replace
from numpy.typing import NDArray

from leadapron.model.department import Chain, Department, Node, Role
from leadapron.model.scenarios import Influence, Scenario
from leadapron.whatif.effect import exams_lost
from leadapron.whatif.parameters import with_value
from leadapron.whatif.worlds import worlds

RUNS = 200
CELLS = 600_000
"""Devices times runs of one evaluation: large networks are tried in fewer runs."""
FEWEST = 20

KEPT = 0.25
"""The share of exams kept without a step is tried so much lower and higher."""
THROUGHPUT = 0.2
"""Exams per week are tried at so much less and more."""
TWICE = 2.0
"""The share of urgent exams and assumed weaknesses are tried at half and twice their value."""


class Evaluation(Struct, frozen=True, kw_only=True):
    """One parameter at one value."""

    parameter: str
    value: float
    department: Department
    scenario: Scenario
    spreads: bool
    """It changes when devices fall; if not, the same hours serve."""
    runs: int


def evaluations(department: Department, scenario: Scenario, runs: int) -> tuple[Evaluation, ...]:
    """What is tried, each parameter at its low value and then at its high one."""
    if not department.chains or not department.nodes:
        return ()
    few = min(runs, RUNS, max(FEWEST, CELLS // len(department.nodes)))
    found = []
    for one in scenario.ranges:
        spreads = one.parameter.startswith(("within.", "across.", "horizon"))
        for value in (one.low, one.high):
            changed = with_value(scenario, one.parameter, value)
            found.append(_evaluation(one.parameter, value, department, changed, spreads, few))
    for name, value, other in _departments(department):
        found.append(_evaluation(name, value, other, scenario, name == "weak", few))
    return tuple(found)


def influences(
    department: Department,
    scenario: Scenario,
    tried: Sequence[Evaluation],
    *,
    seed: int,
    tell: Callable[[int], None],
) -> tuple[Influence, ...]:
    """Strongest first; what moves nothing is left out. `tell` is told of the runs of each evaluation."""
    if not tried:
        return ()
    hours = _hours(department, scenario, tried[0].runs, seed)
    means = []
    for one in tried:
        own = _hours(one.department, one.scenario, one.runs, seed) if one.spreads else hours
        means.append(float(exams_lost(one.department, one.scenario, own, seed=seed).mean()))
        tell(one.runs)
    found = [
        Influence(parameter=low.parameter, low_value=low.value, high_value=high.value, low=below, high=above)
        for low, high, below, above in zip(tried[::2], tried[1::2], means[::2], means[1::2], strict=True)
    ]
    moving = [one for one in found if abs(one.high - one.low) > 1e-9 * max(1.0, abs(one.high), abs(one.low))]
    return tuple(sorted(moving, key=lambda one: (-abs(one.high - one.low), one.parameter)))


def _hours(department: Department, scenario: Scenario, runs: int, seed: int) -> NDArray[np.float32]:
    return np.concatenate([hours for _, hours in worlds(department, scenario, runs=runs, seed=seed)])


def _evaluation(
    parameter: str, value: float, department: Department, scenario: Scenario, spreads: bool, runs: int
) -> Evaluation:
    return Evaluation(
        parameter=parameter, value=value, department=department, scenario=scenario, spreads=spreads, runs=runs
    )


def _departments(department: Department) -> Iterator[tuple[str, float, Department]]:
    """The department with one number lower, then higher: name, value, department."""
    for role in Role:
        if any(need.role is role for chain in department.chains for need in chain.needs):
            for step in (-KEPT, KEPT):
                chains = tuple(_with_kept(chain, role, step) for chain in department.chains)
                kept = {chain.modality: need.kept for chain in chains for need in chain.needs if need.role is role}
                yield f"kept.{role}", _mean(chains, kept), replace(department, chains=chains)
    for factor in (1 / TWICE, TWICE):
        chains = tuple(replace(chain, urgent=min(1.0, chain.urgent * factor)) for chain in department.chains)
        yield (
            "urgent",
            _mean(chains, {chain.modality: chain.urgent for chain in chains}),
            replace(department, chains=chains),
        )
    for modality in dict.fromkeys(chain.modality for chain in department.chains):
        for factor in (1 - THROUGHPUT, 1 + THROUGHPUT):
            chains = tuple(
                _busier(chain, factor) if chain.modality == modality else chain for chain in department.chains
            )
            week = sum(sum(chain.per_hour) for chain in chains if chain.modality == modality)
            yield f"per_hour.{modality}", week, replace(department, chains=chains)
    for factor in (1 / TWICE, TWICE):
        yield "weak", factor, replace(department, nodes=tuple(_weaker(node, factor) for node in department.nodes))


def _with_kept(chain: Chain, role: Role, step: float) -> Chain:
    needs = (
        replace(need, kept=min(1.0, max(0.0, need.kept + step))) if need.role is role else need for need in chain.needs
    )
    return replace(chain, needs=tuple(needs))


def _busier(chain: Chain, factor: float) -> Chain:
    return replace(chain, per_hour=tuple(exams * factor for exams in chain.per_hour))


def _weaker(node: Node, factor: float) -> Node:
    """With the weaknesses that no finding proves changed."""
    weak = {way: value if node.findings.get(way) else min(1.0, value * factor) for way, value in node.weak.items()}
    return replace(node, weak=weak)


def _mean(chains: Sequence[Chain], values: Mapping[str, float]) -> float:
    """Over exams, of a number that each modality has."""
    weights = dict.fromkeys(values, 0.0)
    for chain in chains:
        if chain.modality in weights:
            weights[chain.modality] += sum(chain.per_hour)
    exams = sum(weights.values())
    if not exams:
        return sum(values.values()) / len(values)
    return sum(values[modality] * weight for modality, weight in weights.items()) / exams
