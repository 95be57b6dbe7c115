"""The packaged questions, frameworks and sentences fit together; nothing is named that nobody knows."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from leadapron.know.procedures import load_areas, load_words, questions_of
from leadapron.model.content import LANGUAGES
from leadapron.model.events import ProcedureAnswer
from leadapron.model.findings import Confidence
from leadapron.model.procedures import AnswerState, ControlState, Measure, Question, Step, Who
from leadapron.rules import load_controls, load_rules

AREAS = load_areas()
QUESTIONS = questions_of(AREAS)
CONTROLS = load_controls()
RULES = load_rules()
WORDS = load_words()

FROM_DOCUMENTS = frozenset({
    "admin-session", "ae-dead", "ae-duplicate", "ae-moved", "ae-unregistered", "asset-unlisted", "asset-unseen",
    "bkp-device", "boot-media", "cred-default", "cred-shared", "declared-auth", "declared-clear", "declared-os",
    "declared-ports", "disposal", "file-phi", "log-local", "no-breakglass", "no-malware-control", "no-mds2", "no-mfa",
    "no-owner", "no-sbom", "os-no-date", "unsigned-update", "vnd-patient-data", "vnd-permanent",
})  # fmt: skip
"""Rules on what documents and files say, which questions may name before they are written."""


def test_there_are_enough_questions_and_every_area_has_some() -> None:
    assert 55 <= len(QUESTIONS) <= 65
    assert all(len(area.questions) >= 2 for area in AREAS)
    assert {question.who for question in QUESTIONS} >= set(Who) - {Who.VENDOR}


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.id)
def test_a_question_speaks_plainly_in_both_languages(question: Question) -> None:
    english, french = (question.texts[language] for language in LANGUAGES)
    for part in english.__struct_fields__:
        first, second = getattr(english, part), getattr(french, part)
        assert first != second
        assert 0.6 < len(second) / len(first) < 1.9, f"{part}: one language says much more than the other"
        assert len(first) < 480, part
        assert "'" not in first + second, f"{part}: typewriter apostrophe"
        assert not re.search(r"[^\u00a0][:;?!»]", second.replace("://", "")), (
            f"{part}: French needs a space that does not break"
        )
        assert first == first.strip()
    assert len(re.findall(r"[.?!](?:\s|$)", english.why)) <= 3
    assert english.question.count("?") == 1


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.id)
def test_a_question_touches_the_frameworks_everyone_asks_about(question: Question) -> None:
    assert {"hicp", "csf", "nis2", "pgssi", "iso27001"} <= set(question.controls)
    assert set(question.contradicted_by) <= {rule.name for rule in RULES} | FROM_DOCUMENTS


def test_every_control_is_asked_about() -> None:
    asked = {(framework, one) for q in QUESTIONS for framework, ids in q.controls.items() for one in ids}
    for framework in CONTROLS.values():
        assert [one.id for one in framework.controls if (framework.id, one.id) not in asked] == [], framework.id


def test_the_frameworks_are_there() -> None:
    assert set(CONTROLS) == {"atna", "csf", "dicom", "hicp", "iso27001", "nis2", "nist1800-24", "pgssi"}
    assert len({one.id[:5] for one in CONTROLS["csf"].controls}) == 22
    assert [f"21(2)({letter})" for letter in "abcdefghij"] == [
        one.id for one in CONTROLS["nis2"].controls if one.id.startswith("21")
    ]


def test_every_measure_serves_a_question() -> None:
    assert {measure for question in QUESTIONS for measure in question.supported_by} == set(Measure)


def test_everything_that_code_names_has_its_words() -> None:
    messages = {
        *(f"answer.{one}" for one in ProcedureAnswer),
        *(f"state.{one}" for one in AnswerState),
        *(f"who.{one}" for one in Who),
        *(f"step.{one}" for one in Step),
        *(f"sure.{one}" for one in Confidence),
        *(f"control.{one}" for one in ControlState),
    }
    for language in LANGUAGES:
        assert messages <= set(WORDS.sentences[language])


def test_every_rule_that_questions_name_has_its_sentence() -> None:
    named = {rule for question in QUESTIONS for rule in question.contradicted_by} | {"default"}
    spoken = {message.removeprefix("against.") for message in WORDS.sentences["en"] if message.startswith("against.")}
    assert spoken == named


def test_spellings_never_mean_two_answers() -> None:
    texts = Counter(text for spellings in WORDS.spellings.values() for text in set(spellings))
    assert [text for text, times in texts.items() if times > 1] == []


def test_content_files_are_all_used() -> None:
    from importlib.resources import files

    folder = files("leadapron") / "content" / "procedures"
    expected = {f"{area.id}.toml" for area in AREAS} | {"words.toml"}
    assert {entry.name for entry in folder.iterdir() if entry.name.endswith(".toml")} == expected
