"""Answers held against what was measured, and what would raise an area's score most. Pure: `now` is passed.

The state of a question:

| last answer     | measured worse, for sure | measured worse, perhaps    | nothing measured worse |
|-----------------|--------------------------|----------------------------|------------------------|
| yes, partial    | contradicted             | the answer, with a doubt   | the answer             |
| n/a             | contradicted             | n/a, with a doubt          | n/a                    |
| no, unknown     | the answer               | the answer                 | the answer             |
| too old, none   | expired, unanswered      | expired, unanswered        | expired, unanswered    |

Points: weight × 2 for yes, × 1 for partial, never more than what was measured allows, so that a better answer never
earns less. Only signed answers earn points; what measurement proposes counts once somebody confirms it.

What raises a score: *ask* where nobody answered, nobody knew, or the answer is too old, unless measurement already
says what is missing (half an hour each); *do* otherwise (the question's hours, half of them where it is half done).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from msgspec.structs import replace

from leadapron.assess.measures import EVIDENCE, listed, measured
from leadapron.assess.view import View
from leadapron.know.procedures.answers import expires_on
from leadapron.model.events import ProcedureAnswer, ProcedureAnswered
from leadapron.model.findings import SUREST_FIRST, Confidence, Finding
from leadapron.model.inventory import Flow
from leadapron.model.picture import Picture
from leadapron.model.procedures import (
    PARTIAL_POINTS,
    YES_POINTS,
    AnswerState,
    Area,
    AreaScore,
    Basis,
    Measure,
    Proposal,
    Question,
    QuestionState,
    Raise,
    Step,
)

ASK_HOURS = 0.5
"""Hours to find out and sign one answer."""

_POINTS = {
    ProcedureAnswer.YES: YES_POINTS,
    ProcedureAnswer.PARTIAL: PARTIAL_POINTS,
    ProcedureAnswer.NO: 0,
    ProcedureAnswer.NOT_APPLICABLE: 0,
    ProcedureAnswer.UNKNOWN: 0,
}
_CLAIMS = {ProcedureAnswer.YES: 2, ProcedureAnswer.NOT_APPLICABLE: 2, ProcedureAnswer.PARTIAL: 1}
"""How much an answer claims; no and unknown claim nothing, so nothing contradicts them."""

_SAME_FACT = {
    "against.asset-unlisted": "devices-listed",
    "against.no-mds2": "forms-held",
    "against.no-owner": "devices-owned",
    "against.no-sbom": "sboms-held",
    "against.os-no-date": "support-dates-known",
}
"""Fact from findings → measure that says the same with the numbers."""
_TO_ASK = frozenset({AnswerState.UNANSWERED, AnswerState.UNKNOWN, AnswerState.EXPIRED})


def judge(
    questions: Iterable[Question], picture: Picture, findings: Iterable[Finding], *, now: datetime
) -> tuple[QuestionState, ...]:
    """Where each question stands, in the order given. Answers are those of `picture.declarations`."""
    view = View(picture)
    facts = _Facts(view, findings, now)
    answers = picture.declarations.answers
    return tuple(_state(question, answers.get(question.id), facts, now) for question in questions)


def told_once(bases: Iterable[Basis]) -> tuple[Basis, ...]:
    """Facts for telling: where a measure names the very devices that findings name, it alone is told, with their
    proof. Judgement counts both."""
    known = tuple(bases)
    measures = {basis.message.split(".")[1]: basis for basis in known if basis.message.startswith("measure.")}
    doubles: dict[str, Basis] = {}
    for basis in known:
        measure = measures.get(_SAME_FACT.get(basis.message, ""))
        if measure and measure.params.get("missing") == basis.params.get("subjects"):
            doubles[measure.message] = basis
    merged = doubles.values()
    return tuple(_proved(one, doubles.get(one.message)) for one in known if not any(one is double for double in merged))


def _proved(measure: Basis, double: Basis | None) -> Basis:
    if double is None:
        return measure
    return replace(
        measure,
        findings=(*measure.findings, *double.findings),
        evidence=tuple(dict.fromkeys((*measure.evidence, *double.evidence))),
    )


def score(states: Iterable[QuestionState]) -> tuple[AreaScore, ...]:
    """Each area's parts, points and best next steps, in the areas' order; areas without a question are left out."""
    by_area: dict[Area, list[QuestionState]] = {area: [] for area in Area}
    for state in states:
        by_area[state.area].append(state)
    return tuple(_area(area, found) for area, found in by_area.items() if found)


class _Facts:
    """What was measured, looked up by rule and by measure."""

    def __init__(self, view: View, findings: Iterable[Finding], now: datetime) -> None:
        self.flows: Mapping[str, Flow] = {flow.id: flow for flow in view.inventory.flows}
        self.measures: Mapping[Measure, Basis] = measured(view, now=now)
        self.captured = view.inventory.quality.last
        self.by_rule: dict[str, list[Finding]] = {}
        for finding in findings:
            self.by_rule.setdefault(finding.rule, []).append(finding)

    def about(self, question: Question) -> tuple[Basis, ...]:
        """Everything measured that bears on a question."""
        against = [
            self._against(rule, answer, self.by_rule[rule])
            for rule, answer in question.contradicted_by.items()
            if rule in self.by_rule
        ]
        measures = (self.measures[measure] for measure in question.supported_by if measure in self.measures)
        return (*against, *measures)

    def _against(self, rule: str, answer: ProcedureAnswer, findings: list[Finding]) -> Basis:
        """The surest findings of one rule as one fact."""
        sure = min((finding.confidence for finding in findings), key=SUREST_FIRST.index)
        flows = [self.flows[flow] for finding in findings for flow in finding.flows if flow in self.flows]
        return Basis(
            message=f"against.{rule}",
            params={
                "findings": len(findings),
                "subjects": listed(finding.subject.label or finding.subject.id for finding in findings),
                "clients": len({flow.client for flow in flows}),
                "servers": len({flow.server for flow in flows}),
            },
            answer=answer,
            sure=sure,
            findings=tuple(finding.id for finding in findings),
            evidence=tuple(ref for finding in findings for ref in finding.evidence)[:EVIDENCE],
        )


def _state(question: Question, answer: ProcedureAnswered | None, facts: _Facts, now: datetime) -> QuestionState:
    bases = facts.about(question)
    current = _current(question, answer, bases, now)
    of = 0 if current.state is AnswerState.NOT_APPLICABLE else question.weight * YES_POINTS
    captured = facts.captured
    return QuestionState(
        question=question,
        state=current.state,
        answer=answer,
        expires=expires_on(question, answer) if answer else None,
        against=current.against,
        measured_before=bool(
            answer and captured and captured < answer.ts and any(basis.evidence for basis in current.against)
        ),
        proposal=_proposal(bases),
        points=question.weight * current.points,
        of=of,
    )


@dataclass(frozen=True)
class _Current:
    state: AnswerState
    against: tuple[Basis, ...] = ()
    points: int = 0


def _current(question: Question, answer: ProcedureAnswered | None, bases: tuple[Basis, ...], now: datetime) -> _Current:
    if answer is None:
        return _Current(AnswerState.UNANSWERED)
    if now.date() > expires_on(question, answer):
        return _Current(AnswerState.EXPIRED)
    given = answer.answer
    claim = _CLAIMS.get(given, 0)
    against = tuple(basis for basis in bases if _CLAIMS.get(basis.answer, 0) < claim)
    firm = [basis for basis in against if basis.sure is not Confidence.POSSIBLE]
    points = min(_POINTS[given], *(_POINTS[basis.answer] for basis in firm)) if firm else _POINTS[given]
    return _Current(AnswerState.CONTRADICTED if firm else AnswerState(given.value), against, points)


def _proposal(bases: tuple[Basis, ...]) -> Proposal | None:
    """The worst answer that any fact points to: all must hold for a yes, one is enough against it.

    So a yes is as sure as its weakest fact, anything else as its strongest.
    """
    if not bases:
        return None
    answer = min((basis.answer for basis in bases), key=_POINTS.__getitem__)
    deciding = tuple(basis for basis in bases if basis.answer is answer)
    choose = max if answer is ProcedureAnswer.YES else min
    sure = choose((basis.sure for basis in deciding), key=SUREST_FIRST.index)
    return Proposal(answer=answer, sure=sure, basis=deciding)


# ---------------------------------------------------------------- scores
def _area(area: Area, states: list[QuestionState]) -> AreaScore:
    def count(wanted: AnswerState) -> int:
        return sum(state.state is wanted for state in states)

    raises = sorted(
        ((_raise(state), state.question.number) for state in states if state.points < state.of),
        key=lambda item: (-item[0].gain / item[0].hours, -item[0].gain, item[1]),
    )
    return AreaScore(
        area=area,
        questions=len(states),
        yes=count(AnswerState.YES),
        partial=count(AnswerState.PARTIAL),
        no=count(AnswerState.NO),
        not_applicable=count(AnswerState.NOT_APPLICABLE),
        unknown=count(AnswerState.UNKNOWN),
        unanswered=count(AnswerState.UNANSWERED),
        expired=count(AnswerState.EXPIRED),
        contradicted=count(AnswerState.CONTRADICTED),
        points=sum(state.points for state in states),
        of=sum(state.of for state in states),
        raises=tuple(one for one, _ in raises),
    )


def _raise(state: QuestionState) -> Raise:
    step = Step.ASK if state.state in _TO_ASK and not _known_missing(state) else Step.DO
    hours = state.hours / 2 if state.state is AnswerState.PARTIAL else state.hours
    return Raise(
        question=state.id,
        step=step,
        gain=state.of - state.points,
        hours=ASK_HOURS if step is Step.ASK else hours,
    )


def _known_missing(state: QuestionState) -> bool:
    proposal = state.proposal
    return bool(proposal and proposal.answer is not ProcedureAnswer.YES and proposal.sure is not Confidence.POSSIBLE)
