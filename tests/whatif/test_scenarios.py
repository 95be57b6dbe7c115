"""The scenarios that ship, what makes one wrong, and a department's own numbers."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadapron.model.content import LANGUAGES, shipped
from leadapron.model.department import Basis, DeviceClass
from leadapron.model.errors import ContentError, LeadapronError, UsageError
from leadapron.model.scenarios import Course, Delay, Range, Scenario
from leadapron.whatif.messages import load_messages
from leadapron.whatif.parameters import value_of, with_value
from leadapron.whatif.scenarios import ScenarioContent, label, load_scenarios, with_overrides

SCENARIOS = load_scenarios()
MESSAGES = load_messages()
WORM = SCENARIOS["worm"].scenario
EACH = pytest.mark.parametrize("content", SCENARIOS.values(), ids=SCENARIOS.keys())
WRONG_IN_FRENCH = re.compile(r"(?<![\u00a0])[:»](?=\s|$)|(?<!\u202f)[;!?](?=\s|$)|«(?!\u00a0)|'|\.\.\.| %")


def test_there_are_eight_attacks() -> None:
    assert list(SCENARIOS) == [
        "worm", "ransomware", "vendor", "media", "exposed", "provider", "shutdown", "theft",
    ]  # fmt: skip
    assert WORM.course is Course.WORM
    assert WORM.recovery[DeviceClass.MODALITY] == Delay(median=24.0, spread=0.5)
    assert Range(parameter="contained", low=4.0, high=72.0) in WORM.ranges
    rate = next(one for one in WORM.assumptions if one.message == "scenarios.within.smb")
    assert (rate.basis, rate.params) == (Basis.SOURCED, {"value": 0.9})
    assert rate.source.startswith("WannaCry")


def test_scanners_are_cut_off_rather_than_switched_off_where_something_spreads() -> None:
    spared = {name: content.scenario.spared for name, content in SCENARIOS.items()}
    assert spared.pop("shutdown") == ()
    assert set(spared.values()) == {(DeviceClass.MODALITY,)}


@EACH
def test_every_number_has_a_sentence_and_a_name(content: ScenarioContent) -> None:
    for language in LANGUAGES:
        for one in content.scenario.assumptions:
            assert "{" not in MESSAGES[language][one.message].format(**one.params)
        for tried in content.scenario.ranges:
            message, params = label(tried.parameter)
            assert MESSAGES[language][message].format(**params)


@EACH
def test_the_story_reads_well(content: ScenarioContent) -> None:
    for language in LANGUAGES:
        texts = content.texts[language]
        assert 3 <= len(re.findall(r"[.!?](?=\s|$)", texts.story)) <= 5
        for text in (texts.story, texts.assumes, texts.look_first):
            assert text == text.strip()
            assert text.endswith(".")
            assert "  " not in text
            assert "'" not in text
        if language == "fr":
            for text in (texts.title, texts.story, texts.assumes, texts.look_first):
                assert not WRONG_IN_FRENCH.search(text), text


def test_french_sentences_are_well_set() -> None:
    for message, sentence in MESSAGES["fr"].items():
        if message.startswith("scenarios."):
            assert not WRONG_IN_FRENCH.search(sentence), sentence


@EACH
def test_what_stops_is_restored_within_a_year(content: ScenarioContent) -> None:
    scenario = content.scenario
    if scenario.course in (Course.WORM, Course.HUMAN):
        assert all(scenario.recovery[kind].median < 8760 for kind in scenario.stops)
        assert scenario.horizon >= scenario.contained + scenario.dwell.median


WORDS = "title = 'a'\nincident = 'one'\nstory = 'b'\nassumes = 'c'\nlook_first = 'd'\n"
RIGHT = f"""
name = "mine"
order = 1
course = "outage"
techniques = ["T1489"]
stops = ["pacs"]
[en]
{WORDS}
[fr]
{WORDS}
[sources]
paper = "A paper"
[parameters]
contained = {{value = 0, basis = "assumed"}}
shutdown = {{value = 0, basis = "assumed"}}
diverted = {{value = 0.1, low = 0, high = 0.3, basis = "sourced", source = "paper"}}
catch_up = {{value = 0.1, basis = "assumed"}}
"recovery.pacs" = {{value = 24, spread = 0.5, basis = "assumed"}}
"""


def written(folder: Path, text: str) -> Path:
    (folder / "mine.toml").write_text(text, encoding="utf-8")
    return folder


def test_a_scenario_of_ones_own(tmp_path: Path) -> None:
    found = load_scenarios(written(tmp_path, RIGHT))["mine"].scenario
    assert found.recovery == {DeviceClass.PACS: Delay(median=24.0, spread=0.5)}
    assert found.diverted == 0.1


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('name = "mine"', 'name = "yours"', "name: yours"),
        ("T1489", "1489", "techniques: 1489"),
        ("look_first = 'd'", "look_first = ' '", "en.look_first: empty"),
        ('source = "paper"', 'source = "book"', "diverted: source: book"),
        (', source = "paper"', "", "diverted: source: a sourced number"),
        ('basis = "sourced"', 'basis = "measured"', "diverted: basis"),
        ("low = 0,", "low = 0.2,", "diverted: low, value and high"),
        ("low = 0,", "", "diverted: low and high go together"),
        ("high = 0.3", "high = 30", "diverted: a number from 0 to 1"),
        ("contained =", "contain =", "contain: no such number"),
        ('"recovery.pacs"', '"recovery.ct"', "recovery.ct: no such number"),
        ('"recovery.pacs"', '"recovery.ris"', "not said: recovery.pacs"),
        ('course = "outage"', 'course = "worm"', "not said: horizon"),
        ('course = "outage"', 'course = "flood"', "flood"),
        ("spread = 0.5", "spread = -1", "recovery.pacs.spread: a number from 0 to 3"),
    ],
)
def test_a_wrong_scenario_is_refused_with_its_place(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in RIGHT
    with pytest.raises(ContentError, match=re.escape(said)) as error:
        load_scenarios(written(tmp_path, RIGHT.replace(old, new, 1)))
    assert str(error.value).startswith("mine.toml: ")


def test_a_spreading_scenario_says_where_it_begins_and_how(tmp_path: Path) -> None:
    worm = (shipped("whatif", "scenarios") / "worm.toml").read_text("utf-8").replace('"worm"\n', '"mine"\n', 1)
    (tmp_path / "mine.toml").write_text(re.sub(r"kinds = .*", "", worm), encoding="utf-8")
    with pytest.raises(ContentError, match="entry: where it begins"):
        load_scenarios(tmp_path)
    (tmp_path / "mine.toml").write_text(re.sub(r'(?m)^"(within|across).*\n', "", worm), encoding="utf-8")
    with pytest.raises(ContentError, match="no rate at which it spreads"):
        load_scenarios(tmp_path)


def test_a_department_gives_its_own_numbers() -> None:
    changed = with_overrides(WORM, {"contained": 6, "recovery.modality": 96, "recovery.pacs.spread": 0.1, "weekday": 4})
    assert changed.contained == 6.0
    assert changed.recovery[DeviceClass.MODALITY] == Delay(median=96.0, spread=0.5)
    assert changed.recovery[DeviceClass.PACS] == Delay(median=72.0, spread=0.1)
    assert changed.weekday == 4
    given = {one.message: one.params for one in changed.assumptions if one.basis is Basis.GIVEN}
    assert given["scenarios.contained"] == {"value": 6.0}
    assert len(given) == 3, "the spread of a duration has no sentence of its own"
    assert with_overrides(WORM, {}) is WORM


def test_a_number_outside_the_plausible_range_is_no_longer_tried() -> None:
    inside, outside = (with_overrides(WORM, {"contained": hours}) for hours in (6, 100))
    assert "contained" in {one.parameter for one in inside.ranges}
    assert "contained" not in {one.parameter for one in outside.ranges}


def test_no_engineers_means_no_queue() -> None:
    assert DeviceClass.PACS not in with_overrides(WORM, {"engineers.pacs": 0}).engineers


@pytest.mark.parametrize(
    ("given_", "said"),
    [
        ({"contained": -1}, "scenario worm: contained: a number from 0 to 8760 is expected, not -1"),
        ({"contained": "soon"}, "contained: a number from 0 to 8760 is expected, not soon"),
        ({"contained": True}, "contained: a number"),
        ({"contained": float("nan")}, "contained: a number"),
        ({"engineers.modality": 1.5}, "engineers.modality: a whole number from 0 to 1000"),
        ({"recovery": 5}, "recovery: no such number of a scenario; there is recovery.modality"),
        ({"recovery.modality.mean": 5}, "recovery.modality.mean: no such number"),
        ({"contained.hours": 5}, "contained.hours: no such number"),
        ({"speed": 5}, "speed: no such number of a scenario; there is within, across"),
    ],
)
def test_a_number_that_makes_no_sense_is_refused(given_: dict[str, object], said: str) -> None:
    with pytest.raises(UsageError, match=re.escape(said)):
        with_overrides(WORM, given_)


def test_intruders_may_be_stopped_before_they_strike() -> None:
    assert with_overrides(SCENARIOS["ransomware"].scenario, {"contained": -24}).contained == -24.0


NAMES = st.lists(st.sampled_from([*WORM.__struct_fields__, "modality", "smb", "spread", ""]), max_size=3).map(".".join)
VALUES = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=3))


@given(st.sampled_from(list(SCENARIOS)), st.dictionaries(NAMES, VALUES, max_size=2))
def test_whatever_is_given_only_our_own_error_is_raised(name: str, given_: dict[str, object]) -> None:
    try:
        changed = with_overrides(SCENARIOS[name].scenario, given_)
    except LeadapronError:
        return
    assert isinstance(changed, Scenario)


@given(st.sampled_from([one.parameter for one in WORM.ranges]), st.sampled_from((0.0, 1.0)))
def test_what_is_written_is_read(name: str, value: float) -> None:
    assert value_of(with_value(WORM, name, value), name) == value
