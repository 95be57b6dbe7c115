"""Who can take over whom, as arrays: rules between zones that are never written out as pairs, and single edges.

A *channel* is (target zone, way) that some rule feeds and some device of the zone is weak to: all its targets feel the
same pressure. Rates are takeovers per hour.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any, NamedTuple

import numpy as np
from msgspec import Struct
from numpy.typing import ArrayLike, NDArray

from leadapron.model.errors import UsageError
from leadapron.whatif.engine.draws import Words, joined, mix

Ints = NDArray[np.int32]
Floats = NDArray[np.float64]

FASTEST = 1e15
"""Highest rate: beyond, sums of them are no longer numbers."""


class Law(IntEnum):
    """How long a takeover along an edge takes, and what its two parameters are."""

    EXPONENTIAL = 0
    """First: rate per hour."""
    LOGNORMAL = 1
    """First: median in hours; second: standard deviation of the logarithm."""
    FIXED = 2
    """First: hours."""


class Rules(NamedTuple):
    """Each device of zone `source` attacks each of zone `target` that is weak to `way` (column of weakness) at `rate`.
    Rates of the same three add up."""

    source: ArrayLike = ()
    target: ArrayLike = ()
    way: ArrayLike = ()
    rate: ArrayLike = ()


class Edges(NamedTuple):
    """One device attacks one other. Two with the same source, target and way have the same luck."""

    source: ArrayLike = ()
    target: ArrayLike = ()
    way: ArrayLike = ()
    law: ArrayLike = ()
    first: ArrayLike = ()
    second: ArrayLike = ()
    weak: ArrayLike | None = None
    """Probability that the target is weak to the way, the same draw as for rules. None: it is."""


NO_RULES, NO_EDGES = Rules(), Edges()


class Graph(Struct, frozen=True, kw_only=True, eq=False):
    """What `spread` runs on. Devices, zones, ways and channels are numbers; `*_start` says where each one's part of the
    arrays beside it begins (one entry more than there are of them)."""

    zone: Ints
    """Of each device."""
    weak: Floats
    """(devices, ways): probability that a device is weak to a way. Drawn once per run: then it falls at the full rate,
    or never."""
    identity: Words
    """Of each device, whatever its number."""
    channel_zone: Ints
    """Whose devices the channel attacks."""
    channel_way: Ints
    target_start: NDArray[np.int64]
    """By channel."""
    target: Ints
    """Devices that are weak to the channel."""
    target_weak: Floats
    target_identity: Words
    rule_start: NDArray[np.int64]
    """By source zone."""
    rule_channel: Ints
    rule_rate: Floats
    edge_start: NDArray[np.int64]
    """By source device."""
    edge_source: Ints
    edge_target: Ints
    edge_way: Ints
    edge_law: Ints
    edge_first: Floats
    edge_second: Floats
    edge_weak: Floats
    edge_door: Words
    """Identity of target and way: whether the one is weak to the other."""
    edge_identity: Words

    @property
    def nodes(self) -> int:
        """Number of devices."""
        return len(self.zone)

    @property
    def channels(self) -> int:
        """Number of channels; causes from here on are edges (`Batch.cause`)."""
        return len(self.channel_zone)

    def pressing(self, channel: int) -> tuple[Ints, Floats]:
        """Zones with a rule into a channel, and the rate at which each fallen device there presses on it."""
        rules = np.flatnonzero(self.rule_channel == channel)
        zones = np.searchsorted(self.rule_start, rules, side="right") - 1
        return zones.astype(np.int32), self.rule_rate[rules]


def build_graph(
    *,
    zone: ArrayLike,
    weak: ArrayLike,
    rules: Rules = NO_RULES,
    edges: Edges = NO_EDGES,
    identity: Words | None = None,
    ways: Words | None = None,
) -> Graph:
    """A graph from plain arrays. `identity` and `ways` name devices and ways for the draws (default: their numbers).

    UsageError: a number that is none, negative, above 1 (weakness) or beyond `FASTEST`, or one that points nowhere.
    """
    zones = np.array(zone, dtype=np.int32).reshape(-1)
    weakness = np.asarray(weak, dtype=np.float64)
    if weakness.ndim != 2 or len(weakness) != len(zones):
        raise UsageError(f"spread: weakness {weakness.shape} is not one row for each of {len(zones)} devices")
    nodes, columns = weakness.shape
    names = mix(np.arange(1, nodes + 1, dtype=np.uint64)) if identity is None else identity
    way_names = mix(np.arange(1, columns + 1, dtype=np.uint64)) if ways is None else ways
    _check("weakness", weakness, most=1.0)
    _check_numbers("zone", zones, None)
    if len(names) != nodes or len(way_names) != columns:
        raise UsageError(f"spread: {nodes} devices and {columns} ways need as many names")
    if len(np.unique(names)) != nodes:
        raise UsageError("spread: two devices have the same name")
    return Graph(
        zone=zones,
        weak=weakness,
        identity=names,
        **_channels(zones, weakness, joined(names[:, None], way_names[None, :]), rules),
        **_edges(nodes, names, way_names, edges),
    )


def _channels(zones: Ints, weak: Floats, identity: Words, rules: Rules) -> dict[str, NDArray[Any]]:
    """Rules and targets by channel; what presses on nobody, or nobody presses on, is left out."""
    columns = weak.shape[1]
    source, into, way = (np.asarray(one, dtype=np.int64) for one in rules[:3])
    rate = np.asarray(rules.rate, dtype=np.float64)
    _check("rate of a rule", rate, most=FASTEST)
    for what, numbers, limit in (("zone", source, None), ("zone", into, None), ("way", way, columns)):
        _check_numbers(what, numbers, limit)
    if not len(source) == len(into) == len(way) == len(rate):
        raise UsageError("spread: rules are not all of the same length")
    count = 1 + max((int(numbers.max()) for numbers in (zones, source, into) if len(numbers)), default=-1)
    node, column = np.nonzero(weak > 0)
    address = zones[node].astype(np.int64) * columns + column
    fed, felt = np.zeros((2, count * columns), dtype=bool)
    fed[(into * columns + way)[rate > 0]] = True
    felt[address] = True
    used = np.flatnonzero(fed & felt)
    channel = np.full(count * columns, -1, dtype=np.int64)
    channel[used] = np.arange(len(used))
    kept = np.flatnonzero(channel[address] >= 0)
    kept = kept[np.argsort(channel[address[kept]], kind="stable")]
    node, column, address = node[kept], column[kept], address[kept]
    live = np.flatnonzero((rate > 0) & (channel[into * columns + way] >= 0))
    pair, rule = np.unique(source[live] * len(used) + channel[(into * columns + way)[live]], return_inverse=True)
    return {
        "channel_zone": (used // columns).astype(np.int32),
        "channel_way": (used % columns).astype(np.int32),
        "target_start": np.searchsorted(channel[address], np.arange(len(used) + 1)),
        "target": node.astype(np.int32),
        "target_weak": weak[node, column],
        "target_identity": identity[node, column],
        "rule_start": np.searchsorted(pair, np.arange(count + 1) * len(used)),
        "rule_channel": (pair % max(1, len(used))).astype(np.int32),
        "rule_rate": np.bincount(rule, weights=rate[live], minlength=len(pair)).astype(np.float64),
    }


def _edges(nodes: int, names: Words, ways: Words, edges: Edges) -> dict[str, NDArray[Any]]:
    """Edges by source; those that can never act (rate or weakness 0, onto themselves) are left out."""
    source, target, way, law = (np.asarray(one, dtype=np.int32) for one in edges[:4])
    first = np.asarray(edges.first, dtype=np.float64)
    second = np.asarray(edges.second, dtype=np.float64)
    weak = np.ones(len(source)) if edges.weak is None else np.asarray(edges.weak, dtype=np.float64)
    if not len(source) == len(target) == len(way) == len(law) == len(first) == len(second) == len(weak):
        raise UsageError("spread: edges are not all of the same length")
    for what, numbers, limit in (
        ("device", source, nodes),
        ("device", target, nodes),
        ("way", way, len(ways)),
        ("law", law, len(Law)),
    ):
        _check_numbers(what, numbers, limit)
    _check("parameter of an edge", first, most=FASTEST)
    _check("parameter of an edge", second, most=FASTEST)
    _check("weakness", weak, most=1.0)
    live = np.flatnonzero(((law != Law.EXPONENTIAL) | (first > 0)) & (source != target) & (weak > 0))
    live = live[np.argsort(source[live], kind="stable")]
    source, target, way = source[live], target[live], way[live]
    return {
        "edge_start": np.searchsorted(source, np.arange(nodes + 1)),
        "edge_source": source,
        "edge_target": target,
        "edge_way": way,
        "edge_law": law[live],
        "edge_first": first[live],
        "edge_second": second[live],
        "edge_weak": weak[live],
        "edge_door": joined(names[target], ways[way]),
        "edge_identity": joined(names[source], joined(names[target], ways[way])),
    }


def _check(what: str, numbers: Floats, *, most: float) -> None:
    """UsageError for the first number that is not within 0 and `most`."""
    if numbers.size and not (np.min(numbers) >= 0 and np.max(numbers) <= most):
        wrong = numbers[~((numbers >= 0) & (numbers <= most))]
        raise UsageError(f"spread: {what} {wrong.flat[0]:g} is not a number from 0 to {most:g}")


def _check_numbers(what: str, numbers: NDArray[np.integer], limit: int | None) -> None:
    """UsageError for a number of something that is not there."""
    if len(numbers) and (numbers.min() < 0 or (limit is not None and numbers.max() >= limit)):
        raise UsageError(f"spread: {what} {numbers.min()}..{numbers.max()}: there is no such {what}")
