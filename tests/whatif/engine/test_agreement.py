"""The engine against simulations that share none of its code: same law of sizes and of times."""

from __future__ import annotations

import numpy as np
import pytest
from msgspec.structs import replace
from numpy.typing import NDArray
from scipy.stats import ks_2samp

from leadapron.model.department import Department, Way
from leadapron.model.scenarios import Scenario
from leadapron.whatif.engine import WAYS, Backend, Batch, Graph, compile_graph, spread
from tests.whatif.engine.departments import WORM, fallen, in_steps, joined, nth, random_department, with_a_heap

ALIKE = 0.01
"""Lowest p-value (Kolmogorov-Smirnov) for the same law. Seeds are fixed, so it is passed once and for all."""
UNLIKE = 1e-8
"""Highest p-value for a law that is not the same: what a wrong engine gets with as many runs."""
ENTRY = 7
RUNS, PLAIN = 4000, 300
"""Of ours, and of the slow ones."""


def ours(
    department: Department, scenario: Scenario, runs: int = RUNS, use: Backend = Backend.NUMBA, seed: int = 11
) -> NDArray[np.float32]:
    graph = compile_graph(department, scenario)
    return joined(spread(graph, entries=[ENTRY], runs=runs, seed=seed, horizon=scenario.horizon, use=use))


def p_value(one: NDArray[np.floating], other: NDArray[np.floating]) -> float:
    return float(ks_2samp(one, other, method="asymp").pvalue)


def p_values(one: NDArray[np.floating], other: NDArray[np.floating], horizon: float) -> dict[str, float]:
    """Of the size of the outbreak, and of the hours at which 1, 5, 20 and 50 devices had fallen."""
    times = {
        f"fall {number}": p_value(nth(one, number, horizon + 1), nth(other, number, horizon + 1))
        for number in (1, 5, 20, 50)
    }
    return {"size": p_value(fallen(one), fallen(other)), **times}


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_sizes_and_times_are_those_of_a_plain_simulation(seed: int) -> None:
    department = random_department(300, seed)
    plain = with_a_heap(department, WORM, entry=ENTRY, runs=PLAIN, seed=seed)
    found = p_values(ours(department, WORM), plain, WORM.horizon)
    assert min(found.values()) > ALIKE, found


@pytest.mark.parametrize(("nodes", "horizon", "runs"), [(300, 1.5, 600), (900, 2.0, 300), (3000, 6.0, 80)])
def test_sizes_and_times_are_those_of_dijkstra(nodes: int, horizon: float, runs: int) -> None:
    department, scenario = random_department(nodes, 4), replace(WORM, horizon=horizon)
    found = p_values(ours(department, scenario), ours(department, scenario, runs, Backend.SCIPY), horizon)
    assert min(found.values()) > ALIKE, found


def test_so_are_they_at_3000_devices() -> None:
    department, scenario = random_department(3000, 5), replace(WORM, horizon=3.0)
    plain = with_a_heap(department, scenario, entry=ENTRY, runs=80, seed=5)
    found = p_values(ours(department, scenario), plain, scenario.horizon)
    assert min(found.values()) > ALIKE, found


def test_each_device_falls_as_often_and_as_early_as_with_dijkstra() -> None:
    """Sums over devices could hide that one falls for another."""
    department = random_department(300, 6)
    one, other = ours(department, WORM), ours(department, WORM, 1500, Backend.SCIPY)
    share, share_other = np.isfinite(one).mean(axis=0), np.isfinite(other).mean(axis=0)
    mean = (share * len(one) + share_other * len(other)) / (len(one) + len(other))
    error = np.sqrt(mean * (1 - mean) * (1 / len(one) + 1 / len(other)))
    some = error > 0
    assert np.array_equal(share[~some], share_other[~some])
    assert np.abs((share - share_other)[some] / error[some]).max() < 4.5
    often = np.flatnonzero(share > 0.2)
    lows = [p_value(*(np.minimum(hours[:, node], 2.0) for hours in (one, other))) for node in often]
    assert len(often) > 50
    assert min(lows) > ALIKE / len(often)


def falls_by_means(graph: Graph, batch: Batch) -> NDArray[np.intp]:
    """(runs, means): how many devices fell by the pressure of each way, and by links of each way."""
    assert batch.cause is not None
    means = np.concatenate((graph.channel_way, len(WAYS) + graph.edge_way))
    return np.array([np.bincount(means[row[row >= 0]], minlength=2 * len(WAYS)) for row in batch.cause])


def test_the_two_backends_name_the_same_causes_equally_often() -> None:
    graph = compile_graph(random_department(300, 6), WORM)
    counts = []
    for use, runs in ((Backend.NUMBA, RUNS), (Backend.SCIPY, 600)):
        (batch,) = spread(graph, entries=[ENTRY], runs=runs, seed=1, horizon=3.0, causes=True, use=use)
        counts.append(falls_by_means(graph, batch))
    one, other = (count.mean(axis=0) for count in counts)
    error = np.sqrt(sum(count.var(axis=0) / len(count) for count in counts))
    ways = [WAYS[mean % len(WAYS)] for mean in np.flatnonzero(one)]
    assert ways == [Way.SMB, Way.RDP, Way.DICOM, Way.DICOM, Way.CREDENTIALS]
    assert np.abs((one - other)[one > 0] / error[one > 0]).max() < 3


@pytest.mark.parametrize("step", [0.25, 0.1])
def test_steps_in_time_are_told_apart(step: float) -> None:
    """What people write first, with a step of minutes, has another law; as many runs as above are enough to tell."""
    department = random_department(300, 1)
    stepped = in_steps(department, WORM, entry=ENTRY, runs=PLAIN, seed=1, step=step)
    found = p_values(ours(department, WORM), stepped, WORM.horizon)
    assert found["size"] < UNLIKE
    assert found["fall 20"] < UNLIKE


def test_rates_that_are_a_tenth_too_high_are_told_apart() -> None:
    department = random_department(300, 1)
    fast = replace(
        WORM,
        within={way: 1.1 * rate for way, rate in WORM.within.items()},
        across={way: 1.1 * rate for way, rate in WORM.across.items()},
    )
    found = p_values(ours(department, WORM), ours(department, fast, PLAIN, seed=12), WORM.horizon)
    assert found["size"] < UNLIKE
