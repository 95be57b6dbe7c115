"""A plan, the assessment's document and the words of actions become a document in one language."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from leadapron.assess.plan import Action, load_actions
from leadapron.model.plan import AcceptedRisk, Assignment, Change, ChangeKind, Changes, Plan, PlannedAction, WorkStatus
from leadapron.model.procedures import QuestionState
from leadapron.report.contract import Document, FindingEntry
from leadapron.report.hostile import harmless
from leadapron.report.plan.contract import (
    PLAN,
    AcceptedEntry,
    ActionEntry,
    ChangeEntry,
    ChangesEntry,
    PlanDocument,
)
from leadapron.report.plan.sentences import ActionWords, Known
from leadapron.report.plan.summary import summarise_plan
from leadapron.report.practices.compose import Asked
from leadapron.report.practices.contract import QuestionEntry
from leadapron.report.sentences import RuleWords
from leadapron.report.words import words
from leadapron.rules.lint import placeholders


def plan_document(
    plan: Plan,
    assessed: Document,
    *,
    states: Iterable[QuestionState] = (),
    changes: Changes | None = None,
    rules: Iterable[RuleWords] = (),
    actions: Mapping[str, Action] | None = None,
) -> PlanDocument:
    """The plan in the language of `assessed`, which is the document of the assessment it was made from.

    `states` are those the plan was made from; `rules` give findings that are gone their titles.
    """
    say = words(assessed.language)
    safe, asked = harmless(plan), Asked(say)
    known = Known(
        findings={finding.id: finding for finding in assessed.findings},
        questions={state.id: asked.entry(state) for state in states},
        labels={asset.id: asset.label for asset in assessed.assets},
    )
    spoken = ActionWords(load_actions() if actions is None else actions, known, asked, say)
    entries = tuple(_action(rank, one, spoken, safe) for rank, one in enumerate(safe.actions, start=1))
    accepted = tuple(_accepted(one, known, spoken) for one in safe.accepted)
    answers = tuple(question.state for question in known.questions.values())
    titles = {rule.name: rule.texts[say.language].title for rule in rules if say.language in rule.texts}
    changed = _changes(harmless(changes) if changes else Changes(since=None), known, titles)
    return PlanDocument(
        schema=PLAN,
        version=assessed.version,
        language=say.language,
        generated=safe.generated,
        interrupted=assessed.interrupted,
        summary=summarise_plan(safe, entries, changed, assessed, answers, say),
        actions=entries,
        accepted=accepted,
        lapsed=tuple(_accepted(one, known, spoken) for one in safe.lapsed),
        changes=changed,
        unsettled=safe.unsettled,
        findings=_findings(safe, known),
        questions=_questions(safe, known),
        feeds=assessed.feeds,
    )


def _action(rank: int, one: PlannedAction, spoken: ActionWords, plan: Plan) -> ActionEntry:
    said = one.assignment or Assignment(action=one.id, by="", at=plan.generated)
    late = said.due is not None and said.due < plan.generated.date() and said.status is not WorkStatus.DONE
    return ActionEntry(
        id=one.id,
        rank=rank,
        action=one.action,
        kind=one.kind,
        title=spoken.title(one),
        severity=one.severity,
        harm=spoken.harm(one),
        subjects=spoken.subjects(one),
        assets=one.assets,
        partners=one.partners,
        who=spoken.who(one),
        hours=one.hours,
        approval=one.approval,
        downtime=one.downtime,
        patch=one.patch,
        steps=spoken.steps(one),
        stops=tuple(map(spoken.stop, one.windows)),
        patching=spoken.patching(one.patching) if one.patching else None,
        fixes=one.findings,
        questions=one.questions,
        breaks=spoken.part(one, "breaks"),
        instead=spoken.part(one, "instead"),
        instead_reason=one.instead,
        instead_because=spoken.because(one.instead) if one.instead else "",
        done_when=spoken.part(one, "done_when"),
        points=one.harm,
        points_per_hour=one.rank,
        first=spoken.first(one),
        reasons=spoken.reasons(one),
        citations=one.citations,
        owner=said.owner,
        due=said.due,
        status=said.status,
        note=said.note,
        said_by=said.by,
        said_at=said.at if one.assignment else None,
        overdue=late,
    )


def _accepted(one: AcceptedRisk, known: Known, spoken: ActionWords) -> AcceptedEntry:
    acceptance = one.acceptance
    return AcceptedEntry(
        id=acceptance.id,
        target=acceptance.target,
        covers=tuple(map(known.named, acceptance.covers)),
        still=tuple(map(known.named, one.still)),
        name=acceptance.name,
        reason=acceptance.reason,
        expires=acceptance.expires,
        at=acceptance.at,
    )


def _changes(changes: Changes, known: Known, titles: Mapping[str, str]) -> ChangesEntry:
    return ChangesEntry(
        since=changes.since,
        version=changes.version,
        same=len(changes.of(ChangeKind.SAME)),
        changes=tuple(_change(one, known, titles) for one in changes.changes if one.kind is not ChangeKind.SAME),
    )


def _change(change: Change, known: Known, titles: Mapping[str, str]) -> ChangeEntry:
    """A finding that is gone has its rule's title, unless that names values nobody has any more."""
    found = known.findings.get(change.finding)
    title = titles.get(change.rule, "")
    return ChangeEntry(
        kind=change.kind,
        finding=change.finding,
        rule=change.rule,
        title=found.title if found else (change.rule if not title or placeholders(title) else title),
        label=found.subject.label if found else change.label,
        severity=change.severity,
        first=change.first,
        last=change.last,
    )


def _findings(plan: Plan, known: Known) -> tuple[FindingEntry, ...]:
    """Those the plan speaks of, in their rank."""
    named = {
        *plan.unsettled,
        *(finding for action in plan.actions for finding in action.findings),
        *(item for risk in (*plan.accepted, *plan.lapsed) for item in risk.acceptance.covers),
    }
    return tuple(finding for finding in known.findings.values() if finding.id in named)


def _questions(plan: Plan, known: Known) -> tuple[QuestionEntry, ...]:
    named = {
        *(question for action in plan.actions for question in action.questions),
        *(item for risk in (*plan.accepted, *plan.lapsed) for item in risk.acceptance.covers),
    }
    return tuple(question for question in known.questions.values() if question.id in named)
