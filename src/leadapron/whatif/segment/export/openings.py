"""What one device, or the rest of its zone, must be able to do: for host firewalls, pods and MUD files.

These engines decide per device and most know no order between rules, so refusals are taken out of what is allowed
instead of standing before it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum

from msgspec import Struct

from leadapron.model.events import Transport
from leadapron.model.segmentation import Allow
from leadapron.whatif.segment.export.plan import Area, End, Entry, Plan
from leadapron.whatif.segment.export.spans import Family, Span, Spans, address_of, number_of, union, without
from leadapron.whatif.segment.traffic import LAST_PORT

EVERY_PORT: Spans = ((0, LAST_PORT),)


class Way(StrEnum):
    """Who opens the connection, seen from the place."""

    IN = "in"
    OUT = "out"


class Place(Struct, frozen=True, kw_only=True):
    """One device, or (without an address) every device of the zone that no rule names."""

    area: Area
    address: str = ""

    @property
    def families(self) -> tuple[Family, ...]:
        if self.address:
            return (number_of(self.address)[0],)
        return tuple(family for family in Family if self.area.spans[family])


class Opening(Struct, frozen=True, kw_only=True):
    """Peers that may talk with the place, on ports of the server."""

    family: Family
    transport: Transport
    ports: Spans
    """Never empty."""
    peers: Spans
    rules: tuple[Allow, ...]


def zone_places(plan: Plan) -> tuple[Place, ...]:
    """The rest of each zone of ours."""
    return tuple(Place(area=area) for area in plan.areas if not area.outside)


def target_places(plan: Plan) -> tuple[Place, ...]:
    """The devices of ours that rules name as targets, by family and number."""
    return _places((entry.family, entry.target) for entry in plan.entries)


def every_place(plan: Plan) -> tuple[Place, ...]:
    """The devices of ours that rules name at either end."""
    return _places((entry.family, end) for entry in plan.entries for end in (entry.source, entry.target))


def _places(ends: Iterable[tuple[Family, End]]) -> tuple[Place, ...]:
    found = {
        (family, int(host.network_address)): end.area
        for family, end in ends
        if not end.whole and not end.area.outside
        for host in end.networks
    }
    return tuple(
        Place(area=found[family, number], address=str(address_of(number, family))) for family, number in sorted(found)
    )


def openings(plan: Plan, place: Place, way: Way) -> tuple[Opening, ...]:
    """All that may be opened to (IN) or by (OUT) the place from or to other zones; no two overlap."""
    return tuple(
        opening
        for family in place.families
        for transport in Transport
        for opening in _openings(_relevant(plan, place, way, family, transport), way, family, transport)
    )


def _relevant(plan: Plan, place: Place, way: Way, family: Family, transport: Transport) -> list[Entry]:
    number = number_of(place.address)[1] if place.address else None
    found = []
    for entry in plan.entries:
        home = entry.target if way is Way.IN else entry.source
        if entry.family != family or entry.rule.transport is not transport or home.area.slug != place.area.slug:
            continue
        if home.whole or (number is not None and any(first <= number <= last for first, last in home.spans)):
            found.append(entry)
    return found


def _openings(entries: Sequence[Entry], way: Way, family: Family, transport: Transport) -> Iterator[Opening]:
    """Ports with the same peers for the same reasons are told together."""
    ports: dict[tuple[Spans, tuple[str, ...]], list[Span]] = {}
    rules: dict[tuple[str, ...], tuple[Allow, ...]] = {}
    for segment in _segments(entries):
        fitting = [entry for entry in entries if _covers(entry, segment)]
        refused = [span for entry in fitting if entry.refused for span in _peer(entry, way).spans]
        allowing = [entry for entry in fitting if not entry.refused]
        peers = without((span for entry in allowing for span in _peer(entry, way).spans), refused)
        if peers:
            reasons = tuple(entry.slug for entry in allowing)
            rules[reasons] = tuple(entry.rule for entry in allowing)
            ports.setdefault((peers, reasons), []).append(segment)
    for (peers, reasons), segments in ports.items():
        yield Opening(family=family, transport=transport, ports=union(segments), peers=peers, rules=rules[reasons])


def _segments(entries: Sequence[Entry]) -> Iterator[Span]:
    """The ports cut wherever a rule begins or ends."""
    starts = {0} | {edge for entry in entries for first, last in entry.ports for edge in (first, last + 1)}
    edges = sorted(edge for edge in starts if edge <= LAST_PORT)
    for first, following in zip(edges, [*edges[1:], LAST_PORT + 1], strict=True):
        yield first, following - 1


def _covers(entry: Entry, segment: Span) -> bool:
    return not entry.ports or any(first <= segment[0] and segment[1] <= last for first, last in entry.ports)


def _peer(entry: Entry, way: Way) -> End:
    return entry.source if way is Way.IN else entry.target
