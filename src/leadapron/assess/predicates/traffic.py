"""Judgements on who sends and how regularly."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise
from statistics import median

from leadapron.assess.hits import Case, Hit
from leadapron.assess.subjects import asset_subject
from leadapron.assess.view import View
from leadapron.model.events import Service
from leadapron.model.findings import Confidence
from leadapron.model.inventory import Asset, Flow, Role

INTERVALS = 6
"""Near-constant intervals below which regularity may be chance."""

SHORTEST = 5.0
"""Seconds: shorter intervals are one burst of connections, not a rhythm."""

SPREAD = 0.1
"""Median absolute deviation over median that still counts as constant."""

CLOCKWORK = frozenset(
    {Service.NTP, Service.DNS, Service.MDNS, Service.LLMNR, Service.NETBIOS, Service.DHCP, Service.SYSLOG, Service.SNMP}
)
"""Services that are regular by nature."""

SENDERS_TO_COMPARE = 3
"""Senders of one receiver from which on a lone zone stands out."""


def odd_sender(case: Case) -> Iterator[Hit]:
    """Senders of orders or results that a receiver acknowledges although they do not look like the others."""
    by_receiver: dict[str, list[Flow]] = defaultdict(list)
    for flow in case.view.inventory.flows:
        if flow.service.startswith("hl7") and flow.answered and flow.message_types and not _refused(flow):
            by_receiver[flow.server].append(flow)
    for receiver, flows in sorted(by_receiver.items()):
        for flow, reason, confidence in _odd(case.view, receiver, flows):
            yield Hit(
                subject=asset_subject(case.view, receiver),
                flows=(flow,),
                reasons=(reason,),
                values={"odd": (_described(case.view, flow),)},
                confidence=confidence,
            )


def spoken_there(case: Case) -> Iterator[Hit]:
    """A server that does speak the protocol on that port with somebody: not a probe of something else."""
    flow = case.flow
    if flow is None:
        return
    peers = (other for other in case.view.inventory.flows if (other.server, other.port) == (flow.server, flow.port))
    if any(other.service is flow.service and other.answered for other in peers):
        yield Hit(flow=flow)


def regular_calls(case: Case) -> Iterator[Hit]:
    """A device of the imaging network that calls the outside, or an unexplained host, like clockwork."""
    flow, view = case.flow, case.view
    if flow is None or flow.service in CLOCKWORK or set(flow.operations) == {"C-ECHO"}:
        return
    client, server = view.assets.get(flow.client), view.assets.get(flow.server)
    if client is None or not view.in_imaging(client) or not _unexplained(view, flow, server):
        return
    rhythm = _rhythm([start.timestamp() for start in flow.starts])
    if rhythm is None:
        return
    yield Hit(
        flow=flow,
        reasons=(f"interval={rhythm}", f"calls={len(flow.starts)}"),
        values={"interval": (f"{rhythm}",), "calls": len(flow.starts)},
        confidence=Confidence.LIKELY if flow.server_external else Confidence.POSSIBLE,
    )


def _refused(flow: Flow) -> bool:
    return flow.negative_acknowledgements >= _sent(flow)


def _sent(flow: Flow) -> int:
    """Messages that were not acknowledgements."""
    return sum(count for kind, count in flow.message_types.items() if not kind.startswith("ACK"))


def _odd(view: View, receiver: str, flows: Sequence[Flow]) -> Iterator[tuple[Flow, str, Confidence]]:
    """Flows from an outside or office computer, from a second device under one name, or from a zone of its own."""
    homes = {flow.client_zone for flow in flows if flow.client_zone}
    place = view.assets[receiver].zone if receiver in view.assets else ""
    lone = [zone for zone in homes - {place} if sum(flow.client_zone == zone for flow in flows) == 1]
    busiest: dict[str, Flow] = {}
    for flow in sorted(flows, key=lambda flow: (-_sent(flow), flow.first_seen, flow.id)):
        for application in flow.sending_applications:
            busiest.setdefault(application, flow)
    for flow in flows:
        doubled = [name for name in flow.sending_applications if busiest[name].client != flow.client]
        if flow.client_external or Role.OFFICE in flow.client_roles or flow.client_zone in view.office_zones:
            yield flow, f"client_zone={flow.client_zone}", Confidence.LIKELY
        elif doubled:
            yield flow, f"sending_applications={doubled[0]}", Confidence.POSSIBLE
        elif len(lone) == 1 and flow.client_zone == lone[0] and len(flows) >= SENDERS_TO_COMPARE:
            yield flow, f"client_zone={flow.client_zone}", Confidence.POSSIBLE


def _described(view: View, flow: Flow) -> str:
    return f"{view.label(flow.client)} ({', '.join(flow.sending_applications) or 'MSH-3 —'})"


def _unexplained(view: View, flow: Flow, server: Asset | None) -> bool:
    if flow.server_external:
        return True
    if server is None or flow.service is not Service.UNKNOWN:
        return False
    return server.zone not in view.imaging_zones and set(server.roles) <= {Role.UNKNOWN, Role.OFFICE}


def _rhythm(starts: Sequence[float]) -> int | None:
    """Typical interval in whole seconds when nearly all are alike, else None."""
    ordered = sorted(starts)
    intervals = [b - a for a, b in pairwise(ordered)]
    if len(intervals) < INTERVALS:
        return None
    typical = median(intervals)
    deviation = median(abs(interval - typical) for interval in intervals)
    return round(typical) if typical >= SHORTEST and deviation <= SPREAD * typical else None
