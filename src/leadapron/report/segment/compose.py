"""Segmentation rules, and their rehearsal, become documents in one language."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from leadapron.model.segmentation import Advice, Allow, Blocked, Rehearsal, Segmentation, Standing
from leadapron.report.hostile import harmless
from leadapron.report.segment.contract import (
    REHEARSAL,
    SEGMENTATION,
    AdviceEntry,
    BlockedEntry,
    RehearsalDocument,
    RuleEntry,
    SegmentationDocument,
)
from leadapron.report.vocabulary import service_name, several
from leadapron.report.whatif.outcome import Made
from leadapron.report.whatif.sentences import Spoken
from leadapron.report.words import N_, Words, words

STANDINGS = {
    Standing.KEEP: N_("allowed"),
    Standing.ASK: N_("to be asked about"),
    Standing.REFUSE: N_("refused"),
}
NAMED = 4
"""Devices a rule's sentence names before the rest is counted."""


def segmentation_document(
    segmentation: Segmentation, made: Made, *, names: Mapping[str, str] | None = None
) -> SegmentationDocument:
    """Rules in words. `names` are labels of devices by address."""
    say = words(made.language)
    safe, told = harmless(segmentation), _Told(names or {}, say)
    rules = tuple(map(told.rule, safe.rules))
    return SegmentationDocument(
        schema=SEGMENTATION,
        version=made.version,
        language=say.language,
        generated=made.generated,
        answer=tuple(_proposed(safe, say)),
        limits=tuple(_limits(safe.rules, say)),
        zones=safe.zones,
        rules=rules,
        advice=tuple(map(told.advice, safe.advice)),
    )


def rehearsal_document(
    rehearsal: Rehearsal, segmentation: Segmentation, made: Made, *, names: Mapping[str, str] | None = None
) -> RehearsalDocument:
    """What the rules would have stopped, and what someone must answer first. `names` are labels by address."""
    say = words(made.language)
    safe, told = harmless(rehearsal), _Told(names or {}, say)
    rules = {rule.id: told.rule(rule) for rule in harmless(segmentation).rules}
    return RehearsalDocument(
        schema=REHEARSAL,
        version=made.version,
        language=say.language,
        generated=made.generated,
        answer=tuple(_rehearsed(safe, say)),
        limits=(*_circular(safe, segmentation.rules, say), *_limits(segmentation.rules, say)),
        flows=safe.flows,
        passed=safe.passed,
        asked=safe.asked,
        blocked=tuple(map(told.blocked, safe.blocked)),
        exams=safe.exams,
        exams_blocked=safe.exams_blocked,
        by_modality=_most_first(safe.by_modality),
        by_device=_most_first(safe.by_device),
        suspects_passed=safe.suspects_passed,
        questions=tuple(rule for rule in rules.values() if rule.standing is Standing.ASK),
        unknown=safe.unknown,
        unused=tuple(rules[one] for one in safe.unused if one in rules),
    )


def _most_first(counts: Mapping[str, int]) -> Mapping[str, int]:
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


class _Told:
    """Rules, advice and refused flows in words."""

    def __init__(self, names: Mapping[str, str], say: Words) -> None:
        self._names = harmless(names)
        self._say = say
        self._spoken = Spoken(say)

    def rule(self, rule: Allow) -> RuleEntry:
        return RuleEntry(
            id=rule.id,
            source_zone=rule.source_zone,
            target_zone=rule.target_zone,
            sources=rule.sources,
            targets=rule.targets,
            source_names=self._labels(rule.sources),
            target_names=self._labels(rule.targets),
            transport=rule.transport,
            ports=rule.ports,
            service=rule.service,
            service_name=service_name(rule.service, self._say),
            standing=rule.standing,
            standing_name=self._say.gettext(STANDINGS[rule.standing]),
            reason=self._spoken.sentence(rule.reason, rule.params) if rule.reason else "",
            text=self._text(rule),
            flows=rule.flows,
            connections=rule.connections,
            first_seen=rule.first_seen,
            last_seen=rule.last_seen,
        )

    def advice(self, advice: Advice) -> AdviceEntry:
        return AdviceEntry(text=self._spoken.sentence(advice.message, advice.params), zones=advice.zones)

    def blocked(self, one: Blocked) -> BlockedEntry:
        return BlockedEntry(
            flow=one.flow,
            client=one.client,
            server=one.server,
            service=one.service,
            service_name=service_name(one.service, self._say),
            port=one.port,
            connections=one.connections,
            exams=one.exams,
            modality=one.modality,
            new=one.new,
            suspect=self._spoken.sentence(one.suspect, {}) if one.suspect else "",
        )

    def _labels(self, addresses: Iterable[str]) -> tuple[str, ...]:
        return tuple(self._names.get(one, one) for one in addresses)

    def _text(self, rule: Allow) -> str:
        """`CT1, CT2 (imaging) → PACS01 (servers): DICOM 104/tcp`."""
        _ = self._say.gettext
        ports = ", ".join(str(port) for port in rule.ports) or _("all ports")
        return _("{source} → {target}: {service} {ports}/{transport}").format(
            source=self._end(rule.sources, rule.source_zone),
            target=self._end(rule.targets, rule.target_zone),
            service=service_name(rule.service, self._say),
            ports=ports,
            transport=rule.transport,
        )

    def _end(self, addresses: Iterable[str], zone: str) -> str:
        labels = tuple(dict.fromkeys(self._labels(addresses)))
        if not labels:
            return self._say.gettext(N_("all of {zone}")).format(zone=zone)
        most = NAMED if len(labels) > NAMED + 1 else len(labels)
        return f"{several(labels, most, self._say)} ({zone})"


