"""Idle hours: offered only where captures looked, and no exam was seen."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from leadapron.assess.plan.site import Site
from leadapron.assess.plan.windows import LIKELY_DAYS, MOST_DAYS, idle_windows, observed_days
from leadapron.model.findings import Confidence
from leadapron.model.inventory import Source
from leadapron.model.plan import Window
from leadapron.rules.samples import picture_of

PARIS = ZoneInfo("Europe/Paris")
MONDAY = datetime(2026, 1, 5, tzinfo=UTC)


def source(first: datetime, last: datetime) -> Source:
    """A capture of that time."""
    return Source(name="s", fingerprint="", packets=1, bytes=1, first=first, last=last, complete=True)


def site(*hours: datetime, **more: Any) -> Site:
    """A CT that made an exam in each of these hours."""
    cells = [
        {"modality": "CT", "hour": hour.isoformat(), "exams": 1, "objects": 1, "devices": ["ct"]} for hour in hours
    ]
    return Site(picture_of({"assets": [{"id": "ct", "roles": ["modality"]}], "utilisation": cells, **more}))


def at(hour: float) -> datetime:
    """Hours after Monday, midnight."""
    return MONDAY + timedelta(hours=hour)


def test_hours_without_an_exam_on_the_day_observed() -> None:
    windows = idle_windows(site(at(9), at(10)), "ct", observed_days([source(at(6), at(18))]))
    assert windows.windows == (
        Window(weekday=0, start=11, end=18, days=1),
        Window(weekday=0, start=6, end=9, days=1),
    )
    assert (windows.scanners, windows.days, windows.confidence) == (("ct",), 1, Confidence.POSSIBLE)


def test_an_exam_on_one_monday_takes_that_hour_of_all_mondays() -> None:
    observed = observed_days([source(at(9), at(12)), source(at(7 * 24 + 9), at(7 * 24 + 12))])
    windows = idle_windows(site(at(10)), "ct", observed)
    assert windows.windows == (
        Window(weekday=0, start=9, end=10, days=2),
        Window(weekday=0, start=11, end=12, days=2),
    )


def test_silence_outside_the_captures_proves_nothing() -> None:
    assert observed_days([source(at(9.1), at(9.9))]) == {}
    assert idle_windows(site(at(9)), "ct", {}).message == "plan.windows=none-observed"


def test_rotating_captures_are_added_up() -> None:
    parts = [source(at(9 + n / 6), at(9 + (n + 1) / 6)) for n in range(6)]
    assert observed_days(parts) == {MONDAY.date(): {9}}


def test_overlapping_captures_count_once() -> None:
    assert observed_days([source(at(9), at(9.5))] * 2) == {}


def test_hours_are_those_people_live_in() -> None:
    windows = idle_windows(site(at(9)), "ct", observed_days([source(at(22), at(24))], PARIS), PARIS)
    assert windows.windows == (
        Window(weekday=0, start=23, end=24, days=1),
        Window(weekday=1, start=0, end=1, days=1),
    )


def test_a_server_stands_idle_when_no_scanner_needs_it() -> None:
    flow = {"client": "ct", "server": "pacs", "service": "dicom", "port": 104, "client_roles": ["modality"]}
    windows = idle_windows(site(at(9), flows=[flow]), "pacs", observed_days([source(at(8), at(11))]))
    assert windows.scanners == ("ct",)
    assert [(one.start, one.end) for one in windows.windows] == [(8, 9), (10, 11)]


def test_where_no_scanner_stops_no_window_is_needed() -> None:
    windows = idle_windows(site(at(9)), "printer", observed_days([source(at(8), at(11))]))
    assert (windows.scanners, windows.windows, windows.message) == ((), (), "plan.windows=no-scanner")


def test_scanners_that_are_always_busy_have_no_window() -> None:
    windows = idle_windows(site(at(9)), "ct", observed_days([source(at(9), at(10))]))
    assert windows.message == "plan.windows=never-idle"


def test_many_days_make_it_likely() -> None:
    observed = observed_days([source(at(0), at(24 * LIKELY_DAYS))])
    assert idle_windows(site(at(9)), "ct", observed).confidence is Confidence.LIKELY


def test_a_wrong_clock_does_not_make_the_past_endless() -> None:
    long_ago = source(datetime(1970, 1, 1, tzinfo=UTC), at(1))
    assert len(observed_days([long_ago])) <= MOST_DAYS + 1


moments = st.integers(0, 24 * 60 * 10).map(lambda minutes: MONDAY + timedelta(minutes=minutes))


@given(st.lists(st.tuples(moments, moments).map(sorted)), st.sets(st.integers(0, 239).map(at)))
def test_no_window_holds_an_exam_or_an_hour_nobody_saw(spans: list[list[datetime]], exams: set[datetime]) -> None:
    observed = observed_days(source(first, last) for first, last in spans)
    seen = {(day.weekday(), hour) for day, hours in observed.items() for hour in hours}
    for window in idle_windows(site(*sorted(exams)), "ct", observed).windows:
        hours = {(window.weekday, hour) for hour in range(window.start, window.end)}
        assert hours
        assert hours <= seen
        assert hours.isdisjoint((hour.weekday(), hour.hour) for hour in exams)
