"""Random departments, and the same attack told three other ways: with a heap, in time steps, and wrongly."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from itertools import permutations

import networkx
import numpy as np
from numpy.typing import NDArray

from leadapron.model.department import Basis, Department, DeviceClass, Link, Node, Passage, Way
from leadapron.model.scenarios import Course, Scenario
from leadapron.whatif.engine import Batch

ZONES = {"office": 120, "clinic": 60, "reading": 30, "modalities": 50, "servers": 25, "makers": 15}
"""Devices of one site, by zone."""

OPEN = (Way.SMB, Way.RDP, Way.DICOM)
"""Ways between the zones of a site."""

WORM = Scenario(
    name="worm",
    course=Course.WORM,
    within={Way.SMB: 0.5, Way.RDP: 0.05},
    across={Way.SMB: 0.02, Way.RDP: 0.01, Way.DICOM: 0.1, Way.CREDENTIALS: 0.1},
    horizon=1.5,
)


def random_department(nodes: int, seed: int) -> Department:
    """Sites of 300 devices, all zones of a site open to each other, sites joined through their servers."""
    chance = np.random.default_rng(seed)
    sites = nodes // sum(ZONES.values())
    devices: list[Node] = []
    passages: list[Passage] = []
    links: list[Link] = []
    for site in range(sites):
        for zone, count in ZONES.items():
            devices += [_device(f"{zone}-{site}-{number}", f"{zone}-{site}", chance) for number in range(count)]
        names = [f"{zone}-{site}" for zone in ZONES]
        passages += [_passage(source, target, way) for source, target in permutations(names, 2) for way in OPEN]
        partner = int(chance.integers(sites))
        passages.append(_passage(f"servers-{site}", f"servers-{partner}", Way.SMB))
        links += [_link(f"servers-{site}-0", f"office-{site}-{number}", Way.CREDENTIALS) for number in range(100)]
        links += [_link(f"makers-{site}-0", f"modalities-{site}-{number}", Way.DICOM) for number in range(20)]
    return Department(nodes=tuple(devices), passages=tuple(passages), links=tuple(links))


def _device(name: str, zone: str, chance: np.random.Generator) -> Node:
    shares = {Way.SMB: 0.2, Way.RDP: 0.05, Way.DICOM: 0.1, Way.CREDENTIALS: 0.5}
    weak = {way: float(chance.uniform(0.2, 1.0)) for way, share in shares.items() if chance.random() < share}
    if name.endswith("-0") and zone.startswith(("servers", "makers")):
        weak[Way.SMB] = 1.0  # where the links begin
    return Node(id=name, label=name, zone=zone, kind=DeviceClass.OTHER, weak=weak)


def _passage(source: str, target: str, way: Way) -> Passage:
    return Passage(source=source, target=target, way=way, basis=Basis.ASSUMED)


def _link(source: str, target: str, way: Way) -> Link:
    return Link(source=source, target=target, way=way, basis=Basis.ASSUMED)


def attacks(department: Department, scenario: Scenario) -> Iterator[tuple[int, int, Way, float]]:
    """Every takeover that is possible, from the words of the model alone: source, target, way, rate per hour."""
    number = {node.id: at for at, node in enumerate(department.nodes)}
    members = {zone: [at for at, node in enumerate(department.nodes) if node.zone == zone] for zone in department.zones}
    rules = [(zone, zone, way, rate) for zone in department.zones for way, rate in scenario.within.items()]
    rules += {
        (one.source, one.target, one.way, scenario.across[one.way])
        for one in department.passages
        if one.way in scenario.across and one.source != one.target
    }
    for source_zone, target_zone, way, rate in rules:
        weak = [at for at in members[target_zone] if department.nodes[at].weak.get(way)]
        for source in members[source_zone]:
            yield from ((source, at, way, rate) for at in weak if at != source)
    for link in department.links:
        rate = scenario.across.get(link.way, 0.0)
        if rate and department.nodes[number[link.target]].weak.get(link.way):
            yield number[link.source], number[link.target], link.way, rate


def doors(department: Department, chance: np.random.Generator) -> set[tuple[int, Way]]:
    """Devices and ways to which they are weak in one run."""
    weak = [(at, way, value) for at, node in enumerate(department.nodes) for way, value in node.weak.items()]
    return {(at, way) for at, way, value in weak if chance.random() < value}


def with_a_heap(department: Department, scenario: Scenario, *, entry: int, runs: int, seed: int) -> NDArray[np.float64]:
    """Hours (runs, devices) by the plain event-driven simulation that everyone writes with NetworkX."""
    graph = networkx.MultiDiGraph()
    graph.add_nodes_from(range(len(department.nodes)))
    for source, to, way, rate in attacks(department, scenario):
        graph.add_edge(source, to, way=way, rate=rate)
    chance = np.random.default_rng(seed)
    hours = np.full((runs, len(department.nodes)), np.inf)
    out = {
        node: [(to, of["way"], of["rate"]) for _, to, of in graph.out_edges(node, data=True)] for node in graph.nodes
    }
    for row in hours:
        weak = doors(department, chance)
        waiting = [(0.0, entry)]
        while waiting:
            now, node = heapq.heappop(waiting)
            if row[node] < np.inf:
                continue
            row[node] = now
            draws = chance.standard_exponential(len(out[node])).tolist()
            for (target, way, rate), draw in zip(out[node], draws, strict=True):
                if (target, way) in weak and now + draw / rate <= scenario.horizon and row[target] == np.inf:
                    heapq.heappush(waiting, (now + draw / rate, target))
    return hours


def in_steps(
    department: Department, scenario: Scenario, *, entry: int, runs: int, seed: int, step: float
) -> NDArray[np.float64]:
    """Hours (runs, devices) by the usual loop over time: who falls in a step is decided at its beginning.

    To be fair to it, when in the step a device fell is drawn uniformly.
    """
    count = len(department.nodes)
    rates = {way: np.zeros((count, count)) for way in Way}
    for source, target, way, rate in attacks(department, scenario):
        rates[way][source, target] += rate
    chance = np.random.default_rng(seed)
    weak = {way: np.zeros((runs, count), bool) for way in Way}
    for run in range(runs):
        for at, way in doors(department, chance):
            weak[way][run, at] = True
    hours = np.full((runs, count), np.inf)
    hours[:, entry] = 0.0
    for number in range(1, round(scenario.horizon / step) + 1):
        fallen = np.isfinite(hours)
        pressure = sum(weak[way] * (fallen @ rates[way]) for way in Way)
        falls = chance.random(hours.shape) < -np.expm1(-step * pressure)
        hours[falls & ~fallen] = step * (number - chance.random(np.count_nonzero(falls & ~fallen)))
    return hours


def joined(batches: Iterator[Batch]) -> NDArray[np.float32]:
    """The hours of all runs."""
    return np.concatenate([batch.hours for batch in batches])


def fallen(hours: NDArray[np.floating]) -> NDArray[np.intp]:
    """How many devices fell in each run."""
    count: NDArray[np.intp] = np.isfinite(hours).sum(axis=1)
    return count


def nth(hours: NDArray[np.floating], number: int, never: float) -> NDArray[np.float64]:
    """When the entry and `number` more had fallen, in each run; `never` where fewer did."""
    times = np.partition(hours.astype(np.float64), number, axis=1)[:, number]
    return np.where(np.isfinite(times), times, never)
