"""Past traffic replayed against rules: what would have been refused, and the exams it would have cost.

Only flows that somebody took are replayed, and only where they cross zones. A flow is refused when any pair of its
addresses is. How exams are counted: `exams`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct

from leadapron.model.findings import Finding
from leadapron.model.inventory import Asset, Flow, Inventory, Role
from leadapron.model.picture import Picture
from leadapron.model.segmentation import Allow, Blocked, Rehearsal, Segmentation, Standing
from leadapron.whatif.segment.decision import Decider, Decision, Why
from leadapron.whatif.segment.exams import toll
from leadapron.whatif.segment.suspicion import SUSPECT, Reason, Suspicion
from leadapron.whatif.segment.traffic import Crossing, crossings, doors, was_taken
from leadapron.whatif.segment.zones import address_order


class _Replay(Struct, frozen=True):
    """A flow, where it crosses, and what the rules said of each pair of addresses."""

    flow: Flow
    across: tuple[Crossing, ...]
    decisions: tuple[Decision, ...]

    @property
    def passes(self) -> bool:
        return all(decision.allowed for decision in self.decisions)

    @property
    def asked(self) -> bool:
        """It passes, by a rule that someone must still answer for."""
        used = (decision.rule for decision in self.decisions)
        return self.passes and any(rule is not None and rule.standing is Standing.ASK for rule in used)

    def homeless(self) -> Iterator[str]:
        """Addresses in no zone of the rules."""
        for decision, pair in zip(self.decisions, _pairs(self.across), strict=True):
            if decision.why is Why.NO_ZONE:
                zones = decision.source_zone, decision.target_zone
                yield from (address for address, zone in zip(pair, zones, strict=True) if not zone)

    def refused(self, assets: Mapping[str, Asset], *, exams: int, new: bool, suspect: str) -> Blocked:
        """As it is listed."""
        return Blocked(
            flow=self.flow.id,
            client=_label(assets, self.flow.client),
            server=_label(assets, self.flow.server),
            service=self.flow.service,
            port=self.flow.port,
            connections=self.flow.connections,
            exams=exams,
            modality=_modality(assets, self.flow),
            new=new,
            suspect=suspect,
        )


def rehearse(
    segmentation: Segmentation,
    picture: Picture,
    findings: Iterable[Finding],
    learned: Inventory | None = None,
) -> Rehearsal:
    """`learned` is the traffic that the rules come from; without it, the flows that the rules name stand for it."""
    inventory = picture.inventory
    replays = _replays(segmentation, inventory)
    suspicion = Suspicion(inventory, findings)
    blocked = [replay for replay in replays if not replay.passes]
    cost = toll(inventory, frozenset(replay.flow.id for replay in blocked))
    assets = {asset.id: asset for asset in inventory.assets}
    known = _Known(segmentation, learned)
    listed = [
        replay.refused(
            assets,
            exams=cost.by_flow.get(replay.flow.id, 0),
            new=not known.has(replay),
            suspect=_suspect(replay, suspicion),
        )
        for replay in blocked
    ]
    used = {decision.rule.id for replay in replays for decision in replay.decisions if decision.rule}
    return Rehearsal(
        flows=len(replays),
        passed=len(replays) - len(blocked),
        asked=sum(replay.asked for replay in replays),
        blocked=tuple(sorted(listed, key=lambda one: (-one.exams, bool(one.suspect), -one.connections, one.flow))),
        exams=cost.total,
        exams_blocked=sum(cost.by_modality.values()),
        by_modality=cost.by_modality,
        by_device=_by_label(assets, cost.by_device),
        unknown=tuple(sorted({address for replay in replays for address in replay.homeless()}, key=address_order)),
        unused=tuple(rule.id for rule in segmentation.rules if rule.id not in used),
        suspects_passed=tuple(
            replay.flow.id for replay in replays if replay.passes and _is_attack(suspicion, replay.flow)
        ),
    )


def _replays(segmentation: Segmentation, inventory: Inventory) -> list[_Replay]:
    decider = Decider(segmentation)
    found = []
    for flow in inventory.flows:
        across = tuple(crossings(flow, decider.atlas)) if was_taken(flow) else ()
        decisions = tuple(
            decider.decide(client, server, flow.transport, flow.port) for client, server in _pairs(across)
        )
        if across:
            found.append(_Replay(flow, across, decisions))
    return found


def _pairs(across: Iterable[Crossing]) -> list[tuple[str, str]]:
    return [pair for crossing in across for pair in crossing.pairs]


class _Known:
    """What was in the traffic that rules were learned from."""

    def __init__(self, segmentation: Segmentation, learned: Inventory | None) -> None:
        self._flows = None if learned else {flow for rule in segmentation.rules for flow in rule.flows}
        self._doors = {
            (client, server, flow.transport, flow.port)
            for flow in (learned.flows if learned else ())
            if was_taken(flow)
            for client in flow.client_addresses
            for server in flow.server_addresses
        }

    def has(self, replay: _Replay) -> bool:
        if self._flows is not None:
            return replay.flow.id in self._flows
        used = (pair for crossing in replay.across for pair in doors(crossing))
        return any((client, *door) in self._doors for client, door in used)


def _is_attack(suspicion: Suspicion, flow: Flow) -> bool:
    said = suspicion.of(flow)
    return said is not None and said[0] is Standing.REFUSE


def _suspect(replay: _Replay, suspicion: Suspicion) -> str:
    """Why refusing it is meant; empty when it looks legitimate."""
    said = suspicion.of(replay.flow)
    if said and said[0] is Standing.REFUSE:
        return said[1]
    refusing: list[Allow] = [one.rule for one in replay.decisions if one.rule and one.why is Why.REFUSED]
    if not refusing:
        return ""
    return refusing[0].reason if refusing[0].reason in SUSPECT else Reason.SAID_NO


def _by_label(assets: Mapping[str, Asset], counts: Mapping[str, int]) -> Mapping[str, int]:
    summed: Counter[str] = Counter()
    for device, exams in counts.items():
        summed[_label(assets, device)] += exams
    return summed


def _label(assets: Mapping[str, Asset], asset_id: str) -> str:
    return assets[asset_id].label if asset_id in assets else asset_id


def _modality(assets: Mapping[str, Asset], flow: Flow) -> str:
    """Of the scanner at either end."""
    for end in (flow.client, flow.server):
        asset = assets.get(end)
        if asset and Role.MODALITY in asset.roles and asset.modalities:
            return asset.modalities[0]
    return ""
