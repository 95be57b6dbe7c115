"""The HTML report: one file that opens offline, prints, and works without scripts.

Everything is inline and named by hash in a strict Content-Security-Policy, so the page can neither call home nor run
what a device's name might smuggle in. Scripts only add filtering and sorting.
"""

from __future__ import annotations

import base64
import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, tzinfo
from functools import cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from msgspec import Struct

from leadapron.model.findings import Severity
from leadapron.model.inventory import Role
from leadapron.report.chart import exams_chart
from leadapron.report.contract import AssetEntry, Control, Document, FindingEntry, FlowEntry
from leadapron.report.drawing import draw
from leadapron.report.netmap import (
    Network,
    is_large,
    main_role,
    natural,
    overview,
    zone_anchor,
    zone_title,
    zones_opened,
)
from leadapron.report.said import operations, particulars
from leadapron.report.summary import tiles
from leadapron.report.vocabulary import (
    ANOMALIES,
    CONFIDENCES,
    FAMILIES,
    HARMS,
    ROLES,
    SEVERITIES,
    Family,
    attribute,
    event_kind,
    facet,
    family,
    role_names,
    service_name,
    service_on_port,
    several,
)
from leadapron.report.words import Words, words

FIRST_ACTIONS = 5
"""What one printed page for management can hold; the rest follow in the findings."""

_WIDEST_MATRIX = 9
"""Zones a square matrix can show on paper."""


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


class Exchange(Struct, frozen=True, kw_only=True):
    """All flows from one zone to another."""

    client: str
    server: str
    services: tuple[tuple[Family, str, bool], ...]
    """Family, name and whether every such flow is encrypted."""
    flows: int
    bytes: int


def render_html(document: Document, *, zone: tzinfo = UTC) -> str:
    """The document as one HTML page in its language, times in `zone`."""
    say = words(document.language, zone=zone)
    network = overview(document, say)
    exchanges = _exchanges(document, say)
    members: dict[str, list[AssetEntry]] = defaultdict(list)
    for asset in document.assets:
        members[zone_title(asset, say)].append(asset)
    zones = sorted({one.client for one in exchanges} | {one.server for one in exchanges}, key=natural)
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            _=say.gettext,
            ngettext=say.ngettext,
            say=say,
            document=document,
            style=_style(),
            script=_script(),
            policy=_policy(),
            assets={asset.id: asset for asset in document.assets},
            findings={finding.id: finding for finding in document.findings},
            tiles=tiles(document.summary),
            first=document.actions[:FIRST_ACTIONS],
            groups=_groups(document.findings),
            large=is_large(document),
            members=members,
            worst={title: _worst(one.severity for one in assets) for title, assets in members.items()},
            network=network,
            picture=draw(network),
            opened={title: (one, draw(one)) for title, one in zones_opened(document, say).items()},
            families=_families(network),
            exchanges=exchanges,
            matrix_zones=zones if len(zones) <= _WIDEST_MATRIX else [],
            matrix={(one.client, one.server): one for one in exchanges},
            chart=exams_chart(document.utilisation, say),
            v=_Vocabulary(say),
        )
    )


