"""Attack paths become a document in one language: who takes over whom, by what, and what proves it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise

from leadapron.model.department import Department, Node
from leadapron.model.measures import AttackPath, ChokePoint, Paths, Step
from leadapron.report.contract import Document, FindingEntry
from leadapron.report.hostile import harmless
from leadapron.report.whatif.best import named_findings
from leadapron.report.whatif.contract import PATHS, ChokeEntry, PathEntry, PathsDocument, StepEntry
from leadapron.report.whatif.outcome import Made
from leadapron.report.whatif.sentences import Spoken
from leadapron.report.whatif.vocabulary import WhatIfNames
from leadapron.report.words import Words, words
from leadapron.whatif.scenarios import ScenarioContent

RULE_OF_THREE = 3
"""What never happened in n runs happens with a probability of at most 3 / n, at 95 % confidence."""


def paths_document(
    paths: Paths, department: Department, scenario: ScenarioContent, made: Made, *, assessed: Document | None = None
) -> PathsDocument:
    """Paths to one device in words. `assessed` gives the weaknesses their titles and evidence."""
    say = words(made.language)
    spoken = Spoken(say)
    names = WhatIfNames(say)
    safe = harmless(paths)
    nodes = {node.id: node for node in harmless(department).nodes}
    used = {finding for path in safe.paths for step in path.steps for finding in step.findings}
    findings = named_findings(used, assessed)
    told = _Told(nodes, {finding.id: finding for finding in findings}, spoken, say)
    entries = tuple(map(told.path, safe.paths))
    chokes = tuple(map(told.choke, safe.chokes))
    return PathsDocument(
        schema=PATHS,
        version=made.version,
        language=say.language,
        generated=made.generated,
        scenario=safe.scenario,
        title=scenario.texts[say.language].title,
        target=safe.target,
        target_label=told.label(safe.target),
        runs=safe.runs,
        seed=safe.seed,
        reached=safe.reached,
        answer=tuple(_answer(safe, told.label(safe.target), entries, chokes, names, say)),
        limits=tuple(_limits(safe, say)),
        paths=entries,
        chokes=chokes,
        findings=findings,
    )


class _Told:
    """Steps of paths in words."""

    def __init__(
        self, nodes: Mapping[str, Node], findings: Mapping[str, FindingEntry], spoken: Spoken, say: Words
    ) -> None:
        self._nodes = nodes
        self._findings = findings
        self._spoken = spoken
        self._say = say

    def label(self, node: str) -> str:
        return self._nodes[node].label if node in self._nodes else node

    def path(self, path: AttackPath) -> PathEntry:
        alike = path.alike or (1,) * (len(path.steps) + 1)
        steps = (self._step(step, *pair) for step, pair in zip(path.steps, pairwise(alike), strict=True))
        return PathEntry(share=path.share, hours=path.hours, steps=tuple(steps))

    def choke(self, choke: ChokePoint) -> ChokeEntry:
        zone = self._nodes[choke.node].zone if choke.node in self._nodes else ""
        return ChokeEntry(node=choke.node, label=self.label(choke.node), zone=zone, share=choke.share)

    def _step(self, step: Step, source_alike: int, target_alike: int) -> StepEntry:
        weakness = tuple(dict.fromkeys(self._findings[one].title for one in step.findings if one in self._findings))
        way = self._spoken.word("way", step.way)
        text = self._say.gettext("From {source} to {target} by {way}").format(
            source=self.label(step.source), target=self.label(step.target), way=way
        )
        return StepEntry(
            source=step.source,
            source_label=self.label(step.source),
            source_alike=source_alike,
            target=step.target,
            target_label=self.label(step.target),
            target_alike=target_alike,
            way=step.way,
            way_name=way,
            basis=step.basis,
            basis_name=self._spoken.word("basis", step.basis),
            weakness=weakness,
            findings=step.findings,
            flows=step.flows,
            text=text,
        )


def _answer(
    paths: Paths,
    target: str,
    entries: tuple[PathEntry, ...],
    chokes: tuple[ChokeEntry, ...],
    names: WhatIfNames,
    say: Words,
) -> Iterable[str]:
    _, runs = say.gettext, say.number(paths.runs)
    if not paths.reached:
        yield _("In none of {runs} runs does the attack get to {target}.").format(runs=runs, target=target)
        return
    yield _("In {share} of {runs} runs the attack gets to {target}.").format(
        share=names.share(paths.reached), runs=runs, target=target
    )
    if entries and entries[0].steps:
        first = entries[0]
        way = " → ".join((first.steps[0].source_label, *(step.target_label for step in first.steps)))
        yield _("Its likeliest path: {path}, in {share} of these runs, within {duration}.").format(
            path=way, share=names.share(first.share), duration=names.duration(first.hours)
        )
    if chokes:
        yield _("{share} of the paths go through {device}.").format(
            share=names.share(chokes[0].share), device=chokes[0].label
        )


def _limits(paths: Paths, say: Words) -> Iterable[str]:
    _ = say.gettext
    if not paths.reached and paths.runs:
        yield _("Never in {runs} runs is not never: up to {n} in {runs} remain possible within the model.").format(
            runs=say.number(paths.runs), n=say.number(min(RULE_OF_THREE, paths.runs))
        )
    if any(not step.findings for path in paths.paths for step in path.steps):
        yield _("Where no finding is named, the weakness is assumed: passive listening cannot prove a device patched.")
    yield _("Paths show how this model’s attacks went. A real one may find another.")
