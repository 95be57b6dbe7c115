"""Spreading: from a department to batches of hours, the same on any machine, in bounded memory; bad input refused."""

from __future__ import annotations

import subprocess
import sys

import numba
import numpy as np
import pytest
from msgspec.structs import replace

from leadapron.model.department import DeviceClass
from leadapron.model.errors import UsageError
from leadapron.model.scenarios import Entry
from leadapron.whatif.engine import (
    BATCH_BYTES,
    Backend,
    Edges,
    Graph,
    Law,
    Rules,
    backend,
    batch_size,
    build_graph,
    compile_graph,
    entries,
    pressure,
    spread,
)
from tests.whatif.engine.departments import WORM, joined, random_department

DEPARTMENT = random_department(300, 1)
GRAPH = compile_graph(DEPARTMENT, WORM)
BACKENDS = pytest.mark.parametrize("use", list(Backend))


def ring(zones: int, rate: float = 1.0) -> Graph:
    """One fully weak device per zone; each zone attacks the next."""
    numbers = np.arange(zones)
    way = np.zeros(zones, dtype=int)
    rules = Rules(numbers, (numbers + 1) % zones, way, np.full(zones, rate))
    return build_graph(zone=numbers, weak=np.ones((zones, 1)), rules=rules)


def test_a_worm_in_a_department() -> None:
    starts = entries(DEPARTMENT, replace(WORM, entry=Entry(kinds=(DeviceClass.OTHER,))))
    (batch,) = spread(GRAPH, entries=starts, runs=50, seed=1, horizon=WORM.horizon)
    assert batch.hours.shape == (50, 300)
    assert batch.hours.dtype == np.float32
    assert batch.entry.dtype == np.int32
    assert (batch.hours[np.arange(50), batch.entry] == 0).all()
    assert ((batch.hours >= 0) & ((batch.hours <= WORM.horizon) | np.isinf(batch.hours))).all()
    assert 30 < np.isfinite(batch.hours).sum(axis=1).mean() < 80
    assert (batch.first_run, batch.cause) == (0, None)


@BACKENDS
def test_batches_and_first_run_change_nothing(use: Backend) -> None:
    def hours(runs: int = 23, first_run: int = 0, batch: int | None = None) -> np.ndarray:
        return joined(
            spread(GRAPH, entries=[1, 2], runs=runs, seed=5, horizon=1.0, first_run=first_run, batch=batch, use=use)
        )

    whole = hours()
    assert np.array_equal(whole, hours(batch=1))
    assert np.array_equal(whole, hours(batch=7))
    assert np.array_equal(whole[11:], hours(runs=12, first_run=11, batch=5))


def test_threads_change_nothing() -> None:
    many = joined(spread(GRAPH, entries=[1, 2], runs=200, seed=5, horizon=1.0))
    threads = numba.get_num_threads()
    numba.set_num_threads(1)
    try:
        assert np.array_equal(many, joined(spread(GRAPH, entries=[1, 2], runs=200, seed=5, horizon=1.0)))
    finally:
        numba.set_num_threads(threads)


def test_it_is_compiled_once_whatever_the_arrays() -> None:
    """Another memory layout or an integer would cost seconds of compiling."""
    zone = np.zeros(6, dtype=np.int32)
    zone.flags.writeable = False
    rules = Rules([0], [0], [0], [1])
    graphs = [
        build_graph(zone=places, weak=np.ones((1, 3)).T, rules=rules) for places in (zone[::2], zone[:3], [0] * 3)
    ]
    graphs += [build_graph(zone=[0], weak=[[1]]), compile_graph(DEPARTMENT, WORM)]
    for graph in graphs:
        for causes in (True, False):
            list(spread(graph, entries=range(graph.nodes), runs=2, seed=1, horizon=1, causes=causes))
    assert len(pressure.all_runs.signatures) == 1  # type: ignore[attr-defined]


@BACKENDS
def test_seeds_and_runs_differ(use: Backend) -> None:
    one, other, negative = (
        joined(spread(GRAPH, entries=[1], runs=4, seed=seed, horizon=1.0, use=use)) for seed in (1, 2, -(2**70))
    )
    assert not np.array_equal(one, other)
    assert not np.array_equal(one, negative)
    assert len(np.unique(one, axis=0)) == 4


def test_memory_is_bounded_by_the_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    assert batch_size(GRAPH) == BATCH_BYTES // (4 * 300)
    assert batch_size(GRAPH, causes=True) == batch_size(GRAPH) // 2
    assert batch_size(build_graph(zone=[], weak=np.empty((0, 1)))) > 0
    monkeypatch.setattr("leadapron.whatif.engine.run.BATCH_BYTES", 5 * 4 * 300)
    assert [len(batch.hours) for batch in spread(GRAPH, entries=[0], runs=11, seed=1, horizon=1.0)] == [5, 5, 1]


@BACKENDS
def test_ending_the_spread_earlier_is_dropping_what_came_later(use: Backend) -> None:
    def hours(horizon: float) -> np.ndarray:
        return joined(spread(GRAPH, entries=[1], runs=40, seed=3, horizon=horizon, use=use))

    day, early = hours(24.0), hours(0.75)
    assert np.isfinite(early).sum() < 0.9 * np.isfinite(day).sum()
    assert np.array_equal(early, np.where(day <= 0.75, day, np.inf))


