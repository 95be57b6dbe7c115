"""Operating system and software components of a device, from the texts it sent. Toolkits never name makers."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from leadapron.model.events import Implementation
from leadapron.model.fingerprints import Fingerprints
from leadapron.model.inventory import Component
from leadapron.see.inventory.records import BannerKind


class System(NamedTuple):
    """An operating system as one text tells it. A higher `weight` is the more direct word."""

    weight: int
    family: str
    """`windows`, `unix` …: two of them on one address are a contradiction; names within one refine each other."""
    name: str
    version: str


_WINDOWS, _UNIX, _APPLE = "windows", "unix", "apple"
_DISTRIBUTIONS = re.compile(
    r"(Debian|Ubuntu|CentOS|Red Hat|Rocky|AlmaLinux|SUSE|FreeBSD|Raspbian|Fedora)", re.IGNORECASE
)
_DEBIAN_RELEASE = re.compile(r"\+?deb(\d+)u\d+")
_PRODUCT = re.compile(r"([A-Za-z][A-Za-z0-9.+-]*?)[/_ ]v?(\d[\w.+-]*)")
_NAMED_PRODUCT = re.compile(r"[A-Za-z][A-Za-z0-9.+-]*")
_WINDOWS_AGENT = re.compile(r"Windows NT (\d+\.\d+)")
_FTP = re.compile(r"\b(vsFTPd|ProFTPD|Pure-FTPd|FileZilla Server|Serv-U|Microsoft FTP Service)\b(?:[ v]*(\d[\w.]*))?")


def system_of(kind: BannerKind, text: str) -> System | None:
    """What one text says of the operating system, or None when it says nothing."""
    return _READERS[kind](text)


def _from_ntlm(text: str) -> System | None:
    # Samba tells 6.1 build 0 where real systems tell their build (MS-NLMP 2.2.2.10).
    if text.endswith(".0"):
        return System(3, _UNIX, "Unix", "")
    return System(3, _WINDOWS, "Windows", text)


def _from_smb1(text: str) -> System | None:
    """Native OS of the SMB 1 session setup (MS-CIFS 2.2.4.53.2): `Windows 5.1`, `Unix` …"""
    if text.startswith("Windows"):
        return System(3, _WINDOWS, "Windows", text.removeprefix("Windows").strip())
    return System(3, _UNIX, "Unix", "") if text.startswith("Unix") else None


def _from_banner(text: str) -> System | None:
    """SSH, FTP and web servers often name the distribution that built them."""
    if "OpenSSH_for_Windows" in text or "Microsoft-IIS" in text or "Win32" in text or "Win64" in text:
        return System(2, _WINDOWS, "Windows", "")
    found = _DISTRIBUTIONS.search(text)
    if found is None:
        return None
    release = _DEBIAN_RELEASE.search(text)
    return System(2, _UNIX, found[1], release[1] if release and found[1].lower() == "debian" else "")


def _from_agent(text: str) -> System | None:
    windows = _WINDOWS_AGENT.search(text)
    if windows:
        return System(1, _WINDOWS, "Windows", "" if windows[1] == "10.0" else windows[1])
    if "Macintosh" in text or "iPhone" in text or "iPad" in text:
        return System(1, _APPLE, "Apple", "")
    return System(1, _UNIX, "Linux", "") if "Linux" in text else None


def _from_dhcp(text: str) -> System | None:
    """Vendor class identifier (RFC 2132 §9.13)."""
    if text.startswith("MSFT"):
        return System(1, _WINDOWS, "Windows", "")
    if "udhcp" in text or "Linux" in text or text.startswith("android"):
        return System(1, _UNIX, "Linux", "")
    return None


def _from_snmp(text: str) -> System | None:
    """`sysDescr` (RFC 3418)."""
    if "Windows" in text:
        return System(2, _WINDOWS, "Windows", "")
    return System(2, _UNIX, "Linux", "") if "Linux" in text else _from_banner(text)


_READERS = {
    BannerKind.NTLM: _from_ntlm,
    BannerKind.SMB1: _from_smb1,
    BannerKind.SSH: _from_banner,
    BannerKind.FTP: _from_banner,
    BannerKind.HTTP: _from_banner,
    BannerKind.AGENT: _from_agent,
    BannerKind.DHCP: _from_dhcp,
    BannerKind.SNMP: _from_snmp,
}


def decide_system(banners: Iterable[tuple[BannerKind, str]]) -> tuple[str, str, tuple[str, ...]]:
    """(name, version, contradicting values). The most direct word wins within a family; families never outvote."""
    systems = {system for kind, text in banners if (system := system_of(kind, text)) is not None}
    if not systems:
        return "", "", ()
    if len({system.family for system in systems}) > 1:
        return "", "", tuple(sorted({f"{system.name} {system.version}".strip() for system in systems}))
    names = {system.name for system in systems}
    named = names - {"Unix"} or names
    named = named - {"Linux"} or named
    versions = {system for system in systems if system.version}
    strongest = max((system.weight for system in versions), default=0)
    told = sorted({system.version for system in versions if system.weight == strongest})
    name = min(named)
    if len(named) > 1:
        return "", "", tuple(sorted(named))
    if len(told) > 1:
        return name, "", tuple(f"{name} {version}" for version in told)
    return name, told[0] if told else "", ()


def banner_components(kind: BannerKind, text: str) -> tuple[Component, ...]:
    """Server software that a banner names."""
    if kind is BannerKind.HTTP:
        found = _PRODUCT.findall(text)
        if found:
            return tuple(Component(name, version, text) for name, version in found)
        bare = _NAMED_PRODUCT.match(text)
        return (Component(bare[0], "", text),) if bare else ()
    if kind is BannerKind.SSH:
        software = text.split("-", 2)[-1].partition(" ")[0]
        name, _, version = software.partition("_")
        return (Component(name, version if version[:1].isdigit() else "", text),) if name else ()
    if kind is BannerKind.FTP:
        ftp = _FTP.search(text)
        return (Component(ftp[1], ftp[2] or "", text),) if ftp else ()
    return (Component("Samba", "", text),) if kind is BannerKind.NTLM and text.endswith(".0") else ()


@lru_cache(1024)
def _compiled(expression: str) -> re.Pattern[str]:
    return re.compile(expression)


def toolkit(implementation: Implementation, fingerprints: Fingerprints) -> Component | None:
    """The toolkit that wrote an association, or None when the tables do not know it.

    A version name that fits is the best word; else the class UID's longest known root, with no version claimed.
    """
    uid, name = implementation.class_uid, implementation.version_name
    evidence = f"{uid} {name}".strip()
    rooted: Component | None = None
    longest = -1
    for pattern in fingerprints.implementations:
        under = bool(pattern.class_uid) and f"{uid}.".startswith(f"{pattern.class_uid}.")
        match = _compiled(pattern.version_name).fullmatch(name) if name and pattern.version_name else None
        if match and (under or not pattern.class_uid):
            return Component(pattern.product, ".".join(group for group in match.groups() if group), evidence)
        if under and len(pattern.class_uid) > longest:
            longest = len(pattern.class_uid)
            rooted = Component(pattern.product, "", evidence)
    return rooted


def mac_vendor(mac: str, fingerprints: Fingerprints) -> str:
    """Organisation that the MAC's prefix is assigned to (IEEE), or empty."""
    digits = mac.replace(":", "").lower()
    for length in (9, 7, 6):
        vendor = fingerprints.mac_vendors.get(digits[:length])
        if vendor:
            return vendor
    return ""
