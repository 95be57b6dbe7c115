"""What could be done against one attack."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

import numpy as np
import pytest
from msgspec.structs import replace

from bench.sites import WORM, chain, link, node, passage, site, two_doors
from leadapron.model.department import Department, DeviceClass, Way
from leadapron.model.findings import Confidence, EventRef, Finding, Harm, Severity, Subject, SubjectType
from leadapron.model.measures import Measure
from leadapron.model.scenarios import Course, Entry
from leadapron.whatif.cut import applied, candidates
from leadapron.whatif.cut.program import Program
from leadapron.whatif.cut.worlds import Budget
from leadapron.whatif.simulate import losses

SEEN = EventRef(sensor="s", packet=1, ts=datetime(2026, 1, 5, tzinfo=UTC), kind="dicom_association")


def finding(rule: str, asset: str) -> Finding:
    """The packets show it."""
    return Finding(
        rule=rule,
        subject=Subject(type=SubjectType.ASSET, id=asset, label=asset),
        severity=Severity.HIGH,
        harm=(Harm.SPREAD,),
        confidence=Confidence.SEEN,
        params={},
        reasons=(),
        evidence=(SEEN,),
    )


def by_action(measures: tuple[Measure, ...], action: str) -> list[Measure]:
    """Those of one kind."""
    return [one for one in measures if one.action == action]


def test_every_door_and_every_device_can_be_worked_on() -> None:
    measures = candidates(two_doors(), WORM, ())
    assert Counter(one.action for one in measures) == {"segment": 4, "patch": 4, "offline-backup": 1}
    door = by_action(measures, "segment")[0]
    assert door.hours == 3.0
    assert door.downtime == 0
    assert len(door.change.close) == 1
    assert [one.id for one in measures] == sorted({one.id for one in measures})


def test_the_same_work_keeps_its_id() -> None:
    first = {one.id for one in candidates(two_doors(), WORM, ())}
    wider = replace(two_doors(), nodes=(*two_doors().nodes, node("new", "clinic", DeviceClass.RIS, smb=0.5)))
    assert first <= {one.id for one in candidates(wider, WORM, ())}


def test_only_what_this_attack_can_use() -> None:
    rdp_only = replace(WORM, within={Way.RDP: 1.0}, across={Way.RDP: 1.0}, backups_lost=0.0)
    assert candidates(two_doors(), rdp_only, ()) == ()
    assert candidates(two_doors(), replace(WORM, course=Course.OUTAGE), ()) == ()
    from_nowhere = replace(WORM, entry=Entry(exposed=True), backups_lost=0.0)
    assert candidates(two_doors(), from_nowhere, ()) == ()


def test_office_computers_of_a_zone_are_worked_on_together_and_scanners_one_by_one() -> None:
    department = replace(site(24, 5, open_share=1.0), chains=())
    patches = by_action(candidates(department, WORM, ()), "patch")
    fleets = [one for one in patches if "zone" in one.params]
    assert {one.params["zone"] for one in fleets} == {"office", "reading"}
    assert all(len({weak.node for weak in one.change.weak}) == 1 for one in patches if one not in fleets)
    assert all(one.downtime == 0 and one.windows == 0 for one in fleets)
    scanners = [one for one in patches if one.downtime]
    assert {one.windows for one in scanners} == {1}


def test_a_measure_takes_as_much_as_the_findings_it_settles() -> None:
    findings = (finding("smb1", "desk"), finding("smb-unsigned", "desk"), finding("os-eol", "files"))
    ids = [one.id for one in findings]
    weak = {"desk": (ids[0], ids[1]), "files": (ids[2],)}
    department = two_doors()
    nodes = tuple(replace(one, findings={Way.SMB: weak.get(one.id, ())}) for one in department.nodes)
    measures = candidates(replace(department, nodes=nodes), WORM, findings)
    (shares,), (smb1,) = by_action(measures, "safe-shares"), by_action(measures, "disable-smb1")
    assert set(shares.findings) == {ids[0], ids[1]}
    assert smb1.findings == (ids[0],)
    assert shares.change.weak[0].left < smb1.change.weak[0].left < 0.6
    patched = {weak.node for one in by_action(measures, "patch") for weak in one.change.weak}
    assert "files" not in patched, "its system is no longer repaired"


def test_closing_one_way_counts_the_pairs_that_use_it() -> None:
    department = replace(two_doors(), seen=(link("pc", "desk"), link("desk", "pc"), link("pc", "files", Way.RDP)))
    counts = {str(one.params["target"]): one for one in by_action(candidates(department, WORM, ()), "segment")}
    assert counts["clinic"].params["count"] == 1
    assert counts["clinic"].hours == 3.25
    assert counts["servers"].params["count"] == 0


def test_a_makers_door_ends_what_it_leads_to() -> None:
    department = replace(site(24, 5, open_share=1.0), chains=())
    (door,) = by_action(candidates(department, WORM, ()), "vendor-mfa")
    after, _ = applied(department, WORM, [door])
    assert not [one for one in after.links if one.source == "makers0"]
    assert door.params["count"] == len({one.target for one in department.links})


def test_scanners_of_one_type_are_spread_over_zones() -> None:
    scanners = tuple(node(f"ct{number}", "scanners", DeviceClass.MODALITY, "CT", smb=1.0) for number in range(4))
    department = Department(
        nodes=(node("pc", "office", DeviceClass.OFFICE, smb=1.0), *scanners),
        passages=(passage("office", "scanners"),),
        chains=(chain("CT", tuple(one.id for one in scanners)),),
    )
    (mix,) = by_action(candidates(department, WORM, ()), "mix-modalities")
    assert mix.change.move == {"ct1": "scanners / 2", "ct3": "scanners / 2"}
    assert mix.downtime == 2
    assert len(by_action(candidates(department, WORM, ()), "isolate")) == 4
    spread = replace(scanners[0], zone="office")
    other = replace(department, nodes=(department.nodes[0], spread, *scanners[1:]))
    assert not by_action(candidates(other, WORM, ()), "mix-modalities")


@pytest.mark.parametrize("lost", [0.0, 0.5])
def test_a_copy_out_of_reach_helps_where_backups_are_attacked(lost: float) -> None:
    measures = candidates(two_doors(), replace(WORM, backups_lost=lost), ())
    assert bool(by_action(measures, "offline-backup")) == (lost > 0)


def test_what_the_internet_reaches_can_be_taken_off_it() -> None:
    """The attacks that would have begun there do not happen; those that begin elsewhere do."""
    place = two_doors()
    nodes = tuple(replace(one, exposed=one.id in ("pacs", "files")) for one in place.nodes)
    department, scenario = replace(place, nodes=nodes), replace(WORM, entry=Entry(exposed=True))
    hides = {one.change.hide: one for one in by_action(candidates(department, scenario, ()), "off-internet")}
    assert set(hides) == {("pacs",), ("files",)}
    before = losses(department, scenario, runs=200, seed=1)
    one, both = (
        losses(*applied(department, scenario, chosen), runs=200, seed=1)
        for chosen in ([hides["pacs",]], list(hides.values()))
    )
    assert (one <= before).all()
    assert 0 < np.count_nonzero(one) < np.count_nonzero(before)
    assert not both.any()
    assert not by_action(candidates(department, WORM, ()), "off-internet"), "a worm does not come in that way"
    offered = tuple(hides.values())
    assert Program(department, scenario, offered, seed=1).solve(Budget(hours=12.0)) == {0, 1}
