"""A rule is only blamed as one that never decides where that is certain."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from leadapron.guard.policy.conditions import Terms, number_of
from leadapron.guard.policy.covering import covers, prepared
from leadapron.model.guard import Operation, Peer, Rule, Speech
from tests.guard.policy import policies as made
from tests.guard.policy.policies import rule


def _fits(one: Rule, peer: Peer, operation: Operation, local: datetime) -> bool:
    terms = Terms(one, Speech.DICOM)
    return (
        terms.who_fails(peer, number_of(peer.address)) is None
        and not terms.when_fails(local)
        and terms.what_fails(operation) is None
    )


def test_the_wider_rule_covers() -> None:
    assert covers(prepared(rule(calling=("CT*",))), prepared(rule(calling=("CT1", "CT2?"))))
    assert not covers(prepared(rule(calling=("CT1",))), prepared(rule(calling=("CT*",))))
    assert not covers(prepared(rule(sources=("10.0.0.0/8",))), prepared(rule(sources=("::/0",))))


@settings(max_examples=300)
@given(made.rules, made.rules, made.peers, made.operations, st.datetimes(timezones=st.just(UTC)))
def test_what_fits_the_covered_rule_fits_the_other(
    earlier: Rule, later: Rule, peer: Peer, operation: Operation, local: datetime
) -> None:
    loosened = Rule(name="wide", line=0, tasks=earlier.tasks, sop_classes=earlier.sop_classes, calling=earlier.calling)
    for first in (earlier, loosened):
        if covers(prepared(first), prepared(later)) and _fits(later, peer, operation, local):
            assert _fits(first, peer, operation, local)
