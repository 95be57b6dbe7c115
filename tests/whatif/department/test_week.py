"""Exams per hour of the week from what captures cover."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadapron.model.department import HOURS_OF_WEEK
from leadapron.model.inventory import Source, UtilisationCell
from leadapron.whatif.department.figures import throughput
from leadapron.whatif.department.week import busy, hours_of_week, scaled, watched, working_mean

MONDAY = datetime(2026, 1, 5, tzinfo=UTC)
CT = throughput().modality["CT"].per_hour


def source(first: datetime, last: datetime) -> Source:
    return Source(name="c", fingerprint="f", packets=1, bytes=1, first=first, last=last, complete=True)


def cells(hours: int, exams: int, modality: str = "CT") -> list[UtilisationCell]:
    return [
        UtilisationCell(
            modality=modality, hour=MONDAY + timedelta(hours=hour), exams=exams, objects=exams, devices=("ct",)
        )
        for hour in range(hours)
    ]


def test_a_long_capture_speaks_for_itself() -> None:
    weeks = 26
    seen = watched([source(MONDAY, MONDAY + timedelta(weeks=weeks))], UTC)
    made = busy(cells(weeks * HOURS_OF_WEEK, 3), "CT", 1, seen, UTC)
    assert seen.hours == pytest.approx(weeks * HOURS_OF_WEEK)
    assert made.per_hour[10] == pytest.approx(3, rel=0.15), "by day"
    assert made.per_hour[3] == pytest.approx(3, rel=0.15), "and by night, whatever is usual"


def test_ten_minutes_do_not_claim_to_know_the_week() -> None:
    start = MONDAY + timedelta(hours=9)
    seen = watched([source(start, start + timedelta(minutes=10))], UTC)
    cell = UtilisationCell(modality="CT", hour=start, exams=10, objects=10, devices=("ct",))
    made = busy([cell], "CT", 1, seen, UTC)
    assert working_mean(made.per_hour) < 2 * CT, "10 exams in 10 minutes are not 60 an hour"
    assert working_mean(made.per_hour) > 0.9 * CT


def test_a_modality_never_seen_has_the_published_figure() -> None:
    seen = watched([source(MONDAY, MONDAY + timedelta(hours=40))], UTC)
    made = busy([], "CT", 2, seen, UTC)
    assert made.exams == 0
    assert made.per_hour[9] == pytest.approx(2 * CT)
    assert busy([], "ZZ", 1, seen, UTC).per_hour[9] == throughput().modality["OT"].per_hour


def test_overlapping_captures_count_once_and_old_ones_not_at_all() -> None:
    hour = timedelta(hours=1)
    twice = [source(MONDAY, MONDAY + 2 * hour), source(MONDAY + hour, MONDAY + 3 * hour)]
    assert watched(twice, UTC).hours == pytest.approx(3)
    inside = [source(MONDAY, MONDAY + 3 * hour), source(MONDAY + hour, MONDAY + 2 * hour)]
    assert watched(inside, UTC).hours == pytest.approx(3)
    old = MONDAY - timedelta(days=300)
    assert watched([source(old, old + hour), *twice], UTC).hours == pytest.approx(3)
    assert watched([], UTC).hours == 0


def test_hours_are_those_people_live() -> None:
    assert list(hours_of_week(MONDAY, ZoneInfo("Europe/Paris"))) == [(1, 1.0)]
    sunday_night = MONDAY - timedelta(minutes=30)
    assert list(hours_of_week(sunday_night.replace(minute=0), timezone(timedelta(hours=5, minutes=30)))) == [
        (4, 0.5),
        (5, 0.5),
    ]


@given(
    st.lists(st.tuples(st.integers(0, 400), st.integers(0, 40)), max_size=12),
    st.lists(st.tuples(st.integers(0, 400), st.integers(0, 50)), max_size=12),
    st.integers(1, 9),
)
def test_rates_are_never_negative_and_hours_never_exceed_time(
    spans: list[tuple[int, int]], made: list[tuple[int, int]], scanners: int
) -> None:
    sources = [
        source(MONDAY + timedelta(hours=first), MONDAY + timedelta(hours=first + length)) for first, length in spans
    ]
    seen = watched(sources, ZoneInfo("Europe/Paris"))
    assert seen.hours <= 441 + 1e-6
    found = [
        UtilisationCell(modality="CT", hour=MONDAY + timedelta(hours=hour), exams=exams, objects=0, devices=("ct",))
        for hour, exams in made
    ]
    per_hour = busy(found, "CT", scanners, seen, UTC).per_hour
    assert len(per_hour) == HOURS_OF_WEEK
    assert all(0 <= value <= 650 for value in per_hour)


def test_scaling_keeps_the_course_of_the_week() -> None:
    usual = throughput().week.hours
    assert scaled(usual, working_mean(usual)) == usual
    twice = scaled(usual, 2 * working_mean(usual))
    assert twice[3] == pytest.approx(2 * usual[3])
    assert working_mean(scaled((0.0,) * HOURS_OF_WEEK, 3.0)) == pytest.approx(3, abs=1e-3)
