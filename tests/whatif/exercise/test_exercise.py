"""The exercise: one typical run becomes injects that fit the attack, in the order in which things happen."""

from functools import cache
from string import Formatter

import pytest
from msgspec.structs import replace

from leadapron.model.department import Department, DeviceClass, Node
from leadapron.model.errors import UsageError
from leadapron.model.exercise import Cue, Exercise
from leadapron.model.scenarios import Entry
from leadapron.whatif.exercise import downtime, exercise
from leadapron.whatif.exercise.play import typical
from leadapron.whatif.scenarios import load_scenarios
from tests.whatif.exercise.clinic import clinic, seen, with_disks

SCENARIOS = load_scenarios()


@cache
def played(name: str, seed: int = 1) -> Exercise:
    sheet = downtime(with_disks(CT=30.0, MR=5.0), seen())
    return exercise(clinic(), SCENARIOS[name], runs=200, seed=seed, sheet=sheet)


def cues(made: Exercise) -> list[Cue]:
    return [inject.cue for inject in made.injects]


def test_a_worm_stops_things_and_people_must_decide() -> None:
    made = played("worm")
    assert made.title["en"]
    assert cues(made)[0] is Cue.START
    assert {Cue.FIRST_SCANNER, Cue.CHOICE, Cue.CONTAINED, Cue.FIRST_BACK, Cue.RESTORED} <= set(cues(made))
    hours = [inject.hour for inject in made.injects]
    assert hours == sorted(hours)
    assert len(set(hours)) == len(hours), "people meet one thing at a time"
    assert 8 <= len(made.injects) <= 20


def test_the_run_that_is_played_is_the_one_nearest_the_median() -> None:
    made = played("worm")
    assert abs(made.lost - made.exams_lost.p50) <= 0.1 * made.exams_lost.p50
    assert made.injects[-1].state.lost == pytest.approx(made.lost)
    assert made == exercise(
        clinic(), SCENARIOS["worm"], runs=200, seed=1, sheet=downtime(with_disks(CT=30.0, MR=5.0), seen())
    )


def test_figures_at_an_inject_are_those_of_that_hour() -> None:
    made = played("worm")
    for inject in made.injects:
        assert inject.params["down"] == inject.state.down
        assert inject.state.devices == len(clinic().nodes)
        assert {one.modality for one in inject.state.modalities} == {"CT", "MR"}
    stopped = [label for inject in made.injects for label in inject.dark]
    assert len(stopped) == len(set(stopped)), "each device goes dark once"


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_scenario_can_be_played(name: str) -> None:
    made = played(name)
    assert made.injects
    for inject in made.injects:
        for words in inject.words.values():
            for text in (words.title, words.seen, words.decision, words.note, *words.answers):
                assert {place for _, place, _, _ in Formatter().parse(text) if place} <= set(inject.params)


@pytest.mark.parametrize(
    ("name", "first"),
    [("worm", "start-worm"), ("media", "start-media"), ("ransomware", "start-human"), ("vendor", "start-vendor"),
     ("provider", "start-provider"), ("shutdown", "start-shutdown"), ("theft", "discovered")],
)  # fmt: skip
def test_each_attack_begins_in_its_own_way(name: str, first: str) -> None:
    assert played(name).injects[0].id == first


def test_a_theft_stops_nothing_and_names_the_studies_at_risk() -> None:
    made = played("theft")
    assert not any(inject.dark for inject in made.injects)
    assert set(cues(made)) == {Cue.DISCOVERED, Cue.DAY_1, Cue.DAY_3}
    assert made.injects[0].params["records"] == 120_000


def test_a_lost_provider_stops_no_scanner() -> None:
    made = played("provider")
    assert Cue.FIRST_SCANNER not in cues(made)
    assert Cue.REPORTING not in cues(made), "it is how it began"
    assert Cue.WEEK_2 in cues(made)


def test_disks_fill_where_scanners_go_on_without_archive() -> None:
    """Only the archive stops. Of MR, 5 GB hold 25 exams of 0.2 GB: one an hour from seven to nineteen."""
    only_archive = SCENARIOS["exposed"].having(
        replace(SCENARIOS["exposed"].scenario, stops=(DeviceClass.PACS,), weekday=0, hour=7.0)
    )
    sheet = downtime(with_disks(CT=1000000000.0, MR=5.0), seen(), hour=7.0)
    made = exercise(clinic(), only_archive, runs=50, seed=1, sheet=sheet)
    (disk,) = (inject for inject in made.injects if inject.cue is Cue.DISK)
    assert (disk.params["device"], disk.params["modality"]) == ("MR1", "MR")
    assert disk.hour == pytest.approx(2 * 24 + 1, abs=0.2)
    assert Cue.FIRST_SCANNER not in cues(made)
    assert Cue.DISK not in cues(exercise(clinic(), only_archive, runs=50, seed=1))


def test_nothing_to_play_is_said() -> None:
    lonely = Department(nodes=(Node(id="pc", label="PC", zone="z", kind=DeviceClass.OFFICE),))
    quiet = replace(SCENARIOS["worm"].scenario, entry=Entry(), stops=())
    with pytest.raises(UsageError, match="nothing stops"):
        exercise(lonely, SCENARIOS["worm"].having(quiet), runs=5, seed=1)
    with pytest.raises(UsageError, match="at least one is needed"):
        typical(lonely, quiet, runs=0, seed=1)


def test_one_device_is_enough() -> None:
    lonely = Department(nodes=(Node(id="pc", label="PC", zone="z", kind=DeviceClass.OFFICE),))
    made = exercise(lonely, SCENARIOS["worm"], runs=5, seed=1)
    assert made.injects[0].dark == ("PC",)
