"""Which controls of a framework are met, with what that rests on. Silence meets nothing. Pure.

A control has the weakness rules and the questions that are mapped to it. A question counts once:

| it counts | when                                                                                        |
|-----------|---------------------------------------------------------------------------------------------|
| for       | answered yes with something to show, or measured so; nothing surely measured is worse       |
| in part   | answered yes with nothing to show; likewise partial; answered better than measured in part  |
| against   | likewise no; or answered better than measured, and measured as no                           |
| open      | neither answered today nor measured; a weakness alone answers no question                   |
| not       | answered n/a                                                                                |

Findings speak against a control when its rules or its questions name their rule; those that are only `possible` are
doubts.

| control        | when                                                                                      |
|----------------|-------------------------------------------------------------------------------------------|
| met            | it has questions, all that apply count for it, and neither finding nor doubt is against it |
| not met        | something is against it, and nothing for it, not even in part                             |
| met in part    | something in part, or both for and against it                                             |
| does not apply | every question was answered so, and nothing is against it                                 |
| not known      | everything else: questions open, or only doubts                                           |
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from enum import StrEnum

from leadapron.model.events import ProcedureAnswer
from leadapron.model.findings import Confidence, Finding
from leadapron.model.procedures import (
    AnswerState,
    ControlCoverage,
    ControlState,
    FrameworkCoverage,
    Proposal,
    QuestionState,
    Reason,
)
from leadapron.rules.controls import Framework
from leadapron.rules.rule import Rule


class _Says(StrEnum):
    """How one question counts, by the message that says so."""

    ANSWERED_YES = "answered-yes"
    UNPROVEN = "unproven"
    MEASURED_YES = "measured-yes"
    IN_PART = "in-part"
    NOT_IN_PLACE = "not-in-place"
    CONTRADICTED = "contradicted"
    CONTRADICTED_IN_PART = "contradicted-in-part"
    OPEN = "open"
    NOT_APPLICABLE = "not-applicable"


_FOR = frozenset({_Says.ANSWERED_YES, _Says.MEASURED_YES})
_PARTLY = frozenset({_Says.UNPROVEN, _Says.IN_PART, _Says.CONTRADICTED_IN_PART})
_AGAINST = frozenset({_Says.NOT_IN_PLACE, _Says.CONTRADICTED})
_ANSWERED = {
    AnswerState.YES: _Says.ANSWERED_YES,
    AnswerState.PARTIAL: _Says.IN_PART,
    AnswerState.NO: _Says.NOT_IN_PLACE,
    AnswerState.NOT_APPLICABLE: _Says.NOT_APPLICABLE,
}
_MEASURED = {
    ProcedureAnswer.YES: _Says.MEASURED_YES,
    ProcedureAnswer.PARTIAL: _Says.IN_PART,
    ProcedureAnswer.NO: _Says.NOT_IN_PLACE,
}


def coverage(
    frameworks: Mapping[str, Framework],
    rules: Iterable[Rule],
    states: Iterable[QuestionState],
    findings: Iterable[Finding],
) -> tuple[FrameworkCoverage, ...]:
    """Each framework's controls in its own order. `states` come from `assess.procedures.judge`."""
    asked, known = tuple(states), tuple(rules)
    by_rule: dict[str, list[Finding]] = {}
    for finding in findings:
        by_rule.setdefault(finding.rule, []).append(finding)
    return tuple(_framework(framework, known, asked, by_rule) for framework in frameworks.values())


def _framework(
    framework: Framework, rules: tuple[Rule, ...], states: tuple[QuestionState, ...], found: Mapping[str, list[Finding]]
) -> FrameworkCoverage:
    controls = []
    for control in framework.controls:
        mapped = tuple(rule.name for rule in rules if control.id in rule.controls.get(framework.id, ()))
        asked = tuple(state for state in states if control.id in state.question.controls.get(framework.id, ()))
        named = dict.fromkeys((*mapped, *(rule for state in asked for rule in state.question.contradicted_by)))
        findings = tuple(finding for rule in named for finding in found.get(rule, ()))
        controls.append(_control(control.id, mapped, asked, findings))
    counts = Counter(control.state for control in controls)
    return FrameworkCoverage(
        framework=framework.id,
        controls=tuple(controls),
        counts={state: counts[state] for state in ControlState},
    )


def _control(
    control: str, rules: tuple[str, ...], states: tuple[QuestionState, ...], findings: tuple[Finding, ...]
) -> ControlCoverage:
    says = Counter(_says(state) for state in states)
    possible = sum(finding.confidence is Confidence.POSSIBLE for finding in findings)
    certain = len(findings) - possible
    doubts = possible + sum(_doubted_by_measure(state) for state in states)
    return ControlCoverage(
        control=control,
        state=_state(says, certain, doubts),
        reasons=_reasons(says, certain, doubts),
        rules=rules,
        questions=tuple(state.id for state in states),
        findings=tuple(finding.id for finding in findings),
    )


def _says(state: QuestionState) -> _Says:
    """The answer where there is one today, else what was measured with some certainty."""
    if state.state is AnswerState.CONTRADICTED:
        return _Says.CONTRADICTED_IN_PART if state.points else _Says.CONTRADICTED
    proposal = state.proposal
    if state.state in _ANSWERED:
        shown = bool(state.answer and state.answer.evidence) or _measured(proposal) is _Says.MEASURED_YES
        return _ANSWERED[state.state] if shown or state.state is not AnswerState.YES else _Says.UNPROVEN
    return _measured(proposal)


def _measured(proposal: Proposal | None) -> _Says:
    """What measurement says by itself; a weakness alone answers no question."""
    if proposal is None or proposal.sure is Confidence.POSSIBLE or all(basis.findings for basis in proposal.basis):
        return _Says.OPEN
    return _MEASURED.get(proposal.answer, _Says.OPEN)


def _doubted_by_measure(state: QuestionState) -> bool:
    """Answered, and a measure that is not sure points to a worse answer; findings are counted by themselves."""
    return state.state is not AnswerState.CONTRADICTED and any(not basis.findings for basis in state.against)


def _state(says: Counter[_Says], certain: int, doubts: int) -> ControlState:
    positive = sum(says[one] for one in _FOR)
    negative = sum(says[one] for one in _AGAINST) + certain
    partial = sum(says[one] for one in _PARTLY)
    if negative and not positive and not partial:
        return ControlState.NOT_MET
    if partial or (positive and negative):
        return ControlState.PARTLY
    if says[_Says.OPEN] or doubts:
        return ControlState.NOT_KNOWN
    if positive:
        return ControlState.MET
    return ControlState.NOT_APPLICABLE if says[_Says.NOT_APPLICABLE] else ControlState.NOT_KNOWN


def _reasons(says: Counter[_Says], certain: int, doubts: int) -> tuple[Reason, ...]:
    """What was found first, then what was said."""
    total = sum(says.values())
    reasons = [Reason(message="coverage.findings", params={"count": certain})] if certain else []
    if doubts:
        reasons.append(Reason(message="coverage.doubts", params={"count": doubts}))
    if not reasons and says[_Says.OPEN] == total:
        return (Reason(message="coverage.nobody-asked" if total else "coverage.not-asked-here"),)
    reasons += (
        Reason(message=f"coverage.{one}", params={"count": says[one], "total": total}) for one in _Says if says[one]
    )
    return tuple(reasons)
