"""Sellke's construction, compiled: every weak device has one threshold per way and falls when the pressure reaches it.

The pressure on a channel grows in proportion to time and to the rates of the fallen devices that feed it. Between two
falls it is a line, `rate * t - offset`, so the next fall of a channel is known in closed form and nothing is stepped.
Two priority queues say what comes next: of channels by their next fall, of edges by the arrival of what travels there.

All compiled code is in this one file, but for `mix`: numba keeps its results beside the file and compiles again when it
changes. Nothing grows: every queue has its largest possible size from the start.
"""

from __future__ import annotations

from collections.abc import Callable
from math import cos, exp, inf, log, pi, sqrt
from typing import NamedTuple, TypeVar, cast

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from leadapron.whatif.engine import draws
from leadapron.whatif.engine.draws import GOLDEN, UNIT, UNUSED, Words
from leadapron.whatif.engine.graph import Floats, Graph, Ints, Law

F = TypeVar("F", bound=Callable[..., object])
Longs = NDArray[np.int64]

SHARES = 64
"""Parts a batch of runs is cut into; threads take them. Results do not depend on it."""
_EXPONENTIAL, _LOGNORMAL = int(Law.EXPONENTIAL), int(Law.LOGNORMAL)
FALLEN = -1.0
FOREVER = float(np.finfo(np.float64).max)
"""Hours; an endless horizon ends here."""


class Tables(NamedTuple):
    """The parts of a `Graph` that the compiled code reads."""

    zone: Ints
    target_start: Longs
    target: Ints
    target_weak: Floats
    target_identity: Words
    rule_start: Longs
    rule_channel: Ints
    rule_rate: Floats
    edge_start: Longs
    edge_target: Ints
    edge_law: Ints
    edge_first: Floats
    edge_second: Floats
    edge_weak: Floats
    edge_door: Words
    edge_identity: Words


class Space(NamedTuple):
    """What one run writes; each thread uses its own again and again."""

    due: Floats
    """By device: the earliest arrival along an edge so far, `FALLEN` once it has fallen."""
    rate: Floats
    """By channel: how fast its pressure grows …"""
    offset: Floats
    """… and the rest of the line."""
    left: Ints
    """By channel: targets that stand; -1 before the first pressure."""
    threshold: Floats
    """By target: a heap for each channel, lowest threshold first."""
    standing: Ints
    """The devices of `threshold`."""
    fires: Floats
    """By channel: when the first of its heap falls."""
    queue: Ints
    """Heap of channels, the next to fire first."""
    place: Ints
    """By channel: where it is in `queue`, -1: not there."""
    arrival: Floats
    """Heap of arrivals along edges."""
    along: Ints
    """The edges of `arrival`."""


def compiled(*, parallel: bool = False) -> Callable[[F], F]:
    """numba's compiler, its results kept on disc where some folder can be written."""

    def decorate(function: F) -> F:
        try:
            return cast(F, njit(cache=True, nogil=True, parallel=parallel)(function))
        except RuntimeError:  # nowhere to keep them
            return cast(F, njit(nogil=True, parallel=parallel)(function))

    return decorate


mix = cast(Callable[[np.uint64], np.uint64], compiled()(draws.mix))


@compiled()
def uniform(word: np.uint64) -> float:
    """As `draws.uniform`, of one word."""
    return (np.float64(mix(word) >> UNUSED) + 0.5) * UNIT


@compiled()
def is_weak(word: np.uint64, weak: float) -> bool:
    """Whether the device is weak to the way in this run."""
    return bool(weak >= 1.0 or uniform(word + GOLDEN) < weak)


@compiled()
def rise(keys: Floats, items: Ints, low: int, at: int) -> None:
    """Move entry `at` of the heap that begins at `low` towards its root."""
    key, item = keys[low + at], items[low + at]
    while at > 0:
        parent = (at - 1) >> 1
        if keys[low + parent] <= key:
            break
        keys[low + at], items[low + at] = keys[low + parent], items[low + parent]
        at = parent
    keys[low + at], items[low + at] = key, item


