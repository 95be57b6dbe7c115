"""Chance without a state: a number is a hash of seed, run and what it is for, so cutting one thing changes no other.

Names, not positions, decide: a device that moves to another zone keeps its luck. Values are 64-bit; NumPy wraps arrays
of them silently, so these functions take arrays only. The compiled engine uses the same `mix`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

Words = NDArray[np.uint64]

GOLDEN = np.uint64(0x9E3779B97F4A7C15)
"""Step between the counters of one stream."""
_ONE = np.uint64(1)
_FIRST, _SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_S30, _S27, _S31 = np.uint64(30), np.uint64(27), np.uint64(31)
UNUSED = np.uint64(12)
"""Bits of a word that no uniform number uses."""
UNIT = 2.0**-52
_ALL_BITS = 2**64 - 1


def mix(words: Words) -> Words:
    """The finaliser of SplitMix64: each bit of the result hangs on every bit of the input."""
    words = (words ^ (words >> _S30)) * _FIRST
    words = (words ^ (words >> _S27)) * _SECOND
    return words ^ (words >> _S31)


def uniform(words: Words) -> NDArray[np.float64]:
    """Strictly between 0 and 1: no draw is ever 0 or infinite."""
    numbers: NDArray[np.float64] = ((words >> UNUSED).astype(np.float64) + 0.5) * UNIT
    return numbers


def identities(names: Iterable[str]) -> Words:
    """One word per name, the same wherever and whenever it is asked."""
    digests = b"".join([blake2b(name.encode(), digest_size=8).digest() for name in names])
    return np.frombuffer(digests, dtype="<u8").astype(np.uint64)


def joined(first: Words, second: Words) -> Words:
    """The identity of an ordered pair (device and way, source and target)."""
    return mix(mix(first + GOLDEN) ^ (second + GOLDEN))


def run_keys(seed: int, first: int, count: int) -> Words:
    """One key per run, from number `first` on."""
    start = mix(np.array([seed & _ALL_BITS], dtype=np.uint64) + GOLDEN)
    runs = np.arange(first, first + count, dtype=np.uint64) + _ONE
    return mix(start + runs * GOLDEN)


def lots(keys: Words, names: Words, *, most: int = 1 << 20) -> NDArray[np.intp]:
    """For each key the position of one name, uniformly: the one with the lowest draw, so that a name's absence changes
    only the runs that had drawn it. At most `most` draws are in memory at a time."""
    step = max(1, most // len(names))
    parts: Sequence[NDArray[np.intp]] = [
        np.argmin(mix(keys[at : at + step, None] + names[None, :]), axis=1) for at in range(0, len(keys), step)
    ]
    return np.concatenate(parts) if parts else np.empty(0, dtype=np.intp)
