"""Traffic becomes rules: merged, not widened where it matters, asked about where odd, refused where it attacks."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadapron.model.events import Transport
from leadapron.model.findings import Confidence, Finding
from leadapron.model.segmentation import Segmentation, Standing
from leadapron.whatif.segment import Decider, propose
from leadapron.whatif.segment.suspicion import Reason
from leadapron.whatif.segment.traffic import was_taken
from tests.whatif.segment.site import DEVICES, asks, finding, flow, picture, rule_of, stores


def proposed(*flows: dict[str, Any], findings: tuple[Finding, ...] = (), **sample: Any) -> Segmentation:
    """Rules for a department that does just this."""
    return propose(picture(*flows, **sample), findings)


def standing(one: dict[str, Any], *findings: Finding, **sample: Any) -> tuple[Standing, str]:
    """Of the rule for one flow among ordinary ones."""
    ordinary = (stores("ct1"), stores("ct2"), asks("ct1"))
    rule = rule_of(proposed(*ordinary, one, findings=findings, **sample), one["id"])
    return rule.standing, rule.reason


def test_clients_of_one_server_and_port_become_one_rule() -> None:
    made = proposed(stores("ct1"), stores("mr1"), asks("ct1"), also=["ct2", "us1"])
    assert [(rule.id, rule.sources, rule.targets, rule.ports) for rule in made.rules] == [
        ("scanners-servers-dicom-104", ("10.0.1.1", "10.0.1.3"), ("10.0.2.1",), (104,)),
        ("scanners-servers-dicom-2000", ("10.0.1.1",), ("10.0.2.2",), (2000,)),
    ]
    first = made.rules[0]
    assert first.flows == ("ct1>pacs:104", "mr1>pacs:104")
    assert (first.connections, first.standing, first.params) == (
        18,
        Standing.KEEP,
        {"clients": "ct1, mr1", "servers": "pacs"},
    )


def test_a_zone_is_allowed_once_nearly_all_of_it_uses_a_needed_service() -> None:
    everyone = [stores(scanner) for scanner in ("ct1", "ct2", "mr1", "us1")]
    assert proposed(*everyone).rules[0].sources == ()
    assert proposed(*everyone[:3], also=["us1"]).rules[0].sources == ()
    assert len(proposed(*everyone[:2], also=["mr1", "us1"]).rules[0].sources) == 2
    assert len(proposed(*everyone[:2]).rules[0].sources) == 2, "two devices are not a zone"


def test_file_sharing_is_never_widened() -> None:
    made = proposed(*(flow(scanner, "dns", "smb", 445) for scanner in ("ct1", "ct2", "mr1", "us1")))
    assert len(made.rules[0].sources) == 4


def test_a_refused_device_keeps_its_refusal_beside_the_zone() -> None:
    everyone = [stores(scanner) for scanner in ("ct1", "ct2", "mr1")]
    rogue = flow("us1", "pacs", "dicom", 104, client_roles=["unknown"])
    made = proposed(*everyone, rogue, findings=(finding("dcm-rogue", rogue["id"], asset="us1"),))
    assert {rule.standing: rule.sources for rule in made.rules} == {
        Standing.KEEP: (),
        Standing.REFUSE: (DEVICES["us1"][0],),
    }
    decider = Decider(made)
    assert decider.decide("10.0.1.77", "10.0.2.1", Transport.TCP, 104).allowed
    assert not decider.decide("10.0.1.4", "10.0.2.1", Transport.TCP, 104).allowed


def test_servers_and_ports_share_a_rule_only_where_every_pair_was_seen() -> None:
    made = proposed(
        flow("ws1", "pacs", "http", 80), flow("ws1", "pacs", "http", 8042),
        flow("ws1", "ris", "http", 80), flow("ws1", "ris", "http", 8042), flow("ws1", "engine", "http", 80),
    )  # fmt: skip
    assert [(rule.targets, rule.ports) for rule in made.rules] == [
        (("10.0.2.3",), (80,)),
        (("10.0.2.1", "10.0.2.2"), (80, 8042)),
    ]


@pytest.mark.parametrize(
    ("one", "reason"),
    [
        (flow("ws1", "ct1", "http", 80, times=1), Reason.FEW),
        (flow("ws1", "ct1", "vnc", 5900), Reason.MAINTENANCE),
        (flow("ws1", "ct1", "unknown", 5986), Reason.MAINTENANCE),
        (flow("dns", "ct1", "smb", 445), Reason.MAINTENANCE),
        (flow("pacs", "partner", "dicom", 104), Reason.OUTSIDE),
        (flow("partner", "pacs", "dicom", 104), Reason.FROM_OUTSIDE),
        (flow("ws1", "ct1", "netbios", 137), Reason.LOCAL_NAMES),
    ],
    ids=lambda value: value["id"] if isinstance(value, dict) else "",
)
def test_what_is_rare_or_odd_is_asked_about(one: dict[str, Any], reason: Reason) -> None:
    assert standing(one) == (Standing.ASK, reason)


@pytest.mark.parametrize(
    "one",
    [
        flow("ws1", "pacs", "https", 443),
        flow("pacs", "ct2", "dicom", 104),
        flow("ws1", "dns", "dns", 53, times=1),
        flow("switch", "dns", "dhcp", 67, times=1),
        flow("ws1", "dns", "ssh", 22),
        flow("ws1", "dns", "telnet", 23),
        stores("mr1", times=1),
        asks("mr1", times=1),
        flow("ws1", "dns", "unknown", 50000),
    ],
    ids=lambda one: one["id"],
)
def test_what_exams_and_devices_live_on_is_kept(one: dict[str, Any]) -> None:
    assert standing(one) == (Standing.KEEP, "")


def test_a_second_device_of_the_kind_is_ordinary_even_once() -> None:
    peers = (flow("ws1", "dns", "https", 443), flow("ws2", "dns", "https", 443, times=1))
    assert [rule.standing for rule in proposed(*peers).rules] == [Standing.KEEP]
    strangers = (flow("pc1", "dns", "https", 443), flow("pc2", "dns", "https", 443, times=1))
    assert [rule.standing for rule in proposed(*strangers).rules] == [Standing.KEEP, Standing.ASK]


def test_a_visit_of_many_connections_is_one_occasion() -> None:
    visit = flow("ws1", "pacs", "https", 443, times=9, starts=list(range(9)), last_seen=9)
    assert standing(visit) == (Standing.ASK, Reason.FEW)


def test_use_at_hours_without_exams_is_asked_about() -> None:
    night = flow("ws1", "dns", "https", 443, times=4, starts=[3600 * (14 + 24 * day) for day in range(4)])
    day = flow("ws1", "ris", "https", 443, times=4, starts=[3600 * 24 * day for day in range(4)])
    made = proposed(
        stores("ct1"), night, day, duration=4 * 86_400, utilisation=[
            {"modality": "CT", "hour": "2026-01-05T09:00:00Z", "exams": 4, "objects": 90, "devices": ["ct1"]}
        ],
    )  # fmt: skip
    assert rule_of(made, night["id"]).reason == Reason.ODD_HOURS
    assert rule_of(made, day["id"]).standing is Standing.KEEP


@pytest.mark.parametrize(("rule", "reason"), [("net-lateral", Reason.SIDEWAYS), ("net-beacon", Reason.BEACON)])
def test_attacks_are_refused(rule: str, reason: Reason) -> None:
    one = flow("ws1", "ct1", "smb", 445)
    assert standing(one, finding(rule, one["id"])) == (Standing.REFUSE, reason)
    assert standing(one, finding(rule, one["id"], sure=Confidence.POSSIBLE)) == (Standing.ASK, Reason.POSSIBLE_ATTACK)


def test_an_office_that_reaches_a_scanner_is_refused_unless_images_travel() -> None:
    echo = flow("pc1", "ct1", "dicom", 104, operations={"C-ECHO": 9})
    fetch = flow("pc1", "ct1", "dicom", 104, operations={"C-GET": 9})
    assert standing(echo, finding("net-flat", echo["id"])) == (Standing.REFUSE, Reason.OFFICE)
    assert standing(fetch, finding("net-flat", fetch["id"])) == (Standing.ASK, Reason.OFFICE_IMAGES)


def test_images_sent_to_a_rogue_are_refused_too() -> None:
    rogue = finding("dcm-rogue", asset="pc1")
    assert standing(flow("pacs", "pc1", "dicom", 11112), rogue) == (Standing.REFUSE, Reason.ROGUE)
    assert standing(flow("pc1", "dns", "dns", 53), rogue) == (Standing.KEEP, "")


def test_a_tool_title_alone_is_asked_about_with_a_hostile_act_refused() -> None:
    one = flow("ws1", "pacs", "dicom", 104)
    alone, acting = ("ae_titles=FINDSCU",), ("ae_titles=FINDSCU", "wide_find_matches=yes")
    said = [
        standing(one, finding("dcm-rogue", one["id"], asset="ws1", sure=Confidence.POSSIBLE, reasons=reasons))[0]
        for reasons in (alone, acting)
    ]
    assert said == [Standing.ASK, Standing.REFUSE]


def test_exams_are_never_refused_without_a_person() -> None:
    one = stores("mr1")
    assert standing(one, finding("dcm-rogue", one["id"], asset="mr1")) == (Standing.ASK, Reason.ATTACK_WITH_EXAMS)


def test_weaknesses_that_people_work_with_are_kept() -> None:
    one = stores("mr1")
    weak = [finding(rule, one["id"]) for rule in ("dcm-clear", "dcm-no-user", "dcm-aet-clone", "smb1")]
    assert standing(one, *weak) == (Standing.KEEP, "")


def test_who_swept_is_refused_where_it_swept_and_asked_about_elsewhere() -> None:
    sweep = {"client": "pc2", "port": 445, "targets": 12, "answered": 1}
    found = finding("net-lateral", asset="pc2")
    swept, other = flow("pc2", "dns", "smb", 445), flow("pc2", "dns", "https", 443)
    assert standing(swept, found, sweeps=[sweep]) == (Standing.REFUSE, Reason.SIDEWAYS)
    assert standing(other, found, sweeps=[sweep]) == (Standing.ASK, Reason.SUSPECT_DEVICE)


def test_a_card_that_claims_anothers_address_makes_its_traffic_a_question() -> None:
    made = picture(stores("ct1"), flow("pc1", "dns", "https", 443))
    conflict = {"10.0.1.1": ["02:00:00:00:00:01", "02:00:00:00:00:02"]}
    assets = [
        {"id": asset.id, "addresses": list(asset.addresses), "roles": [role.value for role in asset.roles]}
        | ({"mac": "02:00:00:00:00:02"} if asset.id == "pc1" else {})
        for asset in made.inventory.assets
    ]
    flows = [flow("pc1", "dns", "https", 443)]
    rules = propose(picture(*flows, assets=assets, arp_conflicts=conflict), [finding("net-arp", asset="ct1")]).rules
    assert [rule.reason for rule in rules] == [Reason.SUSPECT_DEVICE]


def test_attempts_and_local_traffic_make_no_rule() -> None:
    made = proposed(
        flow("ws1", "ct1", "unknown", 445, answered=0),
        flow("ct1", "ct2", "dicom", 104),
        flow("ws1", "ct1", "mdns", 5353, server_addresses=["224.0.0.251"]),
        flow("ws1", "ct1", "unknown", 80, client_addresses=["fe80::1"], server_addresses=["fe80::2"]),
    )
    assert made.rules == ()


def test_logs_and_traps_need_no_answer() -> None:
    made = proposed(
        flow("ct1", "dns", "syslog", 514, answered=0), flow("ct1", "dns", "snmp", 162, answered=0),
        flow("ct1", "dns", "snmp", 161, answered=0),
    )  # fmt: skip
    assert [rule.ports for rule in made.rules] == [(162,), (514,)]


def test_ports_that_callers_choose_make_no_rule() -> None:
    made = proposed(flow("pacs", "ct1", "unknown", 50123, times=1), flow("pacs", "ct1", "dicom", 50124))
    assert [rule.ports for rule in made.rules] == [(50124,)]
    assert "segment.unclear" in {one.message for one in made.advice}


def test_a_router_relays_addresses_from_each_of_its_zones() -> None:
    relay = flow("switch", "dns", "dhcp", 67, client_addresses=["10.0.1.254", "10.0.3.254", "10.0.2.254"])
    made = proposed(relay, also=["ws1", "ct1"])
    assert [(rule.source_zone, rule.sources) for rule in made.rules] == [
        ("reading", ("10.0.3.254",)),
        ("scanners", ("10.0.1.254",)),
    ]


def test_devices_with_legs_in_the_same_zones_meet_inside_them() -> None:
    both: dict[str, Any] = {"client_addresses": ["10.0.1.1", "10.0.3.9"], "server_addresses": ["10.0.1.2", "10.0.3.8"]}
    assert proposed(flow("ct1", "ct2", "dicom", 104, **both)).rules == ()


def test_one_port_with_two_services_gets_the_stricter_ruling() -> None:
    one, other = flow("ws1", "dns", "https", 443), flow("ws1", "dns", "unknown", 443, times=2, id="odd")
    made = proposed(one, other, findings=(finding("net-lateral", "odd"),))
    assert [(rule.standing, rule.service.value) for rule in made.rules] == [(Standing.REFUSE, "https")]


def test_proposing_is_deterministic_and_does_not_depend_on_order() -> None:
    flows = (stores("ct1"), stores("mr1"), asks("ct1"), flow("ws1", "ct1", "vnc", 5900))
    assert proposed(*flows) == proposed(*reversed(flows))


NAMES = sorted(set(DEVICES) - {"switch"})
SERVICES = [
    ("dicom", 104),
    ("dicom", 11112),
    ("smb", 445),
    ("https", 443),
    ("dns", 53),
    ("unknown", 9000),
    ("vnc", 5900),
]
FLOWS = st.lists(
    st.tuples(
        st.sampled_from(NAMES), st.sampled_from(NAMES), st.sampled_from(SERVICES), st.integers(1, 5), st.booleans()
    ).filter(lambda one: one[0] != one[1]),
    max_size=30,
    unique_by=lambda one: one[:3],
)


@given(FLOWS)
def test_rules_allow_what_was_taken_and_nothing_that_a_finding_refuses(drawn: list[Any]) -> None:
    flows = [
        flow(client, server, service, port, times, answered=times if taken or service == "dicom" else 0)
        for client, server, (service, port), times, taken in drawn
    ]
    attacks = tuple(finding("net-lateral", one["id"]) for one in flows if one["service"] == "smb")
    seen = picture(*flows)
    made = propose(seen, attacks)
    decider = Decider(made)
    taken_doors = set()
    for one in seen.inventory.flows:
        decision = decider.decide(one.client_addresses[0], one.server_addresses[0], one.transport, one.port)
        inside = decision.source_zone == decision.target_zone
        if was_taken(one):
            assert decision.allowed is (inside or one.service.value != "smb")
            taken_doors.add((one.server_addresses[0], one.transport, one.port))
    for rule in made.rules:
        assert {(target, rule.transport, port) for target in rule.targets for port in rule.ports} <= taken_doors
