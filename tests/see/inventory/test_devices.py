"""Which addresses are devices, and which are one device."""

from __future__ import annotations

import pytest

from leadapron.model.events import Implementation, NameSeen, Service, Transport
from leadapron.model.inventory import Contradiction, Role
from leadapron.see.inventory import build_inventory, zone_of
from leadapron.see.inventory.addresses import is_device, is_external
from tests.see.inventory.network import (
    CT,
    CT_IDENTITY,
    FINGERPRINTS,
    MR,
    PACS,
    READING,
    ROUTER_MAC,
    START,
    Network,
    addresses,
    asset,
    flow,
)

CT_MAC = "88:4b:39:00:00:11"
OTHER_MAC = "28:cd:c1:00:00:02"


def test_one_card_with_two_addresses_is_one_device() -> None:
    network = Network()
    for address in ("10.1.1.11", "10.1.7.11", "fe80::8a4b:39ff:fe00:11"):
        network.sight(address, CT_MAC)
    inventory = network.inventory()
    (device,) = inventory.assets
    assert device.addresses == ("10.1.1.11", "10.1.7.11", "fe80::8a4b:39ff:fe00:11")
    assert (device.mac, device.mac_vendor) == (CT_MAC, "Siemens AG, Healthcare Sector")


def test_hosts_behind_a_router_share_its_mac_and_stay_apart() -> None:
    network = Network()
    for number in range(1, 30):
        network.sight(f"10.9.0.{number}", ROUTER_MAC, ttl=63)
    network.sight(CT, CT_MAC)
    inventory = network.inventory()
    assert len(inventory.assets) == 30
    assert asset(inventory, "10.9.0.5").mac == ""
    assert asset(inventory, CT).mac == CT_MAC


def test_two_windows_hosts_behind_a_router_stay_apart() -> None:
    network = Network()
    network.claim("10.1.1.1", ROUTER_MAC)
    network.sight("10.9.0.1", ROUTER_MAC, ttl=127)
    network.sight("10.9.0.2", ROUTER_MAC, ttl=127)
    inventory = network.inventory()
    assert len(inventory.assets) == 3
    assert asset(inventory, "10.1.1.1").roles == (Role.NETWORK,)
    assert asset(inventory, "10.1.1.1").mac == ROUTER_MAC
    assert asset(inventory, "10.9.0.1").roles == (Role.UNKNOWN,)


def test_a_packet_seen_before_and_after_the_router_gives_the_host_its_own_mac() -> None:
    network = Network()
    network.sight(CT, ROUTER_MAC, ttl=127)
    network.sight(CT, CT_MAC, ttl=128)
    network.sight(PACS, ROUTER_MAC, ttl=63)
    assert asset(network.inventory(), CT).macs == (CT_MAC,)


def test_the_interfaces_of_one_router_are_one_device() -> None:
    network = Network()
    macs = {"10.1.1": "00:00:0c:00:00:01", "10.1.2": "00:00:0c:00:00:02", "10.1.3": "00:00:0c:00:00:03"}
    for zone, mac in macs.items():
        network.claim(f"{zone}.1", mac)
        for other in macs:
            if other != zone:
                network.sight(f"{other}.50", mac, ttl=63)
    inventory = network.inventory()
    router = asset(inventory, "10.1.1.1")
    assert router.addresses == ("10.1.1.1", "10.1.2.1", "10.1.3.1")
    assert router.roles == (Role.NETWORK,)
    assert len(inventory.assets) == 4


def test_two_routers_side_by_side_are_not_joined() -> None:
    network = Network()
    for zone, host in (("10.1.1", "10.1.2.50"), ("10.1.2", "10.1.1.50")):
        for number in (2, 3):
            network.claim(f"{zone}.{number}", f"00:00:0c:00:{zone[-1]}0:0{number}")
            network.sight(host, f"00:00:0c:00:{zone[-1]}0:0{number}", ttl=63)
    assert all(len(item.addresses) == 1 for item in network.inventory().assets)


def test_one_card_with_two_names_is_not_one_device() -> None:
    network = Network()
    network.sight("10.1.1.11", OTHER_MAC)
    network.sight("10.1.1.12", OTHER_MAC)
    network.smb("10.1.1.11", PACS, client_host="BRIDGED-A")
    network.smb("10.1.1.12", PACS, client_host="BRIDGED-B")
    inventory = network.inventory()
    assert asset(inventory, "10.1.1.11").addresses == ("10.1.1.11",)
    assert asset(inventory, "10.1.1.11").id != asset(inventory, "10.1.1.12").id


