"""Which conversations count as use, where they cross from one zone to another, and how often that happened."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise

from msgspec import Struct

from leadapron.model.events import Service, Transport
from leadapron.model.inventory import Flow, Inventory
from leadapron.whatif.segment.zones import Atlas, is_local, parse

SNMP_TRAPS = 162
"""Told, never answered (RFC 3411)."""

LAST_PORT = 65_535
EPHEMERAL = 32_768
"""From here on systems choose ports for their own calls (Linux; Windows and RFC 6335 from 49,152)."""

SHORTEST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=12)
PAUSES_PER_SPAN = 200


class Crossing(Struct, frozen=True):
    """A flow as far as it goes from one zone to another; a device with legs in several zones has several."""

    flow: Flow
    source_zone: str
    target_zone: str
    pairs: tuple[tuple[str, str], ...]
    """Addresses of client and server."""


def was_taken(flow: Flow) -> bool:
    """Somebody took part at the other end, or nobody has to: attempts are no use, and no reason for a rule."""
    trap = flow.service is Service.SNMP and flow.port == SNMP_TRAPS
    return bool(flow.answered) or trap or not flow.is_attempt


def crossings(flow: Flow, atlas: Atlas) -> Iterator[Crossing]:
    """Where a flow leaves a zone; nothing for one that stays inside, or is only for its own segment.

    Which of a client's addresses spoke to which of a server's is not known when both have several; then two devices
    that share two zones are taken to meet inside them.
    """
    clients = {one: atlas.zone_of(one) for one in flow.client_addresses if not is_local(one)}
    servers = {one: atlas.zone_of(one) for one in flow.server_addresses if not is_local(one)}
    unsure = len(clients) > 1 and len(servers) > 1
    found: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for client, source in clients.items():
        for server, target in servers.items():
            if _version(client) != _version(server) or (source and source == target):
                continue
            if unsure and source in servers.values() and target in clients.values():
                continue
            found.setdefault((source, target), []).append((client, server))
    for (source, target), pairs in found.items():
        yield Crossing(flow, source, target, tuple(pairs))


def _version(address: str) -> int:
    parsed = parse(address)
    return parsed.version if parsed else 0


def span_of(inventory: Inventory) -> tuple[datetime, datetime] | None:
    """First and last moment of the traffic; None when there is none."""
    flows = inventory.flows
    first, last = inventory.quality.first, inventory.quality.last
    if flows:
        first = min((first, *(flow.first_seen for flow in flows)) if first else (flow.first_seen for flow in flows))
        last = max((last, *(flow.last_seen for flow in flows)) if last else (flow.last_seen for flow in flows))
    return (first, last) if first and last else None


def pause_of(inventory: Inventory) -> timedelta:
    """The silence that parts one occasion from the next: a visit of an hour, of which a month is watched, is one."""
    span = span_of(inventory)
    whole = span[1] - span[0] if span else timedelta()
    return min(max(whole / PAUSES_PER_SPAN, SHORTEST_PAUSE), LONGEST_PAUSE)


def occasions(flow: Flow, pause: timedelta) -> int:
    """How many times it was used, a burst of conversations counted as one.

    Not all starts are known (the first 256, and of facts told over and over the first): later conversations count as
    apart as their number and the time they took allow.
    """
    starts = sorted(flow.starts) or [flow.first_seen]
    times = 1 + sum(later - earlier > pause for earlier, later in pairwise(starts))
    later_on = max(0, (flow.last_seen - starts[-1]) // pause)
    return times + max(0, min(flow.connections - len(starts), later_on))


Door = tuple[str, Transport, int]
"""A server's address, and where it listens."""


def doors(crossing: Crossing) -> Iterator[tuple[str, Door]]:
    """Client address and the door it used, for each pair."""
    for client, server in crossing.pairs:
        yield client, (server, crossing.flow.transport, crossing.flow.port)
