"""A segmentation made exact for engines that know no zones: disjoint networks, one family an entry, refusals first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from ipaddress import IPv4Network, IPv6Network, ip_network

from msgspec import Struct

from leadapron.model.errors import UsageError
from leadapron.model.segmentation import Allow, Segmentation, Standing, Zone
from leadapron.whatif.segment.export.names import slugs
from leadapron.whatif.segment.export.spans import (
    Family,
    Network,
    Span,
    Spans,
    networks,
    number_of,
    span_of,
    union,
    without,
)
from leadapron.whatif.segment.traffic import LAST_PORT

_WIDEST_OWN = {Family.V4: 8, Family.V6: 16}
"""Length of prefixes so short that no hospital has a public one."""


class Area(Struct, frozen=True, kw_only=True):
    """A zone without the parts of it that are another, smaller zone."""

    name: str
    slug: str
    spans: Mapping[Family, Spans]
    networks: Mapping[Family, tuple[Network, ...]]

    @property
    def outside(self) -> bool:
        """It is the internet, or a part of it that is nobody's own: no device there is ours to configure."""
        return any(
            network.prefixlen <= _WIDEST_OWN[family] and not network.is_private
            for family, networks in self.networks.items()
            for network in networks
        )


class End(Struct, frozen=True, kw_only=True):
    """One end of an entry, in one family."""

    area: Area
    whole: bool
    """Every address of the area."""
    spans: Spans
    networks: tuple[Network, ...]


class Entry(Struct, frozen=True, kw_only=True):
    """One rule in one family."""

    rule: Allow
    slug: str
    family: Family
    source: End
    target: End
    ports: Spans
    """Of the server; empty: every port."""

    @property
    def refused(self) -> bool:
        return self.rule.standing is Standing.REFUSE


class Plan(Struct, frozen=True, kw_only=True):
    """What every format writes down."""

    areas: tuple[Area, ...]
    entries: tuple[Entry, ...]
    """Refusals first: the first entry that fits a connection decides."""

    @property
    def families(self) -> tuple[Family, ...]:
        """Those that any zone has networks of."""
        return tuple(family for family in Family if any(area.spans[family] for area in self.areas))

    def area_of(self, address: str) -> Area:
        """Where a device is. UsageError: it is no address, or in no zone."""
        family, number = _number(address)
        for area in self.areas:
            if _holds(area.spans[family], number):
                return area
        raise UsageError(f"{address} is in no zone of these rules: add its network to a zone first")


def plan_of(segmentation: Segmentation) -> Plan:
    """UsageError: no zone, a wrong network, address or port, or a rule about a zone that is not there."""
    areas = _areas(segmentation.zones)
    crossing = [rule for rule in segmentation.rules if rule.source_zone != rule.target_zone]
    by_name = {area.name: area for area in areas}
    entries = [
        entry
        for rule, slug in zip(crossing, slugs([rule.id for rule in crossing]), strict=True)
        for entry in _entries(rule, slug, by_name)
    ]
    return Plan(areas=areas, entries=tuple(sorted(entries, key=lambda entry: not entry.refused)))


def _areas(zones: tuple[Zone, ...]) -> tuple[Area, ...]:
    if not zones:
        raise UsageError("there is no zone in these rules, so there is nothing to export")
    owned: dict[Network, str] = {}
    for zone in zones:
        for text in zone.networks:
            network = _network(text, zone.name)
            if owned.setdefault(network, zone.name) != zone.name:
                raise UsageError(f"zones {owned[network]!r} and {zone.name!r} both have {network}: leave it in one")
    if len({zone.name for zone in zones}) < len(zones):
        raise UsageError("two zones have the same name: rename one")
    return tuple(_area(zone, slug, owned) for zone, slug in zip(zones, slugs([z.name for z in zones]), strict=True))


def _area(zone: Zone, slug: str, owned: Mapping[Network, str]) -> Area:
    spans = {family: union(_own_spans(zone.name, family, owned)) for family in Family}
    found = {family: networks(spans[family], family) for family in Family}
    return Area(name=zone.name, slug=slug, spans=spans, networks=found)


def _own_spans(name: str, family: Family, owned: Mapping[Network, str]) -> Iterator[Span]:
    """Of each network of the zone, the addresses that no longer network claims."""
    others = [(network, span_of(network)) for network in owned if network.version == family]
    for network, owner in owned.items():
        if owner != name or network.version != family:
            continue
        first, last = span_of(network)
        inner = [span for other, span in others if other.prefixlen > network.prefixlen and first <= span[0] <= last]
        yield from without([(first, last)], inner)


def _entries(rule: Allow, slug: str, areas: Mapping[str, Area]) -> Iterator[Entry]:
    for name in (rule.source_zone, rule.target_zone):
        if name not in areas:
            raise UsageError(f"rule {rule.id!r}: there is no zone {name!r}")
    sources = _ends(areas[rule.source_zone], rule.sources, rule.id)
    targets = _ends(areas[rule.target_zone], rule.targets, rule.id)
    ports = _ports(rule)
    for family in Family:
        if family in sources and family in targets:
            yield Entry(
                rule=rule, slug=slug, family=family, source=sources[family], target=targets[family], ports=ports
            )


def _ends(area: Area, addresses: tuple[str, ...], rule: str) -> Mapping[Family, End]:
    if not addresses:
        return {
            family: End(area=area, whole=True, spans=area.spans[family], networks=area.networks[family])
            for family in Family
            if area.spans[family]
        }
    numbers: dict[Family, list[int]] = {}
    for address in addresses:
        family, number = _number(address)
        if not _holds(area.spans[family], number):
            raise UsageError(f"rule {rule!r}: {address} is not in zone {area.name!r}")
        numbers.setdefault(family, []).append(number)
    return {family: _named(area, family, found) for family, found in numbers.items()}


def _named(area: Area, family: Family, numbers: Iterable[int]) -> End:
    """Devices stay one by one, not joined into networks: a person looks for them by address."""
    hosts = sorted(set(numbers))
    each = tuple(network for number in hosts for network in networks([(number, number)], family))
    return End(area=area, whole=False, spans=union((number, number) for number in hosts), networks=each)


def _ports(rule: Allow) -> Spans:
    for port in rule.ports:
        if not 1 <= port <= LAST_PORT:
            raise UsageError(f"rule {rule.id!r}: {port} is not a port (1 to {LAST_PORT})")
    return union((port, port) for port in rule.ports)


def _holds(spans: Spans, number: int) -> bool:
    return any(first <= number <= last for first, last in spans)


def _number(address: str) -> tuple[Family, int]:
    try:
        return number_of(address)
    except ValueError as error:
        raise UsageError(f"{address!r} is not an IP address") from error


def _network(text: str, zone: str) -> IPv4Network | IPv6Network:
    try:
        return ip_network(text, strict=False)
    except ValueError as error:
        raise UsageError(f"zone {zone!r}: {error}: write a network such as 10.20.0.0/24") from error
