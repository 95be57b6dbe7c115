"""Asset → node: what each device is to an attack, told by its roles, its services, its papers, and last by its name."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct

from leadapron.model.department import Basis, DeviceClass, Way
from leadapron.model.events import Service
from leadapron.model.inventory import Asset, Role
from leadapron.whatif.department.figures import CODE, OTHER_MODALITY, hints
from leadapron.whatif.department.site import Site, did, is_sealed_dicom
from leadapron.whatif.department.ways import way_of_flow

NO_ZONE = "?"
"""Zone of a device without an address."""

GATEWAY_REACHES = 2
"""Devices that a maker's door must be seen to maintain."""

ACTS_ALONE = frozenset({Way.RDP, Way.REMOTE})
"""Ways by which people maintain devices from elsewhere."""

_DIRECTORY_PORTS = frozenset({"88", "389", "636", "3268", "3269"})
_WORDS = re.compile(r"[^\W\d_]+")

_BY_ROLE = (
    (Role.PACS, DeviceClass.PACS),
    (Role.MODALITY, DeviceClass.MODALITY),
    (Role.RIS, DeviceClass.RIS),
    (Role.WORKSTATION, DeviceClass.READING),
    (Role.PRINTER, DeviceClass.OTHER),
    (Role.OFFICE, DeviceClass.OFFICE),
    (Role.INTERFACE_ENGINE, DeviceClass.SERVER),
)
"""First that fits. A device that stores others' images is an archive, whatever it makes besides."""

_BY_NAME_FIRST = (DeviceClass.PACS, DeviceClass.RIS, DeviceClass.DIRECTORY, DeviceClass.GATEWAY)
"""Classes whose names are distinct enough to say more of a server than "server"."""


class Told(Struct, frozen=True, kw_only=True):
    """The class of a device and what tells it."""

    kind: DeviceClass
    basis: Basis
    by: str = ""
    """`name`, `zone` or `sealed` (encrypted DICOM) where it is assumed."""


def is_router(asset: Asset) -> bool:
    """It forwards and does nothing else: no victim of a way."""
    return asset.roles == (Role.NETWORK,)


def words_of(names: Iterable[str]) -> frozenset[str]:
    """Lower-case words of names, without digits."""
    return frozenset(word for name in names for word in _WORDS.findall(name.casefold()))


def names_of(site: Site, asset: Asset) -> Iterator[str]:
    """Every name a device goes by. Of a host name only its own part: the domain says nothing of the device."""
    yield from (name.partition(".")[0] for name in asset.hostnames)
    yield from asset.station_names
    yield from asset.ae_titles
    if row := site.declared(asset.id).device:
        yield row.name
        yield row.hostname.partition(".")[0]


def modalities_of(site: Site, asset_id: str) -> tuple[str, ...]:
    """What a scanner makes; `OT` where nothing tells."""
    return tuple(one for one in site.modalities[asset_id] if CODE.fullmatch(one)) or (OTHER_MODALITY,)


def classify(site: Site) -> Mapping[str, Told]:
    """Asset id → its class, routers and outsiders that never come in left out."""
    told: dict[str, Told] = {}
    unknown: list[Asset] = []
    for asset in site.assets.values():
        if asset.external:
            if _comes_in(site, asset.id):
                told[asset.id] = Told(kind=DeviceClass.GATEWAY, basis=Basis.MEASURED)
        elif not is_router(asset):
            if by := _by_conduct(site, asset) or _by_name(site, asset):
                told[asset.id] = by
            else:
                unknown.append(asset)
    gateways = {asset.id for asset in unknown if _maintains(site, asset.id, told)}
    for asset in unknown:
        if asset.id in gateways:
            told[asset.id] = Told(kind=DeviceClass.GATEWAY, basis=Basis.MEASURED)
        elif _scans_sealed(site, asset.id, told):
            told[asset.id] = Told(kind=DeviceClass.MODALITY, basis=Basis.ASSUMED, by="sealed")
    majority = _majority(site, told)
    for asset in unknown:
        told.setdefault(asset.id, _by_zone(asset, majority))
    return told


def _comes_in(site: Site, asset_id: str) -> bool:
    """An outsider opened a way into the house and was answered."""
    return any(way_of_flow(flow) in ACTS_ALONE for flow in site.from_client.get(asset_id, ()))


