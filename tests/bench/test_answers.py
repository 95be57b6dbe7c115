"""The labelled answers: large enough, and never worse than when they were last measured."""

from __future__ import annotations

import pytest

from bench.answers import SECOND, Given, Label, Result, check, cleared_wrongly, read_labels, tally
from leadapron.know.advisories import load_base
from leadapron.know.matching import Matcher, load_aliases, load_overlay
from leadapron.model.advisories import Knowledge

RECALL = {Given.AFFECTED: 0.99, Given.NOT_AFFECTED: 0.98}
PRECISION = {Given.AFFECTED: 0.99, Given.NOT_AFFECTED: 1.0}


@pytest.fixture(scope="module")
def labels() -> tuple[Label, ...]:
    return read_labels()


@pytest.fixture(scope="module")
def matcher() -> Matcher:
    return Matcher(Knowledge(advisories=(*load_overlay(), *load_base().advisories)), load_aliases())


@pytest.fixture(scope="module")
def results(labels: tuple[Label, ...], matcher: Matcher) -> tuple[Result, ...]:
    return check(labels, matcher.ask)


@pytest.fixture(scope="module")
def second(matcher: Matcher) -> tuple[Result, ...]:
    return check(read_labels(SECOND), matcher.ask)


def test_nothing_is_cleared_wrongly(results: tuple[Result, ...], second: tuple[Result, ...]) -> None:
    assert [str(result) for result in cleared_wrongly((*results, *second))] == []


def test_the_second_reader_is_answered_as_well_as_measured(second: tuple[Result, ...]) -> None:
    assert sum(result.right for result in second) / len(second) >= 0.9
    assert tally(second, Given.NOT_AFFECTED).precision == 1.0


def test_the_second_set_asks_nothing_that_the_first_asks(labels: tuple[Label, ...], second: tuple[Result, ...]) -> None:
    asked = [
        (label.product.vendor.lower(), label.product.name.lower(), label.product.version, label.advisory)
        for label in (*labels, *(result.label for result in second))
    ]
    assert len(second) >= 130
    assert len(set(asked[-len(second) :])) == len(second)
    assert not set(asked[: len(labels)]) & set(asked[-len(second) :])


def test_recall_and_precision(results: tuple[Result, ...]) -> None:
    for verdict, least in RECALL.items():
        assert tally(results, verdict).recall >= least
    for verdict, least in PRECISION.items():
        assert tally(results, verdict).precision >= least


def test_review_is_not_a_way_out(results: tuple[Result, ...]) -> None:
    assert sum(result.given is Given.REVIEW for result in results) / len(results) < 0.25


def test_there_are_enough_labels_of_every_kind(labels: tuple[Label, ...]) -> None:
    kinds = [label.kind for label in labels]
    least = {"imaging": 150, "other": 60, "spelling": 30, "review": 25, "unknown": 15, "trap": 10}
    assert {kind: kinds.count(kind) >= number for kind, number in least.items()} == dict.fromkeys(least, True)
    rows = [(label.product, label.advisory) for label in labels]
    assert len(set(rows)) == len(rows)
    assert all(label.why for label in labels)


def test_every_advisory_read_by_a_person_is_asked_about(labels: tuple[Label, ...]) -> None:
    asked = [label.advisory for label in labels]
    assert {advisory.id for advisory in load_overlay() if asked.count(advisory.id) < 2} == set()


def test_a_wrong_clearance_is_counted(labels: tuple[Label, ...]) -> None:
    plain = next(label for label in labels if label.verdicts == {Given.AFFECTED})
    result = Result(label=plain, given=Given.NOT_AFFECTED, reason="match.outside", right=False)
    assert cleared_wrongly([result]) == [result]
    assert (tally([result], Given.AFFECTED).recall, tally([result], Given.NOT_AFFECTED).precision) == (0.0, 0.0)