@BACKENDS
def test_the_entry_is_drawn_evenly_and_kept_when_another_is_gone(use: Backend) -> None:
    def drawn(starts: list[int]) -> np.ndarray:
        quiet = build_graph(zone=np.zeros(300, int), weak=np.zeros((300, 1)))
        return next(spread(quiet, entries=starts, runs=3000, seed=3, horizon=0.0, use=use)).entry

    all_three = drawn([4, 90, 200, 200])
    assert np.bincount(all_three)[[4, 90, 200]] == pytest.approx([1000, 1000, 1000], abs=90)
    fewer = drawn([200, 4])
    assert np.array_equal(fewer[all_three != 90], all_three[all_three != 90])


@BACKENDS
def test_causes_lead_back_to_the_entry(use: Backend) -> None:
    (batch,) = spread(GRAPH, entries=[0, 260], runs=30, seed=3, horizon=6.0, causes=True, use=use)
    assert batch.cause is not None
    kinds = set()
    for hours, cause, entry in zip(batch.hours, batch.cause, batch.entry, strict=True):
        assert cause[entry] == -1
        assert (cause[np.isinf(hours)] == -1).all()
        for node in np.flatnonzero(np.isfinite(hours)):
            why = int(cause[node])
            if node == entry:
                continue
            if why < GRAPH.channels:
                zones, rates = GRAPH.pressing(why)
                assert GRAPH.channel_zone[why] == GRAPH.zone[node]
                assert GRAPH.weak[node, GRAPH.channel_way[why]] > 0
                assert (rates > 0).all()
                assert (hours[np.isin(GRAPH.zone, zones)] < hours[node]).any()
            else:
                edge = why - GRAPH.channels
                assert GRAPH.edge_target[edge] == node
                assert hours[GRAPH.edge_source[edge]] < hours[node]
            kinds.add(why < GRAPH.channels)
    assert kinds == {True, False}


@BACKENDS
def test_one_device_and_no_rates(use: Backend) -> None:
    alone = build_graph(zone=[0], weak=[[1.0]], rules=Rules([0], [0], [0], [1.0]))
    assert joined(spread(alone, entries=[0], runs=2, seed=1, horizon=24.0, use=use)).tolist() == [[0.0], [0.0]]
    quiet = build_graph(zone=[0, 0], weak=[[1.0], [1.0]])
    assert joined(spread(quiet, entries=[1], runs=1, seed=1, horizon=24.0, use=use)).tolist() == [[np.inf, 0.0]]
    assert list(spread(quiet, entries=[1], runs=0, seed=1, horizon=24.0, use=use)) == []


@BACKENDS
def test_huge_rates_and_an_endless_horizon(use: Backend) -> None:
    hours = joined(spread(ring(50, rate=1e12), entries=[3], runs=20, seed=1, horizon=np.inf, use=use))
    assert np.isfinite(hours).all()
    assert hours.max() < 1e-9
    assert np.array_equal(np.argsort(hours, axis=1), np.tile((np.arange(50) + 3) % 50, (20, 1)))
    late = build_graph(
        zone=[0, 1, 1],
        weak=[[0.0], [1.0], [1e-300]],
        rules=Rules([1], [1], [0], [1e15]),
        edges=Edges([0], [1], [0], [Law.FIXED], [20.0], [0.0]),
    )
    hours = joined(spread(late, entries=[0], runs=5, seed=1, horizon=24.0, use=use))
    assert hours.tolist() == [[0.0, 20.0, np.inf]] * 5


def test_impossible_requests_are_refused() -> None:
    empty = build_graph(zone=[], weak=np.empty((0, 1)))
    graph = ring(3)
    for wrong, entry, horizon, runs, batch, message in (
        (empty, [], 1.0, 1, None, "no device where it could begin"),
        (empty, [0], 1.0, 1, None, "not one of the 0 devices"),
        (graph, [3], 1.0, 1, None, "not one of the 3 devices"),
        (graph, [-1], 1.0, 1, None, "not one of the 3 devices"),
        (graph, [0], np.nan, 1, None, "not a number of hours"),
        (graph, [0], -1.0, 1, None, "not a number of hours"),
        (graph, [0], 1.0, -1, None, "none may be negative"),
        (graph, [0], 1.0, 1, 0, "at least 1"),
    ):
        with pytest.raises(UsageError, match=message):
            spread(wrong, entries=entry, runs=runs, seed=1, horizon=horizon, batch=batch)


def test_without_numba_scipy_computes(monkeypatch: pytest.MonkeyPatch) -> None:
    assert backend() is Backend.NUMBA
    monkeypatch.delitem(sys.modules, "leadapron.whatif.engine.pressure", raising=False)
    monkeypatch.delattr("leadapron.whatif.engine.pressure", raising=False)
    monkeypatch.setitem(sys.modules, "numba", None)
    assert backend() is Backend.SCIPY
    default = joined(spread(GRAPH, entries=[1], runs=5, seed=5, horizon=1.0))
    assert np.array_equal(default, joined(spread(GRAPH, entries=[1], runs=5, seed=5, horizon=1.0, use=Backend.SCIPY)))


def test_too_many_pairs_without_numba_are_refused_before_they_are_made() -> None:
    crowd = build_graph(zone=np.zeros(10_000, int), weak=np.ones((10_000, 1)), rules=Rules([0], [0], [0], [1.0]))
    with pytest.raises(UsageError, match="100000000 pairs of devices are too many without numba"):
        spread(crowd, entries=[0], runs=1, seed=1, horizon=1.0, use=Backend.SCIPY)


def test_numba_is_loaded_when_it_is_needed_only() -> None:
    code = (
        "import sys; from leadapron.whatif.engine import build_graph; build_graph(zone=[0], weak=[[1.0]]); "
        "assert not {'numba', 'scipy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
