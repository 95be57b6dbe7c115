from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadapron.model.events import EVENT_KINDS, ArpBinding, DhcpSeen, Endpoint, Event, Service
from leadapron.model.fingerprints import Fingerprints
from leadapron.model.inventory import Role
from leadapron.see.inventory import build_inventory, fold
from leadapron.see.inventory.links import MAX_RIVALS, Links
from tests.see.inventory.network import (
    ARCHIVE,
    CT,
    FINGERPRINTS,
    MR,
    PACS,
    READING,
    RIS,
    START,
    Network,
    addresses,
    asset,
    department,
    flow,
)
from tests.store.strategies import structs_of


def test_a_department() -> None:
    inventory = department().inventory()
    assert addresses(inventory) == {CT, MR, PACS, ARCHIVE, RIS, READING}
    scanner = asset(inventory, CT)
    assert scanner.roles == (Role.MODALITY,)
    assert (scanner.manufacturer, scanner.model, scanner.modalities) == ("SIEMENS", "SOMATOM Force", ("CT",))
    assert scanner.software_versions == ("syngo CT VB20A",)
    assert scanner.ae_titles == ("CT01",)
    assert [(item.name, item.version) for item in scanner.components] == [("DCMTK", "3.6.7")]
    assert scanner.zone == "10.1.1.0/24"
    assert asset(inventory, PACS).roles == (Role.PACS,)
    assert asset(inventory, PACS).services == ("dicom/104",)
    assert asset(inventory, RIS).roles == (Role.RIS,)
    assert asset(inventory, READING).roles == (Role.WORKSTATION,)
    stores = flow(inventory, CT, PACS, Service.DICOM)
    assert (stores.operations, stores.objects, stores.answered) == ({"C-STORE": 10}, 10, 1)
    assert stores.calling_ae_titles == ("CT01",)
    assert not stores.encrypted
    assert stores.evidence["first"][0].sensor == "span"
    assert [(cell.modality, cell.exams, cell.objects) for cell in inventory.utilisation] == [
        ("CT", 1, 10),
        ("MR", 1, 4),
    ]
    assert inventory.quality.packets == 1000
    assert inventory.sources[0].name == "span"


def test_the_order_of_events_does_not_matter() -> None:
    network = department()
    network.probe(CT, "10.1.9.9", 104)
    network.smb(READING, PACS, server_host="PACS01", server_os="10.0.17763", client_host="READ1")
    network.tls(READING, "203.0.113.7", 443, alpn=("h2",))
    network.anomaly("dicom.pdu-length", CT, PACS, 104)
    expected = network.inventory()
    for seed in range(20):
        shuffled = list(network.events)
        random.Random(seed).shuffle(shuffled)
        assert build_inventory(shuffled, FINGERPRINTS) == expected


def test_identifiers_are_the_same_every_time_and_unique() -> None:
    first, second = department().inventory(), department().inventory()
    assert msgspec.json.encode(first) == msgspec.json.encode(second)
    for items in (first.assets, first.flows):
        assert len({item.id for item in items}) == len(items)


def test_nothing_gives_an_empty_inventory() -> None:
    inventory = build_inventory([], Fingerprints())
    assert (inventory.assets, inventory.flows, inventory.sources) == ((), (), ())


POOL = (CT, PACS, "10.1.1.255", "224.0.0.251", "203.0.113.7", "fe80::1", "", "not an address")


def _placed(event: Any, indices: list[int]) -> Event:
    """The event between addresses of a small pool, so that chance makes them meet."""
    changes: dict[str, Any] = {}
    for name, index in zip(("client", "server", "ip", "requested_ip", "agent", "manager"), indices, strict=True):
        if name in event.__struct_fields__:
            changes[name] = Endpoint(ip=POOL[index], port=104) if name in ("client", "server") else POOL[index]
    return msgspec.structs.replace(event, **changes)  # type: ignore[no-any-return]


EVENTS = st.builds(
    _placed,
    st.one_of([structs_of(kind) for kind in EVENT_KINDS]),
    st.lists(st.integers(0, len(POOL) - 1), min_size=6, max_size=6),
)


