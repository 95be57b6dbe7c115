"""The plan as a published document: everything that a page, a terminal or a ticket says of it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from msgspec import Struct

from leadapron.model.findings import Citation, Confidence, Harm, Severity
from leadapron.model.plan import ActionKind, Approval, ChangeKind, Instead, PatchWord, WorkStatus
from leadapron.model.procedures import Who
from leadapron.report.contract import FindingEntry
from leadapron.report.knowledge import FeedEntry
from leadapron.report.practices.contract import QuestionEntry

PLAN: Literal["leadapron.plan/1"] = "leadapron.plan/1"
"""Name and major version; a field may be added within a version, never removed or changed."""


class Person(Struct, frozen=True, kw_only=True):
    """A profession that takes part."""

    id: Who
    name: str


class StepEntry(Struct, frozen=True, kw_only=True):
    """One person's part."""

    who: Who
    name: str
    text: str


class WindowEntry(Struct, frozen=True, kw_only=True):
    """Hours of one weekday in which no exam was seen. Monday is 0; `end` is not included, 24 is midnight."""

    weekday: int
    start: int
    end: int
    days: int
    text: str


class StopEntry(Struct, frozen=True, kw_only=True):
    """When one device can be stopped."""

    device: str
    """Asset id."""
    label: str
    scanners: tuple[str, ...]
    """Labels of the scanners that stand still with it."""
    windows: tuple[WindowEntry, ...]
    days: int
    """Days observed."""
    confidence: Confidence
    note: str
    """How far to rely on it, in words."""


class PatchingEntry(Struct, frozen=True, kw_only=True):
    """The maker's word on updates, from its MDS2 form."""

    word: PatchWord
    text: str
    citations: tuple[Citation, ...]


class ActionEntry(Struct, frozen=True, kw_only=True):
    """One piece of work that one person can be given."""

    id: str
    """The same work keeps its id from one plan to the next."""
    rank: int
    """1 is the first to do."""
    action: str
    kind: ActionKind
    title: str
    severity: Severity
    harm: tuple[Harm, ...]
    subjects: tuple[str, ...]
    """Labels of the devices, or texts of the questions, concerned."""
    assets: tuple[str, ...]
    partners: int
    """Further devices that must change along."""
    who: tuple[Person, ...]
    """First the one who leads."""
    hours: float
    approval: Approval
    downtime: bool
    patch: bool
    """It installs software."""
    steps: tuple[StepEntry, ...]
    stops: tuple[StopEntry, ...]
    patching: PatchingEntry | None
    fixes: tuple[str, ...]
    """Ids of the findings it settles, worst first."""
    questions: tuple[str, ...]
    breaks: str
    """What it may disturb."""
    instead: str
    """What helps when it cannot be done."""
    instead_reason: Instead | None
    """Why that comes first; null when the remedy can be carried out."""
    instead_because: str
    done_when: str
    points: float
    """Harm avoided, to compare actions of one plan."""
    points_per_hour: float
    first: tuple[str, ...]
    """Labels of what to begin with, where that is not all."""
    reasons: tuple[str, ...]
    """Why it stands where it stands, in words."""
    citations: tuple[Citation, ...]
    owner: str
    due: date | None
    status: WorkStatus
    note: str
    said_by: str
    said_at: datetime | None
    overdue: bool


class AcceptedEntry(Struct, frozen=True, kw_only=True):
    """A risk accepted by a named person until a day, that day included."""

    id: int
    target: str
    covers: tuple[str, ...]
    """What was accepted, in words."""
    still: tuple[str, ...]
    """What of it is still there, in words."""
    name: str
    reason: str
    expires: date
    at: datetime


class ChangeEntry(Struct, frozen=True, kw_only=True):
    """What became of one finding since an earlier run."""

    kind: ChangeKind
    finding: str
    rule: str
    title: str
    label: str
    severity: Severity
    first: datetime | None
    last: datetime | None


class ChangesEntry(Struct, frozen=True, kw_only=True):
    """What changed since an earlier run; `since` is null when there was none. What stayed the same is counted."""

    since: datetime | None
    version: str
    same: int
    changes: tuple[ChangeEntry, ...]

    def of(self, kind: ChangeKind) -> tuple[ChangeEntry, ...]:
        """Those of one kind, worst first."""
        return tuple(change for change in self.changes if change.kind is kind)


class PlanSummary(Struct, frozen=True, kw_only=True):
    """The plan in a few numbers and sentences."""

    verdict: tuple[str, ...]
    actions: int
    hours: float
    findings: int
    """Findings that the actions settle."""
    unassigned: int
    overdue: int
    limits: tuple[str, ...]
    """What the reader must not conclude."""


class PlanDocument(Struct, frozen=True, kw_only=True):
    """What to do, first things first."""

    schema: Literal["leadapron.plan/1"]
    version: str
    """Version of Leadapron that made it."""
    language: str
    """Language of its sentences."""
    generated: datetime
    interrupted: bool
    """Reading of the captures was stopped before the end."""
    summary: PlanSummary
    actions: tuple[ActionEntry, ...]
    accepted: tuple[AcceptedEntry, ...]
    lapsed: tuple[AcceptedEntry, ...]
    """Past their day, and still there: back in the plan."""
    changes: ChangesEntry
    unsettled: tuple[str, ...]
    """Ids of findings for which no action is known."""
    findings: tuple[FindingEntry, ...]
    """Those that actions settle, that are accepted, or that nothing settles."""
    questions: tuple[QuestionEntry, ...]
    feeds: tuple[FeedEntry, ...]
