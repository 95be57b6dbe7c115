"""Does one rule match all that another matches? Then the later of the two never decides.

The answer is yes only where that is certain: two earlier rules that together cover a third are not found.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection

from msgspec import Struct

from leadapron.guard.policy.conditions import Range, families, fits, ranges_of
from leadapron.model.guard import Rule, Task


class Prepared(Struct, frozen=True, kw_only=True):
    """A rule with what comparing needs made once."""

    rule: Rule
    ranges: tuple[Range, ...]
    """Sorted and merged."""
    narrowed: frozenset[Task]
    """Tasks that its SOP classes narrow."""


def prepared(rule: Rule) -> Prepared:
    return Prepared(
        rule=rule,
        ranges=_merged(ranges_of(rule.sources)),
        narrowed=frozenset(task for uid in rule.sop_classes for task in families(uid)),
    )


def _merged(ranges: tuple[Range, ...]) -> tuple[Range, ...]:
    merged: list[Range] = []
    for version, low, high in sorted(ranges):
        if merged and merged[-1][0] == version and low <= merged[-1][2] + 1:
            merged[-1] = version, merged[-1][1], max(high, merged[-1][2])
        else:
            merged.append((version, low, high))
    return tuple(merged)


def covers(earlier: Prepared, later: Prepared) -> bool:
    """Every peer and operation that fits `later` fits `earlier`. The cheap questions come first."""
    first, second = earlier.rule, later.rule
    return (
        _holds(first.tasks, second.tasks)
        and _holds(first.listeners, second.listeners)
        and _holds(first.hours, second.hours)
        and _patterned(first.calling, second.calling)
        and _patterned(first.called, second.called)
        and _patterned(first.certificates, second.certificates)
        and _patterned(first.users, second.users)
        and _patterned(first.destinations, second.destinations)
        and _holds(first.messages, second.messages)
        and (not first.sop_classes or (_holds(first.sop_classes, second.sop_classes) and _narrow_alike(earlier, later)))
        and _within(earlier.ranges, later.ranges)
    )


def _holds(wider: Collection[object], narrower: Collection[object]) -> bool:
    """Nothing said is everything."""
    return not wider or (bool(narrower) and set(narrower) <= set(wider))


def _narrow_alike(earlier: Prepared, later: Prepared) -> bool:
    """Under `any` classes narrow every task, else those they belong to only."""
    return bool(earlier.rule.tasks) == bool(later.rule.tasks) and earlier.narrowed == later.narrowed


def _patterned(wider: tuple[str, ...], narrower: tuple[str, ...]) -> bool:
    return not wider or (bool(narrower) and all(any(_wider(one, each) for one in wider) for each in narrower))


def _wider(pattern: str, other: str) -> bool:
    """A `*` takes in any part of the other pattern, its wildcards too; a `?` may not stand for a `*`."""
    if pattern == other:
        return True
    return "?" not in pattern and "\\" not in pattern + other and fits(pattern, other)


def _within(wider: tuple[Range, ...], narrower: tuple[Range, ...]) -> bool:
    if not wider:
        return True
    for version, low, high in narrower:
        place = bisect_right(wider, (version, low, 1 << 128)) - 1
        if place < 0 or wider[place][0] != version or wider[place][2] < high:
            return False
    return bool(narrower)
