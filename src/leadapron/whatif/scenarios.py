"""The attacks that can be played: one TOML file of `content/whatif/scenarios` each.

- `load_scenarios()` → name → `ScenarioContent`: a scenario and its words; `ContentError` unless every number says what
  it rests on.
- `with_overrides(scenario, {"contained": 4})` → the scenario with a department's own numbers.
- `label(parameter)` → message id and parameters of a number's name, for tables.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from importlib.resources.abc import Traversable
from typing import Annotated

from msgspec import Meta, Struct
from msgspec.structs import replace

from leadapron.model.content import LANGUAGES, read_toml, shipped, toml_files
from leadapron.model.department import Assumption, Basis, DeviceClass, Role
from leadapron.model.errors import ContentError, UsageError
from leadapron.model.scenarios import Course, Entry, Range, Scenario
from leadapron.whatif.parameters import checked, parameter, value_of, with_value

_TECHNIQUE = re.compile(r"T\d{4}(\.\d{3})?")
_SPREADING = frozenset({Course.WORM, Course.HUMAN, Course.THEFT})
_ALWAYS = frozenset({"contained", "shutdown", "diverted", "catch_up"})
"""Numbers a scenario may not leave to a default."""


class ScenarioTexts(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a radiology manager reads."""

    title: str
    story: str
    """Three to five sentences."""
    assumes: str
    look_first: str
    incident: str
    """What calibrates it."""


class ScenarioContent(Struct, frozen=True, kw_only=True):
    """A scenario with its words."""

    scenario: Scenario
    texts: Mapping[str, ScenarioTexts]
    """By language."""

    def having(self, scenario: Scenario) -> ScenarioContent:
        """The same words for changed numbers."""
        return replace(self, scenario=scenario)


