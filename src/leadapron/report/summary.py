"""The page a manager reads: the verdict, what to do first, and what the sources could not show."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import timedelta

from leadapron.model.advisories import FeedState
from leadapron.model.assessment import Assessment
from leadapron.model.findings import Harm, Severity
from leadapron.model.inventory import Inventory, Role
from leadapron.report.contract import Action, AssetEntry, FindingEntry, FlowEntry, Summary
from leadapron.report.knowledge import FeedEntry, feed_entries
from leadapron.report.vocabulary import several
from leadapron.report.words import N_, Words

SHORT_CAPTURE = timedelta(hours=24)
"""A day shows most of a department's habits; less does not."""

URGENT = (Severity.CRITICAL, Severity.HIGH)


def tiles(summary: Summary) -> tuple[tuple[int, str, str], ...]:
    """The four numbers of the page, with the name of one and of many: for `Words.noun`."""
    return (
        (summary.devices, N_("device"), "devices"),
        (summary.modalities, N_("that makes images"), "that make images"),
        (summary.flows, N_("flow"), "flows"),
        (summary.exams, N_("exam"), "exams"),
    )


def summarise(
    assessment: Assessment,
    assets: Sequence[AssetEntry],
    flows: Sequence[FlowEntry],
    findings: Sequence[FindingEntry],
    todo: Sequence[Action],
    say: Words,
) -> Summary:
    """Counts, verdict and limits of one assessment."""
    inventory = assessment.inventory
    counted = Counter(one.severity for one in findings)
    scanners = sum(Role.MODALITY in asset.roles for asset in assets)
    exams = sum(cell.exams for cell in inventory.utilisation)
    return Summary(
        verdict=(
            *_what_was_seen(inventory, scanners, exams, say),
            *(_what_it_means(counted, todo, say) if assets or findings else ()),
        ),
        devices=len(assets),
        modalities=scanners,
        flows=len(flows),
        exams=exams,
        severities={severity: counted[severity] for severity in Severity},
        limits=_limits(assessment, say),
    )


def _lasted(inventory: Inventory) -> timedelta | None:
    quality = inventory.quality
    return quality.last - quality.first if quality.first and quality.last else None


def _what_was_seen(inventory: Inventory, scanners: int, exams: int, say: Words) -> list[str]:
    _, lasted = say.gettext, _lasted(inventory)
    if not inventory.quality.packets:
        return [_("There is no packet in what was read, so nothing can be said. Check that the capture was running.")]
    if not inventory.assets:
        return [
            say.ngettext(
                "No device was recognised in {n} packet.",
                "No device was recognised in {n} packets.",
                inventory.quality.packets,
            ),
            _("Check that the mirror port copies the imaging network, in both directions."),
        ]
    devices = say.ngettext("{n} device", "{n} devices", len(inventory.assets))
    imaging = (
        say.ngettext("{n} of which makes images", "{n} of which make images", scanners)
        if scanners
        else _("none of which was seen making images")
    )
    sentence = (
        _("In {duration} of traffic, Leadapron saw {devices}, {imaging}.").format(
            duration=say.lasting(lasted), devices=devices, imaging=imaging
        )
        if lasted is not None
        else _("Leadapron saw {devices}, {imaging}.").format(devices=devices, imaging=imaging)
    )
    if not exams:
        return [sentence]
    return [sentence, say.ngettext("{n} exam was counted.", "{n} exams were counted.", exams)]


def _what_it_means(counted: Counter[Severity], todo: Sequence[Action], say: Words) -> list[str]:
    _ = say.gettext
    urgent = sum(counted[severity] for severity in URGENT)
    later = sum(counted.values()) - urgent
    if not counted:
        return [_("No weakness was seen in this traffic. It does not prove that there is none: read the limits below.")]
    if not urgent:
        return [
            _("No weak spot seen here calls for urgent action."),
            say.ngettext(
                "{n} weak spot can be planned into ordinary work.",
                "{n} weak spots can be planned into ordinary work.",
                later,
            ),
            _start(todo[0], say),
        ]
    sentences = [
        say.ngettext(
            "{n} weak spot calls for a decision soon: through it, {harm}.",
            "{n} weak spots call for a decision soon: through them, {harm}.",
            urgent,
            harm=_harm(todo, say),
        ),
        _start(todo[0], say),
    ]
    if later:
        sentences.append(
            say.ngettext("{n} further point is less pressing.", "{n} further points are less pressing.", later)
        )
    return sentences


