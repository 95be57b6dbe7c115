"""An incident's file with its guesses drawn → the department that was attacked.

Weaknesses, throughput and what can be done without a step are the shipped ones: they are on trial too.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import permutations
from math import fsum

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from bench.backtest.incident import Group, Incident, Number
from leadapron.model.department import Basis, Chain, Department, DeviceClass, Link, Need, Node, Passage, Role, Way
from leadapron.whatif.department.figures import throughput, weaknesses
from leadapron.whatif.department.passages import ASSUMED_OPEN
from leadapron.whatif.department.weak import commanded, together

WEEKS_OF_YEAR = 52.18
SYSTEM = "windows"
"""Of every device whose system a rule asks for."""

STEPS = {Role.WORKLIST: DeviceClass.RIS, Role.STORAGE: DeviceClass.PACS, Role.READING: DeviceClass.READING}


class Site(Struct, frozen=True, kw_only=True):
    """A department, and where each group is in it."""

    department: Department
    groups: Mapping[str, tuple[int, ...]]
    """Group → numbers of its devices."""

    def of(self, names: Sequence[str]) -> list[int]:
        """Devices of some groups; of all, where none is named."""
        return [number for name in names or self.groups for number in self.groups[name]]


def build_site(incident: Incident, drawn: Mapping[str, float], chance: np.random.Generator) -> Site:
    """`drawn`: the guesses; `chance` says which devices have what only a share has."""
    nodes: list[Node] = []
    members: list[Node] = []
    groups: dict[str, tuple[int, ...]] = {}
    for group in incident.devices:
        devices = list(_devices(group, drawn, chance))
        first = len(nodes)
        groups[group.name] = tuple(range(first, first + len(devices)))
        nodes += devices
        joined = chance.permutation(len(devices))[: round(_value(group.members, drawn) * len(devices))]
        for at in sorted(joined):
            nodes[first + at] = replace(devices[at], weak=commanded(devices[at].weak))
            members.append(nodes[first + at])
    department = Department(
        nodes=tuple(nodes),
        passages=tuple(_passages(incident)),
        links=tuple(_links(nodes, members)),
        chains=_chains(nodes, _value(incident.exams_per_year, drawn)),
    )
    return Site(department=department, groups=groups)


def _value(number: Number, drawn: Mapping[str, float]) -> float:
    return drawn[number] if isinstance(number, str) else number


def _devices(group: Group, drawn: Mapping[str, float], chance: np.random.Generator) -> Iterator[Node]:
    count = round(_value(group.count, drawn))
    having = {rule: chance.permutation(count) < _value(share, drawn) * count for rule, share in group.rules.items()}
    for number in range(count):
        rules = frozenset(rule for rule, flags in having.items() if flags[number])
        yield Node(
            id=f"{group.name}-{number + 1}",
            label=f"{group.name}-{number + 1}",
            zone=group.zone,
            kind=group.kind,
            modality=group.modality,
            weak=_weak(group.kind, rules),
        )


def _weak(kind: DeviceClass, rules: frozenset[str]) -> Mapping[Way, float]:
    """As `whatif.department` would say after these findings, each seen in packets."""
    content = weaknesses()
    values: dict[Way, list[float]] = defaultdict(list)
    for way, value in content.base[kind].items():
        values[way].append(value)
    for one in content.weakness:
        if one.rule in rules and one.system in SYSTEM:
            for way, value in one.ways.items():
                values[way].append(value)
    return {way: together(values[way]) for way in Way if way in values}


def _passages(incident: Incident) -> Iterator[Passage]:
    zones = sorted({group.zone for group in incident.devices})
    if incident.flat:
        for source, target in permutations(zones, 2):
            for way in ASSUMED_OPEN:
                yield Passage(source=source, target=target, way=way, basis=Basis.ASSUMED)
    for given in incident.passages:
        for open_way in given.ways:
            yield Passage(source=given.source, target=given.target, way=open_way, basis=Basis.ASSUMED)


def _links(nodes: Sequence[Node], members: Sequence[Node]) -> Iterator[Link]:
    for directory in nodes:
        if directory.kind is DeviceClass.DIRECTORY:
            for member in members:
                if member is not directory:
                    yield Link(source=directory.id, target=member.id, way=Way.CREDENTIALS, basis=Basis.GIVEN)


def _chains(nodes: Sequence[Node], per_year: float) -> tuple[Chain, ...]:
    figures = throughput()
    of_kind = {kind: tuple(node.id for node in nodes if node.kind is kind) for kind in STEPS.values()}
    needs = [
        Need(role=role, nodes=of_kind[kind], kept=figures.kept[role], basis=Basis.ASSUMED)
        for role, kind in STEPS.items()
        if of_kind[kind]
    ]
    needs.append(Need(role=Role.REPORTING, nodes=(), kept=figures.kept[Role.REPORTING], basis=Basis.ASSUMED))
    chains = []
    for modality in dict.fromkeys(node.modality for node in nodes if node.modality):
        scanners = tuple(node.id for node in nodes if node.modality == modality)
        rate = figures.rate(modality).per_hour * len(scanners)
        chains.append(
            Chain(
                modality=modality,
                scanners=scanners,
                needs=tuple(needs),
                per_hour=tuple(rate * share for share in figures.week.hours),
                urgent=figures.urgent_share(modality),
                basis=Basis.ASSUMED,
            )
        )
    if not per_year:
        return tuple(chains)
    factor = per_year / WEEKS_OF_YEAR / fsum(rate for chain in chains for rate in chain.per_hour)
    return tuple(replace(chain, per_hour=tuple(rate * factor for rate in chain.per_hour)) for chain in chains)
