"""Made-up results of what-if, to look at and to test with: shapes as a simulation gives them, figures invented."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

from leadapron.model.department import Assumption, Basis, Department, DeviceClass, Node, Way
from leadapron.model.events import Service, Transport
from leadapron.model.measures import (
    AttackPath,
    Best,
    Change,
    ChokePoint,
    FrontierPoint,
    Measure,
    Method,
    Paths,
    Step,
    Valued,
)
from leadapron.model.scenarios import Contained, Estimate, Influence, Moment, Outcome
from leadapron.model.segmentation import Advice, Allow, Blocked, Rehearsal, Segmentation, Standing, Zone
from leadapron.report.whatif import Made
from leadapron.whatif.cut import load_measures
from leadapron.whatif.scenarios import ScenarioContent, load_scenarios

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
FINDING = "smb1-ct1"
SCENARIOS = load_scenarios()
MEASURES = tuple(load_measures().values())


def made(language: str) -> Made:
    return Made(version="0.3", generated=NOW, language=language)


def told(name: str = "worm") -> ScenarioContent:
    """A scenario as shipped."""
    return SCENARIOS[name]


def spread(mean: float, wide: float = 0.6) -> Estimate:
    return Estimate(mean=mean, p5=max(0.0, mean * (1 - wide)), p50=mean * 0.92, p95=mean * (1 + 1.6 * wide))


def department(name: str = "", *, devices: int = 1) -> Department:
    """Four zones; `name` replaces the first scanner's label and zone, `devices` multiplies their number."""
    kinds = (
        ("imaging", DeviceClass.MODALITY, "CT", 3, "CT"),
        ("imaging", DeviceClass.MODALITY, "MR", 2, "MR"),
        ("imaging", DeviceClass.MODALITY, "DX", 2, "DX"),
        ("servers", DeviceClass.PACS, "PACS", 1, ""),
        ("servers", DeviceClass.RIS, "RIS", 1, ""),
        ("servers", DeviceClass.DIRECTORY, "AD", 1, ""),
        ("reading", DeviceClass.READING, "READ", 4, ""),
        ("office", DeviceClass.OFFICE, "PC-SECRETARIAT", 6, ""),
        ("office", DeviceClass.OTHER, "PRINTER", 1, ""),
    )
    nodes = [
        Node(id=f"{prefix}{number}", label=f"{prefix}{number}", zone=zone, kind=kind, modality=modality)
        for zone, kind, prefix, count, modality in kinds
        for number in range(1, count * devices + 1)
    ]
    if name:
        nodes[0] = Node(id="CT1", label=name, zone=name, kind=DeviceClass.MODALITY, modality=name)
    return Department(nodes=tuple(nodes))


def assumptions(name: str = "") -> tuple[Assumption, ...]:
    return (
        Assumption(message="basis=assumed", basis=Basis.ASSUMED),
        Assumption(message="class=other", basis=Basis.ASSUMED),
        Assumption(message="way=smb", basis=Basis.SOURCED, source=name or "npj Digit Med 2019, s41746-019-0161-6"),
        Assumption(message="basis=measured", basis=Basis.MEASURED),
    )


def _share(place: int, hour: float) -> float:
    """Devices fall one after the other, and come back later."""
    fallen = 1 / (1 + math.exp(-(hour - 2 - place * 0.7) / 2))
    back = 1 / (1 + math.exp(-(hour - 90 - place * 6) / 12))
    return round(max(0.0, fallen - back), 4)


def outcome(name: str = "worm", *, scale: float = 1.0, site: Department | None = None, source: str = "") -> Outcome:
    nodes = (site or department()).nodes
    hours = [0.0, 0.5, 1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 18.0, 24.0, 36.0, *(float(day * 24) for day in range(2, 15))]
    shares = {hour: {node.id: _share(at, hour) for at, node in enumerate(nodes)} for hour in hours}
    lost = 830 * scale
    return Outcome(
        scenario=name,
        runs=1000,
        seed=7,
        exams_lost=spread(lost),
        by_modality={"MR": spread(lost * 0.25), "CT": spread(lost * 0.45), "DX": spread(lost * 0.3)},
        urgent_lost=spread(lost * 0.03, 0.9),
        diverted=spread(lost * 0.07, 0.8),
        devices_down=spread(14 * scale, 0.4),
        scanners_down=spread(5 * scale, 0.4),
        hours_to_restored=spread(90 * scale, 0.5),
        hours_to_normal=spread(300 * scale, 0.5),
        records_at_risk=spread(120_000 * scale, 0.9),
        reached={node.id: round(1 - at / len(nodes), 3) for at, node in enumerate(nodes)},
        timeline=tuple(
            Moment(
                hour=hour,
                down=spread(sum(shares[hour].values()), 0.4),
                lost=spread(lost * (1 - math.exp(-hour / 80))),
                fallen={node: share for node, share in shares[hour].items() if share},
            )
            for hour in hours
        ),
        containment=tuple(
            Contained(
                hours=hour,
                exams_lost=spread(lost * (0.1 + 0.9 * (1 - math.exp(-hour / 20))) / 0.85),
                devices_down=spread(14 * scale * (1 - math.exp(-hour / 8)), 0.4),
            )
            for hour in (0.5, 1.0, 2.0, 4.0, 8.0, 12.0, 24.0, 48.0, 72.0)
        ),
        influences=(
            Influence(parameter="contained", low_value=1, high_value=72, low=lost * 0.15, high=lost * 1.4),
            Influence(parameter="within.smb", low_value=0.1, high_value=2, low=lost * 0.6, high=lost * 1.2),
            Influence(parameter="recovery.modality", low_value=24, high_value=120, low=lost * 0.7, high=lost * 1.25),
            Influence(parameter="kept.storage", low_value=0.2, high_value=0.8, low=lost * 1.1, high=lost * 0.9),
        ),
        assumptions=assumptions(source),
    )


