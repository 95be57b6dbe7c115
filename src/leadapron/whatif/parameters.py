"""The numbers of a scenario by name: what may be written, what a department may replace, what is tried.

A name is that of a field of `Scenario`, followed by the way or the class where there is one value for each:
`contained`, `within.smb`, `recovery.modality`, `engineers.pacs`. Of a duration it means the median;
`recovery.modality.spread` is its spread.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, NoReturn, assert_never

from msgspec import Struct
from msgspec.structs import replace

from leadapron.model.department import DeviceClass, Way
from leadapron.model.errors import UsageError
from leadapron.model.scenarios import Course, Delay, Scenario

YEAR = 8760.0
"""Hours."""


class Shape(StrEnum):
    """How a parameter is kept in a scenario."""

    NUMBER = "number"
    DELAY = "delay"
    RATES = "rates"
    DELAYS = "delays"
    COUNTS = "counts"


class Field(Struct, frozen=True, kw_only=True):
    """A field of `Scenario` that holds numbers, and what they may be."""

    shape: Shape
    low: float = 0.0
    high: float
    share: bool = False
    """People read it in percent."""


FIELDS: Mapping[str, Field] = {
    "within": Field(shape=Shape.RATES, high=1000.0),
    "across": Field(shape=Shape.RATES, high=1000.0),
    "dwell": Field(shape=Shape.DELAY, high=YEAR),
    "horizon": Field(shape=Shape.NUMBER, low=0.1, high=YEAR),
    "contained": Field(shape=Shape.NUMBER, low=-YEAR, high=YEAR),
    "roles_back": Field(shape=Shape.DELAY, high=YEAR),
    "shutdown": Field(shape=Shape.NUMBER, high=1.0, share=True),
    "shutdown_back": Field(shape=Shape.DELAY, high=YEAR),
    "recovery": Field(shape=Shape.DELAYS, high=YEAR),
    "engineers": Field(shape=Shape.COUNTS, high=1000.0),
    "backups_lost": Field(shape=Shape.NUMBER, high=1.0, share=True),
    "backups_factor": Field(shape=Shape.NUMBER, low=1.0, high=100.0),
    "diverted": Field(shape=Shape.NUMBER, high=1.0, share=True),
    "catch_up": Field(shape=Shape.NUMBER, high=1.0, share=True),
    "weekday": Field(shape=Shape.COUNTS, high=6.0),
    "hour": Field(shape=Shape.NUMBER, high=23.99),
}
"""In the order in which people are told of them."""

_KEYED: Mapping[Shape, type[Way] | type[DeviceClass]] = {
    Shape.RATES: Way,
    Shape.DELAYS: DeviceClass,
    Shape.COUNTS: DeviceClass,
}
_PLAIN = frozenset({"weekday"})
"""Whole numbers that are not kept by class."""


class Parameter(Struct, frozen=True, kw_only=True):
    """A name, understood."""

    name: str
    field: str
    key: Way | DeviceClass | None
    spread: bool
    low: float
    """Lowest allowed."""
    high: float
    whole: bool

    @property
    def share(self) -> bool:
        """It is read in percent."""
        return FIELDS[self.field].share


def parameter(name: str, course: Course) -> Parameter:
    """The parameter called `name`; UsageError: there is none."""
    first, *rest = name.split(".")
    known = FIELDS.get(first)
    if known is None:
        _unknown(name)
    of_delay = known.shape in (Shape.DELAY, Shape.DELAYS)
    spread = of_delay and rest[-1:] == ["spread"]
    keys = rest[:-1] if spread else rest
    key: Way | DeviceClass | None = None
    if known.shape in _KEYED and first not in _PLAIN:
        kind: type[Way] | type[DeviceClass] = _KEYED[known.shape]
        if len(keys) != 1 or keys[0] not in list(kind):
            choices = ", ".join(f"{first}.{one}" for one in kind)
            raise UsageError(f"{name}: no such number of a scenario; there is {choices}")
        key = kind(keys[0])
    elif keys:
        _unknown(name)
    whole = known.shape is Shape.COUNTS
    if spread:
        return Parameter(name=name, field=first, key=key, spread=True, low=0.0, high=3.0, whole=False)
    # Intruders may be stopped before they trigger anything; all others are first noticed by what stops.
    low = 0.0 if first == "contained" and course is not Course.HUMAN else known.low
    return Parameter(name=name, field=first, key=key, spread=False, low=low, high=known.high, whole=whole)


def value_of(scenario: Scenario, name: str) -> float:
    """The number that `name` has in a scenario; a rate, duration or number of engineers it does not mention is 0."""
    found = parameter(name, scenario.course)
    kept = getattr(scenario, found.field)
    if found.key is not None:
        kept = kept.get(found.key, 0.0)
    if isinstance(kept, Delay):
        return kept.spread if found.spread else kept.median
    return float(kept)


def with_value(scenario: Scenario, name: str, value: object) -> Scenario:
    """A scenario with one number replaced; UsageError names the parameter and what it may be. 0 engineers means that
    nothing waits."""
    found = parameter(name, scenario.course)
    number = checked(found, value)
    field: Any = getattr(scenario, found.field)
    if found.key is None:
        return replace(scenario, **{found.field: _changed(field, found, number)})
    rest = {key: kept for key, kept in field.items() if key is not found.key}
    if found.field == "engineers" and not number:
        return replace(scenario, engineers=rest)
    return replace(scenario, **{found.field: {**rest, found.key: _changed(field.get(found.key), found, number)}})


def checked(found: Parameter, value: object) -> float:
    """`value` as a number that this parameter may have; UsageError otherwise."""
    number = float(value) if isinstance(value, int | float) and not isinstance(value, bool) else math.nan
    if not found.low <= number <= found.high or (found.whole and number != int(number)):
        kind = "a whole number" if found.whole else "a number"
        raise UsageError(f"{found.name}: {kind} from {found.low:g} to {found.high:g} is expected, not {value}")
    return number


def _changed(kept: object, found: Parameter, number: float) -> object:
    shape = FIELDS[found.field].shape
    match shape:
        case Shape.DELAY | Shape.DELAYS:
            delay = kept if isinstance(kept, Delay) else Delay(median=0.0)
            return replace(delay, spread=number) if found.spread else replace(delay, median=number)
        case Shape.COUNTS:
            return int(number)
        case Shape.NUMBER | Shape.RATES:
            return number
        case _:
            assert_never(shape)


def _unknown(name: str) -> NoReturn:
    raise UsageError(f"{name}: no such number of a scenario; there is {', '.join(FIELDS)}")