class _Number(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A parameter as the file has it."""

    value: float
    spread: float | None = None
    low: float | None = None
    high: float | None = None
    basis: Basis
    source: str = ""
    """A key of `sources`."""


class _File(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: str
    order: int
    course: Course
    techniques: Annotated[tuple[str, ...], Meta(min_length=1)]
    entry: Entry = Entry()
    stops: tuple[DeviceClass, ...] = tuple(DeviceClass)
    spared: tuple[DeviceClass, ...] = (DeviceClass.MODALITY,)
    roles: tuple[Role, ...] = ()
    weekday: int = 0
    hour: float = 8.0
    sources: Mapping[str, str]
    parameters: Mapping[str, _Number]
    en: ScenarioTexts
    fr: ScenarioTexts


def load_scenarios(folder: Traversable | None = None) -> Mapping[str, ScenarioContent]:
    """All scenarios by name, in the order in which people should meet them; packaged content unless `folder` is given.

    ContentError names file and key.
    """
    found = []
    for file in toml_files(folder if folder is not None else shipped("whatif", "scenarios")):
        written = read_toml(file, _File)
        if f"{written.name}.toml" != file.name:
            raise ContentError(f"{file.name}: name: {written.name} should be that of the file")
        for problem in _problems(written):
            raise ContentError(f"{file.name}: {problem}")
        found.append(written)
    found.sort(key=lambda written: (written.order, written.name))
    return {
        written.name: ScenarioContent(scenario=_scenario(written), texts={"en": written.en, "fr": written.fr})
        for written in found
    }


def with_overrides(scenario: Scenario, given: Mapping[str, object]) -> Scenario:
    """The scenario with numbers given by name (`contained`, `recovery.modality`).

    What the department gives is no longer assumed, and no longer tried where it lies outside the plausible range.

    UsageError names the scenario, the parameter and what it may be.
    """
    changed = scenario
    for name, value in given.items():
        try:
            changed = with_value(changed, name, value)
        except UsageError as error:
            raise UsageError(f"scenario {scenario.name}: {error}") from error
        number = value_of(changed, name)
        told = assumption(changed, name, basis=Basis.GIVEN)
        known = any(one.message == told.message for one in changed.assumptions)
        changed = replace(
            changed,
            assumptions=tuple(told if one.message == told.message else one for one in changed.assumptions)
            + (() if known or parameter(name, scenario.course).spread else (told,)),
            ranges=tuple(one for one in changed.ranges if one.parameter != name or one.low <= number <= one.high),
        )
    return changed


def assumption(scenario: Scenario, name: str, *, basis: Basis, source: str = "") -> Assumption:
    """What a result says of one number of its scenario."""
    number = value_of(scenario, name)
    params = {"percent": 100.0 * number} if parameter(name, scenario.course).share else {"value": number}
    return Assumption(message=f"scenarios.{name}", params=params, basis=basis, source=source)


def label(name: str) -> tuple[str, Mapping[str, str]]:
    """Message id and parameters of the name of a number, as `Range` and `Influence` have it."""
    if name.startswith("per_hour."):
        return "scenarios.label.per_hour", {"modality": name.removeprefix("per_hour.")}
    return f"scenarios.label.{name}", {}


def _scenario(written: _File) -> Scenario:
    scenario = Scenario(
        name=written.name,
        course=written.course,
        entry=written.entry,
        stops=written.stops,
        spared=written.spared,
        roles=written.roles,
        weekday=written.weekday,
        hour=written.hour,
        techniques=written.techniques,
        incident=written.en.incident,
    )
    for name, number in written.parameters.items():
        scenario = with_value(scenario, name, number.value)
        if number.spread is not None:
            scenario = with_value(scenario, f"{name}.spread", number.spread)
    return replace(
        scenario,
        assumptions=tuple(
            assumption(scenario, name, basis=number.basis, source=written.sources.get(number.source, ""))
            for name, number in written.parameters.items()
        ),
        ranges=tuple(
            Range(parameter=name, low=number.low, high=number.high)
            for name, number in written.parameters.items()
            if number.low is not None and number.high is not None
        ),
    )


def _problems(written: _File) -> Iterator[str]:
    for technique in written.techniques:
        if not _TECHNIQUE.fullmatch(technique):
            yield f"techniques: {technique} is no ATT&CK identifier"
    for language in LANGUAGES:
        texts: ScenarioTexts = getattr(written, language)
        for field in ScenarioTexts.__struct_fields__:
            if not getattr(texts, field).strip():
                yield f"{language}.{field}: empty"
    for name, number in written.parameters.items():
        yield from (f"parameters: {name}: {problem}" for problem in _number_problems(written, name, number))
    if missing := sorted(_required(written) - written.parameters.keys()):
        yield f"parameters: not said: {', '.join(missing)}"
    if written.course in _SPREADING:
        if written.entry == Entry():
            yield "entry: where it begins is not said"
        if not any(name.startswith(("within.", "across.")) for name in written.parameters):
            yield "parameters: no rate at which it spreads"
    if unused := sorted(written.sources.keys() - {number.source for number in written.parameters.values()}):
        yield f"sources: nothing rests on {', '.join(unused)}"


def _number_problems(written: _File, name: str, number: _Number) -> Iterator[str]:
    try:
        known = parameter(name, written.course)
        for value in (number.value, number.low, number.high):
            if value is not None:
                checked(known, value)
        if number.spread is not None:
            checked(parameter(f"{name}.spread", written.course), number.spread)
    except UsageError as error:
        yield str(error)
        return
    if (number.low is None) is not (number.high is None):
        yield "low and high go together"
    elif (
        number.low is not None
        and number.high is not None
        and not (number.low <= number.value <= number.high and number.low < number.high)
    ):
        yield "low, value and high are not in order"
    if number.basis not in (Basis.SOURCED, Basis.ASSUMED):
        yield f"basis: a shipped number is sourced or assumed, not {number.basis}"
    if (number.basis is Basis.SOURCED) and not number.source:
        yield "source: a sourced number names it"
    if number.source and number.source not in written.sources:
        yield f"source: {number.source} is not in [sources]"


def _required(written: _File) -> set[str]:
    required = set(_ALWAYS) if written.course is not Course.THEFT else {"contained", "shutdown"}
    if written.course in _SPREADING:
        required.add("horizon")
    if written.course is Course.HUMAN:
        required.add("dwell")
    if written.course is not Course.THEFT:
        required.update(f"recovery.{kind}" for kind in written.stops)
    if written.roles:
        required.add("roles_back")
    if "shutdown" in written.parameters and written.parameters["shutdown"].value:
        required.add("shutdown_back")
    return required
