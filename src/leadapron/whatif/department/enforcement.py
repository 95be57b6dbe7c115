"""Firewall rules laid over the devices that were seen: which zones reach which, and which single devices.

A way is open between two devices when the first rule that fits one of its ports allows it. Where all devices of two
zones agree, that is a passage; where they do not, the zones are shut and the pairs that may talk are named.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address

from msgspec.structs import replace

from leadapron.model.department import Assumption, Basis, Node, Way
from leadapron.model.errors import SourceError
from leadapron.model.inventory import Asset
from leadapron.model.picture import Picture
from leadapron.whatif.department.nodes import Names, about, corrected, devices_of
from leadapron.whatif.department.passages import MOST_LINKS
from leadapron.whatif.department.settings import DeviceSettings, PassageSettings, Settings
from leadapron.whatif.department.site import Site, ways_into
from leadapron.whatif.department.ways import PORTS_OF_WAY
from leadapron.whatif.department.zonerules import ANY, ZoneRule, ZoneRules, network_of

NAMED_RULES = 6
"""Rules named in an assumption."""

Mask = int
"""A set of rules or devices, one bit each."""


def with_zone_rules(settings: Settings, rules: ZoneRules, picture: Picture) -> Settings:
    """Settings in which the rules stand as passages and zones, before what `settings` says itself; devices by id.

    SourceError: a rule names a zone that neither the file nor the workspace knows, or opens too many single pairs.
    """
    given = replace(settings, name=settings.name or rules.name)
    site = Site(picture)
    found = devices_of(site)
    names = Names(site, found.nodes)
    devices = {names.one(name, given.name, f"devices.{name}"): one for name, one in given.devices.items()}
    for asset_id, zone in _zones(site, found.nodes, rules).items():
        own = devices.get(asset_id, DeviceSettings())
        devices[asset_id] = replace(own, zone=own.zone or zone)
    given = replace(given, devices=devices)
    nodes = {
        node.id: node for node in corrected(site, found, given).nodes.values() if not site.assets[node.id].external
    }
    wall = Wall(site, nodes, rules)
    return replace(given, passages=(*wall.passages(), *given.passages), remarks=(*given.remarks, *wall.remarks()))


def _zones(site: Site, nodes: Mapping[str, Node], rules: ZoneRules) -> Mapping[str, str]:
    """Device → zone of the longest network of the file that holds one of its addresses."""
    networks = sorted(
        ((network, zone) for zone, texts in rules.zones.items() for text in texts if (network := network_of(text))),
        key=lambda one: -one[0].prefixlen,
    )
    found = {}
    for asset_id in nodes:
        addresses = addresses_of(site.assets[asset_id])
        zone = next((zone for network, zone in networks if any(one in network for one in addresses)), None)
        if zone and not site.assets[asset_id].external:
            found[asset_id] = zone
    return found


def addresses_of(asset: Asset) -> tuple[IPv4Address | IPv6Address, ...]:
    """Addresses that rules can be compared with."""
    return tuple(ip_address(address) for address in asset.addresses if network_of(address))


class Wall:
    """Rules and devices, compared once."""

    def __init__(self, site: Site, nodes: Mapping[str, Node], rules: ZoneRules) -> None:
        self._rules = rules
        self._nodes = nodes
        self._order = tuple(nodes)
        self._addresses = {one: addresses_of(site.assets[one]) for one in nodes}
        ends = {end for rule in rules.rules for end in (rule.source, rule.target)}
        self._holds = {end: self._members(end) for end in ends}
        self._check_known(site)
        self._by_source = self._fitting(rule.source for rule in rules.rules)
        self._by_target = self._fitting(rule.target for rule in rules.rules)
        self._own_ports: dict[tuple[str, Way], set[int]] = defaultdict(set)
        for way, flow in ways_into(site.flows):
            self._own_ports[flow.server, way].add(flow.port)

    def _members(self, end: str) -> Mask:
        """Devices that an end of a rule means."""
        network = network_of(end)
        mask = 0
        for bit, asset_id in enumerate(self._order):
            inside = network is not None and any(one in network for one in self._addresses[asset_id])
            if end == ANY or inside or (network is None and self._nodes[asset_id].zone == end):
                mask |= 1 << bit
        return mask

    def _check_known(self, site: Site) -> None:
        declared = {zone.zone for zone in site.picture.declarations.zones}
        known = {node.zone for node in self._nodes.values()} | declared | self._rules.zones.keys() | {ANY}
        for rule in self._rules.rules:
            for end in (rule.source, rule.target):
                if end not in known and network_of(end) is None:
                    choices = ", ".join(sorted(known - {ANY}))
                    raise SourceError(
                        f"{self._rules.name}: {rule.place}: {end!r} is no zone; write a network or one of {choices}"
                    )

    def _fitting(self, ends: Iterable[str]) -> Mapping[str, Mask]:
        """Device → rules whose end holds it."""
        found = dict.fromkeys(self._order, 0)
        for number, end in enumerate(ends):
            for bit, asset_id in enumerate(self._order):
                if self._holds[end] >> bit & 1:
                    found[asset_id] |= 1 << number
        return found

    def _ports(self, target: str, way: Way) -> frozenset[int]:
        """Ports by which a way goes to a device: the usual ones, and those it was seen to use."""
        return frozenset((*PORTS_OF_WAY[way], *self._own_ports.get((target, way), ())))

    def _is_open(self, fitting: Mask, way: Way, ports: frozenset[int]) -> bool:
        rules = [rule for number, rule in enumerate(self._rules.rules) if fitting >> number & 1]
        return any(_allows(rules, way, port) for port in ports)

    def _open_pairs(self, sources: list[str], targets: list[str], way: Way) -> list[tuple[str, str]]:
        """Pairs between which a way is open; devices that the same rules fit are compared once."""
        alike: dict[Mask, list[str]] = defaultdict(list)
        for source in sources:
            alike[self._by_source[source]].append(source)
        answers: dict[tuple[Mask, frozenset[int]], list[str]] = defaultdict(list)
        for target in targets:
            answers[self._by_target[target], self._ports(target, way)].append(target)
        return [
            (source, target)
            for by_source, members in alike.items()
            for (by_target, ports), servers in answers.items()
            if self._is_open(by_source & by_target, way, ports)
            for source in members
            for target in servers
        ]

    # ------------------------------------------------------------ what follows
    def passages(self) -> Iterator[PassageSettings]:
        """Passages between zones, then the single devices that may pass where their zones may not."""
        zones: dict[str, list[str]] = defaultdict(list)
        for asset_id in self._order:
            zones[self._nodes[asset_id].zone].append(asset_id)
        single: list[PassageSettings] = []
        for source in sorted(zones):
            for target in sorted(zones.keys() - {source}):
                allow, deny = [], []
                for way in Way:
                    pairs = self._open_pairs(zones[source], zones[target], way)
                    if len(pairs) < len(zones[source]) * len(zones[target]):
                        deny.append(way)
                        single += (PassageSettings(source=a, target=b, allow=(way,)) for a, b in pairs)
                        self._check_size(single)
                    elif way is not Way.CREDENTIALS:
                        allow.append(way)
                yield PassageSettings(source=source, target=target, allow=tuple(allow), deny=tuple(deny))
        yield from single

    def _check_size(self, single: list[PassageSettings]) -> None:
        if len(single) > MOST_LINKS:
            raise SourceError(
                f"{self._rules.name}: opens more than {MOST_LINKS:,} single pairs of devices; name zones, or add"
                " the network plan to the workspace so that zones are those of the firewall"
            )

    def remarks(self) -> Iterator[Assumption]:
        """What had to be taken for granted, and rules that do nothing."""
        file = self._rules.name
        yield Assumption(
            message="department.rules", params={"file": file, "rules": len(self._rules.rules)}, basis=Basis.GIVEN
        )
        for message, rules in (
            ("department.rules-idle", [rule.place for rule in self._rules.rules if not self._touches(rule)]),
            ("department.rules-shadowed", [rule.place for rule in self._shadowed()]),
            ("department.rules-partly", list(self._partly())),
        ):
            if rules:
                places = ", ".join(rules[:NAMED_RULES])
                more = f" … (+{len(rules) - NAMED_RULES})" if len(rules) > NAMED_RULES else ""
                yield Assumption(message=message, params={"file": file, "places": places + more}, basis=Basis.GIVEN)
        named = 0
        for end, mask in self._holds.items():
            named |= mask if end != ANY else 0
        nowhere = [self._nodes[one] for bit, one in enumerate(self._order) if not named >> bit & 1]
        if nowhere:
            remark = about("department.rules-unnamed", nowhere, Basis.GIVEN)
            yield replace(remark, params={**remark.params, "file": file})

    def _touches(self, rule: ZoneRule) -> bool:
        return bool(self._holds[rule.source] and self._holds[rule.target])

    def _partly(self) -> Iterator[str]:
        """Refusals of a port whose way stays open by another: who refuses 445 and allows the rest has left 139."""
        for rule in self._rules.rules:
            if rule.allow or not self._touches(rule):
                continue
            others = [other for other in self._rules.rules if self._covers(other, rule)]
            for way, usual in PORTS_OF_WAY.items():
                left = [port for port in usual if not rule.ports.fits(way, port)]
                open_ = [str(port) for port in left if _allows(others, way, port)]
                if open_ and len(left) < len(usual):
                    yield f"{rule.place} ({way}: {'/'.join(open_)})"

    def _covers(self, rule: ZoneRule, other: ZoneRule) -> bool:
        """It fits every pair of devices that the other fits."""
        source, target = self._holds[rule.source], self._holds[rule.target]
        return not self._holds[other.source] & ~source and not self._holds[other.target] & ~target

    def _shadowed(self) -> Iterator[ZoneRule]:
        """Rules that never decide: an earlier one fits all that they fit."""
        for number, rule in enumerate(self._rules.rules):
            if self._touches(rule) and any(
                self._covers(first, rule) and first.ports.holds(rule.ports) for first in self._rules.rules[:number]
            ):
                yield rule


def _allows(rules: list[ZoneRule], way: Way, port: int) -> bool:
    """The first rule that fits decides; none: denied."""
    return next((rule.allow for rule in rules if rule.ports.fits(way, port)), False)
