"""Who could reach whom: passages between zones, single links, and who was seen to talk."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct

from leadapron.model.department import Assumption, Basis, DeviceClass, Link, Node, Passage, Way
from leadapron.model.errors import SourceError
from leadapron.model.inventory import Flow
from leadapron.whatif.department.classes import ACTS_ALONE
from leadapron.whatif.department.nodes import Names
from leadapron.whatif.department.settings import PassageSettings, Settings
from leadapron.whatif.department.site import Site, ways_into

ASSUMED_OPEN = tuple(way for way in Way if way is not Way.CREDENTIALS)
"""Ways taken for open between inner zones when nobody says otherwise. Administrators' rights are used by those who
have them: a directory's reach is told by its members."""

MOST_LINKS = 100_000
"""Single links a file may open: beyond, it means zones."""

Pair = tuple[str, str, Way]


class Routes(Struct, kw_only=True):
    """Passages and links while they are being worked out, by source, target and way."""

    passages: dict[Pair, Passage]
    links: dict[Pair, Link]


def observed(site: Site, nodes: Mapping[str, Node]) -> Mapping[Pair, tuple[str, ...]]:
    """(client, server, way) → ids of the flows between nodes that prove it."""
    found: dict[Pair, list[str]] = defaultdict(list)
    for way, flow in ways_into(site.flows):
        if flow.client in nodes and flow.server in nodes:
            found[flow.client, flow.server, way].append(flow.id)
    return {pair: tuple(sorted(flows)) for pair, flows in sorted(found.items())}


def routes(site: Site, nodes: Mapping[str, Node]) -> Routes:
    """What is open as far as the workspace tells: all inner zones to each other, outsiders to what they were seen to
    reach."""
    inner = sorted({node.zone for node in nodes.values() if not site.assets[node.id].external})
    flows: dict[Pair, list[str]] = defaultdict(list)
    seen = observed(site, nodes)
    for (client, server, way), ids in seen.items():
        source, target = nodes[client].zone, nodes[server].zone
        if source in inner and target in inner and source != target:
            flows[source, target, way] += ids
    wanted = {(a, b, way) for a in inner for b in inner if a != b for way in ASSUMED_OPEN} | flows.keys()
    passages = {}
    for source, target, way in sorted(wanted):
        proof = tuple(sorted(flows.get((source, target, way), ())))
        basis = Basis.MEASURED if proof else Basis.ASSUMED
        passages[source, target, way] = Passage(source=source, target=target, way=way, basis=basis, flows=proof)
    links = {(one.source, one.target, one.way): one for one in (*_vendors(nodes, seen), *_members(site, nodes))}
    return Routes(passages=passages, links=links)


def _vendors(nodes: Mapping[str, Node], seen: Mapping[Pair, tuple[str, ...]]) -> Iterator[Link]:
    """A maker's door holds the keys of what it maintains, whatever the zones."""
    for (client, server, way), flows in seen.items():
        if nodes[client].kind is DeviceClass.GATEWAY and way in ACTS_ALONE:
            yield Link(source=client, target=server, way=way, basis=Basis.MEASURED, flows=flows)


def _members(site: Site, nodes: Mapping[str, Node]) -> Iterator[Link]:
    """A directory may run programs on its members: computers that sign in there, else Windows computers that ask it
    for names."""
    for directory in nodes.values():
        if directory.kind is not DeviceClass.DIRECTORY:
            continue
        asked: dict[str, list[Flow]] = defaultdict(list)
        for flow in site.to_server.get(directory.id, ()):
            if flow.client in nodes and nodes[flow.client].kind is not DeviceClass.GATEWAY:
                asked[flow.client].append(flow)
        for client, flows in sorted(asked.items()):
            signs_in = tuple(sorted(flow.id for way, flow in ways_into(flows) if way is Way.CREDENTIALS))
            if signs_in or "windows" in site.system(client).casefold():
                yield Link(
                    source=directory.id,
                    target=client,
                    way=Way.CREDENTIALS,
                    basis=Basis.MEASURED if signs_in else Basis.ASSUMED,
                    flows=signs_in,
                )


# ---------------------------------------------------------------- corrections
def rerouted(found: Routes, site: Site, nodes: Mapping[str, Node], settings: Settings) -> None:
    """Open and shut what the file says: zones first, then single devices, so that a shut passage may have exceptions.

    SourceError: an end is neither a zone nor a device, or what is said cannot be kept.
    """
    zones = {node.zone for node in nodes.values()}
    names = Names(site, nodes)
    single = []
    denied: set[Pair] = set()
    for number, given in enumerate(settings.passages, start=1):
        if given.source in zones and given.target in zones:
            _between_zones(found, given, f"{settings.name}: passages, number {number}")
            denied |= {(given.source, given.target, way) for way in given.deny}
        else:
            single.append((number, given))
    found.links = _without_shut_links(found, nodes, denied)
    for number, given in single:
        key = f"passages, number {number}"
        sources = _ends(given.source, zones, nodes, names, settings.name, key)
        targets = _ends(given.target, zones, nodes, names, settings.name, key)
        if len(sources) * len(targets) * max(len(given.allow), 1) + len(found.links) > MOST_LINKS:
            raise SourceError(
                f"{settings.name}: {key}: opens more than {MOST_LINKS:,} single pairs; name zones instead"
            )
        for source in sources:
            for target in targets:
                _between_devices(found, nodes, given, source, target, f"{settings.name}: {key}")


