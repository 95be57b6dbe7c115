"""What is explained is what is decided."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadapron.guard.policy import Book, explain
from leadapron.guard.policy.conditions import Condition
from leadapron.guard.policy.judging import RuleJudge
from leadapron.model.errors import UsageError
from leadapron.model.guard import Action, Hours, Moment, Operation, Peer, Policy, Task
from tests.guard.policy import policies as made
from tests.guard.policy.policies import CT1, MR, PDF, STORE, policy, rule

MONDAY = datetime(2026, 1, 5, 9, tzinfo=UTC).timestamp()


def test_every_rule_says_why_it_does_not_decide() -> None:
    evening = Hours(days=frozenset(range(5)), start=18 * 60, end=20 * 60)
    found = explain(
        policy(
            rule("MR", calling=("MR*",)),
            rule("network", sources=("10.9.0.0/16",)),
            rule("evening", hours=(evening,)),
            rule("documents", action=Action.DENY, tasks=frozenset({Task.STORE}), sop_classes=(PDF,)),
            rule("CT", tasks=frozenset({Task.STORE, Task.ECHO})),
            rule("rest", action=Action.DENY),
        ),
        CT1,
        STORE,
        MONDAY,
    )
    assert [step.said("en").split("  ")[-1] for step in found.steps] == [
        "“MR” is not for calling title CT1, only for: MR*",
        "“network” is not for address 10.1.2.3, only for: 10.9.0.0/16",
        "“evening” is not for this hour (09:00), only for: mon-fri 18:00-20:00",
        "“documents” is not for SOP class CT Image Storage, only for: Encapsulated PDF Storage",
        "“CT” decides: all its conditions hold",
        "“rest” is not asked: an earlier rule decides",
    ]
    assert found.verdict("en") == "allowed by rule “CT”"
    assert found.verdict("fr") == "autorisé par la règle «\u00a0CT\u00a0»"


def test_a_broken_bound_is_named_with_the_rule() -> None:
    found = explain(policy(rule("named", identity=True, shadow=True)), CT1, STORE, MONDAY)
    assert found.decision.rule is not None
    assert found.verdict("en") == (
        "denied by rule “named”: no user is named, and the rule demands one (in shadow: it passes all the same)"
    )


def test_coming_in_is_explained_too() -> None:
    found = explain(
        policy(
            rule("some", action=Action.DENY, tasks=frozenset({Task.GET})),
            rule("named", identity=True),
            rule("rest", action=Action.DENY),
        ),
        CT1,
        None,
        MONDAY,
    )
    assert [step.message for step in found.steps] == ["explain.narrow", "explain.anonymous", "explain.stops"]
    assert not any(step.decides for step in found.steps)
    assert not found.decision.passes


def test_what_nobody_showed_is_called_nothing() -> None:
    found = explain(policy(rule(certificates=("CN=x",))), CT1, Operation(task=Task.STORE, sop_class=MR), MONDAY)
    assert found.steps[0].said("fr").endswith("certificat\u00a0: (aucun)\u202f; seulement pour\u00a0: CN=x")


def test_an_unknown_listener_is_an_error_of_the_asker() -> None:
    with pytest.raises(UsageError, match="archive"):
        explain(policy(rule()), Peer(address="10.1.2.3", listener="archiv"), None, MONDAY)


@given(made.policies, made.peers, st.none() | made.operations, st.floats(0, 4e9))
def test_what_is_explained_is_what_is_decided(
    policy_: Policy, peer: Peer, operation: Operation | None, now: float
) -> None:
    found = explain(policy_, peer, operation, now)
    judge = RuleJudge(policy_, policy_.listeners[0], Book(), lambda: Moment(wall=now, steady=0), UTC)
    assert found.decision == (judge.decide(peer, operation) if operation else judge.admit(peer))
    assert [step.rule for step in found.steps] == list(policy_.rules)
    if operation:
        assert [step.rule for step in found.steps if step.decides] == (
            [found.decision.rule] if found.decision.rule else []
        )
    for language in ("en", "fr"):
        assert all(step.said(language) for step in found.steps)
        assert found.verdict(language)


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("condition", Condition)
def test_every_condition_can_be_said(condition: Condition, language: str) -> None:
    from leadapron.guard.policy import policy_words

    assert re.findall(r"\{(\w+)\}", policy_words()[language][f"explain.{condition}"]) == ["asked", "wanted"]