def _proposed(segmentation: Segmentation, say: Words) -> Iterable[str]:
    _, count = say.gettext, dict.fromkeys(Standing, 0)
    if not segmentation.rules:
        yield _("No flow between zones was seen: there is nothing to make rules of. Capture traffic first.")
        return
    for rule in segmentation.rules:
        count[rule.standing] += 1
    yield say.ngettext(
        "{n} rule lets through what was seen in regular use; all else between zones would be refused.",
        "{n} rules let through what was seen in regular use; all else between zones would be refused.",
        count[Standing.KEEP],
    )
    if count[Standing.ASK]:
        yield say.ngettext(
            "{n} more is rare or odd: someone must say whether it is needed.",
            "{n} more are rare or odd: someone must say whether they are needed.",
            count[Standing.ASK],
        )
    if count[Standing.REFUSE]:
        yield say.ngettext(
            "{n} looks like an attack and is refused.",
            "{n} look like an attack and are refused.",
            count[Standing.REFUSE],
        )
    yield _("Rehearse before anyone enforces.")


def _rehearsed(rehearsal: Rehearsal, say: Words) -> Iterable[str]:
    _ = say.gettext
    if not rehearsal.flows:
        yield _("No flow between zones was seen: there is nothing to rehearse.")
        return
    if rehearsal.exams_blocked:
        yield say.ngettext(
            "{n} of {all} exams would have failed.",
            "{n} of {all} exams would have failed.",
            rehearsal.exams_blocked,
            all=say.number(rehearsal.exams),
        )
    elif rehearsal.exams:
        yield _("None of {n} exams would have failed.").format(n=say.number(rehearsal.exams))
    yield say.ngettext(
        "Of {n} flow between zones, {passed} would pass.",
        "Of {n} flows between zones, {passed} would pass.",
        rehearsal.flows,
        passed=say.number(rehearsal.passed),
    )
    stopped = [one for one in rehearsal.blocked if not one.suspect]
    attacks = len(rehearsal.blocked) - len(stopped)
    if stopped:
        yield say.ngettext(
            "{n} that looks legitimate would be refused: look at it before enforcing.",
            "{n} that look legitimate would be refused: look at them before enforcing.",
            len(stopped),
        )
    if attacks:
        yield say.ngettext(
            "{n} that looks like an attack would be stopped, as meant.",
            "{n} that look like an attack would be stopped, as meant.",
            attacks,
        )
    yield from _open_questions(rehearsal, say)


def _open_questions(rehearsal: Rehearsal, say: Words) -> Iterable[str]:
    if rehearsal.asked:
        yield say.ngettext(
            "{n} passes only until someone has answered for it.",
            "{n} pass only until someone has answered for them.",
            rehearsal.asked,
        )
    if passed := len(rehearsal.suspects_passed):
        yield say.ngettext(
            "{n} would pass although it looks like an attack: these rules do not stop it.",
            "{n} would pass although they look like an attack: these rules do not stop them.",
            passed,
        )


def _circular(rehearsal: Rehearsal, rules: Iterable[Allow], say: Words) -> Iterable[str]:
    """Rules that let through the very traffic they come from have not been tested."""
    _, learned = say.gettext, {flow for rule in rules for flow in rule.flows}
    if rehearsal.flows and len(learned) >= rehearsal.flows:
        yield _(
            "These rules were learned from this same traffic: that they let it through proves little. Keep capturing "
            "for some weeks, then rehearse them again."
        )


def _limits(rules: Iterable[Allow], say: Words) -> Iterable[str]:
    _, asked = say.gettext, sum(rule.standing is Standing.ASK for rule in rules)
    yield _(
        "Only traffic that was seen counts: what happens once a month, or at night when nobody listened, is not in it."
    )
    if asked:
        yield _("Rules to be asked about let through until someone has answered.")
    yield _("Inside a zone nothing is filtered: the firewall does not see it.")
