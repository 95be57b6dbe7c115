"""Files for people: what they say, what they never contain, and what cannot be exported."""

import json
import re
import string
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from msgspec.structs import replace

from leadapron.model.errors import UsageError
from leadapron.model.events import Service, Transport
from leadapron.model.segmentation import Allow, Segmentation, Zone
from leadapron.whatif.messages import load_messages
from leadapron.whatif.segment.export import FORMATS, export
from leadapron.whatif.segment.zones import public_networks
from tests.whatif.segment.export.departments import SMALL, segmentations

NAMES = [each.name for each in FORMATS]
APPLYING = {
    "cisco-ios": r"^\s*(interface|ip access-group|ipv6 traffic-filter|copy|reload|write)",
    "cisco-nxos": r"^\s*(interface|ip access-group|ipv6 traffic-filter|checkpoint|rollback|copy)",
    "paloalto": r"^\s*(commit|load|save)",
    "fortigate": r"^\s*(execute|set status enable)",
    "windows": r"(Enable-|Set-|Remove-|-Enabled True)",
    "iptables": r"^\s*(-I|-A (FORWARD|INPUT|OUTPUT)|iptables)",
    "nftables": r"^\s*nft",
}
"""What would take effect, as commands; they may only stand in comments."""


def test_one_file_tells_a_network_engineer_what_it_is_and_how_to_go_back() -> None:
    files = export(SMALL, "nftables", made=datetime(2024, 5, 7, tzinfo=UTC))

    text = files["leadapron.nft"]
    assert text.startswith(
        "# Segmentation rules for nftables, written by Leadapron from the traffic it saw (2024-05-07)."
    )
    assert "Rules that allow: 4, of which to be asked about (ASK): 1. Rules that refuse: 1." in text
    assert "#   nft delete table inet leadapron" in text
    assert 'comment "scanners-to-pacs: dicom, 412 connections, last 2024-05-06"' in text


@pytest.mark.parametrize("name", NAMES)
def test_rules_to_ask_about_are_allowed_and_marked(name: str) -> None:
    written = "\n".join(export(SMALL, name).values())
    assert "ASK - maker-visit: ssh" in written
    assert "A CONFIRMER - maker-visit" in "\n".join(export(SMALL, name, language="fr").values())


@pytest.mark.parametrize("name", NAMES)
def test_every_file_is_told_by_a_header_in_both_languages(name: str) -> None:
    for language, said in (("en", "leadapron segment rehearse"), ("fr", "Avant de charger ces regles")):
        files = export(SMALL, name, language=language)
        told = [text for text in files.values() if said in text]
        assert told
        assert len(told) == len(files) or said in files["README.txt"]


@pytest.mark.parametrize("name", APPLYING)
def test_nothing_applies_itself(name: str) -> None:
    for text in export(SMALL, name).values():
        code = [line for line in text.splitlines() if not line.startswith(("#", "!"))]
        assert not [line for line in code if re.search(APPLYING[name], line)]


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=15)
@given(segmentation=segmentations())
def test_hostile_names_never_leave_their_place(name: str, segmentation: Segmentation) -> None:
    for file, text in export(segmentation, name).items():
        assert re.fullmatch(r"[A-Za-z0-9.-]+", file)
        assert set(text) <= set(string.printable) - {"\x0b", "\x0c"}
        assert ("\r\n" in text) == file.endswith(".ps1")
        if file.endswith(".json"):
            json.loads(text)


def test_zones_of_one_spelling_keep_apart() -> None:
    zones = (Zone(name="Salle é", networks=("10.0.0.0/24",)), Zone(name="salle-E", networks=("10.0.1.0/24",)))
    text = export(Segmentation(zones=zones, rules=()), "cisco-ios")["leadapron-ios.cfg"]
    assert "extended LA4-FROM-SALLE-E\n" in text
    assert "extended LA4-FROM-SALLE-E-2\n" in text


def test_one_device_has_one_file() -> None:
    assert list(export(SMALL, "windows", device="10.20.1.10")) == ["10.20.1.10.ps1"]
    assert list(export(SMALL, "mud", device="fd00:2::10")) == ["fd00-2--10.json", "README.txt"]
    assert "zone-vendor.ps1" in export(SMALL, "windows")


def test_ipv6_is_told_when_it_is_not_filtered() -> None:
    only_v4 = Segmentation(zones=(Zone(name="a", networks=("10.0.0.0/24",)),), rules=())
    assert "IPv6 is not filtered" in export(only_v4, "iptables")["leadapron-v4.rules"]
    assert list(export(only_v4, "iptables")) == ["leadapron-v4.rules"]
    assert "IPv6 is not filtered" not in export(SMALL, "nftables")["leadapron.nft"]