def nothing() -> Outcome:
    """No exam is lost and nothing falls."""
    zero = Estimate(mean=0, p5=0, p50=0, p95=0)
    return Outcome(
        scenario="worm", runs=1000, seed=7, exams_lost=zero, by_modality={"CT": zero}, urgent_lost=zero, diverted=zero,
        devices_down=zero, scanners_down=zero, hours_to_restored=zero, hours_to_normal=zero, records_at_risk=zero,
        reached={},
    )  # fmt: skip


def _measure(identity: str, action: str, hours: float, **params: str | float) -> Measure:
    return Measure(
        id=identity, action=action, params=params, hours=hours, downtime=1.5 if action == "close-rdp" else 0.0,
        windows=int(action == "segment"), euros=1200 if action == "offline-backup" else 0, basis=Basis.ASSUMED,
        change=Change(), findings=(FINDING,) if action == "close-rdp" else (),
    )  # fmt: skip


def best(name: str = "CT1", *, budget: float = 40.0, chosen: int = 3) -> Best:
    measures = (
        _measure("m-segment", "segment", 16, way="smb", source="office", target="imaging", count=3),
        _measure("m-rdp", "close-rdp", 2.5, subject=name),
        _measure("m-backup", "offline-backup", 18, count=2),
        _measure("m-other", "segment", 24, way="rdp", source="reading", target=name, count=1),
    )
    saved = (520.0, 140.0, 33.0)
    before = spread(830)
    after = spread(830 - sum(saved[:chosen])) if chosen else before
    points = tuple(
        FrontierPoint(budget_hours=hours, hours=used, exams_lost=spread(lost), measures=tuple(one.id for one in done))
        for hours, used, lost, done in (
            (0.0, 0.0, 830, ()),
            (10.0, 2.5, 700, measures[1:2]),
            (20.0, 18.5, 180, measures[:2]),
            (40.0, 36.5, 137, measures[:3]),
            (80.0, 60.5, 90, measures),
        )
    )
    return Best(
        scenario="worm", budget_hours=budget, budget_windows=1, budget_euros=None, runs=400, seed=8,
        chosen=tuple(
            Valued(measure=one, exams_saved=value, alone=value * 0.6)
            for one, value in zip(measures[:chosen], saved[:chosen], strict=True)
        ),
        before=before, after=after, method=Method.MILP if chosen else Method.NONE,
        considered=measures if budget or chosen else (), frontier=points,
    )  # fmt: skip


def paths(*, reached: float = 0.34) -> Paths:
    steps = (
        Step(source="PC-SECRETARIAT1", target="CT1", way=Way.SMB, basis=Basis.ASSUMED, findings=(FINDING,)),
        Step(source="CT1", target="PACS1", way=Way.DICOM, basis=Basis.MEASURED, findings=(), flows=("f1", "f2")),
    )
    return Paths(
        scenario="worm", target="PACS1", runs=1000, seed=7, reached=reached,
        paths=(
            AttackPath(steps=steps, share=0.62, hours=spread(5)),
            AttackPath(steps=(steps[0], steps[1]), share=0.004, hours=spread(60)),
        ) if reached else (),
        chokes=(ChokePoint(node="CT1", share=0.81),) if reached else (),
    )  # fmt: skip


def segmentation(name: str = "imaging") -> Segmentation:
    seen = {"first_seen": NOW - timedelta(hours=9), "last_seen": NOW}
    return Segmentation(
        zones=(Zone(name=name, networks=("10.20.1.0/24",)), Zone(name="servers", networks=("10.20.2.0/24",))),
        rules=(
            Allow(id="r1", source_zone=name, target_zone="servers", sources=("10.20.1.11", "10.20.1.12"),
                  targets=("10.20.2.10",), transport=Transport.TCP, ports=(104, 11112), service=Service.DICOM,
                  flows=("f1",), connections=42, **seen),
            Allow(id="r2", source_zone="servers", target_zone=name, targets=("10.20.1.11",), transport=Transport.TCP,
                  ports=(23,), service=Service.TELNET, standing=Standing.ASK, reason="way=remote", connections=1,
                  **seen),
            Allow(id="r3", source_zone=name, target_zone="servers", transport=Transport.TCP, ports=(445,),
                  service=Service.SMB, standing=Standing.REFUSE, reason="way=smb", connections=60),
        ),
        advice=(Advice(message="way=web", zones=(name,)),),
    )  # fmt: skip


def rehearsal(name: str = "CT1", *, refused: bool = True) -> Rehearsal:
    blocked = (
        Blocked(flow="f7", client=name, server="PACS1", service=Service.DICOM, port=104, connections=3, exams=12,
                modality="CT", new=True),
        Blocked(flow="f8", client=name, server="AD1", service=Service.SMB, port=445, connections=60, exams=0, new=True,
                suspect="way=smb"),
    )  # fmt: skip
    return Rehearsal(
        flows=240, passed=238 if refused else 240, blocked=blocked if refused else (), exams=830,
        exams_blocked=12 if refused else 0, by_modality={"CT": 9, "MR": 3} if refused else {},
        unknown=("10.99.0.1",) if refused else (), unused=("r1",) if refused else (),
    )  # fmt: skip
