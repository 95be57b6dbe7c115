"""The pack on paper: the facilitator has the answers, players do not, and a hostile name stays a name."""

import io
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache

import pypdfium2
import pytest
from msgspec.structs import replace

from leadapron.model.department import Department
from leadapron.model.errors import UsageError
from leadapron.model.exercise import Downtime, Exercise
from leadapron.report.exercise import About, downtime_sheet, exercise_pack
from leadapron.report.exercise.telling import Telling
from leadapron.report.words import words
from leadapron.whatif.exercise import downtime, exercise
from leadapron.whatif.messages import load_messages
from leadapron.whatif.scenarios import load_scenarios
from tests.whatif.exercise.clinic import clinic, seen, with_disks

ABOUT = About(version="0.4", generated=datetime(2026, 11, 24, 9, tzinfo=UTC), organisation="CH de Démonstration")
SCENARIOS = load_scenarios()


def made(department: Department | None = None, scenario: str = "worm") -> tuple[Exercise, Downtime]:
    place = department or clinic()
    sheet = downtime(with_disks(CT=30.0), seen(), reached={"ct1": 0.7})
    return exercise(place, SCENARIOS[scenario], runs=60, seed=1, sheet=sheet), sheet


@cache
def pack(*languages: str) -> Mapping[str, bytes]:
    return exercise_pack(*made(), languages, ABOUT)


def pages(pdf: bytes) -> list[str]:
    document = pypdfium2.PdfDocument(io.BytesIO(pdf))
    try:
        return [page.get_textpage().get_text_range() for page in document]
    finally:
        document.close()


def html(name: str, *languages: str) -> str:
    return pack(*languages)[f"{name}.html"].decode("utf-8")


def test_a_pack_is_a_book_cards_and_a_sheet() -> None:
    assert set(pack("fr", "en")) == {
        f"{name}.{kind}" for name in ("exercise", "cards", "downtime") for kind in ("html", "pdf")
    }
    assert pack("fr", "en")["exercise.pdf"].startswith(b"%PDF-")


def test_every_language_says_the_same_in_its_own_words() -> None:
    both = html("exercise", "fr", "en")
    played, _ = made()
    for inject in played.injects:
        assert inject.words["fr"].title in both
        assert inject.words["en"].title in both
    assert both.index("Comment jouer") < both.index("How to play")


def test_the_facilitator_has_answers_and_players_do_not() -> None:
    played, _ = made()
    for inject in played.injects:
        answer = inject.words["en"].answers[0].partition("{")[0]
        assert answer in html("exercise", "en")
        assert answer not in html("cards", "en")
        assert inject.words["en"].title in html("cards", "en")


def test_each_card_has_a_page() -> None:
    played, _ = made()
    told = pages(pack("en")["cards.pdf"])
    assert len(told) == 1 + len(played.injects)
    assert all(f"Card {number} " in page for number, page in enumerate(told[1:], start=1))


def test_no_place_is_left_unfilled() -> None:
    for name in ("exercise", "cards", "downtime"):
        assert not re.search(r"\{\w+\}", "".join(pages(pack("fr", "en")[f"{name}.pdf"])))


def test_the_sheet_tells_scanners_rooms_and_leaves_lines_to_write_on() -> None:
    told = pages(pack("en")["downtime.pdf"])
    assert "30 days without network" in told[0]
    assert "2.2 days" in told[0]
    assert "assumed" in told[0]
    assert "70%" in told[0]
    assert "Paper worklist" in told[-1]
    assert 'class="tall"' in html("downtime", "en")


def test_the_sheet_stands_alone() -> None:
    assert set(downtime_sheet(made()[1], ["en"], ABOUT)) == {"downtime.html", "downtime.pdf"}


def test_a_department_without_scanners_still_has_a_sheet() -> None:
    sheet = downtime(Department(nodes=()), seen())
    assert "No scanner is known" in downtime_sheet(sheet, ["en"], ABOUT)["downtime.html"].decode("utf-8")


def test_a_hostile_name_stays_a_name() -> None:
    evil = '<script>alert(1)</script>\u202e#import "x" {down} \x1b[2J'
    place = replace(clinic(), nodes=tuple(replace(node, label=evil, zone=node.zone) for node in clinic().nodes))
    files = exercise_pack(*made(place), ["en"], replace(ABOUT, organisation=evil))
    for name, content in files.items():
        if name.endswith(".html"):
            text = content.decode("utf-8")
            assert "<script>alert" not in text
            assert "\u202e" not in text
            assert "\x1b" not in text
            assert "{down}" in text, "a name holds no places to fill"
    assert "#import" in "".join(pages(files["exercise.pdf"]))


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_scenario_makes_a_book(name: str) -> None:
    files = exercise_pack(*made(scenario=name), ["en", "fr"], ABOUT)
    assert SCENARIOS[name].texts["fr"].title in files["exercise.html"].decode("utf-8")


def test_a_language_nobody_writes() -> None:
    with pytest.raises(UsageError, match="xx"):
        exercise_pack(*made(), ["xx"], ABOUT)


@pytest.mark.parametrize(
    ("hour", "told"),
    [(8.0, "Monday 08:00"), (-0.25, "Sunday 23:45"), (24.5, "day 2, Tuesday 00:30"), (23.9999, "day 2, Tuesday 00:00")],
)
def test_hours_are_told_as_on_a_clock(hour: float, told: str) -> None:
    assert Telling(words("en")).clock(0, hour) == told


def test_french_words_are_set_as_french_is() -> None:
    wrong = re.compile(r"(?<![\u00a0])[:»](?=\s|$)|(?<!\u202f)[;!?](?=\s|$)|«(?!\u00a0)|'|\.\.\.")
    own = {name: said for name, said in load_messages()["fr"].items() if name.startswith(("exercise.", "player="))}
    assert own
    assert not [name for name, said in own.items() if wrong.search(said)]
