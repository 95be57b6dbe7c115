"""Network maps: what is drawn, and where."""

from itertools import combinations

import msgspec
import pytest

from leadapron.model.assessment import Assessment
from leadapron.model.inventory import Role
from leadapron.report import Document, document, words
from leadapron.report.drawing import Picture, draw
from leadapron.report.netmap import Network, Side, natural, overview, zones_opened
from tests.report import sample

SAY = words("en")


def made(assessment: Assessment) -> Document:
    return document(assessment, sample.RULES, "en")


def flat() -> Assessment:
    """The department with everything in one zone."""
    assessment = sample.department()
    assets = tuple(msgspec.structs.replace(one, zone=one.zone and "10.0.0.0/8") for one in assessment.inventory.assets)
    return msgspec.structs.replace(assessment, inventory=msgspec.structs.replace(assessment.inventory, assets=assets))


def test_a_small_network_shows_every_device_and_flow() -> None:
    network = overview(made(sample.department()), SAY)
    assert [frame.title for frame in network.frames] == [
        "10.20.1.0/24", "10.20.2.0/24", "10.20.3.0/24", "10.40.0.0/16", "Outside the hospital",
    ]  # fmt: skip
    assert sum(len(frame.rows) for frame in network.frames) == 25
    assert sum(link.flows for link in network.links) == len(sample.department().inventory.flows)


def test_a_large_network_groups_devices_and_loses_none() -> None:
    whole = made(sample.hospital())
    network = overview(whole, SAY)
    assert sum(len(frame.rows) for frame in network.frames) < 60
    assert sum(row.count for frame in network.frames for row in frame.rows) == len(whole.assets)
    assert sum(link.flows for link in network.links) == len(whole.flows)


def test_each_zone_of_a_large_network_opens() -> None:
    whole = made(sample.hospital())
    opened = zones_opened(whole, SAY)
    assert set(opened) == {zone.name for zone in whole.zones} | {"Outside the hospital"}
    devices = next(frame for frame in opened["10.21.1.0/24"].frames if frame.title == "10.21.1.0/24").rows
    assert len(devices) == 56


@pytest.mark.parametrize("assessment", [sample.department(), sample.hospital(), flat(), sample.empty()])
def test_a_drawing_keeps_everything_inside_and_apart(assessment: Assessment) -> None:
    networks = [overview(made(assessment), SAY), *zones_opened(made(assessment), SAY).values()]
    for network in networks:
        picture = draw(network)
        assert len(picture.nodes) == sum(len(frame.rows) for frame in network.frames)
        assert len(picture.curves) == len(network.links)
        assert_apart(picture)


def assert_apart(picture: Picture) -> None:
    for box in picture.boxes:
        assert box.x >= 0
        assert box.x + box.width <= picture.width
        assert box.y >= 0
        assert box.y + box.height <= picture.height
    rectangles = [[(one.x, one.y, one.width, one.height) for one in picture.boxes]]
    rectangles.append([(one.x, one.y, one.width, one.height) for one in picture.nodes])
    for placed in rectangles:
        for (x1, y1, width1, height1), (x2, y2, width2, height2) in combinations(placed, 2):
            assert x1 + width1 <= x2 or x2 + width2 <= x1 or y1 + height1 <= y2 or y2 + height2 <= y1


def test_an_unsegmented_network_is_one_band() -> None:
    picture = draw(overview(made(flat()), SAY))
    band = next(box for box in picture.boxes if box.title == "10.0.0.0/8")
    assert band.width > 1000


def test_a_printer_among_scanners_does_not_split_their_zone() -> None:
    assessment = sample.department()
    assets = tuple(
        msgspec.structs.replace(one, zone="10.20.1.0/24") if Role.PRINTER in one.roles else one
        for one in assessment.inventory.assets
    )
    inventory = msgspec.structs.replace(assessment.inventory, assets=assets)
    network = overview(made(msgspec.structs.replace(assessment, inventory=inventory)), SAY)
    assert len(network.frames[0].rows) == 9
    assert {row.side for row in network.frames[0].rows} == {Side.LEFT}


def test_the_same_network_gives_the_same_drawing() -> None:
    first, second = (draw(overview(made(sample.hospital()), SAY)) for _ in range(2))
    assert first == second


def test_names_are_sorted_as_people_number_them() -> None:
    assert sorted(["CT10", "ct2", "CT1", "10.10.0.0", "10.2.0.0", "²"], key=natural) == [
        "10.2.0.0", "10.10.0.0", "CT1", "ct2", "CT10", "²",
    ]  # fmt: skip


def test_nothing_to_draw() -> None:
    assert draw(Network(frames=(), links=())).nodes == ()