def test_an_address_claimed_by_two_cards_keeps_its_own_and_says_so() -> None:
    network = Network()
    network.sight(CT, CT_MAC)
    network.claim(CT, CT_MAC)
    network.sight("10.1.1.200", OTHER_MAC)
    network.claim("10.1.1.200", OTHER_MAC)
    network.claim(CT, OTHER_MAC)
    inventory = network.inventory()
    scanner = asset(inventory, CT)
    assert scanner.addresses == (CT,)
    assert scanner.mac == CT_MAC
    assert Contradiction("mac", (OTHER_MAC, CT_MAC)) in scanner.contradictions
    assert inventory.arp_conflicts == {CT: (OTHER_MAC, CT_MAC)}


def test_two_names_from_one_address_are_two_systems_and_both_are_shown() -> None:
    network = Network()
    network.smb(CT, PACS, client_host="CT-CONSOLE")
    network.smb(CT, PACS, client_host="CT-RECON")
    device = asset(network.inventory(), CT)
    assert device.systems_behind == 2
    assert device.contradictions == (Contradiction("hostnames", ("CT-CONSOLE", "CT-RECON")),)


def test_toolkits_that_share_no_title_are_several_systems() -> None:
    network = Network()
    for number in range(3):
        toolkit = Implementation(f"1.2.3.{number}", f"KIT_{number}")
        network.echo("10.1.9.1", PACS, f"STATION{number}", "PACS", requestor=toolkit)
        network.echo(CT, PACS, "CT01", "PACS", requestor=toolkit)
    inventory = network.inventory()
    assert asset(inventory, "10.1.9.1").systems_behind == 3
    assert asset(inventory, CT).systems_behind == 1


def test_one_name_in_several_spellings_is_one_name() -> None:
    network = Network()
    network.sight(CT, CT_MAC)
    network.lease(CT, CT_MAC, hostname="ct-console-room-one")
    network.smb(PACS, CT, server_host="CT-CONSOLE-ROOM", server_dns_name="ct-console-room-one.hospital.lan")
    device = asset(network.inventory(), CT)
    assert device.systems_behind == 1
    assert device.contradictions == ()
    assert device.hostnames == ("CT-CONSOLE-ROOM", "ct-console-room-one", "ct-console-room-one.hospital.lan")


def test_a_lease_names_the_card_not_the_relay() -> None:
    network = Network()
    network.lease("10.1.1.50", CT_MAC, hostname="us-portable", vendor_class="MSFT 5.0")
    network.connect("10.1.1.50", PACS, 80)
    device = asset(network.inventory(), "10.1.1.50")
    assert (device.mac, device.hostnames, device.os) == (CT_MAC, ("us-portable",), "Windows")


def test_same_serial_number_from_two_addresses_is_one_machine() -> None:
    network = Network()
    network.store("10.1.1.11", PACS, "CT01", "PACS", CT_IDENTITY, "study-1")
    network.store("10.1.5.11", PACS, "CT01", "PACS", CT_IDENTITY, "study-2")
    inventory = network.inventory()
    assert asset(inventory, "10.1.1.11").addresses == ("10.1.1.11", "10.1.5.11")
    assert sum(cell.exams for cell in inventory.utilisation) == 2


def test_two_scanners_with_one_title_stay_two() -> None:
    network = Network()
    other = CT_IDENTITY.__class__(modality="CT", manufacturer="SIEMENS", model="SOMATOM Force", serial_hash="other")
    network.store("10.1.1.11", PACS, "CT01", "PACS", CT_IDENTITY, "study-1")
    network.store("10.1.1.12", PACS, "CT01", "PACS", other, "study-2")
    inventory = network.inventory()
    assert asset(inventory, "10.1.1.11").id != asset(inventory, "10.1.1.12").id


def test_unanswered_addresses_are_not_devices() -> None:
    network = Network()
    network.echo(CT, PACS, "CT01", "PACS")
    network.probe(CT, "10.1.2.99", 104)
    network.connect(CT, "224.0.0.251", 5353, Service.MDNS, transport=Transport.UDP, answered=False, server_bytes=0)
    network.connect(CT, "10.1.1.255", 137, Service.NETBIOS, transport=Transport.UDP, answered=False, server_bytes=0)
    network.connect("0.0.0.0", "255.255.255.255", 67, Service.DHCP, transport=Transport.UDP)
    inventory = network.inventory()
    assert addresses(inventory) == {CT, PACS}
    assert len(inventory.flows) == 1


def test_forged_senders_are_not_devices() -> None:
    network = Network()
    network.sight(CT, CT_MAC)
    for number in range(100):
        network.sight(f"10.{number}.0.1", OTHER_MAC)
        network.probe(f"10.{number}.0.1", CT, 104)
    assert addresses(network.inventory()) == {CT}


