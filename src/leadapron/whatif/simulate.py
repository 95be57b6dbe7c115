"""One scenario in one department, many times over: what it comes to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from leadapron.model.department import Assumption, Basis, Department, DeviceClass
from leadapron.model.scenarios import Contained, Course, Outcome, Scenario
from leadapron.whatif.effect import LONGEST, Effect, effect, exams_lost
from leadapron.whatif.estimates import estimate
from leadapron.whatif.sensitivity import evaluations, influences
from leadapron.whatif.timeline import Timeline
from leadapron.whatif.worlds import worlds

Progress = Callable[[int, int], None]
"""Told how many runs are done, and of how many."""

CLOSELY = 20_000
"""Runs that timeline and containment rest on when there are more: their memory and time grow with each."""

_ENDINGS: Mapping[Course, tuple[float, ...]] = {
    Course.WORM: (1.0, 2.0, 4.0, 8.0, 12.0, 24.0, 48.0, 72.0),
    Course.HUMAN: (-336.0, -168.0, -72.0, -24.0, 0.0, 4.0, 24.0, 72.0),
    Course.OUTAGE: (),
    Course.THEFT: (),
}
"""Hours tried for the end of the spread. Before a trigger: intruders hold what they have and get no further."""


def simulate(
    department: Department,
    scenario: Scenario,
    *,
    runs: int,
    seed: int,
    sensitivity: bool = True,
    progress: Progress | None = None,
) -> Outcome:
    """Play a scenario `runs` times. The same arguments give the same outcome.

    UsageError: no run, no device, no place to begin, or chains that do not fit.
    """
    tried = evaluations(department, scenario, runs) if sensitivity else ()
    total = runs + sum(one.runs for one in tried)
    done = 0

    def tell(count: int) -> None:
        nonlocal done
        done += count
        if progress is not None:
            progress(done, total)

    record = _Record(department, scenario, min(runs, CLOSELY))
    for first, hours in worlds(department, scenario, runs=runs, seed=seed):
        record.add(first, hours, effect(department, scenario, hours, seed=seed, first_run=first), seed)
        tell(len(hours))
    return replace(
        record.outcome(runs, seed),
        influences=influences(department, scenario, tried, seed=seed, tell=tell),
        assumptions=tuple(_assumptions(department, scenario)),
    )


def losses(department: Department, scenario: Scenario, *, runs: int, seed: int) -> NDArray[np.float64]:
    """(runs): exams lost, as `simulate` counts them, without anything else. Run r of a seed is the same world for every
    variant of a department, so differences between variants are free of chance."""
    return np.concatenate(
        [
            exams_lost(department, scenario, hours, seed=seed, first_run=first)
            for first, hours in worlds(department, scenario, runs=runs, seed=seed, until_contained=True)
        ]
    )


class _Record:
    """What is kept of each batch."""

    def __init__(self, department: Department, scenario: Scenario, close: int) -> None:
        self.department = department
        self.scenario = scenario
        self.close = close
        self.modalities = tuple(dict.fromkeys(chain.modality for chain in department.chains))
        scanners = {name for chain in department.chains for name in chain.scanners}
        self.scanners = np.array([node.id in scanners for node in department.nodes], dtype=np.bool_)
        self.records = np.array([node.records for node in department.nodes])
        self.reached = np.zeros(len(department.nodes))
        self.parts: dict[str, list[NDArray[np.float64]]] = {}
        endings = {*_ENDINGS[scenario.course], scenario.contained} if _ENDINGS[scenario.course] else set()
        self.endings = sorted(hours for hours in endings if hours <= scenario.horizon)
        self.timeline: Timeline | None = None

    def add(self, first: int, hours: NDArray[np.float32], result: Effect, seed: int) -> None:
        """One batch."""
        down = result.ever_down
        self.reached += result.down.reached.sum(axis=0)
        self._keep("lost", result.lost)
        self._keep("urgent", result.urgent_lost)
        self._keep("diverted", result.diverted)
        self._keep("restored", result.restored)
        self._keep("normal", result.normal)
        self._keep("down", down.sum(axis=1))
        self._keep("scanners", down[:, self.scanners].sum(axis=1))
        self._keep("records", result.down.reached @ self.records)
        for modality in self.modalities:
            self._keep(f"modality {modality}", result.modality(modality))
        if first >= self.close:
            return
        if self.timeline is None:
            self.timeline = Timeline.covering(result, [node.id for node in self.department.nodes], runs=self.close)
        self.timeline.add(result)
        for ended in self.endings:
            other = result
            if ended != self.scenario.contained:
                changed = replace(self.scenario, contained=ended)
                other = effect(self.department, changed, hours, seed=seed, first_run=first)
            self._keep(f"lost {ended}", other.lost)
            self._keep(f"down {ended}", other.ever_down.sum(axis=1))

    def outcome(self, runs: int, seed: int) -> Outcome:
        """Everything but influences and assumptions."""
        estimates = {name: estimate(np.concatenate(parts)) for name, parts in self.parts.items()}
        share = self.reached / runs
        return Outcome(
            scenario=self.scenario.name,
            runs=runs,
            seed=seed,
            exams_lost=estimates["lost"],
            by_modality={modality: estimates[f"modality {modality}"] for modality in self.modalities},
            urgent_lost=estimates["urgent"],
            diverted=estimates["diverted"],
            devices_down=estimates["down"],
            scanners_down=estimates["scanners"],
            hours_to_restored=estimates["restored"],
            hours_to_normal=estimates["normal"],
            records_at_risk=estimates["records"],
            reached={self.department.nodes[at].id: float(share[at]) for at in np.flatnonzero(share)},
            timeline=self.timeline.moments() if self.timeline is not None else (),
            containment=tuple(
                Contained(hours=hours, exams_lost=estimates[f"lost {hours}"], devices_down=estimates[f"down {hours}"])
                for hours in self.endings
            ),
        )

    def _keep(self, name: str, values: NDArray[np.generic]) -> None:
        self.parts.setdefault(name, []).append(values.astype(np.float64))


def _assumptions(department: Department, scenario: Scenario) -> Iterator[Assumption]:
    yield from department.assumptions
    yield from scenario.assumptions
    if not department.chains:
        yield Assumption(message="scenarios.no-chain", basis=Basis.ASSUMED)
        return
    if scenario.shutdown > 0 and DeviceClass.MODALITY in scenario.spared:
        yield Assumption(message="scenarios.spared", basis=Basis.ASSUMED)
    for message in ("scenarios.proportional", "scenarios.scarcest", "scenarios.urgent-first"):
        yield Assumption(message=message, basis=Basis.ASSUMED)
    yield Assumption(message="scenarios.longest", params={"days": LONGEST / 24}, basis=Basis.ASSUMED)
