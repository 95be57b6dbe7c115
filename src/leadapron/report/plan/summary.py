"""What a manager reads of the plan: what to begin with, how much work it is, what changed, what is not known."""

from __future__ import annotations

from collections.abc import Sequence

from leadapron.model.plan import ChangeKind, Plan, WorkStatus
from leadapron.model.procedures import AnswerState
from leadapron.report.contract import Document
from leadapron.report.plan.contract import ActionEntry, ChangesEntry, PlanSummary
from leadapron.report.summary import stale_sources
from leadapron.report.words import N_, Words


def summarise_plan(
    plan: Plan,
    actions: Sequence[ActionEntry],
    changes: ChangesEntry,
    assessed: Document,
    states: Sequence[AnswerState],
    say: Words,
) -> PlanSummary:
    """Verdict, numbers and limits of one plan. `states` are those of all questions."""
    waiting = [one for one in actions if one.status is not WorkStatus.DONE]
    return PlanSummary(
        verdict=tuple(_verdict(plan, actions, waiting, changes, say)),
        actions=len(actions),
        hours=plan.hours,
        findings=len({finding for one in actions for finding in one.fixes}),
        unassigned=sum(not one.owner for one in waiting),
        overdue=sum(one.overdue for one in actions),
        limits=tuple(_limits(plan, actions, assessed, states, say)),
    )


def plan_tiles(summary: PlanSummary) -> tuple[tuple[int, str, str], ...]:
    """The numbers of the page, with the name of one and of many: for `Words.noun`."""
    return (
        (summary.actions, N_("action"), "actions"),
        (round(summary.hours), N_("hour of work"), "hours of work"),
        (summary.findings, N_("finding settled"), "findings settled"),
        (summary.unassigned, N_("action without an owner"), "actions without an owner"),
        (summary.overdue, N_("action overdue"), "actions overdue"),
    )


def _verdict(
    plan: Plan, actions: Sequence[ActionEntry], waiting: Sequence[ActionEntry], changes: ChangesEntry, say: Words
) -> list[str]:
    _ = say.gettext
    if not actions:
        return [
            _("Nothing to do follows from what was seen and answered. That is no proof of safety: read the limits.")
        ]
    sentences = [
        say.ngettext("{n} action, ", "{n} actions, ", len(actions))
        + say.ngettext("about {n} hour of work in all.", "about {n} hours of work in all.", round(plan.hours)),
        *(_("Begin with “{title}”.").format(title=one.title.rstrip(".")) for one in waiting[:1]),
    ]
    overdue = sum(one.overdue for one in actions)
    if overdue:
        sentences.append(say.ngettext("{n} action is overdue.", "{n} actions are overdue.", overdue))
    if plan.lapsed:
        sentences.append(
            say.ngettext(
                "{n} accepted risk has run out and is back in the plan.",
                "{n} accepted risks have run out and are back in the plan.",
                len(plan.lapsed),
            )
        )
    return sentences + _since(changes, say)


def _since(changes: ChangesEntry, say: Words) -> list[str]:
    if changes.since is None:
        return []
    new, fixed, back = (len(changes.of(kind)) for kind in (ChangeKind.NEW, ChangeKind.FIXED, ChangeKind.BACK))
    if not any((new, fixed, back, changes.of(ChangeKind.UNSEEN))):
        return [say.gettext("Nothing changed since {day}.").format(day=say.day(changes.since))]
    return [
        say.gettext("Since {day}: {new} new, {fixed} fixed, {back} back again.").format(
            day=say.day(changes.since), new=say.number(new), fixed=say.number(fixed), back=say.number(back)
        )
    ]


def _limits(
    plan: Plan, actions: Sequence[ActionEntry], assessed: Document, states: Sequence[AnswerState], say: Words
) -> list[str]:
    _, unanswered = say.gettext, states.count(AnswerState.UNANSWERED)
    limits = [_("Reading was stopped before the end: the plan rests on a part of the traffic.")] * assessed.interrupted
    limits += [
        _(
            "Hours are orders of magnitude, and points of harm only compare actions of this plan. The maker’s consent "
            "and radiology’s timetable come before any order."
        )
    ]
    if any(one.stops for one in actions):
        limits.append(_("Idle hours are those in which no exam was seen: an emergency room keeps no timetable."))
    limits += stale_sources(assessed.feeds, say)
    if plan.unsettled:
        limits.append(
            say.ngettext(
                "For {n} finding no action is known here; it is listed at the end.",
                "For {n} findings no action is known here; they are listed at the end.",
                len(plan.unsettled),
            )
        )
    if unanswered:
        limits.append(
            _(
                "Procedure questions that nobody has answered: {n} of {all}. What they ask about is not in the plan "
                "(leadapron procedures ask)."
            ).format(n=say.number(unanswered), all=say.number(len(states)))
        )
    return limits