@given(st.lists(EVENTS, max_size=12))
def test_no_event_is_too_strange(events: list[Event]) -> None:
    inventory = build_inventory(events, FINGERPRINTS)
    ids = {item.id for item in inventory.assets}
    assert all(item.client in ids and item.server in ids for item in inventory.flows)
    msgspec.json.encode(inventory)


def test_a_flood_of_half_open_connections_stays_small() -> None:
    network = Network()
    network.echo(CT, PACS, "CT01", "PACS")
    for number in range(40_000):
        forged = f"10.{200 + number % 50}.{number // 256 % 256}.{number % 250}"
        network.sight(forged, "02:00:00:00:00:99")
        network.probe(forged, PACS, 1 + number % 60_000)
    inventory = network.inventory()
    assert addresses(inventory) == {CT, PACS}
    assert inventory.quality.anomalies["inventory.attempts"] > 0


def test_two_captures_of_one_day_are_both_named_and_summed() -> None:
    monday, tuesday = Network("monday.pcap"), Network("tuesday.pcap")
    monday.quality("a", packets=3, undecodable={"ip-header": 1}, first=START, last=START)
    tuesday.quality("b", packets=4, undecodable={"ip-header": 2}, last=START + timedelta(hours=1), complete=False)
    inventory = build_inventory([*tuesday.events, *monday.events], FINGERPRINTS)
    assert inventory.quality.packets == 7
    assert inventory.quality.undecodable == {"ip-header": 3}
    assert (inventory.quality.first, inventory.quality.last) == (START, START + timedelta(hours=1))
    assert [(source.name, source.complete) for source in inventory.sources] == [
        ("monday.pcap", True),
        ("tuesday.pcap", False),
    ]


def test_the_same_capture_under_two_names_counts_once() -> None:
    copies = [Network(name) for name in ("a.pcap", "copy of a.pcap")]
    for copy in copies:
        copy.quality("same", packets=3)
        copy.associate(CT, PACS, "CT01", "PACS", uid="one connection")
    inventory = build_inventory([event for copy in copies for event in copy.events], FINGERPRINTS)
    assert inventory.quality.packets == 3
    seen = flow(inventory, CT, PACS, Service.DICOM)
    assert (seen.connections, seen.associations) == (1, 1)


def test_starts_are_kept_up_to_a_limit() -> None:
    network = Network()
    moments: list[datetime] = []
    for _ in range(300):
        network.connect(CT, PACS, 4711)
        moments.append(network.now)
    seen = flow(network.inventory(), CT, PACS, Service.UNKNOWN)
    assert seen.starts == tuple(moments[:256])
    assert seen.connections == 300


def test_what_is_forged_with_ease_crowds_nobody_out(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MAX_HOSTS", "MAX_GLIMPSED", "MAX_FLOWS", "MAX_ONE_SIDED", "MAX_ATTEMPTS"):
        monkeypatch.setattr(fold, name, 20)
    flood = Network("flood")
    for number in range(200):
        forged = f"10.9.{number}.1"
        flood.sight(forged, f"02:99:00:00:00:{number:02x}")
        flood.probe(forged, PACS, 104)
        flood.connect(forged, PACS, 8104, client_bytes=0, server_bytes=0)
        flood.associate(forged, PACS, "EVIL", "PACS", port=9104, accepted=False)
        flood.events.pop()  # its connection: nobody answered
    inventory = build_inventory(flood.events + department().events, FINGERPRINTS)
    assert addresses(inventory) >= {CT, MR, PACS, ARCHIVE, RIS, READING}
    assert flow(inventory, CT, PACS, Service.DICOM).operations == {"C-STORE": 10}
    assert inventory.quality.anomalies["inventory.hosts"] > 0
    assert len(inventory.assets) < 30


def test_one_card_or_address_cannot_fill_the_tables() -> None:
    links, own = Links(), "02:00:00:00:00:01"
    for number in range(500):
        mac = f"02:99:00:00:{number >> 8:02x}:{number & 255:02x}"
        links.claim(ArpBinding(ts=START, sensor="span", packet=1, ip=CT, mac=mac))
        links.lease(DhcpSeen(ts=START, sensor="span", packet=1, mac=own, hostname=f"name{number}"))
    assert len(links.conflicts()[CT]) == MAX_RIVALS
    assert len(links.names[own]) == MAX_RIVALS
