"""A department as arrays, for counting: what each exam hangs on, and in which order engineers restore devices."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Mapping

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from leadapron.model.department import HOURS_OF_WEEK, Chain, Department, DeviceClass, Role
from leadapron.model.errors import UsageError
from leadapron.whatif.effect.week import Week
from leadapron.whatif.engine.draws import Words, identities

KINDS = tuple(DeviceClass)
"""Classes by the number they have in `Layout.kind`."""


class Step(Struct, frozen=True, kw_only=True, eq=False):
    """A need of a chain. `nodes` are columns; none: a service outside."""

    role: Role
    nodes: NDArray[np.intp]
    kept: float


class Line(Struct, frozen=True, kw_only=True, eq=False):
    """A chain: `scanners` are columns."""

    modality: str
    scanners: NDArray[np.intp]
    steps: tuple[Step, ...]
    week: Week
    urgent: float


class Layout(Struct, frozen=True, kw_only=True, eq=False):
    """Devices are columns, in the order of `nodes`."""

    nodes: NDArray[np.intp]
    """Which devices of the department they are."""
    kind: NDArray[np.int8]
    kinds: NDArray[np.int8]
    """Classes of all devices of the department."""
    identity: Words
    order: NDArray[np.intp]
    """Columns, those that most exams hang on first: how engineers go about it."""
    lines: tuple[Line, ...]


def laid_out(department: Department, *, weekday: int, hour: float, exams_only: bool = False) -> Layout:
    """`weekday` and `hour` are those of the scenario's start. With `exams_only` devices no exam hangs on are left out:
    as they are restored last, nothing else changes without them.

    UsageError: a chain names a device that is not there, or its week has not 168 hours.
    """
    at = {node.id: position for position, node in enumerate(department.nodes)}
    _check(department.chains, at)
    weight = {at[name]: exams for name, exams in exams_by_device(department.chains).items()}
    chosen = sorted(weight) if exams_only else range(len(department.nodes))
    column = {position: number for number, position in enumerate(chosen)}
    ids = [department.nodes[position].id for position in chosen]
    order = sorted(range(len(ids)), key=lambda number: (-weight.get(chosen[number], 0.0), ids[number]))
    kinds = np.array([KINDS.index(node.kind) for node in department.nodes], dtype=np.int8)
    nodes = np.array(chosen, dtype=np.intp)

    def columns(names: Iterable[str]) -> NDArray[np.intp]:
        return np.array(sorted({column[at[name]] for name in names}), dtype=np.intp)

    return Layout(
        nodes=nodes,
        kind=kinds[nodes],
        kinds=kinds,
        identity=identities(ids),
        order=np.array(order, dtype=np.intp),
        lines=tuple(
            Line(
                modality=chain.modality,
                scanners=columns(chain.scanners),
                steps=tuple(Step(role=need.role, nodes=columns(need.nodes), kept=need.kept) for need in chain.needs),
                week=Week.starting(chain.per_hour, weekday=weekday, hour=hour),
                urgent=chain.urgent,
            )
            for chain in department.chains
        ),
    )


def exams_by_device(chains: Iterable[Chain]) -> Mapping[str, float]:
    """Asset id → exams a week that hang on it, shared with those that can stand in for it."""
    exams: dict[str, float] = defaultdict(float)
    for chain in chains:
        week = sum(chain.per_hour)
        for names, share in ((chain.scanners, 1.0), *((need.nodes, 1.0 - need.kept) for need in chain.needs)):
            for name in names:
                exams[name] += week * share / len(names)
    return exams


def _check(chains: Iterable[Chain], known: Container[str]) -> None:
    for chain in chains:
        if len(chain.per_hour) != HOURS_OF_WEEK:
            raise UsageError(f"{chain.modality}: exams are given for {len(chain.per_hour)} hours; a week has 168")
        for name in (*chain.scanners, *(node for need in chain.needs for node in need.nodes)):
            if name not in known:
                raise UsageError(f"{chain.modality}: its exams need {name}, which is no device of the department")
