"""What a department corrects in its own file: one TOML, strict, in which only what is written overrides.

urgent = 0.2
[devices.CT01]                 # id, name, address or AE title
class = "modality"
weak.smb = 0.0
[[passages]]                   # between zones, or between single devices
source = "office"
target = "modalities"
allow = ["dicom"]
deny = ["smb", "rdp"]
[chains.CT]
per_working_hour = 4.5
kept.storage = 0.3
[scenario.worm]
contained = 4
within.smb = 0.5
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NoReturn, TypeVar

import msgspec
from msgspec import Struct, field

from leadapron.model.content import path_first
from leadapron.model.department import Assumption, DeviceClass, Role, Way
from leadapron.model.errors import SourceError
from leadapron.model.toml import parse_toml
from leadapron.whatif.department.figures import CODE, DAY

T = TypeVar("T")

MOST_BYTES = 4_000_000
"""Of a settings file; the largest hospital's is a tenth of it."""

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

_KEYS = frozenset({"urgent", "devices", "passages", "chains", "scenario"})

MOST_PER_HOUR = 1_000.0
"""Exams of one modality in one hour: more is a slip of the keyboard."""

MOST_HELD = 1e9
"""Studies of an archive, or gigabytes of a disk: more is one too."""


class DeviceSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of one device; None leaves what was found."""

    kind: DeviceClass | None = field(name="class", default=None)
    modality: str | None = None
    zone: str | None = None
    weak: Mapping[Way, float] = field(default_factory=dict)
    records: float | None = None
    disk_gb: float | None = None
    importer: bool | None = None
    exposed: bool | None = None


class PassageSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Ways that are open, and ways that are shut, from a zone or device to another."""

    source: str
    target: str
    allow: tuple[Way, ...] = ()
    deny: tuple[Way, ...] = ()


class ChainSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of the exams of one modality. `nodes`: devices for each step of an exam; an empty list means that the step is not
    needed here, or for `reporting` that a service outside does it."""

    scanners: tuple[str, ...] | None = None
    nodes: Mapping[Role, tuple[str, ...]] = field(default_factory=dict)
    kept: Mapping[Role, float] = field(default_factory=dict)
    urgent: float | None = None
    per_working_hour: float | None = None
    per_hour: Mapping[str, tuple[float, ...]] = field(default_factory=dict)


class Settings(Struct, frozen=True, kw_only=True):
    """A whole file."""

    name: str = ""
    """Of the file, for messages."""
    urgent: float | None = None
    """Share of urgent exams of every modality that does not say otherwise."""
    devices: Mapping[str, DeviceSettings] = field(default_factory=dict)
    passages: tuple[PassageSettings, ...] = ()
    chains: Mapping[str, ChainSettings] = field(default_factory=dict)
    scenarios: Mapping[str, Mapping[str, float]] = field(name="scenario", default_factory=dict)
    """Scenario → parameter (`contained`, `within.smb` …) → value."""
    remarks: tuple[Assumption, ...] = ()
    """What reading firewall rules had to assume; never in a file."""


def read_settings(data: bytes, name: str) -> Settings:
    """A settings file as written by `whatif init`. SourceError names the file, the key and what to do."""
    document = document_of(data, name)
    scenarios = document.pop("scenario", {})
    if unknown := sorted(document.keys() - _KEYS):
        refuse(name, unknown[0], f"is no setting; there is {', '.join(sorted(_KEYS))}")
    settings = Settings(
        name=name,
        urgent=converted(document["urgent"], float, "urgent", name) if "urgent" in document else None,
        devices=_tables(document.get("devices", {}), DeviceSettings, "devices", name),
        passages=converted(document.get("passages", ()), tuple[PassageSettings, ...], "passages", name),
        chains=_tables(document.get("chains", {}), ChainSettings, "chains", name),
        scenarios=_scenarios(scenarios, name),
    )
    _check_shares(settings)
    _check_chains(settings)
    _check_passages(settings)
    return settings


def refuse(name: str, key: str, why: str) -> NoReturn:
    """One voice for all refusals."""
    raise SourceError(f"{name}: {key}: {why}")


def document_of(data: bytes, name: str) -> dict[str, Any]:
    """Bytes as TOML. SourceError: too long, not UTF-8, not TOML, nested beyond reason."""
    if len(data) > MOST_BYTES:
        raise SourceError(f"{name}: longer than {MOST_BYTES:,} bytes; is this the right file?")
    try:
        return parse_toml(data.decode("utf-8-sig").replace("\r\n", "\n"))
    except UnicodeDecodeError as error:
        raise SourceError(f"{name}: not UTF-8 at byte {error.start}; save the file as UTF-8") from error
    except (RecursionError, ValueError) as error:
        raise SourceError(f"{name}: cannot be read as TOML ({error}); correct that line") from error


def converted(given: object, type_: type[T], place: str, name: str) -> T:
    """A TOML value as a structure. SourceError names the key that does not fit."""
    try:
        return msgspec.convert(given, type_)
    except (msgspec.ValidationError, RecursionError, OverflowError) as error:
        key, _, why = path_first(str(error)).rpartition(": ")
        raise SourceError(f"{name}: {place}{'.' if key else ''}{key}: {why}; correct or delete that line") from error


def _tables(given: object, type_: type[T], place: str, name: str) -> Mapping[str, T]:
    """Tables by the name of what they are about, each refused under its own name."""
    if not isinstance(given, dict):
        refuse(name, place, f"must be a table: write [{place}.NAME] and what is to change below it")
    return {key: converted(one, type_, f"{place}.{key}", name) for key, one in given.items()}


def _scenarios(given: object, name: str) -> Mapping[str, Mapping[str, float]]:
    """Nested tables as dotted parameters; whether a scenario has them is checked where scenarios are known."""
    found: dict[str, Mapping[str, float]] = {}
    if not isinstance(given, dict):
        refuse(name, "scenario", "must be a table: write [scenario.NAME] and the parameters below it")
    for scenario, parameters in given.items():
        if not isinstance(parameters, dict):
            refuse(name, f"scenario.{scenario}", "must be a table: write [scenario.NAME] and the parameters below it")
        found[scenario] = dict(_flat(parameters, f"scenario.{scenario}", "", name))
    return found


def _flat(given: Mapping[str, Any], place: str, before: str, name: str) -> Iterator[tuple[str, float]]:
    for key, value in given.items():
        path = f"{before}{key}"
        match value:
            case dict() if before.count(".") < 2:
                yield from _flat(value, place, f"{path}.", name)
            case int() | float() if not isinstance(value, bool) and abs(value) < 1e12:
                yield path, float(value)
            case _:
                refuse(name, f"{place}.{path}", "must be a number")


# ---------------------------------------------------------------- checks
def _check_shares(settings: Settings) -> None:
    """Shares and weaknesses are within 0 and 1, records and disks are no debt."""
    shares: list[tuple[str, float | None]] = [("urgent", settings.urgent)]
    for device, one in settings.devices.items():
        shares += [(f"devices.{device}.weak.{way}", value) for way, value in one.weak.items()]
        if one.records is not None and not 0 <= one.records <= MOST_HELD:
            refuse(settings.name, f"devices.{device}.records", f"must be 0 or more studies, at most {MOST_HELD:,.0f}")
        if one.disk_gb is not None and not 0 <= one.disk_gb <= MOST_HELD:
            most = f"at most {MOST_HELD:,.0f}"
            refuse(settings.name, f"devices.{device}.disk_gb", f"must be gigabytes ({most}), or 0 where not known")
        if one.modality and not CODE.fullmatch(one.modality):
            refuse(settings.name, f"devices.{device}.modality", "must be a DICOM code, such as CT or MR")
        if one.zone is not None and not one.zone.strip():
            refuse(settings.name, f"devices.{device}.zone", "must not be empty: name a zone")
    for modality, chain in settings.chains.items():
        shares += [(f"chains.{modality}.kept.{role}", value) for role, value in chain.kept.items()]
        shares.append((f"chains.{modality}.urgent", chain.urgent))
    for key, value in shares:
        if value is not None and not 0 <= value <= 1:
            refuse(settings.name, key, f"must be within 0 and 1, not {value}")


def _check_chains(settings: Settings) -> None:
    """Throughput is above zero, a day has 24 hours."""
    for modality, chain in settings.chains.items():
        place = f"chains.{modality}"
        mean = chain.per_working_hour
        if mean is not None and not 0 < mean <= MOST_PER_HOUR:
            refuse(settings.name, f"{place}.per_working_hour", f"must be above 0 exams per hour, not {mean}")
        if chain.scanners is not None and not chain.scanners:
            refuse(settings.name, f"{place}.scanners", "names no device: name one, or delete the line")
        for day, hours in chain.per_hour.items():
            if day not in DAYS:
                refuse(settings.name, f"{place}.per_hour.{day}", f"is no day: write one of {', '.join(DAYS)}")
            if len(hours) != DAY:
                refuse(settings.name, f"{place}.per_hour.{day}", f"has {len(hours)} hours: write {DAY}, from midnight")
            if not all(0 <= value <= MOST_PER_HOUR for value in hours):
                refuse(settings.name, f"{place}.per_hour.{day}", "holds a value that is no number of exams (0 or more)")
        if len(chain.per_hour) == len(DAYS) and not any(map(any, chain.per_hour.values())):
            refuse(settings.name, f"{place}.per_hour", "has no exam in the whole week: delete the lines or correct one")


def _check_passages(settings: Settings) -> None:
    """No way of a pair is both open and shut."""
    said: dict[tuple[str, str, Way], bool] = {}
    for number, passage in enumerate(settings.passages, start=1):
        place = f"passages, number {number}"
        if not passage.source.strip() or not passage.target.strip():
            refuse(settings.name, place, "source or target is empty: name a zone or a device")
        for ways, is_open in ((passage.allow, True), (passage.deny, False)):
            for way in ways:
                key = (passage.source, passage.target, way)
                if said.setdefault(key, is_open) is not is_open:
                    refuse(
                        settings.name,
                        place,
                        f"{way} from {passage.source!r} to {passage.target!r} is allowed and denied: delete one",
                    )
