"""Whose images: the identity in the objects is the sender's only if the sender made them."""

from __future__ import annotations

from datetime import timedelta

from leadapron.model.events import DatasetSource, DicomOperation, StudySeen
from leadapron.model.inventory import Contradiction, Role
from tests.see.inventory.network import (
    ARCHIVE,
    CT,
    CT_IDENTITY,
    CT_STORAGE,
    MR,
    MR_IDENTITY,
    PACS,
    READING,
    RIS,
    STUDY_FIND,
    STUDY_GET,
    WORKLIST,
    Network,
    asset,
    department,
)


def identity(network: Network, address: str) -> tuple[str, str, tuple[str, ...]]:
    device = asset(network.inventory(), address)
    return device.manufacturer, device.model, device.modalities


def test_an_archive_that_passes_images_on_does_not_take_their_makers_name() -> None:
    network = department()
    assert identity(network, CT) == ("SIEMENS", "SOMATOM Force", ("CT",))
    assert identity(network, PACS) == ("", "", ())
    assert asset(network.inventory(), CT).evidence["identity"]


def test_an_archive_seen_only_as_a_sender_of_several_makers_images_is_no_scanner() -> None:
    network = Network()
    network.store(PACS, ARCHIVE, "PACS", "VNA", CT_IDENTITY, "study-1")
    network.store(PACS, ARCHIVE, "PACS", "VNA", MR_IDENTITY, "study-2")
    inventory = network.inventory()
    assert identity(network, PACS) == ("", "", ())
    assert Role.MODALITY not in asset(inventory, PACS).roles
    assert inventory.utilisation == ()


def test_an_archive_seen_only_with_one_makers_images_is_known_by_the_queries_it_answers() -> None:
    network = Network()
    network.ask(READING, PACS, "READ1", "PACS", "C-FIND", STUDY_FIND)
    network.store(PACS, READING, "PACS", "READ1", CT_IDENTITY, "study-1")
    assert identity(network, PACS) == ("", "", ())


def test_a_workstation_that_sends_back_what_it_was_sent_is_no_scanner() -> None:
    network = Network()
    network.store(CT, PACS, "CT01", "PACS", CT_IDENTITY, "study-1")
    network.store(PACS, READING, "PACS", "READ1", CT_IDENTITY, "study-1")
    network.store(READING, ARCHIVE, "READ1", "TEACHING", CT_IDENTITY, "study-1")
    assert identity(network, READING) == ("", "", ())
    assert sum(cell.exams for cell in network.inventory().utilisation) == 1


def test_a_gateway_that_receives_unseen_and_sends_later_is_not_the_maker() -> None:
    network = Network()
    network.store(CT, PACS, "CT01", "PACS", CT_IDENTITY, "study-1")
    network.store("10.1.2.77", ARCHIVE, "GATE", "VNA", CT_IDENTITY, "study-1")
    assert identity(network, "10.1.2.77") == ("", "", ())
    assert identity(network, CT) == ("SIEMENS", "SOMATOM Force", ("CT",))


def test_images_fetched_by_get_come_from_the_server() -> None:
    network = Network()
    network.associate(
        READING,
        PACS,
        "READ1",
        "PACS",
        operations=(
            DicomOperation("C-GET", STUDY_GET, True, 1, {"0x0000": 1}),
            DicomOperation("C-STORE", CT_STORAGE, False, 3, {"0x0000": 3}),
        ),
        objects=3,
        sources=(CT_IDENTITY,),
        studies=(StudySeen("study-1", "CT", 3, 0),),
    )
    inventory = network.inventory()
    assert asset(inventory, READING).manufacturer == asset(inventory, PACS).manufacturer == ""
    assert asset(inventory, READING).roles == (Role.WORKSTATION,)
    assert asset(inventory, PACS).roles == (Role.PACS,)


def test_a_scanner_that_also_stores_earlier_exams_is_still_a_scanner() -> None:
    network = Network()
    network.ask(CT, RIS, "CT01", "RIS", "C-FIND", WORKLIST)
    network.store(PACS, CT, "PACS", "CT01", MR_IDENTITY, "earlier exam")
    network.store(CT, PACS, "CT01", "PACS", CT_IDENTITY, "study-1")
    assert identity(network, CT) == ("SIEMENS", "SOMATOM Force", ("CT",))


def test_a_scanner_that_gets_its_own_exams_back_is_still_a_scanner() -> None:
    network = Network()
    network.ask(CT, RIS, "CT01", "RIS", "C-FIND", WORKLIST)
    network.store(PACS, CT, "PACS", "CT01", CT_IDENTITY, "last year's exam")
    network.store(CT, PACS, "CT01", "PACS", CT_IDENTITY, "study-1")
    assert identity(network, CT) == ("SIEMENS", "SOMATOM Force", ("CT",))
    assert sum(cell.exams for cell in network.inventory().utilisation) == 1


def test_two_scanners_behind_one_address_are_told_and_neither_wins() -> None:
    network = Network()
    network.store("10.1.1.1", PACS, "CT01", "PACS", CT_IDENTITY, "study-1")
    network.store("10.1.1.1", PACS, "MR01", "PACS", MR_IDENTITY, "study-2")
    device = asset(network.inventory(), "10.1.1.1")
    assert device.systems_behind == 2
    assert (device.manufacturer, device.model) == ("", "")
    assert Contradiction("model", ("Ingenia", "SOMATOM Force")) in device.contradictions
    assert device.modalities == ("CT", "MR")


def test_a_report_beside_the_images_changes_no_identity() -> None:
    network = Network()
    report = DatasetSource(
        modality="SR", manufacturer="Siemens Healthineers", model="Dose Reporter", station_name="CT01"
    )
    network.associate(
        CT,
        PACS,
        "CT01",
        "PACS",
        operations=(DicomOperation("C-STORE", CT_STORAGE, True, 11, {"0x0000": 11}),),
        sources=(CT_IDENTITY, report),
        studies=(StudySeen("study-1", "SR", 30, 1), StudySeen("study-1", "CT", 10, 0)),
    )
    device = asset(network.inventory(), CT)
    assert (device.model, device.modalities, device.contradictions) == ("SOMATOM Force", ("CT",), ())
    (cell,) = network.inventory().utilisation
    assert (cell.modality, cell.exams, cell.objects) == ("CT", 1, 40)


def test_an_exam_counts_in_the_hour_it_was_first_stored() -> None:
    network = Network()
    network.store(CT, PACS, "CT01", "PACS", CT_IDENTITY, "study-1")
    network.now += timedelta(hours=1)
    network.store(CT, PACS, "CT01", "PACS", CT_IDENTITY, "study-1")
    network.store(CT, PACS, "CT01", "PACS", CT_IDENTITY, "study-2")
    network.store(MR, PACS, "MR01", "PACS", MR_IDENTITY, "study-3")
    cells = network.inventory().utilisation
    assert [(cell.hour.hour, cell.modality, cell.exams) for cell in cells] == [(8, "CT", 1), (9, "CT", 1), (9, "MR", 1)]
    assert cells[0].devices == (asset(network.inventory(), CT).id,)
