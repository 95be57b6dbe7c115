"""Findings → how readily a device falls to each way."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from leadapron.model.department import DeviceClass, Way
from leadapron.model.findings import Finding
from leadapron.whatif.department.figures import Weakness, weaknesses

DECIMALS = 3
"""Of a weakness: finer would claim a knowledge that nobody has."""


def together(values: Iterable[float]) -> float:
    """Several independent weaknesses of one way: the chance that at least one serves."""
    left = 1.0
    for value in values:
        left *= 1.0 - value
    return round(1.0 - left, DECIMALS)


def weak_by(
    kind: DeviceClass, system: str, findings: Iterable[Finding]
) -> tuple[Mapping[Way, float], Mapping[Way, tuple[str, ...]]]:
    """Way → weakness of a device of a class, and way → ids of the findings that make it so."""
    content = weaknesses()
    values: dict[Way, list[float]] = defaultdict(list)
    because: dict[Way, list[str]] = defaultdict(list)
    for way, value in content.base[kind].items():
        values[way].append(value)
    for finding in findings:
        for weakness in content.weakness:
            if _applies(weakness, finding, system):
                for way, value in weakness.ways.items():
                    values[way].append(value * content.confidence[finding.confidence])
                    because[way].append(finding.id)
    return (
        {way: together(values[way]) for way in Way if way in values},
        {way: tuple(dict.fromkeys(because[way])) for way in Way if way in because},
    )


def commanded(weak: Mapping[Way, float]) -> Mapping[Way, float]:
    """The weaknesses of a device that a directory commands."""
    raised = {**weak, Way.CREDENTIALS: max(weak.get(Way.CREDENTIALS, 0.0), weaknesses().commanded.weak)}
    return {way: raised[way] for way in Way if way in raised}


def _applies(weakness: Weakness, finding: Finding, system: str) -> bool:
    return weakness.rule == finding.rule and weakness.system in system.casefold()
