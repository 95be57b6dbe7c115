"""Exams lost when devices fall: closed cases, and the same as a slow plain reference."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from leadapron.model.department import Department, DeviceClass, Role
from leadapron.model.errors import UsageError
from leadapron.model.scenarios import Course, Delay, Scenario
from leadapron.whatif.effect import LONGEST, effect, exams_lost
from tests.whatif.effect.reference import reference
from tests.whatif.effect.sites import OFFICE_HOURS, chain, fallen, need, node, small, worm

DEPARTMENT = small()


def test_a_fallen_scanner_takes_its_share_of_exams() -> None:
    """Down from Monday 9 h until it is restored on Wednesday at 9 h: the spread ends 24 h after it fell, and restoring
    takes 24 more. Ten exams an hour are due, five of them on the other CT."""
    result = effect(DEPARTMENT, worm(), fallen(DEPARTMENT, {"ct1": 9.0}), seed=1)
    assert result.lost.tolist() == [(9 + 10 + 1) * 10 / 2]
    assert result.modality("CT").tolist() == result.lost.tolist()
    assert result.modality("MR").tolist() == [0.0]
    assert result.ever_down.sum(axis=1).tolist() == [1]
    assert result.down.works[0, 1] == 57.0


def test_the_scarcest_of_the_lost_steps_decides() -> None:
    """PACS and RIS down all Monday, and Tuesday: half of the CT exams and a fifth of the MR exams are done."""
    fell = fallen(DEPARTMENT, {"pacs": 0.0, "ris": 0.0})
    result = effect(DEPARTMENT, worm(), fell, seed=1)
    assert result.modality("CT") == pytest.approx([200 * 0.5])
    assert result.modality("MR") == pytest.approx([200 * 0.8])
    steps = (need(Role.WORKLIST, "ris", kept=0.6), need(Role.STORAGE, "pacs", kept=0.3))
    uneven = replace(DEPARTMENT, chains=(chain("CT", ("ct1", "ct2"), *steps),))
    assert effect(uneven, worm(), fell, seed=1).lost == pytest.approx([200 * 0.7])


def test_a_second_one_of_the_same_step_keeps_all_going() -> None:
    two = Department(
        nodes=(*DEPARTMENT.nodes, node("pacs2", DeviceClass.PACS)),
        chains=(chain("CT", ("ct1",), need(Role.STORAGE, "pacs", "pacs2", kept=0.0)),),
    )
    one, both = effect(two, worm(), fallen(two, {"pacs": 0.0}, {"pacs": 0.0, "pacs2": 9.0}), seed=1).lost
    assert one == 0.0
    assert both == pytest.approx(9 * 10 + 10 * 10), "from Monday 9 h until the first is back, on Wednesday at 0 h"


def test_nothing_is_lost_at_night() -> None:
    night = worm(hour=19.0, contained=1.0, recovery={DeviceClass.MODALITY: Delay(median=10.0)})
    result = effect(DEPARTMENT, night, fallen(DEPARTMENT, {"ct1": 0.0, "mr1": 0.0}), seed=1)
    assert result.lost.tolist() == [0.0]
    assert result.normal.tolist() == [11.0]


def test_without_throughput_nothing_is_lost() -> None:
    idle = replace(DEPARTMENT, chains=(chain("CT", ("ct1",), per_hour=[0.0] * 168),))
    result = effect(idle, worm(), fallen(idle, {"ct1": 0.0}), seed=1)
    assert result.lost.tolist() == [0.0]
    assert result.normal.tolist() == [48.0]


def test_nothing_fallen_costs_nothing() -> None:
    result = effect(DEPARTMENT, worm(shutdown=1.0, shutdown_back=Delay(median=9.0)), fallen(DEPARTMENT, {}), seed=1)
    assert result.lost.tolist() == result.normal.tolist() == [0.0]
    assert not result.ever_down.any(), "defenders do not know of it"


def test_ending_the_spread_earlier_drops_what_fell_later() -> None:
    hours = fallen(DEPARTMENT, {"pc": 0.0, "ct1": 3.0, "pacs": 5.0})
    early = effect(DEPARTMENT, worm(contained=4.0), hours, seed=1)
    assert early.down.reached.sum() == 2
    assert effect(DEPARTMENT, worm(contained=5.0), hours, seed=1).down.reached.sum() == 3


def test_the_clock_of_defenders_starts_with_the_first_stop() -> None:
    """The worm goes unseen through the office, whose computers do not stop."""
    unseen = worm(contained=2.0, stops=(DeviceClass.MODALITY,))
    result = effect(DEPARTMENT, unseen, fallen(DEPARTMENT, {"pc": 0.0, "ct1": 30.0, "ct2": 31.0, "mr1": 33.0}), seed=1)
    assert result.down.ended.tolist() == [32.0]
    assert result.down.reached.tolist() == [[True, True, True, False, False, False]]
    assert result.fallen_at(10.0).tolist() == [[True, False, False, False, False, False]]
    assert result.fallen_at(40.0).tolist() == [[False, True, True, False, False, False]]


def test_intruders_strike_everywhere_at_once() -> None:
    scenario = worm(course=Course.HUMAN, dwell=Delay(median=100.0), horizon=500.0, contained=2.0)
    hours = fallen(DEPARTMENT, {"pc": 0.0, "ct1": 80.0, "mr1": 101.0, "pacs": 103.0})
    result = effect(DEPARTMENT, scenario, hours, seed=1)
    assert result.down.stops.tolist() == [[0.0, 0.0, np.inf, 1.0, np.inf, np.inf]]
    assert result.down.taken[0, :2].tolist() == [-100.0, -20.0]
    before = effect(DEPARTMENT, replace(scenario, contained=-50.0), hours, seed=1)
    assert before.down.stops[0].tolist() == [0.0, *[np.inf] * 5], "stopped before, they still hold the entry"


def test_an_outage_stops_classes_or_steps() -> None:
    none = fallen(DEPARTMENT, {})
    servers = worm(course=Course.OUTAGE, contained=0.0, stops=(DeviceClass.PACS,))
    result = effect(DEPARTMENT, servers, none, seed=1)
    assert result.lost == pytest.approx([100 * 0.5 + 100 * 0.8])
    assert not result.down.reached.any()
    storage = worm(course=Course.OUTAGE, stops=(), roles=(Role.STORAGE,), roles_back=Delay(median=24.0))
    assert effect(DEPARTMENT, storage, none, seed=1).lost == pytest.approx(result.lost)


def test_an_outside_service_is_lost_with_its_step_only() -> None:
    dictated = replace(DEPARTMENT, chains=(chain("CT", ("ct1",), need(Role.REPORTING, kept=0.7)),))
    everything = fallen(dictated, {"pc": 0.0, "pacs": 0.0, "ris": 0.0})
    assert effect(dictated, worm(), everything, seed=1).lost.tolist() == [0.0]
    gone = worm(course=Course.OUTAGE, stops=(), roles=(Role.REPORTING,), roles_back=Delay(median=168.0))
    assert effect(dictated, gone, everything, seed=1).lost == pytest.approx([500 * 0.3])


def test_theft_stops_nothing_and_reaches_records() -> None:
    theft = worm(course=Course.THEFT, contained=50.0)
    result = effect(DEPARTMENT, theft, fallen(DEPARTMENT, {"pc": 0.0, "pacs": 20.0, "ct1": 60.0}), seed=1)
    assert result.lost.tolist() == result.normal.tolist() == [0.0]
    assert result.down.reached.sum() == 2
    assert result.fallen_at(30.0).sum() == 2
    assert not result.fallen_at(60.0).any()


def test_scanners_that_were_not_reached_are_cut_off_and_work_alone() -> None:
    """RIS and PACS are off on Tuesday until 12 h: half of the CT exams and a fifth of the MR exams are done."""
    scenario = worm(shutdown=1.0, shutdown_back=Delay(median=12.0))
    result = effect(DEPARTMENT, scenario, fallen(DEPARTMENT, {"pc": 0.0}), seed=1)
    assert result.down.stops.tolist() == [[0.0, np.inf, np.inf, np.inf, 24.0, 24.0]]
    assert result.lost == pytest.approx([40 * 0.5 + 40 * 0.8])


def test_who_is_spared_changes_nothing_for_others() -> None:
    half = worm(shutdown=0.5, shutdown_back=Delay(median=12.0, spread=0.5))
    hours = fallen(DEPARTMENT, *[{"pc": 0.0}] * 50)
    all_off, spared = (
        effect(DEPARTMENT, replace(half, spared=classes), hours, seed=1).down for classes in ((), half.spared)
    )
    scanners = [one.kind is DeviceClass.MODALITY for one in DEPARTMENT.nodes]
    others = [not scanner for scanner in scanners]
    assert np.isfinite(all_off.stops[:, scanners]).any()
    assert not np.isfinite(spared.stops[:, scanners]).any()
    assert spared.stops[:, others].tolist() == all_off.stops[:, others].tolist()
    assert spared.works[:, others].tolist() == all_off.works[:, others].tolist()


def test_defenders_switch_off_what_was_not_reached() -> None:
    scenario = worm(shutdown=1.0, shutdown_back=Delay(median=12.0), spared=())
    result = effect(DEPARTMENT, scenario, fallen(DEPARTMENT, {"pc": 0.0}), seed=1)
    assert result.down.stops.tolist() == [[0.0] + [24.0] * 5]
    assert result.down.works.tolist() == [[48.0] + [36.0] * 5]
    assert result.lost == pytest.approx([2 * 40]), "CT and MR on Tuesday from 8 to 12 h"


def test_engineers_begin_with_what_exams_need_most() -> None:
    """All three scanners fall; one engineer. The MR makes as many exams as both CT together."""
    scenario = worm(engineers={DeviceClass.MODALITY: 1})
    result = effect(DEPARTMENT, scenario, fallen(DEPARTMENT, {"ct1": 0.0, "ct2": 0.0, "mr1": 0.0}), seed=1)
    assert result.down.works[0, 1:4].tolist() == [72.0, 96.0, 48.0]


def test_lost_backups_prolong_servers_only() -> None:
    scenario = worm(backups_lost=1.0, backups_factor=3.0)
    result = effect(DEPARTMENT, scenario, fallen(DEPARTMENT, {"pacs": 0.0, "ct1": 0.0}), seed=1)
    assert result.down.works[0, 1] == 48.0
    assert result.down.works[0, 5] == 24.0 + 72.0


def test_urgent_exams_come_first_and_neighbours_take_some() -> None:
    """One of two CT down leaves half, enough for 40 % urgent exams; with the PACS a quarter is left, and 15 % of all
    exams are urgent and not done, of which neighbours take half."""
    site = replace(
        DEPARTMENT, chains=(replace(DEPARTMENT.chains[0], urgent=0.4, needs=DEPARTMENT.chains[0].needs[1:]),)
    )
    half, quarter = fallen(site, {"ct1": 0.0}), fallen(site, {"ct1": 0.0, "pacs": 0.0})
    assert effect(site, worm(diverted=0.5), half, seed=1).urgent_lost.tolist() == [0.0]
    result = effect(site, worm(diverted=0.5), quarter, seed=1)
    assert result.diverted == pytest.approx([200 * 0.15 / 2])
    assert result.urgent_lost == pytest.approx([200 * 0.15 / 2])
    assert result.lost == pytest.approx([200 * 0.75 - 200 * 0.15 / 2])


def test_the_backlog_is_done_on_top_of_normal_work() -> None:
    """100 MR exams lost on Monday are done at 10 % more than 500 a week: two weeks from Tuesday 0 h, but nothing is
    done before 8 h nor after 18 h, so it ends with Monday's last exam."""
    one_day = worm(contained=0.0, catch_up=0.1)
    result = effect(DEPARTMENT, one_day, fallen(DEPARTMENT, {"mr1": 0.0}), seed=1)
    assert result.lost == pytest.approx([100.0])
    assert result.restored == pytest.approx([24])
    assert result.normal == pytest.approx([14 * 24 + 18])
    never = effect(DEPARTMENT, replace(one_day, catch_up=0.0), fallen(DEPARTMENT, {"mr1": 0.0}), seed=1)
    assert never.normal.tolist() == [LONGEST]


