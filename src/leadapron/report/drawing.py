"""Where everything of a network map goes: three columns of zones, so that lines never cross a name.

Machines that make images stand left, servers in the middle, people and outside hosts right. A zone that holds more
than one of these is a band across the columns, which shows at a glance that it is not segmented. The same network
always gives the same drawing. Units are SVG user units, about one pixel on a screen.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping

from msgspec import Struct

from leadapron.model.findings import Severity
from leadapron.model.inventory import Role
from leadapron.report.netmap import Frame, Link, Network, Row, Side
from leadapron.report.vocabulary import Family

WIDTH = 1240
COLUMN_WIDTH = 290
_COLUMN_X = {Side.LEFT: 55, Side.CENTRE: 475, Side.RIGHT: 895}
_TITLE = 34
_ROW = 40
_ROW_DENSE = 28
_DENSE_FROM = 34
"""Rows in one column above which they are drawn on a single line each."""
_PAD = 10
_GAP = 26
_LANE = 7
_MOST_SHIFT = 200
"""A short column stands beside the middle of a long one, but not so far down that it is out of sight."""
_MOST_LANES = 12
_LABEL_CHARACTERS = 30


class Box(Struct, frozen=True, kw_only=True):
    """A zone as drawn."""

    title: str
    x: float
    y: float
    width: float
    height: float


class Node(Struct, frozen=True, kw_only=True):
    """A row as drawn: the rectangle it occupies."""

    row: Row
    label: str
    x: float
    y: float
    width: float
    height: float

    @property
    def middle(self) -> float:
        """Height at which lines leave it."""
        return self.y + self.height / 2


class Curve(Struct, frozen=True, kw_only=True):
    """A link as drawn: SVG path data, from client to server."""

    path: str
    width: float
    family: Family
    encrypted: bool
    severity: Severity | None
    title: str


class Picture(Struct, frozen=True, kw_only=True):
    """A map ready to be written as SVG."""

    width: int
    height: int
    dense: bool
    boxes: tuple[Box, ...]
    nodes: tuple[Node, ...]
    curves: tuple[Curve, ...]


def draw(network: Network) -> Picture:
    """Place the zones and rows of a network, then its lines."""
    dense = network.grouped or _tallest(network.frames) > _DENSE_FROM
    row_height = _ROW_DENSE if dense else _ROW
    pure = [frame for frame in network.frames if len(_sides(frame)) == 1]
    mixed = [frame for frame in network.frames if len(_sides(frame)) > 1]
    boxes: list[Box] = []
    nodes: dict[str, Node] = {}
    bottoms = dict.fromkeys(Side, float(_PAD))
    ordered = _ordered(pure, network.links)
    lanes = min(_MOST_LANES, len(_crossing(network.links, _column_of(network))))
    for side in Side:
        column = [frame for frame in ordered if side in _sides(frame)]
        bottoms[side] += _column_height(column, row_height) + (lanes * _LANE if side is Side.CENTRE else 0)
    top = max(bottoms.values())
    cursors = {side: _PAD + min((top - bottom) / 2, _MOST_SHIFT) for side, bottom in bottoms.items()}
    for frame in ordered:
        side = next(iter(_sides(frame)))
        cursors[side] = _place(frame, cursors[side], row_height, boxes, nodes) + _GAP
    lanes_from = cursors[Side.CENTRE]
    for frame in mixed:
        top = _place(frame, top, row_height, boxes, nodes) + _GAP
    return Picture(
        width=WIDTH,
        height=math.ceil(top - _GAP + _PAD),
        dense=dense,
        boxes=tuple(boxes),
        nodes=tuple(nodes.values()),
        curves=_curves(network, nodes, lanes_from, 2.2 if dense and not network.grouped else 4.0),
    )


def _column_height(frames: Iterable[Frame], row_height: int) -> int:
    return sum(_TITLE + len(frame.rows) * row_height + _PAD + _GAP for frame in frames)


def _sides(frame: Frame) -> set[Side]:
    return {row.side for row in frame.rows}


def _tallest(frames: Iterable[Frame]) -> int:
    count: dict[Side, int] = defaultdict(int)
    for frame in frames:
        for row in frame.rows:
            count[row.side] += 1
    return max(count.values(), default=0)


def _ordered(frames: Iterable[Frame], links: Iterable[Link]) -> list[Frame]:
    """Servers in the order of their zones' names; the others beside the servers they use; outside hosts last."""
    place = {row.key: number for number, frame in enumerate(frames) for row in frame.rows if row.side is Side.CENTRE}
    partners: dict[str, list[int]] = defaultdict(list)
    for link in links:
        for end, other in ((link.client, link.server), (link.server, link.client)):
            if other in place:
                partners[end].append(place[other])

    def order(frame: Frame) -> tuple[bool, float, str]:
        used = [number for row in frame.rows for number in partners[row.key]]
        outside = frame.rows[0].role is Role.EXTERNAL
        if not used or frame.rows[0].side is Side.CENTRE:
            return outside, 0.0, frame.title
        return outside, sum(used) / len(used), frame.title

    return sorted(frames, key=order)