def _ends(end: str, zones: set[str], nodes: Mapping[str, Node], names: Names, file: str, key: str) -> tuple[str, ...]:
    if end in zones:
        return tuple(node.id for node in nodes.values() if node.zone == end)
    try:
        found = names.find(end)
    except ValueError as several:
        raise SourceError(f"{file}: {key}: {end!r} names several devices; write one of {several}") from several
    if found is None:
        known = ", ".join(sorted(zones))
        raise SourceError(f"{file}: {key}: {end!r} is neither a device nor a zone; zones that hold a device: {known}")
    return (found,)


def _is_proven(route: Passage | Link | None) -> bool:
    """What was seen needs nobody's word."""
    return route is not None and route.basis is Basis.MEASURED


def _between_zones(found: Routes, given: PassageSettings, place: str) -> None:
    source, target = given.source, given.target
    if source == target:
        raise SourceError(f"{place}: {source!r} is one zone, and inside a zone nothing is filtered; name two zones")
    for way in given.allow:
        if not _is_proven(found.passages.get((source, target, way))):
            found.passages[source, target, way] = Passage(source=source, target=target, way=way, basis=Basis.GIVEN)
    for way in given.deny:
        found.passages.pop((source, target, way), None)


def _without_shut_links(found: Routes, nodes: Mapping[str, Node], denied: set[Pair]) -> dict[Pair, Link]:
    """Links go with the passage that a file shuts."""
    shut = denied - found.passages.keys()
    return {
        pair: link
        for pair, link in found.links.items()
        if (nodes[link.source].zone, nodes[link.target].zone, link.way) not in shut
    }


def _between_devices(
    found: Routes, nodes: Mapping[str, Node], given: PassageSettings, source: str, target: str, place: str
) -> None:
    if source == target:
        return
    for way in given.allow:
        if not _is_proven(found.links.get((source, target, way))):
            found.links[source, target, way] = Link(source=source, target=target, way=way, basis=Basis.GIVEN)
    for way in given.deny:
        found.links.pop((source, target, way), None)
        zones = (nodes[source].zone, nodes[target].zone)
        if zones[0] == zones[1] or (*zones, way) in found.passages:
            raise SourceError(
                f"{place}: {way} cannot be denied to {nodes[source].label} alone while its zone {zones[0]!r} may use it"
                f" towards {zones[1]!r}; deny it between the zones and allow the devices that need it"
            )


def route_assumptions(found: Routes, site: Site, nodes: Mapping[str, Node]) -> Iterator[Assumption]:
    """What reachability rests on."""
    count: dict[Basis, int] = defaultdict(int)
    for passage in found.passages.values():
        count[passage.basis] += 1
    for basis, message in (
        (Basis.MEASURED, "department.passages-seen"),
        (Basis.GIVEN, "department.passages-given"),
        (Basis.ASSUMED, "department.passages-open"),
    ):
        if count[basis]:
            yield Assumption(message=message, params={"count": count[basis]}, basis=basis)
    yield Assumption(message="department.inside-open", basis=Basis.ASSUMED)
    shut = [
        flow
        for (client, server, way), flows in observed(site, nodes).items()
        if not (site.assets[client].external or site.assets[server].external)
        and _is_shut(found, nodes, client, server, way)
        for flow in flows
    ]
    if shut:
        yield Assumption(message="department.seen-though-shut", params={"flows": len(shut)}, basis=Basis.GIVEN)
    directories = [node for node in nodes.values() if node.kind is DeviceClass.DIRECTORY]
    if not directories:
        yield Assumption(message="department.no-directory", basis=Basis.ASSUMED)
    guessed = [link for link in found.links.values() if link.way is Way.CREDENTIALS and link.basis is Basis.ASSUMED]
    if guessed:
        yield Assumption(message="department.members", params={"count": len(guessed)}, basis=Basis.ASSUMED)


def _is_shut(found: Routes, nodes: Mapping[str, Node], client: str, server: str, way: Way) -> bool:
    zones = (nodes[client].zone, nodes[server].zone)
    return zones[0] != zones[1] and (*zones, way) not in found.passages and (client, server, way) not in found.links


def seen_links(site: Site, nodes: Mapping[str, Node]) -> Iterable[Link]:
    """Pairs that were seen to talk, by every way."""
    return (
        Link(source=client, target=server, way=way, basis=Basis.MEASURED, flows=flows)
        for (client, server, way), flows in observed(site, nodes).items()
    )
