"""What-if as published documents: what an attack would cost, what prevents most of it, and by which paths it comes.

No number stands alone: every estimate has its interval over the runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from msgspec import Struct

from leadapron.model.department import Basis, DeviceClass, Way
from leadapron.model.measures import Method
from leadapron.model.scenarios import Contained, Estimate, Moment
from leadapron.report.contract import FindingEntry

WHATIF: Literal["leadapron.whatif/1"] = "leadapron.whatif/1"
COMPARISON: Literal["leadapron.comparison/1"] = "leadapron.comparison/1"
BEST: Literal["leadapron.best/1"] = "leadapron.best/1"
PATHS: Literal["leadapron.paths/1"] = "leadapron.paths/1"
"""Names and major versions; a field may be added within a version, never removed or changed."""


class ExamsLost(Estimate, frozen=True, kw_only=True):
    """Exams not done when they were due; most are postponed."""

    by_modality: Mapping[str, Estimate]


class DeviceEntry(Struct, frozen=True, kw_only=True):
    """A device of the department, and how often the attack got to it."""

    id: str
    """Asset id."""
    label: str
    zone: str
    kind: DeviceClass
    kind_name: str
    modality: str
    reached: float
    """Share of the runs in which it fell."""


class InfluenceEntry(Struct, frozen=True, kw_only=True):
    """How far one assumption moves the mean of exams lost."""

    parameter: str
    name: str
    """The parameter in words."""
    low_value: float
    high_value: float
    low_text: str
    """The low value with its unit."""
    high_text: str
    low: float
    """Mean of exams lost at its low value."""
    high: float


class AssumptionEntry(Struct, frozen=True, kw_only=True):
    """One number or fact the result rests on."""

    text: str
    basis: Basis
    basis_name: str
    source: str
    """Where it was published."""


class OutcomeDocument(Struct, frozen=True, kw_only=True):
    """What one scenario comes to in this department."""

    schema: Literal["leadapron.whatif/1"]
    version: str
    """Version of Leadapron that made it."""
    language: str
    """Language of its sentences."""
    generated: datetime
    scenario: str
    title: str
    story: str
    """What happens, in a few sentences."""
    assumes: str
    """What its numbers rest on, in a few sentences."""
    look_first: str
    """Where to look first."""
    incident: str
    """The incident that calibrates it."""
    techniques: tuple[str, ...]
    """ATT&CK identifiers."""
    runs: int
    seed: int
    answer: tuple[str, ...]
    """The result in sentences, most important first."""
    limits: tuple[str, ...]
    """What the reader must not conclude."""
    exams_lost: ExamsLost
    urgent_lost: Estimate
    """Urgent exams lost that neighbours did not take either."""
    diverted: Estimate
    """Exams that neighbours took."""
    devices_down: Estimate
    """Most devices down at one time."""
    scanners_down: Estimate
    hours_to_restored: Estimate
    """Until all works again."""
    hours_to_normal: Estimate
    """Until the backlog is done too, if every exam lost is made up here."""
    records_at_risk: Estimate
    """Studies on devices the attacker held."""
    contained: float
    """Hours from the first stopped device until the spread is ended, as the scenario has it."""
    devices: tuple[DeviceEntry, ...]
    timeline: tuple[Moment, ...]
    containment: tuple[Contained, ...]
    influences: tuple[InfluenceEntry, ...]
    """Strongest first."""
    assumptions: tuple[AssumptionEntry, ...]
    """Firmest basis first."""


class ComparedEntry(Struct, frozen=True, kw_only=True):
    """One scenario beside others."""

    scenario: str
    title: str
    incident: str
    runs: int
    seed: int
    exams_lost: ExamsLost
    urgent_lost: Estimate
    devices_down: Estimate
    scanners_down: Estimate
    hours_to_restored: Estimate
    hours_to_normal: Estimate
    records_at_risk: Estimate


class SkippedEntry(Struct, frozen=True, kw_only=True):
    """A scenario that cannot happen here."""

    scenario: str
    title: str
    reason: str


class ComparisonDocument(Struct, frozen=True, kw_only=True):
    """Scenarios side by side, worst first."""

    schema: Literal["leadapron.comparison/1"]
    version: str
    language: str
    generated: datetime
    answer: tuple[str, ...]
    scenarios: tuple[ComparedEntry, ...]
    skipped: tuple[SkippedEntry, ...]
    limits: tuple[str, ...]


class MeasureEntry(Struct, frozen=True, kw_only=True):
    """One candidate action."""

    id: str
    """The same work keeps its id from one run to the next."""
    kind: str
    """The kind of measure."""
    action: str
    """What to do, in words."""
    hours: float
    downtime: float
    """Hours for which scanners stand still while it is done."""
    windows: int
    euros: float
    basis: Basis
    """What hours and euros rest on."""
    basis_name: str
    chosen: bool


class BestAction(Struct, frozen=True, kw_only=True):
    """One action of the best set."""

    id: str
    kind: str
    action: str
    """What to do, in words."""
    how: str
    """How it is done."""
    breaks: str
    """What it may disturb."""
    hours: float
    exams_saved: float
    """Expected exams lost again if this one were left out and the others done."""
    alone: float
    """Expected exams saved by this one alone."""
    downtime: float
    windows: int
    euros: float
    basis: Basis
    basis_name: str
    findings: tuple[str, ...]
    """Ids of findings it settles."""


class FrontierEntry(Struct, frozen=True, kw_only=True):
    """The best that a budget buys."""

    budget_hours: float
    hours: float
    """Really used."""
    exams_lost: Estimate
    actions: tuple[str, ...]
    """Ids."""


class BestDocument(Struct, frozen=True, kw_only=True):
    """The few actions that prevent most within a budget."""

    schema: Literal["leadapron.best/1"]
    version: str
    language: str
    generated: datetime
    scenario: str
    title: str
    runs: int
    seed: int
    budget_hours: float
    budget_windows: int | None
    budget_euros: float | None
    answer: tuple[str, ...]
    limits: tuple[str, ...]
    actions: tuple[BestAction, ...]
    """Most exams saved first."""
    hours: float
    """Of all actions together."""
    before: Estimate
    """Exams lost as things are."""
    after: Estimate
    """Exams lost with these actions done."""
    method: Method
    frontier: tuple[FrontierEntry, ...]
    considered: tuple[MeasureEntry, ...]
    """All candidates that were compared."""
    left_out: int
    """Candidates that were not compared: on a large network there are too many to try."""
    findings: tuple[FindingEntry, ...]
    """Those the actions settle, where they are known."""


class StepEntry(Struct, frozen=True, kw_only=True):
    """One takeover on a path."""

    source: str
    """Asset id."""
    source_label: str
    source_alike: int
    """How many devices like it stood in its place in the runs of this path, itself included."""
    target: str
    target_label: str
    target_alike: int
    way: Way
    way_name: str
    basis: Basis
    """What the possibility of reaching it rests on."""
    basis_name: str
    weakness: tuple[str, ...]
    """Titles of the findings that make the target weak; empty: an assumed weakness."""
    findings: tuple[str, ...]
    """Their ids."""
    flows: tuple[str, ...]
    text: str
    """The step in words."""


class PathEntry(Struct, frozen=True, kw_only=True):
    """One way from an entry to the target."""

    share: float
    """Of the runs in which the target fell."""
    hours: Estimate
    """From entry to target."""
    steps: tuple[StepEntry, ...]


class ChokeEntry(Struct, frozen=True, kw_only=True):
    """A device many paths go through."""

    node: str
    label: str
    zone: str
    share: float
    """Of the runs in which the target fell."""


class PathsDocument(Struct, frozen=True, kw_only=True):
    """How an attack gets to one device."""

    schema: Literal["leadapron.paths/1"]
    version: str
    language: str
    generated: datetime
    scenario: str
    title: str
    target: str
    target_label: str
    runs: int
    seed: int
    reached: float
    """Share of the runs in which the target fell."""
    answer: tuple[str, ...]
    limits: tuple[str, ...]
    paths: tuple[PathEntry, ...]
    chokes: tuple[ChokeEntry, ...]
    findings: tuple[FindingEntry, ...]
    """Weaknesses the paths use, with their evidence, where they are known."""
