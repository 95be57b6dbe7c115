"""The same run meets the same luck, whatever else is cut, moved or made harder: only then do measures compare."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from numpy.typing import NDArray

from leadapron.model.department import Department, Node, Way
from leadapron.model.scenarios import Scenario
from leadapron.whatif.engine import Backend, Edges, Rules, build_graph, compile_graph, spread
from tests.whatif.engine.departments import WORM, joined, random_department

BACKENDS = pytest.mark.parametrize("use", list(Backend))


class Attack(NamedTuple):
    """Arrays to build a small graph from."""

    zone: list[int]
    weak: list[list[float]]
    rules: list[tuple[int, int, int, float]]
    edges: list[tuple[int, int, int, int, float, float]]


@st.composite
def attack_and_cut(draw: st.DrawFn) -> tuple[Attack, Attack]:
    """A graph, and the same with some weaknesses less, some rates lower, some rules and edges gone."""
    nodes, zones, ways = draw(st.integers(1, 8)), draw(st.integers(1, 3)), draw(st.integers(1, 2))
    share = st.sampled_from([0.0, 0.2, 0.5, 1.0])
    node, zone, way = st.integers(0, nodes - 1), st.integers(0, zones - 1), st.integers(0, ways - 1)
    rate = st.sampled_from([0.0, 0.1, 1.0, 30.0])
    weak = [[draw(share) for _ in range(ways)] for _ in range(nodes)]
    rules = draw(st.lists(st.tuples(zone, zone, way, rate), max_size=8))
    edge = st.tuples(node, node, way, st.integers(0, 2), rate, st.sampled_from([0.0, 0.5]))
    edges = draw(st.lists(edge, max_size=8, unique_by=lambda one: one[:3]))
    places = [draw(zone) for _ in range(nodes)]
    cut = Attack(
        zone=places,
        weak=[[value * draw(share) for value in row] for row in weak],
        rules=[(*one[:3], one[3] * draw(share)) for one in rules if draw(st.booleans())],
        edges=[one for one in edges if draw(st.booleans())],
    )
    return Attack(places, weak, rules, edges), cut


def hours_of(attack: Attack, use: Backend, seed: int) -> NDArray[np.float32]:
    graph = build_graph(
        zone=attack.zone,
        weak=attack.weak,
        rules=Rules(*zip(*attack.rules, strict=True)) if attack.rules else Rules(),
        edges=Edges(*zip(*attack.edges, strict=True)) if attack.edges else Edges(),
    )
    return joined(spread(graph, entries=[0], runs=20, seed=seed, horizon=10.0, use=use))


@BACKENDS
@given(pair=attack_and_cut(), seed=st.integers(0, 2**64 - 1))
def test_cutting_never_speeds_up_anything(use: Backend, pair: tuple[Attack, Attack], seed: int) -> None:
    before, after = (hours_of(one, use, seed) for one in pair)
    assert (after >= before * (1 - 1e-6)).all()


def hours_in(department: Department, scenario: Scenario, use: Backend) -> NDArray[np.float32]:
    return joined(
        spread(compile_graph(department, scenario), entries=[7], runs=20, seed=3, horizon=scenario.horizon, use=use)
    )


def changed(department: Department, name: str, **fields: object) -> Department:
    nodes = tuple(replace(node, **fields) if node.id == name else node for node in department.nodes)
    return replace(department, nodes=nodes)


DEPARTMENT = random_department(300, 8)
STRONG = next(node for node in DEPARTMENT.nodes if not node.weak)


@BACKENDS
def test_who_cannot_fall_may_move_and_nobody_notices(use: Backend) -> None:
    moved = changed(DEPARTMENT, STRONG.id, zone="servers-0")
    assert np.array_equal(hours_in(DEPARTMENT, WORM, use), hours_in(moved, WORM, use))


@BACKENDS
def test_who_moves_keeps_its_luck(use: Backend) -> None:
    """Where rates are the same everywhere and nobody else is weak, a new zone changes nothing at all."""
    scenario = replace(WORM, within=WORM.across, horizon=50.0)
    nodes = tuple(node if node.id == "office-0-9" else replace(node, weak={}) for node in DEPARTMENT.nodes)
    weak = changed(replace(DEPARTMENT, nodes=nodes, links=()), "office-0-9", weak={Way.SMB: 0.8, Way.RDP: 0.4})
    moved = changed(weak, "office-0-9", zone="modalities-0")
    before, after = hours_in(weak, scenario, use), hours_in(moved, scenario, use)
    assert 0 < np.isfinite(before[:, 9]).sum() < 20
    assert np.array_equal(before, after)


@BACKENDS
def test_luck_hangs_on_names_not_on_order(use: Backend) -> None:
    order = np.random.default_rng(1).permutation(300)
    shuffled = replace(DEPARTMENT, nodes=tuple(DEPARTMENT.nodes[at] for at in order))
    graph = compile_graph(shuffled, WORM)
    entry = int(np.flatnonzero(order == 7)[0])
    after = joined(spread(graph, entries=[entry], runs=20, seed=3, horizon=WORM.horizon, use=use))
    assert after == pytest.approx(hours_in(DEPARTMENT, WORM, use)[:, order], rel=1e-6)


@BACKENDS
def test_a_part_that_is_cut_off_leaves_the_rest_as_it_was(use: Backend) -> None:
    """The devices of one zone become strong: what fell before any of them did falls at the same hour."""

    def strong(node: Node) -> Node:
        return replace(node, weak={}) if node.zone == "reading-0" else node

    cut = replace(DEPARTMENT, nodes=tuple(strong(node) for node in DEPARTMENT.nodes))
    before, after = hours_in(DEPARTMENT, WORM, use), hours_in(cut, WORM, use)
    reading = np.array([node.zone == "reading-0" for node in DEPARTMENT.nodes])
    first = before[:, reading].min(axis=1, keepdims=True)
    early = before < first
    assert early.sum() > 100
    assert np.array_equal(before[early], after[early])
    assert np.isinf(after[:, reading]).all()
