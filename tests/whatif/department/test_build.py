"""A department built from small pictures: classes, weaknesses, who reaches whom, exam chains, what is said of it."""

from __future__ import annotations

from datetime import UTC
from typing import Any

import pytest

from leadapron.model.department import Basis, DeviceClass, Role, Way
from leadapron.model.errors import UsageError
from leadapron.model.findings import Confidence
from leadapron.rules.samples import picture_of
from leadapron.whatif.department import build_department, read_settings
from leadapron.whatif.department.figures import weaknesses
from leadapron.whatif.messages import load_messages
from tests.whatif.department.pictures import finding, messages, nodes, site


def test_a_department_from_its_workspace() -> None:
    department = build_department(site(), [finding("smb1", "ct")], zone=UTC)
    found = nodes(department)
    assert {label: node.kind for label, node in found.items()} == {
        "ct": DeviceClass.MODALITY,
        "mr": DeviceClass.MODALITY,
        "pacs": DeviceClass.PACS,
        "ris": DeviceClass.RIS,
        "ws": DeviceClass.READING,
        "pc": DeviceClass.OFFICE,
        "pc2": DeviceClass.OFFICE,
    }
    assert found["ct"].weak[Way.SMB] == pytest.approx(1 - 0.85 * 0.2)
    assert found["ct"].findings[Way.SMB] == (finding("smb1", "ct").id,)
    assert found["mr"].weak[Way.SMB] == 0.15
    assert not found["mr"].findings
    chain = department.chains[0]
    assert (chain.modality, chain.scanners) == ("CT", ("ct",))
    assert {need.role: need.nodes for need in chain.needs} == {
        Role.WORKLIST: ("ris",),
        Role.STORAGE: ("pacs",),
        Role.READING: ("ws",),
        Role.REPORTING: (),
    }
    assert found["pacs"].records > 10_000
    assert not found["ris"].records


def test_flows_prove_passages_and_the_rest_is_assumed_open() -> None:
    department = build_department(site(), (), zone=UTC)
    basis = {(one.source, one.target, one.way): one for one in department.passages}
    assert basis["scan", "srv", Way.DICOM].basis is Basis.MEASURED
    assert len(basis["scan", "srv", Way.DICOM].flows) == 3
    assert basis["office", "srv", Way.WEB].basis is Basis.MEASURED
    assert basis["office", "scan", Way.SMB].basis is Basis.ASSUMED, "an unanswered attempt proves nothing"
    assert not any(one.way is Way.CREDENTIALS for one in department.passages)
    assert {"passages-seen", "passages-open", "inside-open", "no-directory", "no-gateway"} <= set(messages(department))
    assert {(one.source, one.target) for one in department.seen if one.way is Way.DICOM} == {
        ("ct", "ris"), ("ct", "pacs"), ("mr", "pacs"), ("ws", "pacs"),
    }  # fmt: skip


def test_a_makers_door_is_told_by_what_it_maintains() -> None:
    flows = [
        {"client": "door", "client_zone": "dmz", "server": server, "service": service, "port": port}
        for server, service, port in (("ct", "rdp", 3389), ("mr", "vnc", 5900))
    ]
    flows += [
        {"client": "support", "client_external": True, "client_zone": "external", "client_addresses": ["198.51.100.7"],
         "server": "pacs", "service": "ssh", "port": 22},
        {"client": "pacs", "server": "cloud", "server_external": True, "server_zone": "external", "service": "https",
         "port": 443},
    ]  # fmt: skip
    department = build_department(site(flows=flows), (), zone=UTC)
    found = nodes(department)
    assert found["door"].kind is found["support"].kind is DeviceClass.GATEWAY
    assert not {"cloud", "router"} & found.keys(), "what only answers, and what only forwards, is no victim"
    assert {(one.source, one.target, one.way) for one in department.links} == {
        ("door", "ct", Way.RDP),
        ("door", "mr", Way.REMOTE),
        ("support", "pacs", Way.REMOTE),
    }
    assert found["pacs"].exposed
    assert not found["ct"].exposed
    assert not any("198.51.100.7" in one.source + one.target for one in department.passages)


def test_a_directory_reaches_its_members() -> None:
    more: dict[str, Any] = {
        "assets": [
            {"id": "dc", "hostnames": ["DC01"], "roles": ["server"], "zone": "srv", "services": ["ldap/389", "dns/53"]}
        ],
        "flows": [
            {"client": "ct", "server": "dc", "service": "ldap", "port": 389},
            {"client": "pc", "server": "dc", "service": "dns", "transport": "udp", "port": 53},
            {"client": "pc2", "server": "dc", "service": "dns", "transport": "udp", "port": 53},
        ],
    }
    department = build_department(site(**more), (), zone=UTC)
    assert nodes(department)["DC01"].kind is DeviceClass.DIRECTORY
    assert {(one.source, one.target): one.basis for one in department.links} == {
        ("dc", "ct"): Basis.MEASURED,
        ("dc", "pc"): Basis.ASSUMED,
    }, "who signs in is a member; a Windows computer that asks it for names is taken for one"
    assert "members" in messages(department)