@compiled()
def shorten(keys: Floats, items: Ints, low: int, size: int) -> None:
    """Take the root off the heap of `size` entries that begins at `low`."""
    size -= 1
    key, item = keys[low + size], items[low + size]
    at = 0
    while True:
        child = 2 * at + 1
        if child >= size:
            break
        if child + 1 < size and keys[low + child + 1] < keys[low + child]:
            child += 1
        if keys[low + child] >= key:
            break
        keys[low + at], items[low + at] = keys[low + child], items[low + child]
        at = child
    keys[low + at], items[low + at] = key, item


@compiled()
def advance(s: Space, at: int) -> None:
    """Move the channel at place `at` of the queue towards its front."""
    channel = s.queue[at]
    while at > 0:
        parent = (at - 1) >> 1
        if s.fires[s.queue[parent]] <= s.fires[channel]:
            break
        s.queue[at] = s.queue[parent]
        s.place[s.queue[at]] = at
        at = parent
    s.queue[at] = channel
    s.place[channel] = at


@compiled()
def fall_back(s: Space, size: int) -> None:
    """Move the channel at the front of the queue to where it belongs."""
    channel, at = s.queue[0], 0
    while True:
        child = 2 * at + 1
        if child >= size:
            break
        if child + 1 < size and s.fires[s.queue[child + 1]] < s.fires[s.queue[child]]:
            child += 1
        if s.fires[s.queue[child]] >= s.fires[channel]:
            break
        s.queue[at] = s.queue[child]
        s.place[s.queue[at]] = at
        at = child
    s.queue[at] = channel
    s.place[channel] = at


@compiled()
def open_channel(g: Tables, s: Space, channel: int, key: np.uint64) -> int:
    """Draw the thresholds of the channel's targets; how many stand."""
    low, size = g.target_start[channel], 0
    for at in range(low, g.target_start[channel + 1]):
        node, word = g.target[at], key + g.target_identity[at]
        if s.due[node] != FALLEN and is_weak(word, g.target_weak[at]):
            s.threshold[low + size] = -log(uniform(word))
            s.standing[low + size] = node
            rise(s.threshold, s.standing, low, size)
            size += 1
    return size


@compiled()
def press(g: Tables, s: Space, node: int, now: float, horizon: float, key: np.uint64, queued: int) -> int:
    """The fall of `node` adds to the pressure on every channel its zone feeds; the new length of the queue."""
    zone = g.zone[node]
    for k in range(g.rule_start[zone], g.rule_start[zone + 1]):
        channel = g.rule_channel[k]
        if s.left[channel] < 0:
            s.left[channel] = open_channel(g, s, channel, key)
        if s.left[channel] == 0:
            continue
        s.rate[channel] += g.rule_rate[k]
        s.offset[channel] += g.rule_rate[k] * now
        fires = max(now, (s.threshold[g.target_start[channel]] + s.offset[channel]) / s.rate[channel])
        if fires > horizon:
            continue
        if s.place[channel] < 0:
            s.fires[channel] = fires
            s.queue[queued] = channel
            queued += 1
            advance(s, queued - 1)
        elif fires < s.fires[channel]:
            s.fires[channel] = fires
            advance(s, s.place[channel])
    return queued


@compiled()
def release(g: Tables, s: Space, now: float, horizon: float, queued: int) -> int:
    """The first channel of the queue has fired: on to its next target that stands; the new length of the queue."""
    channel = s.queue[0]
    low = g.target_start[channel]
    while True:
        shorten(s.threshold, s.standing, low, s.left[channel])
        s.left[channel] -= 1
        if s.left[channel] == 0 or s.due[s.standing[low]] != FALLEN:
            break
    fires = inf
    if s.left[channel] > 0:
        fires = max(now, (s.threshold[low] + s.offset[channel]) / s.rate[channel])
    if fires > horizon:
        s.place[channel] = -1
        queued -= 1
        if queued > 0:
            s.queue[0] = s.queue[queued]
            fall_back(s, queued)
    else:
        s.fires[channel] = fires
        fall_back(s, queued)
    return queued


