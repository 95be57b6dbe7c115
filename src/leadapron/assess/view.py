"""A picture with the look-ups that judgements need: neighbours, zones by their use, what depends on what."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from leadapron.model.declared import Declarations, Declared
from leadapron.model.events import Service
from leadapron.model.inventory import Asset, Inventory, Role
from leadapron.model.picture import Picture
from leadapron.rules.rows import is_imaging

EXAM_SERVICES = frozenset(service for service in Service if service.startswith(("dicom", "hl7")))
"""Services that carry orders and images: a scanner that uses them on a server depends on that server."""

CORE_ROLES = frozenset({Role.MODALITY, Role.PACS, Role.RIS, Role.INTERFACE_ENGINE})
"""Roles whose presence makes a zone an imaging zone by itself; a workstation alone may stand in an office."""


@dataclass(frozen=True)
class View:
    """Read-only; every answer is a pure function of the picture."""

    picture: Picture

    @property
    def inventory(self) -> Inventory:
        """What was seen."""
        return self.picture.inventory

    @property
    def declarations(self) -> Declarations:
        """What documents say."""
        return self.picture.declarations

    def declared(self, asset_id: str) -> Declared:
        """What documents say of one device; empty when they say nothing."""
        return self.declarations.of.get(asset_id, Declared())

    @cached_property
    def assets(self) -> Mapping[str, Asset]:
        """Asset id → device."""
        return {asset.id: asset for asset in self.inventory.assets}

    def label(self, asset_id: str) -> str:
        """The name people know a device by."""
        asset = self.assets.get(asset_id)
        return asset.label if asset else asset_id

    def labels(self, asset_ids: Iterable[str]) -> tuple[str, ...]:
        """Sorted names, each once."""
        return tuple(sorted({self.label(asset_id) for asset_id in asset_ids}))

    def addresses(self, asset_ids: Iterable[str]) -> tuple[str, ...]:
        """Sorted addresses of several devices."""
        found = {a for i in asset_ids if i in self.assets for a in self.assets[i].addresses}
        return tuple(sorted(found))

    @cached_property
    def by_zone(self) -> Mapping[str, tuple[Asset, ...]]:
        """Devices of each zone, outside hosts left out."""
        zones: dict[str, list[Asset]] = defaultdict(list)
        for asset in self.inventory.assets:
            if asset.zone and not asset.external:
                zones[asset.zone].append(asset)
        return {zone: tuple(assets) for zone, assets in sorted(zones.items())}

    @cached_property
    def imaging_zones(self) -> frozenset[str]:
        """Zones where imaging outnumbers office computers, around an imaging core or mostly reading workstations."""
        return frozenset(zone for zone, assets in self.by_zone.items() if _is_imaging_zone(assets))

    @cached_property
    def office_zones(self) -> frozenset[str]:
        """Zones with office computers that are not imaging zones."""
        return frozenset(
            zone
            for zone, assets in self.by_zone.items()
            if zone not in self.imaging_zones and any(Role.OFFICE in asset.roles for asset in assets)
        )

    @cached_property
    def titles(self) -> Mapping[str, tuple[str, ...]]:
        """AE title → ids of the devices that call themselves so."""
        holders: dict[str, set[str]] = defaultdict(set)
        for asset in self.inventory.assets:
            for title in asset.ae_titles:
                holders[title].add(asset.id)
        return {title: tuple(sorted(ids)) for title, ids in sorted(holders.items())}

    @cached_property
    def exams(self) -> Mapping[str, float]:
        """Asset id → exams it made during the capture; an hour's exams are shared out evenly when several made them."""
        made: dict[str, float] = defaultdict(float)
        for cell in self.inventory.utilisation:
            for device in cell.devices:
                made[device] += cell.exams / len(cell.devices)
        return made

    @cached_property
    def exam_partners(self) -> frozenset[str]:
        """Devices that exchanged images or orders with another, readable or not."""
        answered = (flow for flow in self.inventory.flows if flow.service in EXAM_SERVICES and flow.answered)
        return frozenset(end for flow in answered for end in (flow.client, flow.server))

    @cached_property
    def dependants(self) -> Mapping[str, frozenset[str]]:
        """Server id → scanners that exchange images or orders with it."""
        scanners: dict[str, set[str]] = defaultdict(set)
        for flow in self.inventory.flows:
            if flow.service in EXAM_SERVICES and flow.answered and Role.MODALITY in flow.client_roles:
                scanners[flow.server].add(flow.client)
        return {server: frozenset(clients) for server, clients in scanners.items()}

    def exams_at_stake(self, asset_ids: Iterable[str]) -> int:
        """Exams seen during the capture that these devices made, or that scanners depending on them made."""
        makers: set[str] = set()
        for asset_id in asset_ids:
            makers.add(asset_id)
            makers |= self.dependants.get(asset_id, frozenset())
        return round(sum(self.exams.get(maker, 0.0) for maker in sorted(makers)))

    def in_imaging(self, asset: Asset) -> bool:
        """Whether a device takes part in exams or stands among those that do."""
        return is_imaging(asset.roles) or (asset.zone in self.imaging_zones and not asset.external)

    def misplaced(self, asset: Asset) -> bool:
        """Whether a device has no place in imaging: outside, an office computer, or among office computers."""
        return asset.external or Role.OFFICE in asset.roles or asset.zone in self.office_zones


def _is_imaging_zone(assets: tuple[Asset, ...]) -> bool:
    """One system that behaves like imaging does not make a zone of offices, or of other servers, an imaging zone.

    Devices whose role is not known count for neither side.
    """
    imaging = sum(is_imaging(asset.roles) for asset in assets)
    office = sum(Role.OFFICE in asset.roles for asset in assets)
    reading = sum(Role.WORKSTATION in asset.roles for asset in assets)
    core = any(not CORE_ROLES.isdisjoint(asset.roles) for asset in assets)
    known = sum(not set(asset.roles) <= {Role.UNKNOWN} for asset in assets)
    return imaging > office and (core or reading * 2 > known)
