"""The what-if pages: charts drawn as SVG, each with the same in a table; sliders need no new simulation."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, tzinfo
from itertools import groupby, pairwise

from leadapron.report.contract import FindingEntry
from leadapron.report.frame import render_page
from leadapron.report.groups import grouped
from leadapron.report.whatif.contract import (
    AssumptionEntry,
    BestDocument,
    ComparisonDocument,
    FrontierEntry,
    OutcomeDocument,
    PathsDocument,
)
from leadapron.report.whatif.figures import band, interval, lever, rounded_up, time_ticks
from leadapron.report.whatif.spread_map import SHARE_EDGES, bucket, spread_map
from leadapron.report.whatif.vocabulary import WhatIfNames
from leadapron.report.words import Words, words

BESIDES = ("whatif",)
"""Style and script of these pages besides those of all pages."""


def render_outcome_html(document: OutcomeDocument, *, zone: tzinfo = UTC) -> str:
    """One outcome as an HTML page in its language, times in `zone`."""
    say = words(document.language, zone=zone)
    names, lost = WhatIfNames(say), document.exams_lost
    hours = [moment.hour for moment in document.timeline]
    ticks = time_ticks(max(hours, default=0.0))
    top = rounded_up(max((one.p95 for one in (lost, *lost.by_modality.values())), default=0.0))
    stops = [one.hours for one in document.containment]
    most = rounded_up(max((max(one.low, one.high, lost.mean) for one in document.influences), default=0.0))
    moments = document.timeline if len(document.timeline) > 1 else ()
    return render_page(
        "whatif.html.j2",
        say,
        besides=BESIDES,
        document=document,
        w=names,
        modalities=[(name, one, interval(one, top)) for name, one in lost.by_modality.items()],
        total=interval(lost, top),
        top=top,
        lever_top=most,
        lost=band(hours, [one.lost for one in moments], ticks=ticks) if moments else None,
        down=band(hours, [one.down for one in moments], ticks=ticks) if moments else None,
        marks=[names.tick(tick) for tick in ticks],
        map=spread_map(document.devices, document.timeline),
        bucket=bucket,
        share_key=_share_key(say),
        edges=SHARE_EDGES,
        percent=say.percent(0.42).replace("42", "{n}"),
        contained=band(list(range(len(stops))), [one.exams_lost for one in document.containment]),
        contained_marks=[names.tick(hour) for hour in stops],
        contained_at=min(range(len(stops)), key=lambda at: abs(stops[at] - document.contained), default=0),
        levers=[(one, lever(one.low, one.high, lost.mean, most)) for one in document.influences],
        rests=_by_basis(document.assumptions),
    )


def render_comparison_html(document: ComparisonDocument, *, zone: tzinfo = UTC) -> str:
    """Scenarios side by side as an HTML page."""
    say = words(document.language, zone=zone)
    top = rounded_up(max((one.exams_lost.p95 for one in document.scenarios), default=0.0))
    return render_page(
        "whatif_comparison.html.j2",
        say,
        besides=BESIDES,
        document=document,
        w=WhatIfNames(say),
        top=top,
        rows=[(one, interval(one.exams_lost, top)) for one in document.scenarios],
        modalities=list(dict.fromkeys(name for one in document.scenarios for name in one.exams_lost.by_modality)),
    )


def render_best_html(document: BestDocument, *, zone: tzinfo = UTC) -> str:
    """The best measures as an HTML page."""
    say = words(document.language, zone=zone)
    names, points = WhatIfNames(say), document.frontier
    top = rounded_up(max(document.before.p95, document.after.p95))
    budgets = [one.budget_hours for one in points]
    ticks = _sparse(budgets)
    return render_page(
        "whatif_best.html.j2",
        say,
        besides=BESIDES,
        document=document,
        w=names,
        top=top,
        before=interval(document.before, top),
        after=interval(document.after, top),
        frontier=band(budgets, [one.exams_lost for one in points], ticks=ticks, mean=True, steps=True)
        if len(points) > 1
        else None,
        frontier_marks=[names.count(tick) for tick in ticks],
        steps=_steps(document),
        first={one.kind: rank for rank, one in reversed(list(enumerate(document.actions, start=1)))},
        **_evidence(document.findings),
    )


def render_paths_html(document: PathsDocument, *, zone: tzinfo = UTC) -> str:
    """Paths to one device as an HTML page."""
    say = words(document.language, zone=zone)
    return render_page(
        "whatif_paths.html.j2",
        say,
        besides=BESIDES,
        document=document,
        w=WhatIfNames(say),
        **_evidence(document.findings),
    )


def _steps(document: BestDocument) -> list[tuple[FrontierEntry, list[str], list[str]]]:
    """Points of the frontier, each with the actions added and dropped since the one before."""
    titles = {one.id: one.action for one in document.considered}
    found, before = [], list[str]()
    for point in document.frontier:
        added = [titles.get(one, one) for one in point.actions if one not in before]
        dropped = [titles.get(one, one) for one in before if one not in point.actions]
        found.append((point, added, dropped))
        before = list(point.actions)
    return found


def _evidence(findings: Sequence[FindingEntry]) -> dict[str, object]:
    """What the pieces of `finding.html.j2` need."""
    return {"assets": {}, "groups": grouped(findings), "findings": {one.id: one for one in findings}}


def _share_key(say: Words) -> list[str]:
    """The shares that each colour of the map stands for."""
    ends = (*SHARE_EDGES, 100)
    between = [(low + 1, high) for low, high in pairwise(ends)]
    return [say.percent(0), *(f"{low}–{say.percent(high / 100)}" for low, high in between)]


def _by_basis(assumptions: Sequence[AssumptionEntry]) -> list[tuple[str, list[AssumptionEntry]]]:
    return [(basis, list(entries)) for basis, entries in groupby(assumptions, key=lambda one: one.basis)]


def _sparse(values: Iterable[float]) -> list[float]:
    """Values far enough from one another to be written below an axis."""
    ordered = sorted(set(values))
    apart = (ordered[-1] - ordered[0]) / 12 if ordered else 0.0
    kept: list[float] = []
    for value in ordered:
        if not kept or value - kept[-1] >= apart:
            kept.append(value)
    return kept
