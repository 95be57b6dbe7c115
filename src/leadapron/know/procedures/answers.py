"""Answers as events: how one is made, and until when it counts. Which one holds: `know.documents.join`."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from leadapron.model.errors import UsageError
from leadapron.model.events import ProcedureAnswer, ProcedureAnswered
from leadapron.model.procedures import Question

SENSOR = "procedures"
"""Name of the source of answers given in person; those from a workbook carry its name."""


def answered(
    question: Question,
    answer: ProcedureAnswer,
    *,
    by: str,
    ts: datetime,
    evidence: str = "",
    note: str = "",
    source: str = SENSOR,
) -> ProcedureAnswered:
    """An answer given at `ts` (aware, UTC) by a named person; it expires after the question's `valid_days`.

    Raises `UsageError` when nobody signs: an answer without a name is worth nothing to an auditor.
    """
    if not by.strip():
        raise UsageError(f"{question.id}: who answers? A name is needed")
    return ProcedureAnswered(
        ts=ts,
        sensor=source,
        packet=question.number,
        question=question.id,
        answer=answer,
        by=by.strip(),
        evidence=evidence.strip(),
        note=note.strip(),
        expires=(ts.date() + timedelta(days=question.valid_days)).isoformat(),
    )


def expires_on(question: Question, answer: ProcedureAnswered) -> date:
    """Last day on which an answer counts: as it says itself, else by the question's validity."""
    try:
        return date.fromisoformat(answer.expires)
    except ValueError:
        return answer.ts.date() + timedelta(days=question.valid_days)
