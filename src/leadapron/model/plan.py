"""What to do about findings and practices, in which order, and what people decided about it.

Codes and numbers only: the words of actions live in `content/actions`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum

from msgspec import Struct, field

from leadapron.model.findings import Citation, Confidence, Severity, SubjectType
from leadapron.model.procedures import Who


class Scope(StrEnum):
    """What one action is about: all findings with the same key of this kind are settled in one go."""

    SERVER = "server"
    """One server, with the partners that must adapt to it."""
    LINK = "link"
    """As a server, for what both ends must change together: the far end of a link belongs to the busier server."""
    ASSET = "asset"
    MODEL = "model"
    """All devices of one make and model, or of one software where the model is not known."""
    ZONE = "zone"
    NETWORK = "network"
    """One for all."""
    TITLE = "title"
    """One AE title."""


class Approval(StrEnum):
    """Whether the maker must agree first."""

    YES = "yes"
    NO = "no"
    ASK = "ask"
    """It depends on the contract or the device."""


class Compensate(StrEnum):
    """When the compensating measure is shown instead of the remedy."""

    NEVER = "never"
    UNFIXED = "unfixed"
    """When no version repairs the flaw, or the maker's form lets nobody install one."""
    ALWAYS = "always"
    """The remedy takes years (replacement): compensate until then."""


class Instead(StrEnum):
    """Why the remedy cannot be carried out now."""

    NO_FIX = "no-fix"
    FORBIDDEN = "forbidden"
    """The maker's MDS2 form lets nobody install updates."""
    END_OF_SUPPORT = "end-of-support"


class ActionKind(StrEnum):
    """Where an action comes from."""

    REMEDY = "remedy"
    """Findings."""
    PRACTICE = "practice"
    """A procedure question answered no, in part, or against what was measured."""
    ANSWER = "answer"
    """Procedure questions of one area whose answer nobody knew, or is out of date: find out."""


class PatchWord(StrEnum):
    """What the maker's MDS2 form says of updates, strictest first."""

    NOBODY = "nobody"
    """Neither owner nor maker installs updates."""
    MAKER = "maker"
    """The maker or its agent must install them."""
    APPROVED = "approved"
    """The owner may, once the maker approved them."""
    OWNER = "owner"
    """The owner may, third parties' security updates included, without asking."""


class Patching(Struct, frozen=True, kw_only=True):
    """The maker's word on updates, over all devices of an action that have a form: the strictest."""

    word: PatchWord
    citations: tuple[Citation, ...]


class Window(Struct, frozen=True, kw_only=True):
    """Hours of one weekday in which no exam was seen. Monday is 0; `end` is not included, 24 is midnight."""

    weekday: int
    start: int
    end: int
    days: int
    """On how many such days the whole window was observed."""


class Windows(Struct, frozen=True, kw_only=True):
    """When one device can be stopped. No window: `days` is 0 and nobody knows, or the scanners were never idle."""

    device: str
    """Asset id of the device to be stopped."""
    scanners: tuple[str, ...]
    """Asset ids of the scanners that stand still with it: itself, or those that depend on it. May be empty."""
    windows: tuple[Window, ...]
    """Most often observed first, then longest."""
    days: int
    """Days of which at least one hour was observed in full."""
    confidence: Confidence
    """Never `seen`: an hour that was idle need not stay so."""

    @property
    def message(self) -> str:
        """Id of the sentence that says how far to rely on it; its value is `days`."""
        if not self.scanners:
            return "plan.windows=no-scanner"
        if not self.days:
            return "plan.windows=none-observed"
        return f"plan.windows={self.confidence}" if self.windows else "plan.windows=never-idle"


class HarmPart(Struct, frozen=True, kw_only=True):
    """What one finding or question adds to the harm that an action avoids."""

    id: str
    points: float


class WorkStatus(StrEnum):
    """How far an action is."""

    OPEN = "open"
    DOING = "doing"
    DONE = "done"


class Assignment(Struct, frozen=True, kw_only=True):
    """Who carries out an action, as last said. `by` wrote it, `at` that time."""

    action: str
    owner: str = ""
    due: date | None = None
    note: str = ""
    status: WorkStatus = WorkStatus.OPEN
    about: str = ""
    """The action in words, as they were shown: its id tells nothing once it has left the plan."""
    by: str
    at: datetime


