"""Addresses → devices: which addresses belong together, and which are devices at all."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from itertools import pairwise

from leadapron.see.inventory.addresses import address_order, zone_of
from leadapron.see.inventory.links import Cards


class Grouping:
    """Union-find over addresses; a device is named by the first of its addresses in reading order."""

    def __init__(self, addresses: Iterable[str]) -> None:
        self._parent = {address: address for address in addresses}

    def __contains__(self, address: str) -> bool:
        return address in self._parent

    def device_of(self, address: str) -> str:
        """The device an address belongs to; the address itself where it is none of ours."""
        parent = self._parent.get(address)
        if parent is None or parent == address:
            return address
        root = self.device_of(parent)
        self._parent[address] = root
        return root

    def join(self, addresses: Iterable[str]) -> bool:
        """These addresses are one device's; was that news?"""
        roots = sorted({self.device_of(address) for address in addresses if address in self}, key=address_order)
        for root in roots[1:]:
            self._parent[root] = roots[0]
        return len(roots) > 1

    def devices(self) -> dict[str, tuple[str, ...]]:
        """Device → its addresses, both in reading order."""
        members: dict[str, list[str]] = defaultdict(list)
        for address in sorted(self._parent, key=address_order):
            members[self.device_of(address)].append(address)
        return {device: tuple(addresses) for device, addresses in members.items()}


def join_by_card(grouping: Grouping, cards: Cards, names: Mapping[str, frozenset[str]]) -> None:
    """Addresses on one card are one device's, unless they give themselves different names (something bridges them)."""
    for addresses in cards.own_addresses().values():
        present = [address for address in addresses if address in grouping]
        named = {name for address in present for name in names.get(address, frozenset())}
        if len(named) <= 1:
            grouping.join(present)


def join_routers(grouping: Grouping, cards: Cards) -> None:
    """Interfaces of one router: each, in its own zone, sends on what comes from the other's, one hop away.

    Only where no third interface could be meant: of two routers side by side, neither is joined.
    """
    own: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for mac, addresses in cards.own_addresses().items():
        if mac in cards.routers:
            for address in addresses:
                own[zone_of(address)].append((mac, address))
    single = {zone: entries[0] for zone, entries in own.items() if len({mac for mac, _ in entries}) == 1}
    for zone, (mac, address) in sorted(single.items()):
        for other_zone, (other_mac, other_address) in sorted(single.items()):
            if zone in cards.fronted_zones(other_mac) and other_zone in cards.fronted_zones(mac):
                grouping.join((address, other_address))


def join_pairs(grouping: Grouping, groups: Iterable[Iterable[str]]) -> bool:
    """Join each group; was any of it news?"""
    news = False
    for group in groups:
        for left, right in pairwise(sorted(group, key=address_order)):
            news |= grouping.join((left, right))
    return news
