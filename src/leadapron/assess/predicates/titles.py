"""Judgements on AE titles: who bears them, where images are sent, who asks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from leadapron.assess.hits import Case, Hit
from leadapron.assess.subjects import asset_subject, network_subject
from leadapron.assess.view import View
from leadapron.model.events import Service
from leadapron.model.findings import Confidence
from leadapron.model.inventory import Asset, Flow, Role

BEYOND_ECHO = ("C-STORE", "C-FIND", "C-MOVE", "C-GET")
"""Operations that carry or ask for data; a C-ECHO alone is what monitoring does."""

TOOL_TITLES = frozenset({"ECHOSCU", "FINDSCU", "GETSCU", "MOVESCU", "STORESCU", "DCMTK", "PYNETDICOM"})
"""Calling titles of command-line tools: what is delivered to a hospital calls itself otherwise."""

GUESSES = 3
"""Rejected associations, and different titles tried in them, from which on they look like guessing."""

CORROBORATION = 2
"""Hostile acts from which on a client with a tool's title is likely more than somebody's test."""

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
    """A C-MOVE, accepted, to a destination that only its asker uses and that is unknown, out of place, or a tool's."""
    flow, view = case.flow, case.view
    if flow is None or not any(flow.statuses.get(status) for status in MOVED):
        return
    tool = not TOOL_TITLES.isdisjoint(flow.calling_ae_titles)
    for title in flow.move_destinations:
        if title in flow.calling_ae_titles or title in _used_by_others(view, flow):
            continue
        holders = view.titles.get(title, ())
        astray = any(view.misplaced(view.assets[holder]) for holder in holders)
        if holders and not astray and not (tool and flow.client in holders):
            continue
        yield Hit(
            flow=flow,
            assets=holders if astray else (),
            reasons=(f"move_destinations={title}", *_named("calling_ae_titles", flow.calling_ae_titles)),
            values={"destination": (title,), "receivers": _with_addresses(view, holders)},
            confidence=Confidence.LIKELY if astray else Confidence.POSSIBLE,
        )


def misplaced_client(case: Case) -> Iterator[Hit]:
    """DICOM clients that have no place in imaging, call themselves like a command-line tool, or guess titles."""
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
            confidence = Confidence.SEEN if asset.external else Confidence.LIKELY
            reasons = (f"zone={asset.zone}", *_named("roles", asset.roles))
            yield _hit(case.view, asset, served, reasons, confidence)
        elif served and Role.MODALITY not in asset.roles and (tools := TOOL_TITLES.intersection(asset.ae_titles)):
            acts = _hostile_acts(case.view, asset, flows)
            confidence = Confidence.LIKELY if len(acts) >= CORROBORATION else Confidence.POSSIBLE
            yield _hit(case.view, asset, served, (*_named("ae_titles", tools), *acts), confidence)
        refused = [flow for flow in flows if flow.rejected]
        tried = {title for flow in refused for title in (*flow.called_ae_titles, *flow.calling_ae_titles)}
        if sum(flow.rejected for flow in refused) >= GUESSES and len(tried) > GUESSES:
            reasons = (f"rejected={sum(flow.rejected for flow in refused)}", *_named("ae_titles", tried))
            yield _hit(case.view, asset, refused, reasons, Confidence.LIKELY)


def _hostile_acts(view: View, asset: Asset, flows: list[Flow]) -> tuple[str, ...]:
    """What else a client did that no tester needs to do: each by itself may have a harmless reason."""
    conflicts = view.inventory.arp_conflicts.items()
    acts = {
        "wide_find_matches": any(flow.wide_find_matches for flow in flows),
        "anomalies": any(flow.anomalies for flow in flows),
        "arp_conflicts": any(asset.mac in macs and address not in asset.addresses for address, macs in conflicts),
        "sweeps": any(sweep.client == asset.id for sweep in view.inventory.sweeps),
    }
    return tuple(f"{act}=yes" for act, done in acts.items() if done)


def _hit(view: View, asset: Asset, flows: list[Flow], reasons: tuple[str, ...], confidence: Confidence) -> Hit:
    done = sorted({operation for flow in flows for operation in flow.operations})
    return Hit(
        subject=asset_subject(view, asset.id),
        flows=tuple(flows),
        reasons=(*reasons, *_named("operations", done)),
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


def _named(field: str, values: Iterable[str]) -> tuple[str, ...]:
    return tuple(f"{field}={value}" for value in sorted(values))


def _with_addresses(view: View, asset_ids: Iterable[str]) -> tuple[str, ...]:
    found = []
    for asset_id in asset_ids:
        label, addresses = view.label(asset_id), view.addresses((asset_id,))
        found.append(f"{label} ({addresses[0]})" if addresses and addresses[0] != label else label)
    return tuple(sorted(found))
