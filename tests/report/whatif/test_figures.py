"""Charts as numbers: inside their frame, axes with round marks, whatever the values."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from leadapron.model.scenarios import Estimate, Moment
from leadapron.report.whatif.figures import (
    HEIGHT,
    ROW_WIDTH,
    WIDTH,
    band,
    interval,
    levels,
    lever,
    rounded_up,
    time_ticks,
)
from leadapron.report.whatif.outcome import outcome_document
from leadapron.report.whatif.spread_map import MOST_TILES, bucket, spread_map
from tests.report.whatif import sample

VALUES = st.floats(min_value=0, max_value=1e9, allow_nan=False)
SPREADS = st.lists(VALUES, min_size=4, max_size=4).map(
    lambda found: Estimate(mean=found[3], **dict(zip(("p5", "p50", "p95"), sorted(found[:3]), strict=True)))
)


def spread(middle: float) -> Estimate:
    return Estimate(mean=middle, p5=middle / 2, p50=middle, p95=middle * 2)


def test_a_band_goes_from_left_to_right() -> None:
    drawn = band([0, 12, 24], [spread(0), spread(10), spread(40)], ticks=[0, 24])
    assert drawn is not None
    assert [dot.x for dot in drawn.dots] == sorted(dot.x for dot in drawn.dots)
    assert drawn.dots[2].high < drawn.dots[2].y < drawn.dots[2].low
    assert [tick.value for tick in drawn.up] == [0, 20, 40, 60, 80]
    assert [tick.at for tick in drawn.across] == [drawn.dots[0].x, drawn.dots[2].x]


def test_steps_hold_until_the_next_budget() -> None:
    drawn = band([0, 10], [spread(8), spread(2)], steps=True)
    assert drawn is not None
    assert re.fullmatch(r"M[\d.]+ [\d.]+H[\d.]+V[\d.]+", drawn.line)


@given(st.lists(SPREADS, min_size=1, max_size=12))
def test_nothing_is_drawn_outside_its_frame(spreads: list[Estimate]) -> None:
    drawn = band([float(number) for number in range(len(spreads))], spreads, mean=True)
    assert drawn is not None
    for dot in drawn.dots:
        assert 0 <= dot.x <= WIDTH
        assert all(0 <= height <= HEIGHT for height in (dot.y, dot.low, dot.high))
    top = rounded_up(max(max(one.p95, one.mean) for one in spreads))
    for one in spreads:
        row = interval(one, top)
        assert all(0 <= at <= ROW_WIDTH for at in (row.low, row.median, row.mean, row.high))


def test_nothing_to_draw_is_none() -> None:
    assert band([], []) is None


@given(VALUES)
def test_an_axis_ends_round_and_not_far_above(value: float) -> None:
    top = rounded_up(value)
    assert top >= value * (1 - 1e-9)
    assert top <= max(value * 2 + 1e-9, 1)
    marks = levels(top)
    assert marks[0] == 0
    assert 4 <= len(marks) <= 6
    assert abs(marks[-1] - top) <= top * 1e-9


def test_time_is_marked_in_hours_days_or_weeks() -> None:
    assert time_ticks(6) == [0, 1, 2, 3, 4, 5, 6]
    assert time_ticks(72) == [0, 12, 24, 36, 48, 60, 72]
    assert time_ticks(0) == [0]
    assert len(time_ticks(180 * 24)) <= 8


def test_a_lever_reaches_from_low_to_high() -> None:
    drawn = lever(80, 20, 50, 100)
    assert drawn.high < drawn.middle < drawn.low
    assert drawn.x == drawn.high
    assert drawn.length == round(drawn.low - drawn.high, 1)


def test_the_map_opens_with_the_worst_moment() -> None:
    document = outcome_document(sample.outcome(), sample.department(), sample.told(), sample.made("en"))
    drawn = spread_map(document.devices, document.timeline)
    assert drawn is not None
    assert [zone.title for zone in drawn.zones] == ["imaging", "office", "reading", "servers"]
    assert drawn.hours[drawn.shown] == 36
    assert drawn.shown in drawn.columns
    assert sum(tile.count for zone in drawn.zones for tile in zone.tiles) == len(document.devices)


def test_a_large_department_is_drawn_by_kind() -> None:
    site = sample.department(devices=12)
    document = outcome_document(sample.outcome(site=site), site, sample.told(), sample.made("en"))
    assert len(document.devices) > MOST_TILES
    drawn = spread_map(document.devices, document.timeline)
    assert drawn is not None
    assert drawn.grouped
    assert [(tile.label, tile.count) for tile in drawn.zones[0].tiles] == [("scanner", 84)]


def test_a_share_never_hides_a_single_run() -> None:
    document = outcome_document(sample.outcome(), sample.department(), sample.told(), sample.made("en"))
    zero = spread(0)
    rare = Moment(hour=1, down=zero, lost=zero, fallen={"CT1": 0.001, "CT2": 0.999})
    drawn = spread_map(document.devices, [rare])
    assert drawn is not None
    shares = {tile.label: tile.shares for tile in drawn.zones[0].tiles}
    assert (shares["CT1"], shares["CT2"], shares["CT3"]) == ((1,), (99,), (0,))
    assert [bucket(percent) for percent in (0, 1, 10, 30, 60, 90, 100)] == [0, 1, 2, 3, 4, 5, 5]


def test_nothing_fallen_is_no_map() -> None:
    document = outcome_document(sample.nothing(), sample.department(), sample.told(), sample.made("en"))
    assert spread_map(document.devices, document.timeline) is None
