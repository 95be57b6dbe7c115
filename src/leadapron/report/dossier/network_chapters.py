"""Chapters on the network: the verdict, what was measured, which devices there are, what is weak."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

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
    facts,
)
from leadapron.report.groups import FindingGroup, grouped
from leadapron.report.plan.contract import PlanDocument
from leadapron.report.practices.contract import ProceduresDocument
from leadapron.report.said import cited
from leadapron.report.vocabulary import DOCUMENTS, HARMS, ROLES, SEVERITIES, role_names, several
from leadapron.report.words import Words

IMAGING = frozenset({Role.MODALITY, Role.PACS, Role.RIS, Role.WORKSTATION, Role.PRINTER, Role.INTERFACE_ENGINE})
"""Roles whose devices are listed one by one; the others are counted."""

PLACES = 12
"""Places of one weakness that are named before the rest is counted."""

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
    yield Heading(_("Devices"))
    yield Table(
        head=(_("Role"), _("Devices")),
        rows=tuple(cells(_(ROLES[role]), say.number(roles[role])) for role in Role if roles[role]),
        widths=(3, 1),
        numbers=(1,),
    )
    imaging = [asset for asset in assessed.assets if IMAGING & set(asset.roles)]
    if imaging:
        yield Heading(_("Imaging devices"), 3)
        yield Table(
            head=(_("Device"), _("Role"), _("Maker and model"), _("Owner"), _("Documents held"), _("Weak spot")),
            rows=tuple(_device(asset, say) for asset in imaging),
            widths=(2, 1.8, 2.6, 1.5, 1.4, 1.2),
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


def findings_chapter(assessed: Document, say: Words) -> Iterator[Block]:
    """Each weakness once, with its places and where the proof can be opened."""
    _ = say.gettext
    yield Heading(_("Findings"))
    if not assessed.findings:
        yield Paragraph(_("No weakness was seen in this traffic."))
        return
    yield Paragraph(_("The proof is named by capture and packet number, or by the words of the source."))
    for group in grouped(assessed.findings):
        yield from _group(group, say)


def _group(group: FindingGroup, say: Words) -> Iterator[Block]:
    _, first = say.gettext, group.findings[0]
    times = say.ngettext("{n} place", "{n} places", len(group.findings))
    yield Heading(f"{group.title} ({times})", 3)
    yield facts(
        (_("Severity"), _(SEVERITIES[group.severity])),
        (_("At stake"), ", ".join(_(HARMS[harm]) for harm in first.harm)),
        (_("Why it matters"), first.why),
    )
    shown = group.findings[:PLACES]
    yield Table(
        head=(_("Where"), _("Seen"), _("Proof")),
        rows=tuple(cells(Cell(one.subject.label, Tone.STRONG), one.seen, proof(one, say)) for one in shown),
        widths=(1.6, 4, 3),
    )
    if len(group.findings) > PLACES:
        rest = [one.subject.label for one in group.findings[PLACES:]]
        yield Paragraph(_("Also: {names}").format(names=several(rest, 4 * PLACES, say)), Tone.SOFT)


def proof(finding: FindingEntry, say: Words) -> str:
    """Where to look first: packets, then what sources say."""
    packets = [f"{ref.sensor} frame.number == {ref.packet}" for ref in finding.evidence[:2]]
    return "; ".join((*packets, *cited(finding.citations[:2], say)))
