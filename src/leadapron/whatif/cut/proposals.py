"""What could be done here against one attack: every kind of measure where it changes something."""

from __future__ import annotations

import hashlib
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct

from leadapron.model.department import Department, DeviceClass, Link, Node, Way
from leadapron.model.findings import Finding, SubjectType
from leadapron.model.measures import Change, Measure, Weakening
from leadapron.model.scenarios import Course, Scenario
from leadapron.whatif.cut.content import Action, MeasureContent, load_measures
from leadapron.whatif.cut.reach import Reach, reach
from leadapron.whatif.department.figures import weaknesses

FLEET = frozenset({DeviceClass.READING, DeviceClass.OFFICE, DeviceClass.OTHER})
"""Ordinary computers: those of one zone are worked on together, the others one by one."""

WORTHWHILE = 0.1
"""Share of a weakness that a measure must take away to be proposed."""
SUREST = 0.999
"""A weakness above counts as this: what is certain cannot be shared out."""
UNKNOWN = 0.3
"""How much a finding is taken to open a way of which `content/whatif/weakness.toml` says nothing."""

CLINICAL = frozenset({DeviceClass.MODALITY, DeviceClass.PACS, DeviceClass.RIS})
"""Devices for which exams wait while they stand still."""


class _Site(Struct, frozen=True, kw_only=True):
    """What all proposals look at."""

    department: Department
    scenario: Scenario
    reach: Reach
    nodes: Mapping[str, Node]
    zones: frozenset[str]
    """Names that are taken."""
    findings: Mapping[str, Finding]
    """By id."""
    on: Mapping[str, tuple[Finding, ...]]
    """Id of a device or a zone → findings about it."""
    everywhere: tuple[Finding, ...]
    """Findings about the network as a whole."""
    about: Mapping[str, frozenset[str]]
    """Asset id → rules of the findings about it."""
    partners: Mapping[str, tuple[Link, ...]]
    """Asset id → pairs seen to talk that it is in."""


def candidates(
    department: Department,
    scenario: Scenario,
    findings: Iterable[Finding],
    *,
    contents: Mapping[Action, MeasureContent] | None = None,
) -> tuple[Measure, ...]:
    """Measures that can change the course of `scenario` here, by id. None where nothing spreads.

    The same work keeps its id from one call to the next: ids hang on the kind and what it is done to.
    """
    if scenario.course is Course.OUTAGE:
        return ()
    contents = contents or load_measures()
    site = _site(department, scenario, tuple(findings))
    found: list[Measure] = []
    for content in contents.values():
        match content.name:
            case Action.SEGMENT:
                found += _segments(site, content)
            case Action.ISOLATE:
                found += _isolations(site, content)
            case Action.VENDOR_MFA:
                found += _doors(site, content)
            case Action.OFF_INTERNET:
                found += _exposures(site, content)
            case Action.OFFLINE_BACKUP:
                found += _backups(site, content)
            case Action.MIX_MODALITIES:
                found += _mixes(site, content)
            case _:
                found += _hardenings(site, content)
    return tuple(sorted(found, key=lambda measure: measure.id))


def _site(department: Department, scenario: Scenario, findings: tuple[Finding, ...]) -> _Site:
    about: dict[str, set[str]] = defaultdict(set)
    on: dict[str, list[Finding]] = defaultdict(list)
    partners: dict[str, list[Link]] = defaultdict(list)
    for finding in findings:
        about[finding.subject.id].add(finding.rule)
        on[finding.subject.id].append(finding)
    for pair in department.seen:
        for node in {pair.source, pair.target}:
            partners[node].append(pair)
    return _Site(
        department=department,
        scenario=scenario,
        reach=reach(department, scenario),
        nodes={node.id: node for node in department.nodes},
        zones=frozenset(department.zones),
        findings={finding.id: finding for finding in findings},
        on={subject: tuple(found) for subject, found in on.items()},
        everywhere=tuple(finding for finding in findings if finding.subject.type is SubjectType.NETWORK),
        about={subject: frozenset(rules) for subject, rules in about.items()},
        partners={node: tuple(pairs) for node, pairs in partners.items()},
    )


def measure_id(action: Action, *keys: str) -> str:
    """Stable while the kind and what it is done to are."""
    return f"{action}-" + hashlib.sha256("\0".join(keys).encode("utf-8", "replace")).hexdigest()[:8]


