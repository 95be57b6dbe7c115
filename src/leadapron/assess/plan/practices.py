"""Procedure questions to actions: each practice that is missing is one, as a committee gives it to one person; those
of an area that somebody must look into are one together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from leadapron.assess.plan.actions import Action
from leadapron.assess.plan.gather import work_id
from leadapron.assess.plan.harm import WEIGHT_SEVERITY, begin_with, hours_for, question_points
from leadapron.model.findings import WORST_FIRST
from leadapron.model.plan import ActionKind, HarmPart, PlannedAction
from leadapron.model.procedures import AnswerState, QuestionState, Who

PRACTICE = "practice"
ANSWER = "answer"
"""Names of their actions in `content/actions`."""

_FIND_OUT = (AnswerState.UNKNOWN, AnswerState.EXPIRED)


def practice_actions(
    states: Iterable[QuestionState], actions: Mapping[str, Action], covered: frozenset[str]
) -> Iterator[PlannedAction]:
    """Actions for questions. `covered` are those left out: accepted as they are.

    A practice that only findings contradict makes none of its own: settling the findings is the work.
    """
    asked: dict[str, list[QuestionState]] = defaultdict(list)
    for state in states:
        if state.id in covered:
            continue
        if state.state in _FIND_OUT:
            asked[state.area].append(state)
        elif state.state in (AnswerState.NO, AnswerState.PARTIAL) or _contradicted_alone(state):
            yield _put_in_place(state, actions[PRACTICE])
    for area, found in sorted(asked.items()):
        yield _find_out(area, found, actions[ANSWER])


def contradicted(states: Iterable[QuestionState]) -> Mapping[str, tuple[str, ...]]:
    """Finding id → questions whose answer it contradicts."""
    found: dict[str, list[str]] = defaultdict(list)
    for state in states:
        if state.state is AnswerState.CONTRADICTED:
            for finding in {finding for basis in state.against for finding in basis.findings}:
                found[finding].append(state.id)
    return {finding: tuple(sorted(questions)) for finding, questions in found.items()}


def _contradicted_alone(state: QuestionState) -> bool:
    return state.state is AnswerState.CONTRADICTED and not any(basis.findings for basis in state.against)


def _put_in_place(state: QuestionState, action: Action) -> PlannedAction:
    points = question_points(state)
    hours = state.hours / 2 if state.state is AnswerState.PARTIAL else state.hours
    return PlannedAction(
        id=work_id(action.id, state.id),
        action=action.id,
        kind=ActionKind.PRACTICE,
        scope=None,
        subject=state.id,
        count=1,
        questions=(state.id,),
        who=(state.who,),
        hours=hours,
        approval=action.approval,
        severity=WEIGHT_SEVERITY[state.weight],
        harm=points,
        parts=(HarmPart(id=state.id, points=points),),
        rank=points / hours,
        reasons=(f"order.state={state.state}", f"order.weight={state.weight}"),
    )


def _find_out(area: str, states: list[QuestionState], action: Action) -> PlannedAction:
    points = {state.id: question_points(state) for state in states}
    beginning = begin_with(points, action.hours)
    ordered = sorted(states, key=lambda state: (-points[state.id], state.id))
    kinds = {state.state for state in states}
    return PlannedAction(
        id=work_id(action.id, area),
        action=action.id,
        kind=ActionKind.ANSWER,
        scope=None,
        subject=str(area),
        count=len(states),
        questions=tuple(state.id for state in ordered),
        who=_most_asked(ordered),
        hours=hours_for(action.hours, len(states)),
        approval=action.approval,
        severity=min((WEIGHT_SEVERITY[state.weight] for state in states), key=WORST_FIRST.index),
        harm=sum(points.values()),
        parts=tuple(HarmPart(id=state.id, points=points[state.id]) for state in ordered),
        rank=beginning.rank,
        first=beginning.units if len(beginning.units) < len(states) else (),
        reasons=tuple(f"order.state={state}" for state in _FIND_OUT if state in kinds),
    )


def _most_asked(states: list[QuestionState]) -> tuple[Who, ...]:
    """Those who answer, whoever has the most questions first."""
    asked = [state.who for state in states]
    return tuple(sorted(set(asked), key=lambda who: (-asked.count(who), who)))
