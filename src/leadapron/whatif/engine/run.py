"""Spread an attack over a graph many times, batch by batch, so that memory does not grow with the number of runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import StrEnum
from functools import partial
from math import isnan

import numpy as np
from msgspec import Struct
from numpy.typing import ArrayLike, NDArray

from leadapron.model.errors import UsageError
from leadapron.whatif.engine.draws import Words, joined, lots, run_keys
from leadapron.whatif.engine.graph import Graph

BATCH_BYTES = 64 * 1024 * 1024
"""Memory for the hours (and causes, when asked) of one batch."""
_ENTRY = np.array([0x656E747279], dtype=np.uint64)
"""Keeps the draw of the entry apart from all others."""


class Backend(StrEnum):
    """What computes the spread."""

    NUMBA = "numba"
    """Sellke's construction, compiled (`pressure`)."""
    SCIPY = "scipy"
    """Dijkstra on all pairs (`expanded`): same law, other draws, slower."""


class Batch(Struct, frozen=True, kw_only=True, eq=False):
    """What happened in some runs. Ending the spread at an earlier hour is the same as dropping the later hours."""

    first_run: int
    """Number of the run in the first row."""
    hours: NDArray[np.float32]
    """(runs, devices): when each fell; 0 the entry, infinite: not within the horizon."""
    entry: NDArray[np.int32]
    """(runs): the device where it began."""
    cause: NDArray[np.int32] | None = None
    """(runs, devices), when asked. -1: the entry, or it did not fall. Below `Graph.channels`: the pressure on the
    channel of that number (`channel_zone`, `channel_way`); which of the devices fallen before was the one is chance, in
    proportion to the rates of `Graph.pressing`. From `Graph.channels` on: the edge of that number less
    `Graph.channels` (`edge_source`, `edge_way`)."""


def backend() -> Backend:
    """The one that `spread` uses here."""
    try:
        import leadapron.whatif.engine.pressure  # noqa: F401
    except ImportError:
        return Backend.SCIPY
    return Backend.NUMBA


def batch_size(graph: Graph, *, causes: bool = False) -> int:
    """How many runs fit in `BATCH_BYTES`."""
    return max(1, BATCH_BYTES // ((8 if causes else 4) * max(1, graph.nodes)))


def spread(
    graph: Graph,
    *,
    entries: ArrayLike,
    runs: int,
    seed: int,
    horizon: float,
    first_run: int = 0,
    batch: int | None = None,
    causes: bool = False,
    use: Backend | None = None,
) -> Iterator[Batch]:
    """Runs `first_run` to `first_run + runs`, each from one of `entries` drawn uniformly, for `horizon` hours.

    A run's draws hang on seed, its number and the identity of devices, ways and links: not on batches, threads, or
    on what else is in the graph. UsageError: an entry that is not there, a horizon or number that makes no sense.
    """
    starts = np.unique(np.asarray(entries, dtype=np.int64).reshape(-1))
    if not len(starts):
        raise UsageError("spread: there is no device where it could begin")
    if starts[0] < 0 or starts[-1] >= graph.nodes:
        raise UsageError(
            f"spread: entry {starts[0] if starts[0] < 0 else starts[-1]} is not one of the {graph.nodes} devices"
        )
    if isnan(horizon) or horizon < 0:
        raise UsageError(f"spread: horizon {horizon:g} is not a number of hours")
    if runs < 0 or first_run < 0 or (batch is not None and batch < 1):
        raise UsageError(
            f"spread: {runs} runs from {first_run} in batches of {batch}: none may be negative, batches at least 1"
        )
    size = batch or batch_size(graph, causes=causes)
    compute = _computer(graph, use or backend(), starts.astype(np.int32), horizon, causes=causes)
    numbers = range(first_run, first_run + runs)
    return (compute(numbers[at : at + size], seed) for at in range(0, runs, size))


def _computer(
    graph: Graph, use: Backend, starts: NDArray[np.int32], horizon: float, *, causes: bool
) -> Callable[[range, int], Batch]:
    """What makes the batch of some runs, with all that is prepared once."""
    run: Callable[[NDArray[np.int32], Words], tuple[NDArray[np.float32], NDArray[np.int32]]]
    if use is Backend.NUMBA:
        from leadapron.whatif.engine import pressure

        run = partial(pressure.run, graph, horizon, causes=causes)
    else:
        from leadapron.whatif.engine import expanded

        run = partial(expanded.run, expanded.expand(graph), horizon, causes=causes)
    names = joined(graph.identity[starts], _ENTRY)

    def compute(numbers: range, seed: int) -> Batch:
        keys = run_keys(seed, numbers.start, len(numbers))
        entry = starts[lots(keys, names)]
        hours, cause = run(entry, keys)
        return Batch(first_run=numbers.start, hours=hours, entry=entry, cause=cause if causes else None)

    return compute
