"""The plan's page: what to do first, each action in full, what changed, what was accepted, what it all rests on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, tzinfo

from leadapron.model.plan import WorkStatus
from leadapron.report.frame import render_page
from leadapron.report.groups import grouped
from leadapron.report.plan.contract import ActionEntry, PlanDocument
from leadapron.report.plan.summary import plan_tiles
from leadapron.report.plan.vocabulary import CHANGES, PlanNames
from leadapron.report.words import words

FIRST = 5
"""What one printed page for management can hold."""

DECIDED = 3
"""Bigger works named beside them."""

BIG = 16
"""Hours from which on an action is a bigger work: two days, which somebody must grant."""

OPENED = 5
"""Actions that stand open in the list of all."""


def first_actions(plan: PlanDocument) -> Sequence[ActionEntry]:
    """What to begin with: the first actions that nobody says are done."""
    return [one for one in plan.actions if one.status is not WorkStatus.DONE][:FIRST]


def works_to_decide(plan: PlanDocument) -> Sequence[ActionEntry]:
    """Bigger works that nobody has taken on, those first that avoid most harm in all.

    Harm per hour puts them behind many small ones. But they take months, and money that somebody must grant: whoever
    waits for their turn begins too late.
    """
    first = {one.id for one in first_actions(plan)}
    free = (one for one in plan.actions if one.hours >= BIG and not one.owner and one.status is WorkStatus.OPEN)
    return sorted((one for one in free if one.id not in first), key=lambda one: (-one.points, one.rank))[:DECIDED]


def render_plan_html(plan: PlanDocument, *, zone: tzinfo = UTC) -> str:
    """The plan as one HTML page in its language, times in `zone`."""
    say = words(plan.language, zone=zone)
    return render_page(
        "plan.html.j2",
        say,
        document=plan,
        p=PlanNames(say),
        assets={},
        tiles=plan_tiles(plan.summary),
        first=first_actions(plan),
        bigger=works_to_decide(plan),
        opened=OPENED,
        groups=grouped(plan.findings),
        findings={finding.id: finding for finding in plan.findings},
        questions={question.id: question for question in plan.questions},
        changed=[(kind, entries) for kind in CHANGES if (entries := plan.changes.of(kind))],
    )
