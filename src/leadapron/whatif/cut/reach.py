"""Where an attack can get to at all, before anything is done: what it cannot use need not be closed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from msgspec import Struct

from leadapron.model.department import Department, Way
from leadapron.model.scenarios import Scenario


class Reach(Struct, frozen=True, kw_only=True):
    """Everything an attack could use, given all the time in the world."""

    nodes: frozenset[str]
    """Devices it can hold, entries included."""
    into: Mapping[str, frozenset[Way]]
    """Asset id → ways by which it can be taken; devices that cannot be taken are left out."""
    passages: frozenset[tuple[str, str, Way]]
    """Passages (source zone, target zone, way) with an attacker before and a weak device behind."""


def reach(department: Department, scenario: Scenario) -> Reach:
    """Devices are taken one after the other; a taken one opens its zone, the passages of its zone and its links."""
    ways = _Ways(department, scenario)
    into: dict[str, set[Way]] = defaultdict(set)
    used: set[tuple[str, str, Way]] = set()
    waiting = [node.id for node in department.nodes if scenario.entry.fits(node)]
    taken = set(waiting)
    zones: set[str] = set()
    while waiting:
        device = waiting.pop()
        steps = list(ways.links[device])
        zone = ways.zone[device]
        if zone not in zones:
            zones.add(zone)
            for target_zone, way in ways.leads[zone]:
                steps += ((target, way) for target in ways.weak[target_zone, way])
                if ways.weak[target_zone, way] and target_zone != zone:
                    used.add((zone, target_zone, way))
        for target, way in steps:
            into[target].add(way)
            if target not in taken:
                taken.add(target)
                waiting.append(target)
    return Reach(
        nodes=frozenset(taken),
        into={device: frozenset(found) for device, found in into.items()},
        passages=frozenset(used),
    )


class _Ways:
    """Where a taken device leads."""

    def __init__(self, department: Department, scenario: Scenario) -> None:
        inner = [way for way, rate in scenario.within.items() if rate > 0]
        outer = {way for way, rate in scenario.across.items() if rate > 0}
        self.zone = {node.id: node.zone for node in department.nodes}
        self.weak: dict[tuple[str, Way], list[str]] = defaultdict(list)
        """Zone and way → devices of it that fall to it."""
        for node in department.nodes:
            for way in (way for way, value in node.weak.items() if value > 0):
                self.weak[node.zone, way].append(node.id)
        self.leads: dict[str, list[tuple[str, Way]]] = defaultdict(list)
        """Zone → zones it can attack, itself included, with the way."""
        for zone in department.zones:
            self.leads[zone] += ((zone, way) for way in inner)
        for passage in department.passages:
            if passage.way in outer:
                self.leads[passage.source].append((passage.target, passage.way))
        self.links: dict[str, list[tuple[str, Way]]] = defaultdict(list)
        """Device → devices it can attack alone, with the way."""
        weak = {node.id: node.weak for node in department.nodes}
        for link in department.links:
            if link.way in outer and weak[link.target].get(link.way, 0.0) > 0:
                self.links[link.source].append((link.target, link.way))
