"""A small made-up department: office computers, two CT, an MR, a PACS, a RIS, two readers, a way in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from msgspec.structs import replace

from leadapron.model.department import Basis, Chain, Department, DeviceClass, Link, Need, Node, Passage, Role, Way
from leadapron.model.events import Service
from leadapron.model.inventory import Flow, Inventory, UtilisationCell

SEEN = datetime(2026, 11, 23, 9, tzinfo=UTC)
WORKDAY = (*(0.0,) * 7, *(1.0,) * 12, *(0.0,) * 5)
WEEK = (*WORKDAY * 5, *(0.0,) * 48)


def node(name: str, zone: str, kind: DeviceClass, **more: object) -> Node:
    ways = {Way.SMB: 0.8, Way.RDP: 0.3, Way.DICOM: 0.2, Way.REMOTE: 0.5, Way.CREDENTIALS: 0.5}
    return Node(id=name, label=name.upper(), zone=zone, kind=kind, weak=ways, **more)  # type: ignore[arg-type]


NODES = (
    *(node(f"pc{number}", "office", DeviceClass.OFFICE, importer=number == 0) for number in range(6)),
    *(node(name, "imaging", DeviceClass.MODALITY, modality="CT") for name in ("ct1", "ct2")),
    node("mr1", "imaging", DeviceClass.MODALITY, modality="MR"),
    node("pacs1", "core", DeviceClass.PACS, records=120_000.0, exposed=True),
    node("ris1", "core", DeviceClass.RIS),
    node("read1", "reading", DeviceClass.READING),
    node("read2", "reading", DeviceClass.READING),
    node("gw1", "maker", DeviceClass.GATEWAY),
)
ZONES = ("office", "imaging", "core", "reading", "maker")


def chain(modality: str, *scanners: str, times: float = 1.0, urgent: float = 0.2) -> Chain:
    needs = {Role.WORKLIST: ("ris1",), Role.STORAGE: ("pacs1",), Role.READING: ("read1", "read2"), Role.REPORTING: ()}
    return Chain(
        modality=modality,
        scanners=scanners,
        needs=tuple(Need(role=role, nodes=nodes, kept=0.5, basis=Basis.ASSUMED) for role, nodes in needs.items()),
        per_hour=tuple(times * value for value in WEEK),
        urgent=urgent,
        basis=Basis.MEASURED,
    )


def clinic() -> Department:
    """All zones open to each other, the maker's way in to its scanners."""
    return Department(
        nodes=NODES,
        passages=tuple(
            Passage(source=source, target=target, way=way, basis=Basis.ASSUMED)
            for source in ZONES for target in ZONES for way in Way if source != target
        ),
        links=tuple(Link(source="gw1", target=name, way=Way.REMOTE, basis=Basis.MEASURED) for name in ("ct1", "ct2")),
        chains=(chain("CT", "ct1", "ct2", times=4.0, urgent=0.4), chain("MR", "mr1")),
    )  # fmt: skip


def seen() -> Inventory:
    """What CT sent: 60 GB to the PACS and a copy elsewhere, 120 exams; of MR nothing is known."""

    def flow(client: str, server: str, octets: int) -> Flow:
        return Flow(id=f"{client}-{server}", client=client, server=server, service=Service.DICOM, port=104,
                    object_bytes=octets, first_seen=SEEN, last_seen=SEEN)  # fmt: skip

    return Inventory(
        flows=(
            flow("ct1", "pacs1", 40_000_000_000),
            flow("ct1", "copy", 30_000_000_000),
            flow("ct2", "pacs1", 20_000_000_000),
        ),
        utilisation=tuple(
            UtilisationCell(modality="CT", hour=SEEN + timedelta(hours=n), exams=60, objects=1, devices=("ct1", "ct2"))
            for n in range(2)
        ),
    )


def with_disks(**gigabytes: float) -> Department:
    """The clinic with the room of scanners as read off their consoles, by device or modality."""
    place = clinic()
    nodes = (replace(node, disk_gb=gigabytes.get(node.id, gigabytes.get(node.modality, 0.0))) for node in place.nodes)
    return replace(place, nodes=tuple(nodes))
