"""Guidance checked against the zones and the rules: what rules between zones cannot mend, or would get wrong."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta

from leadapron.model.events import Service
from leadapron.model.findings import Finding
from leadapron.model.inventory import Asset, Inventory, Role
from leadapron.model.picture import Picture
from leadapron.model.segmentation import Advice, Allow, Standing
from leadapron.rules.rows import IMAGING_ROLES
from leadapron.whatif.segment.suspicion import Suspicion
from leadapron.whatif.segment.traffic import span_of, was_taken
from leadapron.whatif.segment.zones import Atlas, Layout, is_local

LONG_ENOUGH = timedelta(days=35)
"""A month of traffic, and the monthly quality control with it."""
NAMED = 6
SERVERS = frozenset({Role.PACS, Role.RIS, Role.INTERFACE_ENGINE, Role.SERVER})


def advice(
    picture: Picture, findings: tuple[Finding, ...], layout: Layout, rules: tuple[Allow, ...], *, unclear: int
) -> tuple[Advice, ...]:
    """`unclear` is the number of flows whose server could not be told from its client."""
    atlas = Atlas(layout.zones)
    by_zone = _by_zone(picture.inventory.assets, atlas, layout)
    return (
        *_watched(picture.inventory),
        *_plan(layout),
        *_mixed(by_zone),
        *_baskets(by_zone),
        *_alone(layout, rules, by_zone),
        *_outward(rules, layout, by_zone),
        *_inside(picture.inventory, findings, atlas),
        *_protocols(rules, unclear),
    )


def _by_zone(assets: Iterable[Asset], atlas: Atlas, layout: Layout) -> Mapping[str, list[Asset]]:
    """Devices by the zones of their addresses; routers stand in many and count in none."""
    found: dict[str, list[Asset]] = defaultdict(list)
    for asset in assets:
        if Role.NETWORK in asset.roles:
            continue
        zones = {atlas.zone_of(address) for address in asset.addresses if not is_local(address)}
        for zone in zones - {"", layout.external}:
            found[zone].append(asset)
    return found


def _watched(inventory: Inventory) -> Iterator[Advice]:
    """Rules from less than a month forget what happens once a month."""
    span = span_of(inventory)
    whole = span[1] - span[0] if span else timedelta()
    if whole < LONG_ENOUGH:
        yield Advice(message="segment.short", params={"hours": max(0.1, round(whole / timedelta(hours=1), 1))})


def _plan(layout: Layout) -> Iterator[Advice]:
    if not layout.planned:
        yield Advice(message="segment.no-plan")
    if layout.doubled:
        yield Advice(message="segment.network-twice", params={"networks": ", ".join(layout.doubled)})
    if layout.homeless:
        yield Advice(
            message="segment.no-zone",
            params={"addresses": _listed(layout.homeless), "count": len(layout.homeless)},
            zones=tuple(dict.fromkeys(Atlas(layout.zones).zone_of(address) for address in layout.homeless)),
        )


def _mixed(by_zone: Mapping[str, list[Asset]]) -> Iterator[Advice]:
    """Scanners that share their zone with office computers, or with the servers they need."""
    for zone, assets in by_zone.items():
        scanners = [asset for asset in assets if Role.MODALITY in asset.roles]
        offices = [asset.label for asset in assets if Role.OFFICE in asset.roles]
        servers = [asset.label for asset in assets if not SERVERS.isdisjoint(asset.roles) and asset not in scanners]
        for message, others in (("segment.with-offices", offices), ("segment.with-servers", servers)):
            if scanners and others:
                params: dict[str, str | float] = {"zone": zone, "scanners": len(scanners), "others": _listed(others)}
                yield Advice(message=message, params=params, zones=(zone,))


def _baskets(by_zone: Mapping[str, list[Asset]]) -> Iterator[Advice]:
    """Modality types of which all scanners, two or more, stand in one zone: guidance mixes types over zones, so that
    one breach does not take every CT (NHS England, imaging segmentation pattern, 2023)."""
    zones: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for zone, assets in by_zone.items():
        for asset in assets:
            for modality in asset.modalities if Role.MODALITY in asset.roles else ():
                zones[modality][zone].add(asset.id)
    baskets: dict[str, list[str]] = defaultdict(list)
    for modality, places in sorted(zones.items()):
        if len(places) == 1 and len(next(iter(places.values()))) > 1:
            baskets[next(iter(places))].append(modality)
    for zone, modalities in baskets.items():
        params = {"zone": zone, "modalities": ", ".join(modalities)}
        yield Advice(message="segment.one-basket", params=params, zones=(zone,))


def _alone(layout: Layout, rules: Iterable[Allow], by_zone: Mapping[str, list[Asset]]) -> Iterator[Advice]:
    """Zones that need no one and that no one needs: the tightest rule is none at all."""
    passing = [rule for rule in rules if rule.standing is not Standing.REFUSE]
    busy = {rule.source_zone for rule in passing} | {rule.target_zone for rule in passing}
    for zone in layout.zones:
        if zone.name not in busy and zone.name != layout.external:
            message = "segment.alone" if by_zone.get(zone.name) else "segment.empty"
            yield Advice(message=message, params={"zone": zone.name}, zones=(zone.name,))


def _outward(rules: Iterable[Allow], layout: Layout, by_zone: Mapping[str, list[Asset]]) -> Iterator[Advice]:
    """Zones with imaging devices whose rules, asked about or kept, reach the internet or are reached from it."""
    found: dict[str, list[Allow]] = defaultdict(list)
    for rule in rules:
        inside = {rule.source_zone, rule.target_zone} - {layout.external}
        if layout.external and len(inside) == 1 and rule.standing is not Standing.REFUSE:
            found[next(iter(inside))].append(rule)
    for zone, open_rules in sorted(found.items()):
        if any(not IMAGING_ROLES.isdisjoint(asset.roles) for asset in by_zone.get(zone, ())):
            params = {"zone": zone, "rules": ", ".join(rule.id for rule in open_rules)}
            yield Advice(message="segment.internet", params=params, zones=(zone,))


def _inside(inventory: Inventory, findings: tuple[Finding, ...], atlas: Atlas) -> Iterator[Advice]:
    """What looks like an attack and stays in one zone: no rule between zones stops it."""
    suspicion = Suspicion(inventory, findings)
    labels = {asset.id: asset.label for asset in inventory.assets}
    found: dict[str, list[str]] = defaultdict(list)
    for flow in inventory.flows:
        said = suspicion.of(flow) if was_taken(flow) else None
        if said is None or said[0] is not Standing.REFUSE:
            continue
        shared = {atlas.zone_of(one) for one in flow.client_addresses} & set(map(atlas.zone_of, flow.server_addresses))
        for zone in shared - {""}:
            found[zone].append(f"{labels.get(flow.client, '')} → {labels.get(flow.server, '')} ({flow.port})")
    for zone, seen in sorted(found.items()):
        yield Advice(message="segment.inside", params={"zone": zone, "flows": _listed(seen)}, zones=(zone,))


def _protocols(rules: Iterable[Allow], unclear: int) -> Iterator[Advice]:
    """What a list of ports cannot say."""
    ftp = [rule.id for rule in rules if rule.service is Service.FTP and rule.standing is not Standing.REFUSE]
    if ftp:
        yield Advice(message="segment.ftp", params={"rules": ", ".join(ftp)})
    if unclear:
        yield Advice(message="segment.unclear", params={"count": unclear})


def _listed(names: Iterable[str]) -> str:
    """At most a few, each with how often it is there when it is there more than once."""
    counts = list(Counter(names).items())
    shown = [name if times == 1 else f"{name} × {times}" for name, times in counts[:NAMED]]
    return ", ".join((*shown, *(["…"] if len(counts) > NAMED else [])))
