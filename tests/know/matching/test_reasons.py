"""Every answer can be said in both languages."""

from __future__ import annotations

from pathlib import Path

import pytest

from leadapron.know.matching import load_overlay
from leadapron.know.matching.containment import Reason
from leadapron.know.matching.reasons import load_reasons
from leadapron.model.errors import ContentError

REASONS = load_reasons()


def test_a_sentence() -> None:
    sentence = REASONS[Reason.IN_RANGE]
    said = sentence.said({"version": "3.6.6", "constraint": "< 3.6.7"}, french=False)
    assert "3.6.6" in said
    assert "< 3.6.7" in said
    assert "concernées" in sentence.said({}, french=True)


def test_every_reason_has_its_words_and_no_words_are_idle() -> None:
    assert {name for name in REASONS if name.startswith("match.")} == {str(reason) for reason in Reason}


def test_everything_that_an_advisory_leaves_open_has_its_words() -> None:
    left = {f"advisory.open.{scope.open}" for advisory in load_overlay() for scope in advisory.products if scope.open}
    assert left <= REASONS.keys()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[x]\nen = "a"', "fr"),
        ('[x]\nen = "a"\nfr = " "', "empty"),
        ('[x]\nen = "{odd}"\nfr = "b"', "odd"),
        ('[x]\nen = "{"\nfr = "b"', "x"),
        ("[x", "TOML"),
    ],
)
def test_a_wrong_file_is_named(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "open.toml").write_text("", "utf-8")
    (tmp_path / "reasons.toml").write_text(text, "utf-8")
    with pytest.raises(ContentError, match=said) as raised:
        load_reasons(tmp_path)
    assert str(raised.value).startswith("reasons.toml")