def _hardenings(site: _Site, content: MeasureContent) -> Iterator[Measure]:
    """Ways into devices made harder: per device, or for the ordinary computers of a zone together."""
    groups: dict[tuple[str, str], list[Node]] = defaultdict(list)
    for node in site.department.nodes:
        possible = not site.about.get(node.id, frozenset()) & set(content.unless)
        if node.kind in content.kinds and possible and tuple(_weakenings(site, content, node)):
            groups[(node.zone, "") if node.kind in FLEET and content.many else ("", node.id)].append(node)
    for (zone, device), nodes in groups.items():
        weak = tuple(weakening for node in nodes for weakening in _weakenings(site, content, node))
        params: dict[str, str | float] = {"zone": zone, "count": len(nodes)} if zone else {"subject": nodes[0].label}
        base = content.hours.fleet if zone else content.hours.base
        yield _measure(
            content,
            (zone, device),
            params,
            Change(weak=weak),
            hours=base + content.hours.each * (len(nodes) - 1 if zone else 0),
            still=nodes,
            findings=(found for node in nodes for found in _settled(site, content, node)),
        )


def _weakenings(site: _Site, content: MeasureContent, node: Node) -> Iterator[Weakening]:
    """Ways into a device that the measure makes harder by a tenth at least."""
    for way in content.ways:
        if way in site.reach.into.get(node.id, frozenset()):
            left = _left(site, content, node, way)
            if left <= 1.0 - WORTHWHILE:
                yield Weakening(node=node.id, way=way, left=left)


def _left(site: _Site, content: MeasureContent, node: Node, way: Way) -> float:
    """What is left of a weakness once a part of what is behind it is settled: chances of independent weaknesses add up
    as in `whatif.department`, and each part weighs what that room gives it."""
    if not content.settles:
        return content.left
    parts = [(weaknesses().base[node.kind].get(way, 0.0), content.base)]
    for found in node.findings.get(way, ()):
        finding = site.findings.get(found)
        parts.append((strength(finding, way), finding is not None and finding.rule in content.settles))
    weights = [(-math.log1p(-min(value, SUREST)), settled) for value, settled in parts]
    total = sum(weight for weight, _ in weights)
    if not total:
        return content.left if content.base else 1.0
    taken = (1.0 - content.left) * sum(weight for weight, settled in weights if settled)
    return math.expm1(taken - total) / math.expm1(-total)


def strength(finding: Finding | None, way: Way) -> float:
    """How much a finding opens a way, 0 to 1. Where nothing is known of it, it is like any other."""
    if finding is None:
        return UNKNOWN
    values = [one.ways.get(way, 0.0) for one in weaknesses().weakness if one.rule == finding.rule]
    return max(values, default=UNKNOWN) * weaknesses().confidence[finding.confidence]


def _settled(site: _Site, content: MeasureContent, node: Node) -> Iterator[str]:
    for way in content.ways:
        for found in node.findings.get(way, ()):
            if not content.settles or (found in site.findings and site.findings[found].rule in content.settles):
                yield found


def _segments(site: _Site, content: MeasureContent) -> Iterator[Measure]:
    """One zone no longer reaches another by one way, pairs in use apart."""
    zones = {node.id: node.zone for node in site.department.nodes}
    pairs: dict[tuple[str, str, Way], int] = defaultdict(int)
    for pair in site.department.seen:
        pairs[zones[pair.source], zones[pair.target], pair.way] += 1
    for passage in site.department.passages:
        key = (passage.source, passage.target, passage.way)
        if passage.source == passage.target or key not in site.reach.passages:
            continue
        count = pairs[key]
        yield _measure(
            content,
            (passage.source, passage.target, passage.way.value),
            {"source": passage.source, "target": passage.target, "way": passage.way.value, "count": count},
            Change(close=(key,)),
            hours=content.hours.base + content.hours.each * count,
            findings=_concerned(site, content, {passage.target}),
        )


def _isolations(site: _Site, content: MeasureContent) -> Iterator[Measure]:
    """One device alone behind its own wall."""
    company: dict[str, int] = defaultdict(int)
    for node in site.department.nodes:
        company[node.zone] += 1
    for node in site.department.nodes:
        if node.kind not in content.kinds or company[node.zone] < 2 or node.id not in site.reach.into:
            continue
        talks = site.partners.get(node.id, ())
        others = {end for pair in talks for end in (pair.source, pair.target)} - {node.id}
        yield _measure(
            content,
            (node.id,),
            {"subject": node.label, "count": len(others)},
            Change(move={node.id: own_zone(site.zones, node)}),
            hours=content.hours.base + content.hours.each * len(others),
            still=(node,),
            findings=_concerned(site, content, {node.zone, node.id}),
        )


