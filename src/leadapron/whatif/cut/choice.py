"""The few measures that prevent most within a budget: two searches, judged on runs the choice was not made on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from leadapron.model.department import Department
from leadapron.model.errors import UsageError
from leadapron.model.measures import Best, FrontierPoint, Measure, Method, Valued
from leadapron.model.scenarios import Scenario
from leadapron.whatif.cut.fewer import fewer
from leadapron.whatif.cut.openings import how_many
from leadapron.whatif.cut.program import Program
from leadapron.whatif.cut.search import (
    NOTHING,
    TINY,
    affordable,
    backwards,
    greedy,
    options,
    shortlist,
    swapped,
    thinned,
)
from leadapron.whatif.cut.worlds import Budget, Chosen, Play, Worlds, useful
from leadapron.whatif.simulate import losses

SEARCH = 0x5EA7C4
"""Added to the seed for the runs the search sees; those that judge are the runs `simulate` shows for the seed."""
EXHAUSTIVE = 600
"""Sets: so few are all tried."""
POOL = 14
"""Measures that swaps bring in."""
PROGRAM = 48
"""Measures that the integer program chooses from."""
OPENINGS = 2_000_000
"""Single takeovers that the integer program may look at: 24 draws of more take minutes and gigabytes. 300 devices with
everything open have a fifth of that."""
STARTS = 3
"""Sets that swaps begin from."""
FINALISTS = 5
"""Sets that are judged on fresh runs."""

Progress = Callable[[int, int], None]


class Effort(Struct, frozen=True, kw_only=True):
    """How much is tried. The defaults suit a site of a few hundred devices on a laptop."""

    runs: int | None = None
    """Runs the search sees; None: 100 to 400, fewer for large departments."""
    exhaustive: int = EXHAUSTIVE
    swaps: int = 450
    """Sets that swaps may try."""
    program: bool = True
    thorough: bool = True
    """Whether all sets that are judged are freed of what does not help, rather than the one that is advised."""


LARGE = Effort(swaps=150, thorough=False)
"""Where not all measures can be tried: a set takes seconds to judge there, and the answer is to come in minutes."""


def best(
    department: Department,
    scenario: Scenario,
    measures: Iterable[Measure],
    *,
    hours: float,
    windows: int | None = None,
    euros: float | None = None,
    runs: int,
    seed: int,
    progress: Progress | None = None,
    effort: Effort | None = None,
    play: Play = losses,
) -> Best:
    """The set of measures with the least expected exams lost that the search found within `hours` of work (and change
    windows, and euros), with the value of each, and what other budgets would buy.

    `progress` is told how many sets were simulated, of about how many. UsageError: no runs, or a budget below zero.
    """
    budget = Budget(hours=hours, windows=windows, euros=euros)
    _check(budget, runs)
    offered = tuple(sorted(measures, key=lambda measure: measure.id))
    considered = fewer(department, scenario, offered, seed=seed + SEARCH)
    effort = effort or (Effort() if len(considered) == len(offered) else LARGE)
    counter = _Counter(progress, 100 + 8 * len(considered) + effort.swaps)
    search_runs = effort.runs or int(np.clip(30_000 // max(len(department.nodes), 1), 100, 400))
    trial, judge = (
        Worlds(department, scenario, considered, runs=count, seed=start, play=play, tick=counter.tick)
        for count, start in ((search_runs, seed + SEARCH), (runs, seed))
    )
    if effort.program and how_many(department, scenario) > OPENINGS:
        effort = replace(effort, program=False)
    finder = Finder(trial, department, scenario, seed=seed + SEARCH, effort=effort)
    helps = judge.mean(NOTHING) > TINY and bool(considered)
    sets = finder.sets(budget) if helps else ()
    chosen, method = _best_of(judge, sets, thorough=effort.thorough)
    if not effort.thorough:
        chosen = useful(judge, chosen)
    frontier = tuple(_frontier(finder, judge, budget, chosen)) if helps else ()
    valued = _valued(judge, chosen)
    counter.end()
    return Best(
        scenario=scenario.name,
        budget_hours=hours,
        budget_windows=windows,
        budget_euros=euros,
        runs=runs,
        seed=seed,
        chosen=valued,
        before=judge.estimate(NOTHING),
        after=judge.estimate(chosen),
        method=method if chosen else Method.NONE,
        considered=considered,
        left_out=len(offered) - len(considered),
        frontier=frontier,
    )


def _check(budget: Budget, runs: int) -> None:
    if runs < 1:
        raise UsageError(f"runs: {runs} is too few; at least 1 expected")
    for name, value in (("hours", budget.hours), ("windows", budget.windows), ("euros", budget.euros)):
        if value is not None and not value >= 0:
            raise UsageError(f"budget: {value} {name} is no budget; 0 or more expected")


class _Counter:
    """Sets simulated, of a rough guess of how many."""

    def __init__(self, progress: Progress | None, guess: int) -> None:
        self._progress, self._done, self._total = progress, 0, guess

    def tick(self) -> None:
        self._done += 1
        self._total = max(self._total, self._done + 1)
        if self._progress:
            self._progress(self._done, self._total)

    def end(self) -> None:
        if self._progress:
            self._progress(self._done, self._done)


class Finder:
    """Good sets for any budget. What one budget taught serves the others."""

    def __init__(
        self, worlds: Worlds, department: Department, scenario: Scenario, *, seed: int, effort: Effort
    ) -> None:
        self.worlds, self.effort = worlds, effort
        self._place = (department, scenario, seed)
        self._program: tuple[Program, tuple[int, ...]] | None = None
        self._way_back: tuple[Chosen, ...] | None = None
        self._options = options(worlds.measures)
        self._found: dict[Chosen, Method] = {}

    @property
    def everything(self) -> Chosen:
        """All that helps, and nothing that does not, on the runs of the search."""
        return self.way_back[0] if self.way_back else NOTHING

    @property
    def way_back(self) -> tuple[Chosen, ...]:
        """From all that helps down to one measure."""
        if self._way_back is None:
            every = frozenset(range(len(self.worlds.measures)))
            self._way_back = tuple(backwards(self.worlds, thinned(self.worlds, every)))
        return self._way_back

    def sets(self, budget: Budget, *, thorough: bool = True) -> Sequence[tuple[Chosen, Method]]:
        """Sets that fit, best first on the runs of the search. Not `thorough`: without swaps."""
        few = affordable(self.worlds.measures, budget, self.effort.exhaustive)
        if few is not None:
            self._found.update(dict.fromkeys(few, Method.EXHAUSTIVE))
        else:
            for chosen, method in self._tried(budget, thorough=thorough):
                self._found.setdefault(chosen, method)
        fitting = [one for one in self._found.items() if budget.fits(self.worlds.of(one[0]))]
        return sorted(fitting, key=lambda one: (self.worlds.mean(one[0]), self.worlds.hours(one[0]), sorted(one[0])))

    def _tried(self, budget: Budget, *, thorough: bool) -> Iterator[tuple[Chosen, Method]]:
        worlds = self.worlds
        fitting = next((chosen for chosen in self.way_back if budget.fits(worlds.of(chosen))), NOTHING)
        starts: list[tuple[Chosen, Method]] = [
            (greedy(worlds, self._options, budget), Method.GREEDY),
            (greedy(worlds, self._options, budget, start=fitting), Method.GREEDY),
        ]
        if thorough:
            starts.append((greedy(worlds, self._options, budget, per_cost=False), Method.GREEDY))
        if self.effort.program:
            solved = self._solved(budget, [chosen for chosen, _ in starts])
            starts += [(solved, Method.MILP), (greedy(worlds, self._options, budget, start=solved), Method.MILP)]
        yield from starts
        if not thorough:
            return
        by_set = dict(reversed(starts))
        ranked = sorted(by_set, key=lambda chosen: (worlds.mean(chosen), sorted(chosen)))
        pool = self._shortlist(ranked, POOL)
        for chosen in ranked[:STARTS]:
            better = swapped(worlds, thinned(worlds, chosen), pool, budget, most=self.effort.swaps // STARTS)
            yield better, by_set[chosen]

    def _solved(self, budget: Budget, found: Sequence[Chosen]) -> Chosen:
        """By the integer program, over the measures that looked promising: with hundreds it would not end in time."""
        if self._program is None:
            department, scenario, seed = self._place
            offered = self._shortlist([*found, *self._found], PROGRAM)
            measures = tuple(self.worlds.measures[index] for index in offered)
            self._program = Program(department, scenario, measures, seed=seed), offered
        program, offered = self._program
        return frozenset(offered[index] for index in program.solve(budget))

    def _shortlist(self, found: Sequence[Chosen], most: int) -> tuple[int, ...]:
        return shortlist(self.worlds, found, self.everything, self._options, most=most)


def _best_of(judge: Worlds, sets: Sequence[tuple[Chosen, Method]], *, thorough: bool = True) -> tuple[Chosen, Method]:
    """The best on fresh runs; if `thorough`, each without its useless measures."""
    finalists = sets[:FINALISTS] or [(NOTHING, Method.NONE)]
    if thorough:
        finalists = [(useful(judge, chosen), method) for chosen, method in finalists]
    return min(finalists, key=lambda one: (judge.mean(one[0]), judge.hours(one[0]), sorted(one[0])))


def _valued(judge: Worlds, chosen: Chosen) -> tuple[Valued, ...]:
    valued = [
        Valued(
            measure=judge.measures[index],
            exams_saved=judge.saved(chosen - {index}, chosen)[0],
            alone=judge.saved(NOTHING, frozenset({index}))[0],
        )
        for index in chosen
    ]
    return tuple(sorted(valued, key=lambda one: (-one.exams_saved, one.measure.id)))


def _frontier(finder: Finder, judge: Worlds, budget: Budget, chosen: Chosen) -> Iterator[FrontierPoint]:
    """What smaller and larger budgets of hours buy, the other limits unchanged. More hours never buy less: what fitted
    before still fits."""
    known: list[Chosen] = [NOTHING]
    last = None
    for hours in _budgets(budget.hours, judge.hours(finder.everything)):
        wider = Budget(hours=hours, windows=budget.windows, euros=budget.euros)
        if hours == budget.hours:
            known.append(chosen)
        elif hours > 0:
            known.append(_best_of(judge, finder.sets(wider, thorough=False)[:2], thorough=finder.effort.thorough)[0])
        point = min(known, key=lambda one: (judge.mean(one), judge.hours(one)))
        if hours > budget.hours and point == last:
            continue
        last = point
        yield FrontierPoint(
            budget_hours=hours,
            hours=judge.hours(point),
            exams_lost=judge.estimate(point),
            measures=tuple(measure.id for measure in judge.of(point)),
        )


def _budgets(hours: float, everything: float) -> Iterator[float]:
    """Nothing, a quarter, a half, the budget itself, and beyond it up to all that helps."""
    found = {0.0, hours, *(share * hours for share in (0.25, 0.5))}
    base = hours or everything / 4.0
    found |= {share * base for share in (1.0, 1.5, 2.0, 3.0) if share * base < everything}
    found.add(max(everything, hours))
    yield from sorted({round(one, 2) if one != hours else one for one in found})
