"""A department and an attack after some measures: a pure transformation, cheap enough to be tried hundreds of times."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from msgspec.structs import replace

from leadapron.model.department import Department, Link, Node, Way
from leadapron.model.measures import Measure
from leadapron.model.scenarios import Scenario

Key = tuple[str, str, Way]
"""Source, target and way: of zones for a passage, of devices for a link."""


def applied(department: Department, scenario: Scenario, measures: Iterable[Measure]) -> tuple[Department, Scenario]:
    """Both as they are once all `measures` are done, whatever their order. Devices keep their ids and places, so that
    the same run meets the same luck.

    Measures that settle different findings behind one weakness multiply what they leave; of those that settle the same
    ones, the best counts. A device that two measures move goes where the first by id puts it. Pairs that were seen to
    talk can still talk, unless a measure ends their link.
    """
    chosen = sorted(measures, key=lambda measure: measure.id)
    moves: dict[str, str] = {}
    for measure in chosen:
        for node, zone in measure.change.move.items():
            moves.setdefault(node, zone)
    left = _left(department.nodes, chosen)
    closed = {passage for measure in chosen for passage in measure.change.close}
    ended = {link for measure in chosen for link in measure.change.unlink}
    nodes = tuple(_nodes(department.nodes, left, moves))
    passages = tuple(
        passage for passage in department.passages if (passage.source, passage.target, passage.way) not in closed
    )
    open_ = {(passage.source, passage.target, passage.way) for passage in passages}
    links = tuple(_links(department, {node.id: node.zone for node in nodes}, open_, closed, ended, moves))
    if any(measure.change.backups for measure in chosen):
        scenario = replace(scenario, backups_lost=0.0)
    hidden = {node for measure in chosen for node in measure.change.hide}
    if hidden and scenario.entry.exposed:
        scenario = replace(scenario, entry=replace(scenario.entry, shut=scenario.entry.shut | hidden))
    return replace(department, nodes=nodes, passages=passages, links=links), scenario


def _left(nodes: Iterable[Node], measures: Iterable[Measure]) -> dict[tuple[str, Way], float]:
    """Device and way → what all measures together leave of the weakness."""
    made: dict[tuple[str, Way], list[tuple[float, Measure]]] = defaultdict(list)
    for measure in measures:
        for weakening in measure.change.weak:
            made[weakening.node, weakening.way].append((weakening.left, measure))
    behind = {node.id: node.findings for node in nodes} if made else {}
    left: dict[tuple[str, Way], float] = {}
    for (node, way), weakenings in made.items():
        left[node, way], settled = 1.0, set[str]()
        for share, measure in sorted(weakenings, key=lambda one: (one[0], one[1].id)):
            own = set(measure.findings) & set(behind[node].get(way, ())) or {""}
            if not own <= settled:
                left[node, way] *= share
            settled |= own
    return left


def _nodes(nodes: Iterable[Node], left: Mapping[tuple[str, Way], float], moves: Mapping[str, str]) -> Iterator[Node]:
    touched = {node for node, _ in left} | moves.keys()
    for node in nodes:
        if node.id in touched:
            weak = {way: value * left.get((node.id, way), 1.0) for way, value in node.weak.items()}
            node = replace(node, zone=moves.get(node.id, node.zone), weak=weak)
        yield node


def _links(
    department: Department,
    zones: Mapping[str, str],
    open_: set[Key],
    closed: set[Key],
    ended: set[Key],
    moves: Mapping[str, str],
) -> Iterator[Link]:
    """Links that do not end, and pairs seen to talk that have nothing else left to talk through."""
    there = set(ended)
    for link in department.links:
        key = (link.source, link.target, link.way)
        if key not in there:
            there.add(key)
            yield link
    for pair in department.seen if moves or closed else ():
        key = (pair.source, pair.target, pair.way)
        between = (zones[pair.source], zones[pair.target], pair.way)
        if key in there or between in open_ or between[0] == between[1]:
            continue
        if pair.source in moves or pair.target in moves or between in closed:
            there.add(key)
            yield pair
