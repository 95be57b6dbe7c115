"""Kinds of measures as content."""

from __future__ import annotations

from pathlib import Path

import pytest

from leadapron.model.content import shipped, toml_files
from leadapron.model.errors import ContentError
from leadapron.model.measures import Change, Measure
from leadapron.whatif.cut import Action, load_measures

GOOD = {file.name: file.read_text("utf-8") for file in toml_files(shipped("whatif", "measures"))}


def test_every_kind_has_words_hours_and_what_it_may_disturb() -> None:
    measures = load_measures()
    assert set(measures) == set(Action)
    patch = measures[Action.PATCH]
    assert patch.title["en"] == "Update the software of {subject}"
    assert patch.hours.base == 6
    assert "arrêté" in patch.breaks["fr"]


def test_the_same_work_is_named_as_in_the_action_plan() -> None:
    works = {file.name.removesuffix(".toml") for file in toml_files(shipped("actions"))}
    assert {content.work for content in load_measures().values()} - {""} <= works


def test_rules_that_are_named_exist() -> None:
    rules = {file.name.removesuffix(".yml") for file in shipped("rules", "weakness").iterdir()}
    assert {rule for one in load_measures().values() for rule in (*one.settles, *one.unless)} <= rules


def test_titles_follow_what_the_measure_is_done_to() -> None:
    measures = load_measures()
    assert "computers of {zone}" in measures[Action.PATCH].title_of(_with(zone="office", count=3))["en"]
    assert "{subject}" in measures[Action.PATCH].title_of(_with(subject="CT1"))["en"]
    assert "{count}" in measures[Action.SEGMENT].title_of(_with(count=2))["en"]
    assert "nothing was seen" in measures[Action.SEGMENT].title_of(_with(count=0))["en"]


def _with(**params: str | float) -> Measure:
    measure = load_measures()[Action.PATCH]
    return Measure(id="m", action="patch", params=params, hours=1, basis=measure.basis, change=Change())


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (('name = "patch"', 'name = "guard"'), "name"),
        (("base = 6,", "base = 0,"), "hours"),
        (("base = 6,", "base = -1,"), "hours"),
        (("left = 0.1", "left = 1.5"), "left"),
        (('ways = ["smb"', 'ways = ["pigeon"'), "ways"),
        (("{subject}", "{sujet}"), "title"),
        (("{subject}", "{"), "title"),
        (("downtime", "downtimes"), "downtimes"),
        (('[breaks]\nen = "The', '[breaks]\nde = "The'), "breaks"),
    ],
)
def test_a_broken_file_is_refused_and_says_where(tmp_path: Path, change: tuple[str, str], said: str) -> None:
    for name, text in GOOD.items():
        (tmp_path / name).write_text(text.replace(*change) if name == "patch.toml" else text, "utf-8")
    with pytest.raises(ContentError, match=rf"patch\.toml.*{said}"):
        load_measures(tmp_path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    for name, text in GOOD.items():
        if name != "guard.toml":
            (tmp_path / name).write_text(text, "utf-8")
    with pytest.raises(ContentError, match="guard"):
        load_measures(tmp_path)
