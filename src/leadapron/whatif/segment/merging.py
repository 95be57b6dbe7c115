"""Flows across zones → as few rules as say the same.

One allowance is a client's address, a server's address, a transport and a port. Rules gather allowances without adding
any: servers that have the same clients on the same ports share a rule, and a server's ports with the same clients. The
one thing that is widened is the client, to its whole zone, and only for services that every device needs (names, time,
logs, addresses, directory, DICOM) once three quarters of the zone's devices, and at least three, use that very server
and port. Targets and ports are never widened. A refused device keeps its refusal beside the wider rule.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct, field
from msgspec.structs import replace

from leadapron.model.events import Service, Transport
from leadapron.model.inventory import Asset, Flow, Role
from leadapron.model.segmentation import Allow, Standing
from leadapron.whatif.segment.standing import KEEP, Ruling
from leadapron.whatif.segment.traffic import Crossing, Door, doors
from leadapron.whatif.segment.zones import Atlas, address_order, is_local

WIDENED = frozenset({
    Service.DNS, Service.NTP, Service.SYSLOG, Service.DHCP, Service.LDAP, Service.DICOM, Service.DICOM_TLS,
})  # fmt: skip
NEARLY_ALL = 0.75
"""Share of a zone's devices from which on the zone is allowed."""
LEAST_DEVICES = 3
NAMED = 6
"""Devices named in the words beside a rule."""

_STRICTEST = (Standing.REFUSE, Standing.ASK, Standing.KEEP)


class Use(Struct):
    """Flows of one client address through one door."""

    ruling: Ruling = KEEP
    flows: list[Flow] = field(default_factory=list)


class _Group(Struct, frozen=True):
    """Doors that may share rules."""

    zones: tuple[str, str]
    transport: Transport
    service: Service
    ruling: Ruling


Uses = dict[tuple[str, str], dict[Door, dict[str, Use]]]
"""Zones → door → client address → use."""


class Merger:
    """Makes rules for devices in zones."""

    def __init__(self, assets: Iterable[Asset], atlas: Atlas) -> None:
        self._labels: dict[str, str] = {}
        self._ids: dict[str, str] = {}
        self._devices: dict[str, set[str]] = defaultdict(set)
        for asset in assets:
            for address in asset.addresses:
                self._labels[address], self._ids[address] = asset.label, asset.id
                if Role.NETWORK not in asset.roles and not is_local(address):
                    self._devices[atlas.zone_of(address)].add(asset.id)

    def rules(self, ruled: Iterable[tuple[Crossing, Ruling]]) -> tuple[Allow, ...]:
        """Sorted by zones, standing and service; ids are readable and unique."""
        grouped: dict[_Group, dict[Door, frozenset[str]]] = defaultdict(dict)
        uses = _gathered(ruled)
        for zones, by_door in uses.items():
            for door, by_client in by_door.items():
                service = _service(use for use in by_client.values())
                for ruling, clients in self._by_ruling(zones[0], service, by_client).items():
                    grouped[_Group(zones, door[1], service, ruling)][door] = clients
        made = [
            self._rule(group, clients, servers, ports, uses[group.zones])
            for group, by_door in grouped.items()
            for clients, servers, ports in _rectangles(by_door)
        ]
        return _named(sorted(made, key=_rule_order))

    def _by_ruling(self, zone: str, service: Service, by_client: Mapping[str, Use]) -> Mapping[Ruling, frozenset[str]]:
        """Clients by how sure their rule is; none at all stands for the whole zone."""
        found: dict[Ruling, set[str]] = defaultdict(set)
        for client, use in by_client.items():
            found[use.ruling].add(client)
        clients = {ruling: frozenset(addresses) for ruling, addresses in found.items()}
        asked = any(ruling.standing is Standing.ASK for ruling in found)
        if service in WIDENED and KEEP in clients and not asked and self._nearly_all(zone, by_client):
            clients[KEEP] = frozenset()
        return clients

    def _nearly_all(self, zone: str, by_client: Mapping[str, Use]) -> bool:
        kept = {self._ids.get(client, client) for client, use in by_client.items() if use.ruling is KEEP}
        refused = {self._ids.get(client, client) for client, use in by_client.items() if use.ruling is not KEEP}
        devices = self._devices[zone] - refused
        return len(kept & devices) >= max(LEAST_DEVICES, NEARLY_ALL * len(devices))

    def _rule(
        self,
        group: _Group,
        clients: frozenset[str],
        servers: frozenset[str],
        ports: frozenset[int],
        uses: Mapping[Door, Mapping[str, Use]],
    ) -> Allow:
        flows = {
            flow.id: flow
            for server in servers
            for port in ports
            for client, use in uses[server, group.transport, port].items()
            if use.ruling == group.ruling and (not clients or client in clients)
            for flow in use.flows
        }
        return Allow(
            id="",
            source_zone=group.zones[0],
            target_zone=group.zones[1],
            sources=tuple(sorted(clients, key=address_order)),
            targets=tuple(sorted(servers, key=address_order)),
            transport=group.transport,
            ports=tuple(sorted(ports)),
            service=group.service,
            standing=group.ruling.standing,
            reason=group.ruling.reason or "",
            params={"servers": self._names(servers)} | ({"clients": self._names(clients)} if clients else {}),
            flows=tuple(sorted(flows)),
            connections=sum(flow.connections for flow in flows.values()),
            first_seen=min(flow.first_seen for flow in flows.values()),
            last_seen=max(flow.last_seen for flow in flows.values()),
        )

    def _names(self, addresses: Iterable[str]) -> str:
        """Names of devices, for the reader; empty for a whole zone."""
        ordered = sorted(addresses, key=address_order)
        names = list(dict.fromkeys(self._labels.get(address, address) for address in ordered))
        return ", ".join((*names[:NAMED], *(["…"] if len(names) > NAMED else [])))


