"""Attack paths: exact shares on tiny graphs, paths that read well, devices where they meet."""

import pytest
from msgspec.structs import replace

from leadapron.model.department import Basis, Department, DeviceClass, Link, Node, Passage, Way
from leadapron.model.errors import UsageError
from leadapron.model.measures import Paths
from leadapron.model.scenarios import Course, Delay, Entry, Scenario
from leadapron.whatif.paths import crown_jewel, paths
from tests.whatif.exercise.clinic import clinic

RUNS = 4000
WORM = Scenario(
    name="worm",
    course=Course.WORM,
    entry=Entry(kinds=(DeviceClass.OFFICE,)),
    within={Way.SMB: 1.0},
    across={Way.SMB: 1.0, Way.RDP: 0.5, Way.WEB: 1e6},
    horizon=1e6,
    contained=1e6,
)


def node(name: str, zone: str, kind: DeviceClass = DeviceClass.SERVER, **weak: float) -> Node:
    ways = {Way(way): value for way, value in weak.items()}
    return Node(
        id=name, label=name.upper(), zone=zone, kind=kind, weak=ways, findings={way: (f"{name}-{way}",) for way in ways}
    )


def passage(
    source: str, target: str, way: Way = Way.SMB, *, basis: Basis = Basis.ASSUMED, flows: tuple[str, ...] = ()
) -> Passage:
    return Passage(source=source, target=target, way=way, basis=basis, flows=flows)


PC = node("pc", "office", DeviceClass.OFFICE)
PACS = node("pacs", "core", DeviceClass.PACS, smb=1.0, rdp=1.0)
BRIDGE = node("bridge", "middle", smb=1.0)
STRAIGHT = Department(
    nodes=(PC, PACS),
    passages=(passage("office", "core"), passage("office", "core", Way.RDP, basis=Basis.MEASURED, flows=("f1",))),
)
BRIDGED = Department(
    nodes=(PC, BRIDGE, PACS),
    passages=(passage("office", "middle", basis=Basis.GIVEN), passage("middle", "core", flows=("f2", "f3"))),
)


def found(department: Department, target: str = "pacs", scenario: Scenario = WORM, runs: int = RUNS) -> Paths:
    return paths(department, scenario, target, runs=runs, seed=7)


def test_a_path_tells_each_step_and_what_it_rests_on() -> None:
    told = found(BRIDGED)
    assert told.reached == 1.0
    (path,) = told.paths
    assert [(step.source, step.target, step.way, step.basis) for step in path.steps] == [
        ("pc", "bridge", Way.SMB, Basis.GIVEN),
        ("bridge", "pacs", Way.SMB, Basis.ASSUMED),
    ]
    assert path.steps[1].findings == ("pacs-smb",)
    assert path.steps[1].flows == ("f2", "f3")
    assert path.share == 1.0
    assert path.alike == (1, 1, 1)


def test_a_bridge_is_a_choke_point_of_every_run() -> None:
    assert [(choke.node, choke.share) for choke in found(BRIDGED).chokes] == [("bridge", 1.0)]


def test_two_ways_share_in_proportion_to_their_rates() -> None:
    """SMB presses at 1/h, remote desktop at 0.5/h: two of three."""
    first, second = found(STRAIGHT).paths
    assert [path.steps[0].way for path in (first, second)] == [Way.SMB, Way.RDP]
    assert first.share == pytest.approx(2 / 3, abs=0.03)
    assert first.share + second.share == pytest.approx(1.0)
    assert second.steps[0].flows == ("f1",)
    assert first.hours.mean == pytest.approx(1 / 1.5, rel=0.07), "the hour does not tell which way it was"


def test_two_devices_that_press_together_share_in_proportion_to_their_rates() -> None:
    """Two entries cannot be told apart by the hour at which the target falls: of 0.5/h and 1/h the second is twice as
    often the one."""
    slow, fast = node("slow", "a", web=1.0), node("fast", "b", web=1.0)
    department = Department(
        nodes=(PC, slow, fast, PACS),
        passages=(
            passage("office", "a", Way.WEB),
            passage("office", "b", Way.WEB),
            passage("a", "core", Way.RDP),
            passage("b", "core", Way.SMB),
        ),
    )
    by_last = {path.steps[-1].source: path.share for path in found(department).paths}
    assert by_last["fast"] == pytest.approx(2 / 3, abs=0.03)
    assert by_last["slow"] == pytest.approx(1 / 3, abs=0.03)


