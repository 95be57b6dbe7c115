"""One page for procedures and for what they and the measurements cover of each framework."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, tzinfo

from leadapron.model.findings import Confidence
from leadapron.model.procedures import ControlState
from leadapron.report.frame import render_page
from leadapron.report.practices.contract import AreaEntry, CoverageDocument, ProceduresDocument, QuestionEntry
from leadapron.report.practices.terminal import counts, gain, points
from leadapron.report.practices.vocabulary import CONTROL_STATES, control_state
from leadapron.report.vocabulary import CONFIDENCES
from leadapron.report.words import Words, words


def render_practices_html(procedures: ProceduresDocument, coverage: CoverageDocument, *, zone: tzinfo = UTC) -> str:
    """Both documents as one HTML page in their language, times in `zone`."""
    say = words(procedures.language, zone=zone)
    asked: dict[str, list[QuestionEntry]] = defaultdict(list)
    for question in procedures.questions:
        asked[question.area].append(question)
    return render_page(
        "practices.html.j2",
        say,
        document=procedures,
        coverage=coverage,
        families=(),
        q=_Names(say),
        asked=asked,
        contradicted=[one for one in procedures.questions if one.id in set(procedures.contradicted)],
        states=tuple(CONTROL_STATES),
    )


class _Names:
    """What the templates call."""

    def __init__(self, say: Words) -> None:
        self._say = say

    def counts(self, area: AreaEntry) -> tuple[int, ...]:
        return counts(area)

    def points(self, area: AreaEntry) -> str:
        return points(area, self._say)

    def gain(self, points: int, hours: float) -> str:
        return gain(points, hours, self._say)

    def control(self, state: ControlState) -> str:
        return control_state(state, self._say)

    def sure(self, confidence: Confidence) -> str:
        return self._say.gettext(CONFIDENCES[confidence])
