"""The first sentences about procedures: how many questions have an answer that holds, what is contradicted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from leadapron.model.procedures import AnswerState
from leadapron.report.practices.contract import AreaEntry, QuestionEntry
from leadapron.report.practices.vocabulary import NOBODY_KNOWS
from leadapron.report.words import Words


def verdict(questions: Sequence[QuestionEntry], areas: Sequence[AreaEntry], say: Words) -> tuple[str, ...]:
    """Sentences for the head of a page. Never one number alone."""
    counted = Counter(one.state for one in questions)
    open_ones = sum(counted[state] for state in NOBODY_KNOWS)
    return tuple(filter(None, (
        _answered(len(questions) - open_ones, len(questions), say),
        _how(counted, say),
        _most(areas, say),
    )))  # fmt: skip


def _answered(known: int, total: int, say: Words) -> str:
    _ = say.gettext
    if not known:
        return _("No question has an answer that counts today: nobody knows how the department works.")
    return _("{known} of {total} questions have an answer that counts today.").format(
        known=say.number(known), total=say.number(total)
    )


def _how(counted: Counter[AnswerState], say: Words) -> str:
    told = [counted[one] for one in (AnswerState.YES, AnswerState.PARTIAL, AnswerState.NO, AnswerState.CONTRADICTED)]
    if not any(told):
        return ""
    yes, partial, no, wrong = map(say.number, told)
    return say.gettext("Yes: {yes}; in part: {partial}; no: {no}; contradicted by what was measured: {wrong}.").format(
        yes=yes, partial=partial, no=no, wrong=wrong
    )


def _most(areas: Sequence[AreaEntry], say: Words) -> str:
    """The step that brings most points per hour of all areas."""
    steps = [(step.gain / step.hours, step) for area in areas for step in area.raises[:1]]
    if not steps:
        return ""
    _, best = max(steps, key=lambda one: one[0])
    return say.gettext("The next hour is best spent here: {step} – {question}").format(
        step=best.step_name, question=best.text
    )
