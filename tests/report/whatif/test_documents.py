"""Documents of what-if: the answer in a sentence, no number without its interval, everything in both languages."""

from __future__ import annotations

import json

import msgspec
import pytest
from jsonschema import Draft202012Validator
from msgspec import Struct

from leadapron.model.department import Assumption, Basis
from leadapron.model.errors import ContentError
from leadapron.model.scenarios import Estimate
from leadapron.report import encode
from leadapron.report.schema import document_schema
from leadapron.report.whatif import (
    Skipped,
    best_document,
    comparison_document,
    outcome_document,
    paths_document,
)
from leadapron.report.whatif.outcome import lost_sentence
from leadapron.report.whatif.sentences import Spoken, rounded
from leadapron.report.whatif.vocabulary import WhatIfNames
from leadapron.report.words import words
from tests.report import known
from tests.report.whatif import sample


def documents(language: str, name: str = "") -> dict[str, Struct]:
    """One of each; `name` is what a hostile device calls itself."""
    made, site = sample.made(language), sample.department(name)
    skipped = Skipped(scenario="exposed", reason=name or "No device is exposed to the internet.")
    return {
        "whatif": outcome_document(sample.outcome(site=site, source=name), site, sample.told(), made),
        "comparison": comparison_document(
            [sample.outcome(), sample.outcome("ransomware", scale=3)], sample.SCENARIOS, made, skipped=[skipped]
        ),
        "best": best_document(sample.best(name or "CT1"), sample.told(), sample.MEASURES, made),
        "paths": paths_document(sample.paths(), site, sample.told(), made),
    }


def test_an_outcome_begins_with_the_answer() -> None:
    document = outcome_document(sample.outcome(), sample.department(), sample.told(), sample.made("en"))
    assert document.answer[0] == (
        "In half of 1,000 runs at least 764 exams are not done when they are due; in 9 of 10, between 332 and 1,630."
    )
    assert document.answer[1] == "Hardest hit is CT (computed tomography): 344 (149 to 732) exams."
    assert document.title == "A worm gets in through one computer"
    assert list(document.exams_lost.by_modality) == ["CT", "DX", "MR"]


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("name", ["whatif", "comparison", "best", "paths"])
def test_a_document_follows_its_schema(name: str, language: str) -> None:
    schema = document_schema(name)
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema).validate(json.loads(encode(documents(language)[name])))


def test_what_programs_were_promised_is_there() -> None:
    run = json.loads(encode(documents("en")["whatif"]))
    assert {"scenario", "runs", "seed", "devices_down", "assumptions"} <= run.keys()
    assert {"hours_to_restored", "hours_to_normal"} <= run.keys()
    assert {"mean", "p5", "p50", "p95"} <= run["exams_lost"].keys()
    assert run["exams_lost"]["by_modality"]["CT"]["mean"] == 373.5
    assert {"text", "basis", "source"} <= run["assumptions"][0].keys()
    best = json.loads(encode(documents("en")["best"]))
    assert best["budget_hours"] == 40
    assert {"action", "hours", "exams_saved"} <= best["actions"][0].keys()
    assert {"mean", "p5", "p95"} <= best["before"].keys() & best["after"].keys()


def test_french_is_written_as_french_is() -> None:
    outcome = outcome_document(sample.outcome(), sample.department(), sample.told(), sample.made("fr"))
    assert outcome.answer[0].startswith("Dans la moitié des 1\u202f000 simulations, au moins 764 examens")
    assert "\u202f; dans 9 sur 10" in outcome.answer[0]


@pytest.mark.parametrize(
    ("lost", "told"),
    [
        (Estimate(mean=0, p5=0, p50=0, p95=0), "In at least 19 of 20 of 200 runs no exam is lost."),
        (Estimate(mean=4, p5=0, p50=0, p95=30), "In half of 200 runs no exam is lost; in 1 of 20 at least 30 are."),
        (
            Estimate(mean=1, p5=0, p50=1, p95=2),
            "In half of 200 runs at least 1 exam is not done when it is due; in 9 of 10, between 0 and 2.",
        ),
    ],
)
def test_small_losses_are_said_as_chances(lost: Estimate, told: str) -> None:
    say = words("en")
    assert lost_sentence(lost, 200, WhatIfNames(say), say) == told


