"""Chapters on the plan: what to do, what changed, what was accepted."""

from __future__ import annotations

from collections.abc import Container, Iterator

from leadapron.model.plan import WorkStatus
from leadapron.report.dossier.blocks import Block, Bullets, Cell, Heading, Paragraph, Table, Tone, cells, facts
from leadapron.report.dossier.network_chapters import severity_cell
from leadapron.report.plan.contract import AcceptedEntry, ActionEntry, PlanDocument
from leadapron.report.plan.page import first_actions
from leadapron.report.plan.vocabulary import CHANGES, PlanNames
from leadapron.report.vocabulary import SEVERITIES
from leadapron.report.words import Words


def plan_chapter(plan: PlanDocument, told: Container[str], say: Words) -> Iterator[Block]:
    """The first actions in full, then all in order. Limits that were `told` before are not repeated."""
    _, names = say.gettext, PlanNames(say)
    yield Heading(_("Plan"))
    yield Bullets(tuple(one for one in plan.summary.limits if one not in told))
    for one in first_actions(plan):
        yield Heading(f"{one.rank}. {one.title} ({_(SEVERITIES[one.severity])})", 3)
        yield facts(*names.facts(one))
    if plan.actions:
        yield Heading(_("All actions"), 3)
        yield Table(
            head=(_("Place"), _("Action"), _("Severity"), _("Led by"), _("Work"), _("Owner, due, status")),
            rows=tuple(_row(one, names, say) for one in plan.actions),
            widths=(0.7, 6.2, 1.2, 2.2, 0.8, 2.3),
            numbers=(0, 4),
        )


def _row(one: ActionEntry, names: PlanNames, say: Words) -> tuple[Cell, ...]:
    due = one.due.isoformat() if one.due else ""
    status = names.status(one) if one.owner or one.status is not WorkStatus.OPEN else ""
    told = ", ".join(filter(None, (one.owner, due, status)))
    return cells(
        say.number(one.rank),
        one.title,
        severity_cell(one.severity, say),
        one.who[0].name if one.who else "",
        names.hours(one),
        Cell(told, Tone.BAD) if one.overdue else told,
    )


def changes_chapter(plan: PlanDocument, say: Words) -> Iterator[Block]:
    """New, back again, fixed."""
    _, names, changes = say.gettext, PlanNames(say), plan.changes
    yield Heading(_("What changed"))
    if changes.since is None:
        yield Paragraph(
            _("There is no earlier run to compare with. The next plan will say what is new, fixed or back again.")
        )
        return
    yield Paragraph(
        _("Since the run of {when}. Unchanged findings: {n}.").format(
            when=say.minute(changes.since), n=say.number(changes.same)
        )
    )
    rows = tuple(
        cells(names.change(kind), severity_cell(one.severity, say), one.title, one.label)
        for kind in CHANGES
        for one in changes.of(kind)
    )
    if rows:
        yield Table(head=(_("Change"), _("Severity"), _("Finding"), _("Where")), rows=rows, widths=(1.5, 1.3, 4, 2))


def accepted_chapter(plan: PlanDocument, say: Words) -> Iterator[Block]:
    """Who accepted what, why, until when."""
    _ = say.gettext
    yield Heading(_("Accepted risks"))
    if not plan.accepted and not plan.lapsed:
        yield Paragraph(_("None. Whoever accepts a risk does so by name, with a reason, until a day."))
        return
    head = (_("What was accepted"), _("By"), _("Reason"), _("On"), _("Until"), _("Still there"))
    rows = (
        *(_risk(one, Tone.PLAIN, say) for one in plan.accepted),
        *(_risk(one, Tone.BAD, say) for one in plan.lapsed),
    )
    yield Table(head=head, rows=rows, widths=(3.4, 1.7, 2.6, 1.5, 1.5, 1))
    if plan.lapsed:
        yield Paragraph(_("Those whose day has passed are back in the plan."), Tone.SOFT)


def _risk(one: AcceptedEntry, tone: Tone, say: Words) -> tuple[Cell, ...]:
    return cells(
        "; ".join(one.covers),
        one.name,
        one.reason,
        say.day(one.at),
        Cell(say.calendar_day(one.expires), tone),
        say.gettext("yes") if one.still else say.gettext("no"),
    )
