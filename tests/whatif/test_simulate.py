"""A scenario played many times: intervals, timeline, containment, what moves the answer."""

from __future__ import annotations

import numpy as np
import pytest
from msgspec.structs import replace

from leadapron.model.department import Assumption, Basis, Department, DeviceClass
from leadapron.model.errors import UsageError
from leadapron.model.scenarios import Course, Delay, Entry, Range
from leadapron.whatif import simulate as simulating
from leadapron.whatif.effect import exams_lost
from leadapron.whatif.scenarios import load_scenarios
from leadapron.whatif.simulate import losses, simulate
from leadapron.whatif.timeline import moments_until
from leadapron.whatif.worlds import worlds
from tests.whatif.effect.sites import chain, node, small, worm

DEPARTMENT = small()
WORM = worm(
    entry=Entry(kinds=(DeviceClass.OFFICE,)),
    within={"smb": 0.05},
    contained=24.0,
    recovery={kind: Delay(median=24.0, spread=0.5) for kind in DeviceClass},
    ranges=(Range(parameter="contained", low=2.0, high=48.0), Range(parameter="within.smb", low=0.01, high=0.5)),
    assumptions=(Assumption(message="scenarios.contained", params={"value": 24.0}, basis=Basis.ASSUMED),),
)


def test_an_outcome_tells_what_an_attack_comes_to() -> None:
    outcome = simulate(DEPARTMENT, WORM, runs=300, seed=1)
    lost = outcome.exams_lost
    assert 0 <= lost.p5 <= lost.p50 <= lost.p95
    assert 0 < lost.mean < 1000
    assert sum(one.mean for one in outcome.by_modality.values()) == pytest.approx(lost.mean)
    assert set(outcome.by_modality) == {"CT", "MR"}
    assert outcome.reached["pc"] == 1.0
    assert 0.3 < outcome.reached["pacs"] < 1.0
    assert outcome.records_at_risk.mean == pytest.approx(1000 * outcome.reached["pacs"])
    assert outcome.devices_down.mean == pytest.approx(sum(outcome.reached.values()))
    assert outcome.scanners_down.p95 <= 3
    assert 24 < outcome.hours_to_restored.p50 < outcome.hours_to_normal.p50
    assert {one.message for one in outcome.assumptions} >= {"scenarios.contained", "scenarios.proportional"}


def test_the_same_seed_gives_the_same_outcome_however_it_is_batched(monkeypatch: pytest.MonkeyPatch) -> None:
    outcome = simulate(DEPARTMENT, WORM, runs=100, seed=7)
    assert simulate(DEPARTMENT, WORM, runs=100, seed=7) == outcome
    assert simulate(DEPARTMENT, WORM, runs=100, seed=8).exams_lost != outcome.exams_lost
    monkeypatch.setattr("leadapron.whatif.worlds.MOST", 7)
    batched = simulate(DEPARTMENT, WORM, runs=100, seed=7)
    assert batched.exams_lost == outcome.exams_lost
    assert batched.influences == outcome.influences
    assert batched.containment == outcome.containment


def test_the_timeline_tells_how_it_unfolds() -> None:
    outcome = simulate(DEPARTMENT, WORM, runs=200, seed=1, sensitivity=False)
    hours = [moment.hour for moment in outcome.timeline]
    assert hours[0] == 0.0
    assert 60 <= len(hours) <= 100
    assert hours == sorted(set(hours))
    assert outcome.timeline[0].fallen == {"pc": 1.0}
    lost = [moment.lost.mean for moment in outcome.timeline]
    assert lost == sorted(lost)
    assert lost[-1] == pytest.approx(outcome.exams_lost.mean, rel=0.05)
    assert max(moment.down.mean for moment in outcome.timeline) <= outcome.devices_down.mean + 1e-9
    assert max(moment.fallen.get("pacs", 0.0) for moment in outcome.timeline) <= outcome.reached["pacs"]


def test_a_later_end_of_the_spread_reaches_more() -> None:
    outcome = simulate(DEPARTMENT, WORM, runs=200, seed=1, sensitivity=False)
    assert [one.hours for one in outcome.containment] == [1.0, 2.0, 4.0, 8.0, 12.0, 24.0, 48.0, 72.0]
    down = [one.devices_down.mean for one in outcome.containment]
    assert down == sorted(down)
    assert down[0] < down[-1]
    own = next(one for one in outcome.containment if one.hours == WORM.contained)
    assert own.exams_lost == outcome.exams_lost
    sooner = simulate(DEPARTMENT, replace(WORM, contained=4.0), runs=200, seed=1, sensitivity=False)
    assert next(one for one in outcome.containment if one.hours == 4.0).exams_lost == sooner.exams_lost


def test_what_moves_the_answer_most_comes_first() -> None:
    influences = simulate(DEPARTMENT, WORM, runs=100, seed=1).influences
    moved = [abs(one.high - one.low) for one in influences]
    assert moved == sorted(moved, reverse=True)
    by_name = {one.parameter: one for one in influences}
    assert {"contained", "within.smb", "kept.storage", "kept.worklist", "per_hour.CT", "weak"} <= by_name.keys()
    assert "urgent" not in by_name, "nobody diverts: it moves nothing"
    assert by_name["kept.storage"].low > by_name["kept.storage"].high
    assert by_name["kept.storage"].low_value == pytest.approx((0.25 + 0.0) / 2)
    assert by_name["per_hour.CT"].high_value == pytest.approx(600)
    assert by_name["within.smb"].low < by_name["within.smb"].high