def test_a_link_is_named_as_such() -> None:
    department = Department(
        nodes=(PC, PACS), links=(Link(source="pc", target="pacs", way=Way.RDP, basis=Basis.GIVEN, flows=("vpn",)),)
    )
    ((step,),) = (path.steps for path in found(department).paths)
    assert (step.way, step.basis, step.flows) == (Way.RDP, Basis.GIVEN, ("vpn",))


def test_devices_that_are_alike_make_one_path() -> None:
    """Forty office computers that infect each other: one path, told with the fewest steps, not a thousand."""
    pcs = tuple(node(f"pc{n:02}", "office", DeviceClass.OFFICE, smb=1.0) for n in range(40))
    department = Department(nodes=(*pcs, BRIDGE, PACS), passages=BRIDGED.passages)
    (path,) = found(department, runs=500).paths
    assert len(path.steps) == 2
    assert path.alike == (40, 1, 1)
    assert path.share == 1.0


def test_a_detour_through_another_place_is_no_other_path() -> None:
    """Out of the office, back into it and out again: what led to the target is the last way out."""
    pcs = tuple(node(f"pc{n}", "office", DeviceClass.OFFICE, smb=1.0) for n in range(3))
    department = Department(
        nodes=(*pcs, BRIDGE, node("pacs", "core", DeviceClass.PACS, smb=0.01)),
        passages=(passage("office", "middle"), passage("middle", "office"), passage("office", "core")),
    )
    (path,) = found(department, runs=500).paths
    assert [step.target for step in path.steps] == ["pacs"]


def test_the_target_may_be_the_entry() -> None:
    told = found(STRAIGHT, "pc")
    (path,) = told.paths
    assert told.reached == 1.0
    assert path.steps == ()
    assert path.alike == (1,)
    assert told.chokes == ()


def test_what_is_never_reached_has_no_path() -> None:
    shut = replace(STRAIGHT, passages=())
    told = found(shut)
    assert (told.reached, told.paths, told.chokes) == (0.0, (), ())


def test_an_outage_reaches_nobody() -> None:
    told = found(STRAIGHT, scenario=Scenario(name="provider", course=Course.OUTAGE))
    assert (told.reached, told.paths) == (0.0, ())


def test_only_what_falls_before_the_spread_ends_counts() -> None:
    told = found(BRIDGED, scenario=replace(WORM, contained=0.5))
    assert 0 < told.reached < 0.2
    assert all(path.hours.p95 <= 0.5 for path in told.paths)


def test_of_intruders_what_is_held_by_the_trigger_counts() -> None:
    """One step at 1.5/h within exactly an hour: 1 - exp(-1.5)."""
    human = replace(WORM, course=Course.HUMAN, dwell=Delay(median=1.0), contained=0.0)
    assert found(STRAIGHT, scenario=human).reached == pytest.approx(0.7769, abs=0.03)


def test_the_same_seed_gives_the_same_paths() -> None:
    assert found(STRAIGHT) == found(STRAIGHT)


def test_at_most_so_many_paths() -> None:
    assert len(paths(STRAIGHT, WORM, "pacs", runs=100, seed=1, most=1).paths) == 1


@pytest.mark.parametrize(
    ("target", "runs", "said"), [("nowhere", 10, "nowhere: there is no such device"), ("pacs", 0, "at least one run")]
)
def test_what_cannot_be_asked(target: str, runs: int, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        paths(STRAIGHT, WORM, target, runs=runs, seed=1)


def test_rates_beyond_reason_still_end() -> None:
    """All fall within the rounding of one hour: a path may then be unknown, but nothing hangs or raises."""
    pcs = tuple(node(f"pc{n}", "office", DeviceClass.OFFICE, smb=1.0) for n in range(6))
    department = Department(nodes=(*pcs, PACS), passages=STRAIGHT.passages)
    told = found(department, scenario=replace(WORM, within={Way.SMB: 1e12}, across={Way.SMB: 1e12}), runs=200)
    assert told.reached == 1.0


def test_the_crown_jewel_is_what_most_exams_hang_on() -> None:
    """Of the clinic's exams, half are lost without PACS or RIS; each reading station has another one."""
    assert crown_jewel(clinic()) in {"pacs1", "ris1"}
    with pytest.raises(UsageError, match="name the target"):
        crown_jewel(STRAIGHT)
