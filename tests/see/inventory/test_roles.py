"""Roles follow from what a device does, never from what it is called."""

from __future__ import annotations

import pytest

from leadapron.model.events import DicomOperation, DicomOutcome, HttpApi, Service, Transport
from leadapron.model.inventory import Role
from tests.see.inventory.network import (
    ARCHIVE,
    CT,
    CT_IDENTITY,
    PACS,
    READING,
    RIS,
    STUDY_FIND,
    STUDY_MOVE,
    WORKLIST,
    Network,
    asset,
)

ENGINE = "10.1.2.30"
OFFICE = "10.1.4.40"
PRINTER = "10.1.1.91"
FILM_SESSION = "1.2.840.10008.5.1.1.1"
PROCEDURE_STEP = "1.2.840.10008.3.1.2.3.3"


def roles(network: Network, address: str) -> tuple[Role, ...]:
    return asset(network.inventory(), address).roles


def test_an_archive_stores_and_answers_queries() -> None:
    network = Network()
    network.store(CT, PACS, "CT01", "PACS", CT_IDENTITY, "study-1")
    assert roles(network, PACS) == (Role.SERVER,)
    network.ask(READING, PACS, "READ1", "PACS", "C-FIND", STUDY_FIND)
    assert roles(network, PACS) == (Role.PACS,)


def test_an_archive_may_be_asked_over_dicomweb() -> None:
    network = Network()
    network.store(CT, PACS, "CT01", "PACS", CT_IDENTITY, "study-1")
    network.http(READING, PACS, "/dicom-web/studies", api=HttpApi.DICOMWEB)
    assert roles(network, PACS) == (Role.PACS,)


def test_an_archive_that_refuses_every_query_answers_none() -> None:
    network = Network()
    refused = (DicomOperation("C-FIND", STUDY_FIND, True, 1, {"0xA700": 1}),)
    network.store(CT, PACS, "CT01", "PACS", CT_IDENTITY, "study-1")
    network.ask(READING, PACS, "READ1", "PACS", "C-FIND", STUDY_FIND, operations=refused)
    assert roles(network, PACS) == (Role.SERVER,)
    assert roles(network, READING) == (Role.UNKNOWN,)


def test_a_modality_is_known_by_its_worklist_and_steps_before_it_sends_an_image() -> None:
    network = Network()
    network.ask(CT, RIS, "CT01", "RIS", "C-FIND", WORKLIST)
    network.ask(CT, RIS, "CT01", "RIS", "N-CREATE", PROCEDURE_STEP)
    assert roles(network, CT) == (Role.MODALITY,)
    assert roles(network, RIS) == (Role.RIS,)


def test_a_workstation_receives_what_others_had_sent_to_its_title() -> None:
    network = Network()
    network.store(CT, PACS, "CT01", "PACS", CT_IDENTITY, "study-1")
    network.ask("10.1.3.99", PACS, "CONSOLE", "PACS", "C-MOVE", STUDY_MOVE, move_destinations=("READ1",))
    network.store(PACS, READING, "PACS", "READ1", CT_IDENTITY, "study-1")
    assert roles(network, READING) == (Role.WORKSTATION,)


def test_one_clean_echo_gives_nobody_a_role_of_its_own() -> None:
    network = Network()
    network.echo(CT, PACS, "CT01", "PACS")
    assert roles(network, CT) == (Role.UNKNOWN,)
    assert roles(network, PACS) == (Role.SERVER,)


def test_an_engine_passes_messages_on_and_a_ris_sends_orders() -> None:
    network = Network()
    network.hl7("10.1.2.40", ENGINE, "ADT^A04")
    network.hl7(ENGINE, RIS, "ADT^A04")
    network.hl7(RIS, ENGINE, "ORM^O01", application="RIS")
    network.hl7(ENGINE, "10.1.2.50", "ORM^O01", application="RIS")
    assert roles(network, ENGINE) == (Role.INTERFACE_ENGINE,)
    assert roles(network, RIS) == (Role.RIS,)
    assert roles(network, "10.1.2.40") == (Role.SERVER,)
    assert roles(network, "10.1.2.50") == (Role.SERVER,)


def test_an_engine_that_translates_is_known_by_whom_it_serves() -> None:
    network = Network()
    network.hl7("10.1.2.40", ENGINE, "ADT^A04")
    network.hl7(ENGINE, "10.1.2.50", "SIU^S12")
    assert roles(network, ENGINE) == (Role.INTERFACE_ENGINE,)


def test_a_printer_prints() -> None:
    network = Network()
    network.ask(CT, PRINTER, "CT01", "FILM", "N-CREATE", FILM_SESSION)
    assert roles(network, PRINTER) == (Role.PRINTER,)
    network.connect(OFFICE, "10.1.4.90", 9100)
    assert roles(network, "10.1.4.90") == (Role.PRINTER,)


def test_an_office_computer_opens_files_and_pages_and_may_even_ping_a_scanner() -> None:
    network = Network()
    network.smb(OFFICE, "10.1.2.70")
    network.http(OFFICE, PACS, "/")
    network.connect(OFFICE, "10.1.2.53", 53, Service.DNS, transport=Transport.UDP)
    network.echo(OFFICE, CT, "TEST", "CT01")
    assert roles(network, OFFICE) == (Role.OFFICE,)
    network.ask(OFFICE, PACS, "TEST", "PACS", "C-FIND", STUDY_FIND)
    assert roles(network, OFFICE) == (Role.WORKSTATION,)


@pytest.mark.parametrize("service", [Service.DNS, Service.NTP, Service.POSTGRESQL, Service.LDAP])
def test_what_every_network_needs_is_a_server(service: Service) -> None:
    network = Network()
    network.connect(OFFICE, "10.1.2.53", 4000, service)
    assert roles(network, "10.1.2.53") == (Role.SERVER,)


def test_a_computer_that_many_use_is_a_server() -> None:
    network = Network()
    for number in range(3):
        network.smb(f"10.1.4.{number + 1}", OFFICE)
    network.http(OFFICE, PACS, "/")
    assert roles(network, OFFICE) == (Role.SERVER,)


def test_only_asking_an_archive_for_nothing_it_grants_is_no_role() -> None:
    network = Network()
    network.associate(ARCHIVE, PACS, "VNA", "PACS", accepted=False, outcome=DicomOutcome.REJECTED)
    assert roles(network, ARCHIVE) == (Role.UNKNOWN,)
