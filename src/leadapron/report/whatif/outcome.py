"""An outcome, or several, become a document in one language: the answer first, then what it rests on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from msgspec import Struct

from leadapron.model.department import Basis, Department, DeviceClass
from leadapron.model.scenarios import Estimate, Influence, Outcome
from leadapron.report.hostile import harmless
from leadapron.report.whatif.contract import (
    COMPARISON,
    WHATIF,
    AssumptionEntry,
    ComparedEntry,
    ComparisonDocument,
    DeviceEntry,
    ExamsLost,
    InfluenceEntry,
    OutcomeDocument,
    SkippedEntry,
)
from leadapron.report.whatif.sentences import Spoken, rounded
from leadapron.report.whatif.vocabulary import WhatIfNames
from leadapron.report.words import Words, words
from leadapron.whatif.parameters import YEAR
from leadapron.whatif.scenarios import ScenarioContent

FEW_RUNS = 100
"""Below this, the ends of an interval are single runs."""


class Made(Struct, frozen=True, kw_only=True):
    """By which version, when and in which language a document is made."""

    version: str
    generated: datetime
    language: str


class Skipped(Struct, frozen=True, kw_only=True):
    """A scenario that cannot happen in a department, and why, in the reader's language."""

    scenario: str
    reason: str


def outcome_document(
    outcome: Outcome, department: Department, scenario: ScenarioContent, made: Made
) -> OutcomeDocument:
    """One outcome in words. `scenario` is the one it was simulated with, overrides included."""
    say = words(made.language)
    spoken = Spoken(say)
    names = WhatIfNames(say)
    safe, site, told = harmless(outcome), harmless(department), scenario.texts[say.language]
    assumptions = spoken.assumptions(safe.assumptions)
    return OutcomeDocument(
        schema=WHATIF,
        version=made.version,
        language=say.language,
        generated=made.generated,
        scenario=safe.scenario,
        title=told.title,
        story=told.story,
        assumes=told.assumes,
        look_first=told.look_first,
        incident=told.incident,
        techniques=scenario.scenario.techniques,
        runs=safe.runs,
        seed=safe.seed,
        answer=tuple(_answer(safe, site, names, say)),
        limits=tuple(limits(safe.runs, assumptions, say)),
        exams_lost=exams_lost(safe),
        urgent_lost=safe.urgent_lost,
        diverted=safe.diverted,
        devices_down=safe.devices_down,
        scanners_down=safe.scanners_down,
        hours_to_restored=safe.hours_to_restored,
        hours_to_normal=safe.hours_to_normal,
        records_at_risk=safe.records_at_risk,
        contained=scenario.scenario.contained,
        devices=_devices(safe, site, spoken),
        timeline=safe.timeline,
        containment=safe.containment,
        influences=tuple(_influence(one, spoken, names) for one in safe.influences),
        assumptions=assumptions,
    )


def comparison_document(
    outcomes: Iterable[Outcome],
    scenarios: Mapping[str, ScenarioContent],
    made: Made,
    *,
    skipped: Iterable[Skipped] = (),
) -> ComparisonDocument:
    """Outcomes of one department side by side, most exams lost first. `scenarios` by name."""
    say = words(made.language)
    spoken = Spoken(say)
    names = WhatIfNames(say)
    ordered = sorted(map(harmless, outcomes), key=lambda one: (-one.exams_lost.mean, one.scenario))
    entries = tuple(_compared(one, scenarios[one.scenario], say) for one in ordered)
    assumptions = spoken.assumptions(assumption for one in ordered for assumption in one.assumptions)
    return ComparisonDocument(
        schema=COMPARISON,
        version=made.version,
        language=say.language,
        generated=made.generated,
        answer=tuple(_worst(entries, names, say)),
        scenarios=entries,
        skipped=tuple(
            SkippedEntry(
                scenario=one.scenario, title=scenarios[one.scenario].texts[say.language].title, reason=one.reason
            )
            for one in map(harmless, skipped)
        ),
        limits=tuple(limits(min((one.runs for one in ordered), default=0), assumptions, say)),
    )


def exams_lost(outcome: Outcome) -> ExamsLost:
    """All exams lost, and those of each modality, most first."""
    lost = outcome.exams_lost
    modalities = sorted(outcome.by_modality.items(), key=lambda item: (-item[1].mean, item[0]))
    return ExamsLost(mean=lost.mean, p5=lost.p5, p50=lost.p50, p95=lost.p95, by_modality=dict(modalities))


def lost_sentence(lost: Estimate, runs: int, names: WhatIfNames, say: Words) -> str:
    """How many exams are lost, as chances a person can picture."""
    _, all_runs = say.gettext, say.number(runs)
    if lost.p95 < 0.5:
        return _("In at least 19 of 20 of {runs} runs no exam is lost.").format(runs=all_runs)
    if lost.p50 < 0.5:
        return _("In half of {runs} runs no exam is lost; in 1 of 20 at least {high} are.").format(
            runs=all_runs, high=names.count(lost.p95)
        )
    sentence = say.ngettext(
        "In half of {runs} runs at least {n} exam is not done when it is due",
        "In half of {runs} runs at least {n} exams are not done when they are due",
        round(rounded(lost.p50)),
        runs=all_runs,
    )
    between = _("in 9 of 10, between {low} and {high}.").format(low=names.count(lost.p5), high=names.count(lost.p95))
    return sentence + _("; ") + between


