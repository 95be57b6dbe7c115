"""Points of harm, and where to begin."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadapron.assess.plan.actions import Hours
from leadapron.assess.plan.harm import begin_with, hours_for, points_of
from leadapron.model.findings import Severity
from tests.assess.plan.builders import finding


def test_points_grow_with_severity_exams_and_attackers() -> None:
    plain = finding("known-cve", severity=Severity.HIGH)
    half = finding("known-cve", severity=Severity.HIGH, rank_reason=("rank.exams=5",))
    used = finding("known-cve", severity=Severity.HIGH, rank_reason=("rank.exams=5", "rank.exploited"))
    assert [points_of(one, 10) for one in (plain, half, used)] == [9.0, 13.5, 27.0]


def test_no_exam_seen_is_no_exam_at_stake() -> None:
    assert points_of(finding("smb1", rank_reason=("rank.exams=5",)), 0) == 3.0


def test_one_critical_scanner_is_not_held_back_by_many_minor_ones() -> None:
    beginning = begin_with({"ct": 27.0, **{f"ws{n}": 0.1 for n in range(40)}}, Hours(base=2, each=2))
    assert (beginning.units, beginning.rank) == (("ct",), 13.5)


def test_of_equals_all_are_the_beginning() -> None:
    assert begin_with({"a": 3.0, "b": 3.0}, Hours(base=2, each=2)).units == ("a", "b")


@given(
    st.dictionaries(st.text("abcdefgh", min_size=1, max_size=1), st.floats(0, 100), min_size=1),
    st.floats(0.1, 50),
    st.floats(0, 50),
)
def test_no_other_choice_gives_more_per_hour(points: dict[str, float], base: float, each: float) -> None:
    hours = Hours(base=base, each=each)
    best = max(
        sum(points[unit] for unit in chosen) / hours_for(hours, size)
        for size in range(1, len(points) + 1)
        for chosen in combinations(points, size)
    )
    assert begin_with(points, hours).rank == pytest.approx(best)
