"""One page for procedures and for what they and the measurements cover of each framework."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, tzinfo

from leadapron.report.frame import render_page
from leadapron.report.practices.contract import CoverageDocument, ProceduresDocument, QuestionEntry
from leadapron.report.practices.vocabulary import CONTROL_STATES, PracticeNames
from leadapron.report.words import words


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
        q=PracticeNames(say),
        asked=asked,
        states=tuple(CONTROL_STATES),
    )
