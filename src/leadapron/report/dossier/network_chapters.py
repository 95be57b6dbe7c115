"""Chapters on the network: the verdict, what was measured, which devices there are, what is weak."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from leadapron.model.findings import Severity
from leadapron.model.inventory import Role
from leadapron.report.contract import AssetEntry, Document, FindingEntry
from leadapron.report.dossier.blocks import (
    Block,
    Bullets,
    Cell,
    Heading,
    Paragraph,
    Table,
    Tone,
    cells,
)
from leadapron.report.groups import FindingGroup, grouped
from leadapron.report.plan.contract import PlanDocument
from leadapron.report.plan.page import first_actions, works_to_decide
from leadapron.report.plan.vocabulary import PlanNames
from leadapron.report.practices.contract import ProceduresDocument
from leadapron.report.said import cited
from leadapron.report.vocabulary import DOCUMENTS, HARMS, ROLES, SEVERITIES, role_names, several
from leadapron.report.words import Words

IMAGING = frozenset({Role.MODALITY, Role.PACS, Role.RIS, Role.WORKSTATION, Role.PRINTER, Role.INTERFACE_ENGINE})
"""Roles whose devices are listed one by one; the others are counted."""

PLACES = 12
"""Places of one weakness that are named before the rest is counted."""

PUBLISHED = 6
"""Advisories quoted for one weakness, those of its worst places first."""

_URGENT = (Severity.CRITICAL, Severity.HIGH)


def severity_cell(level: Severity, say: Words) -> Cell:
    """A severity in words; bad ones stand out."""
    return Cell(say.gettext(SEVERITIES[level]), Tone.BAD if level in _URGENT else Tone.STRONG)


def verdict_chapter(
    assessed: Document, plan: PlanDocument, procedures: ProceduresDocument, say: Words
) -> Iterator[Block]:
    """What everyone reads."""
    _ = say.gettext
    yield Heading(_("Verdict"))
    for text in (assessed.summary.verdict, plan.summary.verdict, procedures.verdict):
        yield Paragraph(" ".join(text))
    counted = assessed.summary.severities
    yield Table(
        head=tuple(_(SEVERITIES[level]) for level in Severity),
        rows=(tuple(Cell(say.number(counted.get(level, 0)), Tone.STRONG) for level in Severity),),
        widths=(1.0,) * len(Severity),
    )
    first, names = first_actions(plan), PlanNames(say)
    if first:
        yield Heading(_("What to do this week first"), 3)
        yield Table(
            head=(_("Place"), _("Action"), _("Led by"), _("Work"), _("Owner")),
            rows=tuple(
                cells(
                    say.number(one.rank),
                    Cell(one.title, Tone.STRONG),
                    one.who[0].name if one.who else "",
                    names.hours(one),
                    one.owner or _("nobody yet"),
                )
                for one in first
            ),
            widths=(0.5, 5, 2, 0.8, 1.6),
            numbers=(0, 3),
        )
    bigger = works_to_decide(plan)
    if bigger:
        yield Heading(_("Bigger works to decide on meanwhile"), 3)
        yield Table(
            head=(),
            rows=tuple(cells(say.number(one.rank), Cell(one.title, Tone.STRONG), names.granted(one)) for one in bigger),
            widths=(0.5, 5, 4.4),
            numbers=(0,),
        )


def measured_chapter(assessed: Document, say: Words) -> Iterator[Block]:
    """What the sources could show, and what nobody may conclude."""
    _ = say.gettext
    yield Heading(_("What was measured, and what was not"))
    yield Paragraph(
        _(
            "Copies of network traffic were read. Nothing was sent to any device, and no patient name, identifier or "
            "birth date was decoded."
        )
    )
    yield Table(
        head=(_("Capture"), _("First packet"), _("Last packet"), _("Packets"), _("Volume"), _("Read to the end")),
        rows=tuple(
            cells(
                one.name,
                say.minute(one.first) if one.first else "",
                say.minute(one.last) if one.last else "",
                say.number(one.packets),
                say.size(one.bytes),
                _("yes") if one.complete else Cell(_("no"), Tone.BAD),
            )
            for one in assessed.sources
        ),
        widths=(3, 2, 2, 1.3, 1.2, 1.3),
        numbers=(3, 4),
    )
    yield Heading(_("What was not seen"), 3)
    yield Bullets(assessed.summary.limits)


def devices_chapter(assessed: Document, say: Words) -> Iterator[Block]:
    """How many of each kind; imaging devices one by one."""
    _ = say.gettext
    roles = Counter(_role(asset) for asset in assessed.assets)
    counted = [f"{_(ROLES[role])}{_(':')} {say.number(roles[role])}" for role in Role if roles[role]]
    yield Heading(_("Devices"))
    yield Paragraph(f"{_('; ').join(counted) or '0'}.")
    imaging = [asset for asset in assessed.assets if IMAGING & set(asset.roles)]
    if imaging:
        yield Heading(_("Imaging devices"), 3)
        yield Table(
            head=(_("Device"), _("Role"), _("Maker and model"), _("Owner"), _("Documents held"), _("Weak spot")),
            rows=tuple(_device(asset, say) for asset in imaging),
            widths=(1.6, 1.8, 3, 1.7, 2.4, 1.1),
        )


def _role(asset: AssetEntry) -> Role:
    return asset.roles[0] if asset.roles else Role.UNKNOWN


def _device(asset: AssetEntry, say: Words) -> tuple[Cell, ...]:
    made = " ".join(filter(None, (asset.manufacturer, asset.model, *asset.software_versions[:1])))
    return cells(
        Cell(asset.label, Tone.STRONG),
        " ".join((role_names(asset.roles, say), *asset.modalities)),
        made,
        asset.owner,
        ", ".join(say.gettext(DOCUMENTS[kind]) for kind in asset.documents),
        severity_cell(asset.severity, say) if asset.severity else "",
    )


def numbered(assessed: Document) -> Mapping[str, int]:
    """Finding → number of its weakness in the chapter, by which other chapters name it."""
    groups = enumerate(grouped(assessed.findings), start=1)
    return {finding.id: number for number, group in groups for finding in group.findings}


def findings_chapter(assessed: Document, say: Words) -> Iterator[Block]:
    """Each weakness once, with its number, its places and where the proof can be opened."""
    _ = say.gettext
    yield Heading(_("Findings"))
    if not assessed.findings:
        yield Paragraph(_("No weakness was seen in this traffic."))
        return
    captures = [source.name for source in assessed.sources]
    only = captures[0] if len(captures) == 1 else ""
    yield Paragraph(
        _(
            "Each line says where, what was seen, and the proof: packets, to be pasted into Wireshark as a filter, or "
            "the words of a document. Chapters name weaknesses by their numbers."
        )
        + (" " + _("Packets are those of {capture}.").format(capture=only) if only else "")
    )
    for number, group in enumerate(grouped(assessed.findings), start=1):
        yield from _group(number, group, only, say)


def _group(number: int, group: FindingGroup, only: str, say: Words) -> Iterator[Block]:
    _, first = say.gettext, group.findings[0]
    stakes = say.joined(_(HARMS[harm]) for harm in first.harm)
    yield Heading(f"{number}. {group.title} ({_(SEVERITIES[group.severity])})", 3)
    yield Paragraph(" ".join(filter(None, (f"{_('At stake')}{_(':')} {stakes}." if stakes else "", group.why))))
    yield Table(
        head=(),
        rows=tuple(
            cells(Cell(one.subject.label, Tone.STRONG), one.seen, proof(one, only, say))
            for one in group.findings[:PLACES]
        ),
        widths=(1.4, 5.4, 2.6),
    )
    if len(group.findings) > PLACES:
        rest = [one.subject.label for one in group.findings[PLACES:]]
        yield Paragraph(_("Also: {names}").format(names=several(rest, 4 * PLACES, say)), Tone.SOFT)
    published = dict.fromkeys(one for finding in group.findings for one in finding.citations if one.url)
    if published:
        yield Paragraph(f"{_('Sources')}{_(':')} " + _("; ").join(cited(tuple(published)[:PUBLISHED], say)), Tone.SOFT)


def proof(finding: FindingEntry, only: str, say: Words) -> str:
    """Where to look first: packets, then what documents say; what is published stands under all places together."""
    packets: dict[str, list[int]] = {}
    for ref in finding.evidence[:2]:
        packets.setdefault("" if ref.sensor == only else ref.sensor, []).append(ref.packet)
    filters = (f"{name} {_filter(found)}".lstrip() for name, found in packets.items())
    own = (one for one in finding.citations if not one.url)
    return say.gettext("; ").join((*filters, *cited(tuple(own)[:2], say)))


def _filter(packets: Sequence[int]) -> str:
    """A Wireshark filter that shows them."""
    if len(packets) == 1:
        return f"frame.number == {packets[0]}"
    return f"frame.number in {{{', '.join(map(str, packets))}}}"
