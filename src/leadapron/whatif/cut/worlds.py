"""What sets of measures come to, on the same runs for all of them: differences between sets are then not luck."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from leadapron.model.department import Department
from leadapron.model.measures import Measure
from leadapron.model.scenarios import Estimate, Scenario
from leadapron.whatif.cut.applying import applied
from leadapron.whatif.estimates import estimate

Chosen = frozenset[int]
"""Indices of measures."""

Losses = NDArray[np.float64]
"""Exams lost in each run."""

SLIGHT = 0.001
"""Share of the exams lost without any measure: too little to ask anyone to work for."""

Tick = Callable[[], None]


class Play(Protocol):
    """Exams lost per run: `whatif.simulate.losses`, or a stand-in."""

    def __call__(self, department: Department, scenario: Scenario, /, *, runs: int, seed: int) -> Losses: ...


class Budget(Struct, frozen=True, kw_only=True):
    """What may be spent; None: no limit."""

    hours: float
    windows: int | None = None
    euros: float | None = None

    def used(self, measures: Iterable[Measure]) -> float:
        """Share of the tightest limit, 1 for all of it; infinite where something costs and nothing may be spent."""
        chosen = tuple(measures)
        spent = (
            (sum(one.hours for one in chosen), self.hours),
            (sum(one.windows for one in chosen), self.windows),
            (sum(one.euros for one in chosen), self.euros),
        )
        return max(_share(amount, limit) for amount, limit in spent)

    def fits(self, measures: Iterable[Measure]) -> bool:
        """Whether all of them can be done."""
        return self.used(measures) <= 1.0 + 1e-9


def _share(amount: float, limit: float | None) -> float:
    if limit is None or amount <= 0:
        return 0.0
    return amount / limit if limit > 0 else float("inf")


class Worlds:
    """The same runs for every set of measures; what was asked once is remembered."""

    def __init__(
        self,
        department: Department,
        scenario: Scenario,
        measures: Sequence[Measure],
        *,
        runs: int,
        seed: int,
        play: Play,
        tick: Tick = lambda: None,
    ) -> None:
        self.measures = tuple(measures)
        self._department, self._scenario = department, scenario
        self._runs, self._seed, self._play, self._tick = runs, seed, play, tick
        self._known: dict[Chosen, Losses] = {}

    @property
    def played(self) -> int:
        """Different sets asked about so far."""
        return len(self._known)

    def losses(self, chosen: Chosen) -> Losses:
        """Exams lost in each run once these are done."""
        if chosen not in self._known:
            after = applied(self._department, self._scenario, (self.measures[index] for index in chosen))
            self._known[chosen] = np.asarray(self._play(*after, runs=self._runs, seed=self._seed), dtype=np.float64)
            self._tick()
        return self._known[chosen]

    def mean(self, chosen: Chosen) -> float:
        """Expected exams lost."""
        return float(self.losses(chosen).mean())

    def estimate(self, chosen: Chosen) -> Estimate:
        """Mean and interval of exams lost."""
        return estimate(self.losses(chosen))

    def saved(self, fewer: Chosen, more: Chosen) -> tuple[float, float]:
        """Exams that `more` saves over `fewer`, run by run: mean, and standard error of the mean."""
        difference = self.losses(fewer) - self.losses(more)
        error = difference.std(ddof=1) / np.sqrt(len(difference)) if len(difference) > 1 else 0.0
        return float(difference.mean()), float(error)

    def of(self, chosen: Iterable[int]) -> tuple[Measure, ...]:
        """The measures themselves."""
        return tuple(self.measures[index] for index in sorted(chosen))

    def hours(self, chosen: Iterable[int]) -> float:
        """Of work."""
        return sum(self.measures[index].hours for index in chosen)


def useful(worlds: Worlds, chosen: Chosen) -> Chosen:
    """Without those whose removal costs nothing beyond noise (one standard error) or next to nothing (`SLIGHT`), the
    dearest first: what cannot be told from nothing is not recommended."""
    slight = SLIGHT * worlds.mean(frozenset())
    for index in sorted(chosen, key=lambda one: (-worlds.measures[one].hours, one)):
        mean, error = worlds.saved(chosen - {index}, chosen)
        if mean <= max(error, slight, 1e-9):
            chosen = chosen - {index}
    return chosen
