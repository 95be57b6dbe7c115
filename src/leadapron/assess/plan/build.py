"""Puts the plan together: works and practices, less what is accepted, with all that is known of each, in order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, tzinfo

from msgspec.structs import replace

from leadapron.assess.plan.actions import Action
from leadapron.assess.plan.gather import Work, gather, unfixed
from leadapron.assess.plan.harm import (
    STATE_SHARE,
    begin_with,
    exams_of,
    hours_for,
    is_exploited,
    points_of,
    unit_points,
)
from leadapron.assess.plan.patching import patching
from leadapron.assess.plan.practices import contradicted, practice_actions
from leadapron.assess.plan.shelter import Shelter, shelter
from leadapron.assess.plan.site import Site
from leadapron.assess.plan.windows import Days, idle_windows, observed_days
from leadapron.model.findings import WORST_FIRST, Citation, Finding
from leadapron.model.picture import Picture
from leadapron.model.plan import (
    Acceptance,
    AcceptedRisk,
    ActionKind,
    Approval,
    Assignment,
    Compensate,
    Decided,
    HarmPart,
    Instead,
    Patching,
    PatchWord,
    Plan,
    PlannedAction,
    Scope,
    Windows,
    WorkStatus,
)
from leadapron.model.procedures import QuestionState, Who

CITATIONS = 6
"""Sources an action quotes, those of its worst findings first."""

DIGITS = 3
"""Decimals of points: what differs by less is the same."""


def plan(
    picture: Picture,
    findings: Iterable[Finding],
    actions: Mapping[str, Action],
    *,
    now: datetime,
    practices: Iterable[QuestionState] = (),
    decided: Decided | None = None,
    zone: tzinfo = UTC,
) -> Plan:
    """What to do, first things first. `findings` are those of the same picture; `zone` is where its hours are lived.

    Accepted findings and questions are left out while their acceptance holds on the day of `now`.
    """
    site, found, states, decided = Site(picture), tuple(findings), tuple(practices), decided or Decided()
    present = {finding.id for finding in found} | {state.id for state in states if state.state in STATE_SHARE}
    accepted, lapsed = _risks(decided, present, now)
    covered = frozenset(item for one in accepted for item in one.acceptance.covers)
    open_ = tuple(finding for finding in found if finding.id not in covered)
    works, unsettled = gather(site, open_, actions)
    left = {work.id for work in gather(site, found, actions)[0]}
    left.update(one.id for one in practice_actions(states, actions, frozenset()))
    seen, against = observed_days(picture.inventory.sources, zone), contradicted(states)
    planned = [
        *(_planned(site, work, shelter(site, work, open_), against, seen, zone) for work in works),
        *practice_actions(states, actions, covered),
    ]
    explained = [_explained(one, picture, decided.assignments.get(one.id), lapsed, now) for one in planned]
    return Plan(
        generated=now,
        actions=tuple(sorted(explained, key=lambda one: (-one.rank, -one.harm, one.id))),
        accepted=accepted,
        lapsed=lapsed,
        closed=tuple(one for action, one in sorted(decided.assignments.items()) if action not in left),
        unsettled=unsettled,
        hours=sum(one.hours for one in planned),
    )


def _risks(
    decided: Decided, present: set[str], now: datetime
) -> tuple[tuple[AcceptedRisk, ...], tuple[AcceptedRisk, ...]]:
    """Risks that hold as accepted, and those whose day has passed though they are still there."""

    def still(one: Acceptance) -> tuple[str, ...]:
        return tuple(item for item in one.covers if item in present)

    accepted = [AcceptedRisk(acceptance=one, still=still(one)) for one in decided.acceptances if one.holds(now)]
    renewed = {item for one in accepted for item in one.still}
    ended = [one for one in decided.acceptances if one.revoked is None and not one.holds(now)]
    lapsed = [
        AcceptedRisk(acceptance=one, still=left)
        for one in ended
        if (left := tuple(item for item in still(one) if item not in renewed))
    ]
    return tuple(accepted), tuple(lapsed)


def _planned(
    site: Site, work: Work, walled: Shelter, against: Mapping[str, tuple[str, ...]], seen: Days, zone: tzinfo
) -> PlannedAction:
    action, assets = work.action, tuple(sorted({*work.assets, *walled.devices}))
    points = {finding.id: points_of(finding, site.all_exams) for finding in work.findings}
    shared = Counter(unit_points(work, points))
    shared.update(walled.devices)
    points.update(walled.findings)
    beginning = begin_with(shared, action.hours)
    partners = sorted(set(shared) - set(assets)) if action.scope in (Scope.SERVER, Scope.LINK) else []
    word = patching(site.declarations, assets) if action.patch else None
    return PlannedAction(
        id=work.id,
        action=action.id,
        kind=ActionKind.REMEDY,
        scope=action.scope,
        subject=work.subject,
        count=max(len(assets), 1),
        partners=len(partners),
        assets=assets,
        findings=tuple(finding.id for finding in work.findings),
        questions=tuple(sorted({one for finding in work.findings for one in against.get(finding.id, ())})),
        who=_who(action, word),
        hours=hours_for(action.hours, len(shared)),
        approval=_approval(action, word),
        downtime=action.downtime,
        patch=action.patch,
        windows=_windows(site, assets, partners, seen, zone) if action.downtime else (),
        patching=word,
        instead=_instead(work, word),
        severity=min((finding.severity for finding in work.findings), key=WORST_FIRST.index),
        harm=sum(points.values()),
        parts=tuple(
            HarmPart(id=name, points=value) for name, value in sorted(points.items(), key=lambda one: (-one[1], one[0]))
        ),
        rank=beginning.rank,
        first=beginning.units if len(beginning.units) < len(shared) else (),
        reasons=_reasons(work.findings, len(walled.findings)),
        citations=_citations(work.findings),
    )


def _who(action: Action, word: Patching | None) -> tuple[Who, ...]:
    """Those of the action; the maker too when its form says that it installs updates itself."""
    maker = word is not None and word.word is PatchWord.MAKER and Who.VENDOR not in action.who
    return (*action.who, Who.VENDOR) if maker else action.who


def _approval(action: Action, word: Patching | None) -> Approval:
    """The form's word counts more than what is usual."""
    if word is None:
        return action.approval
    return Approval.NO if word.word is PatchWord.OWNER else Approval.YES


