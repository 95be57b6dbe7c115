"""The best set of measures becomes a document in one language."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from leadapron.model.department import Basis
from leadapron.model.errors import ContentError
from leadapron.model.measures import Best, FrontierPoint, Measure, Method, Valued
from leadapron.report.contract import Document, FindingEntry
from leadapron.report.hostile import harmless
from leadapron.report.whatif.contract import BEST, BestAction, BestDocument, FrontierEntry, MeasureEntry
from leadapron.report.whatif.outcome import Made, interval_limit
from leadapron.report.whatif.sentences import Spoken
from leadapron.report.whatif.vocabulary import WhatIfNames
from leadapron.report.words import Words, words
from leadapron.whatif.scenarios import ScenarioContent


class MeasureWords(Protocol):
    """The words of a kind of measure, by language, as `whatif.cut` loads them."""

    @property
    def name(self) -> str: ...
    @property
    def how(self) -> Mapping[str, str]: ...
    @property
    def breaks(self) -> Mapping[str, str]: ...
    def title_of(self, measure: Measure) -> Mapping[str, str]: ...


def best_document(
    best: Best,
    scenario: ScenarioContent,
    measures: Iterable[MeasureWords],
    made: Made,
    *,
    assessed: Document | None = None,
) -> BestDocument:
    """The best set in words. `measures` are the words of all kinds; `assessed` gives findings their evidence."""
    say = words(made.language)
    spoken = Spoken(say)
    names = WhatIfNames(say)
    safe = harmless(best)
    told = _Told(measures, spoken, say)
    chosen = {one.measure.id for one in safe.chosen}
    actions = tuple(told.action(one) for one in safe.chosen)
    return BestDocument(
        schema=BEST,
        version=made.version,
        language=say.language,
        generated=made.generated,
        scenario=safe.scenario,
        title=scenario.texts[say.language].title,
        runs=safe.runs,
        seed=safe.seed,
        budget_hours=safe.budget_hours,
        budget_windows=safe.budget_windows,
        budget_euros=safe.budget_euros,
        answer=tuple(_answer(safe, actions, names, say)),
        limits=tuple(_limits(safe, say)),
        actions=actions,
        hours=sum(one.hours for one in actions),
        before=safe.before,
        after=safe.after,
        method=safe.method,
        frontier=tuple(map(_point, safe.frontier)),
        considered=tuple(told.measure(one, chosen=one.id in chosen) for one in safe.considered),
        left_out=safe.left_out,
        findings=named_findings((finding for one in actions for finding in one.findings), assessed),
    )


def named_findings(ids: Iterable[str], assessed: Document | None) -> tuple[FindingEntry, ...]:
    """Findings of an assessment that are named, in their rank."""
    wanted = set(ids)
    return tuple(finding for finding in assessed.findings if finding.id in wanted) if assessed else ()


class _Told:
    """The words of measures in one language."""

    def __init__(self, measures: Iterable[MeasureWords], spoken: Spoken, say: Words) -> None:
        self._measures = {str(one.name): one for one in measures}
        self._spoken = spoken
        self._language = say.language

    def action(self, one: Valued) -> BestAction:
        measure = one.measure
        return BestAction(
            id=measure.id,
            kind=measure.action,
            action=self._title(measure),
            how=self._words(measure).how[self._language],
            breaks=self._words(measure).breaks[self._language],
            hours=measure.hours,
            exams_saved=one.exams_saved,
            alone=one.alone,
            downtime=measure.downtime,
            windows=measure.windows,
            euros=measure.euros,
            basis=measure.basis,
            basis_name=self._spoken.word("basis", measure.basis),
            findings=measure.findings,
        )

    def measure(self, measure: Measure, *, chosen: bool) -> MeasureEntry:
        return MeasureEntry(
            id=measure.id,
            kind=measure.action,
            action=self._title(measure),
            hours=measure.hours,
            downtime=measure.downtime,
            windows=measure.windows,
            euros=measure.euros,
            basis=measure.basis,
            basis_name=self._spoken.word("basis", measure.basis),
            chosen=chosen,
        )

    def _title(self, measure: Measure) -> str:
        sentence = self._words(measure).title_of(measure)[self._language]
        return self._spoken.filled(sentence, measure.params, f"content/whatif/measures: {measure.action}")

    def _words(self, measure: Measure) -> MeasureWords:
        if measure.action not in self._measures:
            raise ContentError(f"content/whatif/measures: no measure {measure.action}")
        return self._measures[measure.action]


def _point(one: FrontierPoint) -> FrontierEntry:
    return FrontierEntry(
        budget_hours=one.budget_hours, hours=one.hours, exams_lost=one.exams_lost, actions=one.measures
    )


def _answer(best: Best, actions: tuple[BestAction, ...], names: WhatIfNames, say: Words) -> Iterable[str]:
    _ = say.gettext
    before = _("As things are, {average} exams are lost on average.").format(average=names.average(best.before))
    if not actions:
        yield before
        yield _no_action(best, say)
        return
    after = say.ngettext(
        "With this action, {hours} of work, it would be {average}.",
        "With these {n} actions, {hours} of work, it would be {average}.",
        len(actions),
        hours=names.hours_of_work(sum(one.hours for one in actions)),
        average=names.average(best.after),
    )
    yield f"{before} {after}"
    downtime, windows = sum(one.downtime for one in actions), sum(one.windows for one in actions)
    if windows:
        yield say.ngettext("They take {n} change window.", "They take {n} change windows.", windows)
    if downtime:
        yield _("For this work scanners stand still for {hours} in all.").format(hours=names.hours_of_work(downtime))


def _no_action(best: Best, say: Words) -> str:
    """Why none is advised; where nothing is lost, that is no word on what protects the images."""
    _ = say.gettext
    if not best.considered:
        return _("No known action helps against this scenario here.")
    if not best.before.mean:
        return _(
            "Actions are compared by exams alone, and here none is lost: this does not say that nothing keeps images "
            "from being copied."
        )
    return _("Within this budget nothing helps beyond chance.")


def _limits(best: Best, say: Words) -> Iterable[str]:
    _ = say.gettext
    yield interval_limit(say)
    yield _(
        "Actions work together: what each saves is what would be lost again without it, the others done. These numbers "
        "do not add up."
    )
    if best.method is not Method.NONE:
        yield _("The set was compared on runs it was not chosen on. No proof is claimed that no better set exists.")
    if best.left_out:
        yield say.ngettext(
            "On a network this large not every action can be tried: {n} was left out, because in a short simulation "
            "other actions stood in the way of more exams lost.",
            "On a network this large not every action can be tried: {n} were left out, because in a short simulation "
            "other actions stood in the way of more exams lost.",
            best.left_out,
        )
    if any(one.basis is Basis.ASSUMED for one in best.considered):
        yield _("Hours and euros are orders of magnitude unless the department gave its own.")
    yield _("The maker’s consent and radiology’s timetable come before any calculation.")
