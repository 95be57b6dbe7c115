"""Answers to procedure questions, kept as events of a workspace; each is there the moment it is given."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from leadapron.model.events import ProcedureAnswered
from leadapron.store import Workspace

MAX_WORKBOOK = 16 << 20
"""Bytes of a questionnaire that comes back."""


def keep_answers(workspace: Workspace, answers: Iterable[ProcedureAnswered], *, now: datetime, source: str) -> int:
    """Write answers beside the earlier ones, all or none; how many there were."""
    given = tuple(answers)
    if not given:
        return 0
    writer = workspace.writer(f"procedures/{source}/{now.isoformat()}")
    try:
        for answer in given:
            writer.write(answer)
        writer.commit()
    except BaseException:
        writer.abort()
        raise
    return len(given)
