"""Exams per hour as stacked bars, one colour and label per modality; days when hours would be too many."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from leadapron.model.inventory import UtilisationCell
from leadapron.report.words import Words

WIDTH, HEIGHT = 1180, 300
_LEFT, _TOP, _BOTTOM = 44, 12, 34
_MOST_BARS = 96
_MOST_COLOURS = 8
_LABEL_ROOM = (24, 15)
"""Width and height a segment needs to hold its modality's name."""
_COUNT_ROOM = 60
"""Width it needs to hold the number of exams too."""
_WIDEST_BAR = 72


class Segment(Struct, frozen=True, kw_only=True):
    """The exams of one modality in one bar; `colour` counts from 0 in the palette of the style sheet."""

    x: float
    y: float
    width: float
    height: float
    colour: int
    label: str
    title: str


class Tick(Struct, frozen=True, kw_only=True):
    """A mark on an axis."""

    position: float
    text: str


class BarTable(Struct, frozen=True, kw_only=True):
    """The same as numbers: a row a bar."""

    modalities: tuple[str, ...]
    rows: tuple[tuple[str, tuple[int, ...], int], ...]
    totals: tuple[int, ...]


class Chart(Struct, frozen=True, kw_only=True):
    """Bars ready to be written as SVG, and the table that says the same."""

    width: int
    height: int
    baseline: float
    by_day: bool
    segments: tuple[Segment, ...]
    hours: tuple[Tick, ...]
    levels: tuple[Tick, ...]
    table: BarTable


def exams_chart(cells: Sequence[UtilisationCell], say: Words) -> Chart | None:
    """Bars from the first hour to the last, empty ones included; None when no exam was counted."""
    counted = [cell for cell in cells if cell.exams]
    if not counted:
        return None
    first, last = min(cell.hour for cell in counted), max(cell.hour for cell in counted)
    by_day = (last - first) / timedelta(hours=1) >= _MOST_BARS
    bars = _bars(counted, first, last, by_day, say)
    modalities = _modalities(counted)
    baseline = HEIGHT - _BOTTOM
    top = _round_up(max(sum(bar.values()) for bar in bars.values()))
    scale = (baseline - _TOP) / top
    step = (WIDTH - _LEFT) / len(bars)
    width = min(step * 0.82, _WIDEST_BAR)
    segments: list[Segment] = []
    for number, (name, bar) in enumerate(bars.items()):
        segments += _stack(name, bar, modalities, _LEFT + number * step + (step - width) / 2, width, scale, baseline)
    every = -(-len(bars) // 24)
    return Chart(
        width=WIDTH,
        height=HEIGHT,
        baseline=baseline,
        by_day=by_day,
        segments=tuple(segments),
        hours=tuple(
            Tick(position=_LEFT + (number + 0.5) * step, text=name.split("\n")[-1])
            for number, name in enumerate(bars)
            if number % every == 0
        ),
        levels=tuple(
            Tick(position=baseline - level * scale, text=say.number(level))
            for level in range(0, top + 1, max(1, top // 4))
        ),
        table=_table(bars, modalities),
    )


def _bars(
    cells: Iterable[UtilisationCell], first: datetime, last: datetime, by_day: bool, say: Words
) -> dict[str, dict[str, int]]:
    """Name of each bar → modality → exams."""

    def name(hour: datetime) -> str:
        day = say.short_day(hour)
        return day if by_day else f"{day}\n{say.hour(hour)}"

    bars: dict[str, dict[str, int]] = {}
    hour = first
    while hour <= last:
        bars.setdefault(name(hour), {})
        hour += timedelta(hours=1)
    for cell in cells:
        bar = bars.setdefault(name(cell.hour), {})
        bar[cell.modality] = bar.get(cell.modality, 0) + cell.exams
    return bars


def _modalities(cells: Iterable[UtilisationCell]) -> tuple[str, ...]:
    """Busiest first, so that the largest segments stand on the axis."""
    total: dict[str, int] = defaultdict(int)
    for cell in cells:
        total[cell.modality] += cell.exams
    return tuple(sorted(total, key=lambda modality: (-total[modality], modality)))


def _round_up(value: int) -> int:
    """The next number that four grid lines divide well."""
    step = next(step for step in (1, 2, 5, 10, 20, 25, 50, 100, 250, 500, 1000, 10_000, 10**9) if step * 4 >= value)
    return step * 4


def _stack(
    name: str,
    bar: Mapping[str, int],
    modalities: Sequence[str],
    x: float,
    width: float,
    scale: float,
    baseline: float,
) -> list[Segment]:
    segments, floor = [], baseline
    for colour, modality in enumerate(modalities):
        exams = bar.get(modality, 0)
        if not exams:
            continue
        height = exams * scale
        floor -= height
        roomy = width >= _LABEL_ROOM[0] and height >= _LABEL_ROOM[1]
        segments.append(
            Segment(
                x=round(x, 1),
                y=round(floor, 1),
                width=round(width, 1),
                height=round(height, 1),
                colour=min(colour, _MOST_COLOURS - 1),
                label=_label(modality, exams, width) if roomy else "",
                title=f"{name.replace(chr(10), ' ')} · {modality}: {exams}",
            )
        )
    return segments


def _label(modality: str, exams: int, width: float) -> str:
    return f"{modality[:4]} {exams}" if width >= _COUNT_ROOM else modality[:4]


def _table(bars: Mapping[str, Mapping[str, int]], modalities: tuple[str, ...]) -> BarTable:
    rows = tuple(
        (name.replace("\n", " "), tuple(bar.get(modality, 0) for modality in modalities), sum(bar.values()))
        for name, bar in bars.items()
    )
    return BarTable(
        modalities=modalities,
        rows=rows,
        totals=tuple(sum(row[1][column] for row in rows) for column in range(len(modalities))),
    )
