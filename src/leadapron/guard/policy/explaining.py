"""Which rule decides, and why the others do not: the judge's own questions, asked aloud."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, tzinfo
from typing import NamedTuple, assert_never

from msgspec import Struct, field

from leadapron.guard.policy.book import Book
from leadapron.guard.policy.conditions import Condition, Terms, number_of
from leadapron.guard.policy.judging import RuleJudge
from leadapron.guard.policy.problems import decision_said, policy_words, sentence
from leadapron.guard.policy.services import SOP_CLASS, named
from leadapron.guard.policy.writing import hours_text
from leadapron.model.errors import UsageError
from leadapron.model.guard import Decision, Moment, Operation, Peer, Policy, Reason, Rule, Speech, Task

MOST_LISTED = 8
"""Values of a condition in one sentence."""


class Step(Struct, frozen=True, kw_only=True):
    """One rule, and what became of it."""

    rule: Rule
    message: str
    """`explain.decides`, `explain.later`, …, or `explain.` and the condition that does not hold."""
    params: Mapping[str, str] = field(default_factory=dict)

    @property
    def decides(self) -> bool:
        """Is this the rule that decides?"""
        return self.message in ("explain.decides", "explain.admits")

    def said(self, language: str) -> str:
        """The rule's line and name, and what became of it."""
        nothing = policy_words()[language]["explain.nothing"]
        said = sentence(self.message, {key: value or nothing for key, value in self.params.items()}, language)
        return sentence(
            "explain.line", {"line": f"{self.rule.line:>3}", "rule": self.rule.name, "said": said}, language
        )


class Explanation(Struct, frozen=True, kw_only=True):
    """Every rule in order, and the answer. What was counted before (rates) is not known here."""

    steps: tuple[Step, ...]
    decision: Decision

    def verdict(self, language: str) -> str:
        """The answer in words: what happens, and why."""
        made = self.decision
        rule = made.rule.name if made.rule is not None else ""
        return decision_said(made.action, made.reason, rule, language, shadow=made.shadow)


def explain(policy: Policy, peer: Peer, operation: Operation | None, now: float, tz: tzinfo = UTC) -> Explanation:
    """What the judge of the peer's listener would answer at that time (UNIX seconds), with nothing counted yet.
    `operation` None: whether the peer may come in at all. UsageError: the policy has no such listener."""
    listener = next((each for each in policy.listeners if each.name == peer.listener), None)
    if listener is None:
        names = ", ".join(each.name for each in policy.listeners)
        raise UsageError(f"no listener is called {peer.listener!r}; the policy has: {names}")
    judge = RuleJudge(policy, listener, Book(), lambda: Moment(wall=now, steady=0.0), tz)
    decision = judge.admit(peer) if operation is None else judge.decide(peer, operation)
    question = _Question(listener.speaks, peer, operation, datetime.fromtimestamp(now, tz))
    return Explanation(steps=tuple(_steps(policy, question, decision)), decision=decision)


class _Question(NamedTuple):
    speaks: Speech
    peer: Peer
    operation: Operation | None
    local: datetime


def _steps(policy: Policy, question: _Question, decision: Decision) -> Iterator[Step]:
    decided = False
    for rule in policy.rules:
        if decided:
            yield Step(rule=rule, message="explain.later")
            continue
        terms = Terms(rule, question.speaks)
        if failed := _failed(terms, question):
            yield Step(rule=rule, message=f"explain.{failed}", params=_params(failed, rule, question))
            continue
        message = _fitting(terms, question, decision)
        decided = message not in ("explain.narrow", "explain.anonymous")
        yield Step(rule=rule, message=message)


def _failed(terms: Terms, question: _Question) -> Condition | None:
    failed = terms.who_fails(question.peer, number_of(question.peer.address))
    if failed is None and terms.when_fails(question.local):
        return Condition.HOURS
    if failed is None and question.operation is not None:
        return terms.what_fails(question.operation)
    return failed


def _fitting(terms: Terms, question: _Question, decision: Decision) -> str:
    """What a rule does whose conditions hold."""
    if question.operation is not None:
        return "explain.decides"
    if terms.rule is decision.rule and decision.reason is not Reason.IDENTITY:
        return "explain.admits" if decision.passes or decision.reason is Reason.RATE else "explain.decides"
    if terms.passing:
        return "explain.anonymous"
    return "explain.narrow" if terms.narrow else "explain.stops"


def _params(failed: Condition, rule: Rule, question: _Question) -> dict[str, str]:
    """What was asked, and what the rule is for."""
    asked, wanted = _compared(failed, rule, question)
    more = f", … ({len(wanted)})" if len(wanted) > MOST_LISTED else ""
    return {"asked": asked, "wanted": ", ".join(wanted[:MOST_LISTED]) + more}


def _compared(failed: Condition, rule: Rule, question: _Question) -> tuple[str, tuple[str, ...]]:
    peer, operation = question.peer, question.operation or Operation(task=Task.ECHO)
    match failed:
        case Condition.LISTENERS:
            return peer.listener, rule.listeners
        case Condition.FROM:
            return peer.address, rule.sources
        case Condition.CERTIFICATE:
            return ", ".join(peer.certificates[:MOST_LISTED]), rule.certificates
        case Condition.CALLING:
            return peer.calling, rule.calling
        case Condition.CALLED:
            return peer.called, rule.called
        case Condition.USERS:
            return peer.user, rule.users
        case Condition.HOURS:
            return f"{question.local:%H:%M}", tuple(map(hours_text, rule.hours))
        case Condition.TASKS:
            return operation.task, tuple(task for task in Task if task in rule.tasks)
        case Condition.SOP_CLASSES:
            asked = named((operation.sop_class,), SOP_CLASS) if operation.sop_class else ("",)
            return asked[0], named(rule.sop_classes, SOP_CLASS)
        case Condition.DESTINATIONS:
            return operation.destination, rule.destinations
        case Condition.MESSAGES:
            return operation.message, rule.messages
    assert_never(failed)
