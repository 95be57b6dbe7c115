"""A finding in words: the rule's sentences, filled, and the reasons of its rank."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Protocol

from leadapron.assess import rank_words
from leadapron.assess.findings import NOT_SEEN
from leadapron.model.errors import ContentError
from leadapron.model.findings import WORST_FIRST, Finding, Harm, Subject, SubjectType
from leadapron.report.contract import Action, Control, FindingEntry, SubjectEntry
from leadapron.report.values import spelled
from leadapron.report.vocabulary import SUBJECTS, several
from leadapron.report.words import Words
from leadapron.rules import Framework
from leadapron.rules.lint import placeholders

NAMED = 5
"""Values that a sentence lists before it says how many more there are."""

_OPTIONAL = re.compile(r"\[([^\[\]]*)\]")
"""A part of a sentence that is said only when all its parameters were seen."""
_SPACES = re.compile(" {2,}")


class RuleTexts(Protocol):
    """A rule's sentences in one language, with `{parameters}` of its findings."""

    @property
    def title(self) -> str: ...
    @property
    def seen(self) -> str: ...
    @property
    def why(self) -> str: ...
    @property
    def remedy(self) -> str: ...
    @property
    def side_effects(self) -> str: ...
    @property
    def effort(self) -> str: ...


class RuleWords(Protocol):
    """What a report needs of a rule."""

    @property
    def name(self) -> str: ...
    @property
    def texts(self) -> Mapping[str, RuleTexts]: ...
    @property
    def controls(self) -> Mapping[str, tuple[str, ...]]: ...
    @property
    def effort_hours(self) -> float: ...


class Sentences:
    """The words of findings in one language."""

    def __init__(self, rules: Mapping[str, RuleWords], frameworks: Mapping[str, Framework], say: Words) -> None:
        self._rules = rules
        self._frameworks = frameworks
        self._say = say
        self._ranking = rank_words()[say.language]

    def entry(self, name: str, rank: int, finding: Finding) -> FindingEntry:
        """A finding in words."""
        rule, texts = self._rule(finding)
        params = {name: spelled(name, value, self._say) for name, value in finding.params.items()}
        return FindingEntry(
            id=name,
            rule=finding.rule,
            rank=rank,
            score=finding.score,
            rank_reasons=tuple(map(self._rank_reason, finding.rank_reason)),
            subject=SubjectEntry(
                type=finding.subject.type,
                id=finding.subject.id,
                label=self._label(finding.subject),
                addresses=finding.subject.addresses,
            ),
            title=filled(texts.title, rule.name, params),
            severity=finding.severity,
            harm=finding.harm,
            confidence=finding.confidence,
            seen=filled(texts.seen, rule.name, params),
            why=filled(texts.why, rule.name, params),
            remediation=filled(texts.remedy, rule.name, params),
            effort=filled(texts.effort, rule.name, params),
            effort_hours=rule.effort_hours,
            side_effects=filled(texts.side_effects, rule.name, params),
            controls=tuple(
                self._control(framework, one) for framework in sorted(rule.controls) for one in rule.controls[framework]
            ),
            reasons=finding.reasons,
            flows=finding.flows,
            evidence=finding.evidence,
            citations=finding.citations,
        )

    def _label(self, subject: Subject) -> str:
        """A device's or zone's name, or the AE title or address in question; the network as a whole has none."""
        if subject.type is SubjectType.NETWORK and not subject.label:
            return self._say.gettext(SUBJECTS[subject.type])
        return subject.label

    def _rank_reason(self, reason: str) -> str:
        """`message=value`: a word as value has a sentence of its own, a number fills the message's."""
        message, _, value = reason.partition("=")
        sentence = self._ranking.get(reason) or self._ranking.get(message)
        if sentence is None:
            raise ContentError(f"ranking.yml: no sentence for {message}")
        return sentence.replace("{value}", value)

    def _control(self, framework: str, control: str) -> Control:
        source = self._frameworks.get(framework)
        known = source.control(control) if source else None
        return Control(
            framework=framework,
            framework_name=source.name if source else framework,
            id=control,
            title=known.titles[self._say.language] if known else "",
        )

    def action(self, group: Sequence[tuple[Finding, FindingEntry]]) -> Action:
        """What settles all findings of one rule; a parameter in which they differ becomes a list of its values."""
        findings, entries = zip(*group, strict=True)
        rule, texts = self._rule(findings[0])
        params = self._params(findings)
        return Action(
            rule=rule.name,
            title=filled(texts.title, rule.name, params),
            severity=min((entry.severity for entry in entries), key=WORST_FIRST.index),
            harm=tuple(harm for harm in Harm if any(harm in entry.harm for entry in entries)),
            why=filled(texts.why, rule.name, params),
            remediation=filled(texts.remedy, rule.name, params),
            effort=filled(texts.effort, rule.name, params),
            effort_hours=rule.effort_hours * len(entries),
            side_effects=filled(texts.side_effects, rule.name, params),
            findings=tuple(entry.id for entry in entries),
            subjects=tuple(dict.fromkeys(entry.subject.label for entry in entries)),
        )

    def _params(self, findings: Sequence[Finding]) -> dict[str, str]:
        names = dict.fromkeys(name for finding in findings for name in finding.params)
        return {name: self._together(name, findings) for name in names}

    def _together(self, name: str, findings: Sequence[Finding]) -> str:
        values = dict.fromkeys(spelled(name, one.params[name], self._say) for one in findings if name in one.params)
        seen = tuple(value for value in values if value != NOT_SEEN)
        return several(seen, NAMED, self._say) or NOT_SEEN

    def _rule(self, finding: Finding) -> tuple[RuleWords, RuleTexts]:
        rule = self._rules.get(finding.rule)
        if rule is None or self._say.language not in rule.texts:
            raise ContentError(f"rule {finding.rule}: no sentences in language {self._say.language}")
        return rule, rule.texts[self._say.language]


def filled(sentence: str, rule: str, params: Mapping[str, str]) -> str:
    """A sentence with its values. What stands in `[…]` is left out when one of its values was not seen."""

    def optional(part: re.Match[str]) -> str:
        return "" if any(params.get(name) == NOT_SEEN for name in placeholders(part[1])) else part[1]

    try:
        return _SPACES.sub(" ", _OPTIONAL.sub(optional, sentence)).format_map(params).strip()
    except KeyError as error:
        raise ContentError(f"rule {rule}: its finding has no parameter {error}") from error
