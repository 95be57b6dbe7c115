"""Answers are signed, dated, and stop counting."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from msgspec.structs import replace

from leadapron.know.procedures import answered, expires_on, load_areas, questions_of
from leadapron.model.errors import UsageError
from leadapron.model.events import ProcedureAnswer

QUESTION = questions_of(load_areas())[0]
NOW = datetime(2026, 3, 1, 14, 30, tzinfo=UTC)


def test_an_answer_counts_until_its_day() -> None:
    one = answered(QUESTION, ProcedureAnswer.YES, by=" Dr Curie ", ts=NOW, evidence="letter of 2026-02-01")
    assert (one.question, one.by, one.packet) == ("governance-owner", "Dr Curie", 1)
    assert expires_on(QUESTION, one) == date(2027, 3, 1)


def test_an_answer_that_says_no_day_counts_as_long_as_its_question_says() -> None:
    one = replace(answered(QUESTION, ProcedureAnswer.NO, by="x", ts=NOW), expires="some day")
    assert expires_on(QUESTION, one) == date(2027, 3, 1)


def test_an_answer_needs_a_name() -> None:
    with pytest.raises(UsageError, match="governance-owner: who answers"):
        answered(QUESTION, ProcedureAnswer.YES, by="  ", ts=NOW)
