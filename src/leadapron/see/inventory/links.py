"""Which network card an address sits on: the evidence that tells a host from what lies behind a router."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sized

from leadapron.model.events import ArpBinding, DhcpSeen, Sighting
from leadapron.see.inventory.addresses import address_order, is_device, is_external, zone_of

INITIAL_TTLS = frozenset({32, 64, 128, 255})
"""Times-to-live that operating systems start with: seen unchanged, no router stood in between."""
SMALL_TTL = 4
"""Multicast protocols start this low (SSDP, mDNS): it tells nothing of routers."""
MAX_LINKS = 16_384
"""Distinct pairs of address and MAC kept of each kind of evidence, so that forged ones of one leave room for others."""
MAX_RIVALS = 16
"""MACs kept of one address, and names of one MAC: enough to show that they contradict each other."""
MAX_ADDRESSES_PER_CARD = 8
"""A card with more addresses on its link than this is taken for something that speaks for others."""
_NO_MACS = frozenset({"", "00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff"})


class Links:
    """Addresses and MACs seen together, and how."""

    def __init__(self) -> None:
        self._ttls: dict[tuple[str, str], set[int]] = {}
        self._claims: dict[str, set[str]] = defaultdict(set)
        """Address → MACs that claimed it (ARP, neighbour advertisement)."""
        self._leases: dict[str, set[str]] = defaultdict(set)
        """Address asked of a DHCP server → MACs that asked."""
        self._vlans: dict[str, set[int]] = defaultdict(set)
        self._zones: dict[int, set[str]] = defaultdict(set)
        """VLANs seen in a zone, and zones seen in a VLAN."""
        self.names: dict[str, set[str]] = defaultdict(set)
        """MAC → names given to a DHCP server."""
        self.vendor_classes: dict[str, set[str]] = defaultdict(set)
        self.overflow = 0

    def _full(self, table: Sized, *, known: bool) -> bool:
        if known or len(table) < MAX_LINKS:
            return False
        self.overflow += 1
        return True

    def sighting(self, event: Sighting) -> None:
        pair = (event.ip, event.mac)
        if event.mac in _NO_MACS or not is_device(event.ip) or self._full(self._ttls, known=pair in self._ttls):
            return
        self._ttls.setdefault(pair, set()).add(event.ttl)
        if event.vlan and event.ttl in INITIAL_TTLS:
            zone = zone_of(event.ip)
            self._vlans[zone].add(event.vlan)
            self._zones[event.vlan].add(zone)

    def claim(self, event: ArpBinding) -> None:
        if (
            event.mac not in _NO_MACS
            and is_device(event.ip)
            and not self._full(self._claims, known=event.ip in self._claims)
        ):
            _add(self._claims[event.ip], event.mac)

    def lease(self, event: DhcpSeen) -> None:
        if event.mac in _NO_MACS:
            return
        for table, value in ((self.names, event.hostname), (self.vendor_classes, event.vendor_class)):
            if value and not self._full(table, known=event.mac in table):
                _add(table[event.mac], value)
        ip = event.requested_ip
        if is_device(ip) and not self._full(self._leases, known=ip in self._leases):
            _add(self._leases[ip], event.mac)

    def conflicts(self) -> dict[str, tuple[str, ...]]:
        """Addresses that more than one MAC claimed."""
        return {
            ip: tuple(sorted(self._claims[ip]))
            for ip in sorted(self._claims, key=address_order)
            if len(self._claims[ip]) > 1
        }

    def vlan_of(self, zone: str) -> int:
        """The VLAN of a zone's own devices where there is exactly one, which is no other zone's; else 0.

        What several zones share is the tag of the mirror that carried them here.
        """
        vlans = self._vlans.get(zone, set())
        vlan = next(iter(vlans)) if len(vlans) == 1 else 0
        return vlan if len(self._zones.get(vlan, ())) == 1 else 0

    def resolve(self) -> Cards:
        """Decide what each MAC is, and which address is its own."""
        return Cards(self._ttls, self._claims, self._leases)


def _add(values: set[str], value: str) -> None:
    if len(values) < MAX_RIVALS:
        values.add(value)


class Cards:
    """The verdict: routers, and each address's own MAC."""

    def __init__(
        self,
        ttls: dict[tuple[str, str], set[int]],
        claims: dict[str, set[str]],
        leases: dict[str, set[str]],
    ) -> None:
        self._ttls, self._claims = ttls, claims
        self._by_mac: dict[str, set[str]] = defaultdict(set)
        for ip, mac in ttls:
            self._by_mac[mac].add(ip)
        self._claimed_by: dict[str, set[str]] = defaultdict(set)
        for ip, macs in claims.items():
            for mac in macs:
                self._claimed_by[mac].add(ip)
        on_link: dict[str, set[str]] = defaultdict(set)
        for (ip, mac), seen in ttls.items():
            if seen & INITIAL_TTLS:
                on_link[mac].add(ip)
        self._crowded = frozenset(
            mac for mac, ips in on_link.items() if len(ips) > MAX_ADDRESSES_PER_CARD and len(set(map(zone_of, ips))) > 1
        )
        """Cards that seem to send for many addresses of several zones, without counting down: not to be believed."""
        self._own_zones = {mac: frozenset(map(zone_of, ips)) for mac, ips in self._claimed_by.items()}
        self.routers = frozenset(mac for mac in self._by_mac if self._is_router(mac))
        self._cards: dict[str, set[str]] = defaultdict(set)
        for ip, mac in ttls:
            if self._on_link(ip, mac):
                self._cards[ip].add(mac)
        for ip, macs in claims.items():
            if not is_external(ip):
                self._cards[ip] |= macs
        for ip, macs in leases.items():
            if ip not in self._cards and len(macs) == 1:
                self._cards[ip] |= macs
        self._carried: dict[str, set[str]] = defaultdict(set)
        for ip, macs in self._cards.items():
            for mac in macs:
                self._carried[mac].add(ip)

    def addresses(self) -> Iterable[str]:
        """Internal addresses that a packet or a claim proves to be there.

        An address seen only from a MAC that sends for very many on the same link is a forged one.
        """
        there = {ip for ip in self._claims if not is_external(ip)}
        for (ip, mac), ttls in self._ttls.items():
            if not is_external(ip) and (not ttls & INITIAL_TTLS or ip in self._cards or mac in self.routers):
                there.add(ip)
        return there

    def mac_of(self, ip: str) -> str:
        """The address's own MAC, or empty when none or no single one stands out."""
        macs = self._cards.get(ip)
        if not macs:
            return ""
        ranked = sorted((self._weight(ip, mac), mac) for mac in macs)
        return ranked[0][1] if len(ranked) == 1 or ranked[0][0] < ranked[1][0] else ""

    def macs_of(self, ip: str) -> frozenset[str]:
        """All MACs that carry the address on its own link."""
        return frozenset(self._cards.get(ip, ()))

    def is_router(self, ip: str) -> bool:
        """Is this a router's own address?"""
        return self.mac_of(ip) in self.routers

    def own_addresses(self) -> dict[str, tuple[str, ...]]:
        """MAC → addresses that are one device's because they share it."""
        groups: dict[str, list[str]] = defaultdict(list)
        for ip in self._cards:
            if mac := self.mac_of(ip):
                groups[mac].append(ip)
        return {
            mac: tuple(sorted(ips, key=address_order))
            for mac, ips in sorted(groups.items())
            if mac in self.routers or len(ips) <= MAX_ADDRESSES_PER_CARD
        }

    def fronted_zones(self, mac: str) -> frozenset[str]:
        """Zones of hosts exactly one hop behind a router's MAC."""
        hop = {ttl - 1 for ttl in INITIAL_TTLS}
        return frozenset(zone_of(ip) for ip in self._by_mac.get(mac, ()) if self._ttls[ip, mac] & hop)

    def _weight(self, ip: str, mac: str) -> tuple[bool, bool, int]:
        """Lower is more believable: it sent from there, it claimed the address, and it carries few others."""
        return ((ip, mac) not in self._ttls, mac not in self._claims.get(ip, ()), len(self._carried[mac]))

    def _is_router(self, mac: str) -> bool:
        """It sends packets whose time-to-live was already counted down, for an address that is not its own."""
        own = self._claimed_by.get(mac, set())
        forwarded = {
            ip
            for ip in self._by_mac[mac]
            if ip not in own and not self._ttls[ip, mac] & INITIAL_TTLS and max(self._ttls[ip, mac]) > SMALL_TTL
        }
        others = (self._by_mac[mac] | own) - forwarded
        return len(forwarded) > 1 or bool(forwarded and others) or any(is_external(ip) for ip in forwarded)

    def _on_link(self, ip: str, mac: str) -> bool:
        """Did the address itself send from this MAC, as far as its time-to-live and the MAC's other traffic tell?"""
        if is_external(ip) or not self._ttls[ip, mac] & INITIAL_TTLS:
            return False
        if ip in self._claimed_by.get(mac, ()):
            return True
        if mac in self.routers:
            return zone_of(ip) in self._own_zones.get(mac, ())
        return mac not in self._crowded
