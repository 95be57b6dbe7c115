"""Sets of addresses against Python's own sets."""

from ipaddress import ip_network
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from leadapron.whatif.segment.export.spans import Family, Span, networks, span_of, union, without

SPANS = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 12)).map(lambda pair: (pair[0], pair[0] + pair[1])))


def held(spans: tuple[Span, ...] | list[Span]) -> set[int]:
    return {number for first, last in spans for number in range(first, last + 1)}


def test_a_zone_without_its_inner_zone() -> None:
    outer, inner = span_of(ip_network("10.0.0.0/24")), span_of(ip_network("10.0.0.64/26"))
    left = networks(without([outer], [inner]), Family.V4)
    assert [str(network) for network in left] == ["10.0.0.0/26", "10.0.0.128/25"]


@given(SPANS, SPANS)
def test_union_and_difference_hold_what_sets_hold(some: list[Span], others: list[Span]) -> None:
    assert held(union(some)) == held(some)
    assert held(without(some, others)) == held(some) - held(others)


@given(SPANS)
def test_spans_never_touch_and_networks_hold_the_same(some: list[Span]) -> None:
    joined = union(some)
    assert all(last + 1 < first for (_, last), (first, _) in pairwise(joined))
    for family in Family:
        assert held([span_of(network) for network in networks(some, family)]) == held(some)
