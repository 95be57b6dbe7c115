"""What findings say against a flow: an attack, a doubt, or nothing that would be a reason to stop it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum

from leadapron.model.events import Service
from leadapron.model.findings import Confidence, Finding
from leadapron.model.inventory import Flow, Inventory, Role
from leadapron.model.segmentation import Standing
from leadapron.whatif.segment.exams import carries_exams


class Reason(StrEnum):
    """Why a rule is asked about or refused; message ids."""

    FEW = "segment.few"
    ODD_HOURS = "segment.odd-hours"
    MAINTENANCE = "segment.maintenance"
    OUTSIDE = "segment.outside"
    FROM_OUTSIDE = "segment.from-outside"
    LOCAL_NAMES = "segment.local-names"
    DATABASE = "segment.database"
    ORDERS_FROM_ANYWHERE = "segment.orders-from-anywhere"
    MALFORMED = "segment.malformed"
    POSSIBLE_ATTACK = "segment.possible-attack"
    SUSPECT_DEVICE = "segment.suspect-device"
    ATTACK_WITH_EXAMS = "segment.attack-with-exams"
    OFFICE_IMAGES = "segment.office-images"
    ROGUE = "segment.rogue"
    SIDEWAYS = "segment.sideways"
    BEACON = "segment.beacon"
    OFFICE = "segment.office"
    SAID_NO = "segment.said-no"
    """A person refused it; the proposal never says so."""


ATTACKS: Mapping[str, Reason] = {
    "net-lateral": Reason.SIDEWAYS,
    "net-beacon": Reason.BEACON,
    "net-flat": Reason.OFFICE,
    "dcm-rogue": Reason.ROGUE,
}
"""Findings whose flows are an attack, or look like one until somebody explains them."""
QUESTIONS: Mapping[str, Reason] = {
    "hl7-any-source": Reason.ORDERS_FROM_ANYWHERE,
    "dcm-malformed": Reason.MALFORMED,
    "db-open": Reason.DATABASE,
}
"""Findings whose flows are odd and may be meant. All other findings are weaknesses that a department works with."""
SUSPECT = frozenset(ATTACKS.values())

DICOM = frozenset({Service.DICOM, Service.DICOM_TLS})
MOVES_IMAGES = frozenset({"C-STORE", "C-GET", "C-MOVE"})


class Suspicion:
    """Findings and their authors, ready to be asked about a flow."""

    def __init__(self, inventory: Inventory, findings: Iterable[Finding]) -> None:
        self._flows: dict[str, tuple[Standing, Reason]] = {}
        self._rogues: set[str] = set()
        """Devices that speak DICOM without a place in imaging: all their DICOM counts, and what is sent to them."""
        self._prowlers: set[str] = set()
        """Devices that reach sideways or claim another's address: what else they do is asked about."""
        for finding in findings:
            self._learn(finding, inventory)
        self._swept = {(sweep.client, sweep.port) for sweep in inventory.sweeps if sweep.client in self._prowlers}

    def of(self, flow: Flow) -> tuple[Standing, Reason] | None:
        """None: nothing is said against it. What exams travel by is at most asked about."""
        said = self._said(flow)
        if said and said[0] is Standing.REFUSE and carries_exams(flow):
            return Standing.ASK, Reason.ATTACK_WITH_EXAMS
        return said

    def _said(self, flow: Flow) -> tuple[Standing, Reason] | None:
        if flow.service in DICOM and not self._rogues.isdisjoint((flow.client, flow.server)):
            return Standing.REFUSE, Reason.ROGUE
        if (flow.client, flow.port) in self._swept:
            return Standing.REFUSE, Reason.SIDEWAYS
        said = self._flows.get(flow.id)
        if said == (Standing.REFUSE, Reason.OFFICE) and not MOVES_IMAGES.isdisjoint(flow.operations):
            return Standing.ASK, Reason.OFFICE_IMAGES
        if said is None and flow.client in self._prowlers:
            return Standing.ASK, Reason.SUSPECT_DEVICE
        return said

    def _learn(self, finding: Finding, inventory: Inventory) -> None:
        sure = finding.confidence is not Confidence.POSSIBLE or _is_corroborated(finding)
        if finding.rule in ATTACKS:
            said = (Standing.REFUSE, ATTACKS[finding.rule]) if sure else (Standing.ASK, Reason.POSSIBLE_ATTACK)
        elif finding.rule in QUESTIONS:
            said = (Standing.ASK, QUESTIONS[finding.rule])
        elif finding.rule == "net-arp":
            self._prowlers |= _claimants(inventory)
            return
        else:
            return
        for flow in finding.flows:
            if flow not in self._flows or self._flows[flow][0] is not Standing.REFUSE:
                self._flows[flow] = said
        if sure and finding.rule == "dcm-rogue":
            self._rogues.add(finding.subject.id)
        if sure and finding.rule == "net-lateral" and not finding.flows:
            self._prowlers.add(finding.subject.id)


def _is_corroborated(finding: Finding) -> bool:
    """A tool's title alone may be an administrator's test; with one hostile act beside it, it is not left open."""
    return finding.rule == "dcm-rogue" and any(reason.endswith("=yes") for reason in finding.reasons)


def _claimants(inventory: Inventory) -> set[str]:
    """Devices whose network card claimed an address that is not theirs."""
    return {
        asset.id
        for asset in inventory.assets
        if Role.NETWORK not in asset.roles
        for address, macs in inventory.arp_conflicts.items()
        if address not in asset.addresses and not set(macs).isdisjoint({asset.mac, *asset.macs} - {""})
    }
