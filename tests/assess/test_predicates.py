"""What each predicate must not mistake: the false alarms a PACS administrator would ring us up about."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from leadapron.assess.predicates.hosts import windows_editions
from leadapron.model.findings import Confidence, SubjectType
from tests.assess.builders import judge, names_of, ref

PACS: dict[str, Any] = {"id": "pacs", "roles": ["pacs"], "zone": "imaging", "ae_titles": ["ARC"]}


def move(client: str, *destinations: str, **more: Any) -> dict[str, Any]:
    return {
        "client": client, "server": "pacs", "service": "dicom", "port": 104, "accepted": 1,
        "operations": {"C-MOVE": 1}, "statuses": {"C-MOVE 0x0000": 1}, "calling_ae_titles": [client.upper()],
        "move_destinations": list(destinations), **more,
    }  # fmt: skip


def workstation(name: str, **more: Any) -> dict[str, Any]:
    return {"id": name, "roles": ["workstation"], "zone": "imaging", "ae_titles": [name.upper()], **more}


def test_a_move_to_a_title_nobody_answers_to_is_possible() -> None:
    (finding,) = judge(None, "dcm-move-open", assets=[PACS, workstation("ws1")], flows=[move("ws1", "LAPTOP")])
    assert (finding.subject.id, finding.confidence) == ("pacs", Confidence.POSSIBLE)
    assert finding.params["destination"] == "LAPTOP"


def test_a_move_to_an_office_is_likely_and_names_the_receiver() -> None:
    office = {"id": "pc", "roles": ["office"], "zone": "offices", "ae_titles": ["PC"], "addresses": ["10.0.4.9"]}
    (finding,) = judge(None, "dcm-move-open", assets=[PACS, workstation("ws1"), office], flows=[move("ws1", "PC")])
    assert finding.confidence is Confidence.LIKELY
    assert finding.params["receivers"] == "pc (10.0.4.9)"


def test_a_destination_that_others_use_too_is_listed() -> None:
    flows = [move("ws1", "BACKUP"), move("ws2", "BACKUP")]
    assert judge(None, "dcm-move-open", assets=[PACS, workstation("ws1"), workstation("ws2")], flows=flows) == ()


def test_a_workstation_that_receives_under_another_title_is_usual() -> None:
    asker = workstation("ws1", ae_titles=["WS1", "WS1_STORE"])
    assert judge(None, "dcm-move-open", assets=[PACS, asker], flows=[move("ws1", "WS1_STORE")]) == ()


def test_a_command_line_tool_that_receives_under_another_title_is_possible() -> None:
    asker = workstation("laptop", ae_titles=["FINDSCU", "TEMP"])
    flow = move("laptop", "TEMP", calling_ae_titles=["FINDSCU"])
    findings = judge(None, "dcm-move-open", "dcm-rogue", assets=[PACS, asker], flows=[flow])
    assert {finding.rule: finding.confidence for finding in findings} == {
        "dcm-move-open": Confidence.POSSIBLE,
        "dcm-rogue": Confidence.POSSIBLE,
    }


def test_a_tool_that_also_reads_everything_and_sends_broken_bytes_is_likely_hostile() -> None:
    tool = workstation("laptop", ae_titles=["FINDSCU"])
    find = {"client": "laptop", "server": "pacs", "service": "dicom", "port": 104, "accepted": 1,
            "operations": {"C-FIND": 1}, "calling_ae_titles": ["FINDSCU"]}  # fmt: skip
    broken = {"client": "laptop", "server": "vna", "service": "dicom", "port": 104, "anomalies": {"dicom.pdu-type": 1}}
    (test,) = judge(None, "dcm-rogue", assets=[PACS, tool], flows=[find])
    (attack,) = judge(None, "dcm-rogue", assets=[PACS, tool], flows=[{**find, "wide_find_matches": 40}, broken])
    assert (test.confidence, attack.confidence) == (Confidence.POSSIBLE, Confidence.LIKELY)


def test_title_guessing_needs_several_titles() -> None:
    tries = {"client": "x", "server": "pacs", "service": "dicom", "port": 104, "associations": 5, "rejected": 5}
    once = judge(None, "dcm-rogue", assets=[PACS], flows=[{**tries, "called_ae_titles": ["OLD"]}])
    many = judge(None, "dcm-rogue", assets=[PACS], flows=[{**tries, "called_ae_titles": ["A", "B", "C", "D"]}])
    assert (names_of(once), names_of(many)) == ([], ["dcm-rogue"])


def test_a_query_from_a_zone_of_offices_is_likely_although_it_behaves_like_a_workstation() -> None:
    offices = [{"id": f"pc{i}", "roles": ["office"], "zone": "offices"} for i in range(3)]
    intruder = workstation("laptop", zone="offices")
    flow = {"client": "laptop", "server": "pacs", "service": "dicom", "port": 104, "accepted": 1,
            "operations": {"C-FIND": 1}}  # fmt: skip
    (finding,) = judge(None, "dcm-rogue", assets=[PACS, intruder, *offices], flows=[flow])
    assert (finding.subject.id, finding.confidence) == ("laptop", Confidence.LIKELY)


def hl7(client: str, application: str, count: int = 9, **more: Any) -> dict[str, Any]:
    return {"client": client, "server": "engine", "service": "hl7", "port": 2575, "message_types": {"ADT^A01": count},
            "sending_applications": [application], **more}  # fmt: skip


def test_one_application_from_two_devices_names_the_quieter_one() -> None:
    (finding,) = judge(None, "hl7-any-source", flows=[hl7("his", "HIS", 90), hl7("other", "HIS", 1)])
    assert finding.subject.id == "engine"
    assert finding.params["odd"] == "other (HIS)"


def test_a_sender_alone_in_its_zone_stands_out_among_three() -> None:
    flows = [hl7("a", "A", client_zone="z"), hl7("b", "B", client_zone="z"), hl7("c", "C", client_zone="y")]
    assert names_of(judge(None, "hl7-any-source", flows=flows)) == ["hl7-any-source"]
    assert judge(None, "hl7-any-source", flows=flows[1:]) == ()


def test_refused_messages_prove_that_the_receiver_checks() -> None:
    flows = [hl7("his", "HIS", 90), hl7("other", "HIS", 1, negative_acknowledgements=1)]
    assert judge(None, "hl7-any-source", flows=flows) == ()


def calls(starts: list[float], **more: Any) -> dict[str, Any]:
    return {"client": "ct", "client_roles": ["modality"], "server": "out", "server_external": True,
            "service": "https", "port": 443, "starts": starts, "connections": len(starts), **more}  # fmt: skip


@pytest.mark.parametrize(
    ("starts", "expected"),
    [
        ([60.0 * i for i in range(8)], True),
        ([60.0 * i for i in range(6)], False),
        ([60.0 * i + 2 * (i % 2) for i in range(9)], True),
        ([60, 120, 180, 240, 300, 360, 420, 480, 2000], True),
        ([1.0 * i for i in range(20)], False),
        ([0, 0, 0, 0, 0, 0, 0, 0], False),
        ([0, 30, 200, 210, 900, 1400, 1401, 2000, 2600], False),
    ],
)
def test_rhythm(starts: list[float], *, expected: bool) -> None:
    assert bool(judge(None, "net-beacon", flows=[calls(starts)])) is expected


def test_a_heartbeat_between_imaging_devices_is_no_beacon() -> None:
    flow = calls([60.0 * i for i in range(9)], server="pacs", server_external=False, service="unknown", port=9000)
    assert judge(None, "net-beacon", assets=[PACS], flows=[flow]) == ()


def test_an_office_computer_that_calls_out_regularly_is_not_ours_to_judge() -> None:
    flow = calls([60.0 * i for i in range(9)], client="pc", client_roles=["office"])
    assert judge(None, "net-beacon", flows=[flow]) == ()


def test_offices_of_one_zone_make_one_finding() -> None:
    reach = {"server": "ct", "server_roles": ["modality"], "server_zone": "z1", "client_zone": "z4",
             "client_roles": ["office"], "service": "http", "port": 80}  # fmt: skip
    (finding,) = judge(None, "net-flat", flows=[{**reach, "client": "pc1"}, {**reach, "client": "pc2"}])
    assert (finding.subject.type, finding.subject.id) == (SubjectType.ZONE, "z4")
    assert finding.params["clients"] == "pc1, pc2"


def test_a_sweep_from_a_server_is_only_possible() -> None:
    def sweep(client: str) -> dict[str, Any]:
        return {"client": client, "port": 445, "targets": 20, "answered": 3, "evidence": [ref(5, "connection")]}

    assets = [PACS, workstation("ws1"), {"id": "monitor", "roles": ["server"], "zone": "servers"}]
    findings = judge(None, "net-lateral", assets=assets, sweeps=[sweep("ws1"), sweep("monitor")])
    assert {f.subject.id: f.confidence for f in findings} == {
        "ws1": Confidence.LIKELY,
        "monitor": Confidence.POSSIBLE,
    }
    assert findings[0].evidence[0].packet == 5


def test_routers_share_addresses_on_purpose() -> None:
    conflicts = {"10.0.0.1": ["00:00:5E:00:01:01", "02:00:00:00:00:01"]}
    assert judge(None, "net-arp", arp_conflicts=conflicts) == ()


def test_a_capture_whose_own_clock_is_wrong_accuses_nobody() -> None:
    clocks = [{"id": f"d{i}", "clock_offset": 600 + i} for i in range(4)]
    assert judge(None, "time-drift", assets=clocks) == ()
    (finding,) = judge(None, "time-drift", assets=[*clocks, {"id": "ct", "clock_offset": 600 - 2820}])
    assert (finding.subject.id, finding.params["offset"]) == ("ct", "−47 min")


@pytest.mark.parametrize(
    ("os", "version", "confidence"),
    [
        ("Windows XP", "5.1", Confidence.SEEN),
        ("Windows", "6.1.7601", Confidence.LIKELY),
        ("Windows 10.0.19045", "", Confidence.LIKELY),
        ("Windows", "10.0.17763", Confidence.POSSIBLE),
        ("Windows", "10.0.20348", None),
        ("Windows", "6.1", None),
        ("Windows", "6.1.0", None),
        ("Linux", "5.1.0", None),
        ("", "", None),
    ],
)
def test_windows_versions(os: str, version: str, confidence: Confidence | None) -> None:
    findings = judge(None, "os-eol", assets=[{"id": "a", "os": os, "os_version": version}])
    assert [finding.confidence for finding in findings] == ([confidence] if confidence else [])


def test_the_windows_table_is_plausible() -> None:
    editions = windows_editions()
    assert {"5.1", "6.1.7601", "10.0.17763", "10.0.26100"} <= set(editions)
    assert all(date(2005, 1, 1) < edition.end < date(2040, 1, 1) for some in editions.values() for edition in some)


def test_devices_that_log_are_not_listed() -> None:
    assets = [PACS, {"id": "ct", "roles": ["modality"]}, {"id": "mr", "roles": ["modality"], "sends_syslog": True}]
    flow = {"client": "ct", "server": "logs", "service": "syslog", "transport": "udp", "port": 514, "answered": 0}
    (finding,) = judge(None, "log-none", assets=assets, flows=[flow])
    assert finding.params["devices"] == "pacs"


def test_an_odd_workstation_does_not_make_a_server_room_an_imaging_zone() -> None:
    servers = [{"id": f"s{i}", "roles": ["server"], "zone": "servers"} for i in range(5)]
    nameless = {"id": "x", "zone": "servers", "hostnames": []}
    assert judge(None, "net-unknown", assets=[*servers, workstation("ws1", zone="servers"), nameless]) == ()


@pytest.mark.parametrize(("with_spare", "found"), [(0, True), (1, True), (3, False)])
def test_a_department_depends_on_a_server_that_nearly_all_have_alone(with_spare: int, *, found: bool) -> None:
    store = {"client_roles": ["modality"], "service": "dicom", "port": 104, "operations": {"C-STORE": 1}}
    flows = [{**store, "client": f"m{i}", "server": "pacs"} for i in range(6)]
    flows += [{**store, "client": f"m{i}", "server": "vna"} for i in range(with_spare)]
    assert bool(judge(None, "single-dep", flows=flows)) is found
