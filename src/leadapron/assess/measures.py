"""What a workspace can say by itself about a practice: shares of devices, links and titles for which it holds.

Each measure gives one `Basis`, or nothing where it has nothing to measure (no list added, no device seen): silence
proposes no answer. A full share proposes yes, an empty one no, anything between partial. How sure:

| answer  | sure                                                                                  |
|---------|---------------------------------------------------------------------------------------|
| yes     | `likely`: what the capture did not see may differ                                      |
| partial, no | `seen`: the ones left out are named                                               |
| logs, clocks | `possible` unless complete: silence during a capture proves little               |
| mixed kinds  | `likely` where a network plan names the segments, else `possible`: segments are guessed |
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta

from leadapron.assess.view import View
from leadapron.model.events import DocumentType, ProcedureAnswer, Service
from leadapron.model.findings import Confidence, EventRef
from leadapron.model.inventory import Asset, Role
from leadapron.model.procedures import Basis, Measure
from leadapron.rules.rows import is_imaging

QUARTER = timedelta(days=100)
"""How old a comparison of list and traffic may be: three months and a few days of grace."""

NAMES = 6
"""Names a sentence lists before it says how many more there are."""

EVIDENCE = 10
"""References kept to look at, of a measure or a finding."""

_DICOM = frozenset({Service.DICOM, Service.DICOM_TLS})


def measured(view: View, *, now: datetime) -> Mapping[Measure, Basis]:
    """Every measure for which there is something to measure. `now` tells whether a comparison is recent."""
    return {**_asset_list(view, now), **_register(view), **_documents(view), **_network(view)}


def listed(names: Iterable[str]) -> str:
    """`CT01, CT02 … (+4)`: names once each, sorted."""
    once = sorted(set(names))
    more = len(once) - NAMES
    return ", ".join(once[:NAMES]) + (f" … (+{more})" if more > 0 else "")


def first_seen(assets: Iterable[Asset]) -> tuple[EventRef, ...]:
    """Where each of these devices was first seen."""
    refs = [ref for asset in assets for ref in asset.evidence.get("first", ())[:1]]
    return tuple(refs[:EVIDENCE])


def imaging_devices(view: View) -> tuple[Asset, ...]:
    """Devices of the house that take part in exams."""
    return tuple(asset for asset in view.inventory.assets if is_imaging(asset.roles) and not asset.external)


def _share(
    measure: Measure,
    holds: int,
    total: int,
    missing: Iterable[str],
    *,
    evidence: tuple[EventRef, ...] = (),
    yes: Confidence = Confidence.LIKELY,
    less: Confidence = Confidence.SEEN,
) -> Basis:
    """The answer that a share points to; `less` is how sure one is of anything but a full share."""
    answer = ProcedureAnswer.YES if holds == total else ProcedureAnswer.PARTIAL if holds else ProcedureAnswer.NO
    return Basis(
        message=f"measure.{measure}.{answer}",
        params={"count": holds, "total": total, "missing": listed(missing)},
        answer=answer,
        sure=yes if answer is ProcedureAnswer.YES else less,
        evidence=evidence,
    )


def _of_devices(measure: Measure, devices: Iterable[Asset], holding: Collection[str]) -> dict[Measure, Basis]:
    """The share of devices whose id is among those `holding`."""
    among = tuple(devices)
    if not among:
        return {}
    missing = [asset for asset in among if asset.id not in holding]
    labels = [asset.label for asset in missing]
    return {measure: _share(measure, len(among) - len(missing), len(among), labels, evidence=first_seen(missing))}


# ---------------------------------------------------------------- lists and documents
_COLUMNS: Mapping[Measure, tuple[str, ...]] = {
    Measure.DEVICES_DESCRIBED: ("os", "software_version", "owner", "location"),
    Measure.DEVICES_OWNED: ("owner",),
    Measure.CRITICALITY_KNOWN: ("criticality",),
    Measure.SUPPORT_DATES_KNOWN: ("end_of_support",),
}
"""Columns of an asset list that must be filled in."""


def _added(view: View, kind: DocumentType) -> bool:
    return any(document.type is kind for document in view.declarations.documents)


def _asset_list(view: View, now: datetime) -> dict[Measure, Basis]:
    """What the asset list, where one was added, says of the devices seen."""
    devices = imaging_devices(view)
    if not devices or not _added(view, DocumentType.ASSETS):
        return {}
    rows = {asset.id: row for asset in devices if (row := view.declared(asset.id).device)}
    found = _of_devices(Measure.DEVICES_LISTED, devices, rows)
    for measure, columns in _COLUMNS.items():
        filled = [device for device, row in rows.items() if all(getattr(row, column) for column in columns)]
        found |= _of_devices(measure, (asset for asset in devices if asset.id in rows), filled)
    last = view.inventory.quality.last
    if last is not None and now - last <= QUARTER:
        # A list in the workspace is held against the traffic there: that is the comparison, of the traffic's day.
        found[Measure.LIST_COMPARED] = Basis(
            message=f"measure.{Measure.LIST_COMPARED}.{ProcedureAnswer.YES}",
            params={"day": last.date().isoformat()},
            answer=ProcedureAnswer.YES,
            sure=Confidence.LIKELY,
        )
    return found


def _register(view: View) -> dict[Measure, Basis]:
    """Whether the AE register, where one was added, knows the titles seen."""
    registered = {row.ae_title for row in view.declarations.titles}
    if not registered or not view.titles:
        return {}
    missing = sorted(set(view.titles) - registered)
    holders = [view.assets[holder] for title in missing for holder in view.titles[title]]
    total = len(view.titles)
    basis = _share(Measure.TITLES_REGISTERED, total - len(missing), total, missing, evidence=first_seen(holders))
    return {Measure.TITLES_REGISTERED: basis}


def _documents(view: View) -> dict[Measure, Basis]:
    """Which devices have their form and their list of parts, where at least one such document was added."""
    found: dict[Measure, Basis] = {}
    devices = imaging_devices(view)
    for measure, kind in ((Measure.FORMS_HELD, DocumentType.MDS2), (Measure.SBOMS_HELD, DocumentType.SBOM)):
        if _added(view, kind):
            holding = [a.id for a in devices if any(one.type is kind for one in view.declared(a.id).documents)]
            found |= _of_devices(measure, devices, holding)
    return found


# ---------------------------------------------------------------- network
def _network(view: View) -> dict[Measure, Basis]:
    devices = imaging_devices(view)
    found = _encrypted(view) | _mixed(view)
    logging = [asset for asset in devices if asset.sends_syslog]
    if logging:
        silent = [asset.label for asset in devices if not asset.sends_syslog]
        found[Measure.LOGS_SENT] = _share(
            Measure.LOGS_SENT, len(logging), len(devices), silent, less=Confidence.POSSIBLE
        )
    asking = _ask_the_time(view)
    if asking:
        complete = len(asking) == len(devices)
        found[Measure.CLOCKS_AGREE] = Basis(
            message=f"measure.{Measure.CLOCKS_AGREE}.{ProcedureAnswer.YES}",
            params={"count": len(asking), "total": len(devices)},
            answer=ProcedureAnswer.YES,
            sure=Confidence.LIKELY if complete else Confidence.POSSIBLE,
        )
    return found


def _ask_the_time(view: View) -> frozenset[str]:
    """Imaging devices that a time server answered."""
    devices = {asset.id for asset in imaging_devices(view)}
    flows = view.inventory.flows
    return frozenset(f.client for f in flows if f.service is Service.NTP and f.answered and f.client in devices)


def _encrypted(view: View) -> dict[Measure, Basis]:
    links = [flow for flow in view.inventory.flows if flow.service in _DICOM and flow.answered]
    if not links:
        return {}
    clear = [flow for flow in links if not flow.encrypted]
    refs = tuple(ref for flow in clear for ref in flow.evidence.get("first", ())[:1])
    basis = _share(
        Measure.DICOM_ENCRYPTED,
        len(links) - len(clear),
        len(links),
        view.labels(flow.server for flow in clear),
        evidence=refs[:EVIDENCE],
    )
    return {Measure.DICOM_ENCRYPTED: basis}


def _mixed(view: View) -> dict[Measure, Basis]:
    """Kinds of scanners of which there are two or more: in one segment, or in several?"""
    zones: dict[str, list[str]] = defaultdict(list)
    for asset in view.inventory.assets:
        if Role.MODALITY in asset.roles and asset.zone and not asset.external:
            for kind in asset.modalities:
                zones[kind].append(asset.zone)
    kinds = {kind: found for kind, found in zones.items() if len(found) > 1}
    if not kinds:
        return {}
    together = [kind for kind, found in kinds.items() if len(set(found)) == 1]
    sure = Confidence.LIKELY if view.declarations.zones else Confidence.POSSIBLE
    basis = _share(Measure.MODALITIES_MIXED, len(kinds) - len(together), len(kinds), together, yes=sure, less=sure)
    return {Measure.MODALITIES_MIXED: basis}
