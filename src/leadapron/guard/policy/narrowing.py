"""Does a key of a query leave out most of an archive (PS3.4 C.2.2.2)? One answer for DIMSE and DICOMweb.

An archive ignores keys that it does not know, so only those that every archive matches on may narrow. Values are
tested, never decoded or kept.
"""

from __future__ import annotations

from typing import Final

STUDY_DATE: Final = 0x0008_0020
NARROWING: Final = frozenset(
    {STUDY_DATE, 0x0008_0050, 0x0010_0010, 0x0010_0020, 0x0020_0010, 0x0020_000D, 0x0020_000E, 0x0008_0018}
)
"""Unique and required keys of the patient and study levels and below, but for times (PS3.4 C.6.1, C.6.2): study date,
accession number, patient name and id, study id, and the UIDs of study, series and instance."""
MAX_RANGE: Final = 31
"""Days of a range of dates that still narrows."""
_EMPTY: Final = b" \0\t\r\n*?%_^=-.,\"'"
"""What a value may be made of and still match nearly anything: wildcards, those of SQL too, and what divides names."""


def narrows(tag: int, value: bytes) -> bool:
    """Does a key with this value leave out most of an archive?"""
    if tag not in NARROWING:
        return False
    if tag == STUDY_DATE:
        return _is_short(value)
    return says_something(value)


def says_something(value: bytes) -> bool:
    """Is there more in it than wildcards? An archive may match on any value of a list, so each must say something."""
    return all(one.strip(_EMPTY) for one in value.split(b"\\"))


def _is_short(value: bytes) -> bool:
    """One day, or a range of few (PS3.4 C.2.2.2.5)."""
    days = [_day(date.strip()) for date in value.strip(b" \0").split(b"-")]
    return 0 not in days and len(days) <= 2 and 0 <= days[-1] - days[0] < MAX_RANGE


def _day(date: bytes) -> int:
    """A date (PS3.5 DA) as a count of days that is never too small between two dates; 0 if it is none."""
    if len(date) != 8 or not date.isdigit():
        return 0
    number = int(date)
    return number // 10000 * 372 + number // 100 % 100 * 31 + number % 100
