"""Devices as nodes: class, weaknesses, and what the department's file says of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct
from msgspec.structs import replace

from leadapron.model.department import Assumption, Basis, DeviceClass, Node, Way
from leadapron.model.errors import SourceError
from leadapron.model.inventory import Asset
from leadapron.whatif.department.classes import (
    NO_ZONE,
    Told,
    classify,
    imports,
    is_exposed,
    is_router,
    modalities_of,
)
from leadapron.whatif.department.settings import DeviceSettings, Settings
from leadapron.whatif.department.site import Site
from leadapron.whatif.department.weak import weak_by

NAMED = 6
"""Devices named in an assumption; the rest are counted."""


class Devices(Struct, frozen=True, kw_only=True):
    """Nodes, and what they rest on."""

    nodes: Mapping[str, Node]
    assumptions: tuple[Assumption, ...]


class Names:
    """Which device a name in a file means: its id, else its label, else any of its names and addresses."""

    def __init__(self, site: Site, nodes: Mapping[str, Node]) -> None:
        self._ids = nodes.keys()
        self._labels: dict[str, set[str]] = defaultdict(set)
        self._others: dict[str, set[str]] = defaultdict(set)
        for node in nodes.values():
            self._labels[node.label.casefold()].add(node.id)
            asset = site.assets[node.id]
            short = (name.partition(".")[0] for name in asset.hostnames)
            for name in (*asset.hostnames, *short, *asset.station_names, *asset.ae_titles, *asset.addresses):
                self._others[name.casefold()].add(node.id)

    def find(self, name: str) -> str | None:
        """The id; None where no device has that name. ValueError: several have."""
        if name in self._ids:
            return name
        found = self._labels.get(name.casefold()) or self._others.get(name.casefold()) or set()
        if len(found) > 1:
            raise ValueError(", ".join(sorted(found)))
        return next(iter(found), None)

    def one(self, name: str, file: str, key: str) -> str:
        """The id. SourceError: no device, or several, have that name."""
        try:
            found = self.find(name)
        except ValueError as several:
            raise SourceError(f"{file}: {key}: {name!r} names several devices; write one of {several}") from several
        if found is None:
            raise SourceError(
                f"{file}: {key}: no device is called {name!r}; `leadapron inventory` lists names and addresses"
            )
        return found


def devices_of(site: Site) -> Devices:
    """Nodes as the workspace tells them, before anyone corrected them."""
    told = classify(site)
    nodes = {asset_id: _node(site, site.assets[asset_id], one) for asset_id, one in told.items()}
    return Devices(nodes=nodes, assumptions=tuple(_classes(site, told, nodes)))


def _node(site: Site, asset: Asset, told: Told) -> Node:
    weak, because = weak_by(told.kind, site.system(asset.id), site.findings_of.get(asset.id, ()))
    return Node(
        id=asset.id,
        label=asset.label,
        zone=_zone(asset),
        kind=told.kind,
        modality=modalities_of(site, asset.id)[0] if told.kind is DeviceClass.MODALITY else "",
        weak=weak,
        findings=because,
        importer=imports(site, asset, told.kind) is not None,
        exposed=is_exposed(site, asset) is not None,
    )


def _zone(asset: Asset) -> str:
    """Outsiders do not reach each other: each stands in a zone of its own."""
    if asset.external:
        return " ".join((asset.zone, *asset.addresses[:1]))
    return asset.zone or NO_ZONE


def named(nodes: Iterable[Node]) -> str:
    """A few labels, and how many more."""
    labels = sorted({node.label for node in nodes})
    more = f" … (+{len(labels) - NAMED})" if len(labels) > NAMED else ""
    return ", ".join(labels[:NAMED]) + more


def _classes(site: Site, told: Mapping[str, Told], nodes: Mapping[str, Node]) -> Iterator[Assumption]:
    """What had to be assumed of which devices."""
    for by in ("name", "zone", "sealed"):
        if guessed := [nodes[asset_id] for asset_id, one in told.items() if one.by == by]:
            yield about(f"department.class-by-{by}", guessed, Basis.ASSUMED)
    if exposed := [nodes[one] for one in told if is_exposed(site, site.assets[one]) is Basis.ASSUMED]:
        yield about("department.exposed-outward", exposed, Basis.ASSUMED)
    if importers := [node for node in nodes.values() if node.importer]:
        yield about("department.importers", importers, Basis.ASSUMED)
    if no_zone := [node for node in nodes.values() if node.zone == NO_ZONE]:
        yield about("department.no-zone", no_zone, Basis.ASSUMED)
    if routers := [asset for asset in site.assets.values() if is_router(asset)]:
        yield Assumption(message="department.routers", params={"count": len(routers)}, basis=Basis.ASSUMED)


def about(message: str, nodes: Iterable[Node], basis: Basis) -> Assumption:
    """An assumption on a few devices."""
    found = tuple(nodes)
    return Assumption(message=message, params={"devices": named(found), "count": len(found)}, basis=basis)


# ---------------------------------------------------------------- corrections
def corrected(site: Site, devices: Devices, settings: Settings) -> Devices:
    """The nodes with what the file says of them. SourceError: an unknown device, or one device named twice."""
    names = Names(site, devices.nodes)
    nodes = dict(devices.nodes)
    by: dict[str, str] = {}
    for name, given in settings.devices.items():
        key = f"devices.{name}"
        asset_id = names.one(name, settings.name, key)
        if asset_id in by:
            raise SourceError(f"{settings.name}: {key}: the same device as {by[asset_id]!r}; keep one of both")
        by[asset_id] = name
        nodes[asset_id] = _corrected(site, nodes[asset_id], given, f"{settings.name}: {key}")
    return Devices(nodes=nodes, assumptions=devices.assumptions)


def _corrected(site: Site, node: Node, given: DeviceSettings, place: str) -> Node:
    kind = given.kind or node.kind
    if given.modality is not None and kind is not DeviceClass.MODALITY and given.modality:
        raise SourceError(f'{place}.modality: only scanners have one: write class = "modality" too')
    weak, because = node.weak, node.findings
    if kind is not node.kind:
        weak, because = weak_by(kind, site.system(node.id), site.findings_of.get(node.id, ()))
    modality = (node.modality or modalities_of(site, node.id)[0]) if kind is DeviceClass.MODALITY else ""
    return replace(
        node,
        kind=kind,
        modality=given.modality or modality,
        zone=given.zone or node.zone,
        weak={way: value for way in Way if (value := {**weak, **given.weak}.get(way, 0.0))},
        findings=because,
        records=node.records if given.records is None else given.records,
        disk_gb=node.disk_gb if given.disk_gb is None else given.disk_gb,
        importer=node.importer if given.importer is None else given.importer,
        exposed=node.exposed if given.exposed is None else given.exposed,
    )
