"""A picture with the look-ups that the model needs: who talks to whom by which way."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from leadapron.model.declared import Declared
from leadapron.model.department import Way
from leadapron.model.events import Service
from leadapron.model.findings import Finding, SubjectType
from leadapron.model.inventory import Asset, Flow
from leadapron.model.picture import Picture
from leadapron.whatif.department.ways import way_of_flow

WORKLIST_FIND = "1.2.840.10008.5.1.4.31"
"""Modality Worklist Information Model - FIND (PS3.4 Annex K)."""


@dataclass(frozen=True)
class Site:
    """Read-only; every answer is a pure function of the picture and its findings."""

    picture: Picture
    findings: tuple[Finding, ...] = ()

    @cached_property
    def assets(self) -> Mapping[str, Asset]:
        """Asset id → device."""
        return {asset.id: asset for asset in self.picture.inventory.assets}

    @cached_property
    def flows(self) -> tuple[Flow, ...]:
        """Flows that were answered, between two different devices."""
        return tuple(flow for flow in self.picture.inventory.flows if flow.answered and flow.client != flow.server)

    @cached_property
    def flow(self) -> Mapping[str, Flow]:
        """Flow id → flow, answered or not."""
        return {flow.id: flow for flow in self.picture.inventory.flows}

    @cached_property
    def from_client(self) -> Mapping[str, tuple[Flow, ...]]:
        """Asset id → answered flows in which it is the client."""
        return _grouped((flow.client, flow) for flow in self.flows)

    @cached_property
    def to_server(self) -> Mapping[str, tuple[Flow, ...]]:
        """Asset id → answered flows in which it is the server."""
        return _grouped((flow.server, flow) for flow in self.flows)

    @cached_property
    def findings_of(self) -> Mapping[str, tuple[Finding, ...]]:
        """Asset id → findings about it."""
        found: dict[str, list[Finding]] = defaultdict(list)
        for finding in self.findings:
            for asset in self._subjects(finding):
                found[asset].append(finding)
        return {asset: tuple(findings) for asset, findings in found.items()}

    def _subjects(self, finding: Finding) -> Iterator[str]:
        """The device a finding is about; of one about a flow, the server that answers."""
        if finding.subject.type is SubjectType.ASSET:
            yield finding.subject.id
        elif finding.subject.type is SubjectType.FLOW and finding.subject.id in self.flow:
            yield self.flow[finding.subject.id].server

    def has(self, asset_id: str, rule: str) -> bool:
        """Whether a rule holds for a device."""
        return any(finding.rule == rule for finding in self.findings_of.get(asset_id, ()))

    def declared(self, asset_id: str) -> Declared:
        """What documents say of one device; empty when they say nothing."""
        return self.picture.declarations.of.get(asset_id, Declared())

    def system(self, asset_id: str) -> str:
        """Operating system: as told on the network, else as declared."""
        asset = self.assets[asset_id]
        row = self.declared(asset_id).device
        return f"{asset.os} {asset.os_version}".strip() or (row.os if row else "")

    @cached_property
    def modalities(self) -> Mapping[str, tuple[str, ...]]:
        """Asset id → modalities of the exams it made, most exams first, then those it or its papers tell."""
        made: dict[str, dict[str, float]] = defaultdict(dict)
        for cell in self.picture.inventory.utilisation:
            for device in cell.devices:
                made[device][cell.modality] = made[device].get(cell.modality, 0.0) + cell.exams / len(cell.devices)
        found = {}
        for asset in self.assets.values():
            counts = made.get(asset.id, {})
            row = self.declared(asset.id).device
            told = (*asset.modalities, *((row.modality.upper(),) if row and row.modality else ()))
            found[asset.id] = tuple(dict.fromkeys((*sorted(counts, key=lambda one: (-counts[one], one)), *told)))
        return found

    @cached_property
    def makers(self) -> frozenset[str]:
        """Devices that made exams."""
        return frozenset(device for cell in self.picture.inventory.utilisation for device in cell.devices)


def _grouped(pairs: Iterable[tuple[str, Flow]]) -> Mapping[str, tuple[Flow, ...]]:
    found: dict[str, list[Flow]] = defaultdict(list)
    for key, flow in pairs:
        found[key].append(flow)
    return {key: tuple(flows) for key, flows in found.items()}


def did(flow: Flow, *operations: str) -> bool:
    """Whether any of the operations went over a flow."""
    return any(flow.operations.get(operation) for operation in operations)


def asks_worklist(flow: Flow) -> bool:
    """Whether a flow carries worklist queries."""
    return WORKLIST_FIND in flow.sop_classes


def is_sealed_dicom(flow: Flow) -> bool:
    """DICOM over TLS: who talks to whom is known, about what is not."""
    return flow.service is Service.DICOM_TLS


def ways_into(flows: Iterable[Flow]) -> Iterator[tuple[Way, Flow]]:
    """Flows that prove a way, with it."""
    for flow in flows:
        if way := way_of_flow(flow):
            yield way, flow