def test_a_device_that_never_comes_back_is_counted_for_a_year() -> None:
    forever = worm(recovery={DeviceClass.MODALITY: Delay(median=1e9)})
    result = effect(DEPARTMENT, forever, fallen(DEPARTMENT, {"mr1": 0.0}), seed=1)
    assert result.down.works[0, 3] == LONGEST
    assert result.lost[0] == pytest.approx(500 * LONGEST / 168, rel=0.01)


def test_chains_that_do_not_fit_are_refused() -> None:
    stranger = replace(DEPARTMENT, chains=(chain("CT", ("ct9",)),))
    with pytest.raises(UsageError, match="CT: its exams need ct9"):
        effect(stranger, worm(), fallen(stranger, {}), seed=1)
    short = replace(DEPARTMENT, chains=(chain("CT", ("ct1",), per_hour=[1.0]),))
    with pytest.raises(UsageError, match="a week has 168"):
        effect(short, worm(), fallen(short, {}), seed=1)
    with pytest.raises(UsageError, match="shape"):
        effect(DEPARTMENT, worm(), np.zeros((3, 2)), seed=1)


def random_recovery() -> Scenario:
    return worm(
        recovery={kind: Delay(median=24.0, spread=0.8) for kind in DeviceClass},
        shutdown=0.4,
        shutdown_back=Delay(median=12.0, spread=0.5),
        backups_lost=0.3,
    )


