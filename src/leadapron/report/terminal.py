"""The assessment in a terminal: summary, what to do first, inventory, one screen each; and each list in full.

Texts are added as text, never as Rich markup, so that a device cannot dress up its name; control characters were
made visible when the document was made.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, tzinfo

from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from leadapron.report.contract import Action, AssetEntry, Document, FindingEntry
from leadapron.report.said import cited, operations, particulars
from leadapron.report.screen import columns, facts, heading, held, mark, plain, show, sources
from leadapron.report.summary import tiles
from leadapron.report.vocabulary import CONFIDENCES, HARMS, event_kind, role_names, service_name, several
from leadapron.report.words import Words, words

FIRST_ACTIONS = 5
INVENTORY_ROWS = 40
"""Devices on the inventory screen; `render_inventory` shows all."""
_NARROW = 100
"""Below this, tables leave AE titles and kinds of objects out rather than fold every name."""
_ADDRESS = 15
"""Columns of an IPv4 address, which must not fold."""
_MARK = 12
"""Columns of a severity."""


def render_terminal(document: Document, console: Console, *, zone: tzinfo = UTC) -> None:
    """Summary, what to do first and inventory."""
    say = words(document.language, zone=zone)
    show(_summary(document, say), console)
    if document.assets:
        show(_actions(document, say), console)
        show(_inventory(document, say, console, most=INVENTORY_ROWS), console)


def render_inventory(document: Document, console: Console, *, zone: tzinfo = UTC) -> None:
    """Every device."""
    show(_inventory(document, words(document.language, zone=zone), console, most=None), console)


def render_flows(document: Document, console: Console, *, zone: tzinfo = UTC) -> None:
    """Every flow."""
    show(_flows(document, words(document.language, zone=zone), console), console)


def render_findings(document: Document, console: Console, *, zone: tzinfo = UTC) -> None:
    """Every finding in full, with where to look."""
    say = words(document.language, zone=zone)
    if not document.findings:
        show(plain(say.gettext("No weakness was seen in this traffic.")), console)
    for finding in document.findings:
        show(_finding(finding, say), console)


def _summary(document: Document, say: Words) -> RenderableType:
    _, summary = say.gettext, document.summary
    counts = Table.grid(padding=(0, 3))
    counts.add_row(
        *(
            Text.assemble((say.number(count), "bold"), " ", say.noun(singular, plural, count))
            for count, singular, plural in tiles(summary)
        )
    )
    found = [
        Text.assemble(mark(severity, say), f" {say.number(count)}")
        for severity, count in summary.severities.items()
        if count
    ]
    limits = Text("\n").join(plain(f"· {one}", "dim") for one in summary.limits)
    return Panel(
        Group(
            plain(" ".join(summary.verdict)),
            Text(),
            counts,
            *((Text("  ").join(found),) if found else ()),
            Text(),
            plain(_("What was not seen"), "bold"),
            limits,
            *((Text(), sources(document.feeds, say)) if document.feeds else ()),
        ),
        title=plain(_("Imaging network assessment"), "bold"),
        title_align="left",
        padding=(1, 2),
    )


def _actions(document: Document, say: Words) -> RenderableType:
    _ = say.gettext
    if not document.actions:
        return Group(heading(_("What to do first")), plain(_("No weakness was seen in this traffic.")))
    parts: list[RenderableType] = [heading(_("What to do first"))]
    for number, action in enumerate(document.actions[:FIRST_ACTIONS], start=1):
        parts.append(_action(number, action, say))
    more = len(document.actions) - FIRST_ACTIONS
    if more > 0:
        sentence = say.ngettext(
            "{n} further kind of weak spot is in the findings",
            "{n} further kinds of weak spots are in the findings",
            more,
        )
        parts.append(plain(f"{sentence} (leadapron findings)", "dim"))
    return Group(*parts)


def _action(number: int, action: Action, say: Words) -> RenderableType:
    _ = say.gettext
    return Group(
        Text.assemble(f"{number}. ", mark(action.severity, say), " ", (held(action.title), "bold")),
        facts(
            (_("Concerns"), several(action.subjects, 8, say)),
            (_("Why"), action.why),
            (_("What to do"), action.remediation),
            (_("Effort"), action.effort),
            (_("Side effects"), action.side_effects),
        ),
        Text(),
    )


def _inventory(document: Document, say: Words, console: Console, *, most: int | None) -> RenderableType:
    _, wide = say.gettext, console.width >= _NARROW
    shown = document.assets if most is None else document.assets[:most]
    if not shown:
        return Group(heading(_("Devices")), plain(_("No device was recognised.")))
    table = columns(
        (_("Device"), 0),
        (_("Role"), 0),
        (_("Address"), _ADDRESS),
        (_("Maker and model"), 0),
        *([(_("AE title"), 0)] if wide else []),
        (_("Weak spot"), _MARK),
    )
    for asset in shown:
        table.add_row(
            plain(asset.label, "bold"),
            plain(" ".join((role_names(asset.roles, say), *asset.modalities))),
            plain(several(asset.addresses, 2, say)),
            plain(_made_by(asset)),
            *([plain(several(asset.ae_titles, 2, say))] if wide else []),
            mark(asset.severity, say) if asset.severity else Text(),
        )
    parts: list[RenderableType] = [heading(_("Devices")), table]
    more = len(document.assets) - len(shown)
    if more:
        sentence = say.ngettext("{n} further device is not shown", "{n} further devices are not shown", more)
        parts += [Text(), plain(f"{sentence} (leadapron inventory)", "dim")]
    return Group(*parts)


def _made_by(asset: AssetEntry) -> str:
    return " ".join(filter(None, (asset.manufacturer, asset.model)))


def _flows(document: Document, say: Words, console: Console) -> RenderableType:
    _ = say.gettext
    if not document.flows:
        return Group(heading(_("Flows")), plain(_("No flow was seen.")))
    labels = {asset.id: asset.label for asset in document.assets}
    table = columns(
        (_("From"), 0),
        (_("To"), 0),
        (_("Service"), 0),
        (_("What was said"), 0),
        (_("Volume"), 7),
        (_("Weak spot"), _MARK),
    )
    table.columns[4].justify = "right"
    for flow in document.flows:
        asked, more = operations(flow, say), particulars(flow, say)
        said = (*asked, *more) if console.width >= _NARROW else asked or more
        service = f"{service_name(flow.service, say)} {flow.port}/{flow.transport}"
        table.add_row(
            plain(labels.get(flow.client, flow.client)),
            plain(labels.get(flow.server, flow.server)),
            plain(f"{service} ({_('encrypted')})" if flow.encrypted else service),
            plain(", ".join(said)),
            plain(say.size(flow.bytes)),
            mark(flow.severity, say) if flow.severity else Text(),
        )
    return Group(heading(_("Flows")), table)


def _finding(finding: FindingEntry, say: Words) -> RenderableType:
    _ = say.gettext
    evidence = "\n".join(
        f"{one.sensor}  {say.moment(one.ts)}  {event_kind(one.kind, say)}  frame.number == {one.packet}"
        for one in finding.evidence
    )
    subject = " ".join((finding.subject.label, *finding.subject.addresses))
    return Group(
        Text.assemble(f"{finding.rank}. ", mark(finding.severity, say), " ", (held(finding.title), "bold")),
        facts(
            (_("Concerns"), subject),
            (_("Seen"), finding.seen),
            (_("Why it matters"), finding.why),
            (_("What to do"), finding.remediation),
            (_("Effort"), finding.effort),
            (_("Side effects"), finding.side_effects),
            (_("At stake"), ", ".join(_(HARMS[harm]) for harm in finding.harm)),
            (_("Confidence"), _(CONFIDENCES[finding.confidence])),
            (_("Controls"), _controls(finding)),
            (_("Rank {rank} because").format(rank=finding.rank), " ".join(finding.rank_reasons)),
            (_("Evidence"), evidence),
            (_("What sources say"), "\n".join(cited(finding.citations, say))),
        ),
    )


def _controls(finding: FindingEntry) -> str:
    """Controls by their number, or by their title in a framework that does not number them."""
    named: dict[str, list[str]] = defaultdict(list)
    for one in finding.controls:
        named[one.framework_name].append(one.title if one.id.isalpha() else one.id)
    return " · ".join(f"{framework} {', '.join(ids)}" for framework, ids in named.items())
