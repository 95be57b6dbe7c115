"""The judge: the first rule that fits decides, its bounds come next, the rest is denied."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadapron.guard.policy import Book, judge
from leadapron.guard.policy.judging import MOST_KEPT, RuleJudge
from leadapron.model.guard import (
    Action,
    Decision,
    Hours,
    Listener,
    Moment,
    Operation,
    Peer,
    Policy,
    Query,
    Rate,
    Reason,
    Rule,
    Speech,
    Task,
)
from tests.guard.policy import policies as made
from tests.guard.policy.policies import (
    ARCHIVE,
    CT,
    CT1,
    EXPLICIT,
    IMPLICIT,
    JPEG,
    MR,
    PDF,
    PRIVATE,
    STORE,
    STUDY_FIND,
    STUDY_GET,
    STUDY_MOVE,
    VERIFICATION,
    WORKLIST,
    policy,
    rule,
)

MONDAY = datetime(2026, 1, 5, 9, tzinfo=UTC).timestamp()
DENY_REST = rule("rest", action=Action.DENY)


class Clock:
    def __init__(self) -> None:
        self.wall, self.steady = MONDAY, 1_000.0

    def __call__(self) -> Moment:
        return Moment(wall=self.wall, steady=self.steady)


def court(*rules: Rule, listener: Listener = ARCHIVE) -> tuple[RuleJudge, Book, Clock]:
    book, clock = Book(), Clock()
    return RuleJudge(policy(*rules, listener=listener), listener, book, clock, UTC), book, clock


def told(decision: Decision) -> tuple[Action, Reason, str]:
    return decision.action, decision.reason, decision.rule.name if decision.rule else ""


def with_(peer: Peer = CT1, **given: object) -> Peer:
    return Peer(**{**{field: getattr(peer, field) for field in peer.__struct_fields__}, **given})  # type: ignore[arg-type]


def test_a_scanner_may_store_and_nothing_else() -> None:
    court_, _, _ = court(
        rule("CT", sources=("10.1.2.0/24",), calling=("CT1",), called=("PACS",), tasks=frozenset({Task.STORE}))
    )
    assert told(court_.admit(CT1)) == (Action.ALLOW, Reason.RULE, "CT")
    assert told(court_.decide(CT1, STORE)) == (Action.ALLOW, Reason.RULE, "CT")
    assert told(court_.decide(CT1, Operation(task=Task.FIND))) == (Action.DENY, Reason.NO_RULE, "")
    assert court_.offer(CT1, CT, (IMPLICIT, EXPLICIT)) == (IMPLICIT, EXPLICIT)
    assert court_.offer(CT1, STUDY_FIND, (IMPLICIT,)) == ()


def test_the_first_rule_that_fits_decides() -> None:
    court_, _, _ = court(
        rule("no documents", action=Action.DENY, tasks=frozenset({Task.STORE}), sop_classes=(PDF,)),
        rule("store", tasks=frozenset({Task.STORE})),
    )
    pdf = Operation(task=Task.STORE, sop_class=PDF)
    assert told(court_.decide(CT1, pdf)) == (Action.DENY, Reason.RULE, "no documents")
    assert told(court_.decide(CT1, STORE)) == (Action.ALLOW, Reason.RULE, "store")
    assert court_.offer(CT1, PDF, (EXPLICIT,)) == ()
    assert court_.offer(CT1, CT, (EXPLICIT,)) == (EXPLICIT,)


@pytest.mark.parametrize(
    ("peer", "reason"),
    [
        (with_(address="10.9.9.9"), Reason.NO_RULE),
        (with_(address="nowhere"), Reason.NO_RULE),
        (with_(calling="CT2"), Reason.CALLING_TITLE),
        (with_(called="PACS2"), Reason.CALLED_TITLE),
        (with_(address="::ffff:10.1.2.3"), Reason.RULE),
    ],
)
def test_a_stranger_is_told_what_was_wrong_last(peer: Peer, reason: Reason) -> None:
    court_, _, _ = court(
        rule("deny", action=Action.DENY, sources=("10.9.0.0/16",), calling=("X",)),
        rule("CT", sources=("10.1.2.0/24",), calling=("CT1",), called=("PACS",)),
    )
    assert court_.admit(peer).reason is reason


def test_who_is_denied_everything_does_not_come_in() -> None:
    court_, _, _ = court(rule("out", action=Action.TARPIT, sources=("10.1.2.3",)), rule("in"))
    assert told(court_.admit(CT1)) == (Action.TARPIT, Reason.RULE, "out")
    assert court_.admit(with_(address="10.1.2.4")).action is Action.ALLOW
    only_some, _, _ = court(rule("some", action=Action.DENY, tasks=frozenset({Task.ECHO})), DENY_REST)
    assert told(only_some.admit(CT1)) == (Action.DENY, Reason.RULE, "rest")


def test_a_user_is_demanded_by_the_rule_or_named_by_it() -> None:
    court_, _, _ = court(rule("named", identity=True))
    assert told(court_.admit(CT1)) == (Action.DENY, Reason.IDENTITY, "named")
    assert told(court_.decide(CT1, STORE)) == (Action.DENY, Reason.IDENTITY, "named")
    assert court_.admit(with_(user="someone")).action is Action.ALLOW
    either, _, _ = court(rule("named", identity=True, tasks=frozenset({Task.FIND})), rule("any"))
    assert told(either.admit(CT1)) == (Action.ALLOW, Reason.RULE, "any")
    listed, _, _ = court(rule("some", users=("dr*",)))
    assert listed.admit(CT1).reason is Reason.IDENTITY
    assert listed.admit(with_(user="nurse")).reason is Reason.NO_RULE
    assert listed.admit(with_(user="drwho")).action is Action.ALLOW


def test_certificates_are_compared_whatever_the_case() -> None:
    court_, _, _ = court(rule("cert", certificates=("*.Hospital.example", "CN=old ct")))
    for names in (("ct1.hospital.example",), ("other", "cn=OLD CT")):
        assert court_.admit(with_(certificates=names)).passes
    assert not court_.admit(with_(certificates=("hospital.example.evil",))).passes


@pytest.mark.parametrize(
    ("task", "sop_class", "passes"),
    [
        (Task.STORE, CT, True),
        (Task.STORE, MR, False),
        (Task.STORE, "", False),
        (Task.ECHO, VERIFICATION, True),
        (Task.FIND, STUDY_FIND, True),
        (Task.FIND, MR, False),
        (Task.GET, STUDY_GET, True),
        (Task.GET, CT, True),
        (Task.GET, MR, False),
        (Task.GET, "", False),
    ],
)
def test_classes_narrow_the_tasks_they_belong_to(task: Task, sop_class: str, *, passes: bool) -> None:
    tasks = frozenset({Task.ECHO, Task.STORE, Task.FIND, Task.GET})
    court_, _, _ = court(rule("CT", tasks=tasks, sop_classes=(CT,)))
    assert court_.decide(CT1, Operation(task=task, sop_class=sop_class)).passes is passes


def test_under_any_only_listed_classes_fit() -> None:
    court_, _, _ = court(rule("any", sop_classes=(CT,)))
    assert court_.decide(CT1, STORE).passes
    assert not court_.decide(CT1, Operation(task=Task.FIND, sop_class=STUDY_FIND)).passes
    assert not court_.decide(CT1, Operation(task=Task.FIND)).passes


def test_what_a_get_brings_back_needs_a_storage_context() -> None:
    court_, _, _ = court(rule("get", tasks=frozenset({Task.GET}), sop_classes=(CT,), transfer_syntaxes=(EXPLICIT,)))
    assert court_.offer(CT1, STUDY_GET, (IMPLICIT, EXPLICIT)) == (IMPLICIT, EXPLICIT)  # a query is no object
    assert court_.offer(CT1, CT, (IMPLICIT, EXPLICIT)) == (EXPLICIT,)
    assert court_.offer(CT1, MR, (IMPLICIT, EXPLICIT)) == ()
    assert court_.offer(CT1, PRIVATE, (EXPLICIT,)) == ()


def test_transfer_syntaxes_of_all_rules_that_may_store() -> None:
    store = frozenset({Task.STORE})
    court_, _, _ = court(
        rule("ct", tasks=store, sop_classes=(CT,), transfer_syntaxes=(EXPLICIT,)),
        rule("all", tasks=store, transfer_syntaxes=(IMPLICIT, EXPLICIT)),
    )
    # The first rule decides on CT whatever the second would say.
    assert court_.offer(CT1, CT, (JPEG, IMPLICIT, EXPLICIT)) == (EXPLICIT,)
    assert court_.offer(CT1, MR, (JPEG, EXPLICIT, IMPLICIT)) == (EXPLICIT, IMPLICIT)
    jpeg = Operation(task=Task.STORE, sop_class=CT, transfer_syntax=JPEG)
    assert court_.decide(CT1, jpeg).reason is Reason.TRANSFER_SYNTAX


def test_a_move_goes_where_the_rule_says() -> None:
    court_, _, _ = court(rule("move", tasks=frozenset({Task.FIND, Task.MOVE}), destinations=("READ*",)))
    move = Operation(task=Task.MOVE, sop_class=STUDY_MOVE, destination="READ1")
    assert court_.decide(CT1, move).passes
    elsewhere = Operation(task=Task.MOVE, sop_class=STUDY_MOVE, destination="EVIL")
    assert told(court_.decide(CT1, elsewhere)) == (Action.DENY, Reason.DESTINATION, "")
    assert court_.decide(CT1, Operation(task=Task.FIND, sop_class=STUDY_FIND)).passes
    assert court_.offer(CT1, STUDY_MOVE, (IMPLICIT,)) == (IMPLICIT,)


def test_queries_name_something() -> None:
    asked = Operation(task=Task.FIND, sop_class=STUDY_FIND, wide=True, level="PATIENT")
    plain, _, _ = court(rule())
    assert plain.decide(CT1, asked).reason is Reason.WIDE_QUERY
    wide, _, _ = court(rule(query=Query(wide=True)))
    assert wide.decide(CT1, asked).passes
    levels, _, _ = court(rule(query=Query(wide=True, levels=("STUDY",))))
    assert levels.decide(CT1, asked).reason is Reason.QUERY_LEVEL
    assert levels.decide(CT1, Operation(task=Task.FIND, level="study")).passes
    # A worklist is asked for as a whole.
    assert plain.decide(CT1, Operation(task=Task.WORKLIST, sop_class=WORKLIST, wide=True)).passes


# ---------------------------------------------------------------- rates and sizes
def test_rates_slide() -> None:
    court_, _, clock = court(rule(rates=(Rate(what="objects", amount=3, seconds=60),)))
    answers = [court_.decide(CT1, STORE).reason for _ in range(5)]
    assert answers == [Reason.RULE] * 3 + [Reason.RATE] * 2
    assert court_.decide(CT1, Operation(task=Task.ECHO)).passes
    assert court_.decide(with_(address="10.1.2.4"), STORE).passes  # another peer
    clock.steady += 59
    assert not court_.decide(with_(calling="CT2"), STORE).passes  # a new name helps nobody
    clock.steady += 7
    assert court_.decide(CT1, STORE).passes


def test_the_wall_clock_moves_no_rate() -> None:
    court_, _, clock = court(rule(rates=(Rate(what="associations", amount=1, seconds=60),)))
    assert court_.admit(CT1).passes
    for jump in (-1e9, 1e9):
        clock.wall += jump
        assert told(court_.admit(CT1)) == (Action.DENY, Reason.RATE, "rule")


def test_bytes_are_counted_as_they_come() -> None:
    size = rule(object_size=100, rates=(Rate(what="bytes", amount=250, seconds=3600),))
    court_, _, _ = court(size)
    decision = court_.decide(CT1, STORE)
    assert told(court_.passed(CT1, decision, 101)) == (Action.DENY, Reason.SIZE, "rule")
    assert court_.passed(CT1, decision, 100) is decision
    assert court_.passed(CT1, decision, 100) is decision
    assert told(court_.passed(CT1, decision, 51)) == (Action.DENY, Reason.RATE, "rule")
    assert court_.passed(CT1, decision, 50) is decision
    assert told(court_.decide(CT1, STORE)) == (Action.DENY, Reason.RATE, "rule")


@given(
    st.lists(st.tuples(st.floats(0, 40), st.integers(1, 4)), max_size=60),
    st.integers(1, 9),
    st.sampled_from([1, 10, 60]),
)
def test_never_more_than_the_amount_in_any_period(arrivals: list[tuple[float, int]], amount: int, seconds: int) -> None:
    book, now, passed = Book(), 0.0, list[tuple[float, int]]()
    for pause, number in arrivals:
        now += pause
        if book.room("key", amount, seconds, now) >= number:
            book.count("key", seconds, number, now)
            passed.append((now, number))
        else:  # something came lately, a twelfth of the period beyond it at most
            recent = sum(each for when, each in passed if now - when <= seconds * 13 / 12 + 1e-6)
            assert recent + number > amount
        assert sum(each for when, each in passed if now - when < seconds - 1e-6) <= amount


# ---------------------------------------------------------------- hours
def test_hours_are_local_and_run_over_midnight() -> None:
    night = Hours(days=frozenset({4}), start=22 * 60, end=6 * 60)
    book, clock = Book(), Clock()
    court_ = judge(policy(rule(hours=(night,))), ARCHIVE, book, clock, ZoneInfo("Europe/Paris"))
    for said, passes in (
        ("2026-01-09 20:59", False),
        ("2026-01-09 21:00", True),  # Friday 22:00 in Paris
        ("2026-01-10 04:59", True),
        ("2026-01-10 05:00", False),
        ("2026-01-10 22:00", False),  # Saturday evening
        ("2026-07-03 20:30", True),  # summer time
    ):
        clock.wall = datetime.fromisoformat(said).replace(tzinfo=UTC).timestamp()
        assert court_.decide(CT1, STORE).passes is passes, said
        assert court_.admit(CT1).passes is passes
        assert (court_.offer(CT1, CT, (EXPLICIT,)) == (EXPLICIT,)) is passes


# ---------------------------------------------------------------- shadow and glass
def test_a_shadow_records_and_lets_pass() -> None:
    court_, _, _ = court(rule("rest", action=Action.DENY, shadow=True))
    decision = court_.decide(CT1, STORE)
    assert told(decision) == (Action.DENY, Reason.RULE, "rest")
    assert decision.passes
    assert court_.admit(CT1).passes
    assert court_.offer(CT1, PRIVATE, (EXPLICIT, JPEG)) == (EXPLICIT, JPEG)


def test_bounds_of_a_rule_in_shadow_hold_nobody_back() -> None:
    rates = (Rate(what="objects", amount=1, seconds=60),)
    court_, _, _ = court(rule(shadow=True, identity=False, object_size=5, rates=rates, transfer_syntaxes=(EXPLICIT,)))
    first = court_.decide(CT1, STORE)
    assert not first.shadow
    for decision in (court_.decide(CT1, STORE), court_.passed(CT1, first, 6)):
        assert decision.action is Action.DENY
        assert decision.shadow
    assert court_.offer(CT1, CT, (IMPLICIT, EXPLICIT)) == (IMPLICIT, EXPLICIT)


def test_broken_glass_opens_rules_for_a_while() -> None:
    court_, book, clock = court(rule("CT", sources=("10.1.2.3",), tasks=frozenset({Task.ECHO})), DENY_REST)
    stranger = with_(address="10.9.9.9")
    book.open_glass("Dr. House", 10, "archive", clock())
    decision = court_.decide(CT1, STORE)
    assert told(decision) == (Action.ALLOW, Reason.BREAK_GLASS, "rest")
    assert decision.person == "Dr. House"
    assert court_.admit(stranger).reason is Reason.BREAK_GLASS
    assert court_.offer(stranger, CT, (EXPLICIT,)) == (EXPLICIT,)
    assert court_.decide(CT1, Operation(task=Task.ECHO)).reason is Reason.RULE
    assert court_.passed(CT1, decision, 1 << 40) is decision
    clock.wall += 1e6
    clock.steady += 599
    assert court_.decide(CT1, STORE).passes
    clock.steady += 2
    assert not court_.decide(CT1, STORE).passes
    assert court_.offer(stranger, CT, (EXPLICIT,)) == ()


def test_glass_elsewhere_opens_nothing_here() -> None:
    court_, book, clock = court(DENY_REST)
    book.open_glass("A", 10, "web", clock())
    assert not court_.decide(CT1, STORE).passes
    book.open_glass("B", 10, None, clock())
    assert court_.decide(CT1, STORE).person == "B"
    assert [each.person for each in book.close_glass(None)] == ["A", "B"]
    assert not court_.decide(CT1, STORE).passes


def test_the_book_outlives_a_policy() -> None:
    limited = policy(rule(rates=(Rate(what="objects", amount=1, seconds=60),)))
    book, clock = Book(), Clock()
    book.open_glass("A", 1, "other", clock())
    assert judge(limited, ARCHIVE, book, clock).decide(CT1, STORE).passes
    assert judge(limited, ARCHIVE, book, clock).decide(CT1, STORE).reason is Reason.RATE
    assert len(book.openings(clock())) == 1


# ---------------------------------------------------------------- HL7
def test_hl7_applications_and_messages() -> None:
    listener = Listener(name="hl7", speaks=Speech.HL7, listen="127.0.0.1:0", upstream=("127.0.0.1:1",), fail="closed")
    court_, _, _ = court(
        rule(calling=("RIS",), tasks=frozenset({Task.MESSAGE}), messages=("ORM", "ADT^A0*")), listener=listener
    )
    ris = Peer(address="10.1.2.3", listener="hl7", calling="RIS@EAST")
    for message, passes in (("ORM^O01", True), ("ADT^A08", True), ("ADT^A40", False), ("ORU^R01", False), ("", False)):
        assert court_.decide(ris, Operation(task=Task.MESSAGE, message=message)).passes is passes, message
    assert not court_.admit(with_(ris, calling="EAST@RIS")).passes


def test_a_title_with_an_at_is_one_title_in_dicom() -> None:
    court_, _, _ = court(rule(calling=("CT1",)))
    assert not court_.admit(with_(calling="CT1@EVIL")).passes


# ---------------------------------------------------------------- promises
def test_ever_new_names_fill_no_memory() -> None:
    court_, _, _ = court(rule(calling=("CT*",)))
    for number in range(MOST_KEPT):
        court_.admit(with_(calling=f"CT{number}"))
    assert len(court_._peers) <= MOST_KEPT // 2


def _first_fit(policy_: Policy, peer: Peer, operation: Operation, fresh: Callable[[Policy], RuleJudge]) -> Decision:
    """Without anything kept: one judge for each question."""
    return fresh(policy_).decide(peer, operation)


@given(made.policies, st.lists(st.tuples(made.peers, made.operations), max_size=8))
def test_what_is_kept_changes_no_answer(policy_: Policy, asked: list[tuple[Peer, Operation]]) -> None:
    unrated = Policy(
        listeners=policy_.listeners,
        rules=tuple(_unrated(each) for each in policy_.rules),
    )
    clock = Clock()

    def fresh(one: Policy) -> RuleJudge:
        return RuleJudge(one, one.listeners[0], Book(), clock, UTC)

    kept = fresh(unrated)
    for peer, operation in asked * 2:
        decision = kept.decide(peer, operation)
        assert decision == _first_fit(unrated, peer, operation, fresh)
        if decision.reason is Reason.RULE and decision.action is Action.ALLOW:
            assert kept.admit(peer).passes, "what may be done can be come in for"
            if operation.sop_class and operation.transfer_syntax and _in_its_context(operation):
                assert kept.offer(peer, operation.sop_class, (operation.transfer_syntax,))


def _unrated(each: Rule) -> Rule:
    fields = {name: getattr(each, name) for name in each.__struct_fields__}
    return Rule(**{**fields, "rates": ()})


def _in_its_context(operation: Operation) -> bool:
    from leadapron.guard.policy.services import tasks_of_class

    return operation.task in tasks_of_class(operation.sop_class)
