"""One word for each part of an area's score and each state of a control; what pages and terminals call them."""

from __future__ import annotations

from leadapron.model.findings import Confidence
from leadapron.model.procedures import AnswerState, ControlState
from leadapron.report.practices.contract import AreaEntry, BasisEntry, ControlEntry, QuestionEntry, RaiseEntry
from leadapron.report.vocabulary import CONFIDENCES
from leadapron.report.words import N_, Words

NOBODY_KNOWS = (AnswerState.UNANSWERED, AnswerState.UNKNOWN, AnswerState.EXPIRED)

PARTS = (
    (N_("Yes"), (AnswerState.YES,)),
    (N_("In part"), (AnswerState.PARTIAL,)),
    (N_("No"), (AnswerState.NO,)),
    (N_("Seen otherwise"), (AnswerState.CONTRADICTED,)),
    (N_("Nobody knows"), NOBODY_KNOWS),
    (N_("Does not apply"), (AnswerState.NOT_APPLICABLE,)),
)
"""Parts of an area's score in the order of their columns, with the states counted in each."""

CONTROL_STATES = {
    ControlState.MET: N_("met"),
    ControlState.PARTLY: N_("met in part"),
    ControlState.NOT_MET: N_("not met"),
    ControlState.NOT_KNOWN: N_("not known"),
    ControlState.NOT_APPLICABLE: N_("does not apply"),
}


class PracticeNames:
    """What templates and terminals call to name parts of procedures and coverage."""

    def __init__(self, say: Words) -> None:
        self._say = say

    def parts(self) -> tuple[str, ...]:
        """Titles of the parts of a score."""
        return tuple(self._say.gettext(title) for title, _ in PARTS)

    def counts(self, area: AreaEntry) -> tuple[str, ...]:
        """Questions in each part; none is a dot, for that is what the eye should skip."""
        counted = (sum(area.states[state] for state in states) for _, states in PARTS)
        return tuple(self._say.number(n) if n else "·" for n in counted)

    def points(self, area: AreaEntry) -> str:
        """`12 of 30`: never a share alone."""
        return self._say.gettext(N_("{points} of {all}")).format(
            points=self._say.number(area.points), all=self._say.number(area.of)
        )

    def gain(self, step: RaiseEntry) -> str:
        """Points to be had, and the work."""
        return self._say.gettext(N_("up to {points} points, {hours} h")).format(
            points=self._say.number(step.gain), hours=self._say.number(step.hours)
        )

    def best(self, area: AreaEntry) -> str:
        """The step that would raise an area most for each hour, with its gain; empty where nothing would."""
        if not area.raises:
            return ""
        step = area.raises[0]
        return f"{step.step_name}{self._say.gettext(N_(':'))} {step.text} ({self.gain(step)})"

    def said(self, one: QuestionEntry) -> str:
        """The answer, by whom, and when; empty without one."""
        if one.on is None:
            return ""
        return self._say.gettext(N_("{answer} – {name}, {day}")).format(
            answer=one.answer_name, name=one.by, day=self._say.calendar_day(one.on)
        )

    def state(self, one: ControlState) -> str:
        return self._say.gettext(CONTROL_STATES[one])

    def control(self, one: ControlEntry) -> str:
        """Number and title; some frameworks do not number their controls."""
        return one.title if one.id.isalpha() else f"{one.id} {one.title}"

    def fact(self, one: BasisEntry) -> str:
        """A measured fact; one that is only possible says so, lest a doubt pass for a proof."""
        return f"{one.text} [{self.sure(one.sure)}]" if one.sure is Confidence.POSSIBLE else one.text

    def sure(self, one: Confidence) -> str:
        return self._say.gettext(CONFIDENCES[one])
