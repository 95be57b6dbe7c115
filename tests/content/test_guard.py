"""The guard's words: well set, and one French word for one thing."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pytest

from leadapron.guard.inspect import ContentRules
from leadapron.guard.policy import policy_words
from leadapron.model.content import LANGUAGES

SPACING = re.compile(r"(?<!\u00a0)[:»](?=\s|$)|(?<!\u202f)[;!?](?=\s|$)|«(?!\u00a0)|'|\.\.\.")
"""French spaces before these marks do not break; apostrophes are round."""
STRAY = re.compile(r"\b(le|du|un|au) garde\b|\bgardes\b|mandataire|bris de glace|écouteur|mode ombre", re.IGNORECASE)
"""The guard is « la passerelle », a listener « un point d’écoute », break-glass « briser la vitre »."""


@pytest.fixture(scope="module")
def findings() -> Mapping[str, Mapping[str, str]]:
    return ContentRules.load(()).words


def test_french_words_of_policies_are_well_set() -> None:
    for message, sentence in policy_words()["fr"].items():
        assert not SPACING.search(sentence), message
        assert not STRAY.search(sentence), message


def test_every_finding_is_said_in_both_languages(findings: Mapping[str, Mapping[str, str]]) -> None:
    assert "eicar" in findings
    for name, said in findings.items():
        assert all(said[language] for language in LANGUAGES), name
        assert not SPACING.search(said["fr"]), name
        assert not STRAY.search(said["fr"]), name
