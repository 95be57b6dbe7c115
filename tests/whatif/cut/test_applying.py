"""A department after some measures."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from bench.sites import WORM, link, node, passage, site, two_doors
from leadapron.model.department import Basis, Department, DeviceClass, Way
from leadapron.model.measures import Change, Measure, Weakening
from leadapron.whatif.cut import applied, candidates
from leadapron.whatif.cut.openings import openings
from leadapron.whatif.simulate import losses

SITE = site(24, 5, open_share=0.6)
MEASURES = candidates(SITE, WORM, ())


def measure(change: Change, name: str = "one", findings: tuple[str, ...] = ()) -> Measure:
    """Work that changes this."""
    return Measure(id=name, action="segment", params={}, hours=1.0, basis=Basis.GIVEN, change=change, findings=findings)


def pairs(department: Department) -> set[tuple[str, str, Way]]:
    """Links, as they are told apart."""
    return {(one.source, one.target, one.way) for one in department.links}


def test_a_closed_passage_stays_open_for_the_pairs_that_use_it() -> None:
    department = replace(two_doors(), seen=(link("desk", "pacs"), link("pc", "desk")))
    after, scenario = applied(department, WORM, [measure(Change(close=(("clinic", "archive", Way.SMB),)))])
    assert ("clinic", "archive", Way.SMB) not in {(one.source, one.target, one.way) for one in after.passages}
    assert pairs(after) == {("desk", "pacs", Way.SMB)}
    assert after.nodes == department.nodes
    assert scenario == WORM


def test_nothing_done_changes_nothing() -> None:
    assert applied(SITE, WORM, []) == (SITE, WORM)


def test_a_way_is_made_harder() -> None:
    after, _ = applied(two_doors(), WORM, [measure(Change(weak=(Weakening(node="desk", way=Way.SMB, left=0.25),)))])
    assert {one.id: one.weak[Way.SMB] for one in after.nodes if Way.SMB in one.weak} == {
        "pc": 1.0, "desk": 0.25, "files": 1.0, "pacs": 1.0,
    }  # fmt: skip


def test_measures_on_different_findings_multiply_and_on_the_same_the_best_counts() -> None:
    department = Department(nodes=(
        replace(node("a", "z", DeviceClass.SERVER, smb=1.0), findings={Way.SMB: ("f-1", "f-2")}),
    ))  # fmt: skip
    weak = (Weakening(node="a", way=Way.SMB, left=0.5),)
    first, second = (measure(Change(weak=weak), name, (name,)) for name in ("f-1", "f-2"))
    both = measure(Change(weak=(Weakening(node="a", way=Way.SMB, left=0.1),)), "all", ("f-1", "f-2"))
    left = [applied(department, WORM, chosen)[0].nodes[0].weak[Way.SMB] for chosen in ([first, second], [first, both])]
    assert left == [0.25, 0.1]


def test_a_device_that_moves_keeps_the_flows_that_were_seen() -> None:
    department = replace(
        two_doors(),
        passages=(passage("office", "archive"), passage("office", "clinic")),
        seen=(link("desk", "pacs", Way.DICOM), link("files", "ct"), link("pacs", "ct", Way.DICOM)),
    )
    after, _ = applied(department, WORM, [measure(Change(move={"pacs": "vault"}))])
    assert [one.zone for one in after.nodes if one.id == "pacs"] == ["vault"]
    assert pairs(after) == {("desk", "pacs", Way.DICOM), ("pacs", "ct", Way.DICOM)}


def test_a_device_that_moves_to_another_zone_needs_no_link_where_a_passage_leads() -> None:
    department = replace(two_doors(), seen=(link("pc", "pacs"), link("pacs", "files")))
    after, _ = applied(department, WORM, [measure(Change(move={"pacs": "clinic"}))])
    assert pairs(after) == {("pacs", "files", Way.SMB)}


def test_an_ended_link_is_not_kept_as_a_flow_that_was_seen() -> None:
    department = replace(two_doors(), links=(link("pc", "ct", Way.REMOTE),), seen=(link("pc", "ct", Way.REMOTE),))
    change = Change(unlink=(("pc", "ct", Way.REMOTE),), move={"pc": "door"})
    assert not applied(department, WORM, [measure(change)])[0].links


def test_backups_out_of_reach_are_not_lost() -> None:
    assert WORM.backups_lost > 0
    assert applied(SITE, WORM, [measure(Change(backups=True))])[1].backups_lost == 0


@settings(max_examples=60)
@given(st.lists(st.sampled_from(MEASURES), max_size=8, unique_by=lambda one: one.id), st.randoms())
def test_order_does_not_matter_and_devices_keep_their_places(chosen: list[Measure], chance: object) -> None:
    after = applied(SITE, WORM, chosen)
    chance.shuffle(chosen)  # type: ignore[attr-defined]
    assert applied(SITE, WORM, chosen) == after
    assert [one.id for one in after[0].nodes] == [one.id for one in SITE.nodes]
    assert len(pairs(after[0])) == len(after[0].links)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.sampled_from([one for one in MEASURES if one.change.close]), max_size=6))
def test_closing_costs_no_exam_in_any_run(chosen: list[Measure]) -> None:
    before = losses(SITE, WORM, runs=20, seed=3)
    after = losses(*applied(SITE, WORM, chosen), runs=20, seed=3)
    assert np.all(after <= before + 1e-6)


@pytest.mark.parametrize("index", range(0, len(MEASURES), 3))
def test_the_integer_program_sees_the_same_takeovers_end(index: int) -> None:
    chosen = MEASURES[index]
    if chosen.action == "mix-modalities":
        pytest.skip("it also opens new ways, which the program leaves out")
    rows = openings(SITE, WORM, (chosen,))
    kept = np.array([not rows.cuts[hold] for hold in rows.hold], dtype=bool)
    after = openings(*applied(SITE, WORM, [chosen]), ())
    expected = set(zip(after.source.tolist(), after.target.tolist(), strict=True))
    assert set(zip(rows.source[kept].tolist(), rows.target[kept].tolist(), strict=True)) == expected
