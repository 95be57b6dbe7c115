"""Whom findings are about: one device, one flow, one zone, or the whole network."""

from __future__ import annotations

from collections.abc import Iterable
from typing import assert_never

from leadapron.assess.hits import Hit
from leadapron.assess.view import View
from leadapron.model.findings import Subject, SubjectType
from leadapron.model.inventory import Flow
from leadapron.rules import GroupBy

NETWORK_ID = "network"


def asset_subject(view: View, asset_id: str) -> Subject:
    """A device."""
    return Subject(
        type=SubjectType.ASSET, id=asset_id, label=view.label(asset_id), addresses=view.addresses((asset_id,))
    )


def network_subject(view: View, assets: Iterable[str], *, key: str = "", label: str = "") -> Subject:
    """The whole network, or one thing of it that is no device (`key`, such as an AE title)."""
    return Subject(
        type=SubjectType.NETWORK,
        id=key or NETWORK_ID,
        label=label,
        addresses=view.addresses(assets),
    )


def zone_subject(view: View, zone: str, assets: Iterable[str]) -> Subject:
    """A zone, with the addresses of the devices concerned."""
    if not zone:
        return network_subject(view, assets)
    return Subject(type=SubjectType.ZONE, id=zone, label=zone, addresses=view.addresses(assets))


def subject_key(group_by: GroupBy, hit: Hit) -> str:
    """What hits of one finding have in common."""
    match group_by:
        case GroupBy.ASSET:
            return hit.asset.id if hit.asset else ""
        case GroupBy.ZONE:
            return hit.asset.zone if hit.asset else ""
        case GroupBy.NETWORK:
            return NETWORK_ID
        case GroupBy.PREDICATE:
            return f"{hit.subject.type}:{hit.subject.id}" if hit.subject else ""
        case GroupBy.FLOW | GroupBy.SERVER | GroupBy.CLIENT | GroupBy.INSIDE | GroupBy.CLIENT_ZONE:
            return _flow_key(group_by, hit.flow) if hit.flow else ""
        case _:
            assert_never(group_by)


def _flow_key(group_by: GroupBy, flow: Flow) -> str:
    match group_by:
        case GroupBy.SERVER:
            return flow.server
        case GroupBy.CLIENT:
            return flow.client
        case GroupBy.INSIDE:
            return flow.client if flow.server_external and not flow.client_external else flow.server
        case GroupBy.CLIENT_ZONE:
            return flow.client_zone
        case _:
            return flow.id


def subject_of(view: View, group_by: GroupBy, key: str, hits: tuple[Hit, ...]) -> Subject:
    """The subject that a group of hits is about."""
    match group_by:
        case GroupBy.PREDICATE:
            return next(hit.subject for hit in hits if hit.subject)
        case GroupBy.ASSET | GroupBy.SERVER | GroupBy.CLIENT | GroupBy.INSIDE:
            return asset_subject(view, key)
        case GroupBy.ZONE | GroupBy.CLIENT_ZONE:
            return zone_subject(view, key, concerned(hits))
        case GroupBy.NETWORK:
            return network_subject(view, concerned(hits))
        case GroupBy.FLOW:
            flow = next(hit.flow for hit in hits if hit.flow)
            label = f"{view.label(flow.client)} → {view.label(flow.server)} ({flow.service}/{flow.port})"
            addresses = (*flow.server_addresses, *flow.client_addresses)
            return Subject(type=SubjectType.FLOW, id=flow.id, label=label, addresses=addresses)
        case _:
            assert_never(group_by)


def concerned(hits: Iterable[Hit]) -> tuple[str, ...]:
    """Ids of all devices that hits touch."""
    found: set[str] = set()
    for hit in hits:
        found.update(hit.assets)
        if hit.asset:
            found.add(hit.asset.id)
        for flow in all_flows(hit):
            found.update((flow.client, flow.server))
    return tuple(sorted(found))


def all_flows(hit: Hit) -> tuple[Flow, ...]:
    """The hit's own flow and those it rests on besides."""
    return (hit.flow, *hit.flows) if hit.flow else hit.flows