def test_public_addresses_are_external_devices_only_if_they_answered() -> None:
    network = Network()
    network.tls(CT, "203.0.113.66", 443)
    network.probe(CT, "203.0.113.67", 443)
    network.probe("198.51.100.9", CT, 443)
    network.sight("203.0.113.66", ROUTER_MAC, ttl=64)
    inventory = network.inventory()
    assert addresses(inventory) == {CT, "203.0.113.66"}
    outside = asset(inventory, "203.0.113.66")
    assert (outside.roles, outside.external, outside.zone, outside.mac) == ((Role.EXTERNAL,), True, "external", "")
    assert flow(inventory, CT, "203.0.113.66", Service.HTTPS).server_external


def test_a_sweep_is_told_and_makes_no_devices() -> None:
    network = Network()
    network.echo(CT, PACS, "CT01", "PACS")
    network.connect(READING, CT, 445, client_bytes=0, server_bytes=0)
    for number in range(20, 30):
        network.probe(READING, f"10.1.1.{number}", 445, refused=number % 2 == 0)
    inventory = network.inventory()
    (sweep,) = inventory.sweeps
    assert (sweep.client, sweep.port, sweep.targets, sweep.answered) == (asset(inventory, READING).id, 445, 11, 0)
    assert sweep.evidence
    assert addresses(inventory) == {CT, PACS, READING}


def test_a_client_of_many_servers_is_no_sweep() -> None:
    network = Network()
    for number in range(20):
        network.connect(READING, f"10.1.1.{number + 10}", 443, Service.TLS)
    network.probe(READING, "10.1.1.99", 443)
    assert network.inventory().sweeps == ()


def test_a_vlan_that_all_zones_share_is_the_mirrors() -> None:
    network = Network()
    network.sight("10.1.1.5", CT_MAC, vlan=999)
    network.sight("10.1.2.5", OTHER_MAC, vlan=999)
    network.echo("10.1.1.5", "10.1.2.5", "CT01", "PACS")
    assert asset(network.inventory(), "10.1.1.5").zone == "10.1.1.0/24"


def test_zones_carry_their_vlan_where_it_is_known() -> None:
    network = Network()
    network.sight(CT, CT_MAC, vlan=110)
    network.sight(MR, OTHER_MAC, vlan=110)
    network.echo(CT, MR, "CT01", "MR01")
    inventory = network.inventory()
    assert asset(inventory, CT).zone == "10.1.1.0/24 (VLAN 110)"
    assert flow(inventory, CT, MR, Service.DICOM).server_zone == "10.1.1.0/24 (VLAN 110)"


def test_names_that_others_give_are_no_contradiction() -> None:
    network = Network()
    network.echo(CT, PACS, "CT01", "PACS")
    for name in ("pacs.hospital.lan", "archive.hospital.lan"):
        network.events.append(NameSeen(ts=START, sensor="span", packet=1, name=name, ip=PACS, source=Service.DNS))
    device = asset(network.inventory(), PACS)
    assert device.hostnames == ("archive.hospital.lan", "pacs.hospital.lan")
    assert (device.systems_behind, device.contradictions) == (1, ())


def test_a_mirrored_conversation_counts_once() -> None:
    sensors = [Network("core-switch"), Network("ct-room")]
    for sensor in sensors:
        sensor.associate(CT, PACS, "CT01", "PACS", uid="same conversation")
    inventory = build_inventory([event for sensor in sensors for event in sensor.events], FINGERPRINTS)
    seen = flow(inventory, CT, PACS, Service.DICOM)
    assert (seen.connections, seen.associations, seen.bytes_to_server) == (1, 1, 100)


def test_a_conversation_across_two_files_of_one_capture_is_whole() -> None:
    network = Network()
    network.associate(CT, PACS, "CT01", "PACS", uid="long")
    network.events = [event.__class__(**_fields(event, index)) for index, event in enumerate(network.events)]
    seen = flow(network.inventory(), CT, PACS, Service.DICOM)
    assert (seen.connections, seen.associations) == (1, 1)


def _fields(event: object, index: int) -> dict[str, object]:
    fields = {name: getattr(event, name) for name in event.__struct_fields__}  # type: ignore[attr-defined]
    return fields | {"sensor": f"ring_{index:05d}.pcapng"}


@pytest.mark.parametrize(
    ("address", "device", "external", "zone"),
    [
        ("10.1.2.3", True, False, "10.1.2.0/24"),
        ("192.168.4.5", True, False, "192.168.4.0/24"),
        ("fd00:1:2:3::9", True, False, "fd00:1:2:3::/64"),
        ("198.51.100.7", True, True, "external"),
        ("2001:db8::1", True, True, "external"),
        ("239.1.1.1", False, True, "external"),
        ("255.255.255.255", False, True, "external"),
        ("0.0.0.0", False, True, "external"),
        ("nonsense", False, False, ""),
    ],
)
def test_what_an_address_tells(address: str, device: bool, external: bool, zone: str) -> None:
    assert (is_device(address), is_external(address), zone_of(address)) == (device, external, zone)
