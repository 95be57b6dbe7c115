"""The map of the spread: zones with their devices as tiles, and for each moment how many runs each has fallen in.

A large department shows one tile for all devices of a class in a zone: no one reads hundreds of names at a glance.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from msgspec import Struct

from leadapron.model.scenarios import Moment
from leadapron.report.netmap import natural
from leadapron.report.whatif.contract import DeviceEntry

MOST_TILES = 150
"""Devices above which tiles stand for classes."""
SHOWN_MOMENTS = 6
"""Moments of the table that says the same."""

SHARE_EDGES = (0, 9, 29, 59, 89)
"""Highest percents of the first five colours."""


class Tile(Struct, frozen=True, kw_only=True):
    """A device, or all of one class in a zone. `shares` are whole percents of runs, one for each moment."""

    label: str
    kind: str
    count: int
    shares: tuple[int, ...]
    reached: float


class ZoneTiles(Struct, frozen=True, kw_only=True):
    """A zone with its tiles."""

    title: str
    tiles: tuple[Tile, ...]


class SpreadMap(Struct, frozen=True, kw_only=True):
    """Zones, moments, and the moment the page opens with: that with most devices fallen."""

    zones: tuple[ZoneTiles, ...]
    hours: tuple[float, ...]
    shown: int
    grouped: bool
    columns: tuple[int, ...]
    """Moments of the table."""


def spread_map(devices: Sequence[DeviceEntry], timeline: Sequence[Moment]) -> SpreadMap | None:
    """The map of a timeline; None when nothing ever falls or no moment was kept."""
    totals = [sum(moment.fallen.values()) for moment in timeline]
    if not totals or not max(totals):
        return None
    grouped = len(devices) > MOST_TILES
    zones: dict[str, list[Tile]] = defaultdict(list)
    for members in _groups(devices, grouped=grouped):
        zones[members[0].zone].append(_tile(members, timeline, grouped=grouped))
    shown = totals.index(max(totals))
    return SpreadMap(
        zones=tuple(ZoneTiles(title=title, tiles=tuple(zones[title])) for title in sorted(zones, key=natural)),
        hours=tuple(moment.hour for moment in timeline),
        shown=shown,
        grouped=grouped,
        columns=_columns(len(timeline), shown),
    )


def _groups(devices: Sequence[DeviceEntry], *, grouped: bool) -> list[list[DeviceEntry]]:
    if not grouped:
        return [[one] for one in sorted(devices, key=lambda one: (one.kind_name, natural(one.label)))]
    found: dict[tuple[str, str], list[DeviceEntry]] = defaultdict(list)
    for one in devices:
        found[one.zone, one.kind_name].append(one)
    return [found[key] for key in sorted(found)]


def _tile(members: Sequence[DeviceEntry], timeline: Sequence[Moment], *, grouped: bool) -> Tile:
    first = members[0]
    return Tile(
        label=first.kind_name if grouped else first.label,
        kind="" if grouped else first.modality or first.kind_name,
        count=len(members),
        shares=tuple(_percent([moment.fallen.get(one.id, 0.0) for one in members]) for moment in timeline),
        reached=sum(one.reached for one in members) / len(members),
    )


def _percent(shares: Sequence[float]) -> int:
    """The mean as whole percents; what happened at all is at least 1, what failed once at most 99."""
    mean = sum(shares) / len(shares)
    return round(mean * 100) if mean in (0.0, 1.0) else min(99, max(1, round(mean * 100)))


def _columns(moments: int, shown: int) -> tuple[int, ...]:
    """Evenly chosen moments, the one shown among them."""
    even = {round(number * (moments - 1) / (SHOWN_MOMENTS - 1)) for number in range(SHOWN_MOMENTS)}
    return tuple(sorted({*even, shown}))


def bucket(percent: int) -> int:
    """The colour of a share: 0 never, then 1 to 5 from seldom to nearly always."""
    return next((number for number, most in enumerate(SHARE_EDGES) if percent <= most), len(SHARE_EDGES))
