"""The same spread with every pair written out, by SciPy's Dijkstra: where numba is missing, and as a check on it.

Each run draws a delay for every edge and takes shortest paths. The same law as `pressure`, not the same numbers.
"""

from __future__ import annotations

from math import inf

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from leadapron.model.errors import UsageError
from leadapron.whatif.engine.draws import GOLDEN, Words, joined, mix, uniform
from leadapron.whatif.engine.graph import Floats, Graph, Ints, Law

MOST_EDGES = 40_000_000
"""Beyond, an expanded graph takes more memory than a laptop has to spare (about 100 bytes an edge)."""
LATEST = 1e300
"""Hours; an endless horizon ends here, as what takes for ever is not within it."""
_SHORTEST = 1e-300
"""Hours; SciPy takes 0 for no edge at all."""
_PAIR = np.array([0x70616972], dtype=np.uint64)
"""Keeps the draws of pairs apart from those of edges between the same devices."""


class Expanded(Struct, frozen=True, kw_only=True, eq=False):
    """All edges, sorted by source and target; those between the same two devices stand together."""

    law: Ints
    first: Floats
    second: Floats
    weak: Floats
    door: Words
    """Identity of target and way."""
    identity: Words
    cause: Ints
    """As in `Batch.cause`."""
    pair: NDArray[np.int64]
    """Of each pair of devices that has an edge: its first edge."""
    address: NDArray[np.int64]
    """Of each pair: source times number of devices, plus target; ascending."""
    matrix: csr_array
    """One entry per pair."""


def expand(graph: Graph) -> Expanded:
    """Write out the rules between zones. UsageError: more than `MOST_EDGES`."""
    order = np.argsort(graph.zone, kind="stable")
    starts = np.searchsorted(graph.zone[order], np.arange(len(graph.rule_start)))
    rule_zone = np.repeat(np.arange(len(graph.rule_start) - 1), np.diff(graph.rule_start))
    members = np.diff(starts)[rule_zone]
    targets = np.diff(graph.target_start)[graph.rule_channel]
    total = int((members * targets).sum()) + len(graph.edge_target)
    if total > MOST_EDGES:
        raise UsageError(f"spread: {total} pairs of devices are too many without numba: install it (pip install numba)")
    sources, hits = [np.empty(0, np.intp)], [np.empty(0, np.intp)]
    for zone, channel in zip(rule_zone, graph.rule_channel, strict=True):
        attackers = order[starts[zone] : starts[zone + 1]]
        attacked = np.arange(graph.target_start[channel], graph.target_start[channel + 1])
        sources.append(np.repeat(attackers, len(attacked)))
        hits.append(np.tile(attacked, len(attackers)))
    source, hit = np.concatenate(sources), np.concatenate(hits)
    rate = np.repeat(graph.rule_rate, members * targets)
    channel = np.repeat(graph.rule_channel, members * targets)
    edges = np.arange(graph.channels, graph.channels + len(graph.edge_target))
    pressed = joined(joined(graph.identity[source], graph.target_identity[hit]), _PAIR)
    identity = np.concatenate((pressed, graph.edge_identity))
    target = np.concatenate((graph.target[hit], graph.edge_target)).astype(np.int64)
    address = np.concatenate((source, graph.edge_source)).astype(np.int64) * graph.nodes + target
    kept = np.argsort(address, kind="stable")
    kept = kept[(address // max(graph.nodes, 1) != target)[kept]]
    address = address[kept]
    pairs, pair = np.unique(address, return_index=True)
    columns = (pairs % max(graph.nodes, 1)).astype(np.int32)
    rows = np.searchsorted(pairs, np.arange(graph.nodes + 1) * graph.nodes).astype(np.int32)
    return Expanded(
        law=np.concatenate((np.full(len(rate), Law.EXPONENTIAL, dtype=np.int32), graph.edge_law))[kept],
        first=np.concatenate((rate, graph.edge_first))[kept],
        second=np.concatenate((np.zeros(len(rate)), graph.edge_second))[kept],
        weak=np.concatenate((graph.target_weak[hit], graph.edge_weak))[kept],
        door=np.concatenate((graph.target_identity[hit], graph.edge_door))[kept],
        identity=identity[kept],
        cause=np.concatenate((channel, edges)).astype(np.int32)[kept],
        pair=pair,
        address=pairs,
        matrix=csr_array((np.zeros(len(pairs)), columns, rows), shape=(graph.nodes, graph.nodes)),
    )


def delays(expanded: Expanded, key: Words) -> Floats:
    """Hours along each edge in the run of this key (an array of one); infinite where the target is not weak."""
    words = expanded.identity + key
    hours = -np.log(uniform(mix(words))) / np.where(expanded.law == Law.EXPONENTIAL, expanded.first, 1.0)
    log_normal = np.flatnonzero(expanded.law == Law.LOGNORMAL)
    if len(log_normal):
        turn = uniform(mix(words[log_normal] + GOLDEN))
        normal = np.sqrt(2.0 * hours[log_normal]) * np.cos(2.0 * np.pi * turn)
        hours[log_normal] = expanded.first[log_normal] * np.exp(expanded.second[log_normal] * normal)
    fixed = expanded.law == Law.FIXED
    hours[fixed] = expanded.first[fixed]
    strong = uniform(mix(expanded.door + key + GOLDEN)) >= expanded.weak
    hours[strong] = inf
    return np.maximum(hours, _SHORTEST)


def run(
    expanded: Expanded, horizon: float, entries: Ints, keys: Words, *, causes: bool
) -> tuple[NDArray[np.float32], Ints]:
    """As `pressure.run`."""
    nodes = expanded.matrix.shape[0]
    hours = np.empty((len(keys), nodes), dtype=np.float32)
    cause = np.full((len(keys), nodes if causes else 0), -1, dtype=np.int32)
    matrix = expanded.matrix.copy()
    latest = min(horizon, LATEST)
    for number, entry in enumerate(entries):
        drawn = delays(expanded, keys[number : number + 1])
        if len(drawn):
            matrix.data = np.minimum.reduceat(drawn, expanded.pair)
        found, before = dijkstra(matrix, indices=int(entry), limit=latest, return_predecessors=True)
        hours[number] = found
        if causes:
            _explain(expanded, drawn, before, cause[number])
    return hours, cause


def _explain(expanded: Expanded, drawn: Floats, before: Ints, cause: Ints) -> None:
    """Which of the edges from its predecessor reached each device first."""
    nodes = len(cause)
    ends = np.append(expanded.pair[1:], len(expanded.cause))
    for node in np.flatnonzero(before >= 0):
        at = np.searchsorted(expanded.address, int(before[node]) * nodes + int(node))
        first = expanded.pair[at]
        cause[node] = expanded.cause[first + np.argmin(drawn[first : ends[at]])]
