"""A department under a scenario, as the graph that the spread runs on."""

from __future__ import annotations

from collections import Counter
from functools import cache

import numpy as np
from numpy.typing import NDArray

from leadapron.model.department import Department, Node, Way
from leadapron.model.errors import UsageError
from leadapron.model.scenarios import Entry, Scenario
from leadapron.whatif.engine.draws import Words, identities
from leadapron.whatif.engine.graph import Edges, Graph, Law, Rules, build_graph

WAYS = tuple(Way)
"""By the number that stands for a way in a `Graph`."""


@cache
def _way_names() -> Words:
    return identities(way.value for way in WAYS)


def compile_graph(department: Department, scenario: Scenario) -> Graph:
    """The graph of a department: rules inside each zone and along passages, edges along links. Devices keep their
    number in `department.nodes`; zones are numbered as in `department.zones`, ways as in `Way`.

    A passage from or to a zone without devices, and a link whose way has no rate or whose target is not weak to it, add
    nothing. UsageError: an id twice, a link to a device that is not there, a rate or weakness that is none.
    """
    nodes = department.nodes
    numbers = {node.id: number for number, node in enumerate(nodes)}
    if len(numbers) != len(nodes):
        twice = [name for name, times in Counter(node.id for node in nodes).items() if times > 1]
        raise UsageError(f"department: more than one device has the id {twice[0]!r}: each needs its own")
    zones = {zone: number for number, zone in enumerate(department.zones)}
    columns = {way: number for number, way in enumerate(WAYS)}
    return build_graph(
        zone=np.array([zones[node.zone] for node in nodes], dtype=np.int32),
        weak=_weaknesses(nodes, columns),
        rules=_rules(department, scenario, zones, columns),
        edges=_edges(department, scenario, numbers, columns),
        identity=identities(numbers),
        ways=_way_names(),
    )


def entries(department: Department, scenario: Scenario) -> NDArray[np.int32]:
    """Devices where the scenario may begin, by number. UsageError when none fits."""
    entry = scenario.entry
    found = [number for number, node in enumerate(department.nodes) if entry.fits(node)]
    if not found:
        raise UsageError(
            f"scenario {scenario.name}: no device of this department fits its entry ({_described(entry)}); "
            "choose another scenario, or name a device where it begins"
        )
    return np.array(found, dtype=np.int32)


def _described(entry: Entry) -> str:
    said = [f"class {' or '.join(entry.kinds)}"] if entry.kinds else []
    said += [f"device {entry.asset!r}"] if entry.asset else []
    said += ["reads discs from outside"] if entry.importer else []
    said += ["reachable from the internet"] if entry.exposed else []
    return ", ".join(said) or "any device"


def _weaknesses(nodes: tuple[Node, ...], columns: dict[Way, int]) -> NDArray[np.float64]:
    weak = np.zeros((len(nodes), len(columns)))
    given = [(row, columns[way], value) for row, node in enumerate(nodes) for way, value in node.weak.items()]
    if given:
        rows, ways, values = zip(*given, strict=True)
        weak[rows, ways] = values
    return weak


def _rules(department: Department, scenario: Scenario, zones: dict[str, int], columns: dict[Way, int]) -> Rules:
    within = [(zone, zone, columns[way], rate) for way, rate in scenario.within.items() for zone in zones.values()]
    across = {
        (zones[passage.source], zones[passage.target], columns[passage.way], scenario.across[passage.way])
        for passage in department.passages
        if passage.way in scenario.across
        and passage.source != passage.target
        and passage.source in zones
        and passage.target in zones
    }
    return Rules(*zip(*within, *sorted(across), strict=True)) if within or across else Rules()


def _edges(department: Department, scenario: Scenario, numbers: dict[str, int], columns: dict[Way, int]) -> Edges:
    drawn = set()
    for link in department.links:
        if link.source not in numbers or link.target not in numbers:
            lost = link.target if link.source in numbers else link.source
            raise UsageError(f"department: a link names the device {lost!r}, which is not there")
        target = numbers[link.target]
        rate = scenario.across.get(link.way, 0.0)
        weak = department.nodes[target].weak.get(link.way, 0.0)
        if rate != 0 and weak != 0:
            drawn.add((numbers[link.source], target, columns[link.way], rate, weak))
    if not drawn:
        return Edges()
    sources, targets, ways, rates, weaknesses = zip(*sorted(drawn), strict=True)
    law = np.full(len(rates), Law.EXPONENTIAL)
    return Edges(sources, targets, ways, law, rates, np.zeros(len(rates)), weaknesses)
