"""Fewer measures where there are too many to try: those that stood in the way of most exams lost in a few runs.

In each run the infection tree is drawn: who took whom over, by which way. A measure meets a takeover when it would have
made it harder or ended it; it is worth the exams that hang on all devices behind the takeovers it meets. Other ways
round are not seen here: this only says what is worth trying, the search and its simulations say what helps.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from leadapron.model.department import Department, Way
from leadapron.model.measures import Measure
from leadapron.model.scenarios import Scenario
from leadapron.whatif.cut.weights import weights
from leadapron.whatif.effect import effect
from leadapron.whatif.engine import WAYS, Batch, Graph, compile_graph, entries, spread

TRIALS = 150_000
"""Devices times measures that one search may try. It simulates some eight sets a measure, each for a time that grows
with the devices (0.15 ms for a run of each at most): together a few minutes. A site of 300 devices has some 350
measures, far below its 500, and loses none."""
LEAST = 24
"""Measures that are always tried, however large the site."""
RUNS = 24
"""Enough for whatever carries a twentieth of the exams lost to show."""


class Takeover(Struct, frozen=True, kw_only=True):
    """One device took another, by numbers in `Department.nodes`."""

    source: int
    target: int
    way: Way
    linked: bool
    """By a link of its own, rather than along a passage or inside a zone."""


def fewer(department: Department, scenario: Scenario, measures: Sequence[Measure], *, seed: int) -> tuple[Measure, ...]:
    """At most about `TRIALS` / devices of `measures`, in the same order; all of them where they are no more. Those
    worth most and those worth most for their hours are taken in turn. Measures that no takeover tells of (backups out
    of reach) stay."""
    most = max(LEAST, TRIALS // max(len(department.nodes), 1))
    if len(measures) <= most or not any(map(scenario.entry.fits, department.nodes)):
        return tuple(measures)
    worth = _worth(department, scenario, measures, seed=seed)
    kept = {place for place, measure in enumerate(measures) if measure.change.backups}
    by_worth = sorted(worth, key=lambda place: (-worth[place], place))
    by_hour = sorted(worth, key=lambda place: (-worth[place] / max(measures[place].hours, 1e-9), place))
    for pair in zip(by_worth, by_hour, strict=True):
        for place in pair:
            if len(kept) < most:
                kept.add(place)
    return tuple(measures[place] for place in sorted(kept))


def _worth(
    department: Department, scenario: Scenario, measures: Sequence[Measure], *, seed: int
) -> Mapping[int, float]:
    """By place of a measure: exams behind the takeovers it meets, summed over the runs; what meets none is left out."""
    met = _Met(department, measures)
    exams = _exams(department, scenario)
    worth: dict[int, float] = defaultdict(float)
    for entry, tree in _trees(department, scenario, seed):
        behind: dict[int, dict[int, float]] = {entry: met.entry(entry)}
        for takeover in tree:  # in the order of their hours: the source is known
            before, here = behind.get(takeover.source, {}), met.takeover(takeover)
            behind[takeover.target] = before | {one: max(share, before.get(one, 0.0)) for one, share in here.items()}
        for device, shares in behind.items():
            if exams[device] > 0:
                for place, share in shares.items():
                    worth[place] += share * float(exams[device])
    return worth


def _exams(department: Department, scenario: Scenario) -> NDArray[np.float64]:
    """Exams that hang on each device; devices that stand in for each other share theirs."""
    weighed = weights(department, scenario)
    exams = weighed.alone.copy()
    for group, lost in weighed.together:
        exams[list(group)] += lost / len(group)
    return exams


class _Met:
    """Measures by the takeovers they meet, with the share of its chance that each takes away."""

    def __init__(self, department: Department, measures: Sequence[Measure]) -> None:
        self._nodes = department.nodes
        self._seen = {(pair.source, pair.target, pair.way) for pair in department.seen}
        self._weak: dict[tuple[str, Way], dict[int, float]] = defaultdict(dict)
        self._close: dict[tuple[str, str, Way], dict[int, float]] = defaultdict(dict)
        self._end: dict[tuple[str, str, Way], dict[int, float]] = defaultdict(dict)
        self._move: dict[str, dict[int, float]] = defaultdict(dict)
        self._hide: dict[str, dict[int, float]] = defaultdict(dict)
        for place, measure in enumerate(measures):
            change = measure.change
            for one in change.weak:
                self._weak[one.node, one.way][place] = 1.0 - one.left
            whole: Iterable[tuple[dict[int, float], ...]] = (
                tuple(self._close[key] for key in change.close),
                tuple(self._end[key] for key in change.unlink),
                tuple(self._move[node] for node in change.move),
                tuple(self._hide[node] for node in change.hide),
            )
            for places in whole:
                for found in places:
                    found[place] = 1.0

    def entry(self, device: int) -> dict[int, float]:
        """Measures that keep an attack from beginning there."""
        return self._hide.get(self._nodes[device].id, {})

    def takeover(self, one: Takeover) -> dict[int, float]:
        """Measures that make it harder or end it. Pairs that were seen to talk outlive closing and moving."""
        source, target = self._nodes[one.source], self._nodes[one.target]
        pair = (source.id, target.id, one.way)
        found = dict(self._weak.get((target.id, one.way), {}))
        if one.linked:
            return found | self._end.get(pair, {})
        if pair in self._seen:
            return found
        moved = self._move.get(source.id, {}) | self._move.get(target.id, {})
        return found | moved | self._close.get((source.zone, target.zone, one.way), {})


def _trees(department: Department, scenario: Scenario, seed: int) -> Iterator[tuple[int, list[Takeover]]]:
    """Entry and takeovers of each run, until defenders end the spread, in the order of their hours."""
    graph = compile_graph(department, scenario)
    starts = entries(department, scenario)
    pressing = [graph.pressing(channel) for channel in range(graph.channels)]
    shut = {number for number, node in enumerate(department.nodes) if node.id in scenario.entry.shut}
    for batch in spread(graph, entries=starts, runs=RUNS, seed=seed, horizon=scenario.horizon, causes=True):
        came = effect(department, scenario, batch.hours, seed=seed, first_run=batch.first_run)
        for row, entry in enumerate(batch.entry.tolist()):
            if entry not in shut:
                chance = np.random.default_rng((seed, batch.first_run + row))
                yield entry, list(_tree(graph, pressing, batch, row, came.down.reached[row], chance))


def _tree(
    graph: Graph,
    pressing: Sequence[tuple[NDArray[np.int32], NDArray[np.float64]]],
    batch: Batch,
    row: int,
    reached: NDArray[np.bool_],
    chance: np.random.Generator,
) -> Iterator[Takeover]:
    """Who took whom over in one run. Where zones pressed, one of the devices fallen before, in proportion to rates:
    that is its exact law. Takeovers that rounded hours put out of order are left out."""
    assert batch.cause is not None  # noqa: S101 - asked for
    hours, causes = batch.hours[row], batch.cause[row]
    fallen: dict[int, list[int]] = defaultdict(list)
    count = np.zeros(int(graph.zone.max()) + 1)
    there: set[int] = set()
    order = np.argsort(hours, kind="stable")
    for target in order[reached[order]].tolist():
        cause = int(causes[target])
        source = -1
        if cause >= graph.channels:
            source, way = int(graph.edge_source[cause - graph.channels]), int(graph.edge_way[cause - graph.channels])
        elif cause >= 0:
            zones, rates = pressing[cause]
            way = int(graph.channel_way[cause])
            share = np.cumsum(rates * count[zones])
            if share[-1] > 0:
                zone = int(zones[np.searchsorted(share, chance.random() * share[-1], side="right")])
                source = fallen[zone][int(chance.integers(len(fallen[zone])))]
        if source in there:
            yield Takeover(source=source, target=target, way=WAYS[way], linked=cause >= graph.channels)
        home = int(graph.zone[target])
        fallen[home].append(target)
        count[home] += 1
        there.add(target)
