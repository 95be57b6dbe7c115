"""The judge of one listener: first the rules that fit the peer, then the first of them that fits what it asks for.

Answers to equal questions are kept, so that the thousandth object costs a look into a table and its rates.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, tzinfo

from msgspec import Struct, field

from leadapron.guard.policy.book import Book
from leadapron.guard.policy.bounds import ASSOCIATIONS, BYTES, broken, counted, transferable
from leadapron.guard.policy.conditions import Condition, Terms, number_of
from leadapron.guard.policy.services import tasks_of_class
from leadapron.model.guard import Action, Decision, Listener, Moment, Operation, Peer, Policy, Rate, Reason, Rule, Task

MOST_KEPT = 20_000
"""Peers, rules that fit them, answers and transfer syntaxes kept at hand, all together (about 10 MB); then all are
forgotten at once: strangers who call themselves by ever new names fill no memory."""

_NO_RULE = Decision(action=Action.DENY, reason=Reason.NO_RULE)
_DESTINATION = Decision(action=Action.DENY, reason=Reason.DESTINATION)
_STAGES = tuple(Condition)
_NEARLY = {Condition.CALLING: Reason.CALLING_TITLE, Condition.CALLED: Reason.CALLED_TITLE}


class _Answer(Struct):
    """To one question, rates aside."""

    decision: Decision
    rates: tuple[tuple[Rate, int], ...]


class _Known(Struct):
    """One peer, as the rules see it."""

    terms: tuple[Terms, ...]
    """Those whose conditions on the peer and the hour hold, in order."""
    admission: _Answer
    answers: dict[Operation, _Answer] = field(default_factory=dict)
    offers: dict[tuple[str, tuple[str, ...]], tuple[str, ...]] = field(default_factory=dict)


class RuleJudge:
    """`model.guard.Judge`, for one listener of one policy."""

    def __init__(
        self, policy: Policy, listener: Listener, book: Book, clock: Callable[[], Moment], tz: tzinfo = UTC
    ) -> None:
        rules = (rule for rule in policy.rules if not rule.listeners or listener.name in rule.listeners)
        self._terms = tuple(Terms(rule, listener.speaks) for rule in rules)
        self._timed = any(terms.rule.hours for terms in self._terms)
        self._listener = listener.name
        self._book = book
        self._clock = clock
        self._tz = tz
        self._minute = 0
        self._kept = 0
        self._peers: dict[Peer, _Known] = {}
        self._last: Peer | None = None
        self._last_known = _Known(terms=(), admission=_Answer(decision=_NO_RULE, rates=()))

    # ------------------------------------------------------------ the four questions
    def admit(self, peer: Peer) -> Decision:
        """May this peer have an association (or connection, request) at all? Counts it."""
        return self._settled(peer, self._known(peer).admission)

    def offer(self, peer: Peer, abstract_syntax: str, transfer_syntaxes: tuple[str, ...]) -> tuple[str, ...]:
        """Of a proposed presentation context: the transfer syntaxes that may go on, in order."""
        known, key = self._known(peer), (abstract_syntax, transfer_syntaxes)
        left = known.offers.get(key)
        if left is None:
            left = known.offers[key] = _offered(known.terms, abstract_syntax, transfer_syntaxes)
            self._keep(1 + len(transfer_syntaxes))
        if self._book.perhaps_open and left != transfer_syntaxes and self._opener():
            return transfer_syntaxes
        return left

    def decide(self, peer: Peer, operation: Operation) -> Decision:
        """May it do this now? Counts against the rates of the rule that decides."""
        known = self._known(peer)
        answer = known.answers.get(operation)
        if answer is None:
            answer = known.answers[operation] = answer_to(known.terms, peer, operation)
            self._keep(1)
        if not answer.rates and not self._book.perhaps_open:
            return answer.decision
        return self._settled(peer, answer)

    def passed(self, peer: Peer, decision: Decision, amount: int) -> Decision:
        """An object or message of so many bytes came by. Asked once for each, at its end or as soon as it is longer
        than its rule allows: the bytes are counted, unless they are more than is left."""
        rule = decision.bounding
        if rule is None:
            return decision
        if rule.object_size and amount > rule.object_size:
            return self._opened(Decision(action=Action.DENY, reason=Reason.SIZE, rule=rule, shadow=rule.shadow))
        rates = tuple((rate, amount) for rate in rule.rates if rate.what == BYTES)
        return self._settled(peer, _Answer(decision=decision, rates=rates)) if rates else decision

    # ------------------------------------------------------------ rates and the glass
    def _settled(self, peer: Peer, answer: _Answer) -> Decision:
        """The answer, once its rates are asked and the glass is seen to."""
        decision, rule = answer.decision, answer.decision.rule
        if answer.rates and rule is not None:
            steady = self._clock().steady
            keys = [((rule.name, rate, peer.address), rate, number) for rate, number in answer.rates]
            for key, rate, number in keys:
                if self._book.room(key, rate.amount, rate.seconds, steady) < max(number, 1):
                    decision = Decision(action=Action.DENY, reason=Reason.RATE, rule=rule, shadow=rule.shadow)
                    break
            else:
                for key, rate, number in keys:
                    if number:
                        self._book.count(key, rate.seconds, number, steady)
        return self._opened(decision)

    def _opened(self, decision: Decision) -> Decision:
        if not self._book.perhaps_open or decision.passes:
            return decision
        person = self._opener()
        if not person:
            return decision
        return Decision(action=Action.ALLOW, reason=Reason.BREAK_GLASS, rule=decision.rule, person=person)

    def _opener(self) -> str:
        return self._book.opener(self._listener, self._clock())

    # ------------------------------------------------------------ who is known
    def _known(self, peer: Peer) -> _Known:
        if self._timed:
            self._turn()
        if peer is self._last:
            return self._last_known
        known = self._peers.get(peer)
        if known is None:
            local = datetime.fromtimestamp(self._minute * 60, self._tz) if self._timed else None
            terms, admission = meet(self._terms, peer, local)
            self._keep(1 + len(terms))
            known = self._peers[peer] = _Known(terms=terms, admission=admission)
        self._last, self._last_known = peer, known
        return known

    def _turn(self) -> None:
        """Rules have hours: what is known holds until the minute is over."""
        minute = int(self._clock().wall // 60)
        if minute != self._minute:
            self._minute = minute
            self._forget()

    def _keep(self, more: int) -> None:
        self._kept += more
        if self._kept > MOST_KEPT:
            self._forget()

    def _forget(self) -> None:
        self._kept = 0
        self._peers.clear()
        self._last = None


# ---------------------------------------------------------------- pure answers
def meet(rules: Iterable[Terms], peer: Peer, local: datetime | None) -> tuple[tuple[Terms, ...], _Answer]:
    """The rules that fit the peer at that time (None: no rule has hours), and whether it may come in."""
    number, found, furthest = number_of(peer.address), [], Condition.LISTENERS
    for terms in rules:
        failed = terms.who_fails(peer, number)
        if failed is None and local is not None and terms.when_fails(local):
            failed = Condition.HOURS
        if failed is None:
            found.append(terms)
        elif terms.passing and _STAGES.index(failed) > _STAGES.index(furthest):
            furthest = failed
    return tuple(found), _admission(found, peer, furthest)


def _admission(found: Iterable[Terms], peer: Peer, furthest: Condition) -> _Answer:
    """By the first rule that may let something through, unless one before it stops all."""
    first: Rule | None = None
    for terms in found:
        rule = terms.rule
        if terms.passing:
            first = first or rule
            if not rule.identity or peer.user or rule.shadow:
                return _admitted(rule)
        elif not terms.narrow and first is None:
            return _Answer(decision=Decision(action=rule.action, reason=Reason.RULE, rule=rule), rates=())
        if not terms.narrow:
            break
    if first is not None:
        return _Answer(decision=Decision(action=Action.DENY, reason=Reason.IDENTITY, rule=first), rates=())
    reason = _NEARLY.get(furthest, Reason.NO_RULE)
    if furthest is Condition.USERS and not peer.user:
        reason = Reason.IDENTITY
    return _Answer(decision=Decision(action=Action.DENY, reason=reason), rates=())


def _admitted(rule: Rule) -> _Answer:
    rates = tuple((rate, 1) for rate in rule.rates if rate.what == ASSOCIATIONS)
    return _Answer(decision=Decision(action=Action.ALLOW, reason=Reason.RULE, rule=rule), rates=rates)


def _offered(found: Iterable[Terms], abstract_syntax: str, transfer_syntaxes: tuple[str, ...]) -> tuple[str, ...]:
    """What some rule may let through in such a context, unless one before it stops every task of the class."""
    left, allowed = set(tasks_of_class(abstract_syntax)), set[str]()
    for terms in found:
        rule = terms.rule
        asked = left & rule.tasks if rule.tasks else left
        here = {task for task in asked if terms.covers_class(task, abstract_syntax)}
        if not here:
            continue
        if terms.passing:
            allowed.update(
                syntax
                for syntax in transfer_syntaxes
                if rule.shadow or any(transferable(rule, task, abstract_syntax, syntax) for task in here)
            )
        left -= {
            task
            for task in here
            if not (task is Task.MOVE and rule.destinations) and not (task is Task.MESSAGE and rule.messages)
        }
        if not left or len(allowed) == len(set(transfer_syntaxes)):
            break
    return tuple(syntax for syntax in transfer_syntaxes if syntax in allowed)


def answer_to(found: Iterable[Terms], peer: Peer, operation: Operation) -> _Answer:
    """By the first rule that fits, then its bounds."""
    nearly = False
    for terms in found:
        failed = terms.what_fails(operation)
        if failed is None:
            return _ruled(terms.rule, peer, operation)
        nearly = nearly or (failed is Condition.DESTINATIONS and terms.passing)
    return _Answer(decision=_DESTINATION if nearly else _NO_RULE, rates=())


def _ruled(rule: Rule, peer: Peer, operation: Operation) -> _Answer:
    if rule.action is not Action.ALLOW:
        decision = Decision(action=rule.action, reason=Reason.RULE, rule=rule, shadow=rule.shadow)
        return _Answer(decision=decision, rates=())
    if reason := broken(rule, peer, operation):
        decision = Decision(action=Action.DENY, reason=reason, rule=rule, shadow=rule.shadow)
        return _Answer(decision=decision, rates=())
    return _Answer(
        decision=Decision(action=Action.ALLOW, reason=Reason.RULE, rule=rule),
        rates=tuple(counted(rule, operation.task)),
    )
