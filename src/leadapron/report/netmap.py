"""What a network map shows: zones, devices (or groups of devices alike) and who talks to whom.

A small network is one map of its devices. A large one is a map of its zones, in which devices of one role are one
row, and one map more for each zone, with its devices and whom they talk to. Geometry is in `report.drawing`.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from enum import IntEnum

import msgspec
from msgspec import Struct

from leadapron.model.findings import Severity, worst
from leadapron.model.inventory import Role
from leadapron.report.contract import AssetEntry, Document, FlowEntry
from leadapron.report.vocabulary import ROLES, Family, family, service_name
from leadapron.report.words import Words

DEVICES_ON_ONE_MAP = 60
"""More rows than this do not fit on a page a person can take in."""

MOSTLY = 2 / 3
"""Share of a zone's rows that decides its column."""


class Side(IntEnum):
    """Column of a map: machines that make images, servers they all use, people and the rest."""

    LEFT = 0
    CENTRE = 1
    RIGHT = 2


_SIDES = {
    Role.MODALITY: Side.LEFT,
    Role.PACS: Side.CENTRE,
    Role.RIS: Side.CENTRE,
    Role.INTERFACE_ENGINE: Side.CENTRE,
    Role.SERVER: Side.CENTRE,
}
_ROLE_ORDER = {role: place for place, role in enumerate(Role)}


class Row(Struct, frozen=True, kw_only=True):
    """One line of a zone: a device, or `count` devices of one role."""

    key: str
    label: str
    detail: str
    role: Role
    side: Side
    count: int
    severity: Severity | None
    target: str
    """Id of the page element that says more."""


class Frame(Struct, frozen=True, kw_only=True):
    """A zone."""

    title: str
    rows: tuple[Row, ...]


class Link(Struct, frozen=True, kw_only=True):
    """All flows of one family from one row to another."""

    client: str
    server: str
    family: Family
    services: tuple[str, ...]
    encrypted: bool
    """Every flow of it is."""
    flows: int
    bytes: int
    severity: Severity | None


class Network(Struct, frozen=True, kw_only=True):
    """One map before it is drawn."""

    frames: tuple[Frame, ...]
    links: tuple[Link, ...]
    grouped: bool = False
    """Rows are groups of devices rather than devices."""

    def name(self, key: str) -> str:
        """A row as the table beside the map names it: zone and label."""
        for frame in self.frames:
            for row in frame.rows:
                if row.key == key:
                    return f"{row.label} ({frame.title})"
        return key


def main_role(asset: AssetEntry) -> Role:
    """The role a device is drawn with: outside hosts first, then the order of roles."""
    if asset.external:
        return Role.EXTERNAL
    return min(asset.roles, key=_ROLE_ORDER.__getitem__, default=Role.UNKNOWN)


def zone_title(asset: AssetEntry, say: Words) -> str:
    """Name of a device's zone; outside hosts share one."""
    if asset.external:
        return say.gettext("Outside the hospital")
    return asset.zone or say.gettext("Zone not known")


def zone_anchor(title: str) -> str:
    """Page element of a zone's own map."""
    return "zone-" + "".join(letter if letter.isalnum() else "-" for letter in title)


def is_large(document: Document) -> bool:
    """Whether devices must be grouped."""
    return len(document.assets) > DEVICES_ON_ONE_MAP


def overview(document: Document, say: Words) -> Network:
    """The map of the whole network: by device when small, by zone and role when large."""
    if is_large(document):
        whole = _network(document.assets, document.flows, lambda asset: _group_of(asset, say), say)
        return msgspec.structs.replace(whole, grouped=True)
    return _network(document.assets, document.flows, lambda asset: _device_of(asset, say), say)


def zones_opened(document: Document, say: Words) -> Mapping[str, Network]:
    """Zone title → its devices and the groups of other zones they talk to; empty for a small network."""
    if not is_large(document):
        return {}
    titles = {asset.id: zone_title(asset, say) for asset in document.assets}
    opened = {}
    for title in sorted(set(titles.values()), key=natural):
        flows = [one for one in document.flows if title in (titles[one.client], titles[one.server])]
        taking_part = {end for flow in flows for end in (flow.client, flow.server)}
        assets = [one for one in document.assets if titles[one.id] == title or one.id in taking_part]
        opened[title] = _network(assets, flows, _opening(title, say), say)
    return opened