def test_without_scanners_nothing_is_said_of_exams() -> None:
    blind = msgspec.structs.replace(sample.outcome(), exams_lost=sample.spread(0.0), by_modality={})
    document = outcome_document(blind, sample.department(), sample.told(), sample.made("en"))
    assert document.answer[0] == "No scanner is known here: exams cannot be counted."
    compared = comparison_document([blind], sample.SCENARIOS, sample.made("en"), skipped=[])
    assert compared.answer[0] == document.answer[0]


def test_what_is_not_counted_beyond_a_year_is_no_duration() -> None:
    year = Estimate(mean=8760.0, p5=8760.0, p50=8760.0, p95=8760.0)
    late = msgspec.structs.replace(sample.outcome(), hours_to_restored=year, hours_to_normal=year)
    answer = outcome_document(late, sample.department(), sample.told(), sample.made("en")).answer
    assert "In half of the runs something would still be down after a year." in answer
    assert not [sentence for sentence in answer if "365" in sentence]


def test_nothing_lost_is_said_plainly() -> None:
    document = outcome_document(sample.nothing(), sample.department(), sample.told(), sample.made("en"))
    assert document.answer == ("In at least 19 of 20 of 1,000 runs no exam is lost.",)


def test_assumptions_stand_firmest_first_and_once() -> None:
    twice = msgspec.structs.replace(sample.outcome(), assumptions=sample.assumptions() * 2)
    document = outcome_document(twice, sample.department(), sample.told(), sample.made("en"))
    assert [one.basis for one in document.assumptions] == ["measured", "sourced", "assumed", "assumed"]
    assert any(limit.startswith("2 of the 4 numbers and facts") for limit in document.limits)


def test_few_runs_are_called_few() -> None:
    few = msgspec.structs.replace(sample.outcome(), runs=20)
    document = outcome_document(few, sample.department(), sample.told(), sample.made("en"))
    assert document.limits[-1] == "20 runs are too few for an interval: ask for more (--runs 1000)."


def test_a_message_without_words_is_an_error_of_content() -> None:
    spoken = Spoken(words("en"))
    with pytest.raises(ContentError, match=r"no sentence for nobody\.wrote-it"):
        spoken.assumptions([Assumption(message="nobody.wrote-it", basis=Basis.ASSUMED)])
    with pytest.raises(ContentError, match="'value' is not given"):
        spoken.sentence("scenarios.horizon", {})


@pytest.mark.parametrize("language", ["en", "fr"])
def test_every_shipped_number_has_words(language: str) -> None:
    """Assumptions and ranges of all scenarios, whatever a department looks like."""
    spoken = Spoken(words(language))
    names = WhatIfNames(words(language))
    for content in sample.SCENARIOS.values():
        assert all(one.text for one in spoken.assumptions(content.scenario.assumptions))
        for one in content.scenario.ranges:
            assert spoken.parameter(one.parameter)
            assert names.value(one.parameter, one.low)
    assert spoken.parameter("per_hour.CT").count("CT") == 1
    assert all(map(spoken.parameter, ("kept.storage", "kept.worklist", "kept.reading", "kept.reporting", "urgent")))


def test_values_read_as_people_write_them() -> None:
    names = WhatIfNames(words("fr"))
    assert names.value("diverted", 0.15) == "15\u00a0%"
    assert names.value("contained", 24) == "24"
    assert names.hours(36.04) == "36\u00a0h"
    assert names.hours(60) == "2,5 jours"
    assert names.duration(Estimate(mean=80, p5=24, p50=72, p95=240)) == "3 jours (1 à 10)"
    assert names.ended(-24) == "24\u00a0h avant le premier arrêt"
    assert names.euros(1200) == "1\u202f200\u00a0€"
    assert names.share(0.0004) == "moins de 1\u00a0%"
    assert names.share(0.9996) == "plus de 99\u00a0%"
    assert (names.share(0), names.share(1)) == ("0\u00a0%", "100\u00a0%")


def test_numbers_in_sentences_promise_three_digits() -> None:
    assert [rounded(value) for value in (0.123456, 2.349, 57.04, 1234.5, 0.0, -3.14159)] == [
        0.123, 2.35, 57.0, 1230.0, 0.0, -3.14
    ]  # fmt: skip


