"""The resolution: folded records → devices → flows → makers → roles."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from leadapron.model.events import Event
from leadapron.model.fingerprints import Fingerprints
from leadapron.model.inventory import Inventory, Quality, Source
from leadapron.see.inventory.addresses import address_order, is_external
from leadapron.see.inventory.assets import AssetBuilder, short_name
from leadapron.see.inventory.conduct import conduct_of
from leadapron.see.inventory.flows import DeviceFlows, build_flows
from leadapron.see.inventory.fold import Fold
from leadapron.see.inventory.grouping import Grouping, join_by_card, join_pairs, join_routers
from leadapron.see.inventory.makers import Makers, utilisation
from leadapron.see.inventory.sweeps import build_sweeps, find_sweeps


def build_inventory(events: Iterable[Event], fingerprints: Fingerprints) -> Inventory:
    """Devices, flows, exams and quality of the picture, from events in any order. One pass, bounded memory."""
    fold = Fold()
    for event in events:
        fold.take(event)
    fold.finish()
    cards = fold.links.resolve()
    sweeps = find_sweeps(fold)
    present = {ip for ip, host in fold.hosts.items() if host.spoke}
    present |= {client for client, _ in sweeps if not is_external(client)}
    grouping = Grouping(present.union(fold.hosts.keys() & set(cards.addresses())))
    names = {ip: frozenset(map(short_name, host.declared)) for ip, host in fold.hosts.items()}
    join_by_card(grouping, cards, names)
    join_routers(grouping, cards)

    flows = DeviceFlows(fold, grouping)
    conduct = conduct_of(flows.records)
    makers = Makers(fold.objects, grouping, conduct)
    if join_pairs(grouping, makers.same_machine()):
        flows.regroup()
        conduct = conduct_of(flows.records)
        makers = Makers(fold.objects, grouping, conduct)
    flows.attach_anomalies(fold)

    assets = AssetBuilder(fold, grouping.devices(), cards, flows, conduct, makers, fingerprints).build()
    ids = {device: asset.id for device, asset in assets.items()}
    return Inventory(
        assets=tuple(assets[device] for device in sorted(assets, key=address_order)),
        flows=build_flows(flows, assets),
        utilisation=utilisation(fold.objects, grouping, makers, ids),
        quality=_quality(fold),
        sources=_sources(fold),
        arp_conflicts=fold.links.conflicts(),
        sweeps=build_sweeps(sweeps, grouping, ids),
        names_asked=_names_asked(fold, grouping, ids),
    )


def _quality(fold: Fold) -> Quality:
    """Sums over sources, each capture once; limits that were reached are anomalies of our own."""
    qualities = {quality.fingerprint: quality for _, quality in sorted(fold.qualities.items())}.values()
    undecodable: Counter[str] = Counter()
    for quality in qualities:
        undecodable.update(quality.undecodable)
    anomalies = fold.anomalies + Counter(
        {**fold.overflow, "inventory.links": fold.links.overflow, "inventory.objects": fold.objects.overflow}
    )
    return Quality(
        packets=sum(quality.packets for quality in qualities),
        bytes=sum(quality.bytes for quality in qualities),
        gaps=sum(quality.gaps for quality in qualities),
        anomalies=dict(sorted(anomalies.items())),
        undecodable=dict(sorted(undecodable.items())),
        drops=sum(quality.drops for quality in qualities),
        truncated=sum(quality.truncated for quality in qualities),
        duplicates=sum(quality.duplicates for quality in qualities),
        first=min((quality.first for quality in qualities if quality.first), default=None),
        last=max((quality.last for quality in qualities if quality.last), default=None),
    )


def _sources(fold: Fold) -> tuple[Source, ...]:
    return tuple(
        Source(
            name=quality.source,
            fingerprint=quality.fingerprint,
            packets=quality.packets,
            bytes=quality.bytes,
            first=quality.first,
            last=quality.last,
            complete=quality.complete,
        )
        for quality in sorted(fold.qualities.values(), key=lambda quality: (quality.source, quality.fingerprint))
    )


def _names_asked(fold: Fold, grouping: Grouping, ids: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    asked: dict[str, set[str]] = {}
    for ip, names in fold.queries.items():
        device = grouping.device_of(ip)
        if device in ids:
            asked.setdefault(ids[device], set()).update(names)
    return {asset: tuple(sorted(names)) for asset, names in sorted(asked.items())}
