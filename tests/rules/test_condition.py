"""Conditions hold or not, say why, and survive any row."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadapron.rules.condition import (
    All,
    Any,
    Compare,
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
    evaluate,
    fields_of,
)


def text(pattern: str, *, cased: bool = False) -> Glob:
    wilds = {"*": Wild.MANY, "?": Wild.ONE}
    return Glob(tuple(wilds.get(c, c if cased else c.casefold()) for c in pattern), cased)


def test_a_match_explains_itself() -> None:
    condition = All(
        (
            Leaf("service", text("dicom")),
            Any((Leaf("accepted", Compare(Order.GTE, 1)), Leaf("objects", Compare(Order.GTE, 1)))),
            Not(Leaf("encrypted", Truth(True))),
        )
    )
    match = evaluate(condition, {"service": "dicom", "accepted": 3, "encrypted": False})
    assert match is not None
    assert match.reasons() == ("service=dicom", "accepted=3", "encrypted=no")
    assert [child.node for child in match.children] == ["leaf", "any", "not"]
    assert match.positive() == {"service": ("dicom",), "accepted": ("3",)}


@pytest.mark.parametrize(
    ("node", "row", "holds"),
    [
        (Leaf("f", text("a*")), {"f": "Abc"}, True),
        (Leaf("f", text("a*", cased=True)), {"f": "Abc"}, False),
        (Leaf("f", text("a?c")), {"f": "abc"}, True),
        (Leaf("f", text("*b*d")), {"f": "abxbd"}, True),
        (Leaf("f", text("a?")), {"f": "a"}, False),
        (Leaf("f", text("b")), {"f": ("a", "b")}, True),
        (Leaf("f", text("b")), {"f": {"b": 3}}, True),
        (Leaf("f.1.2", Compare(Order.GT, 2)), {"f": {"1.2": 3}}, True),
        (Leaf("f.x", Compare(Order.GT, 2)), {"f": {"1.2": 3}}, False),
        (Leaf("f", Number(104)), {"f": 104}, True),
        (Leaf("f", Number(104)), {"f": "104"}, True),
        (Leaf("f", Number(1)), {"f": True}, False),
        (Leaf("f", Truth(True)), {"f": 1}, False),
        (Leaf("f", Compare(Order.LTE, 2)), {"f": "1"}, False),
        (Leaf("f", Pattern(re.compile("^a+$"))), {"f": "aaa"}, True),
        (Leaf("f", InNetwork(ip_network("10.0.0.0/8"))), {"f": ("x", "10.1.2.3")}, True),
        (Leaf("f", InNetwork(ip_network("10.0.0.0/8"))), {"f": "2001:db8::1"}, False),
        (Present("f", expected=True), {"f": False}, True),
        (Present("f", expected=True), {"f": ()}, False),
        (Present("f", expected=False), {}, True),
        (SameAs("f", "g"), {"f": ("a", "b"), "g": "b"}, True),
        (SameAs("f", "g"), {"f": "a"}, False),
    ],
)
def test_leaves(node: Node, row: dict[str, object], *, holds: bool) -> None:
    assert (evaluate(node, row) is not None) is holds
    assert (evaluate(Not(node), row) is None) is holds


def test_a_reason_names_only_the_elements_that_matched() -> None:
    match = evaluate(Leaf("t", text("ORTHANC")), {"t": ("CT1", "orthanc")})
    assert match is not None
    assert match.reasons() == ("t=orthanc",)


def test_times_read_as_dates() -> None:
    match = evaluate(Present("end", expected=True), {"end": datetime(2026, 1, 2, tzinfo=UTC)})
    assert match is not None
    assert match.reasons() == ("end=2026-01-02",)


def test_many_wildcards_take_little_time() -> None:
    assert evaluate(Leaf("f", text("*a" * 50 + "b")), {"f": "a" * 20_000}) is None


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12) | st.binary(max_size=4)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
names = st.sampled_from(["a", "b", "c.d"])
tests = st.one_of(
    st.text(alphabet="ab*?", max_size=5).map(text),
    st.integers(-3, 3).map(Number),
    st.booleans().map(Truth),
    st.builds(Compare, st.sampled_from(Order), st.integers(-3, 3)),
    st.just(Pattern(re.compile("a.*b"))),
    st.just(InNetwork(ip_network("10.0.0.0/8"))),
)
leaves = st.one_of(
    st.builds(Leaf, names, tests), st.builds(Present, names, expected=st.booleans()), st.builds(SameAs, names, names)
)
nodes = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda some: All(tuple(some))),
        st.lists(inner, min_size=1, max_size=3).map(lambda some: Any(tuple(some))),
        inner.map(Not),
    ),
    max_leaves=5,
)


@given(nodes, st.dictionaries(st.sampled_from(["a", "b", "c", "c.d"]), values, max_size=4))
def test_evaluation_never_raises(node: Node, row: dict[str, object]) -> None:
    match = evaluate(node, row)
    assert (match is None) is (evaluate(Not(node), row) is not None)
    if match is not None:
        assert {reason.partition("=")[0] for reason in match.reasons()} <= set(fields_of(node))
