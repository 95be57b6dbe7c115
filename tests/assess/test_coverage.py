"""A control is met when somebody says so and nothing measured says otherwise. Silence meets nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given

from leadapron.assess import assess
from leadapron.assess.coverage import coverage
from leadapron.assess.procedures import judge
from leadapron.know.procedures import load_words
from leadapron.model.content import LANGUAGES
from leadapron.model.findings import Confidence, Finding
from leadapron.model.picture import Picture
from leadapron.model.procedures import ControlCoverage, ControlState, FrameworkCoverage
from leadapron.rules import load_controls
from leadapron.rules.samples import START
from tests.assess.builders import RULES, WELL_RUN
from tests.assess.test_procedures import ANSWERS, BY_ID, FINDINGS, FLAT, QUESTIONS, finding, picture

FRAMEWORKS = load_controls()
WORDS = load_words()
NOW = START + timedelta(days=10)


def cover(found: Picture, findings: tuple[Finding, ...] | None = None) -> dict[str, FrameworkCoverage]:
    seen = assess(found, RULES, now=NOW) if findings is None else findings
    states = judge(QUESTIONS, found, seen, now=NOW)
    return {one.framework: one for one in coverage(FRAMEWORKS, RULES, states, seen)}


def control(found: Picture, framework: str, name: str, findings: tuple[Finding, ...] | None = None) -> ControlCoverage:
    return next(one for one in cover(found, findings)[framework].controls if one.control == name)


def said(one: ControlCoverage) -> list[str]:
    return [WORDS.say("en", reason.message, reason.params) for reason in one.reasons]


def answers_to(framework: str, name: str, answer: str) -> dict[str, str]:
    """The same answer to every question mapped to a control."""
    asked = [q.id for q in QUESTIONS if name in q.controls.get(framework, ())]
    return {question.replace("-", "_"): answer for question in asked}


def test_segmentation_is_met_by_signed_answers_that_nothing_contradicts() -> None:
    one = control(picture(**answers_to("iso27001", "8.13", "yes")), "iso27001", "8.13")
    assert one.state is ControlState.MET
    assert said(one) == ["Practices in place, by signed answer: 3 of 3."]
    assert one.questions == ("backup-offline-copy", "backup-restore-timed", "backup-console-images")


def test_a_yes_with_nothing_to_show_is_met_in_part_only() -> None:
    one = control(picture(evidence="", **answers_to("iso27001", "8.13", "yes")), "iso27001", "8.13")
    assert one.state is ControlState.PARTLY
    assert said(one) == ["Practices said to be in place, with nothing to show: 3 of 3."]


def test_nothing_seen_and_nobody_asked_is_not_known() -> None:
    for framework in cover(picture()).values():
        for one in framework.controls:
            assert one.state is ControlState.NOT_KNOWN
            assert said(one) == ["Nothing seen, nobody asked."]


def test_a_clean_network_alone_meets_nothing_but_what_it_shows() -> None:
    met = {
        (framework.framework, one.control)
        for framework in cover(picture(WELL_RUN)).values()
        for one in framework.controls
        if one.state is ControlState.MET
    }
    assert met == {("dicom", "B.12"), ("dicom", "B.13")}


def test_findings_speak_against_a_control_also_where_only_its_questions_name_them() -> None:
    one = control(picture(FLAT), "pgssi", "care-annuaires-exposition")
    assert one.rules == ()
    assert one.findings
    assert one.state is ControlState.NOT_MET
    assert said(one)[0] == f"Weaknesses seen that speak against it: {len(one.findings)}."


def test_a_yes_that_the_network_denies_is_not_taken_at_its_word() -> None:
    found = picture(FLAT, **answers_to("nist1800-24", "zones", "yes"))
    one = control(found, "nist1800-24", "zones")
    assert one.state is ControlState.PARTLY
    assert "Practices said to be in place, but measured as not: 1 of 5." in said(one)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("yes", ControlState.MET),
        ("partial", ControlState.PARTLY),
        ("no", ControlState.NOT_MET),
        ("unknown", ControlState.NOT_KNOWN),
        ("n/a", ControlState.NOT_APPLICABLE),
    ],
)
def test_answers_alone(answer: str, expected: ControlState) -> None:
    assert control(picture(**answers_to("atna", "ITI-1", answer)), "atna", "ITI-1").state is expected


def test_one_open_question_leaves_a_control_unknown() -> None:
    answers = answers_to("iso27001", "8.13", "yes")
    answers["backup_restore_timed"] = "unknown"
    one = control(picture(**answers), "iso27001", "8.13")
    assert one.state is ControlState.NOT_KNOWN
    assert said(one)[-1] == "Practices without a current answer: 1 of 3."


@pytest.mark.parametrize(
    ("confidence", "expected"),
    [(Confidence.SEEN, ControlState.PARTLY), (Confidence.POSSIBLE, ControlState.NOT_KNOWN)],
)
def test_a_finding_against_a_yes_is_never_hidden(confidence: Confidence, expected: ControlState) -> None:
    answers = answers_to("dicom", "6.6", "yes")
    one = control(picture(**answers), "dicom", "6.6", (finding("time-drift", confidence),))
    assert one.state is expected
    assert len(one.findings) == 1


def test_a_weakness_alone_answers_no_question() -> None:
    one = control(picture(), "dicom", "6.6", (finding("time-drift"),))
    assert one.state is ControlState.NOT_MET
    assert said(one) == [
        "Weaknesses seen that speak against it: 1.",
        "Practices without a current answer: 1 of 1.",
    ]


@given(ANSWERS, FINDINGS)
def test_counts_add_up_and_met_means_asked_and_unopposed(
    answers: dict[str, str], findings: tuple[Finding, ...]
) -> None:
    found = picture(**answers)
    for framework in cover(found, findings).values():
        assert sum(framework.counts.values()) == len(framework.controls)
        for one in framework.controls:
            assert all(
                "{" not in WORDS.say(language, r.message, r.params) for r in one.reasons for language in LANGUAGES
            )
            if one.state is ControlState.MET:
                assert not one.findings
                signed = [found.declarations.answers[question].answer for question in one.questions]
                assert "yes" in signed
                assert set(signed) <= {"yes", "n/a"}


def test_every_mapped_question_is_shown() -> None:
    for framework in cover(picture()).values():
        for one in framework.controls:
            assert all(one.control in BY_ID[q].controls[framework.framework] for q in one.questions)
            assert one.questions
