"""Every single takeover that is possible, and which measures prevent it: the raw matter of the integer program."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from leadapron.model.department import Department, Node, Way
from leadapron.model.measures import Measure
from leadapron.model.scenarios import Scenario

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

Cuts = frozenset[int]
"""Indices of measures, each of which prevents it."""


class Openings(Struct, frozen=True, kw_only=True, eq=False):
    """Possible takeovers, one row each."""

    source: Ints
    target: Ints
    rate: Floats
    """Per hour, where the target is weak."""
    weak: Floats
    """Probability that it is."""
    door: Ints
    """Number of target and way: rows of one door are weak together."""
    hold: Ints
    """Index into `cuts`."""
    harder: Ints
    """Index into `weakenings`."""
    cuts: tuple[Cuts, ...]
    """Measures that end a takeover outright."""
    weakenings: tuple[tuple[tuple[int, float], ...], ...]
    """Measures that make it less likely, with what is left of the weakness."""


class _Index(Struct, frozen=True, kw_only=True):
    """Measures by what they change."""

    closing: Mapping[tuple[str, str, Way], frozenset[int]]
    moving: Mapping[str, frozenset[int]]
    ending: Mapping[tuple[str, str, Way], frozenset[int]]
    weakening: Mapping[tuple[str, Way], tuple[tuple[int, float], ...]]
    seen: Mapping[tuple[str, Way], frozenset[str]]
    """Target and way → sources that were seen to use it."""


class _Rows:
    """Rows gathered block by block; equal sets of measures are kept once."""

    def __init__(self) -> None:
        self.blocks: list[tuple[Ints, Ints, Floats, Floats, Ints, Ints, Ints]] = []
        self._cuts: dict[Cuts, int] = {}
        self._weakenings: dict[tuple[tuple[int, float], ...], int] = {}
        self._doors: dict[tuple[int, Way], int] = {}

    def hold(self, cuts: Cuts) -> int:
        """Number of this set of measures."""
        return self._cuts.setdefault(cuts, len(self._cuts))

    def harder(self, weakenings: tuple[tuple[int, float], ...]) -> int:
        """Number of these weakenings."""
        return self._weakenings.setdefault(weakenings, len(self._weakenings))

    def door(self, target: int, way: Way) -> int:
        """Number of a device and a way into it."""
        return self._doors.setdefault((target, way), len(self._doors))

    def openings(self) -> Openings:
        """All rows."""
        none = np.empty(0, dtype=np.int64)
        blocks = [(none, none, np.empty(0), np.empty(0), none, none, none), *self.blocks]
        return Openings(
            source=np.concatenate([block[0] for block in blocks]),
            target=np.concatenate([block[1] for block in blocks]),
            rate=np.concatenate([block[2] for block in blocks]),
            weak=np.concatenate([block[3] for block in blocks]),
            door=np.concatenate([block[4] for block in blocks]),
            hold=np.concatenate([block[5] for block in blocks]),
            harder=np.concatenate([block[6] for block in blocks]),
            cuts=tuple(self._cuts),
            weakenings=tuple(self._weakenings),
        )


def how_many(department: Department, scenario: Scenario) -> int:
    """Rows that `openings` would have, links apart (and a device's own), without making them."""
    members = Counter(node.zone for node in department.nodes)
    weak = Counter((node.zone, way) for node in department.nodes for way, value in node.weak.items() if value > 0)
    inside = sum(members[zone] * count for (zone, way), count in weak.items() if scenario.within.get(way, 0.0) > 0)
    return inside + sum(
        members[passage.source] * weak[passage.target, passage.way]
        for passage in department.passages
        if scenario.across.get(passage.way, 0.0) > 0
    )


def openings(department: Department, scenario: Scenario, measures: Sequence[Measure]) -> Openings:
    """All takeovers that some device could make of another, before any measure.

    What a device that moves to an existing zone could reach from there is left out: the program only counts what
    measures prevent, simulation counts all.
    """
    index = _index(department, measures)
    members: dict[str, list[int]] = defaultdict(list)
    for place, node in enumerate(department.nodes):
        members[node.zone].append(place)
    rows = _Rows()
    channels = [(zone, zone, way, rate) for zone in members for way, rate in scenario.within.items()]
    for passage in department.passages:
        rate = scenario.across.get(passage.way, 0.0)
        channels.append((passage.source, passage.target, passage.way, rate))
    for source, target, way, rate in channels:
        if rate > 0:
            _channel(rows, index, department.nodes, members, (source, target, way), rate)
    _links(rows, index, department, scenario)
    return rows.openings()


def _index(department: Department, measures: Sequence[Measure]) -> _Index:
    closing: dict[tuple[str, str, Way], set[int]] = defaultdict(set)
    moving: dict[str, set[int]] = defaultdict(set)
    ending: dict[tuple[str, str, Way], set[int]] = defaultdict(set)
    weakening: dict[tuple[str, Way], list[tuple[int, float]]] = defaultdict(list)
    seen: dict[tuple[str, Way], set[str]] = defaultdict(set)
    for pair in department.seen:
        seen[pair.target, pair.way].add(pair.source)
    for number, measure in enumerate(measures):
        for key in measure.change.close:
            closing[key].add(number)
        for node in measure.change.move:
            moving[node].add(number)
        for key in measure.change.unlink:
            ending[key].add(number)
        for one in measure.change.weak:
            weakening[one.node, one.way].append((number, one.left))
    return _Index(
        closing={key: frozenset(numbers) for key, numbers in closing.items()},
        moving={node: frozenset(numbers) for node, numbers in moving.items()},
        ending={key: frozenset(numbers) for key, numbers in ending.items()},
        weakening={place: tuple(numbers) for place, numbers in weakening.items()},
        seen={place: frozenset(sources) for place, sources in seen.items()},
    )


def _channel(
    rows: _Rows,
    index: _Index,
    nodes: Sequence[Node],
    members: Mapping[str, list[int]],
    channel: tuple[str, str, Way],
    rate: float,
) -> None:
    """Takeovers from any device of a zone of any weak device of the other."""
    source, target, way = channel
    attackers = np.asarray(members.get(source, ()), dtype=np.int64)
    closing = index.closing.get(channel, frozenset()) if source != target else frozenset()
    rows_of = {nodes[place].id: row for row, place in enumerate(attackers)}
    moved = {row: index.moving[device] for device, row in rows_of.items() if device in index.moving}
    for place in members.get(target, ()):
        weak = nodes[place].weak.get(way, 0.0)
        if weak <= 0 or not len(attackers):
            continue
        here = closing | index.moving.get(nodes[place].id, frozenset())
        hold = np.full(len(attackers), rows.hold(here), dtype=np.int64)
        for row, cuts in moved.items():
            hold[row] = rows.hold(here | cuts)
        for partner in index.seen.get((nodes[place].id, way), frozenset()) & rows_of.keys():
            # The pair can still talk after closing and moving, unless the same measure ends its link as well.
            row = rows_of[partner]
            ending = index.ending.get((partner, nodes[place].id, way), frozenset())
            hold[row] = rows.hold((here | moved.get(row, frozenset())) & ending)
        _add(rows, index, nodes, attackers, place, way, rate, hold)


def _links(rows: _Rows, index: _Index, department: Department, scenario: Scenario) -> None:
    places = {node.id: place for place, node in enumerate(department.nodes)}
    for link in department.links:
        rate = scenario.across.get(link.way, 0.0)
        if rate > 0 and department.nodes[places[link.target]].weak.get(link.way, 0.0) > 0:
            hold = rows.hold(index.ending.get((link.source, link.target, link.way), frozenset()))
            source = np.asarray([places[link.source]], dtype=np.int64)
            _add(rows, index, department.nodes, source, places[link.target], link.way, rate, np.asarray([hold]))


def _add(
    rows: _Rows,
    index: _Index,
    nodes: Sequence[Node],
    sources: Ints,
    target: int,
    way: Way,
    rate: float,
    hold: Ints,
) -> None:
    harder = rows.harder(index.weakening.get((nodes[target].id, way), ()))
    keep = sources != target
    count = int(keep.sum())
    rows.blocks.append((
        sources[keep],
        np.full(count, target, dtype=np.int64),
        np.full(count, rate, dtype=np.float64),
        np.full(count, nodes[target].weak[way], dtype=np.float64),
        np.full(count, rows.door(target, way), dtype=np.int64),
        hold[keep].astype(np.int64),
        np.full(count, harder, dtype=np.int64),
    ))  # fmt: skip
