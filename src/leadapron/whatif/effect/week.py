"""Exams as they are planned over a week that repeats, counted from any hour on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from leadapron.model.department import HOURS_OF_WEEK

Floats = NDArray[np.float64]


class Week(Struct, frozen=True, kw_only=True, eq=False):
    """Exams per hour as they are due, from `start` hours after Monday 0 h on."""

    start: float
    rate: Floats
    """(168): exams per hour."""
    before: Floats
    """(169): exams from Monday 0 h until each hour."""

    @classmethod
    def starting(cls, per_hour: Sequence[float], *, weekday: int, hour: float) -> Week:
        """`hour` is local time; 0 is Monday."""
        rate = np.array(per_hour, dtype=np.float64)
        before = np.concatenate((np.zeros(1), np.cumsum(rate)))
        return cls(start=(weekday * 24.0 + hour) % HOURS_OF_WEEK, rate=rate, before=before)

    @property
    def total(self) -> float:
        """Exams in a week."""
        return float(self.before[-1])

    def due(self, hours: Floats) -> Floats:
        """Exams due between the start and each of `hours`."""
        return self._since_monday(self.start + hours) - self._since_monday(np.array([self.start]))

    def until(self, exams: Floats, *, since: Floats) -> Floats:
        """The hours at which so many exams have been due since `since`; `since` itself for none. Where none are ever
        due: infinite."""
        if not self.total:
            return np.where(exams > 0, np.inf, since)
        target = self._since_monday(self.start + since) + exams
        weeks = np.ceil(target / self.total) - 1
        rest = target - weeks * self.total
        hour = np.clip(np.searchsorted(self.before, rest, side="left") - 1, 0, HOURS_OF_WEEK - 1)
        rate = self.rate[hour]
        within = np.divide(rest - self.before[hour], rate, out=np.zeros_like(rest), where=rate > 0)
        return np.where(exams > 0, np.maximum(weeks * HOURS_OF_WEEK + hour + within - self.start, since), since)

    def _since_monday(self, hours: Floats) -> Floats:
        weeks = np.floor(hours / HOURS_OF_WEEK)
        within = hours - weeks * HOURS_OF_WEEK
        hour = np.minimum(within.astype(np.intp), HOURS_OF_WEEK - 1)
        counted: Floats = weeks * self.total + self.before[hour] + (within - hour) * self.rate[hour]
        return counted
