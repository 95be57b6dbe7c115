from __future__ import annotations

import pytest

from leadapron.model.events import Implementation
from leadapron.see.inventory.records import BannerKind
from leadapron.see.inventory.software import banner_components, decide_system, mac_vendor, toolkit
from tests.see.inventory.network import FINGERPRINTS


@pytest.mark.parametrize(
    ("class_uid", "version_name", "product", "version"),
    [
        ("1.2.276.0.7230010.3.0.3.6.7", "OFFIS_DCMTK_367", "DCMTK", "3.6.7"),
        ("1.2.826.0.1.3680043.9.3811.3.0.4", "PYNETDICOM_304", "pynetdicom", "3.0.4"),
        ("1.2.40.0.13.1.3", "dcm4che-5.23.0", "dcm4che", "5.23.0"),
        ("1.3.12.2.1107.5.2", "MR_VB17A", "syngo MR", "VB17A"),
        # A maker that uses DCMTK under a UID of its own.
        ("1.2.840.113619.6.99", "OFFIS_DCMTK_354", "DCMTK", "3.5.4"),
        ("1.2.826.0.1.3680043.9.3811.9.9.9", "SOMETHING ELSE", "pynetdicom", ""),
    ],
)
def test_toolkits_are_named_with_their_version(class_uid: str, version_name: str, product: str, version: str) -> None:
    component = toolkit(Implementation(class_uid, version_name), FINGERPRINTS)
    assert component is not None
    assert (component.name, component.version) == (product, version)
    assert version_name in component.evidence


@pytest.mark.parametrize(
    ("class_uid", "version_name"),
    [
        ("", ""),
        ("1.2.3", "UNHEARD_OF"),
        ("1.2.276.0.72300109", "X"),
        ("1.2.3", "MR_VB17A"),
        ("1.2.3", "1.4.16/OTHER"),
    ],
)
def test_an_unknown_toolkit_is_not_guessed(class_uid: str, version_name: str) -> None:
    assert toolkit(Implementation(class_uid, version_name), FINGERPRINTS) is None


@pytest.mark.parametrize(
    ("banners", "expected"),
    [
        ([(BannerKind.NTLM, "10.0.17763")], ("Windows", "10.0.17763", ())),
        ([(BannerKind.SMB1, "Windows 5.1")], ("Windows", "5.1", ())),
        ([(BannerKind.NTLM, "6.1.0")], ("Unix", "", ())),
        (
            [(BannerKind.NTLM, "6.1.0"), (BannerKind.SSH, "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3")],
            ("Debian", "12", ()),
        ),
        (
            [(BannerKind.AGENT, "Mozilla/5.0 (Windows NT 6.1)"), (BannerKind.NTLM, "10.0.19045")],
            ("Windows", "10.0.19045", ()),
        ),
        ([(BannerKind.AGENT, "Mozilla/5.0 (Windows NT 10.0)")], ("Windows", "", ())),
        ([(BannerKind.DHCP, "MSFT 5.0")], ("Windows", "", ())),
        ([(BannerKind.SNMP, "Linux printer 5.10")], ("Linux", "", ())),
        (
            [(BannerKind.NTLM, "10.0.17763"), (BannerKind.SSH, "SSH-2.0-OpenSSH_9.6p1 Ubuntu-3")],
            ("", "", ("Ubuntu", "Windows 10.0.17763")),
        ),
        (
            [(BannerKind.NTLM, "10.0.17763"), (BannerKind.NTLM, "10.0.19045")],
            ("Windows", "", ("Windows 10.0.17763", "Windows 10.0.19045")),
        ),
        ([(BannerKind.HTTP, "nginx")], ("", "", ())),
        ([], ("", "", ())),
    ],
)
def test_the_operating_system_is_what_the_device_says(
    banners: list[tuple[BannerKind, str]], expected: tuple[str, str, tuple[str, ...]]
) -> None:
    assert decide_system(banners) == expected


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        (BannerKind.HTTP, "Apache/2.4.57 (Debian) OpenSSL/3.0.11", [("Apache", "2.4.57"), ("OpenSSL", "3.0.11")]),
        (BannerKind.HTTP, "Microsoft-IIS/10.0", [("Microsoft-IIS", "10.0")]),
        (BannerKind.HTTP, "nginx", [("nginx", "")]),
        (BannerKind.SSH, "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3", [("OpenSSH", "9.2p1")]),
        (BannerKind.SSH, "SSH-2.0-OpenSSH_for_Windows_8.1", [("OpenSSH", "")]),
        (BannerKind.FTP, "220 (vsFTPd 3.0.3)", [("vsFTPd", "3.0.3")]),
        (BannerKind.NTLM, "6.1.0", [("Samba", "")]),
        (BannerKind.AGENT, "curl/7.88.1", []),
        (BannerKind.HTTP, "???", []),
    ],
)
def test_servers_name_their_software(kind: BannerKind, text: str, expected: list[tuple[str, str]]) -> None:
    assert [(item.name, item.version) for item in banner_components(kind, text)] == expected


def test_card_makers_are_looked_up_by_prefix() -> None:
    assert mac_vendor("88:4B:39:10:00:11", FINGERPRINTS) == "Siemens AG, Healthcare Sector"
    assert mac_vendor("02:00:00:00:00:01", FINGERPRINTS) == ""
