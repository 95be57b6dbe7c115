"""From a department under a scenario to a graph: what makes a rule or an edge, and what is refused."""

from __future__ import annotations

import time

import numpy as np
import pytest
from msgspec.structs import replace

from leadapron.model.department import Basis, Department, DeviceClass, Link, Node, Passage, Way
from leadapron.model.errors import UsageError
from leadapron.model.scenarios import Course, Entry, Scenario
from leadapron.whatif.engine import WAYS, Edges, Graph, Rules, build_graph, compile_graph, entries
from tests.whatif.engine.departments import WORM, random_department


def device(name: str, zone: str, weak: dict[Way, float] | None = None, **more: object) -> Node:
    known: dict[str, object] = {"kind": DeviceClass.OTHER, **more}
    return Node(id=name, label=name, zone=zone, weak=weak or {}, **known)  # type: ignore[arg-type]


def passage(source: str, target: str, way: Way) -> Passage:
    return Passage(source=source, target=target, way=way, basis=Basis.ASSUMED)


def link(source: str, target: str, way: Way) -> Link:
    return Link(source=source, target=target, way=way, basis=Basis.ASSUMED)


SMALL = Department(
    nodes=(
        device("pc", "office", {Way.SMB: 0.5}, kind=DeviceClass.OFFICE, importer=True),
        device("ct", "scanners", {Way.SMB: 1.0, Way.DICOM: 0.2}, kind=DeviceClass.MODALITY),
        device("mr", "scanners", {Way.RDP: 0.1}, kind=DeviceClass.MODALITY, exposed=True),
        device("pump", "things"),
    ),
    passages=(passage("office", "scanners", Way.SMB),),
    links=(link("pc", "ct", Way.DICOM),),
)
SCENARIO = Scenario(name="test", course=Course.WORM, within={Way.SMB: 1.0}, across={Way.SMB: 0.1, Way.DICOM: 0.4})


def rules(graph: Graph) -> list[tuple[int, int, Way, float]]:
    """Source zone, target zone, way, rate of all rules of a graph."""
    zones = np.repeat(np.arange(len(graph.rule_start) - 1), np.diff(graph.rule_start))
    return [
        (int(zone), int(graph.channel_zone[channel]), WAYS[graph.channel_way[channel]], float(rate))
        for zone, channel, rate in zip(zones, graph.rule_channel, graph.rule_rate, strict=True)
    ]


def edges(graph: Graph) -> list[tuple[int, int, Way, float]]:
    columns = (graph.edge_source, graph.edge_target, graph.edge_way, graph.edge_first)
    return [
        (int(source), int(target), WAYS[way], float(first)) for source, target, way, first in zip(*columns, strict=True)
    ]


def test_zones_passages_and_links_become_rules_and_edges() -> None:
    graph = compile_graph(SMALL, SCENARIO)
    office, scanners = 0, 1
    assert rules(graph) == [
        (office, office, Way.SMB, 1.0),
        (office, scanners, Way.SMB, 0.1),
        (scanners, scanners, Way.SMB, 1.0),
    ]
    assert edges(graph) == [(0, 1, Way.DICOM, 0.4)]
    assert graph.edge_weak.tolist() == [0.2]
    assert graph.zone.tolist() == [0, 1, 1, 2]
    assert graph.target.tolist() == [0, 1]
    assert graph.target_weak.tolist() == [0.5, 1.0]
    zones, rates = graph.pressing(1)
    assert (zones.tolist(), rates.tolist()) == ([office, scanners], [0.1, 1.0])


@pytest.mark.parametrize(
    "extra",
    [
        {"passages": (passage("office", "scanners", Way.SMB),)},  # said twice
        {"passages": (passage("office", "scanners", Way.WEB),)},  # the scenario has no rate for it
        {"passages": (passage("office", "things", Way.SMB),)},  # none weak
        {"passages": (passage("office", "office", Way.SMB),)},  # a zone is open to itself as it is
        {"passages": (passage("office", "cellar", Way.SMB), passage("cellar", "office", Way.SMB))},  # no such zone
        {"links": (link("ct", "pc", Way.REMOTE),)},  # no rate
        {"links": (link("ct", "mr", Way.SMB),)},  # not weak
        {"links": (link("ct", "ct", Way.SMB),)},  # onto itself
        {"links": (link("pc", "ct", Way.DICOM),)},  # said twice
    ],
)
def test_what_adds_nothing(extra: dict[str, tuple[Passage | Link, ...]]) -> None:
    more = {name: (*getattr(SMALL, name), *added) for name, added in extra.items()}
    graph, plain = compile_graph(replace(SMALL, **more), SCENARIO), compile_graph(SMALL, SCENARIO)
    assert (rules(graph), edges(graph)) == (rules(plain), edges(plain))


def test_no_devices_and_no_rates_make_an_empty_graph() -> None:
    nothing = compile_graph(Department(nodes=()), SCENARIO)
    assert (nothing.nodes, nothing.channels) == (0, 0)
    quiet = compile_graph(SMALL, replace(SCENARIO, within={}, across={}))
    assert (quiet.nodes, quiet.channels, len(quiet.edge_target)) == (4, 0, 0)


