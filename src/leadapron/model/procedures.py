"""What a department does, beside what its network shows: questions, where each answer stands, and what that covers.

Codes and parameters only: the sentences are in `content/procedures`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import StrEnum

from msgspec import Struct, field

from leadapron.model.events import ProcedureAnswer, ProcedureAnswered
from leadapron.model.findings import Confidence, EventRef

YES_POINTS = 2
PARTIAL_POINTS = 1


class Area(StrEnum):
    """A chapter of the questionnaire, in the order in which it is asked; also the name of its content file."""

    GOVERNANCE = "governance"
    INVENTORY = "inventory"
    PROCUREMENT = "procurement"
    PATCHING = "patching"
    ACCOUNTS = "accounts"
    VENDOR_ACCESS = "vendor-access"
    NETWORK = "network"
    MEDIA_DATA = "media-data"
    MONITORING = "monitoring"
    BACKUP = "backup"
    DOWNTIME = "downtime"
    INCIDENT = "incident"
    TRAINING = "training"


class Who(StrEnum):
    """Who can answer a question, and who has to act on it first."""

    BIOMED = "biomed"
    IT = "it"
    PACS = "pacs"
    RADIOLOGY = "radiology"
    VENDOR = "vendor"
    SECURITY = "security"
    MANAGEMENT = "management"


class Measure(StrEnum):
    """What a workspace can measure of a practice; see `assess.measures`."""

    DEVICES_LISTED = "devices-listed"
    DEVICES_DESCRIBED = "devices-described"
    DEVICES_OWNED = "devices-owned"
    CRITICALITY_KNOWN = "criticality-known"
    LIST_COMPARED = "list-compared"
    TITLES_REGISTERED = "titles-registered"
    FORMS_HELD = "forms-held"
    SBOMS_HELD = "sboms-held"
    SUPPORT_DATES_KNOWN = "support-dates-known"
    DICOM_ENCRYPTED = "dicom-encrypted"
    MODALITIES_MIXED = "modalities-mixed"
    LOGS_SENT = "logs-sent"
    CLOCKS_AGREE = "clocks-agree"


class QuestionTexts(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A question in one language."""

    question: str
    why: str
    """What it means for patients and exams."""
    good: str
    """What good looks like, concretely."""
    evidence: str
    """What to show to someone who asks for proof."""


class Question(Struct, frozen=True, kw_only=True):
    """One good practice, asked of one kind of person. `id` never changes; `number` is the place in the whole list."""

    id: str
    number: int
    area: Area
    who: Who
    valid_days: int
    """Days for which an answer counts."""
    weight: int
    """1 to 3: how many exams hang on it."""
    hours: float
    """Working hours to put it in place, an order of magnitude."""
    controls: Mapping[str, tuple[str, ...]]
    """Framework → control ids, known to `content/controls`. The mapping is ours."""
    texts: Mapping[str, QuestionTexts]
    contradicted_by: Mapping[str, ProcedureAnswer] = field(default_factory=dict)
    """Weakness rule → the best answer that can honestly be given while the rule has findings (`no` or `partial`)."""
    supported_by: tuple[Measure, ...] = ()
    """Measurements that can propose an answer."""


