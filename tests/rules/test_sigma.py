"""Sigma detections become condition trees; what we do not evaluate is refused by name."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from leadapron.rules.condition import Node, evaluate
from leadapron.rules.sigma import UnsupportedError, compile_detection, parse


def compiled(detection: str) -> Node:
    document: dict[str, Any] = {
        "title": "A title",
        "logsource": {"product": "leadapron", "category": "flow"},
        "detection": yaml.safe_load(detection),
    }
    return compile_detection(parse(document))


def holds(detection: str, row: dict[str, object]) -> bool:
    return evaluate(compiled(detection), row) is not None


def test_a_detection_becomes_a_condition() -> None:
    detection = "{a: {service: dicom, accepted|gte: 1}, b: {encrypted: true}, condition: a and not b}"
    assert holds(detection, {"service": "dicom", "accepted": 2, "encrypted": False})
    assert not holds(detection, {"service": "dicom", "accepted": 2, "encrypted": True})


@pytest.mark.parametrize(
    ("leaf", "value", "expected"),
    [
        ("f: [a, b]", "B", True),
        ("f|contains: oo", "foo", True),
        ("f|contains|all: [o, f]", "foo", True),
        ("f|contains|all: [o, x]", "foo", False),
        ("f|startswith: fo", "foo", True),
        ("f|endswith: fo", "foo", False),
        ("f|cased: Foo", "foo", False),
        ("f: 'a\\*'", "ab", False),
        ("f: 'a\\*'", "a*", True),
        ("f|re: '^a[0-9]+$'", "a12", True),
        ("f|re|i: '^A'", "abc", True),
        ("f|cidr: 192.0.2.0/24", "192.0.2.9", True),
        ("f|gt: 3", 3, False),
        ("f|gte: 3", 3, True),
        ("f|lt: 3", 2, True),
        ("f|lte: 3", 4, False),
        ("f|exists: true", "x", True),
        ("f|exists: false", "x", False),
        ("f: null", "x", False),
        ("f|neq: x", "x", False),
        ("f: 445", 445, True),
        ("f: true", True, True),
        ("f|fieldref: g", "same", True),
    ],
)
def test_modifiers(leaf: str, value: object, *, expected: bool) -> None:
    detection = f"{{a: {{{leaf}}}, condition: a}}"
    assert holds(detection, {"f": value, "g": "same"}) is expected


@pytest.mark.parametrize(
    ("condition", "expected"),
    [("1 of s_*", True), ("all of s_*", False), ("s_1 or s_2", True), ("not (s_1 and s_2)", True), ("1 of them", True)],
)
def test_conditions(condition: str, *, expected: bool) -> None:
    assert holds(f"{{s_1: {{f: x}}, s_2: {{f: y}}, condition: {condition}}}", {"f": "x"}) is expected


@pytest.mark.parametrize(
    ("detection", "said"),
    [
        ("{a: [word], condition: a}", "keyword"),
        ("{b: {f|fieldref|startswith: g}, condition: b}", "not evaluated"),
        ("{a: {f|re: '(a+)+b'}, condition: a}", "could take long"),
        ("{a: {f|re: 'a(b)*'}, condition: a}", "could take long"),
        ("{a: {f|re: 'a*b*c*'}, condition: a}", "could take long"),
        ("{a: {f: x}, condition: [a, not a]}", "one condition"),
        ("{a: {f: x}, condition: a and}", "condition"),
        ("{a: {f|nonsense: x}, condition: a}", "nonsense"),
        ("{a: {f: x}, condition: b}", "b"),
    ],
)
def test_what_is_not_evaluated_is_refused(detection: str, said: str) -> None:
    with pytest.raises(UnsupportedError, match=said):
        compiled(detection)
