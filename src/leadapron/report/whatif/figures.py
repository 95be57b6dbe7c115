"""Charts of what-if as numbers ready for SVG: a band over an axis, an interval in a row, a bar of influence.

Every chart has a table beside it that says the same. Units are SVG user units, about one pixel on a screen.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from msgspec import Struct

from leadapron.model.scenarios import Estimate

WIDTH, HEIGHT = 620, 290
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 14, 14, 44
ROW_WIDTH, ROW_HEIGHT = 260, 22
_ROW_PAD = 6
_MOST_TICKS = 6
_NOTHING = 1e-3
"""Exams, devices or hours below which an axis does not magnify what is not there."""


class Tick(Struct, frozen=True, kw_only=True):
    """A mark on an axis: where, and for which value."""

    at: float
    value: float


class Dot(Struct, frozen=True, kw_only=True):
    """One point of the middle line, with its interval."""

    x: float
    y: float
    low: float
    high: float


class Band(Struct, frozen=True, kw_only=True):
    """A middle line in its band of 9 of 10 runs; `area` and `line` are SVG path data."""

    area: str
    line: str
    dots: tuple[Dot, ...]
    across: tuple[Tick, ...]
    up: tuple[Tick, ...]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = _LEFT
    right: int = WIDTH - _RIGHT
    floor: int = HEIGHT - _BOTTOM


def band(
    xs: Sequence[float],
    estimates: Sequence[Estimate],
    *,
    ticks: Sequence[float] | None = None,
    mean: bool = False,
    steps: bool = False,
) -> Band | None:
    """Intervals over an axis; None when there is nothing to draw.

    `ticks` are the values to mark (the positions themselves are evenly spaced marks if None). `mean` draws the mean
    as the middle line, else the median. `steps`: a value holds until the next position.
    """
    if not xs:
        return None
    first, last = min(xs), max(xs)
    top = rounded_up(max((max(one.p95, one.mean) for one in estimates), default=0.0))
    floor = HEIGHT - _BOTTOM

    def across(value: float) -> float:
        share = (value - first) / (last - first) if last > first else 0.5
        return round(_LEFT + share * (WIDTH - _LEFT - _RIGHT), 1)

    def up(value: float) -> float:
        return round(floor - value / top * (floor - _TOP), 1)

    dots = tuple(
        Dot(x=across(x), y=up(one.mean if mean else one.p50), low=up(one.p5), high=up(one.p95))
        for x, one in zip(xs, estimates, strict=True)
    )
    return Band(
        area=_area(dots, steps=steps),
        line=_line([(dot.x, dot.y) for dot in dots], steps=steps),
        dots=dots,
        across=tuple(Tick(at=across(value), value=value) for value in (xs if ticks is None else ticks)),
        up=tuple(Tick(at=up(value), value=value) for value in levels(top)),
    )


def _line(points: Sequence[tuple[float, float]], *, steps: bool) -> str:
    parts = [f"M{points[0][0]:g} {points[0][1]:g}"]
    for x, y in points[1:]:
        parts.append(f"H{x:g}V{y:g}" if steps else f"L{x:g} {y:g}")
    return "".join(parts)


def _area(dots: Sequence[Dot], *, steps: bool) -> str:
    upper = _line([(dot.x, dot.high) for dot in dots], steps=steps)
    back = [f"L{dots[-1].x:g} {dots[-1].low:g}"]
    for dot in reversed(dots[:-1]):
        back.append(f"V{dot.low:g}H{dot.x:g}" if steps else f"L{dot.x:g} {dot.low:g}")
    return f"{upper}{''.join(back)}Z"


def rounded_up(value: float) -> float:
    """The next round number at or above a value; 1 for next to nothing, so that an axis has a length."""
    if not value > _NOTHING:
        return 1.0
    unit = 10.0 ** math.floor(math.log10(value))
    return next(step * unit for step in (1, 2, 3, 4, 5, 6, 8, 10) if step * unit >= value * (1 - 1e-9))


def levels(top: float) -> list[float]:
    """Four or five round values from 0 to `top`, which `rounded_up` made."""
    lead = round(top / 10.0 ** math.floor(math.log10(top)))
    parts = {1: 5, 2: 4, 3: 3, 4: 4, 5: 5, 6: 3, 8: 4, 10: 5}[lead]
    return [top * number / parts for number in range(parts + 1)]


def time_ticks(last: float) -> list[float]:
    """Hours to mark from 0 to `last`: whole hours, days or weeks."""
    steps = (1, 2, 4, 6, 12, 24, 48, 72, 168, 336, 672, 1344, 2688, 5376)
    step = next((one for one in steps if last / one <= _MOST_TICKS), steps[-1])
    return [float(hour) for hour in range(0, int(last) + 1, step)]


class Interval(Struct, frozen=True, kw_only=True):
    """A line from the 5th to the 95th percentile with its median and mean, in a row of a table."""

    low: float
    median: float
    mean: float
    high: float
    width: int = ROW_WIDTH
    height: int = ROW_HEIGHT


def interval(one: Estimate, top: float) -> Interval:
    """One spread on an axis from 0 to `top` that all rows share."""
    return Interval(low=_on_row(one.p5, top), median=_on_row(one.p50, top), mean=_on_row(one.mean, top),
                    high=_on_row(one.p95, top))  # fmt: skip


class Lever(Struct, frozen=True, kw_only=True):
    """A bar from the result at an assumption's low value to that at its high one, and the result as assumed."""

    x: float
    length: float
    middle: float
    low: float
    high: float
    width: int = ROW_WIDTH
    height: int = ROW_HEIGHT


def lever(low: float, high: float, middle: float, top: float) -> Lever:
    """One influence on an axis from 0 to `top` that all rows share."""
    at_low, at_high = _on_row(low, top), _on_row(high, top)
    return Lever(
        x=min(at_low, at_high),
        length=round(abs(at_high - at_low), 1),
        middle=_on_row(middle, top),
        low=at_low,
        high=at_high,
    )


def _on_row(value: float, top: float) -> float:
    return round(_ROW_PAD + min(value, top) / top * (ROW_WIDTH - 2 * _ROW_PAD), 1)
