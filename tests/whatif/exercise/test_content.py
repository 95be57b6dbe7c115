"""The words of exercises: complete in both languages, well set in French, naming only what an inject can fill in."""

import re
import shutil
from importlib.resources import as_file
from pathlib import Path

import pytest

from leadapron.model.content import shipped
from leadapron.model.errors import ContentError
from leadapron.model.exercise import Cue, Player
from leadapron.model.scenarios import Course
from leadapron.whatif.exercise import load_content
from leadapron.whatif.scenarios import load_scenarios

WRONG_IN_FRENCH = re.compile(r"(?<![\u00a0])[:»](?=\s|$)|(?<!\u202f)[;!?](?=\s|$)|«(?!\u00a0)|'|\.\.\.")
CONTENT = load_content()


def french() -> list[str]:
    lines = [question.text["fr"] for question in CONTENT.debrief] + [column["fr"] for column in CONTENT.columns]
    lines += [text["fr"] for text in CONTENT.sources.values()] + [one.fr for one in CONTENT.modalities.values()]
    for inject in CONTENT.injects:
        words = inject.fr
        lines += [words.title, words.seen, words.decision, words.note, *words.answers]
    for instruction in CONTENT.instructions:
        lines += [instruction.title["fr"], *(step["fr"] for step in instruction.steps)]
    return lines


def test_every_cue_has_something_to_say() -> None:
    assert {inject.cue for inject in CONTENT.injects} == set(Cue)


def test_everybody_at_the_table_is_told_something() -> None:
    assert {player for inject in CONTENT.injects for player in inject.to} == set(Player)


def test_every_scenario_has_one_beginning() -> None:
    for name, told in load_scenarios().items():
        if told.scenario.course is not Course.THEFT:
            starts = [
                one.id for one in CONTENT.injects if one.cue is Cue.START and one.fits(name, told.scenario.course)
            ]
            assert len(starts) == 1, name


def test_french_is_set_as_french_is() -> None:
    assert not [line for line in french() if WRONG_IN_FRENCH.search(line)]


def test_every_source_is_cited() -> None:
    cited = {source for one in (*CONTENT.injects, *CONTENT.instructions) for source in one.sources}
    assert cited == set(CONTENT.sources)


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("injects/1-start.toml", "{device} ({zone})", "{device} ({color})", "color"),
        ("injects/1-start.toml", 'id = "start-media"', 'id = "start-worm"', "twice"),
        ("injects/1-start.toml", 'sources = ["hicp-8"]', 'sources = ["nobody"]', "nobody"),
        ("injects/1-start.toml", 'title = "A red window"', 'title = ""', "empty"),
        ("injects/1-start.toml", 'cue = "start"', 'cue = "begin"', "1-start.toml"),
        ("debrief.toml", 'id = "authority"', 'id = "start-worm"', "twice"),
        ("downtime.toml", 'id = "begin"', 'id = "begin"\nmore = 1', "downtime.toml"),
        ("modalities.toml", "[other]", "[others]", "other is missing"),
        ("modalities.toml", "disk_gb = 500.0", "disk_gb = 0.0", "modalities.toml"),
    ],
)
def test_wrong_content_is_refused_by_name(tmp_path: Path, file: str, old: str, new: str, said: str) -> None:
    with as_file(shipped("whatif", "exercise")) as folder:
        shutil.copytree(folder, tmp_path / "exercise")
    changed = tmp_path / "exercise" / file
    text = changed.read_text("utf-8")
    assert old in text
    changed.write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(ContentError, match=re.escape(said)):
        load_content(tmp_path / "exercise")
