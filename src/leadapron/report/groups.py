"""Findings of one rule stand together on a page: what they share is said once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from msgspec import Struct

from leadapron.model.findings import WORST_FIRST, Severity
from leadapron.report.contract import FindingEntry


class FindingGroup(Struct, frozen=True, kw_only=True):
    """Findings of one rule. A sentence they share is said once; where they differ it is empty here."""

    rule: str
    title: str
    severity: Severity
    why: str
    remediation: str
    effort: str
    side_effects: str
    findings: tuple[FindingEntry, ...]


def grouped(findings: Iterable[FindingEntry]) -> list[FindingGroup]:
    """One group for each rule, in the order of its first finding."""
    by_rule: dict[str, list[FindingEntry]] = defaultdict(list)
    for finding in findings:
        by_rule[finding.rule].append(finding)

    def shared(group: list[FindingEntry], part: str) -> str:
        texts = {getattr(one, part) for one in group}
        return str(texts.pop()) if len(texts) == 1 else ""

    return [
        FindingGroup(
            rule=rule,
            title=shared(group, "title") or group[0].title,
            severity=min((one.severity for one in group), key=WORST_FIRST.index),
            why=shared(group, "why"),
            remediation=shared(group, "remediation"),
            effort=shared(group, "effort"),
            side_effects=shared(group, "side_effects"),
            findings=tuple(group),
        )
        for rule, group in by_rule.items()
    ]
