"""In which order to act: harm avoided per hour of work, most first.

| what | how it is reckoned |
|---|---|
| points of a finding | severity points × (1 + share of exams) × (2 if attackers use the flaw) |
| severity points | critical 27, high 9, medium 3, low 1, info ⅓: one step of severity is worth three of the next |
| share of exams | exams that depend on the devices concerned ÷ all exams seen; 0 where only secrecy is at stake |
| attackers use it | the flaw is in CISA KEV (`rank.exploited` among the finding's reasons) |
| points of a question | as of a low, medium or high finding, for its weight × (1 + 0, ½ or 1: the share of all exams) |
|                      | × 1 for a no, ½ for a part, ⅛ where somebody must find out: knowing is not having |
| hours of a remedy | those of the first device or partner + those of each further one (`content/actions`) |
| hours of a practice | those of the question; half of them where a part is in place |
| rank | points ÷ hours, of the devices to begin with |

A finding belongs to one action only, so its points count once. They are shared out evenly among the devices (or the
partners of a server) that must change to settle it. The devices to begin with are those that give the most points per
hour together: usually all, but one critical scanner is not held back by forty minor ones in the same action. So a
further finding never lowers the rank of the action that settles it. One kind of action is credited with more than it
settles: a wall (see `assess.plan.shelter`).

Reasons are message ids, with a value after `=` where there is one; `content/actions/order.toml` has their words.
Points compare actions of one plan with each other; they measure nothing outside it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from msgspec import Struct

from leadapron.assess.plan.actions import Hours
from leadapron.assess.plan.gather import Work
from leadapron.model.findings import Finding, Severity
from leadapron.model.procedures import AnswerState, QuestionState

SEVERITY_POINTS = {
    Severity.CRITICAL: 27.0,
    Severity.HIGH: 9.0,
    Severity.MEDIUM: 3.0,
    Severity.LOW: 1.0,
    Severity.INFO: 1 / 3,
}
WEIGHT_SEVERITY = {1: Severity.LOW, 2: Severity.MEDIUM, 3: Severity.HIGH}
"""Severity whose points a question of that weight has."""

WEIGHT_EXAMS = {1: 0.0, 2: 0.5, 3: 1.0}
"""Share of all exams that depend on a practice of that weight: it holds for the whole department."""

STATE_SHARE = {
    AnswerState.NO: 1.0,
    AnswerState.CONTRADICTED: 1.0,
    AnswerState.PARTIAL: 0.5,
    AnswerState.UNKNOWN: 0.125,
    AnswerState.EXPIRED: 0.125,
}
"""How much of a question's points is to be gained; other states make no action."""

EXPLOITED_FACTOR = 2.0
EXAMS = "rank.exams="
EXPLOITED = "rank.exploited"


class Beginning(Struct, frozen=True, kw_only=True):
    """The devices to begin with, and the points per hour they give."""

    units: tuple[str, ...]
    rank: float


def exams_of(finding: Finding) -> int:
    """Exams that depend on the devices concerned, as its rank counted them; 0 where only secrecy is at stake."""
    return next((int(why.removeprefix(EXAMS)) for why in finding.rank_reason if why.startswith(EXAMS)), 0)


def is_exploited(finding: Finding) -> bool:
    """Attackers are known to use the flaw."""
    return EXPLOITED in finding.rank_reason


def points_of(finding: Finding, all_exams: int) -> float:
    """Harm that settling a finding avoids."""
    share = min(exams_of(finding) / all_exams, 1.0) if all_exams else 0.0
    return SEVERITY_POINTS[finding.severity] * (1 + share) * (EXPLOITED_FACTOR if is_exploited(finding) else 1.0)


def question_points(state: QuestionState) -> float:
    """Harm that putting a practice in place, or learning whether it is, avoids."""
    whole = SEVERITY_POINTS[WEIGHT_SEVERITY[state.weight]] * (1 + WEIGHT_EXAMS[state.weight])
    return whole * STATE_SHARE[state.state]


def hours_for(hours: Hours, units: int) -> float:
    """Working hours for that many devices."""
    return hours.base + hours.each * max(units - 1, 0)


def unit_points(work: Work, points: Mapping[str, float]) -> Mapping[str, float]:
    """Each device's part of the points of the findings that need it."""
    shared: dict[str, float] = defaultdict(float)
    for finding in work.findings:
        units = work.units[finding.id]
        for unit in units:
            shared[unit] += points[finding.id] / len(units)
    return shared


def begin_with(points: Mapping[str, float], hours: Hours) -> Beginning:
    """The devices that together give the most points per hour; of equals, the most devices.

    Every further device costs the same, so the best set of any size holds those with the most points.
    """
    ordered = sorted(points, key=lambda unit: (-points[unit], unit))
    best, total, count = 0.0, 0.0, 0
    for size, unit in enumerate(ordered, start=1):
        total += points[unit]
        rate = total / hours_for(hours, size)
        if rate >= best * (1 - 1e-9):
            best, count = max(rate, best), size
    return Beginning(units=tuple(ordered[:count]), rank=best)
