"""Counter-based chance: even, independent, the same in NumPy and compiled, and the same tomorrow."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from leadapron.whatif.engine import draws, pressure


def test_names_and_runs_have_the_words_they_always_had() -> None:
    """A seed noted in a report must give the same worlds after an update."""
    assert [f"{word:016x}" for word in draws.identities(["ct-1", "é"])] == ["7f47d35aae06a174", "2f19f3ef8bbf1acb"]
    assert [f"{word:016x}" for word in draws.run_keys(7, 3, 2)] == ["9aaf21d8296e1e3d", "591a5ca9608cc826"]
    one, other = draws.identities(["a", "b"])[:, None]
    assert [f"{word:016x}" for word in (*draws.joined(one, other), *draws.joined(other, one))] == [
        "b250542172c3db28",
        "eff7f820cdcf498c",
    ]


@given(st.integers(0, 2**64 - 1))
def test_compiled_draws_are_the_same(word: int) -> None:
    words = np.array([word], dtype=np.uint64)
    assert pressure.mix(words[0]) == draws.mix(words)[0]
    assert pressure.uniform(words[0]) == draws.uniform(draws.mix(words))[0]


@given(st.lists(st.integers(0, 2**64 - 1)))
def test_uniform_numbers_are_never_nought_or_one(words: list[int]) -> None:
    numbers = draws.uniform(np.array([0, 2**64 - 1, *words], dtype=np.uint64))
    assert ((numbers > 0) & (numbers < 1)).all()


def test_draws_are_even_and_independent_of_each_other() -> None:
    keys = draws.run_keys(1, 0, 400)
    names = draws.identities([f"device-{number}" for number in range(400)])
    numbers = draws.uniform(draws.mix(keys[:, None] + names[None, :]))
    assert stats.kstest(numbers.ravel(), "uniform").pvalue > 0.01
    for table in (numbers, numbers.T):
        correlation = np.corrcoef(table)[np.triu_indices(400, 1)]
        assert abs(correlation.std() * np.sqrt(400) - 1) < 0.02
        assert np.abs(correlation).max() * np.sqrt(400) < 6
    low = (numbers < 0.01).sum(axis=1)
    assert stats.chisquare(np.bincount(np.minimum(low, 8), minlength=9), _binomial(400, 0.01, 8) * 400).pvalue > 0.01


def _binomial(count: int, chance: float, most: int) -> np.ndarray:
    """Probabilities of 0 to `most` or more."""
    law = stats.binom(count, chance)
    return np.append(law.pmf(np.arange(most)), law.sf(most - 1))


def test_lots_are_drawn_in_bounded_pieces() -> None:
    keys, names = draws.run_keys(1, 0, 50), draws.identities("abcdefg")
    whole = draws.lots(keys, names)
    assert np.array_equal(whole, draws.lots(keys, names, most=10))
    assert set(whole.tolist()) == set(range(7))
    assert len(draws.lots(keys[:0], names)) == 0
