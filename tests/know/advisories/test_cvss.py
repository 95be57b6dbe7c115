"""Scores recomputed from vectors."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadapron.know.advisories.cvss import MAX_VECTOR, score, version


@pytest.mark.parametrize(
    ("vector", "number", "expected"),
    [
        ("AV:N/AC:L/Au:N/C:P/I:P/A:P", "2.0", 7.5),
        ("CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", "3.0", 9.8),
        ("CVSS:3.1/AV:A/AC:H/PR:N/UI:N/S:U/C:N/I:N/A:H", "3.1", 5.3),
        ("CVSS:3.1/AV:A/AC:H/PR:N/UI:N/S:U/C:N/I:N/A:H/E:U", "3.1", 5.3),
        ("CVSS:4.0/AV:A/AC:L/AT:N/PR:N/UI:P/VC:N/VI:N/VA:H/SC:N/SI:N/SA:N", "4.0", 6.9),
        ("CVSS:4.0/AV:A/AC:L/AT:N/PR:N/UI:P/VC:N/VI:N/VA:H/SC:N/SI:N/SA:N/E:U", "4.0", 6.9),
    ],
)
def test_base_scores(vector: str, number: str, expected: float) -> None:
    assert version(vector) == number
    assert score(vector) == expected


@pytest.mark.parametrize(
    "vector", ["", "9.8", "CVSS:3.1/AV:N", "CVSS:5.0/AV:N/AC:L", "CVSS:4.0/AV:N/AV:N", "AV:N/AC:L"]
)
def test_what_is_no_vector_has_no_score(vector: str) -> None:
    assert score(vector) is None


METRICS = st.lists(st.from_regex(r"[A-Z]{1,2}:[A-Z]", fullmatch=True), max_size=12).map("/".join)
PREFIXES = st.sampled_from(["", "CVSS:3.0/", "CVSS:3.1/", "CVSS:4.0/"])


@given(st.builds(str.__add__, PREFIXES, METRICS) | st.text(max_size=MAX_VECTOR + 50))
def test_any_text_has_a_score_or_none(vector: str) -> None:
    found = score(vector)
    assert found is None or 0 <= found <= 10