def _windows(
    site: Site, devices: Iterable[str], partners: Iterable[str], seen: Days, zone: tzinfo
) -> tuple[Windows, ...]:
    """Devices one by one: they are stopped one after the other, and partners when their own room is empty."""
    makers = (partner for partner in partners if partner in site.busy)
    return tuple(idle_windows(site, device, seen, zone) for device in (*devices, *makers))


def _instead(work: Work, word: Patching | None) -> Instead | None:
    """Why the remedy cannot be carried out now."""
    if work.action.compensate is Compensate.ALWAYS:
        return Instead.END_OF_SUPPORT
    if work.action.compensate is Compensate.UNFIXED:
        if all(unfixed(finding) for finding in work.findings):
            return Instead.NO_FIX
        if word is not None and word.word is PatchWord.NOBODY:
            return Instead.FORBIDDEN
    return None


def _reasons(findings: tuple[Finding, ...], sheltered: int) -> tuple[str, ...]:
    worst = min((finding.severity for finding in findings), key=WORST_FIRST.index)
    exams = max(exams_of(finding) for finding in findings)
    exploited = sum(is_exploited(finding) for finding in findings)
    return (
        f"order.severity={worst}",
        *((f"order.findings={len(findings)}",) if len(findings) > 1 else ()),
        *((f"order.shelters={sheltered}",) if sheltered else ()),
        *((f"order.exams={exams}",) if exams else ()),
        *((f"order.exploited={exploited}",) if exploited else ()),
    )


def _citations(findings: tuple[Finding, ...]) -> tuple[Citation, ...]:
    return tuple(dict.fromkeys(one for finding in findings for one in finding.citations))[:CITATIONS]


def _explained(
    action: PlannedAction,
    picture: Picture,
    assignment: Assignment | None,
    lapsed: tuple[AcceptedRisk, ...],
    now: datetime,
) -> PlannedAction:
    """The action with its assignment, and every reason of its place."""
    back = [one.acceptance.name for one in lapsed if not set(one.still).isdisjoint(action.items)]
    reasons = (
        *action.reasons,
        *((f"order.contradicts={len(action.questions)}",) if _contradicts(action) else ()),
        f"order.harm={action.harm:.1f}",
        f"order.hours={action.hours:g}",
        *((f"order.first={len(action.first)}",) if action.first else ()),
        f"order.rank={action.rank:.2g}",
        *(f"order.lapsed={name}" for name in dict.fromkeys(back)),
        *(_said(action, picture, assignment, now) if assignment else ()),
    )
    return replace(
        action,
        harm=round(action.harm, DIGITS),
        rank=round(action.rank, DIGITS),
        parts=tuple(replace(part, points=round(part.points, DIGITS)) for part in action.parts),
        reasons=reasons,
        assignment=assignment,
    )


def _contradicts(action: PlannedAction) -> bool:
    return action.kind is ActionKind.REMEDY and bool(action.questions)


def _said(action: PlannedAction, picture: Picture, assignment: Assignment, now: datetime) -> tuple[str, ...]:
    """What its assignment says that the plan does not bear out."""
    if assignment.status is WorkStatus.DONE:
        if action.kind is not ActionKind.REMEDY:
            return (f"order.answer-again={assignment.at.date()}",)
        last = picture.inventory.quality.last
        measured = last is not None and last > assignment.at
        return (
            f"order.still-found={assignment.at.date()}" if measured else f"order.measure-again={assignment.at.date()}",
        )
    late = assignment.due is not None and assignment.due < now.date()
    return (f"order.overdue={assignment.due}",) if late else ()
