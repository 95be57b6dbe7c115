"""How a scenario unfolds: devices down, exams lost and who holds what, at some sixty to eighty moments."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from leadapron.model.scenarios import Moment
from leadapron.whatif.effect import Effect
from leadapron.whatif.effect.week import Floats
from leadapron.whatif.estimates import estimate

MOMENTS = 80
ENTRIES = 200_000
"""Devices times moments that are told: large networks have fewer moments."""
FEWEST = 12


class Timeline:
    """Sums over runs, at moments that are closer together at the beginning."""

    def __init__(self, hours: Sequence[float], ids: Sequence[str], *, runs: int) -> None:
        self.hours = tuple(hours)
        self.ids = tuple(ids)
        self.runs = 0
        self._down = np.empty((len(hours), runs), dtype=np.float32)
        self._lost = np.empty((len(hours), runs), dtype=np.float32)
        self._fallen = np.zeros((len(hours), len(ids)), dtype=np.int64)

    @classmethod
    def covering(cls, result: Effect, ids: Sequence[str], *, runs: int) -> Timeline:
        """Moments until 95 of 100 runs of `result` have all devices working again; at most `runs` will be added."""
        last = float(np.percentile(np.maximum(result.restored, result.down.ended), 95))
        count = max(FEWEST, min(MOMENTS, ENTRIES // len(ids)))
        return cls(moments_until(last, count), ids, runs=runs)

    def add(self, result: Effect) -> None:
        """The runs of one batch; those beyond the most are left out."""
        here = slice(self.runs, min(self.runs + result.runs, self._down.shape[1]))
        kept = here.stop - here.start
        for number, hour in enumerate(self.hours):
            self._down[number, here] = result.down_at(hour)[:kept].sum(axis=1)
            self._lost[number, here] = result.lost_until(hour)[:kept]
            self._fallen[number] += result.fallen_at(hour)[:kept].sum(axis=0)
        self.runs = here.stop

    def moments(self) -> tuple[Moment, ...]:
        """What the runs say."""
        return tuple(
            Moment(
                hour=hour,
                down=estimate(self._down[number, : self.runs]),
                lost=estimate(self._lost[number, : self.runs]),
                fallen={self.ids[at]: float(shares[at]) for at in np.flatnonzero(shares)},
            )
            for number, hour in enumerate(self.hours)
            for shares in (self._fallen[number] / self.runs,)
        )


def moments_until(last: float, count: int) -> tuple[float, ...]:
    """Up to `count` hours from 0 to `last`: in quarters on the first half day, full hours after it."""
    raw: Floats = last * np.linspace(0.0, 1.0, count) ** 2
    return tuple(np.unique(np.where(raw < 12, np.round(raw * 4) / 4, np.ceil(raw))).tolist())
