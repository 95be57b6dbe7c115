"""Sigma detections as our condition trees: pySigma parses, this translates what we evaluate and refuses the rest.

Refused: keywords without a field, several conditions, time and encoding modifiers, and regular expressions that
could take long (groups repeated, look-arounds, back-references, more than two open repetitions).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any as Anything

from sigma.conditions import (
    ConditionAND,
    ConditionFieldEqualsValueExpression,
    ConditionNOT,
    ConditionOR,
)
from sigma.exceptions import SigmaError
from sigma.rule import SigmaRule
from sigma.types import (
    CompareOperators,
    SigmaBool,
    SigmaCasedString,
    SigmaCIDRExpression,
    SigmaCompareExpression,
    SigmaExists,
    SigmaFieldReference,
    SigmaNull,
    SigmaNumber,
    SigmaRegularExpression,
    SigmaString,
    SpecialChars,
)

from leadapron.rules.condition import (
    All,
    Any,
    Compare,
    ElementTest,
    Glob,
    InNetwork,
    Leaf,
    Node,
    Not,
    Number,
    Order,
    Pattern,
    Present,
    SameAs,
    Truth,
    Wild,
)

_RISKY = re.compile(r"\)[*+{?]|\(\?(?!:)|\\[1-9]")
_OPEN_REPETITION = re.compile(r"(?<!\\)[*+]|\{\d*,\}")
_MAX_OPEN_REPETITIONS = 2

_ORDERS = {
    CompareOperators.LT: Order.LT,
    CompareOperators.LTE: Order.LTE,
    CompareOperators.GT: Order.GT,
    CompareOperators.GTE: Order.GTE,
}
_WILDS = {SpecialChars.WILDCARD_MULTI: Wild.MANY, SpecialChars.WILDCARD_SINGLE: Wild.ONE}


class UnsupportedError(ValueError):
    """The rule is not valid Sigma, or uses a part of Sigma that we do not evaluate; says which."""


def parse(document: Mapping[str, Anything]) -> SigmaRule:
    """Check the standard keys of a rule with pySigma. Raises `UnsupportedError` with pySigma's explanation."""
    try:
        return SigmaRule.from_dict(dict(document))
    except SigmaError as error:
        raise UnsupportedError(str(error)) from error


def compile_detection(rule: SigmaRule) -> Node:
    """The one condition of a rule, over its detections."""
    conditions = rule.detection.parsed_condition
    if len(conditions) != 1:
        raise UnsupportedError("detection.condition: one condition expected")
    try:
        parsed = conditions[0].parsed
    except SigmaError as error:
        raise UnsupportedError(f"detection.condition: {error}") from error
    return _node(parsed)


def _node(item: object) -> Node:
    match item:
        case ConditionAND():
            return All(tuple(_node(child) for child in item.args))
        case ConditionOR():
            return Any(tuple(_node(child) for child in item.args))
        case ConditionNOT():
            return Not(_node(item.args[0]))
        case ConditionFieldEqualsValueExpression():
            return _leaf(str(item.field), item.value)
        case _:
            raise UnsupportedError(f"detection: {item!r} has no field; keyword searches are not evaluated")


def _leaf(field: str, value: object) -> Node:
    match value:
        case SigmaNull():
            return Present(field, expected=False)
        case SigmaExists():
            return Present(field, expected=value.exists)
        case SigmaFieldReference() if not (value.starts_with or value.ends_with):
            return SameAs(field, value.field)
        case _:
            return Leaf(field, _test(field, value))


def _test(field: str, value: object) -> ElementTest:
    match value:
        case SigmaString():
            cased = isinstance(value, SigmaCasedString)
            return Glob(_parts(field, value, cased=cased), cased)
        case SigmaBool():
            return Truth(value.boolean)
        case SigmaNumber():
            return Number(value.number)
        case SigmaCompareExpression() if isinstance(value.number, SigmaNumber) and value.op in _ORDERS:
            return Compare(_ORDERS[value.op], value.number.number)
        case SigmaRegularExpression():
            return _pattern(field, value)
        case SigmaCIDRExpression():
            return InNetwork(value.network)
        case _:
            raise UnsupportedError(f"detection: {field}: {type(value).__name__} is not evaluated")


def _parts(field: str, value: SigmaString, *, cased: bool) -> tuple[str | Wild, ...]:
    parts: list[str | Wild] = []
    for item in value.s:
        if isinstance(item, str):
            parts.extend(item if cased else item.casefold())
        elif isinstance(item, SpecialChars):
            parts.append(_WILDS[item])
        else:
            raise UnsupportedError(f"detection: {field}: placeholders are not evaluated")
    return tuple(parts)


def _pattern(field: str, value: SigmaRegularExpression) -> Pattern:
    text = str(value.regexp)
    if _RISKY.search(text) or len(_OPEN_REPETITION.findall(text)) > _MAX_OPEN_REPETITIONS:
        raise UnsupportedError(
            f"detection: {field}: regular expression {text!r} could take long: no repeated groups, look-arounds or "
            f"back-references, at most {_MAX_OPEN_REPETITIONS} open repetitions"
        )
    flags = re.RegexFlag(0)
    for flag in value.flags:
        flags |= SigmaRegularExpression.sigma_to_python_flags[flag]
    return Pattern(re.compile(text, flags))
