"""Judgements on devices: what they are, how old their system is, whether their clock and logs can be relied on."""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import date
from functools import cache
from importlib.resources import files
from statistics import median

from msgspec import Struct

from leadapron.assess.hits import Case, Hit
from leadapron.assess.view import View
from leadapron.model.advisories import Release
from leadapron.model.events import Service
from leadapron.model.findings import Confidence
from leadapron.model.inventory import Asset, Role
from leadapron.model.picture import Part

DRIFT = 60
"""Seconds of clock error that begin to matter when events of several devices are put in order."""

CLOCKS_TO_COMPARE = 3
"""Known clocks from which on their median is trusted more than the capture's."""

SYSLOG_TLS_PORT = 6514
"""RFC 5425."""

_VERSION = re.compile(r"\b(\d{1,2}\.\d)(?:\.(\d{4,5}))?\b")
_UNMISTAKABLE = frozenset({"5.0", "5.1", "5.2"})
"""Versions that stand without a build in SMB 1; later ones do not, and Samba gives itself out as a bare 6.1."""


class Edition(Struct, frozen=True):
    """A Windows edition and the last day of its maker's ordinary support."""

    name: str
    end: date


@cache
def windows_editions() -> Mapping[str, tuple[Edition, ...]]:
    """Version (`10.0.17763`, `5.1`) → editions that share it, the longest supported last."""
    table = files("leadapron") / "content" / "rules" / "windows-support.tsv"
    rows = (line for line in table.read_text("utf-8").splitlines() if line and not line.startswith("#"))
    found: dict[str, list[Edition]] = defaultdict(list)
    for row in csv.DictReader(rows, delimiter="\t"):
        found[row["version"]].append(Edition(row["edition"], date.fromisoformat(row["end"])))
    return {version: tuple(sorted(some, key=lambda e: (e.end, e.name))) for version, some in found.items()}


def unsupported_system(case: Case) -> Iterator[Hit]:
    """An operating system that its maker no longer supports, in all of its editions or in some."""
    asset = case.asset
    if asset is None:
        return
    yield from _unsupported_windows(case, asset)
    for part in case.view.picture.ageing.get(asset.id, ()):
        if part.part is Part.SYSTEM:
            extended = any(one.extended_end and one.extended_end >= case.now.date() for one in part.releases)
            yield Hit(
                asset=asset,
                reasons=(f"os={part.product} {part.version}".rstrip(),),
                citations=(part.told,) if part.told else (),
                values={
                    "version": (f"{part.product} {part.version}".rstrip(),),
                    "editions": tuple(support_ends(one) for one in part.releases),
                },
                # Whether a long-term repair service was joined, the network does not tell.
                confidence=Confidence.LIKELY if part.certain and not extended else Confidence.POSSIBLE,
            )


def support_ends(release: Release) -> str:
    """`Debian 12 (2026-07-11 → 2028-06-30)`: ends of ordinary and of extended support, where they are known."""
    days = (day.isoformat() for day in (release.end, release.extended_end) if day is not None)
    dated = " → ".join(days)
    return f"{release.label} ({dated})" if dated else release.label


def _unsupported_windows(case: Case, asset: Asset) -> Iterator[Hit]:
    version = windows_version(asset)
    editions = windows_editions().get(version, ())
    ended = [edition for edition in editions if edition.end < case.now.date()]
    if not ended:
        return
    unmistakable = version in _UNMISTAKABLE
    some = Confidence.SEEN if unmistakable else Confidence.LIKELY
    yield Hit(
        asset=asset,
        reasons=(f"os_version={version}",),
        values={
            "version": (f"Windows {version}",),
            "editions": tuple(f"{edition.name} ({edition.end.isoformat()})" for edition in editions),
        },
        confidence=some if len(ended) == len(editions) else Confidence.POSSIBLE,
    )


def unrecognised(case: Case) -> Iterator[Hit]:
    """A device of an imaging zone that nothing in the capture identifies."""
    asset = case.asset
    view = case.view
    if asset is None or asset.zone not in view.imaging_zones or not set(asset.roles) <= {Role.UNKNOWN}:
        return
    if asset.id in view.exam_partners:
        return  # it exchanges images or orders with a server, if only in encrypted form
    vendor = f" ({asset.mac_vendor})" if asset.mac_vendor else ""
    yield Hit(asset=asset, values={"devices": (f"{asset.label}{vendor}",)})


def clock_drift(case: Case) -> Iterator[Hit]:
    """A clock that is off, measured against the other devices' when enough of them told the time."""
    asset = case.asset
    if asset is None or asset.clock_offset is None:
        return
    off = asset.clock_offset - _reference(case.view)
    if abs(off) >= DRIFT:
        yield Hit(asset=asset, reasons=(f"clock_offset={off}",), values={"offset": (_spell(off),)})


def silent_logs(case: Case) -> Iterator[Hit]:
    """Archives and scanners that sent no log to anyone."""
    view = case.view
    logging = {
        flow.client for flow in view.inventory.flows if flow.service is Service.SYSLOG or flow.port == SYSLOG_TLS_PORT
    }
    for asset in view.inventory.assets:
        watched = not {Role.PACS, Role.MODALITY}.isdisjoint(asset.roles) and not asset.external
        if watched and not asset.sends_syslog and asset.id not in logging:
            yield Hit(asset=asset, reasons=("sends_syslog=no",), values={"devices": (asset.label,)})


def windows_version(asset: Asset) -> str:
    """`major.minor.build`, or `major.minor` where that alone is unmistakable; empty when neither was seen."""
    if asset.os and "windows" not in asset.os.casefold():
        return ""
    if any("samba" in component.name.casefold() for component in asset.components):
        return ""
    found = _VERSION.search(asset.os_version) or _VERSION.search(asset.os)
    if found is None:
        return ""
    version, build = found.groups()
    if version in _UNMISTAKABLE:
        return version
    return f"{version}.{build}" if build else ""


def _reference(view: View) -> int:
    known = [asset.clock_offset for asset in view.inventory.assets if asset.clock_offset is not None]
    return round(median(known)) if len(known) >= CLOCKS_TO_COMPARE else 0


def _spell(seconds: int) -> str:
    """`+47 min` reads in both languages."""
    sign, size = ("+", seconds) if seconds > 0 else ("−", -seconds)
    if size < 120:
        return f"{sign}{size} s"
    if size < 7200:
        return f"{sign}{round(size / 60)} min"
    return f"{sign}{round(size / 3600)} h"
