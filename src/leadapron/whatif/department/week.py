"""How many exams each hour of the week has: what captures show, weighed against what is usual.

Ten minutes of capture say little of a week, a year says all. So a figure by modality counts as one working day of
observation (`weight.rate`), and the usual course of a week as two weeks of it (`weight.week`); with more
observation both fade away. An hour of a night counts as little for the rate as its share of the usual week.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from math import fsum

from msgspec import Struct

from leadapron.model.department import HOURS_OF_WEEK
from leadapron.model.inventory import Source, UtilisationCell
from leadapron.whatif.department.figures import DAY, code_of, throughput

HOUR = timedelta(hours=1)

MOST_DAYS = 182
"""Days looked back from the newest capture: habits change, and a wrong clock must not make the past endless."""

DECIMALS = 4
"""Of exams per hour."""

WORKING = tuple(day * DAY + hour for day in range(5) for hour in range(8, 18))
"""Hours of the week by whose mean people tell how busy a scanner is: Monday to Friday, 8 to 18 h."""


class Watched(Struct, frozen=True, kw_only=True):
    """What captures cover."""

    covered: tuple[float, ...]
    """Hours of observation of each hour of the week."""
    days: int
    """Calendar days touched."""
    since: datetime | None
    """Start of the time looked back on."""

    @property
    def hours(self) -> float:
        """All hours observed."""
        return fsum(self.covered)

    @property
    def working(self) -> float:
        """Hours observed, each weighed by its share of the usual week's full working hour."""
        return fsum(time * share for time, share in zip(self.covered, throughput().week.hours, strict=True))


def watched(sources: Iterable[Source], zone: tzinfo) -> Watched:
    """Hours of the week, in `zone`, that captures cover; overlapping captures count once."""
    spans = sorted(
        (source.first.astimezone(UTC), source.last.astimezone(UTC))
        for source in sources
        if source.first and source.last
    )
    covered = [0.0] * HOURS_OF_WEEK
    days = set()
    since = max(last for _, last in spans) - timedelta(days=MOST_DAYS) if spans else None
    for hour, time in _hours(spans, since):
        for index, share in hours_of_week(hour, zone):
            covered[index] += time * share
        days.add(hour.astimezone(zone).date())
    return Watched(covered=tuple(covered), days=len(days), since=since)


def _hours(spans: list[tuple[datetime, datetime]], since: datetime | None) -> Iterator[tuple[datetime, float]]:
    """Each hour (UTC) with the part of it that is covered, without overlap, from `since` on."""
    reached = since
    for first, end in spans:
        start = max(first, reached) if reached else first
        hour = start.replace(minute=0, second=0, microsecond=0)
        while hour < end and start < end:
            yield hour, (min(end, hour + HOUR) - max(start, hour)) / HOUR
            hour += HOUR
        reached = max(end, start)


def hours_of_week(hour: datetime, zone: tzinfo) -> Iterator[tuple[int, float]]:
    """Hours of the week that an hour (UTC) falls into, with its share in each: zones may be off by half an hour."""
    local = hour.astimezone(zone)
    index = local.weekday() * DAY + local.hour
    late = local.minute / 60
    yield index, 1 - late
    if late:
        yield (index + 1) % HOURS_OF_WEEK, late


class Busy(Struct, frozen=True, kw_only=True):
    """How busy the scanners of one modality are."""

    per_hour: tuple[float, ...]
    """Exams of all of them for each hour of the week."""
    exams: int
    """Seen."""


def busy(cells: Iterable[UtilisationCell], modality: str, scanners: int, seen: Watched, zone: tzinfo) -> Busy:
    """Exams per hour of the week of all scanners of a modality; where none was seen, the usual ones."""
    figures = throughput()
    made = [0.0] * HOURS_OF_WEEK
    exams = 0
    for cell in cells:
        if code_of(cell.modality) == modality and (seen.since is None or cell.hour >= seen.since - HOUR):
            exams += cell.exams
            for index, share in hours_of_week(cell.hour, zone):
                made[index] += cell.exams * share
    usual = figures.rate(modality).per_hour * scanners
    if not exams or not seen.hours:
        return Busy(per_hour=tuple(round(usual * share, DECIMALS) for share in figures.week.hours), exams=0)
    rate = (exams + usual * figures.weight.rate) / (seen.working + figures.weight.rate)
    weight = figures.weight.week
    per_hour = (
        (count + rate * share * weight) / (time + weight)
        for count, share, time in zip(made, figures.week.hours, seen.covered, strict=True)
    )
    return Busy(per_hour=tuple(round(value, DECIMALS) for value in per_hour), exams=exams)


def working_mean(per_hour: tuple[float, ...]) -> float:
    """Exams per hour, Monday to Friday from 8 to 18 h."""
    return round(fsum(per_hour[index] for index in WORKING) / len(WORKING), DECIMALS)


def scaled(per_hour: tuple[float, ...], mean: float) -> tuple[float, ...]:
    """The same course of the week with another mean of the working hours; a week idle then takes the usual course."""
    now = working_mean(per_hour)
    if now == mean:
        return per_hour
    if not now:
        return scaled(throughput().week.hours, mean)
    return tuple(round(value * mean / now, DECIMALS) for value in per_hour)
