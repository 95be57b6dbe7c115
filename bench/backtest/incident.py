"""An incident as its TOML file tells it: facts and figures with their source, guesses with their range."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from importlib.resources import files
from typing import Annotated

from msgspec import Meta, Struct

from leadapron.model.content import read_toml, toml_files
from leadapron.model.department import DeviceClass, Way
from leadapron.model.errors import ContentError
from leadapron.model.scenarios import Entry

Number = float | str
"""A number, or the name of a guess."""

Sentence = Annotated[str, Meta(min_length=10)]


class Source(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where something was published."""

    title: str
    url: str = ""


class Guess(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What no source tells: drawn evenly between `low` and `high`."""

    low: float
    high: float
    why: Sentence


class Fact(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A number of the scenario that the incident states itself."""

    value: float
    says: Sentence
    source: str


class EntryFact(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the attack began, if the incident tells otherwise than the scenario."""

    kinds: tuple[DeviceClass, ...]
    says: Sentence
    source: str


class Group(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Devices that are alike."""

    name: str
    zone: str
    kind: DeviceClass
    count: Number
    modality: str = ""
    source: str = ""
    """Of the count; empty: assumed."""
    rules: Mapping[str, Number] = {}
    """Finding → share of the devices that have it: what an assessment would have found."""
    members: Number = 0.0
    """Share of the devices that a directory may run programs on."""


class Passage(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Zones open to each other."""

    source: str
    target: str
    ways: tuple[Way, ...]
    why: Sentence


class Measure(StrEnum):
    """How a figure is counted in a run."""

    ENCRYPTED = "encrypted"
    """Devices of the groups that fall and stop."""
    ENCRYPTED_SHARE = "encrypted-share"
    WORKING = "working"
    """Devices of the groups that work at `day`."""
    WORKING_SHARE = "working-share"
    BACK_SHARE = "back-share"
    """Of the devices of the groups that fell, those that work at `day`."""
    BACK_DAYS = "back-days"
    """Days until all of the groups work again."""
    DONE = "done"
    """Exams done here from the start until `day`."""
    LOST_SHARE = "lost-share"
    """Of the exams due from `since` to `day`, those not done here nor elsewhere."""


class Published(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A figure that was published."""

    what: Sentence
    measure: Measure
    of: tuple[str, ...] = ()
    """Groups; none: all."""
    since: float = 0.0
    day: float = 0.0
    low: float
    high: float
    """The same as `low` where one number was published."""
    source: str
    reading: Sentence
    """The published words, and how they were read as this number."""
    order_only: bool = False
    """It measures something near, not the same: no verdict."""
    why: str = ""
    """Of a figure outside the interval, or far from its mean: why we believe it is."""


class Variant(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Other numbers of the scenario, to see what a miss hangs on. Shown beside the verdict, never in its place."""

    name: Sentence
    numbers: Mapping[str, float]
    why: Sentence


class Incident(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One file."""

    name: str
    title: str
    scenario: str
    sources: Mapping[str, Source]
    guesses: Mapping[str, Guess]
    devices: tuple[Group, ...]
    published: tuple[Published, ...]
    variants: tuple[Variant, ...] = ()
    facts: Mapping[str, Fact] = {}
    entry: EntryFact | None = None
    flat: str = ""
    """Why all zones are taken for open to each other; empty: only `passages` are."""
    passages: tuple[Passage, ...] = ()
    exams_per_year: Number = 0.0
    """Of the whole department; 0: scanners times the shipped throughput."""

    def entry_of(self, shipped: Entry) -> Entry:
        """Where it begins."""
        return Entry(kinds=self.entry.kinds) if self.entry else shipped


def load_incidents() -> Mapping[str, Incident]:
    """All incidents by name; ContentError names the file and what is wrong."""
    found = {}
    for file in toml_files(files("bench.backtest").joinpath("incidents")):
        incident = read_toml(file, Incident)
        for problem in problems_of(incident):
            raise ContentError(f"{file.name}: {problem}")
        found[incident.name] = incident
    return found


def problems_of(incident: Incident) -> Iterator[str]:
    """What the file says that cannot be."""
    groups = {group.name for group in incident.devices}
    zones = {group.zone for group in incident.devices}
    cited = [*incident.facts.values(), *incident.published, *([incident.entry] if incident.entry else ())]
    keys = {one.source for one in cited} | {group.source for group in incident.devices if group.source}
    yield from (f"{key} is not in [sources]" for key in sorted(keys - incident.sources.keys()))
    numbers = [number for group in incident.devices for number in (group.count, group.members, *group.rules.values())]
    used = {number for number in (*numbers, incident.exams_per_year) if isinstance(number, str)}
    yield from (f"{name} is guessed nowhere" for name in sorted(used - incident.guesses.keys()))
    yield from (f"guesses: {name} is used nowhere" for name in sorted(incident.guesses.keys() - used))
    for figure in incident.published:
        yield from (f"{figure.what}: there is no group {name}" for name in sorted(set(figure.of) - groups))
        if figure.low > figure.high:
            yield f"{figure.what}: low is above high"
    for passage in incident.passages:
        yield from (f"passages: there is no zone {zone}" for zone in {passage.source, passage.target} - zones)
