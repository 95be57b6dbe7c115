"""The plan as tickets: one row an action, with the columns that help desks import."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping

from leadapron.model.findings import Severity
from leadapron.model.plan import Approval, WorkStatus
from leadapron.report.contract import FindingEntry
from leadapron.report.plan.contract import ActionEntry, PlanDocument
from leadapron.report.plan.vocabulary import PlanNames
from leadapron.report.spreadsheet import SEPARATORS, cell
from leadapron.report.vocabulary import several
from leadapron.report.words import N_, Language, Words, words

COLUMNS = ("key", "summary", "description", "assignee", "due_date", "priority", "labels", "status", "hours")
"""The same in every language. `labels` are separated by spaces; dates are ISO dates."""

_BYTE_ORDER_MARK = "\ufeff"
_PRIORITIES = {
    Severity.CRITICAL: "highest",
    Severity.HIGH: "high",
    Severity.MEDIUM: "medium",
    Severity.LOW: "low",
    Severity.INFO: "lowest",
}
_SETTLED = 20
"""Findings named in a ticket; the plan's page has all."""


def plan_csv(plan: PlanDocument) -> str:
    """Tickets as CSV, byte order mark included; write it as UTF-8 without translating ends of lines."""
    say = words(plan.language)
    findings = {finding.id: finding for finding in plan.findings}
    output = io.StringIO(newline="")
    output.write(_BYTE_ORDER_MARK)
    writer = csv.writer(output, delimiter=SEPARATORS[Language(plan.language)], quoting=csv.QUOTE_ALL)
    writer.writerow(COLUMNS)
    writer.writerows(map(cell, _row(one, findings, say)) for one in plan.actions)
    return output.getvalue()


def _row(one: ActionEntry, findings: Mapping[str, FindingEntry], say: Words) -> tuple[object, ...]:
    return (
        one.id,
        one.title,
        "\n\n".join(f"{title}\n{text}" for title, text in _description(one, findings, say) if text),
        one.owner,
        one.due.isoformat() if one.due else "",
        _PRIORITIES[one.severity],
        " ".join(_labels(one)),
        one.status,
        one.hours,
    )


def _labels(one: ActionEntry) -> Iterator[str]:
    yield "leadapron"
    yield one.kind
    yield from (person.id for person in one.who)
    if one.downtime:
        yield "downtime"
    if one.patch:
        yield "patch"
    if one.approval is not Approval.NO:
        yield "ask-maker"
    if one.overdue and one.status is not WorkStatus.DONE:
        yield "overdue"


def _description(one: ActionEntry, findings: Mapping[str, FindingEntry], say: Words) -> Iterator[tuple[str, str]]:
    _, names = say.gettext, PlanNames(say)
    yield _(N_("What to do")), _listed(names.steps(one))
    yield _(N_("Concerns")), several(one.subjects, _SETTLED, say)
    yield _(N_("Settles")), _listed(_settled(one, findings, say))
    yield _(N_("Before")), " ".join(filter(None, (names.disturbs(one), one.patching.text if one.patching else "")))
    yield _(N_("When")), _listed(names.when(one))
    yield _(N_("What it may break")), one.breaks
    title = _(N_("Instead, for now")) if one.instead_because else _(N_("If it cannot be done"))
    yield title, " ".join(filter(None, (one.instead_because, one.instead)))
    yield _(N_("Done when")), one.done_when
    yield _(N_("Why it stands here")), " ".join(one.reasons)
    yield _(N_("Note")), one.note


def _listed(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _settled(one: ActionEntry, findings: Mapping[str, FindingEntry], say: Words) -> Iterator[str]:
    """Findings with their subject and where to look first."""
    known = [findings[name] for name in one.fixes if name in findings]
    for finding in known[:_SETTLED]:
        proof = next((f" ({ref.sensor}, frame.number == {ref.packet})" for ref in finding.evidence), "")
        yield f"{finding.title} – {finding.subject.label}{proof} [{finding.id}]"
    if len(known) > _SETTLED:
        yield say.ngettext("{n} further finding", "{n} further findings", len(known) - _SETTLED)
