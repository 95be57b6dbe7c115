"""What changed since an earlier run."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leadapron.model.findings import Confidence, Finding, Harm, Severity, Subject, SubjectType
from leadapron.model.plan import ChangeKind, Changes
from leadapron.store.decisions import Decisions

NOW = datetime(2026, 11, 24, tzinfo=UTC)
NEW, FIXED, BACK, SAME, UNSEEN = ChangeKind


def finding(rule: str, asset: str = "ct", kind: SubjectType = SubjectType.ASSET) -> Finding:
    """A finding on a device."""
    return Finding(
        rule=rule,
        subject=Subject(type=kind, id=asset, label=asset.upper()),
        severity=Severity.HIGH,
        harm=(Harm.SPREAD,),
        confidence=Confidence.SEEN,
        params={},
        reasons=(),
        evidence=(),
    )


def day(number: int) -> datetime:
    """Days from now."""
    return NOW + timedelta(days=number)


def kinds(changes: Changes) -> dict[str, ChangeKind]:
    """Rule → what became of it."""
    return {one.rule: one.kind for one in changes.changes}


def test_new_fixed_back_and_still_there(decisions: Decisions) -> None:
    decisions.record_run([finding("a"), finding("b")], version="1.0", at=day(0))
    decisions.record_run([finding("b"), finding("c")], version="1.1", at=day(1))
    changes = decisions.changes([finding("a"), finding("c"), finding("d")])
    assert kinds(changes) == {"a": BACK, "b": FIXED, "c": SAME, "d": NEW}
    assert (changes.since, changes.version) == (day(1), "1.1")
    (back,) = changes.of(BACK)
    assert (back.label, back.severity, back.first, back.last) == ("CT", Severity.HIGH, day(0), day(0))
    (fixed,) = changes.of(FIXED)
    assert (fixed.first, fixed.last) == (day(0), day(1))


def test_the_first_run_has_nothing_to_compare_with(decisions: Decisions) -> None:
    assert decisions.changes([finding("a")]) == Changes(since=None)


def test_since_an_earlier_day(decisions: Decisions) -> None:
    decisions.record_run([finding("a")], version="1", at=day(0))
    decisions.record_run([finding("b")], version="1", at=day(5))
    assert kinds(decisions.changes([finding("b")], since=day(3))) == {"a": FIXED, "b": NEW}
    assert decisions.changes([finding("b")], since=day(-1)).since is None


def test_what_was_not_looked_at_is_not_called_fixed(decisions: Decisions) -> None:
    decisions.record_run(
        [finding("a", "ct"), finding("b", "mr"), finding("c", "network", SubjectType.NETWORK)], version="1", at=NOW
    )
    assert kinds(decisions.changes([], seen={"mr"})) == {"a": UNSEEN, "b": FIXED, "c": FIXED}


def test_a_clean_run_is_a_run(decisions: Decisions) -> None:
    decisions.record_run([finding("a")], version="1", at=day(0))
    decisions.record_run([], version="1", at=day(1))
    assert kinds(decisions.changes([finding("a")])) == {"a": BACK}


def test_asking_again_tells_the_same(decisions: Decisions) -> None:
    decisions.record_run([finding("a")], version="1", at=day(0))
    for _ in range(3):
        assert kinds(decisions.changes([finding("b")])) == {"a": FIXED, "b": NEW}
        decisions.record_run([finding("b")], version="1", at=day(1))


def test_a_run_like_all_before_changed_nothing(decisions: Decisions) -> None:
    decisions.record_run([finding("a")], version="1", at=day(0))
    decisions.record_run([finding("a")], version="1", at=day(1))
    changes = decisions.changes([finding("a")])
    assert (kinds(changes), changes.since) == ({"a": SAME}, day(1))


rules = st.sets(st.sampled_from("abcde"))
examples = count()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20)
@given(st.lists(rules, min_size=1, max_size=4), rules)
def test_every_finding_has_one_kind(decisions: Decisions, runs: list[set[str]], now: set[str]) -> None:
    """Against an oracle that keeps sets. The store is shared by all examples, so each has devices of its own."""
    device = f"ct{next(examples)}"
    history = [set[str](), *runs]
    for run in history:
        decisions.record_run([finding(rule, device) for rule in sorted(run)], version="1", at=NOW)
    place = max((index for index, run in enumerate(history) if run != now), default=len(history) - 1)
    earlier, last = set[str]().union(*history[: place + 1]), history[place]
    expected = {rule: SAME if rule in last else BACK if rule in earlier else NEW for rule in now}
    expected |= dict.fromkeys(last - now, FIXED)
    changes = decisions.changes([finding(rule, device) for rule in now])
    ids = {finding(rule, device).id for rule in "abcde"}
    assert {one.rule: one.kind for one in changes.changes if one.finding in ids} == expected
