"""A workspace's picture → the department that an attack meets, with the department's own corrections."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import tzinfo

from msgspec.structs import replace

from leadapron.model.department import Assumption, Basis, Chain, Department, DeviceClass, Node, Way
from leadapron.model.errors import UsageError
from leadapron.model.findings import Finding
from leadapron.model.picture import Picture
from leadapron.whatif.department.chains import chains_of, with_records
from leadapron.whatif.department.corrections import corrected_chains
from leadapron.whatif.department.figures import throughput, weaknesses
from leadapron.whatif.department.nodes import Devices, Names, about, corrected, devices_of
from leadapron.whatif.department.passages import Routes, rerouted, route_assumptions, routes, seen_links
from leadapron.whatif.department.settings import Settings
from leadapron.whatif.department.site import Site
from leadapron.whatif.department.weak import commanded


def build_department(
    picture: Picture, findings: Iterable[Finding], *, zone: tzinfo, settings: Settings | None = None
) -> Department:
    """Devices, who could reach whom, and what exams depend on; `zone` is the department's local time.

    UsageError: nothing was seen. SourceError (a UsageError): the settings do not fit what was seen.
    """
    given = settings or Settings()
    site = Site(picture, tuple(findings))
    devices = devices_of(site)
    if not devices.nodes:
        raise UsageError("no device was seen: add a capture to the workspace first (`leadapron assess CAPTURE`)")
    devices = corrected(site, _with_importers(site, devices, given), given)
    found = routes(site, devices.nodes)
    rerouted(found, site, devices.nodes, given)
    devices = _with_commanded(site, devices, found, given)
    told = chains_of(site, devices.nodes, zone)
    chains = corrected_chains(told.chains, devices.nodes, Names(site, devices.nodes), given)
    nodes = _with_given_records(site, with_records(devices.nodes, chains.values()), given)
    return Department(
        nodes=tuple(nodes[asset_id] for asset_id in sorted(nodes)),
        passages=tuple(found.passages[pair] for pair in sorted(found.passages)),
        links=tuple(found.links[pair] for pair in sorted(found.links)),
        seen=tuple(seen_links(site, nodes)),
        chains=tuple(chains[modality] for modality in sorted(chains)),
        assumptions=(
            *devices.assumptions,
            *_of_nodes(nodes),
            *route_assumptions(found, site, nodes),
            *(one for one in told.assumptions if not _is_replaced(one, told.chains, chains)),
            *_given(told.chains, chains),
            *given.remarks,
        ),
    )


def _with_importers(site: Site, devices: Devices, given: Settings) -> Devices:
    """Where no station for discs and sticks is known or given, people are taken to open them where they read."""
    names = Names(site, devices.nodes)
    readers = {node.id: node for node in devices.nodes.values() if node.kind is DeviceClass.READING}
    told = {names.one(name, given.name, f"devices.{name}") for name, one in given.devices.items() if one.importer}
    if any(node.importer for node in devices.nodes.values()) or told - readers.keys() or not readers:
        return devices
    nodes = {**devices.nodes, **{node.id: replace(node, importer=True) for node in readers.values()}}
    assumption = about("department.importers-reading", readers.values(), Basis.ASSUMED)
    return Devices(nodes=nodes, assumptions=(*devices.assumptions, assumption))


def _with_commanded(site: Site, devices: Devices, found: Routes, given: Settings) -> Devices:
    """What a directory was seen or is declared to command falls with it, unless the file says how readily."""
    nodes = devices.nodes
    names = Names(site, nodes)
    told = {
        names.one(name, given.name, f"devices.{name}")
        for name, device in given.devices.items()
        if Way.CREDENTIALS in device.weak
    }
    under = {
        link.target: nodes[link.target]
        for link in found.links.values()
        if link.way is Way.CREDENTIALS
        and link.basis is not Basis.ASSUMED
        and nodes[link.source].kind is DeviceClass.DIRECTORY
        and link.target not in told
    }
    if not under:
        return devices
    content = weaknesses().commanded
    stated = about("department.commanded", under.values(), Basis.ASSUMED)
    assumption = replace(stated, params={**stated.params, "percent": 100.0 * content.weak}, source=content.source)
    raised = {asset_id: replace(node, weak=commanded(node.weak)) for asset_id, node in under.items()}
    return Devices(nodes={**nodes, **raised}, assumptions=(*devices.assumptions, assumption))


def _with_given_records(site: Site, nodes: Mapping[str, Node], given: Settings) -> Mapping[str, Node]:
    names = Names(site, nodes)
    found = dict(nodes)
    for name, device in given.devices.items():
        if device.records is not None:
            asset_id = names.one(name, given.name, f"devices.{name}")
            found[asset_id] = replace(found[asset_id], records=device.records)
    return found


def _of_nodes(nodes: Mapping[str, Node]) -> Iterator[Assumption]:
    if len(nodes) == 1:
        yield about("department.one-device", nodes.values(), Basis.MEASURED)
    yield Assumption(message="department.weakness", basis=Basis.ASSUMED)
    sound = [node for node in nodes.values() if not node.findings]
    if sound:
        yield Assumption(message="department.weakness-base", params={"count": len(sound)}, basis=Basis.ASSUMED)
    gateways = [node for node in nodes.values() if node.kind is DeviceClass.GATEWAY]
    if gateways:
        yield about("department.gateways", gateways, Basis.MEASURED)
    else:
        yield Assumption(message="department.no-gateway", basis=Basis.ASSUMED)
    if any(node.records for node in nodes.values()):
        years = {"years": throughput().records.years}
        yield Assumption(message="department.records", params=years, basis=Basis.ASSUMED)


def _is_replaced(assumption: Assumption, told: Mapping[str, Chain], chains: Mapping[str, Chain]) -> bool:
    """What was assumed of a modality's throughput no longer holds once the file gives it."""
    modality = str(assumption.params.get("modality", ""))
    return (
        assumption.message.startswith("department.throughput-")
        and modality in chains
        and chains[modality].per_hour != told[modality].per_hour
    )


def _given(told: Mapping[str, Chain], chains: Mapping[str, Chain]) -> Iterator[Assumption]:
    changed = [modality for modality in sorted(chains) if chains[modality] != told[modality]]
    if changed:
        params = {"modalities": ", ".join(changed)}
        yield Assumption(message="department.chains-given", params=params, basis=Basis.GIVEN)
