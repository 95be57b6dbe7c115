"""What a published figure is in each simulated run."""

from __future__ import annotations

from typing import assert_never

import numpy as np
from numpy.typing import NDArray

from bench.backtest.incident import Measure, Published
from bench.backtest.site import Site
from leadapron.whatif.effect import Effect

DAY = 24.0

Floats = NDArray[np.float64]


def measured(figure: Published, site: Site, result: Effect, diverted: float) -> Floats:
    """(runs): the figure as each run has it; not a number where the run has none. `diverted`: the scenario's."""
    devices = site.of(figure.of)
    hour = figure.day * DAY
    fallen = (result.down.reached & result.ever_down)[:, devices]
    works = ~result.down_at(hour)[:, devices]
    match figure.measure:
        case Measure.ENCRYPTED:
            return _float(fallen.sum(axis=1))
        case Measure.ENCRYPTED_SHARE:
            return _float(fallen.mean(axis=1))
        case Measure.WORKING:
            return _float(works.sum(axis=1))
        case Measure.WORKING_SHARE:
            return _float(works.mean(axis=1))
        case Measure.BACK_SHARE:
            many = fallen.sum(axis=1)
            return _float(np.divide((fallen & works).sum(axis=1), many, out=np.full(len(many), np.nan), where=many > 0))
        case Measure.BACK_DAYS:
            down = result.ever_down[:, devices]
            last = np.where(down, result.down.works[:, devices], 0.0).max(axis=1)
            return _float(np.where(down.any(axis=1), last / DAY, np.nan))
        case Measure.DONE:
            return due(result, hour) - missed(result, hour, diverted)
        case Measure.LOST_SHARE:
            since = figure.since * DAY
            lost = result.lost_until(hour) - result.lost_until(since)
            return _float(lost / (due(result, hour) - due(result, since)))
        case _:
            assert_never(figure.measure)


def due(result: Effect, hour: float) -> float:
    """Exams planned from the start until an hour."""
    return float(sum(one.line.week.due(np.array([hour]))[0] for one in result.tallies))


def missed(result: Effect, hour: float, diverted: float) -> Floats:
    """(runs): exams not done here until an hour, whether neighbours took them or not."""
    total = np.zeros(result.runs)
    for one in result.tallies:
        until = np.minimum(one.due, one.line.week.due(np.array([hour])))
        shares = one.missed + diverted * one.urgent
        total[one.runs] += np.einsum("ij,ij->i", shares, np.diff(until, axis=1))
    return total


def _float(values: NDArray[np.generic]) -> Floats:
    return values.astype(np.float64)
