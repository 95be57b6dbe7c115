"""Made-up departments of any size for the search of measures, in tests and benchmarks."""

from __future__ import annotations

from itertools import permutations

import numpy as np

from leadapron.model.department import (
    HOURS_OF_WEEK,
    Basis,
    Chain,
    Department,
    DeviceClass,
    Link,
    Need,
    Node,
    Passage,
    Role,
    Way,
)
from leadapron.model.scenarios import Course, Delay, Entry, Scenario

WORM = Scenario(
    name="worm",
    course=Course.WORM,
    entry=Entry(kinds=(DeviceClass.OFFICE,)),
    within={Way.SMB: 0.5, Way.RDP: 0.1},
    across={Way.SMB: 0.1, Way.RDP: 0.05, Way.DICOM: 0.05, Way.REMOTE: 0.1, Way.CREDENTIALS: 0.2},
    horizon=72.0,
    contained=12.0,
    recovery={DeviceClass.MODALITY: Delay(median=60.0, spread=0.3), DeviceClass.PACS: Delay(median=100.0, spread=0.3),
              DeviceClass.RIS: Delay(median=72.0), DeviceClass.READING: Delay(median=24.0)},
    engineers={DeviceClass.MODALITY: 3},
    backups_lost=0.3,
)  # fmt: skip
"""A worm with a few ways."""


def node(name: str, zone: str, kind: DeviceClass, modality: str = "", **weak: float) -> Node:
    """A device; ways by name."""
    ways = {Way(way): value for way, value in weak.items()}
    return Node(id=name, label=name.upper(), zone=zone, kind=kind, modality=modality, weak=ways)


def passage(source: str, target: str, way: Way = Way.SMB) -> Passage:
    """An assumed passage."""
    return Passage(source=source, target=target, way=way, basis=Basis.ASSUMED)


def link(source: str, target: str, way: Way = Way.SMB) -> Link:
    """A link, or a pair that was seen to talk."""
    return Link(source=source, target=target, way=way, basis=Basis.MEASURED)


def chain(modality: str, scanners: tuple[str, ...], *needs: Need, per_hour: float = 2.0) -> Chain:
    """The same number of exams in every hour."""
    return Chain(
        modality=modality,
        scanners=scanners,
        needs=needs,
        per_hour=(per_hour,) * HOURS_OF_WEEK,
        urgent=0.2,
        basis=Basis.ASSUMED,
    )


def need(role: Role, *nodes: str, kept: float = 0.2) -> Need:
    """A step of exams."""
    return Need(role=role, nodes=nodes, kept=kept, basis=Basis.ASSUMED)


def two_doors() -> Department:
    """The archive can be reached through the clinic or through the servers: closing one door of two helps nothing."""
    return Department(
        nodes=(
            node("pc", "office", DeviceClass.OFFICE, smb=1.0),
            node("desk", "clinic", DeviceClass.SERVER, smb=1.0),
            node("files", "servers", DeviceClass.SERVER, smb=1.0),
            node("ct", "scanners", DeviceClass.MODALITY, "CT", dicom=0.0),
            node("pacs", "archive", DeviceClass.PACS, smb=1.0),
        ),
        passages=(
            passage("office", "clinic"),
            passage("office", "servers"),
            passage("clinic", "archive"),
            passage("servers", "archive"),
        ),
        chains=(chain("CT", ("ct",), need(Role.STORAGE, "pacs")),),
    )


ZONES = {
    "office": (DeviceClass.OFFICE, 2, 2),
    "reading": (DeviceClass.READING, 10, 1),
    "scanners": (DeviceClass.MODALITY, 8, 2),
    "rooms": (DeviceClass.MODALITY, 12, 2),
    "servers": (DeviceClass.SERVER, 20, 2),
    "makers": (DeviceClass.GATEWAY, 1000, 1),
}
"""Zone → class of its devices, of how many devices one is there, and how many at least."""

SERVERS = (DeviceClass.PACS, DeviceClass.RIS, DeviceClass.DIRECTORY, DeviceClass.SERVER)


def site(size: int, seed: int, *, open_share: float = 0.5) -> Department:
    """A department of about `size` devices, with weaknesses drawn; `open_share` of the possible passages by file
    sharing are there, half as many by other ways (1: everything is open)."""
    chance = np.random.default_rng(seed)
    nodes = []
    for zone, (kind, one_in, least) in ZONES.items():
        for number in range(max(size // one_in, least)):
            own = SERVERS[min(number, 3)] if zone == "servers" else kind
            nodes.append(_device(f"{zone}{number}", zone, own, number, chance))
    passages = tuple(
        passage(source, target, way)
        for source, target in permutations(ZONES, 2)
        for way in (Way.SMB, Way.RDP, Way.DICOM, Way.REMOTE)
        if chance.random() < (open_share if way is Way.SMB or open_share >= 1 else open_share / 2)
    )
    scanners = [one for one in nodes if one.kind is DeviceClass.MODALITY]
    reading = tuple(one.id for one in nodes if one.kind is DeviceClass.READING)
    seen = (*(link(one.id, "servers0", Way.DICOM) for one in scanners), *(link(one, "servers0") for one in reading))
    needs = (need(Role.STORAGE, "servers0"), need(Role.WORKLIST, "servers1", kept=0.7), need(Role.READING, *reading))
    by_type: dict[str, tuple[str, ...]] = {}
    for one in scanners:
        by_type[one.modality] = (*by_type.get(one.modality, ()), one.id)
    return Department(
        nodes=tuple(nodes),
        passages=passages,
        links=tuple(link("makers0", one.id, Way.REMOTE) for one in scanners[::2]),
        seen=seen,
        chains=tuple(chain(kind, ids, *needs, per_hour=1.5 * len(ids)) for kind, ids in by_type.items()),
    )


def _device(name: str, zone: str, kind: DeviceClass, number: int, chance: np.random.Generator) -> Node:
    scanner = kind is DeviceClass.MODALITY
    weak = {way: float(chance.uniform(0.2, 1.0)) for way in ("smb", "rdp") if chance.random() < 0.7}
    if (scanner or kind is DeviceClass.PACS) and chance.random() < 0.5:
        weak["dicom"] = float(chance.uniform(0.1, 0.6))
    if scanner and chance.random() < 0.5:
        weak["remote"] = 0.8
    return node(name, zone, kind, ("CT", "MR", "US", "CR")[number % 4] if scanner else "", **weak)
