"""The engine against formulas, on graphs that are small enough to have them."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from leadapron.whatif.engine import Backend, Edges, Graph, Law, Rules, build_graph, spread
from tests.whatif.engine.departments import joined

BACKENDS = pytest.mark.parametrize("use", list(Backend))
ALIKE = 0.005
"""Lowest p-value for the law of the formula; seeds are fixed."""
RUNS = {Backend.NUMBA: 20_000, Backend.SCIPY: 3_000}


def hours(graph: Graph, use: Backend, *, horizon: float = np.inf, seed: int = 1) -> NDArray[np.float64]:
    batches = spread(graph, entries=[0], runs=RUNS[use], seed=seed, horizon=horizon, use=use)
    return joined(batches).astype(np.float64)


def along(*edges: tuple[int, int, Law, float, float], nodes: int) -> Graph:
    """A graph of edges only: source, target, law and its two parameters."""
    source, target, law, first, second = zip(*edges, strict=True)
    return build_graph(
        zone=np.zeros(nodes, int),
        weak=np.zeros((nodes, 1)),
        edges=Edges(source, target, np.zeros(len(edges), int), law, first, second),
    )


def p_value(sample: NDArray[np.float64], law: object) -> float:
    return float(stats.kstest(sample, law.cdf).pvalue)  # type: ignore[attr-defined]


@BACKENDS
def test_two_devices_wait_an_exponential_time(use: Backend) -> None:
    graph = build_graph(zone=[0, 0], weak=[[0.0], [1.0]], rules=Rules([0], [0], [0], [0.5]))
    times = hours(graph, use)[:, 1]
    assert p_value(times, stats.expon(scale=1 / 0.5)) > ALIKE
    assert p_value(times, stats.expon(scale=1 / 0.55)) < 1e-4
    assert np.isfinite(hours(graph, use, horizon=1.0)[:, 1]).mean() == pytest.approx(-np.expm1(-0.5), abs=0.03)


@BACKENDS
def test_a_device_is_weak_in_its_share_of_runs_and_then_falls_at_the_full_rate(use: Backend) -> None:
    graph = build_graph(zone=[0, 0], weak=[[0.0], [0.25]], rules=Rules([0], [0], [0], [2.0]))
    times = hours(graph, use)[:, 1]
    fallen = np.isfinite(times)
    assert stats.binomtest(int(fallen.sum()), len(times), 0.25).pvalue > ALIKE
    assert p_value(times[fallen], stats.expon(scale=0.5)) > ALIKE


@BACKENDS
@pytest.mark.parametrize(("way", "share"), [(0, 0.4), (1, 0.64)])
def test_a_link_finds_the_same_weakness_as_the_zone(use: Backend, way: int, share: float) -> None:
    """By the same way the device is weak to both or to neither; by another it has a second chance."""
    graph = build_graph(
        zone=[0, 0],
        weak=[[0.0, 0.0], [0.4, 0.0]],
        rules=Rules([0], [0], [0], [1e9]),
        edges=Edges([0], [1], [way], [Law.EXPONENTIAL], [1e9], [0.0], [0.4]),
    )
    fallen = np.isfinite(hours(graph, use)[:, 1])
    assert stats.binomtest(int(fallen.sum()), len(fallen), share).pvalue > ALIKE


@BACKENDS
def test_a_chain_of_zones_adds_up_to_an_erlang_time(use: Backend) -> None:
    graph = build_graph(zone=range(6), weak=np.ones((6, 1)), rules=Rules(range(5), range(1, 6), [0] * 5, [3.0] * 5))
    times = hours(graph, use)
    for steps in (1, 2, 5):
        assert p_value(times[:, steps], stats.gamma(steps, scale=1 / 3)) > ALIKE


@BACKENDS
def test_so_does_a_chain_of_links(use: Backend) -> None:
    graph = along(*((at, at + 1, Law.EXPONENTIAL, 3.0, 0.0) for at in range(5)), nodes=6)
    assert p_value(hours(graph, use)[:, 5], stats.gamma(5, scale=1 / 3)) > ALIKE


@BACKENDS
@pytest.mark.parametrize("zones", [True, False])
def test_a_star_falls_in_the_order_of_its_draws(use: Backend, zones: bool) -> None:
    """The k-th of n exponential times, when only the centre attacks: beta-distributed on the scale of their law."""
    leaves = 9
    if zones:
        weak = np.ones((1 + leaves, 1))
        graph = build_graph(zone=[0, *[1] * leaves], weak=weak, rules=Rules([0], [1], [0], [0.5]))
    else:
        graph = along(*((0, 1 + leaf, Law.EXPONENTIAL, 0.5, 0.0) for leaf in range(leaves)), nodes=1 + leaves)
    times = np.sort(hours(graph, use), axis=1)
    for number in (1, 4, leaves):
        law = stats.beta(number, leaves + 1 - number)
        assert p_value(-np.expm1(-0.5 * times[:, number]), law) > ALIKE


@BACKENDS
def test_one_zone_is_a_birth_process(use: Backend) -> None:
    """With i of n fallen the next falls at rate i (n - i): the gaps are independent exponential times."""
    count, rate = 12, 0.3
    graph = build_graph(zone=[0] * count, weak=np.ones((count, 1)), rules=Rules([0], [0], [0], [rate]))
    times = np.sort(hours(graph, use), axis=1)
    gaps = np.diff(times, axis=1)
    births = rate * np.arange(1, count) * (count - np.arange(1, count))
    for gap, birth in zip(gaps.T, births, strict=True):
        assert p_value(gap, stats.expon(scale=1 / birth)) > ALIKE / count
    assert np.abs(np.corrcoef(gaps.T) - np.eye(count - 1)).max() < 5 / np.sqrt(RUNS[use])
    assert times[:, -1].mean() == pytest.approx((1 / births).sum(), rel=0.02)
    assert times[:, -1].var() == pytest.approx((1 / births**2).sum(), rel=0.1)


@BACKENDS
def test_pressures_add_up_whatever_they_come_from(use: Backend) -> None:
    """Two ways inside the zone, one by two rules, and a link: the first of three exponential times."""
    graph = build_graph(
        zone=[0, 0],
        weak=[[1.0, 1.0], [1.0, 1.0]],
        rules=Rules([0, 0, 0], [0, 0, 0], [0, 1, 0], [0.15, 0.4, 0.35]),
        edges=Edges([0], [1], [0], [Law.EXPONENTIAL], [0.6], [0.0]),
    )
    batches = list(spread(graph, entries=[0], runs=RUNS[use], seed=2, horizon=np.inf, causes=True, use=use))
    assert p_value(joined(iter(batches))[:, 1].astype(np.float64), stats.expon(scale=1 / 1.5)) > ALIKE
    causes = np.concatenate([batch.cause[:, 1] for batch in batches if batch.cause is not None])
    counts = np.bincount(causes, minlength=3)
    assert stats.chisquare(counts, RUNS[use] * np.array([0.5, 0.4, 0.6]) / 1.5).pvalue > ALIKE


@BACKENDS
def test_a_rise_in_pressure_counts_from_when_it_comes(use: Backend) -> None:
    """A device under rate 0.5 from the start, and 2.5 after one hour: a fixed link brings down a second attacker."""
    graph = build_graph(
        zone=[0, 1, 2],
        weak=[[0.0], [0.0], [1.0]],
        rules=Rules([0, 1], [2, 2], [0, 0], [0.5, 2.0]),
        edges=Edges([0], [1], [0], [Law.FIXED], [1.0], [0.0]),
    )
    times = hours(graph, use)[:, 2]
    pressure = 0.5 * times + 2.0 * np.maximum(0.0, times - 1.0)
    assert p_value(pressure, stats.expon()) > ALIKE


@BACKENDS
def test_links_of_other_laws(use: Backend) -> None:
    graph = along(
        (0, 1, Law.FIXED, 2.5, 0.0),
        (0, 2, Law.LOGNORMAL, 4.0, 0.7),
        (1, 3, Law.LOGNORMAL, 4.0, 0.0),
        (2, 4, Law.EXPONENTIAL, 0.0, 0.0),
        (0, 5, Law.FIXED, 0.0, 0.0),
        nodes=6,
    )
    times = hours(graph, use)
    assert (times[:, 1] == 2.5).all()
    assert p_value(times[:, 2], stats.lognorm(0.7, scale=4.0)) > ALIKE
    assert times[:, 3] == pytest.approx(6.5)
    assert np.isinf(times[:, 4]).all()
    assert times[:, 5] == pytest.approx(0.0, abs=1e-200)


@BACKENDS
def test_the_shorter_of_two_paths(use: Backend) -> None:
    graph = along((0, 1, Law.FIXED, 1.0, 0.0), (1, 2, Law.FIXED, 1.0, 0.0), (0, 2, Law.LOGNORMAL, 2.0, 1.0), nodes=3)
    times = hours(graph, use)[:, 2]
    assert times.max() == 2.0
    assert (times == 2.0).mean() == pytest.approx(0.5, abs=0.03)