OUTSIDE = Segmentation(
    zones=(Zone(name="a", networks=("10.0.0.0/24",)), Zone(name="external", networks=public_networks())),
    rules=(
        Allow(
            id="out", source_zone="a", target_zone="external", targets=("203.0.113.7",), transport=Transport.TCP,
            ports=(443,), service=Service.HTTPS,
        ),
    ),
)  # fmt: skip


def test_nobody_is_given_a_file_for_the_internet() -> None:
    assert list(export(OUTSIDE, "windows")) == ["zone-a.ps1"]
    assert list(export(OUTSIDE, "mud")) == ["README.txt"]
    assert "leadapron-zone-a" in (pods := export(OUTSIDE, "kubernetes")["leadapron-networkpolicies.json"])
    assert "leadapron-zone-external" not in pods


def test_ipv6_of_the_internet_is_no_ipv6_of_the_house() -> None:
    assert "IPv6 is not filtered" in export(OUTSIDE, "nftables")["leadapron.nft"]


@pytest.mark.parametrize("name", ["nftables", "cisco-ios"])
def test_a_reason_without_room_ends_between_words(name: str) -> None:
    asked = replace(SMALL.rules[2], reason="segment.maintenance")
    (text,) = export(replace(SMALL, rules=(asked,)), name).values()
    said = re.findall(r"no connection seen: (.*?)\.\.\.", text)
    assert said
    assert all(load_messages()["en"]["segment.maintenance"].startswith(f"{each} ") for each in said)


def test_answers_of_udp_on_every_port_are_left_out_of_lists_without_memory() -> None:
    rule = Allow(
        id="all",
        source_zone="vendor",
        target_zone="modalities",
        transport=Transport.UDP,
        ports=(),
        service=Service.UNKNOWN,
    )
    text = export(replace(SMALL, rules=(rule,)), "cisco-ios")["leadapron-ios.cfg"]
    assert "permit udp 10.20.1.128 0.0.0.15 10.20.0.0 0.0.0.255\n" in text
    assert "permit udp 10.20.0.0 0.0.0.255 10.20.1.128 0.0.0.15" not in text


@pytest.mark.parametrize("name", ["cisco-ios", "cisco-nxos"])
def test_routers_of_a_segment_still_meet_and_leases_are_renewed(name: str) -> None:
    """OSPFv3 speaks from link-local address to link-local address; a client whose server is silent asks everyone."""
    (text,) = export(SMALL, name).values()
    assert "permit ipv6 any fe80::/10\n" in text.lower()
    assert re.search(r"permit udp any eq 68 (host )?255\.255\.255\.255(/32)? eq 67\n", text)


def test_the_reason_of_a_rule_is_a_sentence_where_its_words_are_known() -> None:
    known = replace(SMALL.rules[2], reason="export.inside")
    text = export(replace(SMALL, rules=(known,)), "nftables")["leadapron.nft"]
    assert 'no connection seen: inside the zone"' in text


ZONES = (Zone(name="a", networks=("10.0.0.0/24",)), Zone(name="b", networks=("10.0.1.0/24",)))
RULE = Allow(
    id="r", source_zone="a", target_zone="b", transport=Transport.TCP, ports=(104,), service=Service.DICOM
)  # fmt: skip


@pytest.mark.parametrize(
    ("zones", "rule", "said"),
    [
        ((), None, "no zone in these rules"),
        ((*ZONES, Zone(name="c", networks=("10.0.0.0/24",))), None, "zones 'a' and 'c' both have 10.0.0.0/24"),
        ((*ZONES, Zone(name="a", networks=("10.0.3.0/24",))), None, "same name"),
        ((Zone(name="a", networks=("10.0.0.300",)),), None, "zone 'a'"),
        (ZONES, replace(RULE, target_zone="elsewhere"), "rule 'r': there is no zone 'elsewhere'"),
        (ZONES, replace(RULE, sources=("10.0.1.7",)), "rule 'r': 10.0.1.7 is not in zone 'a'"),
        (ZONES, replace(RULE, targets=("pacs",)), "'pacs' is not an IP address"),
        (ZONES, replace(RULE, ports=(0,)), "0 is not a port"),
    ],
)
def test_what_cannot_be_exported_is_named(zones: tuple[Zone, ...], rule: Allow | None, said: str) -> None:
    with pytest.raises(UsageError, match=re.escape(said)):
        export(Segmentation(zones=zones, rules=(rule,) if rule else ()), "nftables")


def test_wrong_requests_say_what_can_be_asked() -> None:
    with pytest.raises(UsageError, match="choose nftables, iptables"):
        export(SMALL, "pfsense")
    with pytest.raises(UsageError, match="a device can be chosen for windows, mud"):
        export(SMALL, "paloalto", device="10.20.1.10")
    with pytest.raises(UsageError, match="in no zone"):
        export(SMALL, "mud", device="203.0.113.1")