def test_chance_follows_the_median() -> None:
    runs = fallen(DEPARTMENT, *[{"ct1": 0.0}] * 4000)
    result = effect(DEPARTMENT, random_recovery(), runs, seed=1)
    work = result.down.works[:, 1] - 24.0
    assert np.median(work) == pytest.approx(24.0, rel=0.05)
    assert np.log(work).std() == pytest.approx(0.8, rel=0.05)
    assert result.ever_down[:, 4].mean() == pytest.approx(0.4, abs=0.03)
    pacs = effect(DEPARTMENT, random_recovery(), fallen(DEPARTMENT, *[{"pacs": 0.0}] * 4000), seed=1).down.works[:, 5]
    assert (np.log((pacs - 24) / 24) / 0.8).mean() == pytest.approx(0.3 * np.log(3) / 0.8, abs=0.06)


def test_a_recovery_hangs_on_seed_run_and_device_only() -> None:
    alone = effect(DEPARTMENT, random_recovery(), fallen(DEPARTMENT, *[{"ct1": 0.0}] * 5), seed=3).down.works[:, 1]
    mixed = fallen(DEPARTMENT, *[{"ct1": 0.0, "mr1": 0.0, "pacs": 2.0}] * 5)
    turned = replace(DEPARTMENT, nodes=DEPARTMENT.nodes[::-1])
    assert effect(DEPARTMENT, random_recovery(), mixed, seed=3).down.works[:, 1].tolist() == alone.tolist()
    assert effect(turned, random_recovery(), mixed[:, ::-1], seed=3).down.works[:, 4].tolist() == alone.tolist()
    later = effect(DEPARTMENT, random_recovery(), mixed[2:], seed=3, first_run=2).down.works[:, 1]
    assert later.tolist() == alone[2:].tolist()
    assert effect(DEPARTMENT, random_recovery(), mixed, seed=4).down.works[0, 1] != alone[0]


