"""Good sets of measures by trying: all sets where they are few, else step by step, forwards, backwards and by swaps.

Cuts work together: closing one of two doors helps nothing, closing both helps a lot. Steps are therefore single
measures and macros (all that closes a zone or a device); the way back from everything keeps what only works together;
swaps mend what the steps took too early. None of this proves a set to be the best.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations

from leadapron.model.measures import Measure
from leadapron.whatif.cut.worlds import Budget, Chosen, Worlds

NOTHING: Chosen = frozenset()
TINY = 1e-9
"""Exams; less is no difference."""
BREADTH = 16
"""Options looked at afresh in each step, those that looked best before."""


def macros(measures: Sequence[Measure]) -> tuple[Chosen, ...]:
    """Measures that make a wall together: all closings into or out of a zone (of one way, and of all), between two
    zones, and all that protects one device."""
    walls: dict[tuple[str, ...], set[int]] = defaultdict(set)
    for index, measure in enumerate(measures):
        for source, target, way in measure.change.close:
            walls["into", target].add(index)
            walls["into", target, way].add(index)
            walls["from", source].add(index)
            walls["from", source, way].add(index)
            walls["between", source, target].add(index)
            walls["way", way].add(index)
        for node in {weakening.node for weakening in measure.change.weak} | set(measure.change.move):
            walls["device", node].add(index)
        if len(measure.change.weak) > 1 or measure.change.move:
            walls["action", measure.action].add(index)
    found = {frozenset(wall) for wall in walls.values() if len(wall) > 1}
    return tuple(sorted(found, key=lambda wall: (len(wall), sorted(wall))))


def options(measures: Sequence[Measure]) -> tuple[Chosen, ...]:
    """Everything one step may add."""
    return (*(frozenset({index}) for index in range(len(measures))), *macros(measures))


def affordable(measures: Sequence[Measure], budget: Budget, most: int) -> tuple[Chosen, ...] | None:
    """All sets that fit the budget, the empty one included; None when there are more than `most`."""
    found: list[Chosen] = [NOTHING]
    for index in range(len(measures)):
        grown = (chosen | {index} for chosen in tuple(found))
        found += (chosen for chosen in grown if budget.fits(measures[one] for one in chosen))
        if len(found) > most:
            return None
    return tuple(found)


def greedy(
    worlds: Worlds, steps: Iterable[Chosen], budget: Budget, *, per_cost: bool = True, start: Chosen = NOTHING
) -> Chosen:
    """Add what saves most (per cost, or at all) until nothing more fits or helps.

    Only the `BREADTH` options that looked best before are looked at again in later steps.
    """
    chosen = start
    looked: dict[Chosen, float] = dict.fromkeys(steps, float("inf"))
    while True:
        best, best_value, fresh = None, 0.0, 0
        for option in sorted(looked, key=lambda one: -looked[one]):
            grown = chosen | option
            if grown == chosen or not budget.fits(worlds.of(grown)):
                continue
            if fresh >= BREADTH and looked[option] != float("inf"):
                break
            value = _worth(worlds, chosen, grown, budget, per_cost=per_cost)
            looked[option] = value
            fresh += 1
            if value > best_value:
                best, best_value = grown, value
        if best is None:
            return chosen
        chosen = best


def _worth(worlds: Worlds, chosen: Chosen, grown: Chosen, budget: Budget, *, per_cost: bool) -> float:
    gain = worlds.mean(chosen) - worlds.mean(grown)
    if gain <= TINY or not per_cost:
        return gain if gain > TINY else 0.0
    return gain / max(budget.used(worlds.of(grown - chosen)), TINY)


def thinned(worlds: Worlds, chosen: Chosen) -> Chosen:
    """Without what costs nothing to leave out on these runs: halves first, then quarters, down to single ones."""
    kept = sorted(chosen, key=lambda one: (worlds.measures[one].hours, one))
    limit = worlds.mean(chosen) + TINY
    size = max(len(kept) // 2, 1)
    while kept:
        place = len(kept)
        while place > 0:
            begin = max(place - size, 0)
            fewer = kept[:begin] + kept[place:]
            if worlds.mean(frozenset(fewer)) <= limit:
                kept = fewer
            place = begin
        if size == 1:
            break
        size //= 2
    return frozenset(kept)


def backwards(worlds: Worlds, chosen: Chosen) -> Iterator[Chosen]:
    """From `chosen` down to nothing, each time without the one that is least missed per hour."""
    missed: dict[int, float] = dict.fromkeys(chosen, -1.0)
    while chosen:
        yield chosen
        best, least = -1, float("inf")
        for looked, index in enumerate(sorted(chosen, key=lambda one: (missed[one], one))):
            if looked >= BREADTH and missed[index] >= 0:
                break
            loss = worlds.mean(chosen - {index}) - worlds.mean(chosen)
            missed[index] = max(loss, 0.0) / max(worlds.measures[index].hours, TINY)
            if missed[index] < least:
                best, least = index, missed[index]
        chosen = chosen - {best}


def swapped(worlds: Worlds, chosen: Chosen, pool: Sequence[int], budget: Budget, *, most: int) -> Chosen:
    """Leave up to two out, take one or two in, as long as it helps and at most `most` sets are tried."""
    end = worlds.played + most
    while True:
        best, least = chosen, worlds.mean(chosen) - TINY
        for trial in _neighbours(chosen, pool):
            if worlds.played >= end:
                break
            if budget.fits(worlds.of(trial)) and worlds.mean(trial) < least:
                best, least = trial, worlds.mean(trial)
        if best == chosen:
            return chosen
        chosen = best


def _neighbours(chosen: Chosen, pool: Sequence[int]) -> Iterator[Chosen]:
    """Nearest first: one in, two in; each with none, one or two out."""
    others = [frozenset({index}) for index in pool if index not in chosen]
    pairs = [one | two for one, two in combinations(others, 2)]
    for entering in (others, pairs):
        for count in range(3):
            for leaving in combinations(sorted(chosen), count):
                for entry in entering:
                    yield chosen.difference(leaving) | entry


def shortlist(
    worlds: Worlds, found: Sequence[Chosen], everything: Chosen, steps: Iterable[Chosen], *, most: int
) -> tuple[int, ...]:
    """The `most` promising measures: those of good sets, of what helps at all, then of the steps that save most for
    their hours when taken alone."""
    before = worlds.mean(NOTHING)
    worth = {step: (before - worlds.mean(step)) / max(worlds.hours(step), TINY) for step in steps}
    ranked = sorted((step for step in worth if worth[step] > TINY), key=lambda step: (-worth[step], sorted(step)))
    good = [index for chosen in (*found, everything) for index in sorted(chosen)]
    return tuple(dict.fromkeys((*good, *(index for step in ranked for index in sorted(step)))))[:most]
