"""Ends of support."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadapron.know.advisories import load_base
from leadapron.know.matching import load_aliases
from leadapron.know.matching.lifecycles import lifecycle
from leadapron.model.advisories import Release

KNOWLEDGE = load_base()
ALIASES = load_aliases()
TODAY = date(2026, 11, 24)


ENDED, SUPPORTED, EITHER, UNKNOWN = {True}, {False}, {True, False}, set[bool]()
"""Whether support of the releases that a version may be has ended."""


def support(name: str, version: str = "") -> tuple[Release, ...]:
    return lifecycle(KNOWLEDGE, ALIASES, name, version, TODAY)


def test_a_build_that_editions_share() -> None:
    found = support("Windows", "10.0.17763")
    assert {release.ended for release in found} == EITHER
    assert found[0].end == date(2020, 11, 10)
    assert {release.label for release in found} >= {"Windows Server 2019", "Windows 10 1809 (W)"}


@pytest.mark.parametrize(
    ("name", "version", "expected"),
    [
        ("Windows", "6.1.7601", ENDED),
        ("Windows", "5.1", ENDED),
        ("Windows 7 SP1", "", ENDED),
        ("Windows XP Professional", "", ENDED),
        ("Windows 10", "", EITHER),
        ("Windows 10", "10.0.19045", ENDED),
        ("Windows Server", "10.0.20348", SUPPORTED),
        ("Microsoft Windows Server 2012 R2", "", ENDED),
        ("Windows Embedded Standard 7", "", ENDED),
        ("Windows", "", UNKNOWN),
        ("Windows", "10.0.99999", UNKNOWN),
        ("Debian GNU/Linux 12 (bookworm)", "", ENDED),
        ("Debian", "13.1", SUPPORTED),
        ("Ubuntu 22.04.5 LTS", "", SUPPORTED),
        ("nginx", "1.18.0", ENDED),
        ("Apache/2.4.41 (Ubuntu)", "", SUPPORTED),
        ("Apache", "2.2.3", ENDED),
        ("PHP", "7.4.3", ENDED),
        ("OpenSSL", "1.1.1k", ENDED),
        ("PostgreSQL", "9.6.2", ENDED),
        ("PostgreSQL", "17.1", SUPPORTED),
        ("Apache Tomcat", "10.0.1", ENDED),
        ("Microsoft SQL Server 2014", "", ENDED),
        ("jQuery", "2.1", ENDED),  # on a day that nobody tells
        ("VxWorks", "6.5", UNKNOWN),
    ],
)
def test_support(name: str, version: str, expected: set[bool]) -> None:
    assert {release.ended for release in support(name, version)} == expected


def test_support_that_must_be_bought_is_told() -> None:
    (release,) = support("Windows 10", "10.0.19045")
    assert release.ended
    assert release.extended_end == date(2028, 10, 10)


@given(st.text(max_size=40), st.text(max_size=40))
def test_any_name_and_version(name: str, version: str) -> None:
    support(name, version)
    support("Windows " + name, version)
    support("Debian", version)