def _start(first: Action, say: Words) -> str:
    return say.gettext("Start with “{title}” ({subjects}).").format(
        title=first.title.rstrip("."), subjects=several(first.subjects, 3, say)
    )


def _harm(todo: Sequence[Action], say: Words) -> str:
    _ = say.gettext
    clauses = {
        Harm.AVAILABILITY: _("exams could be stopped"),
        Harm.INTEGRITY: _("images or orders could be altered"),
        Harm.CONFIDENTIALITY: _("patient data could leak"),
        Harm.SPREAD: _("an attack could spread from one device to others"),
    }
    urgent = {harm for one in todo if one.severity in URGENT for harm in one.harm}
    return say.joined(clauses[harm] for harm in Harm if harm in urgent) or _("the department could be harmed")


def _limits(assessment: Assessment, say: Words) -> tuple[str, ...]:
    """What the reader must not conclude, most important first."""
    _, inventory = say.gettext, assessment.inventory
    limits = []
    if assessment.interrupted:
        limits.append(_("Reading was stopped before the end: devices, flows and counts are a part of the whole."))
    limits += _capture_limits(inventory, say)
    lasted = _lasted(inventory)
    if inventory.assets and lasted is not None and lasted < SHORT_CAPTURE:
        limits.append(
            _(
                "The traffic covers {duration}. A device that stayed silent meanwhile is not listed; night and "
                "weekend habits are not known."
            ).format(duration=say.lasting(lasted))
        )
    encrypted = sum(flow.encrypted for flow in inventory.flows)
    if encrypted:
        limits.append(
            say.ngettext(
                "{n} flow is encrypted: who talks to whom is known, not what they say.",
                "{n} flows are encrypted: who talks to whom is known, not what they say.",
                encrypted,
            )
        )
    unknown = sum(not asset.roles or Role.UNKNOWN in asset.roles for asset in inventory.assets)
    if unknown:
        limits.append(
            say.ngettext(
                "{n} device did nothing readable that tells its purpose.",
                "{n} devices did nothing readable that tells their purpose.",
                unknown,
            )
        )
    limits += stale_sources(feed_entries(assessment.feeds, assessment.generated.date(), say), say)
    limits.append(
        _(
            "Only traffic that passed the capture point is seen. Passwords, patches, backups and procedures leave "
            "no trace there: no finding about them does not mean that they are in order."
        )
    )
    return tuple(limits)


def stale_sources(feeds: Iterable[FeedEntry], say: Words) -> list[str]:
    """What old or missing sources mean, in one sentence or none."""
    old = [feed.title for feed in feeds if feed.state is not FeedState.FRESH]
    if not old:
        return []
    return [
        say.gettext("Sources out of date or missing: {names}. Flaws published since are not known here.").format(
            names=say.joined(old)
        )
    ]


def _capture_limits(inventory: Inventory, say: Words) -> list[str]:
    _, quality = say.gettext, inventory.quality
    limits = []
    cut = [source.name for source in inventory.sources if not source.complete]
    if cut:
        limits.append(_("Not read to the end: {names}.").format(names=say.joined(cut)))
    if quality.drops:
        limits.append(
            say.ngettext(
                "The capturing machine lost {n} packet: counts are too low.",
                "The capturing machine lost {n} packets: counts are too low.",
                quality.drops,
            )
        )
    if quality.gaps:
        limits.append(
            say.ngettext(
                "{n} hole was found in conversations: some exchanges could not be read whole.",
                "{n} holes were found in conversations: some exchanges could not be read whole.",
                quality.gaps,
            )
        )
    if quality.truncated:
        limits.append(
            say.ngettext(
                "{n} packet was cut short by the capture: record whole packets (snap length 0).",
                "{n} packets were cut short by the capture: record whole packets (snap length 0).",
                quality.truncated,
            )
        )
    undecodable = sum(quality.undecodable.values())
    if undecodable:
        limits.append(
            say.ngettext(
                "{n} packet could not be decoded.",
                "{n} packets could not be decoded.",
                undecodable,
            )
        )
    return limits