class Acceptance(Struct, frozen=True, kw_only=True):
    """A risk accepted by a named person until a day, that day included."""

    id: int
    target: str
    """The finding or action that was pointed at."""
    covers: tuple[str, ...]
    """Findings and questions accepted; what an accepted action gathers later is not."""
    about: str = ""
    """The target in words, as they were shown."""
    name: str
    reason: str
    expires: date
    at: datetime
    revoked: datetime | None = None
    revoked_by: str = ""

    def holds(self, now: datetime) -> bool:
        """Whether it counts at that time."""
        return self.revoked is None and now.date() <= self.expires


class Decided(Struct, frozen=True, kw_only=True):
    """What people decided, for the plan."""

    assignments: Mapping[str, Assignment] = field(default_factory=dict)
    """Action id → its assignment."""
    acceptances: tuple[Acceptance, ...] = ()


class PlannedAction(Struct, frozen=True, kw_only=True):
    """One piece of work that one person can be given."""

    id: str
    """The same work keeps its id from one plan to the next."""
    action: str
    """Name in `content/actions`, where its words are."""
    kind: ActionKind
    scope: Scope | None
    """None for practices."""
    subject: str
    """Device, model, zone or title it is about; of practices, the question's or area's id; empty for the network."""
    count: int
    """Devices, or questions, concerned."""
    partners: int = 0
    """Further devices that must change along with a server."""
    assets: tuple[str, ...] = ()
    """Devices concerned, partners left out."""
    findings: tuple[str, ...] = ()
    """Ids of the findings it settles, worst first."""
    questions: tuple[str, ...] = ()
    """Questions to put in place or to answer; of a remedy, those whose answer its findings contradict."""
    who: tuple[Who, ...]
    """First the one who leads."""
    hours: float
    approval: Approval = Approval.NO
    downtime: bool = False
    patch: bool = False
    """It installs software."""
    windows: tuple[Windows, ...] = ()
    """Of each device and each partner that makes exams; only for what stops a device."""
    patching: Patching | None = None
    instead: Instead | None = None
    """Why the compensating measure comes first; None when the remedy can be carried out."""
    severity: Severity
    """The worst of its findings."""
    harm: float
    """Points avoided; see `assess.plan.harm`."""
    parts: tuple[HarmPart, ...]
    """Where the points come from, most first."""
    rank: float
    """Points per hour of work, of the part to begin with."""
    first: tuple[str, ...] = ()
    """Devices or questions to begin with, where that is not all."""
    reasons: tuple[str, ...]
    """Message ids of why it stands where it stands; words in `content/actions/order.toml`."""
    citations: tuple[Citation, ...] = ()
    """What its findings rest on besides packets."""
    assignment: Assignment | None = None

    @property
    def items(self) -> tuple[str, ...]:
        """Findings or questions it settles: what accepting it covers."""
        return self.findings if self.kind is ActionKind.REMEDY else self.questions


class AcceptedRisk(Struct, frozen=True, kw_only=True):
    """An acceptance, and what it covers that is still so."""

    acceptance: Acceptance
    still: tuple[str, ...]


class Plan(Struct, frozen=True, kw_only=True):
    """What to do, first things first."""

    generated: datetime
    actions: tuple[PlannedAction, ...]
    accepted: tuple[AcceptedRisk, ...] = ()
    """Risks that hold as accepted; what they cover is in no action."""
    lapsed: tuple[AcceptedRisk, ...] = ()
    """Acceptances past their day whose subject is still there: it is back in the plan."""
    closed: tuple[Assignment, ...] = ()
    """Assignments whose action has nothing left to settle: done, or gone by itself."""
    unsettled: tuple[str, ...] = ()
    """Findings for which no action is known."""
    hours: float = 0.0
    """All actions together."""


class ChangeKind(StrEnum):
    """What became of a finding since an earlier run."""

    NEW = "new"
    FIXED = "fixed"
    """No longer found, though its subject was looked at."""
    BACK = "back"
    """Found, gone, and found again."""
    SAME = "same"
    UNSEEN = "unseen"
    """No longer found because its subject was not seen this time: nobody knows."""


class Change(Struct, frozen=True, kw_only=True):
    """One finding, now and before."""

    kind: ChangeKind
    finding: str
    rule: str
    label: str
    subject_type: SubjectType
    severity: Severity
    first: datetime | None
    """When a run first found it; None for new ones."""
    last: datetime | None
    """When a run last found it, before now."""


class Changes(Struct, frozen=True, kw_only=True):
    """What changed since an earlier run; `since` is None, and nothing is listed, when there was none."""

    since: datetime | None
    version: str = ""
    """Of the program that made that run."""
    changes: tuple[Change, ...] = ()

    def of(self, kind: ChangeKind) -> tuple[Change, ...]:
        """Those of one kind, worst first."""
        return tuple(change for change in self.changes if change.kind is kind)