def _by_conduct(site: Site, asset: Asset) -> Told | None:
    """What its traffic shows, and what its asset list says where the traffic is silent."""
    measured = Basis.MEASURED
    if site.has(asset.id, "dcm-rogue"):
        return Told(kind=DeviceClass.OTHER, basis=measured)
    if _serves_directory(asset):
        return Told(kind=DeviceClass.DIRECTORY, basis=measured)
    kind = next((kind for role, kind in _BY_ROLE if role in asset.roles), None)
    if kind:
        return Told(kind=kind, basis=measured)
    row = site.declared(asset.id).device
    if row and CODE.fullmatch(row.modality.upper()):
        return Told(kind=DeviceClass.MODALITY, basis=Basis.GIVEN)
    if Role.SERVER in asset.roles:
        named = _named(words_of(names_of(site, asset)), _BY_NAME_FIRST)
        return (
            Told(kind=named, basis=Basis.ASSUMED, by="name") if named else Told(kind=DeviceClass.SERVER, basis=measured)
        )
    return None


def _serves_directory(asset: Asset) -> bool:
    ports = {service.partition("/")[2] for service in asset.services}
    return any(service.startswith(Service.LDAP) for service in asset.services) or bool(ports & _DIRECTORY_PORTS)


def _named(words: frozenset[str], kinds: Iterable[DeviceClass]) -> DeviceClass | None:
    return next((kind for kind in kinds if words & hints().names.get(kind, frozenset())), None)


def _by_name(site: Site, asset: Asset) -> Told | None:
    named = _named(words_of(names_of(site, asset)), hints().names)
    return Told(kind=named, basis=Basis.ASSUMED, by="name") if named else None


def _maintains(site: Site, asset_id: str, told: Mapping[str, Told]) -> bool:
    """It reaches several devices by maintenance ways, a scanner among them, and does nothing with images itself."""
    flows = site.from_client.get(asset_id, ())
    if any(way_of_flow(flow) is Way.DICOM for flow in flows):
        return False
    reached = {flow.server for flow in flows if way_of_flow(flow) in ACTS_ALONE}
    scanners = {one for one in reached if one in told and told[one].kind is DeviceClass.MODALITY}
    return len(reached) >= GATEWAY_REACHES and bool(scanners)


def _scans_sealed(site: Site, asset_id: str, told: Mapping[str, Told]) -> bool:
    """It opens encrypted DICOM to an archive and nobody works at it: reading stations also use web pages or shares."""
    flows = site.from_client.get(asset_id, ())
    sends = any(
        is_sealed_dicom(flow) and flow.server in told and told[flow.server].kind is DeviceClass.PACS for flow in flows
    )
    return sends and not any(way_of_flow(flow) in (Way.WEB, Way.SMB) for flow in flows)


def _majority(site: Site, told: Mapping[str, Told]) -> Mapping[str, DeviceClass]:
    """Zone → the class of most of its people's computers."""
    counts: dict[str, Counter[DeviceClass]] = {}
    for asset_id, one in told.items():
        if one.kind in (DeviceClass.OFFICE, DeviceClass.READING, DeviceClass.MODALITY):
            counts.setdefault(site.assets[asset_id].zone, Counter())[one.kind] += 1
    return {zone: max(count, key=lambda kind: (count[kind], kind)) for zone, count in counts.items()}


def _by_zone(asset: Asset, majority: Mapping[str, DeviceClass]) -> Told:
    """An unknown computer is taken for what its neighbours are; among scanners it may be anything."""
    words = words_of((asset.zone,))
    kind = next((kind for kind, hint in hints().zones.items() if words & hint), None) or majority.get(asset.zone)
    if kind in (None, DeviceClass.MODALITY):
        kind = DeviceClass.OTHER
    return Told(kind=kind or DeviceClass.OTHER, basis=Basis.ASSUMED, by="zone")


# ---------------------------------------------------------------- discs, sticks and the internet
def imports(site: Site, asset: Asset, kind: DeviceClass) -> Basis | None:
    """Whether discs and sticks from outside are read here: it stores images that it neither made nor fetched."""
    if kind in (DeviceClass.MODALITY, DeviceClass.PACS, DeviceClass.GATEWAY):
        return None
    if words_of(names_of(site, asset)) & hints().importer:
        return Basis.ASSUMED
    stores = any(did(flow, "C-STORE") and not did(flow, "C-GET") for flow in site.from_client.get(asset.id, ()))
    return Basis.MEASURED if stores and kind is not DeviceClass.OTHER else None


def is_exposed(site: Site, asset: Asset) -> Basis | None:
    """Whether the internet reaches it: seen to come in, or taken for granted where it talks with the internet."""
    if asset.external:
        return None
    if any(flow.client_external for flow in site.to_server.get(asset.id, ())):
        return Basis.MEASURED
    return Basis.ASSUMED if site.has(asset.id, "net-internet") else None
