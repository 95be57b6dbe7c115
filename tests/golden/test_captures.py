"""What the bundled captures say must not change unnoticed: the texts beside this file, rewritten by one command."""

from __future__ import annotations

import pytest

from tests.golden.rendering import FOLDER, PARTS, SCENARIOS, path_of, render


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_assessment_is_as_reviewed(name: str) -> None:
    for part, text in render(name).items():
        assert text == path_of(name, part).read_text(encoding="utf-8"), "python -m tests.golden, then read the diff"


def test_no_golden_is_left_over() -> None:
    expected = {path_of(name, part) for name in SCENARIOS for part in PARTS}
    assert set(FOLDER.glob("*.txt")) == expected
