"""Guidance checked: what rules between zones cannot mend, or would get wrong."""

from __future__ import annotations

from typing import Any

from leadapron.model.findings import Finding
from leadapron.model.segmentation import Advice
from leadapron.whatif.messages import load_messages
from leadapron.whatif.segment import propose
from tests.whatif.segment.site import DEVICES, PLAN, asks, finding, flow, picture, stores

TIDY = (stores("ct1"), asks("ct1"), stores("mr1"), flow("ws1", "pacs", "https", 443), flow("pc1", "dns", "dns", 53))
MONTHS = {"duration": 60 * 86_400}


def advised(*flows: dict[str, Any], findings: tuple[Finding, ...] = (), **sample: Any) -> dict[str, Advice]:
    """Advice by message; every one has its words."""
    made = propose(picture(*flows, **{**MONTHS, **sample}), findings).advice
    words = load_messages()
    for one in made:
        assert all(words[language][one.message].format(**one.params) for language in ("en", "fr"))
    return {one.message: one for one in made}


def test_a_tidy_department_gets_none() -> None:
    assert advised(*TIDY) == {}


def test_an_hour_is_not_a_month() -> None:
    assert advised(*TIDY, duration=3600)["segment.short"].params == {"hours": 1}


def test_all_scanners_of_a_type_in_one_zone() -> None:
    told = advised(*TIDY, stores("ct2"))["segment.one-basket"]
    assert (told.params["modalities"], told.zones) == ("CT", ("scanners",))
    apart = stores("ct2", client_addresses=["10.0.3.2"])
    assets = [
        {"id": name, "addresses": [address], "roles": ["modality"], "modalities": ["CT"]}
        for name, address in (("ct1", "10.0.1.1"), ("ct2", "10.0.3.2"))
    ]
    assert "segment.one-basket" not in advised(stores("ct1"), apart, assets=assets)


def test_scanners_with_office_computers_or_servers() -> None:
    plan = [{"zone": "all", "network": "10.0.0.0/16"}, {"zone": "office", "network": "10.0.4.2/32"}]
    told = advised(*TIDY, flow("pc2", "dns", "dns", 53), plan=plan)
    assert told["segment.with-offices"].params == {"zone": "all", "scanners": 2, "others": "pc1"}
    assert told["segment.with-servers"].params["others"] == "dns, pacs, ris"


def test_zones_that_need_no_rule() -> None:
    plan = [*PLAN, {"zone": "archive room", "network": "10.0.7.0/24"}]
    told = advised(*TIDY[:3], flow("pc1", "pc2", "https", 443), plan=plan, also=["ws1"])
    assert told["segment.alone"].zones == ("office",), "the last of two"
    assert told["segment.empty"].zones == ("archive room",)


def test_the_internet_from_where_imaging_stands() -> None:
    told = advised(*TIDY, flow("ct1", "partner", "https", 443), flow("pc1", "partner", "https", 443))
    assert told["segment.internet"].zones == ("scanners",), "an office may"
    attack = flow("ct1", "partner", "https", 443)
    assert "segment.internet" not in advised(*TIDY, attack, findings=(finding("net-beacon", attack["id"]),))


def test_addresses_that_the_plan_forgets_or_gives_twice() -> None:
    told = advised(*TIDY, flow("visitor", "pacs", "https", 443), plan=[*PLAN, {"zone": "x", "network": "10.0.1.0/24"}])
    assert told["segment.no-zone"].params == {"addresses": "10.0.9.9", "count": 1}
    assert told["segment.network-twice"].params == {"networks": "10.0.1.0/24"}
    assert "segment.no-plan" in advised(*TIDY, plan=[])


def test_an_attack_inside_a_zone_is_out_of_reach() -> None:
    inside = flow("ct1", "mr1", "smb", 445)
    told = advised(*TIDY, inside, findings=(finding("net-lateral", inside["id"]),))["segment.inside"]
    assert told.params == {"zone": "scanners", "flows": "ct1 → mr1 (445)"}


def test_ftp_needs_a_firewall_that_follows_it() -> None:
    assert advised(*TIDY, flow("ct1", "dns", "ftp", 21))["segment.ftp"].params == {"rules": "scanners-servers-ftp-21"}


def test_routers_stand_in_no_zone() -> None:
    assert DEVICES["switch"][1] == "network"
    assert "segment.with-servers" not in advised(*TIDY, flow("switch", "dns", "dhcp", 67))