def test_scenarios_stand_worst_first() -> None:
    made = sample.made("en")
    outcomes = [sample.outcome(), sample.outcome("ransomware", scale=3), sample.outcome("theft", scale=0)]
    document = comparison_document(outcomes, sample.SCENARIOS, made)
    assert [one.scenario for one in document.scenarios] == ["ransomware", "worm", "theft"]
    assert document.answer[0].startswith(f"Most exams are lost in “{document.scenarios[0].title}”. In half of")
    assert document.scenarios[2].title in document.answer[1]
    assert comparison_document([], sample.SCENARIOS, made).answer == ("None of these scenarios can begin here.",)


def test_the_best_set_is_told_with_what_it_leaves() -> None:
    document = best_document(sample.best(), sample.told(), sample.MEASURES, sample.made("en"))
    assert document.answer[0] == (
        "As things are, 830 (332 to 1,630) exams are lost on average. "
        "With these 3 actions, 36.5\u00a0h of work, it would be 137 (55 to 269)."
    )
    assert "file sharing (SMB)" in document.actions[0].action
    assert document.hours == 36.5
    assert [one.chosen for one in document.considered] == [True, True, True, False]


@pytest.mark.parametrize(
    ("count", "language", "told"),
    [
        (1, "en", "1 was left out"),
        (1234, "en", "1,234 were left out"),
        (1234, "fr", "1\u202f234 ont été écartées"),
    ],
)
def test_actions_that_were_not_tried_are_counted(count: int, language: str, told: str) -> None:
    best = msgspec.structs.replace(sample.best(), left_out=count)
    document = best_document(best, sample.told(), sample.MEASURES, sample.made(language))
    assert document.left_out == count
    assert sum(told in line for line in document.limits) == 1
    before = best_document(sample.best(), sample.told(), sample.MEASURES, sample.made(language))
    assert len(before.limits) == len(document.limits) - 1


@pytest.mark.parametrize(("budget", "told"), [(0.0, "No known action helps"), (1.0, "Within this budget nothing")])
def test_no_action_is_no_silence(budget: float, told: str) -> None:
    best = sample.best(budget=budget, chosen=0)
    document = best_document(best, sample.told(), sample.MEASURES, sample.made("en"))
    assert document.answer[1].startswith(told)


def test_where_no_exam_is_lost_nothing_is_said_of_images() -> None:
    best, none = sample.best(chosen=0), sample.spread(0.0)
    quiet = msgspec.structs.replace(best, before=none, after=none)
    document = best_document(quiet, sample.told("theft"), sample.MEASURES, sample.made("en"))
    assert "Actions are compared by exams alone" in document.answer[-1]


def test_a_measure_nobody_described_is_an_error_of_content() -> None:
    with pytest.raises(ContentError, match="no measure segment"):
        best_document(sample.best(), sample.told(), (), sample.made("en"))


def test_paths_name_the_weakness_of_each_step() -> None:
    assessed = known.department().assessed("en")
    finding = assessed.findings[0]
    step = msgspec.structs.replace(sample.paths().paths[0].steps[0], findings=(finding.id,))
    path = msgspec.structs.replace(sample.paths().paths[0], steps=(step,), alike=(6, 1))
    paths = msgspec.structs.replace(sample.paths(), paths=(path,))
    document = paths_document(paths, sample.department(), sample.told(), sample.made("en"), assessed=assessed)
    assert document.findings == (finding,)
    assert document.paths[0].steps[0].weakness == (finding.title,)
    assert document.paths[0].steps[0].source_alike == 6
    assert document.paths[0].steps[0].text == "From PC-SECRETARIAT1 to CT1 by file sharing (SMB)"


def test_never_in_these_runs_is_not_never() -> None:
    document = paths_document(sample.paths(reached=0.0), sample.department(), sample.told(), sample.made("en"))
    assert document.answer == ("In none of 1,000 runs does the attack get to PACS1.",)
    assert "up to 3 in 1,000 remain possible" in document.limits[0]


def test_equal_results_give_equal_bytes() -> None:
    first, second = documents("fr"), documents("fr")
    assert all(encode(first[name]) == encode(second[name]) for name in first)
