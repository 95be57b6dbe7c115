"""Judgements on AE titles: who bears them, where images are sent, who asks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from leadapron.assess.hits import Case, Hit
from leadapron.assess.subjects import asset_subject, network_subject
from leadapron.assess.view import View
from leadapron.model.events import Service
from leadapron.model.findings import Confidence
from leadapron.model.inventory import Asset, Flow

BEYOND_ECHO = ("C-STORE", "C-FIND", "C-MOVE", "C-GET")
"""Operations that carry or ask for data; a C-ECHO alone is what monitoring does."""

GUESSES = 3
"""Rejected associations, and different titles tried in them, from which on they look like guessing."""

MOVED = ("C-MOVE 0x0000", "C-MOVE 0xB000", "C-MOVE 0xFF00")
"""Success, success with failures, pending: the archive accepted to send (PS3.4 Table C.4-2)."""


def shared_title(case: Case) -> Iterator[Hit]:
    """One AE title borne by several devices."""
    view = case.view
    for title, holders in view.titles.items():
        if len(holders) < 2:
            continue
        flows = tuple(flow for flow in view.inventory.flows if _bears(flow, title))
        yield Hit(
            subject=network_subject(view, holders, key=f"aet:{title}", label=title),
            assets=holders,
            flows=flows,
            reasons=(f"ae_titles={title}",),
            values={"title": (title,), "holders": _with_addresses(view, holders)},
        )


def unlisted_destination(case: Case) -> Iterator[Hit]:
    """A C-MOVE that was accepted towards a destination which is not the asker's, and is unknown or out of place."""
    flow, view = case.flow, case.view
    if flow is None or not any(flow.statuses.get(status) for status in MOVED):
        return
    asker = view.end(flow, server=False)
    own = set(asker.ae_titles if asker else ()) | set(flow.calling_ae_titles)
    for title in flow.move_destinations:
        if title in own or title in _used_by_others(view, flow):
            continue
        holders = [view.assets[holder] for holder in view.titles.get(title, ())]
        astray = [holder for holder in holders if view.misplaced(holder)]
        if holders and not astray:
            continue
        yield Hit(
            flow=flow,
            assets=tuple(holder.id for holder in astray),
            reasons=(f"move_destinations={title}",),
            values={"destination": (title,), "receivers": _with_addresses(view, [h.id for h in astray])},
            confidence=Confidence.LIKELY if astray else Confidence.POSSIBLE,
        )


def misplaced_client(case: Case) -> Iterator[Hit]:
    """DICOM clients that have no evident place in imaging, or that guess titles."""
    by_client: dict[str, list[Flow]] = defaultdict(list)
    for flow in case.view.inventory.flows:
        if flow.service is Service.DICOM:
            by_client[flow.client].append(flow)
    for client, flows in sorted(by_client.items()):
        asset = case.view.assets.get(client)
        if asset is None:
            continue
        served = [flow for flow in flows if flow.accepted and any(flow.operations.get(op) for op in BEYOND_ECHO)]
        if served and case.view.misplaced(asset):
            yield _misplaced_hit(case.view, asset, served)
        refused = [flow for flow in flows if flow.rejected]
        tried = {title for flow in refused for title in (*flow.called_ae_titles, *flow.calling_ae_titles)}
        if sum(flow.rejected for flow in refused) >= GUESSES and len(tried) > GUESSES:
            yield _hit(case.view, asset, refused, f"rejected={sum(f.rejected for f in refused)}", Confidence.LIKELY)


def _misplaced_hit(view: View, asset: Asset, served: list[Flow]) -> Hit:
    if asset.external:
        return _hit(view, asset, served, "external=yes", Confidence.SEEN)
    office = any(role == "office" for role in asset.roles) or asset.zone in view.office_zones
    reason = f"roles={', '.join(asset.roles)}" if "office" in asset.roles else f"zone={asset.zone}"
    return _hit(view, asset, served, reason, Confidence.LIKELY if office else Confidence.POSSIBLE)


def _hit(view: View, asset: Asset, flows: list[Flow], reason: str, confidence: Confidence) -> Hit:
    done = sorted({f"{op}" for flow in flows for op in flow.operations})
    return Hit(
        subject=asset_subject(view, asset.id),
        flows=tuple(flows),
        reasons=(reason, *(f"operations={op}" for op in done)),
        values={"done": tuple(done) or ("A-ASSOCIATE-RJ",)},
        confidence=confidence,
    )


def _bears(flow: Flow, title: str) -> bool:
    return bool(flow.accepted) and (title in flow.calling_ae_titles or title in flow.called_ae_titles)


def _used_by_others(view: View, flow: Flow) -> set[str]:
    """Destinations that other askers of the same archive use too."""
    return {
        title
        for other in view.inventory.flows
        if other.server == flow.server and other.client != flow.client
        for title in other.move_destinations
    }


def _with_addresses(view: View, asset_ids: tuple[str, ...] | list[str]) -> tuple[str, ...]:
    found = []
    for asset_id in asset_ids:
        label, addresses = view.label(asset_id), view.addresses((asset_id,))
        found.append(f"{label} ({addresses[0]})" if addresses and addresses[0] != label else label)
    return tuple(sorted(found))
