"""Ends of support."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadapron.know.advisories import load_base
from leadapron.know.matching import load_aliases
from leadapron.know.matching.lifecycles import LifecycleAnswer, Support, lifecycle

KNOWLEDGE = load_base()
ALIASES = load_aliases()
TODAY = date(2026, 11, 24)


def support(name: str, version: str = "") -> LifecycleAnswer:
    return lifecycle(KNOWLEDGE, ALIASES, name, version, TODAY)


def test_a_build_that_editions_share() -> None:
    found = support("Windows", "10.0.17763")
    assert found.support is Support.SOME_ENDED
    assert found.editions[0].end == date(2020, 11, 10)
    assert {edition.name for edition in found.editions} >= {"Windows Server 2019", "Windows 10 1809 (W)"}


@pytest.mark.parametrize(
    ("name", "version", "expected"),
    [
        ("Windows", "6.1.7601", Support.ENDED),
        ("Windows", "5.1", Support.ENDED),
        ("Windows 7 SP1", "", Support.ENDED),
        ("Windows XP Professional", "", Support.ENDED),
        ("Windows 10", "", Support.SOME_ENDED),
        ("Windows 10", "10.0.19045", Support.ENDED),
        ("Windows Server", "10.0.20348", Support.SUPPORTED),
        ("Microsoft Windows Server 2012 R2", "", Support.ENDED),
        ("Windows Embedded Standard 7", "", Support.ENDED),
        ("Windows", "", Support.UNKNOWN),
        ("Windows", "10.0.99999", Support.UNKNOWN),
        ("Debian GNU/Linux 12 (bookworm)", "", Support.ENDED),
        ("Debian", "13.1", Support.SUPPORTED),
        ("Ubuntu 22.04.5 LTS", "", Support.SUPPORTED),
        ("nginx", "1.18.0", Support.ENDED),
        ("Apache/2.4.41 (Ubuntu)", "", Support.SUPPORTED),
        ("Apache", "2.2.3", Support.ENDED),
        ("PHP", "7.4.3", Support.ENDED),
        ("OpenSSL", "1.1.1k", Support.ENDED),
        ("PostgreSQL", "9.6.2", Support.ENDED),
        ("PostgreSQL", "17.1", Support.SUPPORTED),
        ("Apache Tomcat", "10.0.1", Support.ENDED),
        ("Microsoft SQL Server 2014", "", Support.ENDED),
        ("jQuery", "2.1", Support.ENDED),
        ("VxWorks", "6.5", Support.UNKNOWN),
    ],
)
def test_support(name: str, version: str, expected: Support) -> None:
    assert support(name, version).support is expected


def test_support_that_must_be_bought_is_told() -> None:
    (edition,) = support("Windows 10", "10.0.19045").editions
    assert edition.ended
    assert edition.extended_end == date(2028, 10, 10)


@given(st.text(max_size=40), st.text(max_size=40))
def test_any_name_and_version(name: str, version: str) -> None:
    support(name, version)
    support("Windows " + name, version)
    support("Debian", version)
