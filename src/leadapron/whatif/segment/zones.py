"""Which zone an address is in, and the zones of a department: those of its plan, else the segments seen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    collapse_addresses,
    ip_address,
    ip_network,
)

from msgspec import Struct

from leadapron.model.errors import SourceError
from leadapron.model.picture import Picture
from leadapron.model.segmentation import Zone

Network = IPv4Network | IPv6Network

EXTERNAL = "external"
"""Name of the zone of all public addresses that no plan claims, as devices seen there bear it."""

_PRIVATE = ("10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16")
"""RFC 1918, and RFC 6598, which hospitals use beside NAT."""
_NOWHERE = ("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3")
"""Never routed: this host, loopback, link-local, multicast and reserved (RFC 6890)."""
_GLOBAL_V6 = "2000::/3"
"""Global unicast (RFC 4291 §2.4)."""

_SEGMENT = {4: 24, 6: 64}
"""Length of the network taken for a segment where no plan tells: the usual VLAN."""


class Layout(Struct, frozen=True, kw_only=True):
    """The zones rules are written between, and what was odd about them."""

    zones: tuple[Zone, ...]
    external: str
    """Name of the zone of public addresses; empty when there is none."""
    planned: bool
    """A plan was there."""
    homeless: tuple[str, ...] = ()
    """Inside addresses that the plan does not cover: they stand in a segment of their own."""
    doubled: tuple[str, ...] = ()
    """Networks that the plan gives to two zones; the first has them."""


class Atlas:
    """Zones by address: of all networks that hold it, the longest decides."""

    def __init__(self, zones: Iterable[Zone]) -> None:
        self._names: dict[tuple[int, int], dict[int, str]] = {}
        for zone in zones:
            for text in zone.networks:
                self._add(ip_network(text, strict=False), zone.name)
        self._sizes = sorted(self._names, key=lambda size: size[1])
        self._known: dict[str, str] = {}

    def zone_of(self, address: str) -> str:
        """Empty: in no zone, or no address at all."""
        found = self._known.get(address)
        if found is None:
            found = self._known[address] = self._find(address)
        return found

    def _add(self, network: Network, name: str) -> None:
        host_bits = network.max_prefixlen - network.prefixlen
        by_prefix = self._names.setdefault((network.version, host_bits), {})
        by_prefix.setdefault(int(network.network_address) >> host_bits, name)

    def _find(self, address: str) -> str:
        parsed = parse(address)
        if parsed is None:
            return ""
        hits = (
            self._names[version, bits].get(int(parsed) >> bits)
            for version, bits in self._sizes
            if version == parsed.version
        )
        return next(filter(None, hits), "")


@cache
def public_networks() -> tuple[str, ...]:
    """Every public address: written out, so that an unplanned private address is never taken for the internet."""
    rest: list[IPv4Network] = [IPv4Network("0.0.0.0/0")]
    for text in (*_PRIVATE, *_NOWHERE):
        hole = IPv4Network(text)
        rest = [part for network in rest for part in _without(network, hole)]
    return (*map(str, sorted(collapse_addresses(rest))), _GLOBAL_V6)


def _without(network: IPv4Network, hole: IPv4Network) -> Iterator[IPv4Network]:
    if hole.subnet_of(network):
        yield from network.address_exclude(hole)
    else:
        yield network


def parse(address: str) -> IPv4Address | IPv6Address | None:
    """None: not an IP address."""
    try:
        return ip_address(address)
    except ValueError:
        return None


def is_local(address: str) -> bool:
    """Never leaves its segment, so no rule between zones is about it: link-local, multicast, broadcast, loopback."""
    parsed = parse(address)
    return parsed is None or (
        parsed.is_link_local
        or parsed.is_multicast
        or parsed.is_loopback
        or parsed.is_unspecified
        or (parsed.version == 4 and int(parsed) >> 28 == 0xF)
    )


def check_zones(zones: Iterable[Zone], name: str) -> None:
    """SourceError names the zone: no name, a name or network given twice, a network that is none. Nested ones are
    fine, since the longest network decides."""
    seen: dict[Network, str] = {}
    names: set[str] = set()
    for zone in zones:
        if not zone.name.strip():
            raise SourceError(f"{name}: a zone has no name: give it one")
        if zone.name in names:
            raise SourceError(f"{name}: zone {zone.name!r} is there twice: put its networks together")
        names.add(zone.name)
        if not zone.networks:
            raise SourceError(f"{name}: zone {zone.name!r} has no network: add one such as 10.20.0.0/24")
        for text in zone.networks:
            network = _network(text, zone.name, name)
            if network in seen:
                where = f"zone {seen[network]!r}"
                raise SourceError(f"{name}: zone {zone.name!r}: network {text} is in {where} too: leave it in one")
            seen[network] = zone.name


def _network(text: str, zone: str, name: str) -> Network:
    try:
        return ip_network(text)
    except ValueError as error:
        try:
            hint = f"write {ip_network(text, strict=False)}"
        except ValueError:
            hint = "write a network such as 10.20.0.0/24"
        raise SourceError(f"{name}: zone {zone!r}: {error}: {hint}") from error


def lay_out(picture: Picture, zones: tuple[Zone, ...] | None = None) -> Layout:
    """The given zones, else those of the declared network plan; what neither covers gets its segment as a zone."""
    doubled: tuple[str, ...] = ()
    if zones is None:
        zones, doubled = _declared(picture)
    else:
        check_zones(zones, "zones")
    atlas = Atlas(zones)
    names = {zone.name for zone in zones}
    lost = [one for one in _addresses(picture) if not is_local(one) and not atlas.zone_of(one)]
    public = Atlas([Zone(name=EXTERNAL, networks=public_networks())])
    inside = [one for one in lost if not public.zone_of(one)]
    segments = tuple(
        Zone(name=_free(_segment_name(picture, network), names), networks=(network,))
        for network in dict.fromkeys(map(_segment, inside))
    )
    external = _free(EXTERNAL, names) if len(inside) < len(lost) else ""
    outside = (Zone(name=external, networks=_unclaimed(zones)),) if external else ()
    return Layout(
        zones=(*zones, *segments, *outside),
        external=external,
        planned=bool(zones),
        homeless=tuple(inside) if zones else (),
        doubled=doubled,
    )


def _declared(picture: Picture) -> tuple[tuple[Zone, ...], tuple[str, ...]]:
    """Zones of the network plan, and networks it gives twice. What is no network, its reader has already told."""
    owners: dict[str, str] = {}
    doubled = []
    for row in picture.declarations.zones:
        try:
            network = str(ip_network(row.network, strict=False))
        except ValueError:
            continue
        if owners.setdefault(network, row.zone) != row.zone:
            doubled.append(network)
    names = dict.fromkeys(owners.values())
    zones = tuple(
        Zone(name=name, networks=tuple(network for network, owner in owners.items() if owner == name))
        for name in names
        if name.strip()
    )
    return zones, tuple(dict.fromkeys(doubled))


def _unclaimed(zones: tuple[Zone, ...]) -> tuple[str, ...]:
    """Public networks, without those that a plan names in the same words."""
    claimed = {text for zone in zones for text in zone.networks}
    return tuple(text for text in public_networks() if text not in claimed)


def _addresses(picture: Picture) -> tuple[str, ...]:
    """Every address of a device or a flow, in order of number."""
    inventory = picture.inventory
    found = {address for asset in inventory.assets for address in asset.addresses}
    for flow in inventory.flows:
        found.update(flow.client_addresses, flow.server_addresses)
    return tuple(sorted(found, key=address_order))


def address_order(address: str) -> tuple[int, int, str]:
    """Sort key: IPv4 first, then by number."""
    parsed = parse(address)
    return (parsed.version, int(parsed), address) if parsed else (9, 0, address)


def _segment(address: str) -> str:
    length = _SEGMENT[ip_address(address).version]
    return str(ip_network(f"{address}/{length}", strict=False))


def _segment_name(picture: Picture, network: str) -> str:
    """As the inventory calls it, which may name the VLAN; else the network itself."""
    called = (asset.zone for asset in picture.inventory.assets)
    return next((zone for zone in called if zone == network or zone.startswith(f"{network} ")), network)


def _free(name: str, taken: set[str]) -> str:
    while name in taken:
        name += "'"
    taken.add(name)
    return name
