"""What a department does, question by question, and what that covers of each framework: two published documents."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Literal

from msgspec import Struct

from leadapron.model.events import ProcedureAnswer
from leadapron.model.findings import Confidence, EventRef
from leadapron.model.procedures import AnswerState, Area, ControlState, Step, Who

PROCEDURES: Literal["leadapron.procedures/1"] = "leadapron.procedures/1"
COVERAGE: Literal["leadapron.coverage/1"] = "leadapron.coverage/1"
"""Names and major versions; a field may be added within a version, never removed or changed."""


class BasisEntry(Struct, frozen=True, kw_only=True):
    """One measured fact, in words, and where to look."""

    text: str
    answer: ProcedureAnswer
    """The answer that this fact alone points to."""
    sure: Confidence
    findings: tuple[str, ...]
    evidence: tuple[EventRef, ...]


class QuestionEntry(Struct, frozen=True, kw_only=True):
    """One good practice and where it stands."""

    id: str
    number: int
    area: Area
    question: str
    why: str
    good: str
    """What good looks like."""
    expected: str
    """What to show to someone who asks for proof."""
    who: Who
    who_name: str
    state: AnswerState
    state_name: str
    answer: ProcedureAnswer | None
    """The last answer given, whatever became of it."""
    answer_name: str
    by: str
    """Who signed it."""
    on: date | None
    expires: date | None
    """Last day on which it counts."""
    evidence: str
    """What that person can show."""
    note: str
    against: tuple[BasisEntry, ...]
    """Measured facts that point to a worse answer."""
    measured_before: bool
    """They are all older than the answer: a new capture will tell."""
    proposed: ProcedureAnswer | None
    """The answer that measurement gives; a person confirms it."""
    proposed_name: str
    proposal: tuple[BasisEntry, ...]
    points: int
    of: int
    """Points of a full yes; 0 where the question does not apply."""
    weight: int
    hours: float
    """Working hours to put it in place, an order of magnitude."""


class RaiseEntry(Struct, frozen=True, kw_only=True):
    """What would raise an area's score."""

    question: str
    text: str
    step: Step
    step_name: str
    gain: int
    """Points; for `ask`, those of a yes."""
    hours: float


class AreaEntry(Struct, frozen=True, kw_only=True):
    """One area, never as a number without its parts."""

    id: Area
    title: str
    questions: int
    states: Mapping[AnswerState, int]
    """Every state → questions; they add up to `questions`."""
    points: int
    of: int
    raises: tuple[RaiseEntry, ...]
    """Most points per hour first."""


class ProceduresDocument(Struct, frozen=True, kw_only=True):
    """Where the questions stand."""

    schema: Literal["leadapron.procedures/1"]
    version: str
    """Version of Leadapron that made it."""
    language: str
    generated: datetime
    verdict: tuple[str, ...]
    """Sentences."""
    areas: tuple[AreaEntry, ...]
    questions: tuple[QuestionEntry, ...]
    contradicted: tuple[str, ...]
    """Questions whose answer measurement contradicts or puts in doubt, the heaviest first."""

    def seen_otherwise(self) -> tuple[QuestionEntry, ...]:
        """The questions of `contradicted`."""
        known = {one.id: one for one in self.questions}
        return tuple(known[one] for one in self.contradicted)


class ProofEntry(Struct, frozen=True, kw_only=True):
    """What speaks for or against a control: findings of one title, or a question in its state."""

    ids: tuple[str, ...]
    text: str
    details: tuple[str, ...]
    """Whom or what the findings concern; the state of the question."""


class ControlEntry(Struct, frozen=True, kw_only=True):
    """One control: whether it is met, and what that rests on."""

    id: str
    title: str
    """In our own words."""
    state: ControlState
    reasons: tuple[str, ...]
    findings: tuple[ProofEntry, ...]
    questions: tuple[ProofEntry, ...]


class FrameworkEntry(Struct, frozen=True, kw_only=True):
    """One framework: its controls in its order, and how many are in each state."""

    id: str
    name: str
    source: str
    edition: str
    ours: bool
    """The mapping of questions and weaknesses to its controls is our reading."""
    note: str
    counts: Mapping[ControlState, int]
    controls: tuple[ControlEntry, ...]


class CoverageDocument(Struct, frozen=True, kw_only=True):
    """What is covered of each framework."""

    schema: Literal["leadapron.coverage/1"]
    version: str
    language: str
    generated: datetime
    frameworks: tuple[FrameworkEntry, ...]
