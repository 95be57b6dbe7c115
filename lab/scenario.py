"""The scenario file: zones, devices, services, activity and what must be found, as one TOML document."""

import random
import tomllib
from pathlib import Path

import msgspec

from lab.activities import AnyActivity
from lab.namespaces import LabError
from lab.services import AnyService


class Zone(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """One segment: a bridge with its router address. Only mirrored zones are captured."""

    name: str
    gateway: str
    prefix: int = 24
    mirrored: bool = True


class Device(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """One machine of the department, as it would be bought, plugged in and configured."""

    name: str
    zone: str
    addresses: list[str]
    mac: str
    hostname: str = ""
    roles: list[str] = []
    ae_title: str = ""
    modality: str = ""
    manufacturer: str = ""
    model: str = ""
    software: list[str] = []
    serial: str = ""
    station: str = ""
    implementation_uid: str = "1.2.826.0.1.3680043.9.3811.3.0.4"
    implementation_version: str = "PYNETDICOM_304"
    clock_offset: float = 0.0  # seconds its clock is ahead of true time
    clear: bool = True  # whether its DICOM can be read on the wire at all
    services: list[AnyService] = []


class Expectation(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A finding that must, must not or may be reported, and why."""

    rule: str
    subjects: list[str] | str
    why: str = ""


class NotFlow(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A flow that must not be reported under this service: asked for, never answered in that language."""

    client: str
    server: str
    service: str
    port: int
    why: str = ""


class Expectations(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    must: list[Expectation] = []
    must_not: list[Expectation] = []
    may: list[Expectation] = []
    not_flows: list[NotFlow] = []


class Scenario(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A department and a day in its life."""

    name: str
    title: str
    duration: float  # seconds at pace 1
    router_mac: str
    zones: list[Zone]
    devices: list[Device]
    activity: list[AnyActivity] = []
    not_assets: list[str] = []
    expect: Expectations = msgspec.field(default_factory=Expectations)

    def zone(self, name: str) -> Zone:
        return next(zone for zone in self.zones if zone.name == name)

    def device(self, name: str) -> Device:
        for device in self.devices:
            if device.name == name:
                return device
        raise LabError(f"scenario {self.name}: no device called {name!r}")


def load(path: Path) -> Scenario:
    """Read and check a scenario. Raises LabError naming the field that is wrong."""
    try:
        scenario = msgspec.convert(tomllib.loads(path.read_text("utf-8")), Scenario)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise LabError(f"{path}: {error}") from error
    names = [device.name for device in scenario.devices]
    zones = {zone.name for zone in scenario.zones}
    for device in scenario.devices:
        if device.zone not in zones:
            raise LabError(f"{path}: device {device.name} is in an unknown zone {device.zone!r}")
    if len(names) != len(set(names)):
        raise LabError(f"{path}: two devices have the same name")
    return scenario


def timetable(scenario: Scenario, pace: float) -> list[tuple[float, AnyActivity]]:
    """Every activity at its time in seconds from the start, earliest first; `pace` 10 runs ten times faster."""
    seeded = random.Random(scenario.name)
    rows = []
    for activity in scenario.activity:
        for turn in range(activity.times):
            at = activity.at + turn * activity.every + seeded.uniform(0, activity.jitter)
            rows.append((at / pace, activity))
    return sorted(rows, key=lambda row: row[0])
