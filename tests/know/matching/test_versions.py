"""Order of versions in the schemes of makers."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadapron.know.matching.distributions import Scheme, compare_packages, upstream
from leadapron.know.matching.versions import Order, compare_versions, parse_version

PIECES = (
    "1",
    "2",
    "0",
    "05",
    "10",
    "2024",
    "a",
    "b",
    "vm",
    "R",
    "x",
    ".",
    ".",
    "-",
    "_",
    " ",
    "Build ",
    "(",
    ")",
    "~",
    "rc",
)
versions = st.one_of(st.lists(st.sampled_from(PIECES), max_size=8).map("".join), st.text(max_size=20))


def test_two_versions_of_one_scheme() -> None:
    assert compare_versions("12.2.1", "12.2.8.410") is Order.BELOW
    assert compare_versions("12.2.8.500", "12.2.8.410") is Order.ABOVE
    assert compare_versions("v1.0", "1.0.0") is Order.EQUAL


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ("VM5.0", "VM7.0"),
        ("R4.1L1", "R4.1L2"),
        ("B.06.18", "C.00"),
        ("3.0.11.5 BN9", "3.0.11.5 BN10"),
        ("2025.1_Build_3321", "2025.2 (Build 8154)"),
        ("2025.1 (Build 3320)", "2025.1_Build_3321"),
        ("14.0.1 (Build 2024-02-28)", "14.0.1 (Build 2024-03-01)"),
        ("syngo MR XA10A", "syngo MR XA11B"),
        ("VB10A", "VB10B"),
        ("2.1.1.3069", "2.1.1.3070"),
        ("3.6.7~git", "3.6.7"),
        ("3.6.7-rc1", "3.6.7"),
        ("1.0.2k", "1.0.2u"),
        ("2.4A", "2.6A"),
        ("K", "N"),
        ("1.8.4", "1.8.4 Service Pack 01"),
    ],
)
def test_older_and_newer(older: str, newer: str) -> None:
    assert compare_versions(older, newer) is Order.BELOW
    assert compare_versions(newer, older) is Order.ABOVE


@pytest.mark.parametrize(
    ("one", "other"),
    [("5.0", "VM5.0"), ("U61", "L81"), ("syngo MR XA10A", "VB10A"), ("012U000061", "053L000091"), ("R8.0", "8.0")],
)
def test_schemes_that_cannot_be_compared(one: str, other: str) -> None:
    assert compare_versions(one, other) is None


@pytest.mark.parametrize(
    "text", ["July_2026", "8/30/2024", "2024-02-28", "", "all", "IGS", "with option", "1.2\\1.3", "?"]
)
def test_no_versions(text: str) -> None:
    assert parse_version(text) is None


@pytest.mark.parametrize(
    "text",
    ["before 12.2", "beta 3.1", "avant 12.2", "up to 3.0", "12.3 3.6.6", "DICOM 12.3 3.6.6", "12.3 not 3"],
)
def test_words_that_may_turn_the_meaning(text: str) -> None:
    """Read as the number alone, each of them would clear a device that is older."""
    assert parse_version(text) is None


@pytest.mark.parametrize(
    ("written", "same"),
    [("2024.03", "2024.3"), ("12.2.x.x", "12.2"), ("2024.2 (64-bit)", "2024.2"), ("V C.00.04", "C.00.04")],
)
def test_equal_in_other_words(written: str, same: str) -> None:
    assert compare_versions(written, same) is Order.EQUAL


def test_packages_by_their_ecosystem() -> None:
    assert compare_packages("3.6.7-9~deb12u4", "3.6.7-9", Scheme.DEB) is Order.BELOW
    assert compare_packages("1.10", "1.9", Scheme.PYPI) is Order.ABOVE
    assert compare_packages("no version", "1.9", Scheme.PYPI) is None
    assert upstream("2:3.6.7+dfsg-9~deb12u4") == "3.6.7"


@given(versions, versions)
def test_antisymmetric(one: str, other: str) -> None:
    mirrored = {None: None, Order.BELOW: Order.ABOVE, Order.EQUAL: Order.EQUAL, Order.ABOVE: Order.BELOW}
    assert compare_versions(other, one) is mirrored[compare_versions(one, other)]


@given(versions)
def test_equal_to_itself(text: str) -> None:
    assert compare_versions(text, text) is (Order.EQUAL if parse_version(text) else None)


@given(versions, versions, versions)
def test_transitive_where_defined(one: str, two: str, three: str) -> None:
    first, second, third = compare_versions(one, two), compare_versions(two, three), compare_versions(one, three)
    if third is None or first is None or second is None:
        return
    if first is second:
        assert third is first
    elif first is Order.EQUAL:
        assert third is second
    elif second is Order.EQUAL:
        assert third is first


@given(st.text(max_size=2000), st.text(max_size=2000), st.sampled_from(Scheme))
def test_packages_never_raise(one: str, other: str, scheme: Scheme) -> None:
    compare_packages(one, other, scheme)
    upstream(one)


@pytest.mark.parametrize("piece", ["1", "a.", "1-", "build", "(", "1 ", "a ", "~", "0x", "-a1"])
def test_time_is_bounded(piece: str) -> None:
    start = time.process_time()
    for length in (70, 80, 2000):
        parse_version((piece * 2000)[:length] + "!")
    assert time.process_time() - start < 0.5
