"""Questions are complete, in both languages, and a wrong file is refused by name and key."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from leadapron.know.procedures import load_areas, load_words, questions_of
from leadapron.model.errors import ContentError
from leadapron.model.procedures import Area

CONTENT = Path(__file__).parents[3] / "src" / "leadapron" / "content" / "procedures"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The packaged questions, to be spoilt."""
    return Path(shutil.copytree(CONTENT, tmp_path / "procedures"))


def test_questions_come_by_area_in_order() -> None:
    areas = load_areas()
    assert [area.id for area in areas] == list(Area)
    assert [question.number for question in questions_of(areas)] == list(range(1, 66))
    first = areas[0].questions[0]
    assert first.id == "governance-owner"
    assert first.texts["fr"].question.startswith("Une personne nommément désignée")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('id = "backup-offline-copy"', 'id = "offline-copy"', "offline-copy: id: .* beginning with backup-"),
        ('id = "backup-restore-timed"', 'id = "backup-offline-copy"', "backup-offline-copy: id: said twice"),
        ("number = 51", "number = 50", "number: 50 is already that of backup-offline-copy"),
        ("number = 51", "number = 99", "number: 51 expected, not 99"),
        ("weight = 3", "weight = 4", r"questions\[0\].weight: Expected"),
        ("hours = 80", "hours = 0", r"questions\[0\].hours: Expected"),
        ('who = "it"', 'who = "nobody"', r"questions\[0\].who: Invalid enum value 'nobody'"),
        ('hicp = ["4"]', 'hicp = ["99"]', "controls.hicp: '99' is not in content/controls"),
        ('hicp = ["4"]', "hicp = []", "controls.hicp: 'nothing' is not"),
        ('hicp = ["4"]', 'other = ["4"]', "controls.other: no such framework"),
        ('bkp-device = "partial"', 'bkp-device = "yes"', "contradicted_by.bkp-device: no or partial expected"),
        ("valid_days = 180", "valid_days = 180\ntypo = 1", r"questions\[0\]: Object contains unknown field `typo`"),
        ("[questions.en]", "[questions.de]", r"questions\[0\]: Object"),
        ('title = "Backup"', 'title = " "', "en.title: empty"),
        ("valid_days = 180", "valid_days =", "backup.toml: "),
    ],
)
def test_a_wrong_question_is_refused_with_its_place(copy: Path, old: str, new: str, said: str) -> None:
    file = copy / "backup.toml"
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(ContentError, match=f"^backup.toml: .*{said}|^{said}"):
        load_areas(copy)


def test_an_area_without_its_file_is_refused(copy: Path) -> None:
    (copy / "training.toml").unlink()
    with pytest.raises(ContentError, match=r"^training\.toml: "):
        load_areas(copy)


def test_sentences_are_found_and_filled() -> None:
    words = load_words()
    said = words.say("en", "against.net-flat", {"clients": 312, "servers": 7})
    assert said == "Office computers that got answers from scanners: 312. Scanners reached: 7."
    assert "CT01" in words.say("fr", "against.some-new-rule", {"subjects": "CT01", "findings": 1})


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"ask" = {en = "ask", fr = "demander"}', '"ask" = {en = "ask"}', "step.ask: one sentence each in en, fr"),
        ('fr = "demander"', 'fr = ""', "step.ask: one sentence each"),
        ('fr = "demander"', 'fr = "demander {whom}"', "step.ask: the languages differ"),
        ('fr = "demander"', 'fr = "demander {"', "step.ask: "),
        ('"unknown" = ["?"', '"perhaps" = ["?"', "perhaps"),
    ],
)
def test_wrong_words_are_refused_with_their_key(copy: Path, old: str, new: str, said: str) -> None:
    file = copy / "words.toml"
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(ContentError, match=rf"^words\.toml: .*{said}"):
        load_words(copy)
