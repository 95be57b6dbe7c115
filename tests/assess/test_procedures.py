"""Answers are held against what was measured; nobody scores by saying yes to what the network denies."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from leadapron.assess import assess
from leadapron.assess.procedures import ASK_HOURS, judge, score, told_once
from leadapron.know.procedures import answered, load_areas, load_words, questions_of
from leadapron.model.content import LANGUAGES
from leadapron.model.events import ProcedureAnswer
from leadapron.model.findings import Confidence, Finding, Harm, Severity, Subject, SubjectType
from leadapron.model.inventory import Inventory, Quality
from leadapron.model.picture import Picture
from leadapron.model.procedures import AnswerState, Area, AreaScore, Basis, Question, QuestionState, Step
from leadapron.rules.samples import START, picture_of
from tests.assess.builders import WELL_RUN, rules

QUESTIONS = questions_of(load_areas())
BY_ID = {question.id: question for question in QUESTIONS}
WORDS = load_words()
NOW = START + timedelta(days=10)

FLAT: dict[str, Any] = {
    "assets": [{"id": f"pc{n}", "roles": ["office"], "zone": "office"} for n in range(312)]
    + [{"id": f"ct{n}", "roles": ["modality"], "zone": "imaging"} for n in range(3)],
    "flows": [{"client": f"pc{n}", "server": f"ct{n % 3}", "service": "http", "port": 80} for n in range(312)],
}


def picture(
    sample: dict[str, Any] | None = None, *, evidence: str = "minutes of May", **answers: str | tuple[str, int]
) -> Picture:
    """A sample with answers by question id (hyphens as underscores); a pair is the answer and its age in days."""
    found = picture_of(sample or {})
    given_answers = {}
    for name, said in answers.items():
        answer, age = said if isinstance(said, tuple) else (said, 0)
        question = BY_ID[name.replace("_", "-")]
        given_answers[question.id] = answered(
            question, ProcedureAnswer(answer), by="A. Martin", ts=NOW - timedelta(days=age), evidence=evidence
        )
    return replace(found, declarations=replace(found.declarations, answers=given_answers))


def state(found: Picture, question: str, findings: tuple[Finding, ...] | None = None) -> QuestionState:
    seen = assess(found, rules(), now=NOW) if findings is None else findings
    (one,) = judge([BY_ID[question]], found, seen, now=NOW)
    return one


def finding(rule: str, confidence: Confidence = Confidence.SEEN, subject: str = "x") -> Finding:
    return Finding(
        rule=rule, subject=Subject(type=SubjectType.ASSET, id=subject, label=subject.upper()), severity=Severity.LOW,
        harm=(Harm.SPREAD,), confidence=confidence, params={}, reasons=(), evidence=(),
    )  # fmt: skip


def test_you_said_segmented_and_312_office_computers_talk_to_scanners() -> None:
    one = state(picture(FLAT, network_segmented="yes"), "network-segmented")
    assert one.state is AnswerState.CONTRADICTED
    (basis,) = one.against
    assert WORDS.say("en", basis.message, basis.params) == (
        "Office computers that got answers from scanners: 312. Scanners reached: 3."
    )
    assert basis.findings
    assert one.points == 0
    assert one.proposal is not None
    assert (one.proposal.answer, one.proposal.sure) == (ProcedureAnswer.NO, Confidence.SEEN)
    assert one.measured_before is False


def test_an_answer_younger_than_the_capture_is_told_so() -> None:
    sample = {**FLAT, "assets": [{**a, "evidence": {"first": [REF]}} for a in FLAT["assets"]]}
    sample["flows"] = [{**flow, "evidence": {"first": [REF]}} for flow in FLAT["flows"]]
    one = state(picture(sample, network_segmented="yes"), "network-segmented")
    assert one.state is AnswerState.CONTRADICTED
    assert one.measured_before


def fact(message: str, findings: tuple[str, ...] = (), **params: str) -> Basis:
    return Basis(
        message=message, params=params, answer=ProcedureAnswer.PARTIAL, sure=Confidence.SEEN, findings=findings
    )


def test_a_fact_that_findings_and_a_measure_share_is_told_once() -> None:
    seen = fact("against.no-mds2", ("f1",), subjects="CT01, MR01")
    counted = fact("measure.forms-held.partial", missing="CT01, MR01")
    other = fact("against.no-sbom", ("f2",), subjects="CT01, MR01")
    assert told_once((seen, other, counted)) == (other, replace(counted, findings=("f1",)))
    fewer = replace(counted, params={"missing": "CT01"})
    assert told_once((seen, fewer)) == (seen, fewer)


REF = {"sensor": "s", "packet": 1, "ts": START, "kind": "connection"}


@pytest.mark.parametrize(
    ("answer", "confidence", "expected", "points"),
    [
        ("yes", Confidence.SEEN, AnswerState.CONTRADICTED, 1),
        ("yes", Confidence.POSSIBLE, AnswerState.YES, 2),
        ("n/a", Confidence.LIKELY, AnswerState.CONTRADICTED, 0),
        ("partial", Confidence.SEEN, AnswerState.PARTIAL, 1),
        ("no", Confidence.SEEN, AnswerState.NO, 0),
        ("unknown", Confidence.SEEN, AnswerState.UNKNOWN, 0),
    ],
)
def test_what_a_finding_does_to_an_answer(
    answer: str, confidence: Confidence, expected: AnswerState, points: int
) -> None:
    """`time-drift` leaves room for partial."""
    one = state(picture(monitoring_clock=answer), "monitoring-clock", (finding("time-drift", confidence),))
    assert (one.state, one.points) == (expected, points)
    assert bool(one.against) is (answer in ("yes", "n/a"))


def test_a_doubt_is_shown_and_does_not_overrule() -> None:
    one = state(picture(monitoring_clock="yes"), "monitoring-clock", (finding("time-drift", Confidence.POSSIBLE),))
    assert one.state is AnswerState.YES
    assert [basis.sure for basis in one.against] == [Confidence.POSSIBLE]


def test_an_answer_expires_the_day_after_its_last() -> None:
    question = BY_ID["inventory-reconciled"]
    last = picture(inventory_reconciled=("yes", question.valid_days))
    assert state(last, question.id).state is AnswerState.YES
    late = picture(inventory_reconciled=("yes", question.valid_days + 1))
    assert state(late, question.id).state is AnswerState.EXPIRED
    assert state(late, question.id).points == 0


def test_nothing_seen_and_nobody_asked_proposes_nothing() -> None:
    for one in judge(QUESTIONS, picture(), (), now=NOW):
        assert (one.state, one.proposal, one.against) == (AnswerState.UNANSWERED, None, ())


def test_a_well_run_department_is_proposed_what_it_does() -> None:
    proposed = {
        one.id: one.proposal.answer
        for one in judge(QUESTIONS, picture(WELL_RUN), assess(picture(WELL_RUN), rules(), now=NOW), now=NOW)
        if one.proposal
    }
    assert proposed == {
        "network-encryption": ProcedureAnswer.YES,
        "monitoring-clock": ProcedureAnswer.YES,
        "monitoring-logs": ProcedureAnswer.PARTIAL,
    }


# ---------------------------------------------------------------- scores
def area(found: Picture, name: Area, findings: tuple[Finding, ...] = ()) -> AreaScore:
    return next(one for one in score(judge(QUESTIONS, found, findings, now=NOW)) if one.area is name)


def test_a_score_shows_its_parts_and_what_would_raise_it() -> None:
    found = area(
        picture(backup_offline_copy="partial", backup_restore_timed="no", backup_console_images=("yes", 900)),
        Area.BACKUP,
    )
    assert (found.questions, found.partial, found.no, found.expired) == (3, 1, 1, 1)
    assert (found.points, found.of) == (3, 18)
    ask, restore, copy = found.raises
    assert (ask.question, ask.step, ask.gain, ask.hours) == ("backup-console-images", Step.ASK, 6, ASK_HOURS)
    assert (restore.question, restore.step, restore.gain, restore.hours) == ("backup-restore-timed", Step.DO, 6, 40)
    assert (copy.question, copy.gain, copy.hours) == ("backup-offline-copy", 3, 40)


def test_what_measurement_says_is_missing_need_not_be_asked() -> None:
    flat = picture(FLAT)
    found = area(flat, Area.NETWORK, assess(flat, rules("net-flat"), now=NOW))
    steps = {one.question: one.step for one in found.raises}
    assert steps["network-segmented"] is Step.DO
    assert steps["network-rules-reviewed"] is Step.ASK


def test_what_does_not_apply_counts_for_nothing() -> None:
    found = area(picture(training_everyone="n/a", training_specialists="yes"), Area.TRAINING)
    assert (found.not_applicable, found.points, found.of, found.raises) == (1, 2, 2, ())


def test_a_full_yes_is_the_whole_score() -> None:
    everything = {question.id.replace("-", "_"): "yes" for question in QUESTIONS}
    for one in score(judge(QUESTIONS, picture(**everything), (), now=NOW)):
        assert one.points == one.of
        assert one.yes == one.questions
        assert one.raises == ()


BETTER = ("unknown", "no", "partial", "yes")
RULES_NAMED = sorted({rule for question in QUESTIONS for rule in question.contradicted_by})
FINDINGS = st.lists(
    st.builds(finding, st.sampled_from(RULES_NAMED), st.sampled_from(list(Confidence)), st.sampled_from("abc")),
    max_size=12,
).map(tuple)
ANSWERS = st.dictionaries(
    st.sampled_from([question.id.replace("-", "_") for question in QUESTIONS]),
    st.sampled_from(BETTER) | st.tuples(st.sampled_from(BETTER), st.integers(0, 600)),
    max_size=12,
)


@given(ANSWERS, FINDINGS, st.sampled_from(QUESTIONS))
def test_a_better_answer_never_lowers_a_score(
    answers: dict[str, Any], findings: tuple[Finding, ...], question: Question
) -> None:
    key = question.id.replace("-", "_")
    points = []
    for answer in (None, *BETTER):
        given_answers = {name: said for name, said in answers.items() if name != key} | (
            {key: answer} if answer else {}
        )
        scores = score(judge(QUESTIONS, picture(**given_answers), findings, now=NOW))
        points.append(sum(one.points for one in scores))
        assert len({one.of for one in scores if one.area is question.area}) == 1
    assert points == sorted(points)


@given(ANSWERS, FINDINGS)
def test_parts_add_up_and_gains_are_what_is_missing(answers: dict[str, Any], findings: tuple[Finding, ...]) -> None:
    states = judge(QUESTIONS, picture(**answers), findings, now=NOW)
    for one in score(states):
        parts = (one.yes, one.partial, one.no, one.not_applicable, one.unknown, one.unanswered, one.expired)
        assert sum(parts) + one.contradicted == one.questions
        assert sum(gain.gain for gain in one.raises) == one.of - one.points
        rates = [gain.gain / gain.hours for gain in one.raises]
        assert rates == sorted(rates, reverse=True)
    for one in states:
        for basis in (*one.against, *(one.proposal.basis if one.proposal else ())):
            for language in LANGUAGES:
                assert "{" not in WORDS.say(language, basis.message, basis.params)


@given(ANSWERS, FINDINGS, FINDINGS)
def test_more_findings_never_raise_a_score(
    answers: dict[str, Any], findings: tuple[Finding, ...], more: tuple[Finding, ...]
) -> None:
    before = judge(QUESTIONS, picture(**answers), findings, now=NOW)
    after = judge(QUESTIONS, picture(**answers), findings + more, now=NOW)
    assert all(one.points >= other.points for one, other in zip(before, after, strict=True))


def test_an_old_capture_says_nothing_of_an_inventory_without_one() -> None:
    empty = Picture(inventory=Inventory(quality=Quality(last=datetime(2020, 1, 1, tzinfo=UTC))))
    assert all(one.proposal is None for one in judge(QUESTIONS, empty, (), now=NOW))
