"""Exams that are not done when they are due.

At any moment a modality does the share of its exams that its working scanners allow, times the smallest share kept
without one of the steps nobody can do: the same paper and the same console stand in for all of them. What is still
possible is done for urgent exams first; neighbours take some of the rest of these. The state changes only when a device
stops or works again, so exams are summed between these moments: exact, and no hour is stepped through.
"""

from __future__ import annotations

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from leadapron.model.scenarios import Scenario
from leadapron.whatif.effect.course import LONGEST, Down, Flags
from leadapron.whatif.effect.layout import Line
from leadapron.whatif.effect.week import Floats


class Tally(Struct, frozen=True, kw_only=True, eq=False):
    """One modality: (affected runs, moments): exams due until each moment, shares missed between it and the next."""

    modality: str
    runs: NDArray[np.intp]
    """The runs that are affected: rows below."""
    line: Line
    due: Floats
    missed: Floats
    """Share of exams not done here nor by neighbours."""
    urgent: Floats
    """Share of exams that are urgent and not done here."""
    back: Floats
    """(affected runs): hour from which all works again."""

    def lost(self, count: int, until: float | None = None) -> Floats:
        """(runs): exams, in all or until an hour; `count` is the number of runs."""
        due = self.due
        if until is not None:
            due = np.minimum(due, self.line.week.due(np.array([until])))
        return self._spread(np.einsum("ij,ij->i", self.missed, np.diff(due, axis=1)), count)

    def urgent_missed(self, count: int) -> Floats:
        """(runs): urgent exams not done here."""
        return self._spread(np.einsum("ij,ij->i", self.urgent, np.diff(self.due, axis=1)), count)

    def normal(self, count: int, catch_up: float) -> Floats:
        """(runs): hours until the backlog is done; the backlog is what neighbours did not take."""
        backlog = np.einsum("ij,ij->i", self.missed, np.diff(self.due, axis=1))
        extra = np.divide(backlog, catch_up, out=np.full(len(backlog), np.inf), where=catch_up > 0)
        hours = np.full(len(backlog), LONGEST)
        done = (backlog > 0) & np.isfinite(extra)
        hours[done] = self.line.week.until(extra[done], since=self.back[done])
        hours[backlog <= 0] = self.back[backlog <= 0]
        return self._spread(np.minimum(hours, LONGEST), count)

    def _spread(self, values: Floats, count: int) -> Floats:
        every = np.zeros(count)
        every[self.runs] = np.maximum(values, 0.0)
        return every


def tally(line: Line, down: Down, scenario: Scenario) -> Tally:
    """What one modality misses."""
    starts, ends, steps = _intervals(line, down, scenario)
    runs = np.flatnonzero((ends > starts).any(axis=1))
    starts, ends = starts[runs], ends[runs]
    moments = np.concatenate((starts, ends), axis=1)
    order = np.argsort(moments, axis=1)
    moments = np.take_along_axis(moments, order, axis=1)
    working = np.ones_like(moments)
    if len(line.scanners):
        working -= _covering(steps == 0, order) / len(line.scanners)
    kept = np.ones_like(moments)
    for number, step in enumerate(line.steps, 1):
        kept = np.minimum(kept, np.where(_covering(steps == number, order) > 0, step.kept, 1.0))
    working = (working * kept)[:, :-1]
    urgent = np.maximum(line.urgent - working, 0.0)
    return Tally(
        modality=line.modality,
        runs=runs,
        line=line,
        due=line.week.due(moments),
        missed=1.0 - working - scenario.diverted * urgent,
        urgent=urgent,
        back=ends.max(axis=1, initial=0.0),
    )


def _intervals(line: Line, down: Down, scenario: Scenario) -> tuple[Floats, Floats, NDArray[np.intp]]:
    """(runs, intervals) without scanner or step: begin and end (both 0 where there is none), and which: 0 a scanner,
    else the number of the step. A step is missing while all who can do it are down: one interval, as each has one."""
    count = len(down.roles_back)
    starts = [down.stops[:, line.scanners]]
    ends = [down.works[:, line.scanners]]
    steps = [0] * len(line.scanners)
    for number, step in enumerate(line.steps, 1):
        if step.kept >= 1:
            continue
        if len(step.nodes):
            starts.append(down.stops[:, step.nodes].max(axis=1)[:, None])
            ends.append(down.works[:, step.nodes].min(axis=1)[:, None])
            steps.append(number)
        if step.role in scenario.roles:
            starts.append(np.zeros((count, 1)))
            ends.append(down.roles_back[:, None])
            steps.append(number)
    begin, end = np.concatenate(starts, axis=1), np.concatenate(ends, axis=1)
    some = begin < end
    return np.where(some, begin, 0.0), np.where(some, end, 0.0), np.array(steps, dtype=np.intp)


def _covering(which: Flags, order: NDArray[np.intp]) -> NDArray[np.intp]:
    """(runs, moments): how many of these intervals are open from each moment to the next."""
    change = np.concatenate((which, -which.astype(np.intp)))
    return np.cumsum(change[order], axis=1)
