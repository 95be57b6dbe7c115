"""The operating system that documents name, held against the one that the device tells on the wire.

Names are read with caution: a text that names two families, or none, says nothing, and versions are compared only
where both sides give one of the same kind.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum
from functools import cache

from msgspec import Struct

from leadapron.assess.hits import Case, Hit
from leadapron.assess.predicates.hosts import windows_editions, windows_version
from leadapron.assess.quoting import QUOTED, answer_citation, own_words, row_citation, sources
from leadapron.model.declared import Declared
from leadapron.model.events import ComponentDeclared, Declaration
from leadapron.model.findings import Citation, Confidence
from leadapron.model.inventory import Asset

FORM_QUESTIONS = ("2013:14-1", "CSUP-2", "DOC-11.1", "DOC-11.2")
"""Questions in whose words makers name the operating system; the 2019 form asks for it in none."""

_NT_YEARS = "2000|2003|2008|2012|2016|2019|2022|2025"
_WINDOWS = re.compile(
    r"\b(?:windows|win)[\s-]*(?:(?:nt|server|embedded|standard|posready|professional|pro|enterprise|ultimate|iot|home)"
    rf"\s+){{0,3}}(xp|vista|7|8\.1|8|10|11|2009|(?:{_NT_YEARS})(?:\s?r2)?)(?![\w.])"
)
_BUILD = re.compile(r"(?<![\d.])(?:10\.0\.\d{5}|6\.[0-3]\.\d{4}|5\.[012])(?![\d])")
_RELEASE = re.compile(r"\b(?:1[5-9]\d\d|20H2|2[1-6]H[12])\b", re.IGNORECASE)
_DISTRIBUTION = re.compile(
    r"\b(debian|ubuntu|centos|red hat|rhel|rocky|almalinux|suse|fedora|freebsd|raspbian)\b"
    r"(?:[a-z ,()/-]{0,40}?(\d{1,2}(?:\.\d{1,2})?))?"
)
_KERNEL = re.compile(r"kernel\s*[\w.-]*")
_SAME = {"rhel": "red hat", "raspbian": "debian"}


class Family(StrEnum):
    """Systems that no text means at once."""

    WINDOWS = "windows"
    UNIX = "unix"
    APPLE = "apple"
    REAL_TIME = "real-time"


_FAMILIES = {
    Family.WINDOWS: re.compile(r"\bwin(?:dows|\s?(?:xp|7|8|10|11))\b"),
    Family.UNIX: re.compile(
        r"\b(?:linux|unix|solaris|aix|irix|debian|ubuntu|centos|red hat|rhel|rocky|almalinux|suse|fedora|freebsd|"
        r"raspbian)\b"
    ),
    Family.APPLE: re.compile(r"\b(?:mac ?os|os x|ios|ipados|apple)\b"),
    Family.REAL_TIME: re.compile(r"\b(?:vxworks|qnx|integrity rtos|threadx|nucleus|freertos|rtems)\b"),
}


class System(Struct, frozen=True):
    """What a text says of a system. `products` and `versions` are alternatives; empty where it does not say."""

    family: Family
    products: frozenset[str] = frozenset()
    versions: frozenset[str] = frozenset()

    def differs(self, other: System) -> bool:
        """Whether both cannot be one system."""
        if self.family is not other.family:
            return True
        return _apart(self.products, other.products) or _apart(self.versions, other.versions)


def other_system(case: Case) -> Iterator[Hit]:
    """A list, a form or an SBOM that names another system than the device does."""
    asset = case.asset
    seen = told_system(asset) if asset else None
    if asset is None or seen is None:
        return
    for text, declaration, citation in _named_in_documents(case.view.declared(asset.id)):
        declared = read_system(text)
        if declared is not None and declared.differs(seen):
            # Several systems may answer at one address: a console beside a reconstruction computer.
            behind = asset.systems_behind > 1
            yield Hit(
                asset=asset,
                reasons=(f"os={asset.os} {asset.os_version}".rstrip(),),
                citations=(citation,),
                values={
                    "declared": (text[:QUOTED],),
                    "system": (f"{asset.os} {asset.os_version}".rstrip(),),
                    "document": sources((declaration,)),
                },
                confidence=Confidence.POSSIBLE if behind else Confidence.LIKELY,
            )


def told_system(asset: Asset) -> System | None:
    """The system that a device gives itself out as."""
    if not asset.os:
        return None
    version = windows_version(asset)
    if version:
        editions = windows_editions().get(version, ())
        products = frozenset[str]().union(*(windows_products(edition.name) for edition in editions))
        return System(Family.WINDOWS, products, frozenset({version}))
    return read_system(f"{asset.os} {asset.os_version}")


@cache
def read_system(text: str) -> System | None:
    """The one system that a text names, None when it names none or several kinds."""
    plain = " ".join(text.casefold().replace("®", " ").replace("™", " ").split())
    families = [family for family, pattern in _FAMILIES.items() if pattern.search(plain)]
    if len(families) != 1:
        return None
    (family,) = families
    if family is Family.WINDOWS:
        return System(family, windows_products(plain), _windows_versions(plain))
    if family is Family.UNIX:
        return _distribution(plain)
    return System(family)


def windows_products(text: str) -> frozenset[str]:
    """Products such as `windows 10` and `windows server 2012 r2` that a text names."""
    found = set()
    for name in _WINDOWS.findall(text.casefold()):
        if name == "2009":  # Embedded Standard and POSReady of that year are Windows XP
            found.add("windows xp")
        elif name[:2] == "20" and name != "2000":
            found.add(f"windows server {name[:4]}{' r2' if name.endswith('r2') else ''}")
        else:
            found.add(f"windows {name}")
    return frozenset(found)


def _windows_versions(text: str) -> frozenset[str]:
    """Version numbers that a text gives, or those of the release it names (`1809`)."""
    builds = frozenset(_BUILD.findall(text))
    releases = {release.upper() for release in _RELEASE.findall(text)}
    if builds or not releases:
        return builds
    return frozenset(
        version
        for version, editions in windows_editions().items()
        if any(releases & set(edition.name.split()) for edition in editions)
    )


def _distribution(text: str) -> System:
    found = {(_SAME.get(name, name), version) for name, version in _DISTRIBUTION.findall(_KERNEL.sub("", text))}
    names = frozenset(name for name, _ in found)
    versions = frozenset(version.partition(".")[0] for _, version in found if version)
    return System(Family.UNIX, names, versions if len(names) == 1 else frozenset())


def _apart(one: frozenset[str], other: frozenset[str]) -> bool:
    return bool(one and other) and one.isdisjoint(other)


def _named_in_documents(said: Declared) -> Iterator[tuple[str, Declaration, Citation]]:
    row = said.device
    if row is not None and row.os:
        cited = row_citation(row)
        yield row.os, row, Citation(source=cited.source, quote=row.os[:QUOTED], dated=cited.dated, place=cited.place)
    for question in FORM_QUESTIONS:
        answer = said.form.get(question)
        if answer is not None and (words := own_words(answer)):
            yield words, answer, answer_citation(said, answer)
    for component in said.components:
        if _is_system(component):
            text = f"{component.name} {component.version}".strip()
            yield text, component, Citation(source=component.sensor, quote=text[:QUOTED], place=str(component.packet))


def _is_system(component: ComponentDeclared) -> bool:
    """An SBOM holds many packages with a system's name in theirs; CPE 2.3 marks systems (`o`), some stand alone."""
    if component.cpe:
        return component.cpe.startswith(("cpe:2.3:o:", "cpe:/o:"))
    return not component.purl and read_system(component.name) is not None and len(component.name.split()) <= 6
