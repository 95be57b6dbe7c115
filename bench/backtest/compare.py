"""Draw what is not known, play the attack, and say which published figures lie within what comes out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum

import numpy as np
from msgspec import Struct
from msgspec.structs import replace
from scipy.stats import qmc

from bench.backtest.incident import Incident, Published
from bench.backtest.quantities import Floats, measured
from bench.backtest.site import build_site
from leadapron.model.scenarios import Estimate, Range, Scenario
from leadapron.whatif.effect import effect
from leadapron.whatif.estimates import estimate
from leadapron.whatif.parameters import parameter, with_value
from leadapron.whatif.scenarios import load_scenarios, with_overrides
from leadapron.whatif.worlds import worlds

WIDE = 10.0
"""Ranges whose ends are at least so many times apart are drawn evenly in their logarithm."""
_NEAR = 1e-9


class Verdict(StrEnum):
    """How a published figure, one number or a range, lies to what 9 of 10 runs stay within."""

    INSIDE = "inside"
    """One lies within the other."""
    PARTLY = "partly"
    """They overlap."""
    OUTSIDE = "outside"
    ORDER_ONLY = "order only"
    NONE = "no run"


class Judged(Struct, frozen=True, kw_only=True):
    """One published figure beside what was simulated."""

    figure: Published
    shipped: Estimate | None
    """Over chance and guesses, the scenario as shipped. None: no run has it."""
    ranged: Estimate | None
    """Over the scenario's own ranges too."""
    variants: tuple[Estimate | None, ...] = ()
    """As shipped but for the numbers of each variant of the incident."""

    @property
    def verdict(self) -> Verdict:
        """With the scenario as shipped."""
        return verdict(self.figure, self.shipped)

    @property
    def verdict_ranged(self) -> Verdict:
        """With its ranges."""
        return verdict(self.figure, self.ranged)


class Comparison(Struct, frozen=True, kw_only=True):
    """One incident."""

    incident: Incident
    scenario: Scenario
    draws: int
    runs: int
    """Of each draw."""
    seed: int
    judged: tuple[Judged, ...]


def verdict(figure: Published, simulated: Estimate | None) -> Verdict:
    """Whether the figure agrees with the interval of 9 in 10 runs; a wide interval agrees easily: look at its mean."""
    if simulated is None:
        return Verdict.NONE
    if figure.order_only:
        return Verdict.ORDER_ONLY
    slack = _NEAR * max(1.0, abs(simulated.p95))
    low, high = simulated.p5 - slack, simulated.p95 + slack
    if (low <= figure.low and figure.high <= high) or (
        figure.low <= low + 2 * slack and high - 2 * slack <= figure.high
    ):
        return Verdict.INSIDE
    if figure.high < low or figure.low > high:
        return Verdict.OUTSIDE
    return Verdict.PARTLY


def attack(incident: Incident) -> Scenario:
    """The shipped scenario with what the incident itself states."""
    shipped = load_scenarios()[incident.scenario].scenario
    stated = with_overrides(shipped, {name: fact.value for name, fact in incident.facts.items()})
    return replace(stated, entry=incident.entry_of(shipped.entry))


def compare(incident: Incident, *, draws: int, runs: int, seed: int) -> Comparison:
    """`draws` times the guesses, `runs` runs of each; the same arguments give the same figures."""
    scenario = attack(incident)
    open_ranges = tuple(one for one in scenario.ranges if one.parameter not in incident.facts)
    plays: list[tuple[Scenario, Sequence[Range]]] = [(scenario, ()), (scenario, open_ranges)]
    plays += [(with_overrides(scenario, variant.numbers), ()) for variant in incident.variants]
    columns = [
        [_estimate(values) for values in _simulated(incident, played, ranges, draws=draws, runs=runs, seed=seed)]
        for played, ranges in plays
    ]
    return Comparison(
        incident=incident,
        scenario=scenario,
        draws=draws,
        runs=runs,
        seed=seed,
        judged=tuple(
            Judged(figure=figure, shipped=shipped, ranged=ranged, variants=tuple(others))
            for figure, shipped, ranged, *others in zip(incident.published, *columns, strict=True)
        ),
    )


def _simulated(
    incident: Incident, scenario: Scenario, ranges: Sequence[Range], *, draws: int, runs: int, seed: int
) -> list[Floats]:
    """Of each published figure, its value in every run of every draw."""
    found: list[list[Floats]] = [[] for _ in incident.published]
    for number, (drawn, changed) in enumerate(_drawn(incident, scenario, ranges, draws, seed)):
        site = build_site(incident, drawn, np.random.default_rng((seed, number)))
        first = number * runs
        for start, hours in worlds(site.department, changed, runs=runs, seed=seed, first_run=first):
            result = effect(site.department, changed, hours, seed=seed, first_run=start)
            for values, figure in zip(found, incident.published, strict=True):
                values.append(measured(figure, site, result, changed.diverted))
    return [np.concatenate(values) for values in found]


def _drawn(
    incident: Incident, scenario: Scenario, ranges: Sequence[Range], draws: int, seed: int
) -> Iterator[tuple[Mapping[str, float], Scenario]]:
    """Guesses and scenario of each draw: a Latin hypercube, so that few draws cover every range evenly."""
    points = qmc.LatinHypercube(d=len(incident.guesses) + len(ranges), seed=seed).random(draws)
    for point in points:
        guessed = dict(zip(incident.guesses, point, strict=False))
        drawn = {name: guess.low + guessed[name] * (guess.high - guess.low) for name, guess in incident.guesses.items()}
        changed = scenario
        for one, share in zip(ranges, point[len(incident.guesses) :], strict=True):
            changed = with_value(changed, one.parameter, _within(one, scenario, float(share)))
        yield drawn, changed


def _within(one: Range, scenario: Scenario, share: float) -> float:
    if parameter(one.parameter, scenario.course).whole:
        return float(min(one.high, one.low + int(share * (one.high - one.low + 1))))
    if one.low > 0 and one.high / one.low >= WIDE:
        return float(one.low * (one.high / one.low) ** share)
    return one.low + share * (one.high - one.low)


def _estimate(values: Floats) -> Estimate | None:
    known = values[~np.isnan(values)]
    return estimate(known) if len(known) else None
