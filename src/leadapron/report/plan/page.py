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

OPENED = 5
"""Actions that stand open in the list of all."""


def first_actions(plan: PlanDocument) -> Sequence[ActionEntry]:
    """What to begin with: the first actions that nobody says are done."""
    return [one for one in plan.actions if one.status is not WorkStatus.DONE][:FIRST]


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
        opened=OPENED,
        groups=grouped(plan.findings),
        findings={finding.id: finding for finding in plan.findings},
        questions={question.id: question for question in plan.questions},
        changed=[(kind, entries) for kind in CHANGES if (entries := plan.changes.of(kind))],
    )
