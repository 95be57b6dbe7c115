"""Counters with a bound, and the glass that a named person opens for a while."""

from __future__ import annotations

import pytest

from leadapron.guard.policy import Book
from leadapron.guard.policy.book import MOST_COUNTERS, MOST_OPENINGS
from leadapron.model.errors import UsageError
from leadapron.model.guard import Moment

NOW = Moment(wall=1_000_000.0, steady=50.0)


def test_a_period_slides() -> None:
    book = Book()
    book.count("key", 12, 3, 0.0)
    book.count("key", 12, 2, 6.0)
    assert book.room("key", 10, 12, 11.9) == 5
    assert book.room("key", 10, 12, 13.1) == 8
    assert book.room("key", 10, 12, 1e9) == 10
    assert book.room("other", 10, 12, 0.0) == 10


def test_counters_are_bounded_and_the_one_that_rested_longest_goes() -> None:
    book = Book()
    for number in range(MOST_COUNTERS):
        book.count(number, 60, 1, 0.0)
    book.count(0, 60, 1, 0.0)
    book.count("new", 60, 1, 0.0)
    assert len(book) == MOST_COUNTERS
    assert book.room(0, 10, 60, 0.0) == 8
    assert book.room(1, 10, 60, 0.0) == 10


def test_the_glass_is_open_in_a_name_and_for_a_while() -> None:
    book = Book()
    assert not book.perhaps_open
    opening = book.open_glass("  Dr.\n House ", 5, "archive", NOW)
    assert opening.person == "Dr. House"
    assert opening.until - opening.since == 300
    assert book.opener("archive", NOW) == "Dr. House"
    assert book.opener("web", NOW) == ""
    late = Moment(wall=0.0, steady=NOW.steady + 300)
    assert book.opener("archive", late) == ""
    assert book.openings(late) == ()
    assert not book.perhaps_open


def test_a_second_opening_replaces_the_first_and_closing_tells_what_was_open() -> None:
    book = Book()
    book.open_glass("A", 5, None, NOW)
    second = book.open_glass("B", 10, None, NOW)
    assert book.openings(NOW) == (second,)
    assert book.close_glass("archive") == ()
    assert book.close_glass(None) == (second,)
    assert book.close_glass(None) == ()


@pytest.mark.parametrize(
    ("person", "minutes"), [("", 5), (" \n", 5), ("A", 0), ("A", -1), ("A", 1e9), ("A", float("nan"))]
)
def test_nobody_and_no_end_are_refused(person: str, minutes: float) -> None:
    with pytest.raises(UsageError, match="break-glass"):
        Book().open_glass(person, minutes, None, NOW)


def test_openings_are_bounded() -> None:
    book = Book()
    for number in range(MOST_OPENINGS):
        book.open_glass("A", 5, f"listener {number}", NOW)
    with pytest.raises(UsageError, match="too many"):
        book.open_glass("A", 5, "one more", NOW)
    book.open_glass("B", 5, "listener 0", NOW)