def limits(runs: int, assumptions: Iterable[AssumptionEntry], say: Words) -> Iterable[str]:
    """What the reader must not conclude from simulated runs."""
    _, entries = say.gettext, list(assumptions)
    guessed = sum(one.basis is Basis.ASSUMED for one in entries)
    yield _("An exam is lost when it is not done when it is due. Most are postponed, not given up.")
    yield interval_limit(say)
    if entries:
        yield say.ngettext(
            "{n} of the {all} numbers and facts it rests on is assumed, neither seen here nor published.",
            "{n} of the {all} numbers and facts it rests on are assumed, neither seen here nor published.",
            guessed,
            all=say.number(len(entries)),
        )
    if 0 < runs < FEW_RUNS:
        yield say.ngettext(
            "{n} run is too few for an interval: ask for more (--runs 1000).",
            "{n} runs are too few for an interval: ask for more (--runs 1000).",
            runs,
        )


def interval_limit(say: Words) -> str:
    """What the numbers between brackets are, and are not."""
    _ = say.gettext
    return _(
        "Between brackets: what 9 of 10 runs stay within; 1 in 20 is below, 1 in 20 above. This is chance within the "
        "model, not what the model leaves out."
    )


def _answer(outcome: Outcome, site: Department, names: WhatIfNames, say: Words) -> Iterable[str]:
    _ = say.gettext
    if outcome.by_modality:
        yield lost_sentence(outcome.exams_lost, outcome.runs, names, say)
    else:
        yield _("No scanner is known here: exams cannot be counted.")
    if outcome.exams_lost.p95 >= 0.5 and (hit := exams_lost(outcome).by_modality):
        modality, lost = next(iter(hit.items()))
        if len(hit) > 1 and lost.p50 >= 0.5:
            yield _("Hardest hit is {modality}: {typical} exams.").format(
                modality=names.modality(modality), typical=names.typical(lost)
            )
    scanners = sum(node.kind is DeviceClass.MODALITY for node in site.nodes)
    if outcome.scanners_down.p95 >= 0.5:
        yield _("At the worst moment {typical} of {all} scanners stand still.").format(
            typical=names.typical(outcome.scanners_down), all=say.number(scanners)
        )
    yield from _times(outcome, names, say)
    if outcome.urgent_lost.p95 >= 0.5:
        yield _("Urgent exams that nobody could take: {typical}.").format(typical=names.typical(outcome.urgent_lost))
    if outcome.records_at_risk.p95 >= 0.5:
        yield _("Studies within the attacker’s reach: {typical}.").format(
            typical=names.typical(outcome.records_at_risk)
        )


def _times(outcome: Outcome, names: WhatIfNames, say: Words) -> Iterable[str]:
    """When all works again, and when the backlog is done. Nothing is counted beyond a year."""
    _ = say.gettext
    if outcome.hours_to_restored.p50 >= YEAR:
        yield _("In half of the runs something would still be down after a year.")
    elif outcome.hours_to_restored.p95 > 0:
        yield _("Until all works again: {duration}.").format(duration=names.duration(outcome.hours_to_restored))
    if outcome.hours_to_normal.p50 >= YEAR:
        yield _("If every exam lost had to be made up here, the backlog would last more than a year.")
    elif outcome.hours_to_normal.p95 > 0:
        yield _("Until the backlog is done too, if every exam lost is made up here: {duration}.").format(
            duration=names.duration(outcome.hours_to_normal)
        )


def _devices(outcome: Outcome, site: Department, spoken: Spoken) -> tuple[DeviceEntry, ...]:
    """All devices, those reached most often first."""
    entries = [
        DeviceEntry(
            id=node.id,
            label=node.label,
            zone=node.zone,
            kind=node.kind,
            kind_name=spoken.word("class", node.kind),
            modality=node.modality,
            reached=outcome.reached.get(node.id, 0.0),
        )
        for node in site.nodes
    ]
    return tuple(sorted(entries, key=lambda one: (-one.reached, one.zone, one.label, one.id)))


def _influence(one: Influence, spoken: Spoken, names: WhatIfNames) -> InfluenceEntry:
    return InfluenceEntry(
        parameter=one.parameter,
        name=spoken.parameter(one.parameter),
        low_value=one.low_value,
        high_value=one.high_value,
        low_text=names.value(one.parameter, one.low_value),
        high_text=names.value(one.parameter, one.high_value),
        low=one.low,
        high=one.high,
    )


def _compared(outcome: Outcome, scenario: ScenarioContent, say: Words) -> ComparedEntry:
    return ComparedEntry(
        scenario=outcome.scenario,
        title=scenario.texts[say.language].title,
        incident=scenario.texts[say.language].incident,
        runs=outcome.runs,
        seed=outcome.seed,
        exams_lost=exams_lost(outcome),
        urgent_lost=outcome.urgent_lost,
        devices_down=outcome.devices_down,
        scanners_down=outcome.scanners_down,
        hours_to_restored=outcome.hours_to_restored,
        hours_to_normal=outcome.hours_to_normal,
        records_at_risk=outcome.records_at_risk,
    )


def _worst(entries: tuple[ComparedEntry, ...], names: WhatIfNames, say: Words) -> Iterable[str]:
    _ = say.gettext
    if not entries:
        yield _("None of these scenarios can begin here.")
        return
    worst = entries[0]
    if not worst.exams_lost.by_modality:
        yield _("No scanner is known here: exams cannot be counted.")
        return
    most = _("Most exams are lost in “{title}”.").format(title=worst.title)
    yield f"{most} {lost_sentence(worst.exams_lost, worst.runs, names, say)}"
    calm = [one.title for one in entries[1:] if one.exams_lost.p95 < 0.5]
    if calm:
        yield _("Without loss of exams in 19 of 20 runs: {titles}.").format(titles=say.joined(calm))
    for one in entries[1:]:
        if one.exams_lost.p95 < 0.5 <= one.records_at_risk.p95:
            yield _("The harm of “{title}” is studies within the attacker’s reach: {typical}.").format(
                title=one.title, typical=names.typical(one.records_at_risk)
            )
