"""What makes a rule complete, beyond being valid Sigma: words in every language, known names, samples that behave."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from string import Formatter

import msgspec

from leadapron.model.content import LANGUAGES
from leadapron.rules.condition import evaluate, fields_of
from leadapron.rules.controls import Framework
from leadapron.rules.rows import FIELDS, rows_of
from leadapron.rules.rule import Category, GroupBy, Rule
from leadapron.rules.samples import picture_of

PARAMS = frozenset({"subject", "addresses", "zone", "clients", "servers"})
"""Placeholders that every finding can fill, beside the fields of its rows and what its predicate adds."""

FACETS = frozenset({
    "abort", "anomaly", "anonymous", "arp", "certificate", "clock", "credentials", "dhcp", "first", "hostname",
    "identity", "move", "negative", "no_user", "os", "reject", "software", "syslog", "tls", "unsigned", "wide_find",
})  # fmt: skip
"""Keys under which `see.inventory` files evidence; a rule falls back on `first`."""

_TAG = re.compile(r"attack\.(t\d{4}(\.\d{3})?|[a-z][a-z-]+)")
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")

_GROUPS = {
    Category.ASSET: {GroupBy.ASSET, GroupBy.ZONE, GroupBy.NETWORK, GroupBy.PREDICATE},
    Category.FLOW: set(GroupBy) - {GroupBy.ASSET, GroupBy.ZONE},
    Category.INVENTORY: {GroupBy.PREDICATE, GroupBy.NETWORK},
}


def problems(rule: Rule, controls: Mapping[str, Framework]) -> Iterator[str]:
    """Everything wrong with a rule, each starting with the key it is about."""
    if not _NAME.fullmatch(rule.name):
        yield f"name: {rule.name!r} is not lower-case words joined by hyphens"
    if not rule.harm:
        yield "harm: at least one expected"
    if rule.group_by not in _GROUPS[rule.category]:
        yield f"group_by: {rule.group_by} does not suit the category {rule.category}"
    if rule.category is Category.INVENTORY and not rule.predicate:
        yield "predicate: a rule on the inventory needs one to name its subjects"
    for facet in sorted(set(rule.evidence) - FACETS):
        yield f"evidence: no facet is called {facet!r}"
    yield from _fields(rule)
    yield from _tags(rule)
    yield from _controls(rule, controls)
    yield from _texts(rule)
    yield from _samples(rule)


def placeholders(sentence: str) -> frozenset[str]:
    """Names between braces. Raises `ValueError` on unbalanced braces."""
    return frozenset(name for _, name, _, _ in Formatter().parse(sentence) if name is not None)


def used_params(rule: Rule) -> frozenset[str]:
    """Placeholders of all sentences of a rule, in all languages."""
    return frozenset(
        name for texts in rule.texts.values() for _, sentence in texts.items() for name in placeholders(sentence)
    )


def _fields(rule: Rule) -> Iterator[str]:
    known = FIELDS[rule.category]
    for field in fields_of(rule.condition):
        if field not in known and field.partition(".")[0] not in known:
            yield f"detection: {rule.category} rows have no field {field!r}"


def _tags(rule: Rule) -> Iterator[str]:
    for tag in rule.tags:
        if not _TAG.fullmatch(tag):
            yield f"tags: {tag!r} is neither attack.tNNNN[.NNN] nor an ATT&CK tactic"


def _controls(rule: Rule, controls: Mapping[str, Framework]) -> Iterator[str]:
    if not rule.controls:
        yield "controls: at least one expected"
    for framework, ids in rule.controls.items():
        if framework not in controls:
            yield f"controls.{framework}: no such framework in content/controls"
            continue
        for control in ids:
            if controls[framework].control(control) is None:
                yield f"controls.{framework}: {control!r} is not in content/controls"


def _texts(rule: Rule) -> Iterator[str]:
    allowed = PARAMS | FIELDS[rule.category] | frozenset(rule.params)
    if rule.category is Category.INVENTORY:
        allowed |= FIELDS[Category.FLOW]
    for language in LANGUAGES:
        if language not in rule.texts:
            yield f"texts: no {language}"
            continue
        for part, sentence in rule.texts[language].items():
            place = f"texts.{language}.{part}"
            if not sentence.strip():
                yield f"{place}: empty"
            try:
                unknown = sorted(placeholders(sentence) - allowed)
            except ValueError as error:
                yield f"{place}: {error}"
                continue
            if unknown:
                yield f"{place}: unknown place {{{unknown[0]}}}"
    if "en" in rule.texts and rule.texts["en"].title != rule.title:
        yield "texts.en.title: differs from title"


def _samples(rule: Rule) -> Iterator[str]:
    for kind, samples, expected in (
        ("fires", rule.samples.fires, True),
        ("silent", rule.samples.silent, False),
    ):
        if not samples:
            yield f"samples.{kind}: at least one expected"
        for index, sample in enumerate(samples):
            place = f"samples.{kind}[{index}]"
            try:
                picture = picture_of(sample)
            except (msgspec.ValidationError, KeyError, TypeError, ValueError) as error:
                yield f"{place}: {error}"
                continue
            held = any(evaluate(rule.condition, row) for _, row in rows_of(rule.category, picture))
            if expected and not held:
                yield f"{place}: the rule does not fire"
            elif held and not expected and not rule.predicate:
                yield f"{place}: the rule fires"
