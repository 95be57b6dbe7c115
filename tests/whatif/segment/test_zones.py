"""Zones: the plan's where there is one, the segments seen elsewhere, and one for the world outside."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadapron.model.errors import SourceError
from leadapron.model.segmentation import Zone
from leadapron.whatif.segment import EXTERNAL, Atlas
from leadapron.whatif.segment.zones import check_zones, lay_out, public_networks
from tests.whatif.segment.site import ZONES, flow, picture, stores


def test_the_longest_network_decides() -> None:
    atlas = Atlas(ZONES)
    assert [atlas.zone_of(one) for one in ("10.0.2.1", "10.0.2.200", "2001:db8:2::5", "10.0.7.1", "no address")] == [
        "servers", "vault", "servers", "", "",
    ]  # fmt: skip


def test_a_plan_gives_the_zones() -> None:
    layout = lay_out(picture(stores("ct1")))
    assert [zone.name for zone in layout.zones] == ["scanners", "servers", "reading", "office"]
    assert (layout.planned, layout.external, layout.homeless) == (True, "", ())


def test_without_a_plan_every_segment_seen_is_a_zone() -> None:
    seen = picture(
        stores("ct1", client_addresses=["fd00:1::5", "10.0.1.1"]), flow("ct1", "partner", "https", 443), plan=[]
    )
    layout = lay_out(seen)
    assert [zone.name for zone in layout.zones] == ["10.0.1.0/24", "10.0.2.0/24", "fd00:1::/64", EXTERNAL]
    assert not layout.planned


def test_a_segment_keeps_the_name_that_the_inventory_gives_it() -> None:
    seen = picture(assets=[{"id": "ct", "addresses": ["10.0.1.1"], "zone": "10.0.1.0/24 (VLAN 110)"}], plan=[])
    assert lay_out(seen).zones == (Zone(name="10.0.1.0/24 (VLAN 110)", networks=("10.0.1.0/24",)),)


def test_what_the_plan_forgets_has_a_zone_of_its_own_and_is_told() -> None:
    layout = lay_out(picture(flow("visitor", "pacs", "https", 443)))
    assert layout.homeless == ("10.0.9.9",)
    assert layout.zones[-1] == Zone(name="10.0.9.0/24", networks=("10.0.9.0/24",))


def test_a_network_that_the_plan_gives_twice_stays_with_the_first() -> None:
    plan = [
        {"zone": "a", "network": "10.0.1.0/24"}, {"zone": "b", "network": "10.0.1.7/24"},
        {"zone": "b", "network": "10.0.5.0/24"}, {"zone": "c", "network": "nonsense"},
    ]  # fmt: skip
    layout = lay_out(picture(stores("ct1", "ct2"), plan=plan))
    assert layout.doubled == ("10.0.1.0/24",)
    assert layout.zones == (Zone(name="a", networks=("10.0.1.0/24",)), Zone(name="b", networks=("10.0.5.0/24",)))


def test_a_plan_may_call_a_zone_external() -> None:
    plan = [{"zone": EXTERNAL, "network": "10.0.1.0/24"}, {"zone": "servers", "network": "10.0.2.0/24"}]
    layout = lay_out(picture(flow("ct1", "partner", "https", 443), plan=plan))
    assert layout.external == "external'"


def test_public_addresses_of_a_hospital_are_inside_when_its_plan_says_so() -> None:
    plan = [{"zone": "campus", "network": "198.51.100.0/24"}, {"zone": "scanners", "network": "10.0.1.0/24"}]
    assert lay_out(picture(flow("ct1", "partner", "https", 443), plan=plan)).external == ""


@pytest.mark.parametrize(
    ("zones", "said"),
    [
        ((Zone(name="a", networks=("10.0.0.0/24",)), Zone(name="b", networks=("10.0.0.0/24",))), "in zone 'a' too"),
        ((Zone(name="a", networks=("10.0.0.5/24",)),), "write 10.0.0.0/24"),
        ((Zone(name="a", networks=("ten",)),), "such as 10.20.0.0/24"),
        ((Zone(name="a", networks=()),), "has no network"),
        ((Zone(name=" ", networks=("10.0.0.0/24",)),), "has no name"),
        ((Zone(name="a", networks=("10.0.0.0/24",)), Zone(name="a", networks=("10.0.1.0/24",))), "there twice"),
    ],
)
def test_zones_that_contradict_each_other_are_refused(zones: tuple[Zone, ...], said: str) -> None:
    with pytest.raises(SourceError, match=said) as refused:
        check_zones(zones, "plan.toml")
    assert str(refused.value).startswith("plan.toml: ")
    check_zones(ZONES, "nested networks are fine")


@given(st.ip_addresses())
def test_public_networks_hold_what_is_neither_private_nor_local(address: object) -> None:
    parsed = ip_address(str(address))
    known = any(parsed in ip_network(one) for one in public_networks() if ip_network(one).version == parsed.version)
    inside = ("10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "169.254.0.0/16",
              "0.0.0.0/8", "224.0.0.0/3")  # fmt: skip
    if parsed.version == 4:
        assert known is not any(parsed in ip_network(one) for one in inside)
    else:
        assert known is (int(parsed) >> 125 == 1)


@given(st.ip_addresses(v=4), st.integers(0, 32), st.integers(0, 32))
def test_of_two_nested_networks_the_longer_has_the_address(address: object, one: int, other: int) -> None:
    short, long = sorted((one, other))
    zones = [
        Zone(name=str(length), networks=(str(ip_network(f"{address}/{length}", strict=False)),))
        for length in dict.fromkeys((short, long))
    ]
    assert Atlas(zones).zone_of(str(address)) == str(long)
