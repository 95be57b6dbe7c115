"""The plan in a terminal: what to begin with, the list of all, what changed, what was accepted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, tzinfo

from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.text import Text

from leadapron.model.plan import ChangeKind, WorkStatus
from leadapron.report.plan.contract import AcceptedEntry, ActionEntry, ChangeEntry, PlanDocument
from leadapron.report.plan.page import first_actions, works_to_decide
from leadapron.report.plan.vocabulary import CHANGES, PlanNames
from leadapron.report.screen import columns, facts, heading, held, mark, plain, show, sources
from leadapron.report.words import Words, words

ROWS = 40
"""Actions in the list; the page and the JSON document have all."""
WIDE = 100
"""Columns from which on the list has room for who leads and who owns."""
_MARK = 12
"""Columns of a severity."""


def render_plan_terminal(plan: PlanDocument, console: Console, *, zone: tzinfo = UTC) -> None:
    """Summary, what to begin with, all actions, changes, accepted risks."""
    say = words(plan.language, zone=zone)
    show(_summary(plan, say), console)
    if plan.actions:
        show(_first(plan, say), console)
        show(_list(plan, say, wide=console.width >= WIDE), console)
    if plan.changes.since:
        show(_changes(plan, say), console)
    for title, entries in (
        (say.gettext("Run out, and back in the plan"), plan.lapsed),
        (say.gettext("Accepted, and left out of the plan"), plan.accepted),
    ):
        if entries:
            show(_risks(title, entries, say), console)


def _summary(plan: PlanDocument, say: Words) -> RenderableType:
    _ = say.gettext
    limits = Text("\n").join(plain(f"· {one}", "dim") for one in plan.summary.limits)
    return Panel(
        Group(
            plain(" ".join(plan.summary.verdict)),
            Text(),
            plain(_("How far to trust this plan"), "bold"),
            limits,
            *((Text(), sources(plan.feeds, say)) if plan.feeds else ()),
        ),
        title=plain(_("Plan for imaging security"), "bold"),
        title_align="left",
        padding=(1, 2),
    )


def _first(plan: PlanDocument, say: Words) -> RenderableType:
    names = PlanNames(say)
    parts: list[RenderableType] = [heading(say.gettext("What to do this week first"))]
    parts += [_action(one, names, say) for one in first_actions(plan)]
    bigger = works_to_decide(plan)
    if bigger:
        lines = [(say.number(one.rank), f"{one.title}\n{names.granted(one)}") for one in bigger]
        parts += [heading(say.gettext("Bigger works to decide on meanwhile")), facts(*lines)]
    return Group(*parts)


def _action(one: ActionEntry, names: PlanNames, say: Words) -> RenderableType:
    title = Text.assemble(f"{one.rank}. ", mark(one.severity, say), " ", (held(one.title), "bold"))
    return Group(title, facts(*names.facts(one)), Text())


def _list(plan: PlanDocument, say: Words, *, wide: bool) -> RenderableType:
    """One row an action. Its reference never folds, so that it can be copied; where it is narrow, who leads and who
    owns stand under the title."""
    _, names = say.gettext, PlanNames(say)
    people = ((_("Led by"), 0), (_("Owner"), 0)) if wide else ()
    table = columns(
        (_("Place"), 3), (_("Action"), 0), (_("Severity"), _MARK), *people, (_("Work"), 6), (_("Reference"), 14)
    )
    table.columns[-1].no_wrap = True
    for one in plan.actions[:ROWS]:
        said = names.status(one) if one.status is not WorkStatus.OPEN else ""
        owner = " ".join(filter(None, (one.owner, one.due.isoformat() if one.due else "", said)))
        who = (plain(one.who[0].name if one.who else ""), plain(owner, "bold red" if one.overdue else ""))
        under = [text for text in who if text.plain]
        title = plain(one.title)
        table.add_row(
            plain(say.number(one.rank)),
            title if wide else Text("\n").join((title, Text(" · ", "dim").join(under))),
            mark(one.severity, say),
            *(who if wide else ()),
            plain(names.hours(one)),
            plain(one.id, "dim"),
        )
    parts: list[RenderableType] = [heading(_("All actions")), table]
    more = len(plan.actions) - ROWS
    if more > 0:
        sentence = say.ngettext("{n} further action is not shown", "{n} further actions are not shown", more)
        parts += [Text(), plain(f"{sentence} (--html, --csv, --json)", "dim")]
    return Group(*parts)


def _changes(plan: PlanDocument, say: Words) -> RenderableType:
    _, changes = say.gettext, plan.changes
    when = say.minute(changes.since) if changes.since else ""
    since = _("Since the run of {when}. Unchanged findings: {n}.").format(when=when, n=say.number(changes.same))
    lines = [_change(kind, changes.of(kind), say) for kind in CHANGES if changes.of(kind)]
    return Group(heading(_("What changed")), plain(since), *lines)


def _change(kind: ChangeKind, entries: Sequence[ChangeEntry], say: Words) -> RenderableType:
    named = "\n".join(f"{one.title} – {one.label}" for one in entries)
    return facts((f"{PlanNames(say).change(kind)} {say.number(len(entries))}", named))


def _risks(title: str, entries: Iterable[AcceptedEntry], say: Words) -> RenderableType:
    _ = say.gettext
    parts: list[RenderableType] = [heading(title)]
    parts += [
        facts(
            (_("Acceptance {n}").format(n=one.id), "\n".join(one.covers)),
            (_("By"), _("{name}, {day}").format(name=one.name, day=say.day(one.at))),
            (_("Reason"), one.reason),
            (_("Until"), say.calendar_day(one.expires)),
        )
        for one in entries
    ]
    return Group(*parts)