@compiled()
def set_out(g: Tables, s: Space, node: int, now: float, horizon: float, key: np.uint64, travelling: int) -> int:
    """The fall of `node` sends something along each of its edges; how many travel now."""
    for edge in range(g.edge_start[node], g.edge_start[node + 1]):
        latest = min(horizon, s.due[g.edge_target[edge]])
        if latest < now or not is_weak(key + g.edge_door[edge], g.edge_weak[edge]):
            continue
        first, law, word = g.edge_first[edge], g.edge_law[edge], key + g.edge_identity[edge]
        if law == _EXPONENTIAL:
            chance = uniform(word)
            if 1.0 - chance > (latest - now) * first:  # -log(x) >= 1 - x: too late, without the logarithm
                continue
            arrival = now - log(chance) / first
        elif law == _LOGNORMAL:
            normal = sqrt(-2.0 * log(uniform(word))) * cos(2.0 * pi * uniform(word + GOLDEN))
            arrival = now + first * exp(g.edge_second[edge] * normal)
        else:
            arrival = now + first
        if arrival <= horizon and arrival < s.due[g.edge_target[edge]]:
            s.due[g.edge_target[edge]] = arrival
            s.arrival[travelling] = arrival
            s.along[travelling] = edge
            rise(s.arrival, s.along, 0, travelling)
            travelling += 1
    return travelling


@compiled()
def one_run(
    g: Tables, s: Space, entry: int, horizon: float, key: np.uint64, hours: NDArray[np.float32], cause: Ints
) -> None:
    """Fill one row of hours, and one of causes if it is not empty."""
    hours[:] = inf
    cause[:] = -1
    s.due[:] = inf
    s.rate[:] = 0.0
    s.offset[:] = 0.0
    s.left[:] = -1
    s.place[:] = -1
    channels = len(s.rate)
    queued, travelling, node, now, why = 0, 0, entry, 0.0, -1
    while True:
        s.due[node] = FALLEN
        hours[node] = now
        if len(cause) > 0:
            cause[node] = why
        queued = press(g, s, node, now, horizon, key, queued)
        travelling = set_out(g, s, node, now, horizon, key, travelling)
        while True:
            if travelling > 0 and (queued == 0 or s.arrival[0] <= s.fires[s.queue[0]]):
                now, why = s.arrival[0], channels + s.along[0]
                node = g.edge_target[s.along[0]]
                shorten(s.arrival, s.along, 0, travelling)
                travelling -= 1
                if s.due[node] == now:
                    break
            elif queued > 0:
                why = s.queue[0]
                now = s.fires[why]
                node = s.standing[g.target_start[why]]
                queued = release(g, s, now, horizon, queued)
                if s.due[node] != FALLEN:
                    break
            else:
                return


@compiled()
def some_runs(
    g: Tables, low: int, high: int, entries: Ints, horizon: float, keys: Words, hours: NDArray[np.float32], cause: Ints
) -> None:
    """Runs `low` to `high`, one after the other in the same space."""
    nodes, channels, targets, edges = len(g.zone), len(g.target_start) - 1, len(g.target), len(g.edge_target)
    space = Space(
        np.empty(nodes),
        np.empty(channels),
        np.empty(channels),
        np.empty(channels, np.int32),
        np.empty(targets),
        np.empty(targets, np.int32),
        np.empty(channels),
        np.empty(channels, np.int32),
        np.empty(channels, np.int32),
        np.empty(edges),
        np.empty(edges, np.int32),
    )
    for run in range(low, high):
        one_run(g, space, entries[run], horizon, keys[run], hours[run], cause[run])


@compiled(parallel=True)
def all_runs(g: Tables, entries: Ints, horizon: float, keys: Words, hours: NDArray[np.float32], cause: Ints) -> None:
    """Every run, shared out to the threads. One share has its own function: numba hung on arrays made in this loop."""
    runs = len(keys)
    for share in prange(SHARES):
        some_runs(g, share * runs // SHARES, (share + 1) * runs // SHARES, entries, horizon, keys, hours, cause)


def tables(graph: Graph) -> Tables:
    """The graph as the compiled code wants it."""
    return Tables(*(getattr(graph, name) for name in Tables._fields))


def run(graph: Graph, horizon: float, entries: Ints, keys: Words, *, causes: bool) -> tuple[NDArray[np.float32], Ints]:
    """Hours (runs, devices) and causes (runs, devices; empty rows unless `causes`) of as many runs as keys."""
    hours = np.empty((len(keys), graph.nodes), dtype=np.float32)
    cause = np.empty((len(keys), graph.nodes if causes else 0), dtype=np.int32)
    all_runs(tables(graph), entries, min(float(horizon), FOREVER), keys, hours, cause)
    return hours, cause