def _opening(title: str, say: Words) -> Callable[[AssetEntry], Row]:
    def row(asset: AssetEntry) -> Row:
        return _device_of(asset, say) if zone_title(asset, say) == title else _group_of(asset, say)

    return row


def _network(
    assets: Iterable[AssetEntry], flows: Iterable[FlowEntry], row_of: Callable[[AssetEntry], Row], say: Words
) -> Network:
    rows: dict[str, dict[str, Row]] = defaultdict(dict)
    place: dict[str, str] = {}
    for asset in assets:
        row = row_of(asset)
        zone = rows[zone_title(asset, say)]
        zone[row.key] = _merged(zone[row.key], row, say) if row.key in zone else row
        place[asset.id] = row.key
    return Network(
        frames=tuple(
            Frame(title=title, rows=_gathered(sorted(rows[title].values(), key=_row_order)))
            for title in sorted(rows, key=natural)
        ),
        links=_links(flows, place, say),
    )


def natural(text: str) -> tuple[tuple[int, int, str], ...]:
    """Sort key of names that people number: CT2 before CT10, 10.2.0.0 before 10.10.0.0."""
    parts = re.split(r"([0-9]{1,15})", text.casefold())
    return tuple((0, int(part), "") if part.isdecimal() and part.isascii() else (1, 0, part) for part in parts if part)


def _gathered(rows: list[Row]) -> tuple[Row, ...]:
    """Rows of a zone that is mostly of one kind stand in one column: a printer among scanners does not split it."""
    count = Counter(row.side for row in rows)
    side, most = count.most_common(1)[0]
    if most < MOSTLY * len(rows):
        return tuple(rows)
    return tuple(msgspec.structs.replace(row, side=side) for row in rows)


def _row_order(row: Row) -> tuple[object, ...]:
    return _ROLE_ORDER[row.role], natural(row.label), row.key


def _device_of(asset: AssetEntry, say: Words) -> Row:
    role = main_role(asset)
    model = " ".join(filter(None, (asset.manufacturer.split(" ")[0], asset.model)))
    address = asset.addresses[0] if asset.addresses else asset.mac
    return Row(
        key=asset.id,
        label=asset.label,
        detail=" · ".join(filter(None, (address, model or say.gettext(ROLES[role])))),
        role=role,
        side=_SIDES.get(role, Side.RIGHT),
        count=1,
        severity=asset.severity,
        target=f"asset-{asset.id}",
    )


def _group_of(asset: AssetEntry, say: Words) -> Row:
    role, title = main_role(asset), zone_title(asset, say)
    name = say.gettext(ROLES[role])
    return Row(
        key=f"{title}|{role}",
        label=name[:1].upper() + name[1:],
        detail="× 1",
        role=role,
        side=_SIDES.get(role, Side.RIGHT),
        count=1,
        severity=asset.severity,
        target=zone_anchor(title),
    )


def _merged(row: Row, other: Row, say: Words) -> Row:
    count = row.count + 1
    return Row(
        key=row.key,
        label=row.label,
        detail=f"× {say.number(count)}",
        role=row.role,
        side=row.side,
        count=count,
        severity=worst((row.severity, other.severity)),
        target=row.target,
    )


def _links(flows: Iterable[FlowEntry], place: Mapping[str, str], say: Words) -> tuple[Link, ...]:
    grouped: dict[tuple[str, str, Family], list[FlowEntry]] = defaultdict(list)
    for flow in flows:
        if flow.client in place and flow.server in place:
            grouped[place[flow.client], place[flow.server], family(flow.service)].append(flow)
    links = []
    for (client, server, kind), group in sorted(grouped.items()):
        links.append(
            Link(
                client=client,
                server=server,
                family=kind,
                services=tuple(sorted({f"{service_name(one.service, say)} {one.port}" for one in group})),
                encrypted=all(flow.encrypted for flow in group),
                flows=len(group),
                bytes=sum(flow.bytes for flow in group),
                severity=worst(flow.severity for flow in group),
            )
        )
    return tuple(links)
