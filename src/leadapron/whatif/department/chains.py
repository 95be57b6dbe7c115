"""How exams of each modality are done: any scanner, its worklist, storage, reading, reporting."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import tzinfo
from math import fsum

from msgspec import Struct
from msgspec.structs import replace

from leadapron.model.department import Assumption, Basis, Chain, DeviceClass, Need, Node, Role, Way
from leadapron.model.inventory import Flow
from leadapron.model.inventory import Role as Conduct
from leadapron.whatif.department.classes import names_of, words_of
from leadapron.whatif.department.figures import code_of, hints, throughput
from leadapron.whatif.department.site import Site, asks_worklist, did, is_sealed_dicom
from leadapron.whatif.department.ways import way_of_flow
from leadapron.whatif.department.week import Busy, Watched, busy, watched, working_mean

WEEKS_OF_YEAR = 52.18

_RESULTS = "ORU"
"""HL7 message of a report (v2.5.1 §7.3.1)."""


class Chains(Struct, frozen=True, kw_only=True):
    """Chains by modality, and what they rest on."""

    chains: Mapping[str, Chain]
    assumptions: tuple[Assumption, ...]


def chains_of(site: Site, nodes: Mapping[str, Node], zone: tzinfo) -> Chains:
    """The exams of every modality that has a scanner."""
    seen = watched(site.picture.inventory.sources, zone)
    scanners = scanners_of(site, nodes)
    chains: dict[str, Chain] = {}
    assumptions: list[Assumption] = []
    for modality in sorted(scanners):
        made = busy(site.picture.inventory.utilisation, modality, len(scanners[modality]), seen, zone)
        chains[modality] = Chain(
            modality=modality,
            scanners=scanners[modality],
            needs=tuple(_needs(site, nodes, scanners[modality])),
            per_hour=made.per_hour,
            urgent=throughput().urgent_share(modality),
            basis=_basis(modality, made, seen),
        )
        assumptions.append(_throughput(chains[modality], made, seen))
    assumptions += _of_all(site, nodes, chains, seen)
    return Chains(chains=chains, assumptions=tuple(assumptions))


def scanners_of(site: Site, nodes: Mapping[str, Node]) -> Mapping[str, tuple[str, ...]]:
    """Modality → its scanners. One that made exams of two kinds (PT and CT) counts for both."""
    found: dict[str, set[str]] = defaultdict(set)
    for node in nodes.values():
        if node.kind is DeviceClass.MODALITY:
            made = {code_of(cell.modality) for cell in site.picture.inventory.utilisation if node.id in cell.devices}
            for modality in made if node.modality in made else {node.modality}:
                found[modality].add(node.id)
    return {modality: tuple(sorted(ids)) for modality, ids in found.items()}


# ---------------------------------------------------------------- what an exam needs
def _needs(site: Site, nodes: Mapping[str, Node], scanners: tuple[str, ...]) -> Iterator[Need]:
    kept = throughput().kept
    flows = [flow for scanner in scanners for flow in site.from_client.get(scanner, ())]
    if worklist := _worklist(nodes, flows):
        yield Need(role=Role.WORKLIST, nodes=worklist, kept=kept[Role.WORKLIST], basis=Basis.MEASURED)
    storage, basis = _storage(nodes, flows)
    if storage:
        yield Need(role=Role.STORAGE, nodes=storage, kept=kept[Role.STORAGE], basis=basis)
    reading, basis = _reading(site, nodes, storage)
    if reading:
        yield Need(role=Role.READING, nodes=reading, kept=kept[Role.READING], basis=basis)
    reporting = reporting_nodes(site, nodes)
    yield Need(
        role=Role.REPORTING,
        nodes=reporting,
        kept=kept[Role.REPORTING],
        basis=Basis.MEASURED if reporting else Basis.ASSUMED,
    )


def _worklist(nodes: Mapping[str, Node], flows: Iterable[Flow]) -> tuple[str, ...]:
    """Servers asked for worklists; of encrypted DICOM, those that are a RIS."""
    found = {
        flow.server
        for flow in flows
        if flow.server in nodes
        and (asks_worklist(flow) or (is_sealed_dicom(flow) and nodes[flow.server].kind is DeviceClass.RIS))
    }
    return tuple(sorted(found))


def _storage(nodes: Mapping[str, Node], flows: Iterable[Flow]) -> tuple[tuple[str, ...], Basis]:
    """Archives that scanners store to; where none was seen, every archive."""
    found = {
        flow.server
        for flow in flows
        if flow.server in nodes
        and (
            (did(flow, "C-STORE") and nodes[flow.server].kind is not DeviceClass.MODALITY)
            or (is_sealed_dicom(flow) and nodes[flow.server].kind is DeviceClass.PACS)
        )
    }
    archives = {one for one in found if nodes[one].kind is DeviceClass.PACS} or found
    if archives:
        return tuple(sorted(archives)), Basis.MEASURED
    return _all_of(nodes, DeviceClass.PACS), Basis.ASSUMED


def _reading(site: Site, nodes: Mapping[str, Node], storage: tuple[str, ...]) -> tuple[tuple[str, ...], Basis]:
    """Reading stations that fetch from those archives or get images from them; where none was seen, all."""
    found: set[str] = set()
    for archive in storage:
        found |= {flow.client for flow in site.to_server.get(archive, ()) if way_of_flow(flow) in (Way.DICOM, Way.WEB)}
        found |= {flow.server for flow in site.from_client.get(archive, ()) if did(flow, "C-STORE")}
    stations = sorted(one for one in found if one in nodes and nodes[one].kind is DeviceClass.READING)
    if stations:
        return tuple(stations), Basis.MEASURED
    return _all_of(nodes, DeviceClass.READING), Basis.ASSUMED


def reporting_nodes(site: Site, nodes: Mapping[str, Node]) -> tuple[str, ...]:
    """Dictation and reporting servers: they are named so, or send results and are neither RIS nor engine nor PACS."""
    found = []
    for node in nodes.values():
        asset = site.assets[node.id]
        if node.kind is not DeviceClass.SERVER or Conduct.INTERFACE_ENGINE in asset.roles:
            continue
        reports = any(
            kind.startswith(_RESULTS) for flow in site.from_client.get(node.id, ()) for kind in flow.operations
        )
        if reports or words_of(names_of(site, asset)) & hints().reporting:
            found.append(node.id)
    return tuple(sorted(found))


def _all_of(nodes: Mapping[str, Node], kind: DeviceClass) -> tuple[str, ...]:
    return tuple(sorted(node.id for node in nodes.values() if node.kind is kind))


# ---------------------------------------------------------------- what it rests on
def _basis(modality: str, made: Busy, seen: Watched) -> Basis:
    """Measured once observation weighs more than the figure it is mixed with."""
    if made.exams and seen.working > throughput().weight.rate:
        return Basis.MEASURED
    return throughput().rate(modality).basis


def _throughput(chain: Chain, made: Busy, seen: Watched) -> Assumption:
    figure = throughput().rate(chain.modality)
    params: dict[str, str | float] = {
        "modality": chain.modality,
        "scanners": len(chain.scanners),
        "mean": round(working_mean(chain.per_hour), 1),
        "figure": figure.per_hour,
    }
    if not made.exams:
        message = "department.throughput-figure"
    else:
        message = "department.throughput-mixed"
        params |= {"exams": made.exams, "hours": told_hours(seen), "weight": throughput().weight.rate}
    return Assumption(message=message, params=params, basis=chain.basis, source=figure.source)


def told_hours(seen: Watched) -> float:
    """Hours of observation, as finely as is worth telling."""
    return round(seen.hours, 1 if seen.hours >= 1 else 2)


def _of_all(site: Site, nodes: Mapping[str, Node], chains: Mapping[str, Chain], seen: Watched) -> Iterator[Assumption]:
    figures = throughput()
    if not chains:
        yield Assumption(message="department.no-scanner", basis=Basis.ASSUMED)
        return
    days: dict[str, str | float] = {"hours": told_hours(seen), "days": seen.days}
    yield Assumption(message="department.observed", params=days, basis=Basis.MEASURED)
    yield Assumption(message="department.week", params={"weight": figures.weight.week}, basis=Basis.ASSUMED)
    yield Assumption(message="department.urgent", basis=Basis.ASSUMED)
    yield Assumption(
        message="department.kept",
        params={role.value: round(share * 100) for role, share in figures.kept.items()},
        basis=Basis.ASSUMED,
    )
    for role, message in (
        (Role.WORKLIST, "department.no-worklist"),
        (Role.STORAGE, "department.no-storage"),
        (Role.READING, "department.no-reading"),
    ):
        without = [one.modality for one in chains.values() if all(need.role is not role for need in one.needs)]
        if without:
            yield Assumption(message=message, params={"modalities": ", ".join(without)}, basis=Basis.ASSUMED)
    guessed = [
        one.modality
        for one in chains.values()
        if any(need.basis is Basis.ASSUMED and need.role is not Role.REPORTING for need in one.needs)
    ]
    if guessed:
        yield Assumption(message="department.needs-all", params={"modalities": ", ".join(guessed)}, basis=Basis.ASSUMED)
    if not reporting_nodes(site, nodes):
        yield Assumption(message="department.reporting-outside", basis=Basis.ASSUMED)


def with_records(nodes: Mapping[str, Node], chains: Iterable[Chain]) -> Mapping[str, Node]:
    """Archives hold some years of what is stored to them."""
    studies: dict[str, float] = defaultdict(float)
    for chain in chains:
        week = fsum(chain.per_hour)
        for need in chain.needs:
            if need.role is Role.STORAGE:
                for archive in need.nodes:
                    studies[archive] += week * WEEKS_OF_YEAR * throughput().records.years
    return {
        node.id: replace(node, records=float(round(studies[node.id])))
        if node.kind is DeviceClass.PACS and node.id in studies
        else node
        for node in nodes.values()
    }
