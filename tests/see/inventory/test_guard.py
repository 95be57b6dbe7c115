"""What a guard saw is inventory too, though it tells of sessions only."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from leadapron.know import load_fingerprints
from leadapron.model.events import (
    DicomAssociation,
    DicomOperation,
    DicomOutcome,
    Endpoint,
    Implementation,
    Service,
)
from leadapron.see.inventory import build_inventory

CT_STORAGE = "1.2.840.10008.5.1.4.1.1.2"
START = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)


def association(number: int, *, accepted: bool = True, tls: bool = False) -> DicomAssociation:
    return DicomAssociation(
        ts=START + timedelta(minutes=number),
        sensor="guard:front",
        packet=0,
        uid=f"u{number}",
        client=Endpoint(ip="10.1.0.10", port=40_000 + number),
        server=Endpoint(ip="10.9.0.10", port=104),
        end=START + timedelta(minutes=number, seconds=5),
        calling_ae_title="CT1",
        called_ae_title="PACS",
        outcome=DicomOutcome.RELEASED if accepted else DicomOutcome.REJECTED,
        accepted=accepted,
        requestor=Implementation(),
        acceptor=Implementation(),
        operations=(DicomOperation("C-STORE", CT_STORAGE, True, 1, {"0x0000": 1}),) if accepted else (),
        tls=tls,
    )


def test_each_association_is_a_connection_of_two_devices() -> None:
    inventory = build_inventory([association(1), association(2)], load_fingerprints())
    assert {address for asset in inventory.assets for address in asset.addresses} == {"10.1.0.10", "10.9.0.10"}
    (flow,) = inventory.flows
    assert (flow.service, flow.connections) == (Service.DICOM, 2)


def test_what_came_over_tls_is_not_told_as_clear() -> None:
    (flow,) = build_inventory([association(1, tls=True)], load_fingerprints()).flows
    assert flow.service is Service.DICOM_TLS