def own_zone(taken: frozenset[str], node: Node) -> str:
    """Name of a zone for this device alone."""
    name = f"{node.zone} / {node.label}"
    return f"{name} / {node.id}" if name in taken else name


def _doors(site: _Site, content: MeasureContent) -> Iterator[Measure]:
    """A maker's way in that is shut unless someone opens it: what it leads to ends, and it stands apart."""
    for node in site.department.nodes:
        if node.kind not in content.kinds or node.id not in site.reach.nodes:
            continue
        out = {
            (link.source, link.target, link.way)
            for link in (*site.department.links, *site.partners.get(node.id, ()))
            if link.source == node.id
        }
        behind = {target for _, target, _ in out}
        yield _measure(
            content,
            (node.id,),
            {"subject": node.label, "count": len(behind)},
            Change(unlink=tuple(sorted(out)), move={node.id: own_zone(site.zones, node)}),
            hours=content.hours.base + content.hours.each * len(behind),
            findings=_concerned(site, content, {node.id, node.zone, *behind}),
        )


def _exposures(site: _Site, content: MeasureContent) -> Iterator[Measure]:
    """One device that the internet no longer reaches."""
    entry = site.scenario.entry
    for node in site.department.nodes:
        if entry.exposed and entry.fits(node) and node.id not in entry.shut:
            yield _measure(
                content,
                (node.id,),
                {"subject": node.label},
                Change(hide=(node.id,)),
                hours=content.hours.base,
                findings=_concerned(site, content, {node.id}),
            )


def _backups(site: _Site, content: MeasureContent) -> Iterator[Measure]:
    servers = [node for node in site.department.nodes if node.kind in content.kinds]
    if site.scenario.backups_lost > 0 and servers:
        yield _measure(
            content,
            (),
            {"count": len(servers)},
            Change(backups=True),
            hours=content.hours.base + content.hours.each * (len(servers) - 1),
        )


def _mixes(site: _Site, content: MeasureContent) -> Iterator[Measure]:
    """Scanners of types that stand in one zone only are dealt out over the zones of scanners, or over two where all
    stand in one (NHS imaging segmentation pattern, 2023)."""
    scanners = [node for node in site.department.nodes if node.kind in content.kinds]
    zones = sorted({node.zone for node in scanners})
    by_type: dict[str, list[Node]] = defaultdict(list)
    for node in scanners:
        if node.modality:
            by_type[node.modality].append(node)
    moves: dict[str, Node] = {}
    targets: dict[str, str] = {}
    for alike in by_type.values():
        if len(alike) < 2 or len({node.zone for node in alike}) > 1 or alike[0].id not in site.reach.into:
            continue
        home = alike[0].zone
        other = zones[(zones.index(home) + 1) % len(zones)] if len(zones) > 1 else f"{home} / 2"
        for node in alike[1::2]:
            moves[node.id], targets[node.id] = node, other
    if moves:
        yield _measure(
            content,
            tuple(sorted(moves)),
            {"count": len(moves)},
            Change(move=targets),
            hours=content.hours.base + content.hours.each * (len(moves) - 1),
            still=moves.values(),
        )


def _concerned(site: _Site, content: MeasureContent, subjects: set[str]) -> Iterator[str]:
    """Findings it settles about these devices and zones."""
    for found in (site.everywhere, *(site.on.get(subject, ()) for subject in subjects)):
        yield from (finding.id for finding in found if finding.rule in content.settles)


def _measure(
    content: MeasureContent,
    keys: tuple[str, ...],
    params: Mapping[str, str | float],
    change: Change,
    *,
    hours: float,
    still: Iterable[Node] = (),
    findings: Iterable[str] = (),
) -> Measure:
    """`still` stand still meanwhile: scanners cost downtime, all that exams need cost a change window."""
    stopped = [node for node in still if node.kind in CLINICAL]
    scanners = sum(1 for node in stopped if node.kind is DeviceClass.MODALITY)
    return Measure(
        id=measure_id(content.name, *keys),
        action=content.name.value,
        params=params,
        hours=round(hours, 2),
        downtime=content.downtime * scanners,
        windows=content.windows if stopped else 0,
        euros=content.euros.base,
        basis=content.basis,
        change=change,
        findings=tuple(sorted(set(findings))),
    )
