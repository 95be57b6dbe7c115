"""Keys that leave out most of an archive, and keys that only look as if they did."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadapron.guard.policy.narrowing import MAX_RANGE, NARROWING, STUDY_DATE, narrows

NAME, ID, STUDY, STUDY_TIME = 0x0010_0010, 0x0010_0020, 0x0020_000D, 0x0008_0030


@pytest.mark.parametrize(
    ("tag", "value", "narrow"),
    [
        (ID, b"CANARYID42", True),
        (NAME, b"CANARY*", True),
        (STUDY, b"1.2.3\\4.5.6", True),
        (STUDY_DATE, b"20261101 - 20261124 ", True),
        (STUDY_TIME, b"1200", False),
        (NAME, b"*^*", False),
        (ID, b"%", False),
        (ID, b"\t?", False),
        (STUDY_DATE, b"20261124-20261101", False),
        (STUDY_DATE, b"20261101\\20261124", False),
        (STUDY_DATE, b"20261101-20261102-20261103", False),
    ],
)
def test_only_what_leaves_out_most_narrows(tag: int, value: bytes, narrow: bool) -> None:
    assert narrows(tag, value) is narrow


@given(st.sampled_from(sorted(NARROWING)), st.binary(max_size=12), st.sampled_from([b"*", b"", b" ", b"?"]))
def test_a_list_is_as_wide_as_its_widest_value(tag: int, value: bytes, wide: bytes) -> None:
    assert not narrows(tag, value + b"\\" + wide)


@given(st.dates(date(1900, 1, 1), date(2100, 1, 1)), st.integers(0, 400))
def test_only_short_ranges_narrow(first: date, days: int) -> None:
    if narrows(STUDY_DATE, f"{first:%Y%m%d}-{first + timedelta(days=days):%Y%m%d}".encode()):
        assert days < MAX_RANGE
