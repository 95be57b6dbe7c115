"""From a workspace to everything a department needs to act: findings, practices, coverage, plan, what changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from leadapron import __version__
from leadapron.app.assessing import assess_workspace
from leadapron.app.world import World
from leadapron.assess.coverage import coverage
from leadapron.assess.plan import Action, load_actions, plan
from leadapron.assess.procedures import judge
from leadapron.know.procedures import load_areas, questions_of
from leadapron.model.assessment import Assessment
from leadapron.model.plan import Changes, Decided, Plan
from leadapron.model.procedures import FrameworkCoverage, QuestionArea, QuestionState
from leadapron.rules import Framework, Rule, load_controls
from leadapron.store import Workspace

if TYPE_CHECKING:
    from leadapron.store.decisions import Decisions


class Situation(Struct, frozen=True, kw_only=True):
    """Where a department stands today."""

    assessment: Assessment
    areas: tuple[QuestionArea, ...]
    states: tuple[QuestionState, ...]
    frameworks: Mapping[str, Framework]
    covered: tuple[FrameworkCoverage, ...]
    actions: Mapping[str, Action]
    plan: Plan
    changes: Changes


def situation(
    workspace: Workspace,
    rules: Sequence[Rule],
    world: World,
    *,
    now: datetime,
    zone: tzinfo = UTC,
    decisions: Decisions | None = None,
) -> Situation:
    """Everything that follows from a workspace and from what people decided. With `decisions`, this run is kept there,
    so that the next one can say what changed."""
    assessment = assess_workspace(workspace, rules, world, now=now)
    areas, frameworks, actions = load_areas(), load_controls(), load_actions()
    picture, findings = assessment.picture, assessment.findings
    states = judge(questions_of(areas), picture, findings, now=now)
    seen = {asset.id for asset in assessment.inventory.assets} | {asset.zone for asset in assessment.inventory.assets}
    changes = decisions.changes(findings, seen=seen) if decisions else Changes(since=None)
    if decisions:
        decisions.record_run(findings, version=__version__, at=now)
    return Situation(
        assessment=assessment,
        areas=areas,
        states=states,
        frameworks=frameworks,
        covered=coverage(frameworks, rules, states, findings),
        actions=actions,
        plan=plan(
            picture,
            findings,
            actions,
            now=now,
            practices=states,
            decided=decisions.decided() if decisions else Decided(),
            zone=zone,
        ),
        changes=changes,
    )


def open_decisions(workspace: Workspace, database: str | None) -> Decisions:
    """The decisions of a workspace: beside its events, or in the database that is named."""
    from leadapron.store.decisions import Decisions  # SQLAlchemy and Alembic load slowly

    where: Path | str = database or workspace.path
    return Decisions.open(where)