def test_a_longer_horizon_is_played_not_cut_from_a_shorter_one() -> None:
    slow = replace(WORM, contained=500.0, horizon=10.0, ranges=(Range(parameter="horizon", low=1.0, high=400.0),))
    (horizon,) = (one for one in simulate(DEPARTMENT, slow, runs=100, seed=3).influences if one.parameter == "horizon")
    longer = replace(slow, horizon=400.0)
    assert horizon.high == pytest.approx(losses(DEPARTMENT, longer, runs=100, seed=3).mean())


def test_losses_are_those_of_the_outcome() -> None:
    lost = losses(DEPARTMENT, WORM, runs=150, seed=5)
    assert lost.shape == (150,)
    assert lost.mean() == pytest.approx(simulate(DEPARTMENT, WORM, runs=150, seed=5).exams_lost.mean)
    first, hours = next(worlds(DEPARTMENT, WORM, runs=50, seed=5, first_run=100))
    assert exams_lost(DEPARTMENT, WORM, hours, seed=5, first_run=first).tolist() == lost[100:].tolist()


def test_variants_are_compared_in_the_same_worlds() -> None:
    """A CT that cannot fall saves exams in some runs and costs none in any."""
    nodes = tuple(replace(one, weak={}) if one.id == "ct1" else one for one in DEPARTMENT.nodes)
    saved = losses(DEPARTMENT, WORM, runs=200, seed=5) - losses(
        replace(DEPARTMENT, nodes=nodes), WORM, runs=200, seed=5
    )
    assert (saved >= -1e-9).all()
    assert 0 < (saved > 0).mean() < 1


@pytest.mark.parametrize("name", load_scenarios())
def test_every_scenario_plays(name: str) -> None:
    scenario = load_scenarios()[name].scenario
    nodes = tuple(
        replace(one, importer=True, exposed=True)
        for one in (*DEPARTMENT.nodes, node("gate", DeviceClass.GATEWAY), node("read", DeviceClass.READING))
    )
    outcome = simulate(replace(DEPARTMENT, nodes=nodes), scenario, runs=20, seed=1)
    assert np.isfinite([outcome.exams_lost.mean, outcome.hours_to_normal.p95]).all()
    assert (outcome.exams_lost.mean > 0) is (scenario.course is not Course.THEFT and name != "provider")
    if scenario.course in (Course.OUTAGE, Course.THEFT):
        assert outcome.containment == ()


def test_one_device_and_one_run() -> None:
    alone = Department(nodes=(node("ct", DeviceClass.MODALITY),), chains=(chain("CT", ("ct",)),))
    outcome = simulate(alone, replace(WORM, entry=Entry(asset="ct")), runs=1, seed=1)
    assert outcome.exams_lost.p5 == outcome.exams_lost.p95 > 0
    assert outcome.reached == {"ct": 1.0}


def test_without_exams_the_answer_is_a_plain_zero() -> None:
    outcome = simulate(replace(DEPARTMENT, chains=()), WORM, runs=10, seed=1)
    assert outcome.exams_lost.mean == outcome.exams_lost.p95 == 0.0
    assert outcome.by_modality == {}
    assert outcome.influences == ()
    assert "scenarios.no-chain" in {one.message for one in outcome.assumptions}


def test_what_cannot_be_played_is_refused() -> None:
    with pytest.raises(UsageError, match="0 runs"):
        simulate(DEPARTMENT, WORM, runs=0, seed=1)
    with pytest.raises(UsageError, match="no device"):
        losses(Department(nodes=()), WORM, runs=1, seed=1)
    with pytest.raises(UsageError, match="no device of this department fits"):
        simulate(DEPARTMENT, replace(WORM, entry=Entry(importer=True)), runs=1, seed=1)


def test_progress_is_told_until_all_is_done() -> None:
    told: list[tuple[int, int]] = []
    simulate(DEPARTMENT, WORM, runs=2500, seed=1, progress=lambda done, total: told.append((done, total)))
    assert told[0][0] == 1000
    assert told[-1][0] == told[-1][1]
    assert [done for done, _ in told] == sorted(done for done, _ in told)


def test_many_runs_need_no_more_memory_for_the_timeline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond so many runs, timeline and containment rest on the first of them."""
    monkeypatch.setattr(simulating, "CLOSELY", 1500)
    outcome = simulate(DEPARTMENT, WORM, runs=4000, seed=1, sensitivity=False)
    assert outcome.timeline[-1].lost.mean == pytest.approx(outcome.exams_lost.mean, rel=0.1)
    assert outcome.timeline[0].fallen == {"pc": 1.0}


def test_a_spread_that_is_ended_need_not_be_followed_further() -> None:
    full = np.concatenate([hours for _, hours in worlds(DEPARTMENT, WORM, runs=50, seed=2)])
    short = np.concatenate([hours for _, hours in worlds(DEPARTMENT, WORM, runs=50, seed=2, until_contained=True)])
    assert np.isinf(short[full > WORM.contained]).all()
    assert (short[full <= WORM.contained] == full[full <= WORM.contained]).all()


def test_moments_are_closer_together_at_the_beginning() -> None:
    assert moments_until(0.0, 80) == (0.0,)
    hours = moments_until(700.0, 80)
    assert hours[0] == 0.0
    assert hours[-1] == 700.0
    steps = np.diff(hours)
    assert steps[:5].mean() < 1 < steps[-5:].mean()