class AreaTexts(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Title of an area and a sentence for those who are about to answer it, in one language."""

    title: str
    intro: str


class QuestionArea(Struct, frozen=True, kw_only=True):
    """One area with its questions, in order."""

    id: Area
    texts: Mapping[str, AreaTexts]
    questions: tuple[Question, ...]


class AnswerState(StrEnum):
    """Where a question stands today. The first five are a current answer that nothing measured contradicts."""

    YES = "yes"
    PARTIAL = "partial"
    NO = "no"
    NOT_APPLICABLE = "n/a"
    UNKNOWN = "unknown"
    UNANSWERED = "unanswered"
    EXPIRED = "expired"
    CONTRADICTED = "contradicted"


class Basis(Struct, frozen=True, kw_only=True):
    """One measured fact that an answer is held against: a message id with its parameters, and where to look."""

    message: str
    """`measure.<measure>.<answer>` or `against.<rule>`."""
    params: Mapping[str, str | int]
    answer: ProcedureAnswer
    """The answer that this fact alone points to."""
    sure: Confidence
    findings: tuple[str, ...] = ()
    """Ids of the findings it rests on."""
    evidence: tuple[EventRef, ...] = ()


class Proposal(Struct, frozen=True, kw_only=True):
    """The answer that measurement gives; a person confirms or corrects it."""

    answer: ProcedureAnswer
    sure: Confidence
    basis: tuple[Basis, ...]


class QuestionState(Struct, frozen=True, kw_only=True):
    """One question with its last answer, held against what was measured."""

    question: Question
    state: AnswerState
    answer: ProcedureAnswered | None = None
    expires: date | None = None
    """Last day on which the answer counts."""
    against: tuple[Basis, ...] = ()
    """Facts that point to a worse answer than the one given. Those that are only `possible` put it in doubt without
    overruling it: the state is then still the answer's."""
    measured_before: bool = False
    """All that contradicts is older than the answer: things may have changed, a new capture will tell."""
    proposal: Proposal | None = None
    points: int = 0
    of: int = 0
    """Points of a full yes; 0 where the question does not apply."""

    @property
    def id(self) -> str:
        """The question's id."""
        return self.question.id

    @property
    def area(self) -> Area:
        """The question's area."""
        return self.question.area

    @property
    def hours(self) -> float:
        """Working hours to put the practice in place."""
        return self.question.hours

    @property
    def weight(self) -> int:
        """The question's weight, 1 to 3."""
        return self.question.weight

    @property
    def who(self) -> Who:
        """Who answers and acts."""
        return self.question.who


class Step(StrEnum):
    """What raises a score: asking (again), or doing."""

    ASK = "ask"
    """Nobody knows, or the answer is too old: the practice may well be in place."""
    DO = "do"


class Raise(Struct, frozen=True, kw_only=True):
    """What answering or doing one question would add. For `ask`, the gain is what a yes would bring."""

    question: str
    step: Step
    gain: int
    hours: float


class AreaScore(Struct, frozen=True, kw_only=True):
    """The parts of one area's score. The eight counts add up to `questions`; only signed answers earn points."""

    area: Area
    questions: int
    yes: int = 0
    partial: int = 0
    no: int = 0
    not_applicable: int = 0
    unknown: int = 0
    unanswered: int = 0
    expired: int = 0
    contradicted: int = 0
    points: int = 0
    of: int = 0
    raises: tuple[Raise, ...] = ()
    """Most points per hour first."""


class ControlState(StrEnum):
    """Whether a control of a framework is met. Silence is never `met`: nothing seen and nobody asked is not known."""

    MET = "met"
    PARTLY = "partly"
    NOT_MET = "not-met"
    NOT_KNOWN = "not-known"
    NOT_APPLICABLE = "n/a"


class Reason(Struct, frozen=True, kw_only=True):
    """Why: a message id of `content/procedures/words.toml` (`coverage.…`) with its parameters."""

    message: str
    params: Mapping[str, str | int] = field(default_factory=dict)


class ControlCoverage(Struct, frozen=True, kw_only=True):
    """One control: its state, why, and what that rests on."""

    control: str
    state: ControlState
    reasons: tuple[Reason, ...]
    rules: tuple[str, ...] = ()
    """Weakness rules mapped to it."""
    questions: tuple[str, ...] = ()
    """Questions mapped to it."""
    findings: tuple[str, ...] = ()
    """Ids of findings that speak against it."""


class FrameworkCoverage(Struct, frozen=True, kw_only=True):
    """All controls of one framework, in its order, and how many are in each state."""

    framework: str
    controls: tuple[ControlCoverage, ...]
    counts: Mapping[ControlState, int]
