"""The assessment's page: summary, map, devices, findings, flows, exams, and how far to trust them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, tzinfo

from msgspec import Struct

from leadapron.model.findings import worst
from leadapron.report.chart import exams_chart
from leadapron.report.contract import AssetEntry, Document, FlowEntry
from leadapron.report.drawing import draw
from leadapron.report.frame import render_page
from leadapron.report.groups import grouped
from leadapron.report.netmap import Network, is_large, natural, overview, zone_title, zones_opened
from leadapron.report.summary import tiles
from leadapron.report.vocabulary import Family, family, service_name
from leadapron.report.words import Words, words

FIRST_ACTIONS = 5
"""What one printed page for management can hold; the rest follow in the findings."""

_WIDEST_MATRIX = 9
"""Zones a square matrix can show on paper."""


class Exchange(Struct, frozen=True, kw_only=True):
    """All flows from one zone to another."""

    client: str
    server: str
    services: tuple[tuple[Family, str, bool], ...]
    """Family, name and whether every such flow is encrypted."""
    flows: int
    bytes: int


def render_html(document: Document, *, zone: tzinfo = UTC) -> str:
    """The document as one HTML page in its language, times in `zone`."""
    say = words(document.language, zone=zone)
    network = overview(document, say)
    exchanges = _exchanges(document, say)
    members: dict[str, list[AssetEntry]] = defaultdict(list)
    for asset in document.assets:
        members[zone_title(asset, say)].append(asset)
    zones = sorted({one.client for one in exchanges} | {one.server for one in exchanges}, key=natural)
    return render_page(
        "report.html.j2",
        say,
        document=document,
        assets={asset.id: asset for asset in document.assets},
        findings={finding.id: finding for finding in document.findings},
        tiles=tiles(document.summary),
        first=document.actions[:FIRST_ACTIONS],
        groups=grouped(document.findings),
        large=is_large(document),
        members=members,
        worst={title: worst(one.severity for one in assets) for title, assets in members.items()},
        network=network,
        picture=draw(network),
        opened={title: (one, draw(one)) for title, one in zones_opened(document, say).items()},
        families=_families(network),
        exchanges=exchanges,
        matrix_zones=zones if len(zones) <= _WIDEST_MATRIX else [],
        matrix={(one.client, one.server): one for one in exchanges},
        chart=exams_chart(document.utilisation, say),
    )


def _families(network: Network) -> list[Family]:
    drawn = {link.family for link in network.links}
    return [one for one in Family if one in drawn]


def _exchanges(document: Document, say: Words) -> list[Exchange]:
    zone = {asset.id: zone_title(asset, say) for asset in document.assets}
    between: dict[tuple[str, str], list[FlowEntry]] = defaultdict(list)
    for flow in document.flows:
        if flow.client in zone and flow.server in zone:
            between[zone[flow.client], zone[flow.server]].append(flow)
    return [
        Exchange(
            client=client,
            server=server,
            services=_services(flows, say),
            flows=len(flows),
            bytes=sum(flow.bytes for flow in flows),
        )
        for (client, server), flows in sorted(between.items())
    ]


def _services(flows: Iterable[FlowEntry], say: Words) -> tuple[tuple[Family, str, bool], ...]:
    encrypted: dict[tuple[Family, str], list[bool]] = defaultdict(list)
    for flow in flows:
        encrypted[family(flow.service), service_name(flow.service, say)].append(flow.encrypted)
    order = list(Family)
    return tuple(
        (kind, name, all(encrypted[kind, name]))
        for kind, name in sorted(encrypted, key=lambda one: (order.index(one[0]), one[1]))
    )
