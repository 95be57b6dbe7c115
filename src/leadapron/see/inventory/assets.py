"""Everything known of a device → one asset. Where two sources disagree, both are shown and neither wins."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from hashlib import blake2b
from typing import Any

from leadapron.model.events import DatasetSource, Implementation
from leadapron.model.findings import Confidence, EventRef
from leadapron.model.fingerprints import Fingerprints
from leadapron.model.inventory import Asset, Component, Contradiction
from leadapron.see.inventory.addresses import is_external, zone_of
from leadapron.see.inventory.conduct import Conduct, roles_of
from leadapron.see.inventory.evidence import Evidence
from leadapron.see.inventory.flows import DeviceFlows
from leadapron.see.inventory.fold import Fold
from leadapron.see.inventory.links import Cards
from leadapron.see.inventory.makers import DERIVED_MODALITIES, Makers, identity_of
from leadapron.see.inventory.records import BannerKind, Host
from leadapron.see.inventory.software import banner_components, decide_system, mac_vendor, toolkit

MANY_TOOLKITS = 3
"""So many toolkits, each under AE titles of its own, are several systems behind one address."""


def short_name(name: str) -> str:
    """How NetBIOS would spell a host name: first label, without case, 15 characters."""
    return name.partition(".")[0].casefold()[:15]


def display_names(names: Iterable[str]) -> tuple[str, ...]:
    """Names without repetitions that differ in case only."""
    best: dict[str, str] = {}
    for name in sorted(names, key=lambda name: (name.isupper(), name)):
        best.setdefault(name.rstrip(".").casefold(), name.rstrip("."))
    return tuple(sorted(best.values(), key=lambda name: ("." in name, name.casefold())))


class AssetBuilder:
    """Builds assets from what the resolution decided."""

    def __init__(
        self,
        fold: Fold,
        devices: Mapping[str, tuple[str, ...]],
        cards: Cards,
        flows: DeviceFlows,
        conduct: Mapping[str, Conduct],
        makers: Makers,
        fingerprints: Fingerprints,
    ) -> None:
        self._fold, self._devices, self._cards = fold, devices, cards
        self._conduct, self._makers, self._fingerprints = conduct, makers, fingerprints
        self._services = flows.services_of()
        self._titles = flows.titles_of()
        self._implementations = flows.implementations_of()
        self._moves = flows.move_titles()
        self._conflicts = fold.links.conflicts()
        self._macs = {device: self._macs_of(addresses) for device, addresses in devices.items()}
        self._mac_owners = Counter(macs[0] for macs in self._macs.values() if macs)

    def build(self) -> dict[str, Asset]:
        """Device → asset."""
        return {device: self._asset(device) for device in self._devices}

    def _macs_of(self, addresses: tuple[str, ...]) -> tuple[str, ...]:
        """Own MACs, that of the first address first."""
        return tuple(dict.fromkeys(mac for address in addresses if (mac := self._cards.mac_of(address))))

    def _id(self, device: str) -> str:
        macs = self._macs[device]
        key = macs[0] if macs and self._mac_owners[macs[0]] == 1 else device
        return f"asset-{blake2b(key.encode(), digest_size=6).hexdigest()}"

    def _asset(self, device: str) -> Asset:
        addresses, macs = self._devices[device], self._macs[device]
        hosts = [self._fold.hosts.get(address) or Host() for address in addresses]
        own = self._makers.images_of(device)
        external = is_external(device)
        clocks = sorted(clock for host in hosts for clock in host.clocks)
        return Asset(
            id=self._id(device),
            addresses=addresses,
            mac=macs[0] if macs else "",
            macs=tuple(sorted(macs)),
            mac_vendor=mac_vendor(macs[0], self._fingerprints) if macs else "",
            ae_titles=tuple(sorted(self._titles.get(device, ()))),
            roles=roles_of(
                self._conduct.get(device) or Conduct(),
                maker=bool(own),
                router=any(self._cards.is_router(address) for address in addresses),
                external=external,
                move_titles=self._moves,
            ),
            zone=self._zone(device),
            external=external,
            services=self._services.get(device, ()),
            systems_behind=self._systems_behind(device, hosts, own),
            clock_offset=clocks[len(clocks) // 2] if clocks else None,
            sends_syslog=any(host.syslog for host in hosts),
            confidence=Confidence.SEEN if macs or any(host.spoke for host in hosts) else Confidence.LIKELY,
            first_seen=min(host.first for host in hosts),
            last_seen=max(host.last for host in hosts),
            evidence=_evidence(hosts, own),
            **_identity(own),
            **self._names_and_systems(device, hosts, own),
        )

    def _names_and_systems(
        self, device: str, hosts: list[Host], own: Mapping[DatasetSource, Evidence]
    ) -> dict[str, Any]:
        """Host names, operating system, components; and every contradiction, those of the identity included."""
        links, macs = self._fold.links, self._macs[device]
        declared = {name for host in hosts for name in host.declared} | _of(links.names, macs)
        told = {name for host in hosts for name in host.told}
        banners = {banner for host in hosts for banner in host.banners}
        banners |= {(BannerKind.DHCP, text) for text in _of(links.vendor_classes, macs)}
        system, version, disagreeing = decide_system(banners)
        conflicts = [*_contradictions(own), *self._mac_conflicts(self._devices[device])]
        distinct = {short_name(name): name for name in sorted(declared, reverse=True)}
        if len(distinct) > 1:
            conflicts.append(Contradiction("hostnames", tuple(sorted(distinct.values()))))
        if disagreeing:
            conflicts.append(Contradiction("os", disagreeing))
        return {
            "hostnames": display_names(declared | told),
            "os": system,
            "os_version": version,
            "components": self._components(device, banners),
            "contradictions": tuple(sorted(conflicts, key=lambda item: item.attribute)),
        }

    def _zone(self, device: str) -> str:
        zone = zone_of(device)
        vlan = self._fold.links.vlan_of(zone)
        return f"{zone} (VLAN {vlan})" if vlan else zone

    def _mac_conflicts(self, addresses: tuple[str, ...]) -> Iterable[Contradiction]:
        claimed = {mac for address in addresses for mac in self._conflicts.get(address, ())}
        return (Contradiction("mac", tuple(sorted(claimed))),) if claimed else ()

    def _components(self, device: str, banners: Iterable[tuple[BannerKind, str]]) -> tuple[Component, ...]:
        found = {component for kind, text in banners for component in banner_components(kind, text)}
        for implementation in self._implementations.get(device, ()):
            component = toolkit(implementation, self._fingerprints)
            if component is not None:
                found.add(component)
        return tuple(sorted(found, key=lambda item: (item.name.casefold(), item.version, item.evidence)))

    def _systems_behind(self, device: str, hosts: list[Host], own: Mapping[DatasetSource, Evidence]) -> int:
        """Names on one address, machines that it made images as, or toolkits that share no AE title."""
        names = max(len({short_name(name) for name in host.declared}) for host in hosts)
        machines = len({identity_of(source).serial for source in own if source.serial_hash})
        toolkits = _separate_toolkits(self._implementations.get(device, {}))
        return max(1, names, machines, toolkits if toolkits >= MANY_TOOLKITS else 1)


def _of(table: Mapping[str, set[str]], macs: Iterable[str]) -> set[str]:
    return {value for mac in macs for value in table.get(mac, ())}


def _identity(own: Mapping[DatasetSource, Evidence]) -> dict[str, Any]:
    """What the objects it made say of it."""
    return {
        "modalities": _modalities(own),
        "manufacturer": _agreed(source.manufacturer for source in own),
        "model": _agreed(source.model for source in own),
        "software_versions": tuple(sorted({part for source in own for part in _parts(source.software_versions)})),
        "serial_hash": _agreed(source.serial_hash for source in own),
        "station_names": tuple(sorted({source.station_name for source in own if source.station_name})),
    }


def _agreed(values: Iterable[str]) -> str:
    """The one value that all sources give, case apart; empty when they disagree."""
    spelled = {value.casefold(): value for value in sorted(values, reverse=True) if value}
    return next(iter(spelled.values())) if len(spelled) == 1 else ""


def _contradictions(own: Iterable[DatasetSource]) -> list[Contradiction]:
    columns: dict[str, dict[str, str]] = defaultdict(dict)
    for source in sorted(own, key=repr):
        for attribute in ("manufacturer", "model", "serial_hash"):
            value: str = getattr(source, attribute)
            if value:
                columns[attribute].setdefault(value.casefold(), value)
    return [
        Contradiction(attribute, tuple(sorted(values.values())))
        for attribute, values in columns.items()
        if len(values) > 1
    ]


def _modalities(own: Iterable[DatasetSource]) -> tuple[str, ...]:
    """What it acquires; reports and the like are named only where it makes nothing else."""
    made = {source.modality for source in own if source.modality}
    return tuple(sorted(made - DERIVED_MODALITIES or made))


def _parts(value: str) -> list[str]:
    """The values of a multi-valued attribute, which the dissector joins by commas (PS3.5 §6.4: by backslashes)."""
    return [part.strip() for part in value.replace("\\", ", ").split(", ") if part.strip()]


def _separate_toolkits(implementations: Mapping[Implementation, set[str]]) -> int:
    """Client toolkits none of whose AE titles another toolkit uses."""
    users = Counter(title for titles in implementations.values() for title in titles)
    return sum(1 for titles in implementations.values() if titles and all(users[title] == 1 for title in titles))


def _evidence(hosts: Iterable[Host], own: Mapping[DatasetSource, Evidence]) -> dict[str, tuple[EventRef, ...]]:
    merged = Evidence()
    for host in hosts:
        merged.merge(host.evidence)
    for evidence in own.values():
        merged.merge(evidence)
    return merged.freeze()
