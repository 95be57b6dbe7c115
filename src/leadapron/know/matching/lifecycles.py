"""Whether the maker of an operating system or a server program still supports a version.

Editions of Windows share a build and end on different days; when a device gives only the build, the answer says so
instead of choosing one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date

from msgspec import structs

from leadapron.know.matching.aliases import Aliases
from leadapron.know.matching.names import words
from leadapron.model.advisories import Knowledge, Lifecycle, Release

_WINDOWS = ("windows", "windows-server")
_BUILD = re.compile(r"(?<![\d.])(?P<major>\d{1,2}\.\d)\.(?P<build>\d{4,5})(?![\d])")
_OLD_KERNEL = re.compile(r"5\.[012](?:\.\d+)?")
"""Windows 2000, XP and Server 2003: no later version shares these numbers."""
_NUMBER = re.compile(r"\d+(?:\.\d+)*")
_NOISE = frozenset({"home", "pro", "professional", "edition", "lts", "linux", "x64", "gnu", "64", "bit", "64bit"})


def lifecycle(knowledge: Knowledge, aliases: Aliases, name: str, version: str, today: date) -> tuple[Release, ...]:
    """The releases that a product may be, by name (which may hold the version: `Windows 7 SP1`), the longest supported
    last; `ended` as of `today`. Empty when the product or the version is not known."""
    known = {entry.product: entry for entry in knowledge.lifecycles}
    some = words(name)
    for start, product in aliases.lifecycles:
        if some[: len(start)] == start and product in known:
            found = _releases(known, product, " ".join(some[len(start) :]), version)
            titled = (_titled(entry, release, today) for entry, release in found)
            return tuple(sorted(titled, key=lambda release: (release.end or date.max, release.label)))
    return ()


def _titled(entry: Lifecycle, release: Release, today: date) -> Release:
    ended = release.ended or (release.end is not None and release.end < today)
    return structs.replace(release, label=_title(entry, release), ended=ended)


def _releases(known: dict[str, Lifecycle], product: str, rest: str, version: str) -> list[tuple[Lifecycle, Release]]:
    if product not in _WINDOWS:
        entry = known[product]
        if product == "windows-embedded":
            return [(entry, release) for release in _by_label(entry, words(f"{rest} {version}"))]
        return [(entry, release) for release in _by_number(entry, f"{rest} {version}")]
    kinds = [known[kind] for kind in _WINDOWS if kind in known]
    if found := _BUILD.search(version) or _BUILD.search(rest):
        kernel = f"{found['major']}.{found['build']}"
        built = [(entry, release) for entry in kinds for release in entry.releases if release.latest == kernel]
        return _narrowed(built, product, rest)
    if old := _OLD_KERNEL.fullmatch(version.strip()):
        return [
            (entry, release)
            for entry in kinds
            for release in entry.releases
            if release.latest.startswith(old[0][:3] + ".")
        ]
    entry = known[product]
    named = words(f"{rest} {version}")
    return [(entry, release) for release in _by_label(entry, named)]


def _narrowed(found: list[tuple[Lifecycle, Release]], product: str, rest: str) -> list[tuple[Lifecycle, Release]]:
    """A build named together with the family: only that family, unless it has no such build."""
    if product == "windows" and not rest.strip():
        return found  # a bare "Windows" is what network protocols say of servers too
    return [one for one in found if one[0].product == product] or found


def _by_label(entry: Lifecycle, named: Iterable[str]) -> list[Release]:
    """Releases whose first word fits, narrowed by every further word that some of them have."""
    some = [word for word in named if word not in _NOISE]
    if not some:
        return []
    labelled = [(release, _label(entry, release)) for release in entry.releases]
    found = [(release, label) for release, label in labelled if some[0] in label[:1]]
    for word in some[1:]:
        found = [(release, label) for release, label in found if word in label] or found
    return [release for release, _ in found]


def _label(entry: Lifecycle, release: Release) -> tuple[str, ...]:
    """Words of a release without the product's own: `Windows Server 2012 R2` → 2012, r2."""
    title = frozenset(words(entry.title))
    return tuple(word for word in words(release.label or release.cycle) if word not in title)


def _by_number(entry: Lifecycle, text: str) -> list[Release]:
    """The cycle that the version begins with, the longest first; several when the version says too little."""
    found = _NUMBER.search(text)
    if found is None:
        return [release for release in entry.releases if _named(release, words(text))]
    version = found[0].split(".")
    cycles = [(_NUMBER.match(release.cycle), release) for release in entry.releases]
    numbered = [(cycle[0].split("."), release) for cycle, release in cycles if cycle]
    within = [(cycle, release) for cycle, release in numbered if version[: len(cycle)] == cycle]
    if within:
        longest = max(len(cycle) for cycle, _ in within)
        return [release for cycle, release in within if len(cycle) == longest]
    started = [release for cycle, release in numbered if cycle[: len(version)] == version]
    return started or _by_label(entry, words(text))  # SQL Server 2016 is cycle 13.0


def _named(release: Release, some: tuple[str, ...]) -> bool:
    """By code name: `bookworm`."""
    label = frozenset(words(release.label)) - _NOISE
    return bool(label & frozenset(some))


def _title(entry: Lifecycle, release: Release) -> str:
    label = release.label or release.cycle
    if release.cycle.endswith("-lts"):
        label += " LTSC"
    family = entry.title.removeprefix("Microsoft ")
    return label if label.casefold().startswith(family.casefold()) else f"{family} {label}"
