"""How an attack gets to one device: the likeliest ways, told with as few steps as are true, and where they meet.

Each run is walked back from the target to the entry. Which device took another over is known where it was a link; where
it was the pressure of zones, it is one of those fallen before, in proportion to their rates: that is its exact law.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from leadapron.model.department import Basis, Department, DeviceClass, Link, Node, Passage, Way
from leadapron.model.errors import UsageError
from leadapron.model.measures import AttackPath, ChokePoint, Paths, Step
from leadapron.model.scenarios import Course, Scenario
from leadapron.whatif.effect import effect, exams_by_device
from leadapron.whatif.engine import WAYS, Batch, Graph, compile_graph, entries, spread
from leadapron.whatif.engine.draws import joined, mix, run_keys, uniform
from leadapron.whatif.estimates import estimate

RAREST = 0.05
"""A device that fewer of the runs go through is no choke point."""
_FIRMEST = tuple(Basis)
_INFECTOR = np.array([0x696E666563746F72], dtype=np.uint64)
"""Keeps these draws apart from all others."""

Place = tuple[str, DeviceClass]
"""Zone and class: devices that a person closes off together."""
Signature = tuple[tuple[Place, Way | None], ...]
"""Places from entry to target with the way into each; None into the first."""


class Walk(NamedTuple):
    """One run, from entry to target, by number in `department.nodes`."""

    nodes: tuple[int, ...]
    ways: tuple[Way, ...]
    """Into each but the first."""
    linked: tuple[bool, ...]
    """Whether a link was used, rather than a passage or a common zone."""
    hours: float


def crown_jewel(department: Department) -> str:
    """Id of the device that most exams cannot be done without. UsageError: exams depend on none."""
    exams = exams_by_device(department.chains)
    if not exams:
        raise UsageError("no exams are known that depend on a device: name the target")
    return max(sorted(exams), key=lambda device: exams[device])


def paths(department: Department, scenario: Scenario, target: str, *, runs: int, seed: int, most: int = 5) -> Paths:
    """At most `most` paths and choke points, those of most runs first.

    In a zone of forty office computers no two runs take the same; what a person can close is the way from that zone.
    Paths that differ only by devices of one zone and class are therefore one path: shown is a true one with
    the fewest steps, `AttackPath.alike` counts the devices that stood in each place. A choke point is a device that
    runs went through; without it some would have found another way.

    UsageError: no such device, no device fits the scenario's entry, no runs. A target that is never reached is none.
    """
    numbers = {node.id: number for number, node in enumerate(department.nodes)}
    if target not in numbers:
        raise UsageError(f"{target}: there is no such device in this department")
    if runs < 1 or most < 1:
        raise UsageError(f"paths: at least one run and one path are needed, not {runs} and {most}")
    spreads = scenario.course is not Course.OUTAGE
    fell = list(_walks(department, scenario, numbers[target], runs, seed)) if spreads else []
    walks = [walk for walk in fell if walk is not None]
    groups: dict[Signature, list[Walk]] = defaultdict(list)
    for walk in walks:
        groups[_signature(walk, department.nodes)].append(walk)
    told = _Told(department)
    ranked = sorted(groups.values(), key=lambda group: (-len(group), min(map(_shortness, group))))
    return Paths(
        scenario=scenario.name,
        target=target,
        runs=runs,
        seed=seed,
        reached=len(fell) / runs,
        paths=tuple(told.path(group, len(walks)) for group in ranked[:most]),
        chokes=_chokes(walks, department.nodes)[:most],
    )


def _walks(department: Department, scenario: Scenario, target: int, runs: int, seed: int) -> Iterator[Walk | None]:
    """One for each run in which the target falls before the spread ends; None where it cannot be told."""
    graph = compile_graph(department, scenario)
    starts = entries(department, scenario)
    batches = spread(graph, entries=starts, runs=runs, seed=seed, horizon=scenario.horizon, causes=True)
    for batch in batches:
        came = effect(department, scenario, batch.hours, seed=seed, first_run=batch.first_run)
        for row in np.flatnonzero(came.down.reached[:, target]):
            yield _walked_back(graph, batch, int(row), target, seed)


def _walked_back(graph: Graph, batch: Batch, row: int, target: int, seed: int) -> Walk | None:
    """From the target back to the entry; None where hours are too close together to tell which came first."""
    assert batch.cause is not None  # noqa: S101 - asked for
    hours, causes = batch.hours[row], batch.cause[row]
    key = run_keys(seed, batch.first_run + row, 1)
    nodes, ways, linked = [target], [], []
    while (cause := int(causes[nodes[-1]])) >= 0:
        edge = cause - graph.channels
        if edge >= 0:
            source, way = int(graph.edge_source[edge]), int(graph.edge_way[edge])
        else:
            way = int(graph.channel_way[cause])
            draw = float(uniform(mix(key ^ joined(graph.identity[nodes[-1:]], _INFECTOR)))[0])
            source = _presser(graph, cause, hours, nodes, draw)
        if source < 0 or source in nodes:
            return None
        nodes.append(source)
        ways.append(WAYS[way])
        linked.append(edge >= 0)
    return Walk(tuple(nodes[::-1]), tuple(ways[::-1]), tuple(linked[::-1]), float(hours[target]))


def _presser(graph: Graph, channel: int, hours: NDArray[np.float32], path: Sequence[int], draw: float) -> int:
    """Which of the devices fallen before pressed the last of `path` down; -1 where none did. Hours are rounded, so that
    one of the same hour counts where there is no earlier one."""
    zones, rates = graph.pressing(channel)
    rate = np.zeros(int(graph.zone.max()) + 1)
    np.add.at(rate, zones, rates)
    weight = rate[graph.zone]
    fell = hours[path[-1]]
    for before in (hours < fell, (hours == fell) & ~np.isin(np.arange(len(hours)), path)):
        share = np.cumsum(np.where(before, weight, 0.0))
        if share[-1] > 0:
            return int(np.searchsorted(share, draw * share[-1], side="right"))
    return -1


def _place(node: Node) -> Place:
    return node.zone, node.kind


def _signature(walk: Walk, nodes: Sequence[Node]) -> Signature:
    """Places with the ways into them. Steps within a place are left out, and so is what lies between two visits of it:
    its devices are alike, the first could have gone on by itself."""
    kept: list[tuple[Place, Way | None]] = [(_place(nodes[walk.nodes[0]]), None)]
    for number, way in zip(walk.nodes[1:-1], walk.ways[:-1], strict=True):
        place = _place(nodes[number])
        seen = [at for at, (earlier, _) in enumerate(kept) if earlier == place]
        if seen:
            del kept[seen[0] + 1 :]
        else:
            kept.append((place, way))
    return (*kept, (("", nodes[walk.nodes[-1]].kind), walk.ways[-1])) if walk.ways else ()


def _shortness(walk: Walk) -> tuple[int, tuple[int, ...]]:
    return len(walk.nodes), walk.nodes


class _Told:
    """What each step of a path rests on."""

    def __init__(self, department: Department) -> None:
        self._nodes = department.nodes
        self._passages = _by_ends(department.passages)
        self._links = _by_ends(department.links)

    def path(self, group: Sequence[Walk], reached: int) -> AttackPath:
        """A group of walks as one path; `reached` walks in all."""
        times = Counter(walk.nodes for walk in group)
        shown = min(group, key=lambda walk: (len(walk.nodes), -times[walk.nodes], walk.nodes))
        alike: dict[Place, set[int]] = defaultdict(set)
        for number in {number for walk in group for number in walk.nodes[:-1]}:
            alike[_place(self._nodes[number])].add(number)
        return AttackPath(
            steps=tuple(self._step(shown, at) for at in range(len(shown.ways))),
            share=len(group) / reached,
            hours=estimate([walk.hours for walk in group]),
            alike=(*(len(alike[_place(self._nodes[number])]) for number in shown.nodes[:-1]), 1),
        )

    def _step(self, walk: Walk, at: int) -> Step:
        source, target = (self._nodes[number] for number in walk.nodes[at : at + 2])
        way = walk.ways[at]
        step = Step(
            source=source.id,
            target=target.id,
            way=way,
            basis=Basis.MEASURED,  # one zone: nothing stands between them
            findings=tuple(target.findings.get(way, ())),
        )
        if not walk.linked[at] and source.zone == target.zone:
            return step
        used = (
            self._links[source.id, target.id, way] if walk.linked[at] else self._passages[source.zone, target.zone, way]
        )
        return replace(
            step,
            basis=min((one.basis for one in used), key=_FIRMEST.index),
            flows=tuple(sorted({flow for one in used for flow in one.flows})),
        )


def _by_ends(those: Iterable[Passage] | Iterable[Link]) -> Mapping[tuple[str, str, Way], list[Passage | Link]]:
    found: dict[tuple[str, str, Way], list[Passage | Link]] = defaultdict(list)
    for one in those:
        found[one.source, one.target, one.way].append(one)
    return found


def _chokes(walks: Sequence[Walk], nodes: Sequence[Node]) -> tuple[ChokePoint, ...]:
    """Devices between entry and target, those of most runs first."""
    times = Counter(number for walk in walks for number in walk.nodes[1:-1])
    found = [
        ChokePoint(node=nodes[number].id, share=count / len(walks))
        for number, count in times.items()
        if count >= RAREST * len(walks)
    ]
    return tuple(sorted(found, key=lambda choke: (-choke.share, choke.node)))
