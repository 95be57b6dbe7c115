"""The rehearsal's page: exams that would have failed, what would be refused, what to ask first."""

from __future__ import annotations

from datetime import UTC, tzinfo

from leadapron.report.frame import render_page
from leadapron.report.segment.contract import RehearsalDocument
from leadapron.report.whatif.page import BESIDES
from leadapron.report.words import words


def render_rehearsal_html(document: RehearsalDocument, *, zone: tzinfo = UTC) -> str:
    """A rehearsal as one HTML page in its language, times in `zone`."""
    return render_page(
        "whatif_rehearsal.html.j2",
        words(document.language, zone=zone),
        besides=BESIDES,
        document=document,
        legitimate=[one for one in document.blocked if not one.suspect],
        attacks=[one for one in document.blocked if one.suspect],
    )
