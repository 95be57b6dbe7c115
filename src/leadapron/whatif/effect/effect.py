"""Hours at which devices fall → exams lost, for all runs at once."""

from __future__ import annotations

import numpy as np
from msgspec import Struct

from leadapron.model.department import Department
from leadapron.model.errors import UsageError
from leadapron.model.scenarios import Scenario
from leadapron.whatif.effect.course import Down, Flags, Hours, down_times
from leadapron.whatif.effect.exams import Tally, tally
from leadapron.whatif.effect.layout import Layout, laid_out
from leadapron.whatif.effect.week import Floats
from leadapron.whatif.engine.draws import run_keys


class Effect(Struct, frozen=True, kw_only=True, eq=False):
    """Arrays of some runs; devices in the order of the department's nodes, hours from the scenario's start."""

    down: Down
    tallies: tuple[Tally, ...]
    """One per chain."""
    lost: Floats
    """(runs): exams done neither here when they were due nor by neighbours."""
    urgent_lost: Floats
    diverted: Floats
    restored: Floats
    """(runs): hours until all works again."""
    normal: Floats
    """(runs): hours until the backlog is done too."""

    @property
    def runs(self) -> int:
        """How many."""
        return len(self.lost)

    @property
    def ever_down(self) -> Flags:
        """(runs, devices): it stops at some time. As all that fall are down when the spread is ended, when defenders
        also switch off others, these are the devices that are down at the worst moment."""
        return self.down.stops < self.down.works

    def modality(self, name: str) -> Floats:
        """(runs): exams of one modality lost."""
        return sum((one.lost(self.runs) for one in self.tallies if one.modality == name), start=np.zeros(self.runs))

    def lost_until(self, hour: float) -> Floats:
        """(runs): exams lost until an hour."""
        return sum((one.lost(self.runs, hour) for one in self.tallies), start=np.zeros(self.runs))

    def down_at(self, hour: float) -> Flags:
        """(runs, devices): it does not work."""
        return (self.down.stops <= hour) & (hour < self.down.works)

    def fallen_at(self, hour: float) -> Flags:
        """(runs, devices): it does not work, or the attacker holds it. What was held and never stopped is free once
        the spread has ended."""
        held = (self.down.taken <= hour) & (hour < self.down.ended[:, None])
        return held | self.down_at(hour)


def effect(department: Department, scenario: Scenario, hours: Hours, *, seed: int, first_run: int = 0) -> Effect:
    """What runs `first_run` and following come to, when devices fall at `hours` (runs, devices), infinite: never.

    Each draw hangs on seed, run and device: it does not change with what else falls. UsageError: `hours` or chains do
    not fit the department.
    """
    layout, down = _down(department, scenario, hours, seed, first_run, exams_only=False)
    tallies = tuple(tally(line, down, scenario) for line in layout.lines)
    count = len(hours)
    none = np.zeros(count)
    urgent = sum((one.urgent_missed(count) for one in tallies), start=none)
    last = np.where(down.stops < down.works, down.works, 0.0).max(axis=1, initial=0.0)
    restored = normal = np.maximum(last, down.roles_back)
    for one in tallies:
        normal = np.maximum(normal, one.normal(count, scenario.catch_up))
    return Effect(
        down=down,
        tallies=tallies,
        lost=sum((one.lost(count) for one in tallies), start=none),
        urgent_lost=urgent * (1.0 - scenario.diverted),
        diverted=urgent * scenario.diverted,
        restored=restored,
        normal=normal,
    )


def exams_lost(department: Department, scenario: Scenario, hours: Hours, *, seed: int, first_run: int = 0) -> Floats:
    """(runs): the same as `effect(...).lost`, quickly: only devices that exams hang on are looked at."""
    layout, down = _down(department, scenario, hours, seed, first_run, exams_only=True)
    return sum((tally(line, down, scenario).lost(len(hours)) for line in layout.lines), start=np.zeros(len(hours)))


def _down(
    department: Department, scenario: Scenario, hours: Hours, seed: int, first_run: int, *, exams_only: bool
) -> tuple[Layout, Down]:
    if hours.ndim != 2 or hours.shape[1] != len(department.nodes):
        raise UsageError(f"effect: hours of shape {hours.shape} for {len(department.nodes)} devices")
    layout = laid_out(department, weekday=scenario.weekday, hour=scenario.hour, exams_only=exams_only)
    return layout, down_times(layout, scenario, hours, run_keys(seed, first_run, len(hours)))