def _gathered(ruled: Iterable[tuple[Crossing, Ruling]]) -> Uses:
    """A firewall cannot tell two services on one port apart: the stricter ruling holds for both."""
    uses: Uses = defaultdict(lambda: defaultdict(lambda: defaultdict(Use)))
    for crossing, ruling in ruled:
        for client, door in doors(crossing):
            use = uses[crossing.source_zone, crossing.target_zone][door][client]
            use.ruling = min(use.ruling, ruling, key=lambda one: _STRICTEST.index(one.standing))
            use.flows.append(crossing.flow)
    return uses


def _service(uses: Iterable[Use]) -> Service:
    """What a door serves: the service most used on it, a recognised one before an unknown one."""
    counts: Counter[Service] = Counter()
    for use in uses:
        for flow in use.flows:
            counts[flow.service] += flow.connections
    return min(counts, key=lambda service: (service is Service.UNKNOWN, -counts[service], service))


def _rectangles(
    by_door: Mapping[Door, frozenset[str]],
) -> Iterator[tuple[frozenset[str], frozenset[str], frozenset[int]]]:
    """Clients, servers and ports, so that every server in one has exactly these clients on exactly these ports."""
    ports: dict[tuple[str, frozenset[str]], set[int]] = defaultdict(set)
    for (server, _, port), clients in by_door.items():
        ports[server, clients].add(port)
    servers: dict[tuple[frozenset[str], frozenset[int]], set[str]] = defaultdict(set)
    for (server, clients), found in ports.items():
        servers[clients, frozenset(found)].add(server)
    for (clients, found_ports), found_servers in servers.items():
        yield clients, frozenset(found_servers), found_ports


def _rule_order(rule: Allow) -> tuple[object, ...]:
    ends = tuple(map(address_order, (*rule.targets, *rule.sources)))
    standing = (Standing.KEEP, Standing.ASK, Standing.REFUSE).index(rule.standing)
    return (rule.source_zone, rule.target_zone, standing, rule.service, rule.transport, rule.ports, rule.reason, ends)


def _named(rules: Iterable[Allow]) -> tuple[Allow, ...]:
    """`modalities-servers-dicom-4242`, with a number from the second on."""
    taken: Counter[str] = Counter()
    named = []
    for rule in rules:
        words = (rule.source_zone, rule.target_zone, rule.service, *map(str, rule.ports[:1]))
        stem = "-".join(re.sub(r"[^A-Za-z0-9.]+", "-", word).strip("-") or "x" for word in words)
        taken[stem] += 1
        named.append(replace(rule, id=stem if taken[stem] == 1 else f"{stem}-{taken[stem]}"))
    return tuple(named)
