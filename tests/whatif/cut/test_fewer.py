"""Large networks: only the measures that stood in the way of most exams lost are tried."""

from __future__ import annotations

import time
from itertools import permutations

import numpy as np
import pytest
from msgspec.structs import replace

from bench.sites import WORM, chain, link, need, node, passage, site, two_doors
from leadapron.model.department import Department, DeviceClass, Role, Way
from leadapron.model.scenarios import Entry
from leadapron.whatif.cut import best, candidates
from leadapron.whatif.cut.choice import Effort
from leadapron.whatif.cut.fewer import LEAST, TRIALS, fewer
from leadapron.whatif.cut.openings import how_many, openings

WARDS = 38
WALL = {("ward 0", "gate", "smb"), ("gate", "archive", "smb"), ("ward 1", "archive", "rdp")}
"""All that leads to the archive, which every exam needs."""


def hospital() -> Department:
    """Some 2,000 devices in wards that reach each other freely, and an archive with two doors."""
    chance = np.random.default_rng(1)
    wards = [f"ward {number}" for number in range(WARDS)]
    nodes = [
        node(f"pc{number}", ward, DeviceClass.OFFICE, smb=float(chance.uniform(0.3, 1.0)), rdp=0.2)
        for number, ward in enumerate(wards * 52)
    ]
    nodes += [node(f"server{number}", "gate", DeviceClass.SERVER, smb=0.9) for number in range(6)]
    nodes += [node("pacs", "archive", DeviceClass.PACS, smb=0.9, rdp=0.9)]
    nodes += [node(f"ct{number}", "scanners", DeviceClass.MODALITY, "CT") for number in range(20)]
    open_ = [passage(source, target) for source, target in permutations(wards, 2) if chance.random() < 0.5]
    return Department(
        nodes=tuple(nodes),
        passages=(*open_, *(passage(source, target, Way(way)) for source, target, way in sorted(WALL))),
        seen=tuple(link(f"ct{number}", "pacs", Way.DICOM) for number in range(20)),
        chains=(chain("CT", tuple(f"ct{number}" for number in range(20)), need(Role.STORAGE, "pacs")),),
    )


def test_the_wall_that_matters_is_kept_among_thousands_of_devices() -> None:
    department = hospital()
    offered = candidates(department, WORM, ())
    begun = time.process_time()
    kept = fewer(department, WORM, offered, seed=1)
    assert time.process_time() - begun < 5
    assert len(department.nodes) > 2000
    assert len(offered) > 700
    assert len(kept) <= TRIALS // len(department.nodes)
    assert {change for one in kept for change in one.change.close} >= WALL
    assert any(one.change.backups for one in kept), "no takeover tells of backups: they are always tried"
    assert list(kept) == [one for one in offered if one in kept]
    assert fewer(department, WORM, offered, seed=1) == kept


def test_what_was_left_out_is_counted_and_the_wall_is_chosen() -> None:
    department = hospital()
    offered = candidates(department, WORM, ())
    found = best(
        department, WORM, offered, hours=12.0, runs=8, seed=3, effort=Effort(runs=8, swaps=0, program=False)
    )  # fmt: skip
    assert found.left_out == len(offered) - len(found.considered) > 0
    assert found.after.mean < 0.5 * found.before.mean
    assert {change for one in found.chosen for change in one.measure.change.close} & WALL


@pytest.mark.parametrize(("size", "share"), [(24, 0.6), (300, 0.5), (320, 1.0)])
def test_a_department_of_ordinary_size_loses_none(size: int, share: float) -> None:
    department = site(size, 3, open_share=share)
    offered = candidates(department, WORM, ())
    assert fewer(department, WORM, offered, seed=1) == offered
    assert how_many(department, WORM) < 500_000


def test_the_first_measure_to_go_is_one_that_meets_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("leadapron.whatif.cut.fewer.TRIALS", 0)
    monkeypatch.setattr("leadapron.whatif.cut.fewer.LEAST", 5)
    department = two_doors()
    offered = candidates(department, WORM, ())
    assert len(offered) > 5
    kept = fewer(department, WORM, offered, seed=1)
    assert len(kept) == 5
    assert any(one.change.close and "archive" in one.change.close[0] for one in kept)
    nowhere = replace(WORM, entry=Entry(asset="nobody"))
    assert fewer(department, nowhere, offered, seed=1) == offered


def test_an_entry_taken_off_the_internet_and_an_ended_link_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("leadapron.whatif.cut.fewer.TRIALS", 0)
    monkeypatch.setattr("leadapron.whatif.cut.fewer.LEAST", 2)
    maker = replace(node("maker", "outside", DeviceClass.GATEWAY), exposed=True)
    scanner = node("ct", "scanners", DeviceClass.MODALITY, "CT", remote=1.0, dicom=0.5)
    department = Department(
        nodes=(maker, scanner, node("pc", "scanners", DeviceClass.OFFICE)),
        links=(link("maker", "ct", Way.REMOTE),),
        passages=(passage("scanners", "outside", Way.DICOM), passage("outside", "scanners", Way.DICOM)),
        chains=(chain("CT", ("ct",)),),
    )
    scenario = replace(WORM, entry=Entry(exposed=True), across={Way.REMOTE: 5.0, Way.DICOM: 1e-6}, horizon=12.0)
    kept = fewer(department, scenario, candidates(department, scenario, ()), seed=1)
    assert any(one.change.hide for one in kept)
    assert len(kept) == 2


@pytest.mark.parametrize("seed", range(3))
def test_takeovers_are_counted_as_they_are_listed(seed: int) -> None:
    department = replace(site(40, seed), links=())
    listed = openings(department, WORM, ())
    itself = sum(
        WORM.within.get(way, 0.0) > 0 and value > 0 for one in department.nodes for way, value in one.weak.items()
    )
    assert how_many(department, WORM) == len(listed.source) + itself
    assert LEAST < TRIALS
