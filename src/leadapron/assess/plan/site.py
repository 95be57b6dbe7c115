"""A picture with the look-ups that planning needs, and what each finding asks for on it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from leadapron.assess.view import View
from leadapron.model.findings import Finding, SubjectType
from leadapron.model.inventory import Asset, Flow


@dataclass(frozen=True)
class Site(View):
    """Read-only, like the view."""

    @cached_property
    def flows(self) -> Mapping[str, Flow]:
        """Flow id → flow."""
        return {flow.id: flow for flow in self.inventory.flows}

    @cached_property
    def at(self) -> Mapping[str, str]:
        """Address → device."""
        return {address: asset.id for asset in self.inventory.assets for address in asset.addresses}

    @cached_property
    def all_exams(self) -> int:
        """Exams seen during the capture."""
        return sum(cell.exams for cell in self.inventory.utilisation)

    @cached_property
    def busy(self) -> Mapping[str, frozenset[datetime]]:
        """Scanner → hours in which it made an exam or sent images of one."""
        hours: dict[str, set[datetime]] = defaultdict(set)
        for cell in self.inventory.utilisation:
            for device in cell.devices:
                hours[device].add(cell.hour)
        return {device: frozenset(seen) for device, seen in hours.items()}

    def scanners(self, asset_ids: Iterable[str]) -> tuple[str, ...]:
        """Those of the devices that make exams, and the scanners that depend on the others."""
        wanted = set(asset_ids)
        for asset_id in tuple(wanted):
            wanted |= self.dependants.get(asset_id, frozenset())
        return tuple(sorted(wanted & self.busy.keys()))

    def flows_of(self, finding: Finding) -> tuple[Flow, ...]:
        """Flows that a finding rests on."""
        return tuple(self.flows[flow] for flow in finding.flows if flow in self.flows)

    def concerned(self, finding: Finding) -> tuple[str, ...]:
        """Devices to be worked on: the subject, else our end of each flow, else those at the subject's addresses."""
        if finding.subject.type is SubjectType.ASSET:
            return (finding.subject.id,)
        ends = {_our_end(flow) for flow in self.flows_of(finding)}
        if not ends:
            ends = {self.at[address] for address in finding.subject.addresses if address in self.at}
        return tuple(sorted(ends))

    def partners(self, finding: Finding, centre: str) -> tuple[str, ...]:
        """Devices at the other ends of a finding's flows."""
        ends = {end for flow in self.flows_of(finding) for end in (flow.client, flow.server)}
        return tuple(sorted(ends - {centre}))

    def device(self, finding: Finding) -> Asset | None:
        """The device a finding is about, when it is about one."""
        found = self.concerned(finding)
        return self.assets.get(found[0]) if len(found) == 1 else None


def _our_end(flow: Flow) -> str:
    return flow.client if flow.server_external and not flow.client_external else flow.server
