"""When scanners stood idle: hours of the week without an exam, as far as the captures reach.

An hour counts as observed when captures cover nearly all of it: silence in a capture that ended early proves nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta, tzinfo

from leadapron.assess.plan.site import Site
from leadapron.model.findings import Confidence
from leadapron.model.inventory import Source
from leadapron.model.plan import Window, Windows

HOUR = timedelta(hours=1)
COVERED = timedelta(minutes=50)
"""Of an hour that captures must cover for it to count as observed."""

MOST_DAYS = 182
"""Days looked back from the newest capture: habits change, and a wrong clock must not make the past endless."""

LIKELY_DAYS = 14
"""Days observed from which an idle hour is likely to be a habit."""

OFFERED = 7
"""Windows offered."""

_WEEKDAYS = 7
_HOURS = 24


Days = Mapping[date, frozenset[int]]
"""Day → hours of that day, both as people live them."""


def observed_days(sources: Iterable[Source], zone: tzinfo = UTC) -> Days:
    """Days and hours, in `zone`, that captures cover; at most the last `MOST_DAYS` days."""
    return _by_day(_observed_hours(sources), zone)


def _observed_hours(sources: Iterable[Source]) -> frozenset[datetime]:
    spans = sorted((source.first, source.last) for source in sources if source.first and source.last)
    if not spans:
        return frozenset()
    oldest = max(last for _, last in spans) - timedelta(days=MOST_DAYS)
    covered: dict[datetime, timedelta] = defaultdict(timedelta)
    for start, end in _merged(spans, oldest):
        hour = start.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        while hour < end:
            covered[hour] += min(end, hour + HOUR) - max(start, hour)
            hour += HOUR
    return frozenset(hour for hour, time in covered.items() if time >= COVERED)


def _merged(spans: list[tuple[datetime, datetime]], oldest: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Spans without overlap, from `oldest` on."""
    reached = oldest
    for start, end in spans:
        if end > reached:
            yield max(start, reached), end
            reached = end


def idle_windows(site: Site, device: str, seen: Days, zone: tzinfo = UTC) -> Windows:
    """Hours of the week, in `zone`, in which no scanner that stops with the device made an exam on any day seen.

    Where no scanner does, no window is needed and none is given.
    """
    scanners = site.scanners((device,))
    busy = _by_day((hour for scanner in scanners for hour in site.busy[scanner]), zone)
    found = [window for weekday in range(_WEEKDAYS) for window in _of_weekday(weekday, seen, busy)] if scanners else []
    return Windows(
        device=device,
        scanners=scanners,
        windows=tuple(
            sorted(found, key=lambda one: (-one.days, one.start - one.end, one.weekday, one.start))[:OFFERED]
        ),
        days=len(seen),
        confidence=Confidence.LIKELY if len(seen) >= LIKELY_DAYS else Confidence.POSSIBLE,
    )


def _by_day(hours: Iterable[datetime], zone: tzinfo) -> Days:
    """Day → hours of that day. Where a zone is off by half an hour, both hours touched count."""
    days: dict[date, set[int]] = defaultdict(set)
    for hour in hours:
        for moment in (hour, hour + HOUR - timedelta(minutes=1)):
            local = moment.astimezone(zone)
            days[local.date()].add(local.hour)
    return {day: frozenset(found) for day, found in days.items()}


def _of_weekday(weekday: int, seen: Days, busy: Days) -> Iterator[Window]:
    """Runs of hours that were observed on some day of that kind, and idle on all of them."""
    days = [day for day in seen if day.weekday() == weekday]
    taken = {hour for day, hours in busy.items() if day.weekday() == weekday for hour in hours}
    times = [0 if hour in taken else sum(hour in seen[day] for day in days) for hour in range(_HOURS)]
    start = 0
    for hour in range(_HOURS + 1):
        if hour == _HOURS or not times[hour]:
            if hour > start:
                yield Window(weekday=weekday, start=start, end=hour, days=min(times[start:hour]))
            start = hour + 1
