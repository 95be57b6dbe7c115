"""The downtime sheet: which scanners go on alone, and for how long, when there is no network for a month."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from math import inf

import numpy as np
from msgspec import Struct

from leadapron.model.department import Basis, Chain, Department, Node, Role
from leadapron.model.exercise import Alone, Downtime, LoneScanner
from leadapron.model.inventory import Inventory
from leadapron.whatif.exercise.content import ExerciseContent, load_content

DAYS = 30
"""What hospitals went through; plans are usually made for three to five."""

SMALLEST = 0.001
"""Gigabytes: less was no whole exam, but test images."""


class Size(Struct, frozen=True, kw_only=True):
    """Of one modality's exams."""

    gb_per_exam: float
    basis: Basis


def downtime(
    department: Department,
    inventory: Inventory,
    *,
    reached: Mapping[str, float] | None = None,
    weekday: int = 0,
    hour: float = 8.0,
    days: int = DAYS,
    content: ExerciseContent | None = None,
) -> Downtime:
    """The sheet of a department whose network ends on a weekday at an hour (local time).

    Room for images is the department's own number (`Node.disk_gb`), else assumed. `reached`: share of simulated runs in
    which a device fell. Disks fill at the usual pace of exams: whoever examines fewer has longer.
    """
    content = content or load_content()
    sizes = exam_sizes(department, inventory, content)
    nodes = {node.id: node for node in department.nodes}
    start = weekday * 24 + hour
    return Downtime(
        days=days,
        weekday=weekday,
        start=hour,
        modalities=tuple(
            _alone(
                chain,
                tuple(
                    _scanner(node, chain, sizes[chain.modality], content, start=start, days=days, reached=reached)
                    for node in (nodes[scanner] for scanner in chain.scanners)
                ),
                nodes,
                sizes[chain.modality],
                content,
            )
            for chain in department.chains
        ),
        instructions=content.instructions,
        columns=content.columns,
        sources=content.sources,
    )


def _alone(
    chain: Chain, scanners: tuple[LoneScanner, ...], nodes: Mapping[str, Node], size: Size, content: ExerciseContent
) -> Alone:
    return Alone(
        modality=chain.modality,
        scanners=scanners,
        per_day=sum(chain.per_hour) / 7,
        kept=min((need.kept for need in chain.needs), default=1.0),
        gb_per_exam=size.gb_per_exam,
        gb_basis=size.basis,
        readers=_labels(chain, Role.READING, nodes),
        archives=_labels(chain, Role.STORAGE, nodes),
        worklists=_labels(chain, Role.WORKLIST, nodes),
        note=content.modality(chain.modality).note,
    )


def _scanner(
    node: Node,
    chain: Chain,
    size: Size,
    content: ExerciseContent,
    *,
    start: float,
    days: int,
    reached: Mapping[str, float] | None,
) -> LoneScanner:
    if node.disk_gb > 0:
        room, basis = node.disk_gb, Basis.GIVEN
    else:
        room, basis = content.modality(chain.modality).disk_gb, Basis.ASSUMED
    return LoneScanner(
        id=node.id,
        label=node.label,
        zone=node.zone,
        disk_gb=room,
        disk_basis=basis,
        hours_to_full=hours_to_full(chain, room, size.gb_per_exam, start, days),
        fallen=reached.get(node.id, 0.0) if reached is not None else None,
    )


def exam_sizes(department: Department, inventory: Inventory, content: ExerciseContent) -> Mapping[str, Size]:
    """Gigabytes of an exam by modality: what its scanners sent to one archive, over the exams they made; assumed where
    either was not seen (encrypted transfers do not tell their size), or too little for images of patients."""
    sent: dict[tuple[str, str], int] = Counter()
    for flow in inventory.flows:
        if flow.object_bytes:
            sent[flow.client, flow.server] += flow.object_bytes
    made = Counter[str]()
    for cell in inventory.utilisation:
        made[cell.modality] += cell.exams
    sizes = {}
    for chain in department.chains:
        octets = sum(
            max((seen for (client, _), seen in sent.items() if client == scanner), default=0)
            for scanner in chain.scanners
        )
        exams = made[chain.modality]
        sizes[chain.modality] = (
            Size(gb_per_exam=octets / exams / 1e9, basis=Basis.MEASURED)
            if exams and octets / exams / 1e9 >= SMALLEST
            else Size(gb_per_exam=content.modality(chain.modality).gb_per_exam, basis=Basis.ASSUMED)
        )
    return sizes


def hours_to_full(chain: Chain, room: float, gb_per_exam: float, start: float, days: int) -> float:
    """Hours of the clock from the hour of the week `start`; inf when there is room beyond the days of the sheet."""
    begun = start % 1
    pace = np.resize(np.roll(chain.per_hour, -int(start)), days * 24) * gb_per_exam / max(1, len(chain.scanners))
    pace[0] *= 1 - begun
    filled = np.cumsum(pace)
    full = int(np.searchsorted(filled, room))
    if full == len(filled):
        return inf
    unused = (filled[full] - room) / pace[full] * (1 if full else 1 - begun)
    return float(full + 1 - begun - unused)


def _labels(chain: Chain, role: Role, nodes: Mapping[str, Node]) -> tuple[str, ...]:
    found = dict.fromkeys(node for need in chain.needs if need.role is role for node in need.nodes)
    return tuple(nodes[one].label for one in found if one in nodes)