class _Vocabulary:
    """What templates call to name things."""

    def __init__(self, say: Words) -> None:
        self._say = say

    def severity(self, one: Severity) -> str:
        return self._say.gettext(SEVERITIES[one])

    def place(self, one: Severity | None) -> int:
        """Where a severity sorts: worst first, none last."""
        return list(Severity).index(one) if one else len(Severity)

    def confidence(self, finding: FindingEntry | AssetEntry) -> str:
        return self._say.gettext(CONFIDENCES[finding.confidence])

    def harm(self, one: FindingEntry) -> str:
        return ", ".join(self._say.gettext(HARMS[harm]) for harm in one.harm)

    def roles(self, asset: AssetEntry) -> str:
        return role_names(asset.roles, self._say)

    def role(self, one: Role) -> str:
        return self._say.gettext(ROLES[one])

    def family(self, one: Family) -> str:
        return self._say.gettext(FAMILIES[one])

    def family_of(self, flow: FlowEntry) -> Family:
        return family(flow.service)

    def service(self, flow: FlowEntry) -> str:
        return service_name(flow.service, self._say)

    def zone(self, asset: AssetEntry) -> str:
        return zone_title(asset, self._say)

    def anchor(self, title: str) -> str:
        return zone_anchor(title)

    def drawn_role(self, asset: AssetEntry) -> Role:
        return main_role(asset)

    def several(self, items: Sequence[str], most: int) -> str:
        return several(items, most, self._say)

    def operations(self, flow: FlowEntry) -> str:
        return ", ".join(operations(flow, self._say))

    def particulars(self, flow: FlowEntry) -> str:
        return ", ".join(particulars(flow, self._say))

    def answers(self, asset: AssetEntry) -> str:
        """Services with their ports; the inventory writes `dicom/104`."""
        return ", ".join(service_on_port(one, self._say) for one in asset.services)

    def clock(self, offset: int) -> str:
        _, seconds = self._say.gettext, self._say.number(abs(offset))
        if abs(offset) <= 1:
            return _("on time")
        return (_("{seconds} s ahead") if offset > 0 else _("{seconds} s behind")).format(seconds=seconds)

    def findings(self, asset: AssetEntry, known: Mapping[str, FindingEntry]) -> list[tuple[str, str, int]]:
        """The id of the first finding of each title that touches a device, the title, and how many there are."""
        times = Counter(known[one].title for one in asset.findings)
        first = {known[one].title: one for one in reversed(asset.findings)}
        return [(first[title], title, count) for title, count in times.items()]

    def kind(self, one: str) -> str:
        return event_kind(one, self._say)

    def facet(self, one: str) -> str:
        return facet(one, self._say)

    def attribute(self, one: str) -> str:
        return attribute(one, self._say)

    def broken(self, code: str) -> str:
        return self._say.gettext(ANOMALIES[code]) if code in ANOMALIES else ""

    def controls(self, one: FindingEntry) -> list[tuple[str, list[Control]]]:
        """Controls under the name of their framework, each named once."""
        named: dict[str, list[Control]] = defaultdict(list)
        for control in one.controls:
            named[control.framework_name].append(control)
        return list(named.items())


def _worst(severities: Iterable[Severity | None]) -> Severity | None:
    return min((one for one in severities if one), key=list(Severity).index, default=None)


def _groups(findings: Iterable[FindingEntry]) -> list[FindingGroup]:
    by_rule: dict[str, list[FindingEntry]] = defaultdict(list)
    for finding in findings:
        by_rule[finding.rule].append(finding)
    order = list(Severity)

    def shared(group: list[FindingEntry], part: str) -> str:
        texts = {getattr(one, part) for one in group}
        return str(texts.pop()) if len(texts) == 1 else ""

    return [
        FindingGroup(
            rule=rule,
            title=shared(group, "title") or group[0].title,
            severity=min((one.severity for one in group), key=order.index),
            why=shared(group, "why"),
            remediation=shared(group, "remediation"),
            effort=shared(group, "effort"),
            side_effects=shared(group, "side_effects"),
            findings=tuple(group),
        )
        for rule, group in by_rule.items()
    ]


def _families(network: Network) -> list[Family]:
    drawn = {link.family for link in network.links}
    return [one for one in Family if one in drawn]


def _exchanges(document: Document, say: Words) -> list[Exchange]:
    zone = {asset.id: zone_title(asset, say) for asset in document.assets}
    grouped: dict[tuple[str, str], list[FlowEntry]] = defaultdict(list)
    for flow in document.flows:
        if flow.client in zone and flow.server in zone:
            grouped[zone[flow.client], zone[flow.server]].append(flow)
    return [
        Exchange(
            client=client,
            server=server,
            services=_services(flows, say),
            flows=len(flows),
            bytes=sum(flow.bytes for flow in flows),
        )
        for (client, server), flows in sorted(grouped.items())
    ]


def _services(flows: Iterable[FlowEntry], say: Words) -> tuple[tuple[Family, str, bool], ...]:
    encrypted: dict[tuple[Family, str], list[bool]] = defaultdict(list)
    for flow in flows:
        encrypted[family(flow.service), service_name(flow.service, say)].append(flow.encrypted)
    order = list(Family)
    return tuple(
        (kind, name, all(encrypted[kind, name]))
        for kind, name in sorted(encrypted, key=lambda one: (order.index(one[0]), one[1]))
    )


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("leadapron.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def _style() -> Markup:
    return Markup((files("leadapron.report") / "templates" / "report.css").read_text("utf-8"))  # noqa: S704 - ours


@cache
def _script() -> Markup:
    return Markup((files("leadapron.report") / "templates" / "report.js").read_text("utf-8"))  # noqa: S704 - ours


@cache
def _policy() -> str:
    """Nothing may be loaded, sent or embedded; only our own style and script run (CSP level 3)."""
    return (
        f"default-src 'none'; style-src '{_hash(_style())}'; script-src '{_hash(_script())}'; "
        "base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")
