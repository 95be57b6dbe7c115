"""The best set on sampled worlds, as a mixed-integer program: a device falls when an uncut path leads to it.

A stand-in for exams, exact on its own terms: what hangs on a device is weighed by how long it takes to restore, paths
count and clocks do not. Its answers are therefore simulated like all others before one is kept (docs/adr/0013).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from msgspec import Struct
from msgspec.structs import replace
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components, dijkstra

from leadapron.model.department import Department
from leadapron.model.measures import Measure
from leadapron.model.scenarios import Course, Scenario
from leadapron.whatif.cut.openings import Cuts, Floats, Ints, Openings, openings
from leadapron.whatif.cut.proposals import FLEET
from leadapron.whatif.cut.weights import Weights, weights
from leadapron.whatif.cut.worlds import Budget, Chosen

WORLDS = 24
SOLVER_SECONDS = 60.0
"""A guard only: `NODES` ends the search first, so that the same input has the same answer on any machine."""
NODES = 200
"""Branches the solver looks into."""
GAP = 0.002
"""Relative; below the noise of so few worlds."""
THRIFT = 1e-4
"""Weight of costs beside exams: enough to keep out what helps nothing."""

Edges = Mapping[tuple[int, int], frozenset[Cuts]]

Row = tuple[tuple[int, ...], tuple[float, ...], float]
"""Columns, values, lowest sum."""


class _World(Struct, frozen=True, kw_only=True):
    """One draw, by groups of devices that no measure and no exam tells apart."""

    entry: int
    edges: Edges
    """Takeovers between groups, each with the measures any one of which prevents it; smallest sets only."""
    weight: Mapping[int, float]
    """Exams that hang on a group."""
    steps: tuple[tuple[frozenset[int], float], ...]
    """Groups that must all fall for a step of exams to fail, and the exams that hang on it."""
    shut: Cuts = frozenset()
    """Measures any one of which keeps it from beginning."""


class Program:
    """Sampled worlds of one department and scenario, to be solved for any budget."""

    def __init__(
        self,
        department: Department,
        scenario: Scenario,
        measures: Sequence[Measure],
        *,
        seed: int,
        worlds: int = WORLDS,
    ) -> None:
        self._measures = tuple(measures)
        self._worlds = tuple(_worlds(department, scenario, measures, seed=seed, worlds=worlds))

    def solve(self, budget: Budget) -> Chosen:
        """Measures that prevent most on these worlds; empty when the solver finds nothing in its time."""
        rows, costs, lowest = self._matrix()
        count = len(self._measures)
        scale = sum(costs) or 1.0
        hours = np.array([measure.hours for measure in self._measures])
        costs[:count] = THRIFT * scale * hours / max(float(hours.sum()), 1e-9)
        integral = np.zeros(len(costs))
        integral[:count] = 1
        found = milp(
            np.array(costs),
            constraints=[_stacked(rows, len(costs)), *self._limits(budget, len(costs))],
            bounds=Bounds(np.array(lowest), 1.0),
            integrality=integral,
            options={"node_limit": NODES, "mip_rel_gap": GAP, "time_limit": SOLVER_SECONDS},
        )
        if found.x is None:
            return frozenset()
        return frozenset(int(index) for index in np.flatnonzero(found.x[:count] > 0.5))

    def _limits(self, budget: Budget, width: int) -> Iterator[LinearConstraint]:
        for limit, cost in (
            (budget.hours, [measure.hours for measure in self._measures]),
            (budget.windows, [float(measure.windows) for measure in self._measures]),
            (budget.euros, [measure.euros for measure in self._measures]),
        ):
            if limit is not None:
                row = csr_array(np.pad(np.array(cost, dtype=float), (0, width - len(cost)))[None, :])
                yield LinearConstraint(row, -np.inf, limit)

    def _matrix(self) -> tuple[list[Row], list[float], list[float]]:
        """Rows, and for each column its cost and lowest value: measures first, then what falls in each world."""
        rows: list[Row] = []
        costs, lowest = [0.0] * len(self._measures), [0.0] * len(self._measures)
        for world in self._worlds:
            column: dict[int, int] = {}
            for group in sorted({world.entry, *(one for edge in world.edges for one in edge)}):
                column[group] = len(costs)
                costs.append(world.weight.get(group, 0.0) / len(self._worlds))
                lowest.append(1.0 if group == world.entry and not world.shut else 0.0)
            if world.shut:
                columns = (column[world.entry], *sorted(world.shut))
                rows.append((columns, (1.0,) * len(columns), 1.0))
            for (source, target), cuts in world.edges.items():
                for cut in cuts:
                    chosen = tuple(sorted(cut))
                    rows.append(((column[target], column[source], *chosen), (1.0, -1.0, *(1.0,) * len(chosen)), 0.0))
            for groups, exams in world.steps:
                places = tuple(column[group] for group in sorted(groups))
                rows.append(((len(costs), *places), (1.0, *(-1.0,) * len(places)), 1.0 - len(places)))
                costs.append(exams / len(self._worlds))
                lowest.append(0.0)
        return rows, costs, lowest


def _stacked(rows: Sequence[Row], width: int) -> LinearConstraint:
    lengths = [len(columns) for columns, _, _ in rows]
    matrix = csr_array(
        (
            np.array([value for _, values, _ in rows for value in values], dtype=float),
            np.array([column for columns, _, _ in rows for column in columns], dtype=np.int32),
            np.concatenate(([0], np.cumsum(lengths, dtype=np.int64))).astype(np.int32),
        ),
        shape=(len(rows), width),
    )
    return LinearConstraint(matrix, np.array([least for _, _, least in rows]), np.inf)


def _worlds(
    department: Department, scenario: Scenario, measures: Sequence[Measure], *, seed: int, worlds: int
) -> Iterator[_World]:
    possible = openings(department, scenario, measures)
    starts = [place for place, node in enumerate(department.nodes) if scenario.entry.fits(node)]
    groups = _groups(department, measures)
    weighed = weights(department, scenario)
    shutting: dict[str, Cuts] = defaultdict(frozenset)
    for place, measure in enumerate(measures):
        for device in measure.change.hide:
            shutting[device] |= {place}
    for number in range(worlds if starts else 0):
        chance = np.random.default_rng((seed, number))
        entry = starts[int(chance.integers(len(starts)))]
        world = _world(possible, groups, weighed, entry, _until(scenario, chance), chance)
        yield replace(world, shut=shutting[department.nodes[entry].id])


def _until(scenario: Scenario, chance: np.random.Generator) -> float:
    """Hours from the entry until defenders end the spread."""
    if scenario.course is not Course.HUMAN:
        return min(scenario.contained, scenario.horizon)
    dwell = scenario.dwell.median * float(np.exp(scenario.dwell.spread * chance.standard_normal()))
    return min(max(min(dwell, scenario.horizon) + scenario.contained, 0.0), scenario.horizon)


def _groups(department: Department, measures: Sequence[Measure]) -> Ints:
    """Group of each device: ordinary computers of one zone that the same measures touch stand for each other."""
    touched: dict[str, set[int]] = defaultdict(set)
    for number, measure in enumerate(measures):
        change = measure.change
        ends = (end for source, target, _ in change.unlink for end in (source, target))
        for device in {*(one.node for one in change.weak), *change.move, *ends}:
            touched[device].add(number)
    number_of: dict[object, int] = {}
    groups = []
    for node in department.nodes:
        key = (node.zone, node.kind, frozenset(touched[node.id])) if node.kind in FLEET else node.id
        groups.append(number_of.setdefault(key, len(number_of)))
    return np.array(groups, dtype=np.int64)


def _world(
    possible: Openings, groups: Ints, weighed: Weights, entry: int, until: float, chance: np.random.Generator
) -> _World:
    """Draw delays, keep takeovers that can happen in time, and merge what no measure can part."""
    count = len(groups)
    group = groups.copy()
    group[entry] = group.max() + 1
    delay = chance.exponential(size=len(possible.rate)) / possible.rate
    doubt = chance.random(int(possible.door.max(initial=-1)) + 1)[possible.door] / possible.weak
    delay[doubt >= 1.0] = np.inf
    arrival = _arrivals(possible, delay, entry, until, count)
    spare = until - arrival[possible.source]
    alive = np.flatnonzero(delay <= spare)
    edges = _edges(possible, group, alive, doubt[alive])
    merged = _merged(edges, int(group.max()) + 1)
    group = merged[group]
    fallen = np.isfinite(arrival)
    weight: dict[int, float] = defaultdict(float)
    for place in np.flatnonzero(fallen & (weighed.alone > 0)):
        weight[int(group[place])] += float(weighed.alone[place])
    steps = tuple(
        (frozenset(int(group[place]) for place in places), exams)
        for places, exams in weighed.together
        if all(fallen[place] for place in places)
    )
    return _World(entry=int(group[entry]), edges=_between(edges, merged), weight=weight, steps=steps)


def _arrivals(possible: Openings, delay: Floats, entry: int, until: float, count: int) -> Floats:
    """When each device falls if nothing is done; infinite: not in time."""
    order = np.lexsort((delay, possible.target, possible.source))
    source, target = possible.source[order], possible.target[order]
    first = np.ones(len(order), dtype=bool)
    first[1:] = (source[1:] != source[:-1]) | (target[1:] != target[:-1])
    matrix = csr_array((delay[order][first], (source[first], target[first])), shape=(count, count))
    return np.asarray(dijkstra(matrix, indices=entry, limit=until), dtype=np.float64)


def _edges(possible: Openings, group: Ints, alive: Ints, doubt: Floats) -> Edges:
    """Takeovers between groups with the measures that prevent them. `doubt`: the draw of weakness as a share of its
    chance; a measure that leaves no more than that prevents the takeover."""
    harder = possible.harder[alive]
    stops = np.zeros(len(alive), dtype=np.int64)
    for number, weakenings in enumerate(possible.weakenings):
        if not weakenings:
            continue
        rows = np.flatnonzero(harder == number)
        for bit, (_, left) in enumerate(weakenings):
            stops[rows] |= (doubt[rows] >= left).astype(np.int64) << bit
    keys = np.stack((group[possible.source[alive]], group[possible.target[alive]], possible.hold[alive], harder, stops))
    found: dict[tuple[int, int], set[Cuts]] = defaultdict(set)
    for source, target, hold, hard, stop in np.unique(keys, axis=1).T.tolist():
        if source != target:
            slowing = (measure for bit, (measure, _) in enumerate(possible.weakenings[hard]) if stop >> bit & 1)
            found[source, target].add(possible.cuts[hold].union(slowing))
    return {pair: _smallest(cuts) for pair, cuts in found.items()}


def _smallest(cuts: set[Cuts]) -> frozenset[Cuts]:
    """A takeover that few measures prevent says all that one with more of them says."""
    kept: list[Cuts] = []
    for cut in sorted(cuts, key=len):
        if not any(other <= cut for other in kept):
            kept.append(cut)
    return frozenset(kept)


def _merged(edges: Edges, count: int) -> Ints:
    """New number of each group: those that reach each other whatever is done are one."""
    certain = np.array([pair for pair, cuts in edges.items() if frozenset() in cuts], dtype=np.int64).reshape(-1, 2)
    matrix = csr_array((np.ones(len(certain)), (certain[:, 0], certain[:, 1])), shape=(count, count))
    _, labels = connected_components(matrix, directed=True, connection="strong")
    return np.asarray(labels, dtype=np.int64)


def _between(edges: Edges, merged: Ints) -> Edges:
    found: dict[tuple[int, int], set[Cuts]] = defaultdict(set)
    for (source, target), cuts in edges.items():
        pair = (int(merged[source]), int(merged[target]))
        if pair[0] != pair[1]:
            found[pair] |= cuts
    return {pair: _smallest(cuts) for pair, cuts in found.items()}