HOURS = st.one_of(st.just(np.inf), st.integers(0, 160).map(lambda quarters: quarters / 4))
NAMES = ("a", "b", "c", "d", "e")
KINDS = st.sampled_from((DeviceClass.MODALITY, DeviceClass.PACS, DeviceClass.OFFICE))
SHARES = st.sampled_from((0.0, 0.25, 0.5, 1.0))


@st.composite
def chains(draw: st.DrawFn) -> object:
    day = draw(st.lists(st.integers(0, 3), min_size=24, max_size=24))
    needs = [
        need(role, *draw(st.sets(st.sampled_from(NAMES), max_size=3)), kept=draw(SHARES))
        for role in draw(st.sets(st.sampled_from(tuple(Role)), max_size=3))
    ]
    return chain(
        draw(st.sampled_from(("CT", "MR"))),
        sorted(draw(st.sets(st.sampled_from(NAMES), max_size=3))),
        *needs,
        per_hour=[float(exams) for exams in day * 5 + [0] * 48],
        urgent=draw(SHARES),
    )


@st.composite
def departments(draw: st.DrawFn) -> Department:
    return Department(
        nodes=tuple(node(name, draw(KINDS)) for name in NAMES),
        chains=tuple(draw(st.lists(chains(), min_size=1, max_size=2))),  # type: ignore[arg-type]
    )


