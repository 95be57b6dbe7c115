"""Intruders who are stopped before they trigger anything: the integer program counts no time below zero."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from leadapron.model.department import Basis, Chain, Department, DeviceClass, Node, Passage, Way
from leadapron.whatif.cut import candidates
from leadapron.whatif.cut.program import Program
from leadapron.whatif.cut.weights import weights
from leadapron.whatif.cut.worlds import Budget
from leadapron.whatif.scenarios import load_scenarios

RANSOMWARE = load_scenarios()["ransomware"].scenario
DEPARTMENT = Department(
    nodes=(
        Node(id="desk", label="desk", zone="office", kind=DeviceClass.OFFICE, weak={Way.SMB: 0.9}),
        Node(id="ct", label="ct", zone="scanners", kind=DeviceClass.MODALITY, modality="CT", weak={Way.SMB: 0.9}),
    ),
    passages=(Passage(source="office", target="scanners", way=Way.SMB, basis=Basis.ASSUMED),),
    chains=(Chain(modality="CT", scanners=("ct",), per_hour=(2.0,) * 168, urgent=0.2, basis=Basis.ASSUMED),),
)


@pytest.mark.parametrize("contained", [4.0, -24.0, -4000.0])
def test_measures_are_chosen_whenever_intruders_are_stopped(contained: float) -> None:
    scenario = replace(RANSOMWARE, contained=contained)
    measures = candidates(DEPARTMENT, scenario, ())
    chosen = Program(DEPARTMENT, scenario, measures, seed=1).solve(Budget(hours=1000.0))
    assert bool(chosen) is (contained > -scenario.horizon)


def test_an_exam_weighs_no_less_when_the_spread_ends_before_the_trigger() -> None:
    early, at_once = (replace(RANSOMWARE, contained=hours) for hours in (-500.0, 0.0))
    assert weights(DEPARTMENT, early).alone.tolist() == weights(DEPARTMENT, at_once).alone.tolist()
