"""In which order to act: harm to exams and patients first, then ease of attack, then effort of the remedy.

Severity starts from the rule's level and moves one step for each line that applies; `informational` never moves.

| step | when | reason |
|---|---|---|
| +1 | exams seen in the capture depend on a device concerned, and the harm is not only to secrecy | `rank.exams=<n>` |
| +1 | the attacker's side of a flow stands outside the hospital | `rank.outside` |
| +1 | attackers are known to use a flaw concerned (KEV) | `rank.exploited` |
| +1 | the score of a flaw concerned is 9 or more | `rank.severe=<score>` |
| −1 | all flaws concerned need an attacker at the device or signed in on it (CVSS) | `rank.local` |
| −1 | no device concerned takes part in imaging or stands in an imaging zone | `rank.not-imaging` |
| −1 | the finding is only possible | `rank.possible` |

Severity stays within low and critical, and only what was seen or is likely can be critical. The score orders findings:

| digits | what | values |
|---|---|---|
| thousands | severity | critical 4 … info 0 |
| five hundred | attackers are known to use a flaw concerned (KEV) | |
| hundreds | worst harm | availability and integrity 3, spread 2, confidentiality 1 |
| tens, units | exams at stake in the capture | 0–99 |
| tenths | ease of attack | easy 3, moderate 2, hard 1 |
| hundredths | effort of the remedy | 9 for an hour or less, one less each time it doubles, 0 at the least |

Reasons are message ids, with a value after `=` where there is one; `content/rules/ranking.yml` has their words.
CVSS plays a small part: it rates a product in general, not this device in this department.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil, log2

from msgspec import Struct

from leadapron.assess.view import View
from leadapron.model.findings import Confidence, Harm, Severity
from leadapron.model.inventory import Flow
from leadapron.rules import Ease, Rule

LADDER = (Severity.INFO, Severity.LOW, Severity.MEDIUM, Severity.HIGH, Severity.CRITICAL)
HARM_POINTS = {Harm.AVAILABILITY: 3, Harm.INTEGRITY: 3, Harm.SPREAD: 2, Harm.CONFIDENTIALITY: 1}
STEPS = {"rank.exploited": 1, "rank.severe": 1, "rank.local": -1}
"""What hits may say of themselves, and the steps it moves a finding."""
EXPLOITED = 500
EASE_POINTS = {Ease.EASY: 3, Ease.MODERATE: 2, Ease.HARD: 1}
MOST_EXAMS = 99
_EFFORT_STEPS = 9


class Rank(Struct, frozen=True, kw_only=True):
    """Severity of a finding, its place in the order (higher first), and what moved it."""

    severity: Severity
    score: float
    reasons: tuple[str, ...]


def rank(
    rule: Rule,
    confidence: Confidence,
    view: View,
    concerned: Iterable[str],
    flows: Iterable[Flow],
    weights: Iterable[str] = (),
) -> Rank:
    """Rank one finding. `concerned` are the devices that would suffer; `weights` are what hits say of themselves."""
    ids = tuple(concerned)
    exams = view.exams_at_stake(ids)
    said = tuple((STEPS[weight.partition("=")[0]], weight) for weight in weights)
    steps = (*_steps(rule, confidence, view, ids, tuple(flows), exams), *said)
    severity = _severity(rule.level, sum(step for step, _ in steps), confidence)
    harm = max(rule.harm, key=lambda harm: HARM_POINTS[harm])
    score = (
        1000 * LADDER.index(severity)
        + (EXPLOITED if any(reason == "rank.exploited" for _, reason in said) else 0)
        + 100 * HARM_POINTS[harm]
        + min(exams, MOST_EXAMS)
        + 0.1 * EASE_POINTS[rule.ease]
        + 0.01 * effort_points(rule.effort_hours)
    )
    reasons = (
        f"rank.level={rule.level}",
        *(reason for _, reason in steps),
        f"rank.harm={harm}",
        f"rank.ease={rule.ease}",
        f"rank.effort={rule.effort_hours:g}",
    )
    return Rank(severity=severity, score=round(score, 2), reasons=reasons)


def effort_points(hours: float) -> int:
    """9 for an hour or less, one less each time the hours double, never below 0."""
    return max(0, _EFFORT_STEPS - ceil(log2(max(hours, 1.0))))


def _steps(
    rule: Rule, confidence: Confidence, view: View, concerned: tuple[str, ...], flows: tuple[Flow, ...], exams: int
) -> tuple[tuple[int, str], ...]:
    steps = []
    if exams and set(rule.harm) != {Harm.CONFIDENTIALITY}:
        steps.append((1, f"rank.exams={exams}"))
    if any(flow.client_external and flow.answered for flow in flows):
        steps.append((1, "rank.outside"))
    known = [view.assets[asset_id] for asset_id in concerned if asset_id in view.assets]
    if known and not any(view.in_imaging(asset) for asset in known):
        steps.append((-1, "rank.not-imaging"))
    if confidence is Confidence.POSSIBLE:
        steps.append((-1, "rank.possible"))
    return tuple(steps)


def _severity(level: Severity, steps: int, confidence: Confidence) -> Severity:
    if level is Severity.INFO:
        return level
    highest = Severity.HIGH if confidence is Confidence.POSSIBLE else Severity.CRITICAL
    place = min(max(LADDER.index(level) + steps, LADDER.index(Severity.LOW)), LADDER.index(highest))
    return LADDER[place]
