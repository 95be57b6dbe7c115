"""Kubernetes NetworkPolicies as one JSON list: incoming connections of pods that carry the labels `leadapron/zone` and,
for devices that a rule names, `leadapron/address`.

Policies only add up, so a device has one whole policy of its own and its zone's policy leaves it out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from ipaddress import ip_address
from typing import Any

from leadapron.whatif.segment.export.documents import written
from leadapron.whatif.segment.export.job import Commands, Format, Job, header, text
from leadapron.whatif.segment.export.openings import (
    EVERY_PORT,
    Opening,
    Place,
    Way,
    openings,
    target_places,
    zone_places,
)
from leadapron.whatif.segment.export.spans import Family, Spans, networks

_FILE = "leadapron-networkpolicies.json"
_NOTE = 200
_COMMANDS = Commands(
    check=[f"kubectl apply --dry-run=server -f {_FILE}"],
    apply=[f"kubectl apply -f {_FILE}"],
    back=[f"kubectl delete -f {_FILE}"],
)


def render(job: Job) -> Mapping[str, str]:
    """The list, and a README because JSON has no comments."""
    named = target_places(job.plan)
    places = (*named, *zone_places(job.plan))
    listed = {"apiVersion": "v1", "kind": "List", "items": [_policy(job, place, named) for place in places]}
    readme = text(header(job, "Kubernetes", _COMMANDS, ["export.labels", "export.incoming", "export.again"]))
    return {_FILE: written(listed), "README.txt": readme}


def _policy(job: Job, place: Place, named: tuple[Place, ...]) -> Mapping[str, Any]:
    found = openings(job.plan, place, Way.IN)
    notes = dict.fromkeys(job.note(rule, _NOTE) for opening in found for rule in opening.rules)
    name = f"device-{label(place.address)}" if place.address else f"zone-{place.area.slug}"
    ingress = [{"from": list(_peers(place.area.spans[family], family))} for family in place.families]
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": f"leadapron-{name}", "annotations": {"leadapron/rules": "; ".join(notes)}},
        "spec": {
            "podSelector": _selector(place, named),
            "policyTypes": ["Ingress"],
            "ingress": [*ingress, *map(_ingress, found)],
        },
    }


def label(address: str) -> str:
    """An address as the value of a label: in full, so that it neither begins nor ends with a sign."""
    return ip_address(address).exploded.replace(":", "-")


def _selector(place: Place, named: tuple[Place, ...]) -> Mapping[str, Any]:
    zone = {"leadapron/zone": place.area.slug}
    if place.address:
        return {"matchLabels": {**zone, "leadapron/address": label(place.address)}}
    apart = [label(other.address) for other in named if other.area.slug == place.area.slug]
    if not apart:
        return {"matchLabels": zone}
    excluded = {"key": "leadapron/address", "operator": "NotIn", "values": apart}
    return {"matchLabels": zone, "matchExpressions": [excluded]}


def _ingress(opening: Opening) -> Mapping[str, Any]:
    protocol = {"protocol": opening.transport.value.upper()}
    ports = [protocol] if opening.ports == EVERY_PORT else [{**protocol, **_port(*span)} for span in opening.ports]
    return {"from": list(_peers(opening.peers, opening.family)), "ports": ports}


def _port(first: int, last: int) -> Mapping[str, int]:
    return {"port": first} if first == last else {"port": max(first, 1), "endPort": last}


def _peers(spans: Spans, family: Family) -> Iterator[Mapping[str, Any]]:
    for network in networks(spans, family):
        yield {"ipBlock": {"cidr": str(network)}}


KUBERNETES = Format(name="kubernetes", ending=".json", description="export.format-kubernetes", render=render)