def test_what_a_directory_is_known_to_command_falls_with_it() -> None:
    more: dict[str, Any] = {
        "assets": [
            {"id": "dc", "hostnames": ["DC01"], "roles": ["server"], "zone": "srv", "services": ["ldap/389", "dns/53"]}
        ],
        "flows": [
            {"client": "ct", "server": "dc", "service": "ldap", "port": 389},
            {"client": "mr", "server": "dc", "service": "ldap", "port": 389},
            {"client": "pc", "server": "dc", "service": "dns", "transport": "udp", "port": 53},
        ],
    }
    given = read_settings(
        b'[devices.mr]\nweak.credentials = 0.1\n[[passages]]\nsource = "dc"\ntarget = "ws"\nallow = ["credentials"]\n',
        "whatif.toml",
    )
    department = build_department(site(**more), (), zone=UTC, settings=given)
    base = weaknesses().base
    assert {
        one.id: one.weak.get(Way.CREDENTIALS, 0.0) for one in department.nodes if one.id in ("ct", "mr", "pc", "ws")
    } == {
        "ct": 0.9,
        "mr": 0.1,
        "pc": base[DeviceClass.OFFICE][Way.CREDENTIALS],
        "ws": 0.9,
    }, "seen to sign in, given otherwise, only guessed to be a member, declared"
    said = next(one for one in department.assumptions if one.message == "department.commanded")
    assert (said.params["count"], said.params["percent"], said.params["devices"]) == (2, 90.0, "ct, ws")
    assert "Vermont" in said.source
    assert "commanded" not in messages(build_department(site(), (), zone=UTC))


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("DC02", DeviceClass.DIRECTORY),
        ("vna-archive", DeviceClass.PACS),
        ("SECR07", DeviceClass.OFFICE),
        ("LECTURE3", DeviceClass.READING),
        ("bastion", DeviceClass.GATEWAY),
        ("thing", DeviceClass.OTHER),
    ],
)
def test_names_tell_where_traffic_does_not(name: str, kind: DeviceClass) -> None:
    more = [{"id": "x", "hostnames": [name], "roles": ["unknown"], "zone": "elsewhere"}]
    department = build_department(site(assets=more), (), zone=UTC)
    assert nodes(department)[name].kind is kind
    assert {"class-by-name", "class-by-zone"} & set(messages(department))


def test_an_unknown_computer_among_office_computers_is_one() -> None:
    more = [{"id": "x", "hostnames": ["thing"], "roles": ["unknown"], "zone": "office"}]
    assert nodes(build_department(site(assets=more), (), zone=UTC))["thing"].kind is DeviceClass.OFFICE


def test_a_rogue_is_no_reading_station() -> None:
    department = build_department(site(), [finding("dcm-rogue", "ws")], zone=UTC)
    assert nodes(department)["ws"].kind is DeviceClass.OTHER
    assert "no-reading" in messages(department)


def test_encrypted_scanners_are_told_by_whom_they_talk_to() -> None:
    more: dict[str, Any] = {
        "assets": [
            {"id": "mg", "roles": ["unknown"], "zone": "scan"},
            {"id": "x", "roles": ["unknown"], "zone": "scan"},
        ],
        "flows": [
            {"client": client, "server": server, "service": "dicom-tls", "port": 2762, "encrypted": True}
            for client in ("mg", "x")
            for server in ("pacs", "ris")
        ],
        "declared": {"mg": {"device": {"modality": "mg", "name": "Mammography"}}},
    }
    department = build_department(site(**more), (), zone=UTC)
    chains = {chain.modality: chain for chain in department.chains}
    assert chains["MG"].scanners == ("mg",)
    assert chains["OT"].scanners == ("x",)
    for modality in ("MG", "OT"):
        needs = {need.role: need.nodes for need in chains[modality].needs}
        assert (needs[Role.WORKLIST], needs[Role.STORAGE]) == (("ris",), ("pacs",))
    assert "class-by-sealed" in messages(department)


def test_discs_are_read_where_images_come_in_else_where_they_are_read() -> None:
    assert [n.label for n in build_department(site(), (), zone=UTC).nodes if n.importer] == ["ws"]
    more: dict[str, Any] = {
        "assets": [{"id": "cd", "hostnames": ["thing"], "roles": ["server"], "zone": "read"}],
        "flows": [{"client": "cd", "server": "pacs", "service": "dicom", "port": 4242, "operations": {"C-STORE": 3}}],
    }
    assert [n.label for n in build_department(site(**more), (), zone=UTC).nodes if n.importer] == ["thing"]


def test_findings_add_up_as_chances_do_and_doubt_counts_less() -> None:
    two = [finding("smb1", "ct"), finding("share-open", "ct", Confidence.POSSIBLE)]
    weak = nodes(build_department(site(), two, zone=UTC))["ct"].weak[Way.SMB]
    assert weak == pytest.approx(1 - 0.85 * (1 - 0.8) * (1 - 0.5 * 0.4), abs=1e-3)


def test_old_windows_is_weak_to_worms_and_old_linux_is_not() -> None:
    found = nodes(build_department(site(), [finding("os-eol", "ws"), finding("os-eol", "pacs")], zone=UTC))
    assert found["ws"].weak[Way.SMB] > 0.6
    assert found["pacs"].weak[Way.SMB] == 0.1


def test_odd_departments_say_what_they_are() -> None:
    with pytest.raises(UsageError, match="no device was seen"):
        build_department(picture_of({}), (), zone=UTC)
    one = build_department(picture_of({"assets": [{"id": "pc", "roles": ["office"], "zone": "z"}]}), (), zone=UTC)
    assert {"one-device", "no-scanner"} <= set(messages(one))
    assert not one.passages
    assert not one.chains
    lost = build_department(site(assets=[{"id": "x", "roles": ["unknown"]}]), (), zone=UTC)
    assert nodes(lost)["x"].zone == "?"
    assert "no-zone" in messages(lost)


def test_every_message_has_its_words_and_parameters() -> None:
    department = build_department(site(), [finding("net-internet", "pacs")], zone=UTC)
    for words in load_messages().values():
        for one in department.assumptions:
            assert words[one.message].format(**one.params)


def test_the_same_picture_gives_the_same_department() -> None:
    found = [finding("smb1", "ct"), finding("rdp-open", "ct")]
    assert build_department(site(), found, zone=UTC) == build_department(site(), found, zone=UTC)