def _column_of(network: Network) -> Mapping[str, Side]:
    """Row key → its column."""
    return {row.key: row.side for frame in network.frames for row in frame.rows}


def _place(frame: Frame, top: float, row_height: int, boxes: list[Box], nodes: dict[str, Node]) -> float:
    """Draw a zone at `top`, over all the columns it needs; returns its bottom."""
    sides = _sides(frame)
    left, right = _COLUMN_X[min(sides)], _COLUMN_X[max(sides)] + COLUMN_WIDTH
    most = 0
    for side in sorted(sides):
        rows = [row for row in frame.rows if row.side is side]
        most = max(most, len(rows))
        for number, row in enumerate(rows):
            nodes[row.key] = Node(
                row=row,
                label=_short(row.label),
                x=_COLUMN_X[side],
                y=top + _TITLE + number * row_height,
                width=COLUMN_WIDTH,
                height=row_height,
            )
    height = _TITLE + most * row_height + _PAD
    boxes.append(Box(title=frame.title, x=left, y=top, width=right - left, height=height))
    return top + height


def _short(label: str) -> str:
    return label if len(label) <= _LABEL_CHARACTERS else label[: _LABEL_CHARACTERS - 1] + "…"


def _crossing(links: Iterable[Link], sides: Mapping[str, Side]) -> list[Link]:
    """Links between the outer columns: they pass below the middle one."""
    outer = {Side.LEFT, Side.RIGHT}
    return [link for link in links if {sides[link.client], sides[link.server]} == outer]


def _curves(network: Network, nodes: Mapping[str, Node], lanes_from: float, widest: float) -> tuple[Curve, ...]:
    lane = {
        (link.client, link.server, link.family): lanes_from + (number % _MOST_LANES) * _LANE
        for number, link in enumerate(_crossing(network.links, _column_of(network)))
    }
    parallel: dict[frozenset[str], int] = defaultdict(int)
    curves = []
    for link in network.links:
        ends = frozenset((link.client, link.server))
        shift = (0, 5, -5, 10, -10)[parallel[ends] % 5]
        parallel[ends] += 1
        height = lane.get((link.client, link.server, link.family))
        curves.append(
            Curve(
                path=_path(nodes[link.client], nodes[link.server], shift, height),
                width=round(min(widest, 1.0 + 0.28 * math.log10(link.bytes + 1)), 2),
                family=link.family,
                encrypted=link.encrypted,
                severity=link.severity,
                title=f"{network.name(link.client)} → {network.name(link.server)}: {', '.join(link.services)}",
            )
        )
    return tuple(curves)


def _path(client: Node, server: Node, shift: float, lane: float | None) -> str:
    start, end = client.middle + shift, server.middle + shift
    if client.row.side is server.row.side:
        return _arc(client, server, start, end)
    forwards = client.row.side < server.row.side
    x1 = client.x + (client.width if forwards else 0)
    x2 = server.x + (0 if forwards else server.width)
    if lane is None:
        bend = (x2 - x1) / 2
        return f"M{x1:g} {start:g} C{x1 + bend:g} {start:g} {x2 - bend:g} {end:g} {x2:g} {end:g}"
    left = _COLUMN_X[Side.CENTRE] - 6
    right = _COLUMN_X[Side.CENTRE] + COLUMN_WIDTH + 6
    enter, leave = (left, right) if forwards else (right, left)
    half = (enter - x1) / 2
    return (
        f"M{x1:g} {start:g} C{x1 + half:g} {start:g} {enter - half:g} {lane:g} {enter:g} {lane:g} "
        f"H{leave:g} C{leave + half:g} {lane:g} {x2 - half:g} {end:g} {x2:g} {end:g}"
    )


def _arc(client: Node, server: Node, start: float, end: float) -> str:
    """A line within one column bows outwards; in the middle column, to the right."""
    outward = -1 if client.row.side is Side.LEFT else 1
    x = client.x + (client.width if outward > 0 else 0)
    bow = outward * min(52.0, 16 + abs(end - start) / 5)
    if start == end:
        start, end = start - 8, end + 8
    return f"M{x:g} {start:g} C{x + bow:g} {start:g} {x + bow:g} {end:g} {x:g} {end:g}"
