"""The one place that says whether the rules let a connection through: the rehearsal and all exports agree with it."""

from __future__ import annotations

from collections import defaultdict
from enum import StrEnum

from msgspec import Struct

from leadapron.model.events import Transport
from leadapron.model.segmentation import Allow, Segmentation, Standing
from leadapron.whatif.segment.zones import Atlas


class Why(StrEnum):
    """What a decision rests on."""

    INSIDE = "inside"
    """Both ends are in one zone: nothing is filtered there."""
    RULE = "rule"
    """A rule that is kept, or that someone must still answer for."""
    REFUSED = "refused"
    """A rule refuses it by name."""
    NO_RULE = "no-rule"
    NO_ZONE = "no-zone"
    """An end is in no zone of the rules."""


class Decision(Struct, frozen=True, kw_only=True):
    """Whether a connection is let through, and by which rule."""

    allowed: bool
    why: Why
    rule: Allow | None = None
    source_zone: str = ""
    target_zone: str = ""


class Decider:
    """Rules made ready to be asked many times."""

    def __init__(self, segmentation: Segmentation) -> None:
        self.atlas = Atlas(segmentation.zones)
        self._rules: dict[tuple[str, str, Transport], list[_Ready]] = defaultdict(list)
        order = (Standing.REFUSE, Standing.KEEP, Standing.ASK)
        for rule in sorted(segmentation.rules, key=lambda rule: order.index(rule.standing)):
            self._rules[rule.source_zone, rule.target_zone, rule.transport].append(_Ready.of(rule))

    def decide(self, source: str, target: str, transport: Transport, port: int) -> Decision:
        """A refusal wins over what another rule allows: so one device is taken out of a zone that may."""
        zones = self.atlas.zone_of(source), self.atlas.zone_of(target)
        if not all(zones):
            return _decision(zones, Why.NO_ZONE)
        if zones[0] == zones[1]:
            return _decision(zones, Why.INSIDE)
        for ready in self._rules.get((*zones, transport), ()):
            if ready.fits(source, target, port):
                refused = ready.rule.standing is Standing.REFUSE
                return _decision(zones, Why.REFUSED if refused else Why.RULE, ready.rule)
        return _decision(zones, Why.NO_RULE)


def _decision(zones: tuple[str, str], why: Why, rule: Allow | None = None) -> Decision:
    allowed = why in (Why.INSIDE, Why.RULE)
    return Decision(allowed=allowed, why=why, rule=rule, source_zone=zones[0], target_zone=zones[1])


class _Ready(Struct, frozen=True):
    """A rule whose lists are sets; an empty one holds everything."""

    rule: Allow
    sources: frozenset[str]
    targets: frozenset[str]
    ports: frozenset[int]

    @classmethod
    def of(cls, rule: Allow) -> _Ready:
        return cls(rule, frozenset(rule.sources), frozenset(rule.targets), frozenset(rule.ports))

    def fits(self, source: str, target: str, port: int) -> bool:
        return (
            (not self.ports or port in self.ports)
            and (not self.targets or target in self.targets)
            and (not self.sources or source in self.sources)
        )


def allows(segmentation: Segmentation, source: str, target: str, transport: Transport, port: int) -> Decision:
    """Whether `source` may open a connection to `target` on `port`. Addresses are written as Python writes them."""
    return Decider(segmentation).decide(source, target, transport, port)
