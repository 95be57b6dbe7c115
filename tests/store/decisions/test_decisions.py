"""Who does what, and which risks are accepted: said once, kept for ever."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leadapron.model.errors import UsageError
from leadapron.model.plan import Decided, WorkStatus
from leadapron.store.decisions import Decisions

NOW = datetime(2026, 11, 24, 8, 30, 15, 250, tzinfo=UTC)
SPRING = date(2027, 3, 1)


def test_an_action_is_given_to_someone_and_stays_theirs(place: Path | str) -> None:
    with Decisions.open(place) as decisions:
        decisions.assign(
            "a-1", by="Ada", at=NOW, owner="IT, Bob", due=SPRING, note="after the move", about="Encrypt the archive"
        )
    with Decisions.open(place) as decisions:
        decisions.assign("a-1", by="Bob", at=NOW + timedelta(days=1), status=WorkStatus.DOING)
        (now,) = decisions.decided().assignments.values()
    assert (now.action, now.owner, now.due, now.note) == ("a-1", "IT, Bob", SPRING, "after the move")
    assert now.about == "Encrypt the archive"
    assert (now.status, now.by, now.at) == (WorkStatus.DOING, "Bob", NOW + timedelta(days=1))


def test_nothing_said_is_lost(decisions: Decisions) -> None:
    for owner in ("Bob", "Cy", ""):
        decisions.assign("a-1", by="Ada", at=NOW, owner=owner)
    assert [one.owner for one in decisions.history("a-1")] == ["Bob", "Cy", ""]
    assert decisions.history("a-2") == ()


def test_a_risk_is_accepted_by_a_name_with_a_reason_until_a_day(decisions: Decisions) -> None:
    given_ = decisions.accept(
        "a-1",
        covers=["f-2", "f-1", "f-2"],
        name="Ada Byron",
        reason="replaced in spring",
        expires=SPRING,
        at=NOW,
        about="Old CT",
    )
    assert decisions.decided() == Decided(acceptances=(given_,))
    assert given_.about == "Old CT"
    assert (given_.covers, given_.name, given_.expires, given_.at) == (("f-1", "f-2"), "Ada Byron", SPRING, NOW)
    assert given_.holds(datetime(2027, 3, 1, 23, 59, tzinfo=UTC))
    assert not given_.holds(datetime(2027, 3, 2, tzinfo=UTC))


def test_a_finding_alone_covers_itself(decisions: Decisions) -> None:
    assert decisions.accept("f-1", name="Ada", reason="r", expires=SPRING, at=NOW).covers == ("f-1",)


def test_a_revoked_acceptance_is_kept_with_who_ended_it(decisions: Decisions) -> None:
    accepted = decisions.accept("f-1", name="Ada", reason="r", expires=SPRING, at=NOW)
    decisions.revoke(accepted.id, by="Bob", at=NOW + timedelta(hours=1))
    decisions.revoke(accepted.id, by="Cy", at=NOW + timedelta(hours=2))
    (kept,) = decisions.decided().acceptances
    assert (kept.revoked, kept.revoked_by, kept.covers) == (NOW + timedelta(hours=1), "Bob", ("f-1",))
    assert not kept.holds(NOW)
    with pytest.raises(UsageError, match="number 99"):
        decisions.revoke(99, by="Bob", at=NOW)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"name": " "}, "name of who accepts"),
        ({"reason": ""}, "reason"),
        ({"target": ""}, "finding or action"),
        ({"reason": "x" * 5000}, "5000 characters"),
        ({"expires": date(2026, 11, 23)}, "expiry 2026-11-23"),
        ({"expires": date(9999, 12, 31)}, "at most"),
    ],
)
def test_an_acceptance_needs_name_reason_and_an_end(decisions: Decisions, change: dict[str, object], told: str) -> None:
    whole = {"target": "f-1", "name": "Ada", "reason": "r", "expires": SPRING, "at": NOW}
    with pytest.raises(UsageError, match=told):
        decisions.accept(**whole | change)  # type: ignore[arg-type]
    assert decisions.decided() == Decided()


def test_times_are_the_same_moment_in_utc(decisions: Decisions) -> None:
    paris = NOW.astimezone(timezone(timedelta(hours=1)))
    said = decisions.assign("a-1", by="Ada", at=paris)
    assert (said.at, said.at.utcoffset()) == (NOW, timedelta())


def test_writers_at_the_same_time_wait_for_each_other(place: Path | str) -> None:
    """Each thread opens the decisions itself, as two programs would; all of them begin with making them."""
    failures: list[BaseException] = []

    def write(number: int) -> None:
        try:
            with Decisions.open(place) as decisions:
                for turn in range(5):
                    decisions.assign("a-1", by=f"writer {number}", at=NOW, note=str(turn))
        except BaseException as error:  # noqa: BLE001 - told to the test below
            failures.append(error)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with Decisions.open(place) as decisions:
        history = decisions.history("a-1")
    assert len(history) == 30
    for number in range(6):
        assert [one.note for one in history if one.by == f"writer {number}"] == list("01234")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=60))
def test_any_text_is_kept(decisions: Decisions, text: str) -> None:
    """What no database takes (NUL, half a surrogate pair) is replaced, the rest is as it was."""
    said = decisions.assign("a-text", by="Ada", at=NOW, owner=text)
    expected = text.strip().replace("\0", "\ufffd").encode("utf-8", "replace").decode("utf-8")
    assert said.owner == expected
