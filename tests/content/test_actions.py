"""The remedies that ship: every weakness has one, every sentence is there in both languages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from leadapron.assess.plan import Action, load_actions, order_words
from leadapron.assess.plan.harm import STATE_SHARE, WEIGHT_SEVERITY
from leadapron.model.errors import ContentError
from leadapron.model.findings import Confidence, Severity
from leadapron.model.plan import Instead, PatchWord, Scope
from leadapron.rules import load_rules

ACTIONS = load_actions()
SETTLED = {rule for action in ACTIONS.values() for rule in action.settles}
WRONG_IN_FRENCH = re.compile(r"(?<![\u00a0])[:»](?=\s|$)|(?<!\u202f)[;!?](?=\s|$)|«(?!\u00a0)|'|\.\.\.")
"""French spaces before these marks do not break; apostrophes are round."""


def test_every_weakness_has_a_remedy() -> None:
    """That no weakness has two, the loader checks."""
    assert {rule.name for rule in load_rules()} <= SETTLED


@pytest.mark.parametrize("action", ACTIONS.values(), ids=lambda action: action.id)
def test_sentences_are_finished_and_french_is_well_set(action: Action) -> None:
    for part, language, sentence in action.texts():
        assert sentence == sentence.strip()
        if part != "title":
            assert sentence.endswith((".", "?")), f"{part}.{language}"
        if language == "fr":
            assert not WRONG_IN_FRENCH.search(sentence), sentence
        else:
            assert "'" not in sentence, sentence


@pytest.mark.parametrize("action", ACTIONS.values(), ids=lambda action: action.id)
def test_the_scope_has_its_place_in_the_title(action: Action) -> None:
    places = set(re.findall(r"{(\w+)}", action.title["en"]))
    assert ("subject" in places) is (action.scope is not Scope.NETWORK)
    assert "partners" not in places or action.scope in (Scope.SERVER, Scope.LINK)


def test_every_reason_has_words() -> None:
    words = order_words()["en"]
    needed = {
        *(f"order.severity={one}" for one in Severity),
        *(f"order.state={one}" for one in STATE_SHARE),
        *(f"order.weight={one}" for one in WEIGHT_SEVERITY),
        *(f"plan.instead={one}" for one in Instead),
        *(f"plan.patching={one}" for one in PatchWord),
        *(f"plan.windows={one}" for one in Confidence if one is not Confidence.SEEN),
        *(
            f"order.{one}"
            for one in ("findings", "exams", "exploited", "contradicts", "harm", "hours", "first", "rank")
        ),
        *(f"order.{one}" for one in ("lapsed", "overdue", "still-found", "measure-again", "answer-again")),
    }
    assert needed <= set(words)
    for language in ("en", "fr"):
        for message, sentence in order_words()[language].items():
            assert ("{value}" in sentence) is ("{value}" in words[message]), message
            assert language == "en" or not WRONG_IN_FRENCH.search(sentence), sentence


GOOD = """
id = "one"
settles = ["smb1"]
scope = "asset"
who = ["it"]
hours = {base = 1}
approval = "no"
title = {en = "Do {subject}", fr = "Faire {subject}"}
steps = [{who = "it", en = "Do it.", fr = "Le faire."}]
breaks = {en = "Nothing.", fr = "Rien."}
instead = {en = "Wait.", fr = "Attendre."}
done_when = {en = "Seen.", fr = "Vu."}
"""


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("", ""), ""),
        (('id = "one"', 'id = "two"'), "file's name"),
        (("base = 1", "base = 0"), "hours"),
        (('who = ["it"]', 'who = ["it", "pacs"]'), "steps"),
        (('fr = "Rien."', 'de = "Nichts."'), "breaks"),
        (('"Faire {subject}"', '"Faire"'), "title"),
        (('"Wait."', '"{water}"'), "instead.en"),
        (('"Wait."', '"{"'), "instead.en"),
        (('"Wait."', '" "'), "instead.en"),
        (('scope = "asset"', 'scope = "moon"'), "moon"),
        (("settles", "cures"), "cures"),
        (("id =", "id"), "one.toml"),
    ],
)
def test_a_faulty_file_is_named_with_its_place(tmp_path: Path, change: tuple[str, str], told: str) -> None:
    (tmp_path / "one.toml").write_text(GOOD.replace(*change, 1), encoding="utf-8")
    if not told:
        assert set(load_actions(tmp_path)) == {"one"}
        return
    with pytest.raises(ContentError, match=re.escape(told)) as error:
        load_actions(tmp_path)
    assert str(error.value).startswith("one.toml: ")


def test_two_remedies_for_one_weakness_are_refused(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / f"{name}.toml").write_text(GOOD.replace('"one"', f'"{name}"'), encoding="utf-8")
    with pytest.raises(ContentError, match="settled by 'one' already"):
        load_actions(tmp_path)
