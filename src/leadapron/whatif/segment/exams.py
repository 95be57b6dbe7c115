"""Which exams depend on which flows, from what was seen.

A scanner's exams are those of the utilisation table, shared among the devices of a cell by the images they sent. They
depend on two things: that their images get to a store, and that orders get to the scanner. Images are lost as far as
the scanner's store flows that still pass carried fewer of them than it made; orders when the scanner asked worklists
and none of those flows passes, or when HL7 orders do not reach the RIS (by their share of that server's orders).
Typing patients by hand keeps some exams going; they are counted as failed all the same, since nobody can do so all day.

Flows of readers, copies from store to store and results carry no exam: what was made is there and can be read
elsewhere. Exams inside TLS cannot be counted: such a flow is listed with 0.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from msgspec import Struct

from leadapron.model.events import Service
from leadapron.model.inventory import Flow, Inventory, Role, UtilisationCell
from leadapron.whatif.segment.traffic import was_taken

WORKLIST = "1.2.840.10008.5.1.4.31"
"""Modality Worklist Information Model FIND (PS3.4 K.6)."""
ORDERS = frozenset({"ORM", "OMI", "OMG", "SIU"})
"""HL7 message codes that order or schedule an exam (HL7 v2.5.1 chapters 4 and 10)."""


def stores_images(flow: Flow) -> bool:
    """A scanner sends images. A reader that fetches images is no scanner, though its flow names C-STORE too."""
    return Role.MODALITY in flow.client_roles and flow.operations.get("C-STORE", 0) > 0


def asks_worklist(flow: Flow) -> bool:
    """A scanner asks what to do next."""
    return Role.MODALITY in flow.client_roles and WORKLIST in flow.sop_classes


def carries_exams(flow: Flow) -> bool:
    """Exams depend on it, or may: a scanner's DICOM inside TLS is taken for images."""
    hidden = flow.service is Service.DICOM_TLS and Role.MODALITY in flow.client_roles
    return stores_images(flow) or asks_worklist(flow) or hidden


def orders_on(flow: Flow) -> int:
    """Order messages on their way to the RIS; what the RIS passes on is no order to a scanner."""
    to_engine = Role.INTERFACE_ENGINE in flow.server_roles and Role.RIS not in flow.client_roles
    if flow.service is not Service.HL7 or not (to_engine or Role.RIS in flow.server_roles):
        return 0
    return sum(count for kind, count in flow.operations.items() if kind.partition("^")[0] in ORDERS)


class Toll(Struct, frozen=True):
    """Exams that fail when some flows do not pass."""

    by_flow: Mapping[str, int]
    by_device: Mapping[str, int]
    by_modality: Mapping[str, int]
    total: int
    """Exams in the traffic, failed or not."""


class _Loss(Struct, frozen=True):
    """Part of one device's exams that fails (0 to 1), and of how much of it each blocked flow is the cause."""

    whole: float
    by_flow: Mapping[str, float]
    asks: bool


class _Share(Struct, frozen=True):
    """A device's part of one cell of the utilisation table."""

    device: str
    modality: str
    exams: float
    images: float


def toll(inventory: Inventory, blocked: frozenset[str]) -> Toll:
    """Exams that fail when the flows with these ids do not pass; parts of exams are rounded at the end."""
    flows = [flow for flow in inventory.flows if was_taken(flow)]
    shares = list(_shares(inventory.utilisation, flows))
    total = sum(share.exams for share in shares)
    orders = _orders_lost(flows, blocked)
    images: dict[str, float] = defaultdict(float)
    for share in shares:
        images[share.device] += share.images
    losses = {device: _loss(device, made, flows, blocked) for device, made in images.items()}
    by_flow: dict[str, float] = {flow: part * total for flow, part in orders.items()}
    by_device: dict[str, float] = defaultdict(float)
    by_modality: dict[str, float] = defaultdict(float)
    for share in shares:
        loss = losses[share.device]
        failed = share.exams * max(loss.whole, *(orders.values() if loss.asks else ()), 0.0)
        by_device[share.device] += failed
        by_modality[share.modality] += failed
        for flow, part in loss.by_flow.items():
            by_flow[flow] = by_flow.get(flow, 0.0) + part * share.exams
    return Toll(_whole(by_flow), _whole(by_device), _whole(by_modality), round(total))


def _whole(counts: Mapping[str, float]) -> Mapping[str, int]:
    return {name: round(counts[name]) for name in sorted(counts) if round(counts[name])}


def _loss(device: str, images: float, flows: list[Flow], blocked: frozenset[str]) -> _Loss:
    own = [flow for flow in flows if flow.client == device]
    asks = [flow.id for flow in own if asks_worklist(flow)]
    stores = {flow.id: flow.objects for flow in own if stores_images(flow)}
    stopped = {flow: count for flow, count in stores.items() if flow in blocked}
    arrive = sum(stores.values()) - sum(stopped.values())
    lost = max(0.0, 1 - arrive / images) if images and stopped else 0.0
    by_flow = {flow: min(lost, count / images) for flow, count in stopped.items()} if images else {}
    if asks and blocked.issuperset(asks):
        return _Loss(1.0, by_flow | dict.fromkeys(asks, 1.0), asks=True)
    return _Loss(lost, by_flow, asks=bool(asks))


def _orders_lost(flows: list[Flow], blocked: frozenset[str]) -> Mapping[str, float]:
    """Blocked flow → its part of all orders that its server got."""
    got: dict[str, int] = defaultdict(int)
    for flow in flows:
        got[flow.server] += orders_on(flow)
    return {flow.id: orders_on(flow) / got[flow.server] for flow in flows if flow.id in blocked and orders_on(flow)}


def _shares(cells: tuple[UtilisationCell, ...], flows: list[Flow]) -> Iterator[_Share]:
    """Cells name their devices but not who made how much: the most images a device sent to one store tell."""
    sent: dict[str, int] = defaultdict(int)
    for flow in flows:
        if stores_images(flow):
            sent[flow.client] = max(sent[flow.client], flow.objects)
    for cell in cells:
        whole = sum(sent[device] for device in cell.devices)
        for device in cell.devices:
            part = sent[device] / whole if whole else 1 / len(cell.devices)
            yield _Share(device, cell.modality, cell.exams * part, cell.objects * part)
