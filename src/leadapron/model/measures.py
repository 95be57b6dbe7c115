"""What could be done against an attack, the few actions that help most, and the paths they close."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct, field

from leadapron.model.department import Basis, Way
from leadapron.model.scenarios import Estimate


class Weakening(Struct, frozen=True, kw_only=True):
    """One way into one device is made harder: what is left of its weakness, 0 (closed) to 1 (as before)."""

    node: str
    way: Way
    left: float = 0.0


class Change(Struct, frozen=True, kw_only=True):
    """What a measure changes in a department or in a scenario's course."""

    weak: tuple[Weakening, ...] = ()
    close: tuple[tuple[str, str, Way], ...] = ()
    """Passages (source zone, target zone, way) narrowed to the pairs of devices that were seen to use them."""
    unlink: tuple[tuple[str, str, Way], ...] = ()
    """Links (source, target, way) that end."""
    move: Mapping[str, str] = field(default_factory=dict)
    """Asset id → the zone it moves to. A new zone keeps only the flows that were seen."""
    backups: bool = False
    """A copy the attacker cannot reach: backups are no longer lost."""
    hide: tuple[str, ...] = ()
    """Asset ids that the internet no longer reaches."""


class Measure(Struct, frozen=True, kw_only=True):
    """One candidate action, with what it costs."""

    id: str
    """The same work keeps its id from one run to the next."""
    action: str
    """Name in `content/whatif/measures`, where its words are."""
    params: Mapping[str, str | float]
    """For its words: zone, device, service, count …"""
    hours: float
    """Of work."""
    downtime: float = 0.0
    """Hours for which scanners stand still while it is done."""
    windows: int = 0
    """Change windows it takes."""
    euros: float = 0.0
    basis: Basis
    """What hours and euros rest on."""
    change: Change
    findings: tuple[str, ...] = ()
    """Ids of findings it settles."""


class Valued(Struct, frozen=True, kw_only=True):
    """A measure of the best set. Values are in expected exams, on worlds the choice was not made on."""

    measure: Measure
    exams_saved: float
    """Lost again if this one were left out and the others done."""
    alone: float
    """Saved by this one alone."""


class Method(StrEnum):
    """How the best set was found."""

    MILP = "milp"
    GREEDY = "greedy"
    EXHAUSTIVE = "exhaustive"
    NONE = "none"
    """Nothing helps, or nothing fits the budget."""


class FrontierPoint(Struct, frozen=True, kw_only=True):
    """The best that a budget buys."""

    budget_hours: float
    hours: float
    """Really used."""
    exams_lost: Estimate
    measures: tuple[str, ...]
    """Ids."""


class Best(Struct, frozen=True, kw_only=True):
    """The measures that prevent most within a budget. No bound is claimed: cuts work together."""

    scenario: str
    budget_hours: float
    budget_windows: int | None
    budget_euros: float | None
    runs: int
    seed: int
    chosen: tuple[Valued, ...]
    """Most exams saved first."""
    before: Estimate
    """Exams lost without any."""
    after: Estimate
    method: Method
    considered: tuple[Measure, ...]
    """All candidates that were compared, those chosen included."""
    left_out: int = 0
    """Candidates that were not compared, because with them the search would not end in time."""
    frontier: tuple[FrontierPoint, ...]


class Step(Struct, frozen=True, kw_only=True):
    """One takeover."""

    source: str
    target: str
    way: Way
    basis: Basis
    """What the possibility of reaching it rests on."""
    findings: tuple[str, ...]
    """Ids of the findings that make the target weak; empty: an assumed base weakness."""
    flows: tuple[str, ...] = ()


class AttackPath(Struct, frozen=True, kw_only=True):
    """One way from an entry to the target, and how often it was the one."""

    steps: tuple[Step, ...]
    """None: the target is the entry."""
    share: float
    """Of the runs in which the target fell."""
    hours: Estimate
    """From entry to target."""
    alike: tuple[int, ...] = ()
    """For each device of the path, entry first: how many of its zone and class stood in its place."""


class ChokePoint(Struct, frozen=True, kw_only=True):
    """A device many paths go through."""

    node: str
    share: float
    """Of the runs in which the target fell."""


class Paths(Struct, frozen=True, kw_only=True):
    """How an attack gets to one device."""

    scenario: str
    target: str
    runs: int
    seed: int
    reached: float
    """Share of runs in which the target fell."""
    paths: tuple[AttackPath, ...]
    chokes: tuple[ChokePoint, ...]
