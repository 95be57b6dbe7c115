"""Who talks to whom: what counts as a service, what protects it, and what it carried."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from leadapron.model.events import (
    BannerSession,
    Certificate,
    ClockReading,
    DicomAssociation,
    DicomOperation,
    DicomOutcome,
    Endpoint,
    Hl7Traffic,
    HttpApi,
    NameQuery,
    RdpSession,
    Service,
    SnmpSeen,
    SyslogSeen,
    Transport,
)
from leadapron.model.inventory import Flow
from tests.see.inventory.network import (
    CT,
    CT_STORAGE,
    DCMTK,
    PACS,
    READING,
    STUDY_FIND,
    Network,
    asset,
    flow,
)


def banner(network: Network, service: Service, port: int, **fields: Any) -> None:
    uid = network.connect(READING, CT, port, service)
    ends = {"client": Endpoint(ip=READING, port=1), "server": Endpoint(ip=CT, port=port)}
    network.events.append(
        BannerSession(
            ts=network.now, sensor="span", packet=9, uid=uid, end=network.now, service=service, **ends, **fields
        )
    )


def seen(network: Network, client: str, server: str, service: Service) -> Flow:
    return flow(network.inventory(), client, server, service)


def test_conversations_of_one_service_are_one_flow() -> None:
    network = Network()
    network.associate(CT, PACS, "CT01", "PACS", requestor=DCMTK, user_identity=1)
    network.associate(CT, PACS, "CT01_ALT", "PACS", requestor=DCMTK)
    network.associate(CT, PACS, "CT01", "OLD", accepted=False, outcome=DicomOutcome.REJECTED, reject_reason="1.1.7")
    found = seen(network, CT, PACS, Service.DICOM)
    assert (found.connections, found.associations, found.accepted, found.rejected) == (3, 3, 2, 1)
    assert found.calling_ae_titles == ("CT01", "CT01_ALT")
    assert found.called_ae_titles == ("OLD", "PACS")
    assert found.user_identity == (0, 1)
    assert found.requestor_implementations == ("1.2.276.0.7230010.3.0.3.6.7 OFFIS_DCMTK_367",)
    assert found.evidence["reject"][0].kind == "dicom_association"
    assert asset(network.inventory(), PACS).ae_titles == ("PACS",)


def test_a_title_that_was_only_called_is_nobodys() -> None:
    network = Network()
    network.associate(CT, PACS, "CT01", "GHOST", accepted=False, outcome=DicomOutcome.REJECTED)
    network.probe(CT, "10.1.2.98", 104)
    inventory = network.inventory()
    assert all("GHOST" not in device.ae_titles for device in inventory.assets)


def test_a_probe_that_another_protocol_answers_is_not_a_service() -> None:
    network = Network()
    network.http(READING, CT, "/")
    network.associate(READING, CT, "PROBE", "ANY", port=80, accepted=False, outcome=DicomOutcome.UNANSWERED)
    inventory = network.inventory()
    assert flow(inventory, READING, CT, Service.DICOM).answered == 0
    device = asset(inventory, CT)
    assert device.services == ("http/80",)
    assert device.ae_titles == ()
    assert asset(inventory, READING).ae_titles == ()


def test_a_refused_try_is_kept_where_the_device_is_known_and_is_not_a_service() -> None:
    network = Network()
    network.associate(CT, PACS, "CT01", "PACS")
    network.probe(READING, PACS, 3389, refused=True)
    network.sight(READING, "02:00:00:00:00:09")
    found = seen(network, READING, PACS, Service.UNKNOWN)
    assert (found.connections, found.answered, found.refused) == (1, 0, 1)
    assert asset(network.inventory(), PACS).services == ("dicom/104",)


def test_an_open_port_without_a_word_is_not_a_service() -> None:
    network = Network()
    network.connect(READING, PACS, 445, client_bytes=0, server_bytes=0)
    inventory = network.inventory()
    assert flow(inventory, READING, PACS, Service.UNKNOWN).answered == 0
    assert asset(inventory, PACS).services == ()


def test_what_was_not_recognised_joins_what_was_on_the_same_port() -> None:
    network = Network()
    network.associate(CT, PACS, "CT01", "PACS")
    network.connect(CT, PACS, 104, client_bytes=0, server_bytes=0)
    network.probe(CT, PACS, 104)
    inventory = network.inventory()
    (found,) = inventory.flows
    assert (found.service, found.connections, found.answered) == (Service.DICOM, 3, 2)


@pytest.mark.parametrize(
    ("port", "alpn", "service"),
    [
        (443, (), Service.HTTPS),
        (4443, ("h2", "http/1.1"), Service.HTTPS),
        (2762, (), Service.DICOM_TLS),
        (2762, ("http/1.1",), Service.HTTPS),
        (2575, (), Service.TLS),
    ],
)
def test_tls_is_named_by_evidence_only(port: int, alpn: tuple[str, ...], service: Service) -> None:
    network = Network()
    network.tls(CT, PACS, port, alpn=alpn)
    found = seen(network, CT, PACS, service)
    assert found.encrypted
    assert found.tls_versions == ("TLS 1.3",)


def test_a_certificate_is_judged_on_what_it_says() -> None:
    network = Network()
    end = datetime(2026, 1, 1, tzinfo=UTC)
    weak = Certificate("CN=pacs", "CN=pacs", end - timedelta(days=900), end, True, "RSA", 1024, "sha256")
    network.tls(CT, PACS, 2762, certificate=weak, client_certificate_requested=True, version="TLS 1.0")
    found = seen(network, CT, PACS, Service.DICOM_TLS)
    assert (found.certificate_self_signed, found.certificate_weak, found.mutual) == (True, True, True)
    assert found.certificate_not_after == end
    strong = msgspec.structs.replace(weak, self_signed=False, key_type="EC", key_bits=256)
    network = Network()
    network.tls(CT, PACS, 2762, certificate=strong)
    assert not seen(network, CT, PACS, Service.DICOM_TLS).certificate_weak


def test_a_greeting_that_no_tls_answers_is_not_a_service() -> None:
    network = Network()
    network.tls(CT, PACS, 104, version="", established=False)
    assert seen(network, CT, PACS, Service.TLS).answered == 0


@pytest.mark.parametrize(
    ("credentials", "clear"), [("basic", ("basic",)), ("form", ("form",)), ("digest", ()), ("cookie", ()), ("", ())]
)
def test_passwords_in_clear_are_told_by_kind(credentials: str, clear: tuple[str, ...]) -> None:
    network = Network()
    network.http(READING, PACS, "/login", credentials=credentials)
    found = seen(network, READING, PACS, Service.HTTP)
    assert found.credentials_clear == clear
    assert bool(found.evidence.get("credentials")) == bool(clear)


def test_a_web_interface_that_answers_anybody_is_told() -> None:
    network = Network()
    network.http(READING, PACS, "/dicom-web/studies", api=HttpApi.DICOMWEB)
    network.http(READING, PACS, "/fhir/ImagingStudy", api=HttpApi.FHIR, status=401)
    found = seen(network, READING, PACS, Service.HTTP)
    assert found.http_anonymous_ok == ("dicomweb",)
    assert found.http_apis == ("dicomweb", "fhir")
    assert found.evidence["anonymous"]


def test_logins_in_clear_and_protected_ones() -> None:
    network = Network()
    banner(network, Service.TELNET, 23, login_seen=True, server_banner="login:")
    banner(network, Service.SSH, 22, server_banner="SSH-2.0-OpenSSH_9.2p1")
    banner(network, Service.FTP, 21, login_seen=True, encrypted=True, security="tls", server_banner="220")
    assert seen(network, READING, CT, Service.TELNET).credentials_clear == ("telnet",)
    assert seen(network, READING, CT, Service.SSH).encrypted
    secured = seen(network, READING, CT, Service.FTP)
    assert (secured.credentials_clear, secured.encrypted, secured.security) == ((), True, ("tls",))


def test_connections_that_carry_files_belong_to_the_ftp_session() -> None:
    network = Network()
    banner(network, Service.FTP, 21, server_banner="220 ready")
    network.connect(READING, CT, 40_021, server_bytes=5_000)
    banner(network, Service.FTP, 21, server_banner="220 ready")
    inventory = network.inventory()
    (found,) = inventory.flows
    assert (found.connections, found.bytes_to_client) == (2, 5_400)
    assert asset(inventory, CT).services == ("ftp/21",)


def test_a_file_of_messages_is_no_hl7_interface_whoever_opens_the_connection() -> None:
    network = Network()
    banner(network, Service.FTP, 21, server_banner="220 ready")
    network.hl7(CT, READING, "ADT^A01", traffic=(Hl7Traffic(True, "ADT^A01", "HIS", "", "", "", "2.5", 20),))
    network.events[-1] = msgspec.structs.replace(network.events[-1], server_bytes=0)
    banner(network, Service.FTP, 21, server_banner="220 ready")
    assert [found.service for found in network.inventory().flows] == [Service.FTP]


def test_smb_signing_holds_only_if_every_session_had_to_be_signed() -> None:
    network = Network()
    network.smb(READING, PACS, signing_required=True, shares=("images",))
    assert seen(network, READING, PACS, Service.SMB).signing_required is True
    network.smb(READING, PACS, dialect="SMB 1", anonymous=True)
    found = seen(network, READING, PACS, Service.SMB)
    assert (found.signing_required, found.anonymous, found.shares) == (False, True, ("images",))
    assert found.smb_dialects == ("SMB 1", "SMB 3.1.1")
    assert found.evidence["smb1"]


def test_remote_desktop_over_tls_is_protected() -> None:
    network = Network()
    uid = network.connect(READING, CT, 3389, Service.RDP)
    ends = {"client": Endpoint(ip=READING, port=1), "server": Endpoint(ip=CT, port=3389)}
    network.events.append(
        RdpSession(ts=network.now, sensor="span", packet=9, uid=uid, end=network.now, selected="credssp", **ends)
    )
    found = seen(network, READING, CT, Service.RDP)
    assert (found.security, found.encrypted) == (("credssp",), True)


def test_messages_are_counted_by_type() -> None:
    network = Network()
    network.hl7("10.1.2.40", PACS, "ADT^A04")
    refusal = Hl7Traffic(False, "ACK", "PACS", "", "HIS", "", "2.5", 2, "AE")
    network.hl7("10.1.2.40", PACS, "", traffic=(refusal,))
    found = seen(network, "10.1.2.40", PACS, Service.HL7)
    assert found.message_types == {"ACK": 3, "ADT^A04": 1}
    assert found.operations == {"ADT^A04": 1}
    assert found.sending_applications == ("HIS",)
    assert found.negative_acknowledgements == 2


def test_wide_queries_and_moves_point_to_their_packets() -> None:
    network = Network()
    operations = (DicomOperation("C-FIND", STUDY_FIND, True, 2, {"0xFF00": 7, "0x0000": 2}),)
    network.associate(READING, PACS, "READ1", "PACS", operations=operations, wide_finds=1, wide_find_matches=7)
    network.ask(READING, PACS, "READ1", "PACS", "C-MOVE", CT_STORAGE, move_destinations=("LAPTOP",))
    found = seen(network, READING, PACS, Service.DICOM)
    assert (found.wide_finds, found.wide_find_matches, found.move_destinations) == (1, 7, ("LAPTOP",))
    assert found.statuses["C-FIND 0xFF00"] == 7
    assert found.evidence["wide_find"] != found.evidence["move"]


def test_what_was_not_captured_is_not_held_against_anyone() -> None:
    answered = DicomOperation("C-FIND", STUDY_FIND, by_client=True, requests=0, statuses={"0xFF00": 5, "0x0000": 2})
    network = Network()
    network.associate(CT, PACS, "CT01", "PACS", operations=(answered,))
    found = seen(network, CT, PACS, Service.DICOM)
    assert (found.user_identity, found.operations) == ((), {"C-FIND": 2})
    assert "no_user" not in found.evidence


def test_evidence_is_the_earliest_and_short() -> None:
    network = Network()
    for _ in range(20):
        network.associate(CT, PACS, "CT01", "PACS", requestor=DCMTK)
    found = seen(network, CT, PACS, Service.DICOM)
    moments = [event.ts for event in network.events if isinstance(event, DicomAssociation)]
    assert [reference.ts for reference in found.evidence["no_user"]] == moments[:5]


def test_anomalies_belong_to_the_flow_of_their_protocol() -> None:
    network = Network()
    network.http(READING, PACS, "/", port=104)
    network.associate(READING, PACS, "READ1", "PACS")
    network.anomaly("dicom.pdu-length", READING, PACS, 104, count=3)
    network.anomaly("tcp.overlap", READING, PACS, 104)
    network.anomaly("dicom.pdu-length", READING, "10.1.9.9", 104)
    inventory = network.inventory()
    assert flow(inventory, READING, PACS, Service.DICOM).anomalies["dicom.pdu-length"] == 3
    assert inventory.quality.anomalies == {"dicom.pdu-length": 4, "tcp.overlap": 1}


def test_a_session_whose_connection_was_lost_is_still_a_flow() -> None:
    network = Network()
    network.associate(CT, PACS, "CT01", "PACS")
    network.events = [event for event in network.events if isinstance(event, DicomAssociation)]
    network.sight(CT, "02:00:00:00:00:01")
    network.sight(PACS, "02:00:00:00:00:02")
    found = seen(network, CT, PACS, Service.DICOM)
    assert (found.connections, found.answered) == (1, 1)


def test_facts_without_a_conversation_reach_their_device() -> None:
    network = Network()
    network.associate(CT, PACS, "CT01", "PACS")
    place = {"ts": network.now, "sensor": "span", "packet": 7}
    network.events += [
        ClockReading(**place, ip=CT, source=Service.NTP, offset=2820),
        ClockReading(**place, ip=CT, source=Service.HL7, offset=60, zone_known=False),
        SyslogSeen(**place, ip=CT, collector=PACS),
        NameQuery(**place, ip=CT, server="10.1.2.53", name="update.vendor.example"),
        SnmpSeen(**place, manager=PACS, agent=CT, version="2c", default_community=True, answered=True),
    ]
    network.connect(PACS, CT, 161, Service.SNMP, transport=Transport.UDP)
    inventory = network.inventory()
    device = asset(inventory, CT)
    assert (device.clock_offset, device.sends_syslog) == (2820, True)
    assert device.evidence["clock"]
    assert inventory.names_asked == {device.id: ("update.vendor.example",)}
    assert flow(inventory, PACS, CT, Service.SNMP).default_community
