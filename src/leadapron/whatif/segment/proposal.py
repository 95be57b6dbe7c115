"""Traffic → rules that allow what was seen and no more, and what guidance says of the zones."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from leadapron.model.events import Service
from leadapron.model.findings import Finding
from leadapron.model.picture import Picture
from leadapron.model.segmentation import Segmentation, Standing, Zone
from leadapron.whatif.segment.advice import advice
from leadapron.whatif.segment.merging import Merger
from leadapron.whatif.segment.standing import Judge, Ruling
from leadapron.whatif.segment.traffic import EPHEMERAL, Crossing, Door, crossings, doors, was_taken
from leadapron.whatif.segment.zones import Atlas, lay_out


def propose(picture: Picture, findings: Iterable[Finding], zones: tuple[Zone, ...] | None = None) -> Segmentation:
    """Rules for every flow that somebody took and that crosses zones.

    Zones are those given, else the declared network plan's; a device that neither covers stands in its own /24 (or
    /64). SourceError: the given zones contradict each other.
    """
    findings = tuple(findings)
    layout = lay_out(picture, zones)
    atlas = Atlas(layout.zones)
    inventory = picture.inventory
    found = [
        crossing for flow in inventory.flows if was_taken(flow) for crossing in crossings(flow, atlas)
        if crossing.source_zone and crossing.target_zone
    ]  # fmt: skip
    judge = Judge(inventory, findings, external=layout.external)
    judge.meet(found)
    ruled = [(crossing, judge.rule_on(crossing)) for crossing in found]
    passing = _passing(ruled, judge)
    rules = Merger(inventory.assets, atlas).rules(pair for pair in ruled if pair[0].flow.id not in passing)
    return Segmentation(
        zones=layout.zones,
        rules=rules,
        advice=advice(picture, findings, layout, rules, unclear=len(passing)),
    )


def _passing(ruled: Iterable[tuple[Crossing, Ruling]], judge: Judge) -> frozenset[str]:
    """Flows whose server port is likely the caller's own: high, of no known service, one client, seldom.

    A capture that begins in mid-conversation may take the two ends for each other.
    """
    clients: dict[Door, set[str]] = defaultdict(set)
    seldom: dict[str, list[Door]] = {}
    for crossing, ruling in ruled:
        flow = crossing.flow
        for client, door in doors(crossing):
            clients[door].add(client)
        unclear = flow.service is Service.UNKNOWN and flow.port >= EPHEMERAL and judge.is_seldom(flow)
        if unclear and ruling.standing is not Standing.REFUSE:
            seldom.setdefault(flow.id, []).extend(door for _, door in doors(crossing))
    return frozenset(flow for flow, used in seldom.items() if all(len(clients[door]) == 1 for door in used))
