"""Procedures and coverage in words: scores with their parts, contradictions, controls with what they rest on."""

import io

import pytest
from rich.console import Console

from leadapron.model.events import ProcedureAnswer
from leadapron.model.findings import Confidence
from leadapron.model.procedures import AnswerState, ControlState
from leadapron.report.practices import CoverageDocument, ProceduresDocument, render_coverage, render_procedures
from leadapron.report.practices.contract import BasisEntry
from leadapron.report.practices.vocabulary import CONTROL_STATES, PracticeNames
from leadapron.report.words import words
from tests.report import known


def printed(made: ProceduresDocument | CoverageDocument, width: int = 100) -> str:
    output = io.StringIO()
    render = render_procedures if isinstance(made, ProceduresDocument) else render_coverage
    render(made, Console(file=output, width=width))  # type: ignore[arg-type]
    return output.getvalue()


def test_an_area_is_never_a_number_without_its_parts() -> None:
    made = known.department().procedures("en")
    for area in made.areas:
        assert sum(area.states.values()) == area.questions
        assert area.points <= area.of
    assert len(made.areas) == 13
    assert made.areas[0].raises[0].text in {one.question for one in made.questions}


def test_a_contradiction_says_what_was_said_and_what_was_seen() -> None:
    made = known.department().procedures("en")
    encryption = next(one for one in made.questions if one.id == "network-encryption")
    assert encryption.state is AnswerState.CONTRADICTED
    assert encryption.answer_name == "yes"
    assert encryption.by == "Claire Martin"
    assert "pacs" in encryption.against[0].text
    assert encryption.id in made.contradicted
    text = " ".join(printed(made, 120).split())
    assert "You said yes – Claire Martin, 15 October 2026" in text


@pytest.mark.parametrize(("sure", "told"), [(Confidence.SEEN, False), (Confidence.POSSIBLE, True)])
def test_a_doubt_never_passes_for_a_proof(sure: Confidence, told: bool) -> None:
    basis = BasisEntry(text="No log seen.", answer=ProcedureAnswer.NO, sure=sure, findings=(), evidence=())
    fact = PracticeNames(words("en")).fact(basis)
    assert fact.startswith("No log seen.")
    assert ("possible" in fact) is told


def test_nobody_asked_is_said() -> None:
    made = known.bare().procedures("fr")
    assert made.verdict[0].startswith("Aucune question n’a de réponse")
    assert made.areas == ()


def test_a_control_names_its_proof_once_for_each_kind() -> None:
    nis2 = next(one for one in known.department().coverage("en").frameworks if one.id == "nis2")
    assert nis2.ours
    assert sum(nis2.counts.values()) == len(nis2.controls)
    for control in nis2.controls:
        titles = [one.text for one in control.findings]
        assert len(titles) == len(set(titles))
        assert control.reasons
    assert any(control.state is ControlState.NOT_MET or control.findings for control in nis2.controls)


def test_mappings_are_said_to_be_ours() -> None:
    assert "no such mapping" in printed(known.department().coverage("en"), 120)


def test_every_state_of_a_control_has_a_word() -> None:
    assert set(CONTROL_STATES) == set(ControlState)


@pytest.mark.parametrize("width", [80, 100, 120])
@pytest.mark.parametrize("language", ["en", "fr"])
def test_lines_fit(language: str, width: int) -> None:
    made = known.department()
    for text in (printed(made.procedures(language), width), printed(made.coverage(language), width)):
        assert max(map(len, text.splitlines())) <= min(width, 120)
