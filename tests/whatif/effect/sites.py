"""Small departments to count exams in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from leadapron.model.department import Basis, Chain, Department, DeviceClass, Need, Node, Role, Way
from leadapron.model.scenarios import Course, Delay, Scenario

OFFICE_HOURS = tuple(10.0 if day < 5 and 8 <= hour < 18 else 0.0 for day in range(7) for hour in range(24))
"""Ten exams an hour on working days from 8 to 18 h, none at night or at the weekend: 500 a week."""


def node(name: str, kind: DeviceClass, **more: object) -> Node:
    return Node(id=name, label=name, zone="all", kind=kind, weak={Way.SMB: 1.0}, **more)  # type: ignore[arg-type]


def need(role: Role, *nodes: str, kept: float) -> Need:
    return Need(role=role, nodes=nodes, kept=kept, basis=Basis.ASSUMED)


def chain(
    modality: str,
    scanners: Sequence[str],
    *needs: Need,
    per_hour: Sequence[float] = OFFICE_HOURS,
    urgent: float = 0.0,
) -> Chain:
    return Chain(
        modality=modality,
        scanners=tuple(scanners),
        needs=needs,
        per_hour=tuple(per_hour),
        urgent=urgent,
        basis=Basis.ASSUMED,
    )


def small() -> Department:
    """Two CT and one MR, a RIS, a PACS and an office computer."""
    return Department(
        nodes=(
            node("pc", DeviceClass.OFFICE),
            node("ct1", DeviceClass.MODALITY),
            node("ct2", DeviceClass.MODALITY),
            node("mr1", DeviceClass.MODALITY),
            node("ris", DeviceClass.RIS),
            node("pacs", DeviceClass.PACS, records=1000.0),
        ),
        chains=(
            chain("CT", ("ct1", "ct2"), need(Role.WORKLIST, "ris", kept=0.5), need(Role.STORAGE, "pacs", kept=0.5)),
            chain("MR", ("mr1",), need(Role.STORAGE, "pacs", kept=0.2)),
        ),
    )


def worm(**changes: object) -> Scenario:
    """Contained after 24 hours; each class takes 24 hours to restore; begins on Monday at 0 h."""
    given: Mapping[str, object] = {
        "name": "test",
        "course": Course.WORM,
        "contained": 24.0,
        "recovery": {kind: Delay(median=24.0) for kind in DeviceClass},
        "hour": 0.0,
        **changes,
    }
    return Scenario(**given)  # type: ignore[arg-type]


def fallen(department: Department, *runs: Mapping[str, float]) -> NDArray[np.float32]:
    """(runs, devices): hours by name, the others never."""
    return np.array([[run.get(one.id, np.inf) for one in department.nodes] for run in runs], dtype=np.float32)
