"""Reading the few words that state versions, and what lies within them."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadapron.know.matching.constraints import Constraint, Unreadable, parse_constraint
from leadapron.know.matching.containment import Reason, Truth, contains
from leadapron.know.matching.distributions import Scheme
from leadapron.know.matching.versions import Order, compare_versions, parse_version

WORDS = (
    "<=",
    "<",
    ">=",
    ">",
    "=",
    "|",
    ",",
    "and",
    "prior",
    "prior to",
    "versions",
    "all",
    "*",
    "2.3.0",
    "v1.0.0",
    "12.2.x",
    "VM5.0",
    "2023.3_Build_9342",
    "vers:all/",
    "vers:deb/",
    "to",
    "later",
    "K",
    "BN9",
    "on Windows XP",
    "(",
    ")",
    "3120",
)
sentences = st.one_of(st.lists(st.sampled_from(WORDS), max_size=7).map(" ".join), st.text(max_size=60))


def test_versions_before_a_release() -> None:
    constraint = _read("<2024.2")
    assert contains(constraint, "2023.3").truth is Truth.YES
    assert contains(constraint, "2024.2").truth is Truth.NO
    assert contains(constraint, "").reason is Reason.VERSION_UNKNOWN


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        ("<= 2.3.0", "2.3.0", "2.3.1"),
        (">=1.3.4|<1.5.3", "1.5.2", "1.5.3"),
        (">= 1.3.4, < 1.5.3", "1.3.4", "1.2"),
        (">=v1.0.0|<v3.0.4", "3.0.3", "3.0.4"),
        ("2.3.0 and prior", "2.2", "2.4"),
        ("Versions 2.3.0 and prior.", "2.2", "2.4"),
        ("2.3.6 and  below", "2.3.6", "2.3.7"),
        ("Versions prior to 8.2", "8.1.9", "8.2"),
        ("2.0 and newer", "2.1", "1.9"),
        ("versions 1.1 to 1.3.2", "1.2", "1.4"),
        ("vers:all/<=2025.1_Build_3321", "2025.1 (Build 3321)", "2025.1 (Build 3322)"),
        ("2025.2 (Build 8154) and prior", "2025.1", "2025.3"),
        ("14.0.1 (Build 2024-02-28) and prior", "14.0.0", "14.0.2"),
        ("3.0.11.5 BN9 and prior", "3.0.11.5 BN8", "3.0.11.5 BN10"),
        ("<= 12.2.x.x", "12.2.8.500", "12.3"),
        ("< 3.x", "2.9", "3.1"),
        ("<= R4.1L1", "R4.1L1", "R4.1L2"),
        (">=1 | <2 | >=3 | <4", "3.5", "2.5"),
        ("up to and including 2.3", "2.3", "2.4"),
    ],
)
def test_ranges(text: str, inside: str, outside: str) -> None:
    constraint = _read(text)
    assert contains(constraint, inside).truth is Truth.YES
    assert contains(constraint, outside).truth is Truth.NO


@pytest.mark.parametrize("text", ["all versions", "*", "vers:all/*", "All"])
def test_everything(text: str) -> None:
    assert contains(_read(text), "7.1").reason is Reason.ALL_VERSIONS
    assert contains(_read(text), "").truth is Truth.YES


@pytest.mark.parametrize(
    ("text", "named"),
    [("1.1.7.333 and 2.1.1.3069", "2.1.1.3069"), ("5.2.2", "5.2.2"), ("= 2024.03", "2024.3"), ("8.0.x", "8.0.4")],
)
def test_enumerations_clear_nothing(text: str, named: str) -> None:
    assert contains(_read(text), named).truth is Truth.YES
    for other in ("0.9", "99.0"):
        assert contains(_read(text), other).truth is Truth.MAYBE


@pytest.mark.parametrize(
    "text",
    [
        "",
        "3.0.24 and prior SimpleITK 2.5.2 and prior medInria 4.0 and prior",
        "All Windows XP-based versions",
        "<=11.2 on Windows 8.1 with IIS 7.5",
        "with ViewForum option (shipped between 2016-August 2018)",
        "<8/30/2024",
        "<July_2026",
        "< april 1, 2018",
        "<= U61 |<= L81",
        "A.01 <= C.0x | 4.0",
        "* (end-of-life 2011)",
        "882300 Gemini 16 Slice",
        "3120",
        "2131 and 2141",
        "Rev B-M",
        "<= S4 A.07.107",
        ">= 3 | <= 2",
        "< 2 | < 3",
        "up to 2.3",
    ],
)
def test_what_a_person_must_read(text: str) -> None:
    assert isinstance(parse_constraint(text), Unreadable)


@pytest.mark.parametrize(
    ("text", "version", "truth", "reason"),
    [
        ("<=2023.3_Build_9342", "2023.3", Truth.YES, Reason.BUILD_UNKNOWN),
        ("<12.2.8.410", "12.2", Truth.YES, Reason.COARSE),
        (">= 1.3.4 | < 1.5.3", "1.3", Truth.MAYBE, Reason.COARSE),
        ("<= 2.3.0", "2.3.0.1", Truth.MAYBE, Reason.FINER),
        ("<= VM5.0", "5.0", Truth.MAYBE, Reason.INCOMPARABLE),
        (">= 2018-1 | <= 2021-1", "3.5", Truth.MAYBE, Reason.NUMBERING),
        ("<= 12.2.1", "2021", Truth.MAYBE, Reason.NUMBERING),
        ("<3.6.7", "3.6.7~git", Truth.YES, Reason.IN_RANGE),
        ("<3.0", "3.0b", Truth.MAYBE, Reason.FINER),
        ("<= 3.0 D15", "3.0 D15a", Truth.MAYBE, Reason.FINER),
        ("<= 14.0.1_Build_2024-02-28", "14.0.1_Build_2024-02-28-rc9", Truth.MAYBE, Reason.FINER),
        ("<2.0", "July 2024", Truth.MAYBE, Reason.INCOMPARABLE),
    ],
)
def test_doubts_and_their_reasons(text: str, version: str, truth: Truth, reason: Reason) -> None:
    found = contains(_read(text), version)
    assert (found.truth, found.reason) == (truth, reason)


def test_an_ecosystems_range_takes_only_its_packages() -> None:
    constraint = _read("vers:deb/<3.6.7-9")
    assert contains(constraint, "3.6.7-8", Scheme.DEB).truth is Truth.YES
    assert contains(constraint, "3.6.7-9", Scheme.DEB).truth is Truth.NO
    assert contains(constraint, "3.6.7").truth is Truth.MAYBE


@given(sentences, st.one_of(st.sampled_from(["", "2.3.0", "12.2.8", "VM5.0", "K", "2023.3"]), st.text(max_size=20)))
def test_total_and_never_no_without_a_version(text: str, version: str) -> None:
    constraint = parse_constraint(text)
    if isinstance(constraint, Constraint):
        found = contains(constraint, version)
        if parse_version(version) is None:
            assert found.truth is not Truth.NO


@given(
    st.sampled_from(["<", "<=", ">", ">="]),
    st.text("0123456789.abBVM ", max_size=10),
    st.text("0123456789.abBVM ", max_size=10),
)
def test_a_no_agrees_with_the_order(operator: str, bound: str, version: str) -> None:
    constraint = parse_constraint(operator + bound)
    if isinstance(constraint, Constraint) and contains(constraint, version).truth is Truth.NO:
        wrong = Order.BELOW if operator.startswith("<") else Order.ABOVE
        found = compare_versions(version, bound.rstrip(". "))
        assert found is not None
        assert found is not wrong


@pytest.mark.parametrize(
    "piece", ["1", "1.", "a", "1 and ", "1|", "<=1|", "prior ", "1 build ", "1, ", "x.", ".x", "(", "- "]
)
def test_time_is_bounded(piece: str) -> None:
    start = time.process_time()
    parse_constraint((piece * 2000)[:1999] + "!")
    assert time.process_time() - start < 0.5


def _read(text: str) -> Constraint:
    constraint = parse_constraint(text)
    assert isinstance(constraint, Constraint), text
    return constraint