@st.composite
def scenarios(draw: st.DrawFn) -> Scenario:
    quarters = st.integers(0, 200).map(lambda number: number / 4)
    course = draw(st.sampled_from(tuple(Course)))
    return worm(
        course=course,
        stops=tuple(draw(st.sets(KINDS))),
        contained=draw(quarters) - (20.0 if course is Course.HUMAN else 0.0),
        dwell=Delay(median=draw(quarters)),
        horizon=draw(quarters),
        roles=tuple(draw(st.sets(st.sampled_from(tuple(Role)), max_size=2))),
        roles_back=Delay(median=draw(quarters)),
        recovery={kind: Delay(median=draw(quarters)) for kind in draw(st.sets(KINDS))},
        engineers=draw(st.dictionaries(KINDS, st.integers(1, 3))),
        shutdown=draw(st.sampled_from((0.0, 1.0))),
        shutdown_back=Delay(median=draw(quarters)),
        spared=tuple(draw(st.sets(KINDS))),
        backups_lost=draw(st.sampled_from((0.0, 1.0))),
        diverted=draw(SHARES),
        weekday=draw(st.integers(0, 6)),
        hour=draw(st.integers(0, 95)) / 4,
    )


@settings(max_examples=100, deadline=None)
@given(departments(), scenarios(), st.lists(st.tuples(*[HOURS] * 5), min_size=1, max_size=3))
def test_it_equals_the_plain_reference(
    department: Department, scenario: Scenario, hours: list[tuple[float, ...]]
) -> None:
    result = effect(department, scenario, np.array(hours, dtype=np.float32), seed=1)
    assert exams_lost(department, scenario, np.array(hours, dtype=np.float32), seed=1) == pytest.approx(result.lost)
    for run, row in enumerate(hours):
        slow = reference(department, scenario, row)
        assert {
            one.id for one, hit in zip(department.nodes, result.down.reached[run], strict=True) if hit
        } == slow.reached
        for modality, lost in slow.lost.items():
            assert result.modality(modality)[run] == pytest.approx(lost, abs=1e-9)
        assert result.lost[run] == pytest.approx(sum(slow.lost.values()), abs=1e-9)
        assert result.urgent_lost[run] == pytest.approx(slow.urgent_lost, abs=1e-9)
        assert result.diverted[run] == pytest.approx(slow.diverted, abs=1e-9)
        down = {name for name, (start, end) in slow.down.items() if start < end}
        assert {one.id for one, hit in zip(department.nodes, result.ever_down[run], strict=True) if hit} == down
        assert result.normal[run] >= max((end for start, end in slow.down.values() if start < end), default=0.0)


@settings(max_examples=100, deadline=None)
@given(departments(), scenarios(), st.tuples(*[HOURS] * 5), st.sampled_from(range(5)))
def test_a_device_less_fallen_never_costs_more_exams(
    department: Department, scenario: Scenario, hours: tuple[float, ...], spared: int
) -> None:
    """Given when the spread ended, and where defenders switch nothing off instead: a device switched off as a
    precaution can stay down for longer than one that fell, and a later first stop moves everything to other hours."""
    calm = replace(scenario, shutdown=0.0)
    fewer = np.array([hours, hours], dtype=np.float32)
    fewer[1, spared] = np.inf
    result = effect(department, calm, fewer, seed=1)
    if result.down.ended[0] == result.down.ended[1]:
        assert result.lost[1] <= result.lost[0] + 1e-9


@settings(max_examples=50, deadline=None)
@given(departments(), scenarios(), st.tuples(*[HOURS] * 5), st.floats(0, 300))
def test_what_is_lost_only_grows(
    department: Department, scenario: Scenario, hours: tuple[float, ...], hour: float
) -> None:
    result = effect(department, scenario, np.array([hours], dtype=np.float32), seed=1)
    assert 0 <= result.lost_until(hour)[0] <= result.lost_until(hour + 10)[0] + 1e-9
    assert result.lost_until(LONGEST)[0] == pytest.approx(result.lost[0])


def test_a_week_is_given_in_local_hours() -> None:
    """The same scanner, from Friday 18 h and from Monday 8 h, for ten hours."""
    ten = worm(contained=0.0, recovery={DeviceClass.MODALITY: Delay(median=10.0)}, hour=8.0)
    weekend = replace(ten, weekday=4, hour=18.0)
    hours = fallen(DEPARTMENT, {"mr1": 0.0})
    assert effect(DEPARTMENT, ten, hours, seed=1).lost.tolist() == [100.0]
    assert effect(DEPARTMENT, weekend, hours, seed=1).lost.tolist() == [0.0]
    assert sum(OFFICE_HOURS) == 500