@pytest.mark.parametrize(
    ("department", "scenario", "message"),
    [
        (
            replace(SMALL, nodes=(*SMALL.nodes, device("ct", "office"))),
            SCENARIO,
            "more than one device has the id 'ct'",
        ),
        (replace(SMALL, links=(link("pc", "gone", Way.SMB),)), SCENARIO, "names the device 'gone'"),
        (replace(SMALL, links=(link("gone", "pc", Way.SMB),)), SCENARIO, "names the device 'gone'"),
        (SMALL, replace(SCENARIO, within={Way.SMB: float("nan")}), "rate of a rule nan is not a number"),
        (SMALL, replace(SCENARIO, within={Way.SMB: -1.0}), "rate of a rule -1 is not a number"),
        (SMALL, replace(SCENARIO, across={Way.SMB: float("inf")}), "rate of a rule inf is not a number"),
        (SMALL, replace(SCENARIO, across={Way.DICOM: -2.0}), "parameter of an edge -2 is not a number"),
        (
            replace(SMALL, nodes=(*SMALL.nodes, device("us", "x", {Way.WEB: 1.5}))),
            SCENARIO,
            "weakness 1.5 is not a number from 0 to 1",
        ),
        (
            replace(SMALL, nodes=(*SMALL.nodes, device("us", "x", {Way.WEB: float("nan")}))),
            SCENARIO,
            "weakness nan is not a number from 0 to 1",
        ),
    ],
)
def test_impossible_departments_and_scenarios_are_refused(
    department: Department, scenario: Scenario, message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        compile_graph(department, scenario)


@pytest.mark.parametrize(
    ("rule", "edge", "message"),
    [
        (Rules([0], [0], [1], [1.0]), Edges(), "no such way"),
        (Rules([0], [0], [-1], [1.0]), Edges(), "no such way"),
        (Rules([0], [-1], [0], [1.0]), Edges(), "no such zone"),
        (Rules([0], [0], [0], [1.0, 2.0]), Edges(), "not all of the same length"),
        (Rules(), Edges([0], [2], [0], [0], [1.0], [0.0]), "no such device"),
        (Rules(), Edges([0], [1], [0], [3], [1.0], [0.0]), "no such law"),
        (Rules(), Edges([0], [1], [1], [0], [1.0], [0.0]), "no such way"),
        (Rules(), Edges([0], [1], [0], [2], [-1.0], [0.0]), "parameter of an edge -1"),
        (Rules(), Edges([0], [1], [0], [2], [1.0], []), "not all of the same length"),
    ],
)
def test_impossible_arrays_are_refused(rule: Rules, edge: Edges, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        build_graph(zone=[0, 0], weak=[[1.0], [1.0]], rules=rule, edges=edge)


def test_weakness_has_a_row_for_each_device() -> None:
    with pytest.raises(UsageError, match="not one row for each of 2 devices"):
        build_graph(zone=[0, 0], weak=[[1.0]])


def test_names_of_devices_must_differ_and_be_as_many() -> None:
    for names, message in (([5, 5], "same name"), ([5], "as many names")):
        with pytest.raises(UsageError, match=message):
            build_graph(zone=[0, 0], weak=[[1.0], [1.0]], identity=np.array(names, dtype=np.uint64))


@pytest.mark.parametrize(
    ("entry", "found"),
    [
        (Entry(), ["pc", "ct", "mr", "pump"]),
        (Entry(kinds=(DeviceClass.MODALITY,)), ["ct", "mr"]),
        (Entry(kinds=(DeviceClass.MODALITY, DeviceClass.OFFICE)), ["pc", "ct", "mr"]),
        (Entry(importer=True), ["pc"]),
        (Entry(exposed=True), ["mr"]),
        (Entry(asset="ct"), ["ct"]),
        (Entry(kinds=(DeviceClass.MODALITY,), exposed=True), ["mr"]),
    ],
)
def test_it_begins_at_any_device_that_fits_all_that_is_said(entry: Entry, found: list[str]) -> None:
    numbers = entries(SMALL, replace(SCENARIO, entry=entry))
    assert numbers.dtype == np.int32
    assert [SMALL.nodes[number].id for number in numbers] == found


def test_no_device_to_begin_at_is_told() -> None:
    entry = Entry(kinds=(DeviceClass.OFFICE, DeviceClass.PACS), asset="x", importer=True, exposed=True)
    expected = "class office or pacs, device 'x', reads discs from outside, reachable from the internet"
    with pytest.raises(UsageError, match=expected):
        entries(SMALL, replace(SCENARIO, entry=entry))
    with pytest.raises(UsageError, match="any device"):
        entries(Department(nodes=()), SCENARIO)


def test_a_site_is_compiled_in_milliseconds() -> None:
    """The search for the best measures compiles hundreds of departments; about 1 ms is measured."""
    department = random_department(300, 1)
    times = []
    for _ in range(10):
        start = time.process_time()
        compile_graph(department, WORM)
        times.append(time.process_time() - start)
    assert min(times) < 0.01
