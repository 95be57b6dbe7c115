"""From rules and a picture to findings: evaluate, group by subject, put values to names, rank."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from msgspec.structs import replace

from leadapron.assess.hits import Case, Hit
from leadapron.assess.measures import EVIDENCE, NAMES
from leadapron.assess.predicates import PREDICATES
from leadapron.assess.ranking import rank
from leadapron.assess.subjects import all_flows, concerned, subject_key, subject_of
from leadapron.assess.view import View
from leadapron.model.errors import ContentError
from leadapron.model.events import Service
from leadapron.model.findings import SUREST_FIRST, EventRef, Finding, Subject
from leadapron.model.inventory import Asset, Flow
from leadapron.model.picture import Picture
from leadapron.rules import Category, Match, Rule, evaluate
from leadapron.rules.condition import Row, elements, fields_of, lookup, show
from leadapron.rules.lint import used_params
from leadapron.rules.rows import asset_row, flow_row, rows_of

EVIDENCE_EACH = 2
"""References taken from one flow or device."""

CITATIONS = 20
"""Quotations that a finding keeps."""

NOT_SEEN = "—"


def assess(picture: Picture, rules: Iterable[Rule], *, now: datetime) -> tuple[Finding, ...]:
    """Judge a picture. Findings come worst first; the same input gives the same output.

    `now` dates what depends on the calendar (end of support). Raises `ContentError` when a rule names a predicate
    that does not exist.
    """
    view = View(picture)
    rows = {category: rows_of(category, picture) for category in Category}
    found: list[Finding] = []
    for rule in rules:
        groups: dict[str, list[Hit]] = {}
        for item, row in rows[rule.category]:
            for hit in _hits(rule, view, now, item, row):
                groups.setdefault(subject_key(rule.group_by, hit), []).append(hit)
        found.extend(_finding(rule, view, key, tuple(hits)) for key, hits in groups.items())
    return tuple(sorted(found, key=lambda f: (-f.score, f.rule, f.subject.type, f.subject.id)))


def _hits(rule: Rule, view: View, now: datetime, item: Asset | Flow | None, row: Row) -> Iterator[Hit]:
    match = evaluate(rule.condition, row)
    if match is None:
        return
    asset = item if isinstance(item, Asset) else None
    flow = item if isinstance(item, Flow) else None
    reasons = match.reasons() if item else ()
    tested = _tested(rule, match, row)
    if not rule.predicate:
        yield Hit(asset=asset, flow=flow, reasons=reasons, values=tested)
        return
    predicate = PREDICATES.get(rule.predicate)
    if predicate is None:
        raise ContentError(f"{rule.name}.yml: predicate: no predicate is called {rule.predicate!r}")
    for hit in predicate(Case(view=view, now=now, asset=asset, flow=flow, match=match)):
        yield replace(hit, reasons=(*reasons, *hit.reasons), values={**tested, **hit.values})


def _tested(rule: Rule, match: Match, row: Row) -> Mapping[str, tuple[str, ...]]:
    """Lists that the condition looks into: only the elements that made it hold belong in a sentence."""
    held = match.positive()
    lists = (name for name in fields_of(rule.condition) if isinstance(row.get(name), tuple | Mapping))
    return {name: held.get(name, ()) for name in lists}


def _finding(rule: Rule, view: View, key: str, hits: tuple[Hit, ...]) -> Finding:
    subject = subject_of(view, rule.group_by, key, hits)
    confidence = min((hit.confidence or rule.confidence for hit in hits), key=SUREST_FIRST.index)
    flows = tuple({flow.id: flow for hit in hits for flow in all_flows(hit)}.values())
    weights = tuple(dict.fromkeys(weight for hit in hits for weight in hit.weight))
    ranked = rank(rule, confidence, view, _sufferers(subject, hits, flows), flows, weights)
    return Finding(
        rule=rule.name,
        subject=subject,
        severity=ranked.severity,
        harm=rule.harm,
        confidence=confidence,
        params=_params(rule, view, subject, hits, flows),
        reasons=_reasons(hits),
        evidence=_evidence(rule, hits),
        flows=tuple(sorted(flow.id for flow in flows)),
        citations=tuple(dict.fromkeys(one for hit in hits for one in hit.citations))[:CITATIONS],
        score=ranked.score,
        rank_reason=ranked.reasons,
    )


def _sufferers(subject: Subject, hits: tuple[Hit, ...], flows: tuple[Flow, ...]) -> tuple[str, ...]:
    """The subject itself, devices named by hits, and of each flow the server, or our end when that is outside."""
    found = {subject.id, *(flow.client if flow.server_external else flow.server for flow in flows)}
    for hit in hits:
        found.update(hit.assets)
        if hit.asset:
            found.add(hit.asset.id)
    return tuple(sorted(found))


def _reasons(hits: tuple[Hit, ...]) -> tuple[str, ...]:
    """One reason for each field, with the values that all hits found."""
    found: dict[str, dict[str, None]] = {}
    for hit in hits:
        for reason in hit.reasons:
            field, _, value = reason.partition("=")
            found.setdefault(field, {}).update(dict.fromkeys(value.split(", ")))
    return tuple(f"{field}={_listed(tuple(values))}" for field, values in found.items())


def _evidence(rule: Rule, hits: tuple[Hit, ...]) -> tuple[EventRef, ...]:
    found: dict[EventRef, None] = {}
    for hit in hits:
        sources: tuple[Asset | Flow, ...] = (*((hit.asset,) if hit.asset else ()), *all_flows(hit))
        for ref in hit.evidence[:EVIDENCE_EACH]:
            found[ref] = None
        for source in sources:
            facets = (source.evidence.get(facet, ()) for facet in (*rule.evidence, "first"))
            for ref in next((refs for refs in facets if refs), ())[:EVIDENCE_EACH]:
                found[ref] = None
    return tuple(sorted(list(found)[:EVIDENCE], key=lambda ref: (ref.ts, ref.sensor, ref.packet, ref.kind)))


def _params(
    rule: Rule, view: View, subject: Subject, hits: tuple[Hit, ...], flows: tuple[Flow, ...]
) -> Mapping[str, str | int]:
    """Values for the places of the rule's sentences: what predicates say, else the rows' own fields."""
    given: dict[str, list[object]] = {
        "subject": [subject.label or subject.id],
        "addresses": list(subject.addresses),
        "zone": list(_zones(view, subject, hits)),
        "clients": list(view.labels(flow.client for flow in flows)),
        "servers": list(view.labels(flow.server for flow in flows)),
    }
    for hit in hits:
        for name, value in hit.values.items():
            given.setdefault(name, []).extend(value if isinstance(value, tuple) else (value,))
    rows = [flow_row(flow) for flow in flows] or [asset_row(hit.asset) for hit in hits if hit.asset]
    return {name: _value(given.get(name, _field(rows, name))) for name in sorted(used_params(rule))}


def _field(rows: list[Row], name: str) -> list[object]:
    """A field's values over rows: numbers are added up (ports are names), the rest listed."""
    values = [value for row in rows for value in elements(lookup(row, name))]
    if name != "port" and values and all(isinstance(value, int) and not isinstance(value, bool) for value in values):
        return [sum(value for value in values if isinstance(value, int))]
    return sorted(dict.fromkeys(values), key=lambda value: (str(type(value)), value))


def _value(values: list[object]) -> str | int:
    if len(values) == 1 and isinstance(values[0], int):
        return values[0]
    return _listed(tuple(dict.fromkeys(_name(value) for value in values))) or NOT_SEEN


def _listed(names: tuple[str, ...]) -> str:
    more = len(names) - NAMES
    return ", ".join(names[:NAMES]) + (f" … (+{more})" if more > 0 else "")


def _name(value: object) -> str:
    """DICOM identifiers by the standard's name; what was not recognised as a mark that needs no translation."""
    text = show(value)
    if value is Service.UNKNOWN:
        return "?"
    return _standard_name(text) if text.startswith("1.2.840.10008.") else text


def _standard_name(uid: str) -> str:
    from pydicom.uid import UID  # here, so that `leadapron --help` does not wait for all of pydicom

    return str(UID(uid).name)


def _zones(view: View, subject: Subject, hits: tuple[Hit, ...]) -> tuple[str, ...]:
    ids = (subject.id,) if subject.id in view.assets else concerned(hits)
    return tuple(sorted({view.assets[i].zone for i in ids if i in view.assets} - {""}))
