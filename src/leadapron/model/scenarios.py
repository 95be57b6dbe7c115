"""What an attack does, and what a simulation of it comes to."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct, field

from leadapron.model.department import Assumption, DeviceClass, Node, Role, Way

ON_BACKUPS = frozenset({DeviceClass.PACS, DeviceClass.RIS, DeviceClass.DIRECTORY, DeviceClass.SERVER})
"""Classes that are restored from backups; others are installed anew."""


class Delay(Struct, frozen=True, kw_only=True):
    """A random duration in hours: log-normal around its median; `spread` 0 makes it fixed."""

    median: float
    spread: float = 0.0
    """Standard deviation of the logarithm."""


class Course(StrEnum):
    """How it unfolds."""

    WORM = "worm"
    """It spreads by itself, and each device stops when it is reached."""
    HUMAN = "human"
    """People spread in silence for `dwell`; then all they reached stops at once."""
    OUTAGE = "outage"
    """Nothing spreads: what `stops` and `roles` name stops at the start (a lost provider, a shutdown by defenders)."""
    THEFT = "theft"
    """It spreads, nothing stops; images leave."""


class Entry(Struct, frozen=True, kw_only=True):
    """Where it begins: one device per run, any that fits all that is said."""

    kinds: tuple[DeviceClass, ...] = ()
    asset: str = ""
    importer: bool = False
    exposed: bool = False
    shut: frozenset[str] = frozenset()
    """Asset ids that let nobody in any more: an attack that would begin there does not happen."""

    def fits(self, node: Node) -> bool:
        """Whether it can begin at a device."""
        return (
            (not self.kinds or node.kind in self.kinds)
            and (not self.asset or node.id == self.asset)
            and (node.importer or not self.importer)
            and (node.exposed or not self.exposed)
        )


class Range(Struct, frozen=True, kw_only=True):
    """Plausible lowest and highest value of one parameter: what the sensitivity table tries."""

    parameter: str
    """`within.smb`, `across.smb`, `contained`, `recovery.modality`, `engineers.modality`, `shutdown` …"""
    low: float
    high: float


class Scenario(Struct, frozen=True, kw_only=True):
    """One attack. Rates are takeovers per hour of one device that is weak to the way by one that has fallen."""

    name: str
    course: Course
    entry: Entry = Entry()
    within: Mapping[Way, float] = field(default_factory=dict)
    """Rate inside a zone."""
    across: Mapping[Way, float] = field(default_factory=dict)
    """Rate between zones with a passage, and along links."""
    dwell: Delay = Delay(median=0.0)
    horizon: float = 72.0
    """Hours for which it spreads if nobody stops it."""
    contained: float = 24.0
    """Hours from the first stopped device until defenders end the spread. Of HUMAN it may be negative: before the
    trigger, so that intruders strike with what they held by then."""
    stops: tuple[DeviceClass, ...] = tuple(DeviceClass)
    """Classes that no longer work once reached."""
    roles: tuple[Role, ...] = ()
    """Steps of exams that are lost at the start, wherever they are done, until `roles_back`."""
    roles_back: Delay = Delay(median=0.0)
    shutdown: float = 0.0
    """Share of the devices not reached that defenders switch off when they end the spread."""
    spared: tuple[DeviceClass, ...] = (DeviceClass.MODALITY,)
    """Classes that defenders cut off rather than switch off: they work on, with what exams need as far as that does."""
    shutdown_back: Delay = Delay(median=0.0)
    """Hours until those are on again."""
    recovery: Mapping[DeviceClass, Delay] = field(default_factory=dict)
    """Hours to restore one device of a class, from the moment someone begins."""
    engineers: Mapping[DeviceClass, int] = field(default_factory=dict)
    """How many devices of a class can be restored at once; a class left out has no queue."""
    backups_lost: float = 0.0
    """Probability that backups are destroyed too."""
    backups_factor: float = 3.0
    """By how much restoring what needs them (`ON_BACKUPS`) then takes longer."""
    diverted: float = 0.0
    """Share of urgent exams that neighbours take."""
    catch_up: float = 0.1
    """Extra throughput, as a share of normal, once everything works again, until the backlog is done."""
    weekday: int = 0
    """When it begins; of HUMAN, when it is triggered. 0 is Monday."""
    hour: float = 8.0
    """Local time."""
    techniques: tuple[str, ...] = ()
    """ATT&CK identifiers."""
    incident: str = ""
    """The incident that calibrates it."""
    assumptions: tuple[Assumption, ...] = ()
    """What its parameters rest on."""
    ranges: tuple[Range, ...] = ()


class Estimate(Struct, frozen=True, kw_only=True):
    """Mean and interval over runs."""

    mean: float
    p5: float
    p50: float
    p95: float


class Moment(Struct, frozen=True, kw_only=True):
    """State at an hour after the first device stopped (worm, outage: after the start)."""

    hour: float
    down: Estimate
    """Devices that do not work."""
    lost: Estimate
    """Exams not done when they were due, until then."""
    fallen: Mapping[str, float] = field(default_factory=dict)
    """Asset id → share of runs in which the attacker holds it or it does not work; zeros are left out."""


class Contained(Struct, frozen=True, kw_only=True):
    """The same runs, had defenders ended the spread at another hour."""

    hours: float
    """As `Scenario.contained`."""
    exams_lost: Estimate
    devices_down: Estimate


class Influence(Struct, frozen=True, kw_only=True):
    """How far one parameter moves the mean of exams lost, from its low to its high value."""

    parameter: str
    """As in `Range`; of the department: `kept.storage`, `urgent`, `per_hour.CT` …"""
    low_value: float
    high_value: float
    low: float
    """Mean of exams lost at its low value."""
    high: float


class Outcome(Struct, frozen=True, kw_only=True):
    """What a scenario comes to in a department."""

    scenario: str
    runs: int
    seed: int
    exams_lost: Estimate
    """Exams done neither here when they were due nor by neighbours (most are postponed)."""
    by_modality: Mapping[str, Estimate]
    urgent_lost: Estimate
    """Urgent ones that neighbours did not take either."""
    diverted: Estimate
    devices_down: Estimate
    """Most devices down at one time."""
    scanners_down: Estimate
    hours_to_restored: Estimate
    """Until all works again."""
    hours_to_normal: Estimate
    """Until the backlog is done too, if every exam lost is made up here."""
    records_at_risk: Estimate
    """Studies on devices the attacker held."""
    reached: Mapping[str, float]
    """Asset id → share of runs in which it fell; zeros are left out."""
    timeline: tuple[Moment, ...] = ()
    containment: tuple[Contained, ...] = ()
    influences: tuple[Influence, ...] = ()
    """Strongest first."""
    assumptions: tuple[Assumption, ...] = ()
