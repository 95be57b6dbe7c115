"""The content that fills what a network does not show: weaknesses by finding, usual weeks, what names tell."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from msgspec import Struct

from leadapron.model.content import read_toml, shipped
from leadapron.model.department import Basis, DeviceClass, Role, Way
from leadapron.model.errors import ContentError
from leadapron.model.findings import Confidence

CODE = re.compile(r"[A-Z]{2,16}")
"""What a modality's code looks like (PS3.3 C.7.3.1.1.1, CS value representation)."""

OTHER_MODALITY = "OT"
"""DICOM's defined term for any other modality (PS3.3 C.7.3.1.1.1)."""

DAY = 24


def code_of(modality: str) -> str:
    """A modality's code as exams are counted by."""
    return modality if CODE.fullmatch(modality) else OTHER_MODALITY


class Weakness(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a finding of one rule adds to ways, 0 to 1."""

    rule: str
    ways: Mapping[Way, float]
    why: str
    source: str = ""
    system: str = ""
    """Only for devices whose operating system name holds this word."""


class Commanded(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Devices that a directory commands."""

    weak: float
    """To credentials, at least."""
    why: str
    source: str


class Weaknesses(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`content/whatif/weakness.toml`."""

    confidence: Mapping[Confidence, float]
    weakness: tuple[Weakness, ...]
    base: Mapping[DeviceClass, Mapping[Way, float]]
    """What is taken for granted where nothing was found."""
    commanded: Commanded


class Rate(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Exams per hour of one scanner in a full working hour."""

    per_hour: float
    basis: Basis
    source: str = ""


class Weight(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Hours of observation that count as much as a figure."""

    rate: float
    week: float


class Week(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Each hour's exams as a share of a full working hour's, from midnight."""

    workday: tuple[float, ...]
    saturday: tuple[float, ...]
    sunday: tuple[float, ...]

    @property
    def hours(self) -> tuple[float, ...]:
        """All 168 hours, Monday 0 h first."""
        return (*self.workday * 5, *self.saturday, *self.sunday)


class Retention(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Years for which archives hold what is made."""

    years: float


class Throughput(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`content/whatif/throughput.toml`."""

    weight: Weight
    modality: Mapping[str, Rate]
    week: Week
    urgent: Mapping[str, float]
    kept: Mapping[Role, float]
    records: Retention

    def rate(self, modality: str) -> Rate:
        """The figure of a modality, else that of any other."""
        return self.modality.get(modality) or self.modality[OTHER_MODALITY]

    def urgent_share(self, modality: str) -> float:
        """Share of urgent exams of a modality, else that of any other."""
        return self.urgent.get(modality, self.urgent[OTHER_MODALITY])


class Hints(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`content/whatif/classes.toml`: words of names."""

    names: Mapping[DeviceClass, frozenset[str]]
    zones: Mapping[DeviceClass, frozenset[str]]
    importer: frozenset[str]
    reporting: frozenset[str]


@cache
def weaknesses() -> Weaknesses:
    """ContentError: a value is not within 0 and 1, or a class has no base."""
    found = read_toml(shipped("whatif", "weakness.toml"), Weaknesses)
    values = [v for one in (*(w.ways for w in found.weakness), *found.base.values()) for v in one.values()]
    if not all(0 <= value <= 1 for value in (*values, *found.confidence.values(), found.commanded.weak)):
        raise ContentError("weakness.toml: a value is not within 0 and 1")
    if missing := set(DeviceClass) - set(found.base) or set(Confidence) - set(found.confidence):
        raise ContentError(f"weakness.toml: nothing is said of {sorted(missing)}")
    return found


@cache
def throughput() -> Throughput:
    """ContentError: a day has not 24 hours, a share is not within 0 and 1, a role or the other modality is missing."""
    found = read_toml(shipped("whatif", "throughput.toml"), Throughput)
    if {len(day) for day in (found.week.workday, found.week.saturday, found.week.sunday)} != {DAY}:
        raise ContentError(f"throughput.toml: a day of [week] has not {DAY} hours")
    if not all(0 <= share <= 1 for share in (*found.urgent.values(), *found.kept.values(), *found.week.hours)):
        raise ContentError("throughput.toml: a share is not within 0 and 1")
    if OTHER_MODALITY not in found.modality or OTHER_MODALITY not in found.urgent or set(found.kept) != set(Role):
        raise ContentError(f"throughput.toml: {OTHER_MODALITY} or a step of exams is missing")
    return found


@cache
def hints() -> Hints:
    """What names tell of a device's class."""
    return read_toml(shipped("whatif", "classes.toml"), Hints)
